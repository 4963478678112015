// The frame around every page: heading, tabs, what is said, and the page that stands at the path.

import { createApp, nextTick, shallowRef, watch } from './vendor/vue.js';
import { token } from './api.js';
import { found } from './routes.js';
import { state, toLogin } from './state.js';
import { Empty, html } from './ui.js';

const TABS = [
  ['/', '课程', 'M4 5h7v14H4zM13 5h7v14h-7z'],
  ['/coupon', '领券中心', 'M3 8h18v3a2 2 0 0 0 0 3v3H3v-3a2 2 0 0 0 0-3zM14 8v9'],
  ['/my/course', '我的课程', 'M4 6l8-3 8 3-8 3zM6 9v6c3 3 9 3 12 0V9'],
  ['/order', '我的订单', 'M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6'],
  ['/car', '购物车', 'M3 5h3l2 10h10l2-7H7M9 19.5h.01M17 19.5h.01'],
];

const UNDER = { '/': ['/course/'], '/coupon': ['/my/coupon'] }; // tabs whose pages stand elsewhere too
const isAt = (path) =>
  state.path === path || (UNDER[path] ?? [path]).some((begin) => state.path.startsWith(begin));

function header(focus) {
  return html`<header class=${['header', focus && 'focus']}>
    <div class="inner">
      <a class="brand" href="/">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="8" class="brand-ground" />
          <path d="M9 7h4v14h10v4H9z" fill="#fff" />
          <circle cx="22" cy="11" r="3.5" fill="#ff9b5e" />
        </svg>
        路飞学城
      </a>
      <nav class="tabs" aria-label="主导航">
        ${TABS.map(
          ([path, name, line]) => html`<a
            key=${path}
            href=${path}
            aria-current=${isAt(path) ? 'page' : undefined}
          >
            <svg viewBox="0 0 24 24" aria-hidden="true"><path d=${line} /></svg>
            <span>${name}</span>
            ${path === '/car' && state.inCar.length > 0 && html`<b class="badge">${state.inCar.length}<span class="unseen"> 门课程</span></b>`}
          </a>`,
        )}
      </nav>
      ${state.name
        ? html`<a class="me" href="/account" aria-label=${`账号 ${state.name}`}>${state.name}</a>`
        : html`<a class="me" href="/login">登录</a>`}
    </div>
  </header>`;
}

const Nowhere = () => html`<h1>没有这个页面</h1>
  <${Empty} text="地址可能有误，或页面已经移走。"><a class="button main" href="/">去看课程</a><//>`;

const Broken = (props) => html`<h1>页面没有打开</h1>
  <${Empty} text="没有收到服务器的响应，请检查网络。">
    <button type="button" class="button main" onClick=${props.again}>重试</button>
  <//>`;
Broken.props = ['again'];

const App = {
  setup() {
    const page = shallowRef(null);
    const params = shallowRef({});
    const route = shallowRef(null);
    const visit = shallowRef(0);

    async function open(number) {
      const at = found(state.path);
      if (at?.route.mine && !token.get()) {
        toLogin();
        return;
      }
      let next = Nowhere;
      try {
        if (at) next = (await at.route.load()).default;
      } catch {
        next = () => html`<${Broken} again=${() => location.reload()} />`;
      }
      if (number !== state.visit) return; // gone on meanwhile
      const first = page.value === null;
      [page.value, params.value, route.value, visit.value] = [next, at?.params ?? {}, at?.route, number];
      window.scrollTo(0, 0);
      await nextTick();
      const heading = document.querySelector('h1');
      document.title = heading ? `${heading.textContent.trim()} · 路飞学城` : '路飞学城';
      if (!first) document.querySelector('main').focus({ preventScroll: true });
    }

    watch(() => state.visit, open, { immediate: true });
    watch(
      () => Boolean(route.value?.focus),
      (focus) => document.body.classList.toggle('focus', focus),
    );

    return () => html`<a class="skip" href="#main">跳到内容</a>
      ${header(route.value?.focus)}
      ${!state.online && html`<p class="offline" role="alert">网络已断开。已加载的内容还可以看，恢复后可以继续。</p>`}
      <main id="main" tabindex="-1">
        ${page.value && html`<${page.value} key=${visit.value} ...${params.value} />`}
      </main>
      <footer class="footer">
        <p>路飞学城 · 演示商城</p>
        <p><a href="/api/docs/">接口文档</a></p>
      </footer>
      <p class="unseen" role="status" aria-live="polite">${state.said}</p>
      ${state.toast && html`<p class="toast" aria-hidden="true">${state.toast}</p>`}`;
  },
};

createApp(App).mount('#app');
