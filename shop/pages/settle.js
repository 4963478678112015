// 结算中心: what it costs this moment, with which coupons, and why not with others. Every amount is
// the quote's: nothing is added up here.

import { ref } from '../vendor/vue.js';
import { api } from '../api.js';
import { go, inCar, say } from '../state.js';
import { Cover, Empty, Money, Trouble, day, doing, html, isZero, loading, shown } from '../ui.js';

const CHANGED = 1412; // the settlement is another than the one that is shown
const NOT_AS_SHOWN = [4001, 4004, 4005, 4007];
const NO_SETTLEMENT = 1001;

export default {
  setup() {
    const topUps = ref([]);
    let quotes = 0;
    const stale = ref(false);
    // Nobody waits for the hints: they come beside the quote, or a little later.
    const quoted = async () => {
      const asked = ++quotes;
      hints().then((found) => asked === quotes && (topUps.value = found));
      return api.quote();
    };
    const it = loading(async () => {
      const quote = await quoted();
      stale.value = false;
      return quote;
    });
    const choosing = doing();
    const ordering = doing();
    let queue = Promise.resolve();

    const renew = async () => {
      it.data = await quoted();
    };
    // One after the other: arrow keys go through the choices faster than answers come.
    const choose = (courseid, couponid) => {
      queue = queue.then(() => change(() => api.chooseCoupon(courseid, couponid, it.data.etag)));
      return queue;
    };
    const best = () => change(() => api.chooseBest(it.data.etag), '已选用最优惠的组合');
    const accept = () => change(() => api.acceptToday(), '已按今天的价格更新');
    const addToo = (one) =>
      change(async () => {
        const ids = it.data.course_list.map((line) => Number(line.course_id));
        await api.addToCar(Number(one.course_id), Number(one.policy_id));
        inCar.add(one.course_id);
        await api.settle([...ids, Number(one.course_id)]);
        await api.chooseBest();
      }, `已加上${one.title}`);
    const change = async (act, words) => {
      const before = it.data.total;
      const done = await choosing.run(async () => {
        await act();
        await renew();
      });
      if (choosing.error?.code === CHANGED) {
        stale.value = true;
        choosing.error = null;
      }
      if (done) say(`${words ? `${words}，` : ''}${before === it.data.total ? '应付不变' : '应付'} ${it.data.total} 元`);
    };
    const refresh = async () => {
      await it.reload();
      choosing.error = ordering.error = null;
      say('已刷新');
    };
    const order = () =>
      ordering.run(async () => {
        try {
          const placed = await api.order(it.data.version, 1);
          inCar.remove(placed.details.map((detail) => detail.course_id));
          say(placed.status === 0 ? '下单成功，无需付款' : '订单已提交');
          go(placed.status === 1 ? `/order/${placed.order_number}/pay` : `/order/${placed.order_number}`, { replace: true });
        } catch (error) {
          if (NOT_AS_SHOWN.includes(error.code)) await renew();
          throw error;
        }
      });

    return () => {
      if (it.error?.code === NO_SETTLEMENT && it.error.status === 200) {
        return html`<h1>结算中心</h1>
          <${Empty} text="没有等待结算的课程。"><a class="button main" href="/car">去购物车</a><//>`;
      }
      return html`<h1>结算中心</h1>
        ${stale.value &&
        html`<div class="note warn card" role="alert">
          <p>结算信息已在另一个窗口变化，这里显示的不是最新的。</p>
          <button type="button" class="button small" onClick=${refresh}>刷新</button>
        </div>`}
        ${shown(it, (quote) => whole(quote, { topUps: topUps.value, addToo, choosing, ordering, choose, best, accept, order, refresh, stale: stale.value }))}`;
    };
  },
};

/** What else to buy to pay less. It is a hint: where the service has none to give, there is none. */
async function hints() {
  try {
    return await api.topUp();
  } catch (error) {
    if (error.status === undefined) throw error;
    return [];
  }
}

