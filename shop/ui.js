// What the pages are made of: templates, waiting, failing, and the parts that several of them show.

import { h, onBeforeUnmount, onMounted, reactive, ref, watch } from './vendor/vue.js';
import htm from './vendor/htm.js';
import { media, settled } from './state.js';

// Children of an element are its content, those of a component its slot. `this[0] = 3` is how htm is
// told to make a part that never changes anew: Vue wants each of its nodes in one place.
export const html = htm.bind(function element(type, props, ...children) {
  this[0] = 3;
  if (typeof type === 'string') return h(type, props, children);
  return h(type, props, children.length ? { default: () => children } : undefined);
});

// --- Waiting and failing --------------------------------------------------------------------------

/** What a page shows: asked for now and by `reload`; the latest answer counts. */
export function loading(ask) {
  const it = reactive({ data: null, error: null, busy: false });
  let latest = 0;
  it.reload = async () => {
    const turn = ++latest;
    it.busy = true;
    try {
      const data = await ask();
      if (turn !== latest) return;
      it.data = data;
      it.error = null;
      settled();
    } catch (error) {
      if (turn === latest) it.error = error;
      if (error.status === undefined) throw error;
    } finally {
      if (turn === latest) it.busy = false;
    }
  };
  it.reload();
  return it;
}

/** Something that is done at a button's press: `run` says whether it succeeded, and ignores a second
 *  press; `error` is why it did not. */
export function doing() {
  const it = reactive({ busy: false, error: null, what: null });
  it.run = async (act, what = null) => {
    if (it.busy) return false;
    Object.assign(it, { busy: true, error: null, what });
    try {
      await act();
      return true;
    } catch (error) {
      it.error = error;
      if (error.status === undefined) throw error;
      return false;
    } finally {
      it.busy = false;
    }
  };
  return it;
}

/** A page's content once it is there; before it, grey shapes; where it failed, why, and where trying
 *  again is no use, the way to `elsewhere`. */
export function shown(it, content, { rows = 3, elsewhere } = {}) {
  if (it.data !== null) {
    return html`<div class="stack" aria-busy=${it.busy}>
      ${it.error && html`<${Trouble} error=${it.error} onRetry=${it.reload} />`} ${content(it.data)}
    </div>`;
  }
  if (it.error) return html`<${Trouble} error=${it.error} onRetry=${it.reload} whole=${true} elsewhere=${elsewhere} />`;
  return html`<div class="stack" role="status" aria-label="正在加载">
    ${Array.from({ length: rows }, () => html`<div class="card skeleton" />`)}
  </div>`;
}

const TO_COURSES = { path: '/', words: '去看课程' };

/** Why something failed, and the way on. After 429 the seconds count down before one may retry. A
 *  `whole` page that was refused will be so again: there is no 重试, and a link to `elsewhere`. */
export const Trouble = {
  props: ['error', 'whole', 'retryWords', 'elsewhere'],
  emits: ['retry'],
  setup(props, { emit, attrs }) {
    const left = ref(0);
    let clock;
    const begin = () => {
      clearInterval(clock);
      left.value = props.error.status === 429 ? props.error.seconds || 5 : 0;
      if (left.value) clock = setInterval(() => (left.value -= 1) || clearInterval(clock), 1000);
    };
    watch(() => props.error, begin, { immediate: true });
    onBeforeUnmount(() => clearInterval(clock));
    return () => {
      const { error, whole } = props;
      const again = error.unsure || error.status === 429;
      const away = props.elsewhere ?? TO_COURSES;
      return html`<div class=${['trouble', whole && 'card whole']} role="alert" ...${attrs}>
        <p>
          ${error.message}${error.status === 429 && left.value > 0 ? `（${left.value} 秒后可以重试）` : ''}
        </p>
        ${again &&
        html`<button
          type="button"
          class="button small"
          disabled=${left.value > 0}
          onClick=${() => emit('retry')}
        >
          ${props.retryWords || '重试'}
        </button>`}
        ${whole && !again && html`<a class="button main" href=${away.path}>${away.words}</a>`}
      </div>`;
    };
  },
};

/** Nothing to show, and where to go instead. */
export const Empty = (props, { slots }) =>
  html`<div class="card empty">
    <svg viewBox="0 0 64 64" aria-hidden="true" class="empty-mark">
      <rect x="10" y="14" width="44" height="36" rx="6" />
      <path d="M10 26h44M22 38h20" />
    </svg>
    <p>${props.text}</p>
    ${slots.default?.()}
  </div>`;
Empty.props = ['text'];

// --- Money, days ----------------------------------------------------------------------------------

/** An amount as the service says it, a text of two places; never reckoned with here. */
export const Money = ({ of, size, minus }) => {
  const [yuan, fen] = String(of).split('.');
  return html`<span class=${['money', size]}>${minus ? '−' : ''}<span class="sign">¥</span>${yuan}<span class="fen">.${fen}</span></span>`;
};
Money.props = ['of', 'size', 'minus'];

/** Of a price that is a number of 元. */
export const priced = (price) => Number(price).toFixed(2);

export const isZero = (amount) => Number(amount) === 0;

