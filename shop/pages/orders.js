// 我的订单, newest first.

import { ref } from '../vendor/vue.js';
import { api } from '../api.js';
import { state } from '../state.js';
import { Cover, Empty, Money, Pager, PastTheEnd, html, loading, minute, shown } from '../ui.js';
import { CancelDialog, Countdown, PAID, RefundDialog, Status, WAITING, due } from '../orders.js';

const ON_A_PAGE = 10;
// The words are those that an order's own label has.
const STATES = [['', '全部'], [1, '待支付'], [0, '交易成功'], [2, '退费申请中'], [3, '已退费'], [4, '主动取消'], [5, '超时取消']];
const address = (status, page = 1) => {
  const said = [...(status === '' ? [] : [['status', status]]), ...(page > 1 ? [['page', page]] : [])];
  return said.length ? `/order?${new URLSearchParams(said)}` : '/order';
};

export default {
  setup() {
    const { status = '', page = '1' } = state.query;
    const it = loading(() => api.orders({ status, page, page_size: ON_A_PAGE }));
    const asked = ref(null); // {what, order}: the question that is open
    const done = () => {
      asked.value = null;
      it.reload();
    };

    const one = (order) => html`<li key=${order.order_number} class="card order">
      <div class="order-head">
        <span class="quiet small">${minute(order.date)} <span class="number">${order.order_number}</span></span>
        <${Status} order=${order} />
      </div>
      <a class="order-link" href=${`/order/${order.order_number}`}>
        ${order.details.map(
          (detail) => html`<span key=${detail.course_id} class="line slim">
            <${Cover} title=${detail.title} img=${detail.img} />
            <span class="line-body">
              <span class="course-name">${detail.title}</span>
              <span class="quiet small">${detail.valid_period_display}</span>
            </span>
            <${Money} of=${detail.price} />
          </span>`,
        )}
      </a>
      <div class="order-foot">
        <p>
          ${due(order)} <${Money} of=${order.actual_amount} />
          ${Number(order.refunded) > 0 && html`<small class="quiet"> 已退 <${Money} of=${order.refunded} /></small>`}
        </p>
        <div class="buttons">
          ${order.status === WAITING &&
          html`<span class="quiet small">剩余 <${Countdown} until=${order.expires_at} onOver=${it.reload} /></span>
            <button type="button" class="button small" onClick=${() => (asked.value = { what: CancelDialog, order })}>取消</button>
            <a class="button main small" href=${`/order/${order.order_number}/pay`}>去付款</a>`}
          ${order.status === PAID &&
          html`<button type="button" class="button small" onClick=${() => (asked.value = { what: RefundDialog, order })}>申请退款</button>
            <a class="button small" href="/my/course">去学习</a>`}
        </div>
      </div>
    </li>`;

    return () => html`<h1>我的订单</h1>
      <nav class="chips" aria-label="订单状态">
        ${STATES.map(
          ([value, name]) => html`<a key=${value} href=${address(value)} aria-current=${String(value) === status ? 'true' : undefined}>${name}</a>`,
        )}
      </nav>
      ${shown(it, ({ count, results }) =>
        results.length
          ? html`<ul class="lines">${results.map(one)}</ul>
              <${Pager} page=${Number(page)} pages=${Math.ceil(count / ON_A_PAGE)} to=${(next) => address(status, next)} />`
          : count
            ? html`<${PastTheEnd} to=${(next) => address(status, next)} />`
            : html`<${Empty} text=${status ? '没有这样的订单。' : '还没有订单。'}><a class="button main" href="/">去看课程</a><//>`,
      )}
      ${asked.value && html`<${asked.value.what} order=${asked.value.order} onClose=${() => (asked.value = null)} onDone=${done} />`}`;
  },
};