function whole(quote, on) {
  const names = new Map(quote.course_list.map((line) => [line.course_id, line.title]));
  return html`${quote.changes.length > 0 && changes(quote, names, on)}
    <div class="split settle" aria-busy=${on.choosing.busy}>
      <div class="stack">
        ${quote.course_list.map((line) => course(line, on))} ${siteWide(quote, on)} ${toBuyToo(on)} ${idle(quote, names)}
      </div>
      <aside class="side" aria-label="应付金额">${summary(quote, on)}</aside>
    </div>`;
}

function changes(quote, names, { accept, choosing }) {
  return html`<section class="card note warn" aria-labelledby="changes">
    <h2 id="changes">开始结算后有变化</h2>
    <ul class="plain">
      ${quote.changes.map(
        (one) => html`<li>
          ${one.course_id ? names.get(one.course_id) || `课程 ${one.course_id}` : '全站优惠券'}：${one.reason}
          ${fromTo(one)}
        </li>`,
      )}
    </ul>
    <button type="button" class="button" disabled=${choosing.busy} onClick=${accept}>我知道了，按现在的继续</button>
  </section>`;
}

/** What was and what is; only the latter where there was nothing before. */
function fromTo({ was, now }) {
  if (was) return html`（${was} → <b>${now ?? '无'}</b>）`;
  return now ? html`（<b>${now}</b>）` : '';
}

function course(line, { choose }) {
  return html`<section key=${line.course_id} class="card" aria-labelledby=${`course-${line.course_id}`}>
    <div class="line">
      <${Cover} title=${line.title} img=${line.img} />
      <div class="line-body">
        <h2 id=${`course-${line.course_id}`}>${line.title}</h2>
        <p class="quiet">${line.period_display}</p>
        ${line.changed && html`<p class="note warn">${line.changed.reason}</p>`}
        <p class="line-foot">
          ${line.pay !== line.price && html`<s class="was"><span class="unseen">原价 </span><${Money} of=${line.price} /></s>`}
          <span><span class="unseen">折后 </span><${Money} of=${line.pay} /></span>
        </p>
      </div>
    </div>
    ${line.coupons.length > 0 &&
    coupons(line.coupons, {
      name: `coupon-${line.course_id}`,
      legend: '课程优惠券',
      chosen: line.coupon,
      choose: (id) => choose(Number(line.course_id), id),
    })}
  </section>`;
}

function siteWide(quote, { choose }) {
  if (!quote.global_coupons.length) return null;
  return html`<section class="card" key="site-wide">
    ${coupons(quote.global_coupons, {
      name: 'coupon-site-wide',
      legend: '全站优惠券',
      chosen: quote.global_coupon,
      choose: (id) => choose(null, id),
    })}
  </section>`;
}

function coupons(all, { name, legend, chosen, choose }) {
  const usable = all.filter((one) => one.usable && !one.short).length;
  return html`<fieldset class="choices">
    <legend>${legend} <small class="quiet">有 ${usable} 张可用</small></legend>
    <label class="choice">
      <input type="radio" name=${name} checked=${chosen === null} onChange=${() => choose(0)} />
      <span class="choice-body"><span>不使用</span></span>
    </label>
    ${all.map(
      (one) => html`<label key=${one.id} class=${['choice', 'coupon', one.at_work && 'works']}>
        <input
          type="radio"
          name=${name}
          checked=${chosen === one.id}
          disabled=${!one.usable && chosen !== one.id}
          onChange=${() => choose(one.id)}
        />
        <span class="choice-body">
          <span class="choice-name">
            <b class="words">${one.words}</b> <span>${one.name}</span>
            <small class="quiet">${one.last_day ? `${day(one.last_day)} 前有效` : ''}</small>
          </span>
          ${hint(one)}
        </span>
      </label>`,
    )}
  </fieldset>`;
}

