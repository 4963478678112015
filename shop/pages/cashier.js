// 收银台: by which channel to pay. The money itself is paid at the channel's own page.

import { ref, shallowRef } from '../vendor/vue.js';
import { api } from '../api.js';
import { go, state } from '../state.js';
import { Money, Trouble, doing, html, loading, shown } from '../ui.js';
import { Countdown, PAYING, Status, TO_ORDERS, WAITING } from '../orders.js';

const CHANNELS = [
  { type: 1, name: '支付宝', small: '电脑与手机均可', desk: 'page', phone: 'wap' },
  { type: 0, name: '微信支付', small: '电脑扫码，手机跳转', desk: 'native', phone: 'h5' },
];
const onPhone = matchMedia('(pointer: coarse) and (max-width: 900px)').matches;

export default {
  props: ['number'],
  setup(props) {
    const channel = shallowRef(CHANNELS[0]);
    const code = shallowRef(null); // what a phone is to scan
    const it = loading(() => api.orderOf(props.number));
    const paying = doing();

    const pay = () =>
      paying.run(async () => {
        const way = onPhone ? channel.value.phone : channel.value.desk;
        const begun = await api.pay(props.number, channel.value.type, way);
        sessionStorage.setItem(PAYING, props.number);
        // A gateway that runs here has a page in the place of a code.
        if (way === 'native' && !/^https?:/.test(begun.pay_url)) {
          const { encode } = await import('../vendor/uqr.js');
          code.value = encode(begun.pay_url);
        } else {
          location.assign(begun.pay_url);
        }
      });

    return () => html`<div class="narrow">
      <h1>收银台</h1>
      ${shown(it, (order) => {
        if (order.status !== WAITING) {
          return html`<div class="card stack">
            <p><${Status} order=${order} /> 这个订单不需要付款。</p>
            <a class="button main" href=${`/order/${order.order_number}`}>查看订单</a>
          </div>`;
        }
        return html`<div class="card stack cashier">
          <p class="center"><${Money} of=${order.actual_amount} size="huge" /></p>
          <p class="center quiet">请在 <${Countdown} until=${order.expires_at} onOver=${it.reload} /> 内付款</p>
          ${code.value
            ? scan(code.value, () => go(`/order/${order.order_number}`))
            : html`<fieldset class="choices">
                  <legend>付款方式</legend>
                  ${CHANNELS.map(
                    (one) => html`<label key=${one.type} class="choice">
                      <input type="radio" name="channel" checked=${channel.value === one} onChange=${() => (channel.value = one)} />
                      <span class="choice-body"><span class="choice-name"><b>${one.name}</b> <small class="quiet">${one.small}</small></span></span>
                    </label>`,
                  )}
                </fieldset>
                ${paying.error && html`<${Trouble} error=${paying.error} onRetry=${pay} />`}
                <button type="button" class="button main wide" disabled=${paying.busy || !state.online} onClick=${pay}>
                  ${paying.busy ? '正在前往…' : '去付款'}
                </button>`}
          <a class="center" href=${`/order/${order.order_number}`}>稍后再付，查看订单</a>
        </div>`;
      }, { elsewhere: TO_ORDERS })}
    </div>`;
  },
};

function scan(code, paid) {
  const dots = code.data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : '')));
  return html`<svg class="scan" viewBox=${`0 0 ${code.size} ${code.size}`} role="img" aria-label="付款码">
      <rect width=${code.size} height=${code.size} fill="#fff" />
      <path d=${dots.join('')} fill="#000" />
    </svg>
    <p class="center">用微信扫一扫付款</p>
    <button type="button" class="button main wide" onClick=${paid}>我已付款</button>`;
}