export const day = (text) => (text ? text.slice(0, 10).replaceAll('-', '.') : '');
export const minute = (text) => (text ? text.slice(0, 16).replace('T', ' ') : '');

// --- Parts ----------------------------------------------------------------------------------------

/** A course's picture; drawn from its title where there is none, or it does not come. */
export const Cover = {
  props: ['title', 'img', 'wide'],
  setup(props) {
    const failed = ref(false);
    return () => {
      const source = failed.value ? '' : pictureOf(props.img);
      return html`<div class=${['cover', props.wide && 'wide']} aria-hidden="true">
        ${source
          ? html`<img src=${source} alt="" loading="lazy" onError=${() => (failed.value = true)} />`
          : drawn(props.title || '课程')}
      </div>`;
    };
  },
};

function pictureOf(img) {
  if (!img) return '';
  const whole = /^(https?:)?\/\//.test(img);
  const url = new URL(whole ? img : `${media}${img}`, location.href);
  // From elsewhere than the shop's own place the page's policy lets none in.
  const known = media && url.href.startsWith(new URL(media, location.href).href);
  return known ? url.href : '';
}

/** The title's first word, large, on a ground whose colours and shapes the title decides. */
function drawn(title) {
  let seed = 2166136261;
  for (const letter of title) seed = Math.imul(seed ^ letter.codePointAt(0), 16777619) >>> 0;
  const hue = [168, 204, 226, 258, 318, 346, 188, 14][(seed >>> 9) % 8];
  const word = firstWord(title);
  const size = word.length > 6 ? 42 : word.length > 2 ? 54 : 64;
  const [x, y, r] = [210 + (seed % 90), 20 + (seed % 60), 60 + (seed % 50)];
  return html`<svg viewBox="0 0 320 180" preserveAspectRatio="xMinYMid slice">
    <rect width="320" height="180" fill=${`hsl(${hue} 42% 30%)`} />
    <circle cx=${x} cy=${y} r=${r} fill=${`hsl(${hue} 45% 40%)`} />
    <circle cx=${x + 40} cy=${y + 90} r=${r * 0.7} fill=${`hsl(${(hue + 24) % 360} 48% 46%)`} />
    <path d="M0 150h320" stroke="#fff" stroke-opacity=".18" />
    <path d="M24 40h34" stroke=${`hsl(${(hue + 200) % 360} 70% 72%)`} stroke-width="5" />
    <text x="24" y="118" font-size=${size} font-weight="700" fill="#fff">${word}</text>
  </svg>`;
}

function firstWord(title) {
  const latin = /^[A-Za-z][\w.+#]{0,8}/.exec(title);
  if (latin) return latin[0];
  const words = Intl.Segmenter && [...new Intl.Segmenter('zh', { granularity: 'word' }).segment(title)];
  const [one = '', two = ''] = words ? words.map((word) => word.segment) : [];
  if ((one + two).length < 5) return (one + two).trim() || title.slice(0, 2);
  return one.length > 1 && one.length < 5 ? one : title.slice(0, 2);
}

/** A coupon: what it is worth on the left, whose and until when on the right. */
export const Ticket = (props, { slots }) =>
  html`<article class=${['ticket', props.dull && 'dull']}>
    <p class="ticket-worth">${worth(props.words)}</p>
    <div class="ticket-body">
      <h2 class="ticket-name">${props.name}</h2>
      ${slots.default?.()}
    </div>
  </article>`;
Ticket.props = ['words', 'name', 'dull'];

/** 满500减200 as 满500 over a large 减200; what is not like that stays in one piece. */
function worth(words) {
  const parts = /^(满\d+)(减\d+)$/.exec(words);
  if (!parts) return html`<b>${words}</b>`;
  return html`<small>${parts[1]}</small><b>${parts[2]}</b>`;
}

/** Nothing on this page of a list that has others: an old address, or the last rows are gone. */
export const PastTheEnd = ({ to }) =>
  html`<${Empty} text="这一页没有内容了。"><a class="button main" href=${to(1)}>回到第 1 页</a><//>`;
PastTheEnd.props = ['to'];

export const Pager = ({ page, pages, to }) =>
  pages > 1 &&
  html`<nav class="pager" aria-label="分页">
    ${page > 1 ? html`<a class="button" href=${to(page - 1)} rel="prev">上一页</a>` : html`<span />`}
    <span>第 ${page} 页，共 ${pages} 页</span>
    ${page < pages ? html`<a class="button" href=${to(page + 1)} rel="next">下一页</a>` : html`<span />`}
  </nav>`;
Pager.props = ['page', 'pages', 'to'];

/** A question over the page: Escape closes it, and the focus goes back to where it was. */
export const Dialog = {
  props: ['title'],
  emits: ['close'],
  setup(props, { slots, emit }) {
    const box = ref(null);
    onMounted(() => box.value.showModal());
    return () =>
      html`<dialog ref=${box} aria-labelledby="dialog-title" onClose=${() => emit('close')}>
        <h2 id="dialog-title">${props.title}</h2>
        ${slots.default?.()}
      </dialog>`;
  },
};