/** In a few words: what the coupon does now, would do, or lacks. */
function hint(coupon) {
  if (coupon.at_work) return html`<span class="tag good">已生效</span>`;
  if (coupon.short) return html`<span class="tag">还差 ¥${coupon.short}</span>`;
  if (!coupon.usable) return html`<span class="tag">${coupon.reason}</span>`;
  if (Number(coupon.saves) > 0) return html`<span class="tag hot">再省 ¥${coupon.saves}</span>`;
  return null;
}

function toBuyToo({ topUps, addToo, choosing }) {
  if (!topUps.length) return null;
  return html`<section class="card topup" aria-labelledby="topup" key="topup">
    <h2 id="topup">再买一门，反而更省</h2>
    <ul class="plain">
      ${topUps.slice(0, 3).map(
        (one) => html`<li key=${one.course_id} class="spread">
          <span>
            <a href=${`/course/${one.course_id}`}>${one.title}</a> <span class="quiet">¥${one.price}</span><br />
            总价降到 <${Money} of=${one.total} />，省 <${Money} of=${one.saves} />
          </span>
          <button type="button" class="button small" disabled=${choosing.busy} aria-label=${`加上${one.title}`} onClick=${() => addToo(one)}>加上</button>
        </li>`,
      )}
    </ul>
  </section>`;
}

function idle(quote, names) {
  if (!quote.idle_coupons.length) return null;
  const all = [...quote.course_list.flatMap((line) => line.coupons), ...quote.global_coupons];
  const of = new Map(all.map((one) => [one.id, one]));
  return html`<details class="card idle" key="idle">
    <summary>${quote.idle_coupons.length} 张优惠券没有生效，为什么？</summary>
    <ul class="plain">
      ${quote.idle_coupons.map(
        (one) => html`<li key=${one.coupon}>
          <b>${of.get(one.coupon)?.words ?? '优惠券'}</b>
          <span class="quiet"> ${one.course_id ? names.get(one.course_id) : '全站'}</span><br />
          ${one.reason}${one.usable && Number(one.saves) > 0
            ? html`；选用可再省 <${Money} of=${one.saves} />`
            : ''}
        </li>`,
      )}
    </ul>
  </details>`;
}

function summary(quote, { choosing, ordering, best, order, refresh, stale }) {
  const ready = quote.payable && !quote.changes.length && !stale;
  return html`<div class="card summary stack">
    <dl class="sums">
      <div><dt>商品总额</dt><dd><${Money} of=${quote.subtotal} /></dd></div>
      ${!isZero(quote.course_discount) && html`<div><dt>课程优惠券</dt><dd class="off"><${Money} of=${quote.course_discount} minus=${true} /></dd></div>`}
      ${!isZero(quote.global_discount) && html`<div><dt>全站优惠券</dt><dd class="off"><${Money} of=${quote.global_discount} minus=${true} /></dd></div>`}
    </dl>
    <button type="button" class="button wide best" disabled=${choosing.busy} onClick=${best}>一键最优</button>
    ${choosing.error && html`<${Trouble} error=${choosing.error} retryWords="刷新" onRetry=${refresh} />`}
    ${!quote.payable && html`<p class="note warn" role="alert">有课程不能购买，请回购物车重新选择。<a href="/car">去购物车</a></p>`}
    ${ordering.error && html`<${Trouble} error=${ordering.error} onRetry=${order} />`}
    ${ordering.error?.unsure && html`<p class="quiet small">订单可能已经提交。重试不会重复下单。</p>`}
    <div class="pay-line">
      <p class="total">
        <span>应付</span> <${Money} of=${quote.total} size="large" />
        ${!isZero(quote.discount_total) && html`<small class="off">已优惠 <${Money} of=${quote.discount_total} /></small>`}
      </p>
      <button type="button" class="button main" disabled=${!ready || ordering.busy || choosing.busy} onClick=${order}>
        ${ordering.busy ? '正在提交…' : '提交订单'}
      </button>
    </div>
    ${quote.payable && quote.changes.length > 0 && html`<p class="quiet small">确认上面的变化后可以提交。</p>`}
  </div>`;
}
