// 购物车: which courses, for how long, and what has changed since they were put in.

import { reactive } from '../vendor/vue.js';
import { api } from '../api.js';
import { courseNames, go, inCar, say } from '../state.js';
import { Cover, Empty, Money, Trouble, doing, html, loading, priced, shown } from '../ui.js';

export default {
  setup() {
    const left = reactive(new Set()); // what is not to be settled this time
    const it = loading(async () => {
      const car = await api.car();
      inCar.set(car.map((one) => one.course_id));
      car.forEach((one) => (courseNames[one.course_id] = one.title));
      return car;
    });
    const changing = doing();

    const change = (one, policy) =>
      changing.run(async () => {
        await api.changePolicy(Number(one.course_id), Number(policy));
        await it.reload();
        say('已更改学习期限');
      });
    const remove = (one) =>
      changing.run(async () => {
        await api.removeFromCar([Number(one.course_id)]);
        await it.reload();
        say(`已移出${one.title}`);
        document.querySelector('main').focus({ preventScroll: true });
      });
    const settle = () =>
      changing.run(async () => {
        await api.settle(wanted().map((one) => Number(one.course_id)));
        go('/settle');
      });
    const isOffline = (one) => one.changed?.code === 'offline';
    const buyable = (one) => one.policy[one.default_policy] && !isOffline(one) && one.changed?.code !== 'policy_gone';
    const wanted = () => it.data.filter((one) => buyable(one) && !left.has(one.course_id));

    const price = (one) => {
      const then = priced(one.policy[one.default_policy].price);
      const now = one.changed?.price;
      return html`${now && html`<s class="was"><span class="unseen">加入时 </span><${Money} of=${then} /></s>`}
        ${now && html`<span class="unseen">现价 </span>`}<${Money} of=${now || then} />`;
    };

    const row = (one) => html`<li key=${one.course_id} class="card line">
      <input
        type="checkbox"
        aria-label=${`结算${one.title}`}
        checked=${buyable(one) && !left.has(one.course_id)}
        disabled=${!buyable(one)}
        onChange=${(event) => left[event.target.checked ? 'delete' : 'add'](one.course_id)}
      />
      <a href=${`/course/${one.course_id}`} tabindex="-1" aria-hidden="true"><${Cover} title=${one.title} img=${one.img} /></a>
      <div class="line-body">
        <h2><a href=${`/course/${one.course_id}`}>${one.title}</a></h2>
        ${one.changed && html`<p class="note warn">${one.changed.reason}</p>`}
        <div class="line-foot">
          ${!isOffline(one) &&
          Object.keys(one.policy).length > 0 &&
          html`<label class="field inline">
            <span class="unseen">${one.title}的学习期限</span>
            <select value=${one.default_policy} disabled=${changing.busy} onChange=${(event) => change(one, event.target.value)}>
              ${Object.entries(one.policy).map(
                ([id, policy]) => html`<option key=${id} value=${id}>${policy.period_display} · ¥${(id === one.default_policy && one.changed?.price) || priced(policy.price)}</option>`,
              )}
            </select>
          </label>`}
          ${buyable(one) && price(one)}
          <button type="button" class="button quiet-button small" disabled=${changing.busy} aria-label=${`移出${one.title}`} onClick=${() => remove(one)}>移出</button>
        </div>
      </div>
    </li>`;

    return () => html`<h1>购物车</h1>
      ${shown(it, (car) =>
        car.length
          ? html`<ul class="lines">${car.map(row)}</ul>
              ${changing.error && html`<${Trouble} error=${changing.error} onRetry=${it.reload} />`}
              <div class="bar">
                <p>已选 <b>${wanted().length}</b> 门，共 ${car.length} 门<br /><small class="quiet">合计与优惠在结算中心计算</small></p>
                <button type="button" class="button main" disabled=${!wanted().length || changing.busy} onClick=${settle}>去结算</button>
              </div>`
          : html`<${Empty} text="购物车是空的。"><a class="button main" href="/">去看课程</a><//>`,
      )}`;
  },
};
