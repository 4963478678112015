// One order: its state, its courses, and which coupon did what. After paying one comes back here.

import { onBeforeUnmount, ref } from '../vendor/vue.js';
import { api } from '../api.js';
import { say } from '../state.js';
import { Cover, Money, html, isZero, loading, minute, shown } from '../ui.js';
import { ASKED, CancelDialog, Countdown, PAID, PAYING, RefundDialog, Status, TO_ORDERS, WAITING, due } from '../orders.js';

const OFTEN = 2000; // milliseconds between two looks at whether the money has come
const LOOKS = 15;

export default {
  props: ['number'],
  setup(props) {
    const it = loading(() => api.orderOf(props.number));
    const asked = ref(null);
    const waiting = ref(sessionStorage.getItem(PAYING) === props.number);
    let looks = 0;

    // Coming back proves nothing: the order is paid when the service says so.
    const clock = setInterval(async () => {
      if (!waiting.value || document.hidden) return;
      if (it.data && it.data.status === WAITING && ++looks <= LOOKS) {
        await it.reload();
        if (it.data?.status === PAID) say('付款成功');
      }
      if (it.data?.status !== WAITING || looks >= LOOKS) {
        waiting.value = false;
        sessionStorage.removeItem(PAYING);
      }
    }, OFTEN);
    onBeforeUnmount(() => clearInterval(clock));
    const done = () => {
      asked.value = null;
      it.reload();
    };

    return () => html`<h1>订单</h1>
      ${shown(it, (order) => html`<div class="split three">
        ${state(order, it, waiting.value)}
        <aside class="side" aria-label="金额">${sums(order, asked)}</aside>
        <div class="stack">${courses(order)} ${why(order)}</div>
      </div>`, { elsewhere: TO_ORDERS })}
      ${asked.value && html`<${asked.value} order=${it.data} onClose=${() => (asked.value = null)} onDone=${done} />`}`;
  },
};

function state(order, it, waiting) {
  return html`<section class="card order-state">
    <p class="order-now"><${Status} order=${order} /></p>
    ${order.status === WAITING &&
    html`<p role="status">
      ${waiting ? '正在确认付款结果…' : html`请在 <${Countdown} until=${order.expires_at} onOver=${it.reload} /> 内付款，超时后订单自动取消。`}
    </p>`}
    ${order.status === PAID && html`<p>课程已开通，<a href="/my/course">去学习</a>。</p>`}
    ${order.status === ASKED && html`<p>退款申请正在处理，结果会显示在这里。</p>`}
    ${order.overpaid.map(
      (one) => html`<p key=${one.paid_at} role="status">
        此订单多付的 ¥${one.amount}（${one.channel_display}）${one.returned_at ? `已于 ${minute(one.returned_at)} 原路退回。` : '正在原路退回。'}
      </p>`,
    )}
    <dl class="facts-list">
      <div><dt>订单号</dt><dd class="number">${order.order_number}</dd></div>
      <div><dt>下单时间</dt><dd>${minute(order.date)}</dd></div>
      ${order.pay_time && html`<div><dt>付款时间</dt><dd>${minute(order.pay_time)}</dd></div>`}
      ${order.cancel_time && html`<div><dt>取消时间</dt><dd>${minute(order.cancel_time)}</dd></div>`}
    </dl>
  </section>`;
}

function courses(order) {
  return html`<section class="card" aria-label="课程">
    <ul class="plain lines">
      ${order.details.map(
        (one) => html`<li key=${one.course_id} class="line">
          <${Cover} title=${one.title} img=${one.img} />
          <div class="line-body">
            <h2><a href=${`/course/${one.course_id}`}>${one.title}</a></h2>
            <p class="quiet">${one.valid_period_display}</p>
            <p class="line-foot">
              ${one.price !== one.original_price && html`<s class="was"><span class="unseen">原价 </span><${Money} of=${one.original_price} /></s>`}
              <${Money} of=${one.price} />
              ${!isZero(one.refunded) && html`<span class="tag">已退 ¥${one.refunded}</span>`}
            </p>
          </div>
        </li>`,
      )}
    </ul>
  </section>`;
}

function why(order) {
  if (!order.coupons.length) return null;
  const names = new Map(order.details.map((one) => [one.course_id, one.title]));
  return html`<section class="card">
    <h2>优惠券</h2>
    <ul class="plain why">
      ${order.coupons.map(
        (one) => html`<li key=${one.coupon} class="spread">
          <span><b>${one.words}</b> ${one.name} <small class="quiet">${one.course_id ? names.get(one.course_id) : '全站'}</small></span>
          ${one.at_work ? html`<span class="tag good">已使用</span>` : html`<span class="tag">${one.reason}</span>`}
        </li>`,
      )}
    </ul>
  </section>`;
}

function sums(order, asked) {
  return html`<div class="card summary stack">
    <dl class="sums">
      <div><dt>商品总额</dt><dd><${Money} of=${order.subtotal} /></dd></div>
      ${!isZero(order.course_discount) && html`<div><dt>课程优惠券</dt><dd class="off"><${Money} of=${order.course_discount} minus=${true} /></dd></div>`}
      ${!isZero(order.global_discount) && html`<div><dt>全站优惠券</dt><dd class="off"><${Money} of=${order.global_discount} minus=${true} /></dd></div>`}
      <div class="last"><dt>${due(order)}</dt><dd><${Money} of=${order.actual_amount} size="large" /></dd></div>
      ${!isZero(order.refunded) && html`<div><dt>已退</dt><dd><${Money} of=${order.refunded} /></dd></div>`}
    </dl>
    ${order.status === WAITING &&
    html`<a class="button main wide" href=${`/order/${order.order_number}/pay`}>去付款</a>
      <button type="button" class="button wide" onClick=${() => (asked.value = CancelDialog)}>取消订单</button>`}
    ${order.status === PAID && html`<button type="button" class="button wide" onClick=${() => (asked.value = RefundDialog)}>申请退款</button>`}
    <a class="center" href="/order">全部订单</a>
  </div>`;
}
