// What the pages of orders share: the states, the time that is left, a refund's question.

import { onBeforeUnmount, reactive, ref } from './vendor/vue.js';
import { api, now } from './api.js';
import { say } from './state.js';
import { Dialog, Money, Trouble, doing, html, loading, shown } from './ui.js';

export const [PAID, WAITING, ASKED, REFUNDED, CANCELLED, LATE] = [0, 1, 2, 3, 4, 5];
export const PAYING = 'luffy.paying'; // the number of the order whose payment was begun in this tab

export const TO_ORDERS = { path: '/order', words: '全部订单' };

const WITH_MONEY = [PAID, ASKED, REFUNDED];

/** What the order's amount is: nothing was paid of an order that was cancelled. */
export const due = (order) =>
  WITH_MONEY.includes(order.status) ? '实付' : order.status === WAITING ? '应付' : '未付款';

const COLOURS = { [PAID]: 'good', [WAITING]: 'hot', [ASKED]: 'hot' };

export const Status = ({ order }) =>
  html`<span class=${['tag', COLOURS[order.status]]}>${order.status_display}</span>`;
Status.props = ['order'];

/** Minutes and seconds that are left, by the service's clock. */
export const Countdown = {
  props: ['until'],
  emits: ['over'],
  setup(props, { emit }) {
    const left = ref(0);
    const look = () => {
      left.value = Math.max(0, Math.ceil((Date.parse(props.until) - now()) / 1000));
      if (left.value) return;
      clearInterval(clock);
      setTimeout(() => emit('over'), 1000);
    };
    const clock = setInterval(look, 1000);
    look();
    onBeforeUnmount(() => clearInterval(clock));
    return () => {
      const two = (number) => String(number).padStart(2, '0');
      return html`<span class="countdown" role="timer">${two(Math.floor(left.value / 60))}:${two(left.value % 60)}</span>`;
    };
  },
};

/** 取消订单, asked once more. */
export const CancelDialog = {
  props: ['order'],
  emits: ['close', 'done'],
  setup(props, { emit }) {
    const cancelling = doing();
    const cancel = async () => {
      if (await cancelling.run(() => api.cancel(props.order.order_number))) {
        say('订单已取消，优惠券已退回');
        emit('done');
      }
    };
    return () => html`<${Dialog} title="取消这个订单？" onClose=${() => emit('close')}>
      <p>课程不再保留，用掉的优惠券会退回。</p>
      ${cancelling.error && html`<${Trouble} error=${cancelling.error} onRetry=${cancel} />`}
      <form method="dialog" class="buttons">
        <button class="button">不取消</button>
        <button type="button" class="button danger" disabled=${cancelling.busy} onClick=${cancel}>取消订单</button>
      </form>
    <//>`;
  },
};

/** 申请退款: of which courses, and what would come back. */
export const RefundDialog = {
  props: ['order'],
  emits: ['close', 'done'],
  setup(props, { emit }) {
    const left = props.order.details.filter((one) => one.refunded !== one.price || one.price === '0.00');
    const chosen = reactive(new Set(left.map((one) => one.course_id)));
    const reason = ref('');
    const ids = () => left.filter((one) => chosen.has(one.course_id)).map((one) => Number(one.course_id));
    const due = loading(() => api.refundPreview(props.order.order_number, ids()));
    const asking = doing();
    const turn = (id) => {
      chosen[chosen.has(id) ? 'delete' : 'add'](id);
      if (chosen.size) due.reload();
    };
    const ask = async () => {
      if (await asking.run(() => api.refund(props.order.order_number, ids(), reason.value))) {
        say('已申请退款，请等待处理');
        emit('done');
      }
    };
    return () => html`<${Dialog} title="申请退款" onClose=${() => emit('close')}>
      <fieldset class="choices">
        <legend>退哪些课程</legend>
        ${left.map(
          (one) => html`<label key=${one.course_id} class="choice">
            <input type="checkbox" checked=${chosen.has(one.course_id)} onChange=${() => turn(one.course_id)} />
            <span class="choice-body"><span>${one.title}</span><${Money} of=${one.price} /></span>
          </label>`,
        )}
      </fieldset>
      ${chosen.size > 0 &&
      shown(due, (sum) => html`<p class="refund-sum" aria-live="polite">
        可退 <${Money} of=${sum.amount} size="large" />
        ${sum.coupons.length > 0 && html`<small class="quiet">另退回 ${sum.coupons.length} 张优惠券</small>`}
      </p>`, { rows: 1 })}
      <label class="field">
        <span>原因（选填）</span>
        <textarea rows="2" maxlength="255" value=${reason.value} onInput=${(event) => (reason.value = event.target.value)} />
      </label>
      ${asking.error && html`<${Trouble} error=${asking.error} onRetry=${ask} />`}
      <form method="dialog" class="buttons">
        <button class="button">再想想</button>
        <button type="button" class="button main" disabled=${asking.busy || !chosen.size || Boolean(due.error)} onClick=${ask}>申请退款</button>
      </form>
    <//>`;
  },
};
