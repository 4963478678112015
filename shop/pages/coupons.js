// 领券中心: what everybody can claim, and 口令.

import { reactive, ref } from '../vendor/vue.js';
import { api, token } from '../api.js';
import { say, toLogin } from '../state.js';
import { Empty, Ticket, Trouble, day, doing, html, loading, shown } from '../ui.js';
import { CouponTabs, Where, withCourseNames } from '../coupons.js';

const NOT_THERE = 3001;
const AS_MANY_AS_ONE_MAY = 3004;

const offered = async () => (await api.coupons({ page_size: 100 })).results;

export default {
  setup() {
    const it = loading(() => withCourseNames(offered()));
    const claiming = doing();
    const code = ref('');
    const full = reactive(new Set()); // of these one has had as many as one may

    const claim = (one) => {
      if (!token.get()) {
        toLogin();
        return;
      }
      claiming.run(async () => {
        const mine = await api.claim(one.id).catch((error) => {
          if (error.code === AS_MANY_AS_ONE_MAY) full.add(one.id);
          throw error;
        });
        one.mine += 1;
        one.left -= 1;
        say(`已领取${mine.words}，${day(mine.last_day)} 前有效`);
      }, one.id);
    };
    const spell = (event) => {
      event?.preventDefault();
      if (!token.get()) {
        toLogin();
        return;
      }
      claiming.run(async () => {
        const mine = await api.claimByCode(code.value.trim()).catch((error) => {
          if (error.code === NOT_THERE) error.message = '口令不正确，请核对后再试';
          throw error;
        });
        code.value = '';
        say(`已领取${mine.words}`);
        await it.reload();
      }, 'code');
    };
    const trouble = (what) =>
      claiming.error && claiming.what === what && html`<${Trouble} error=${claiming.error} onRetry=${again} />`;
    const again = () => (claiming.what === 'code' ? spell() : claim(it.data.find((one) => one.id === claiming.what)));

    return () => html`<h1>领券中心</h1>
      <${CouponTabs} />
      <form class="card stack code" onSubmit=${spell}>
        <div class="code-line">
          <label class="field">
            <span>口令</span>
            <input required maxlength="64" autocapitalize="characters" autocomplete="off" value=${code.value} onInput=${(event) => (code.value = event.target.value)} />
          </label>
          <button class="button main" disabled=${claiming.busy}>兑换</button>
        </div>
        ${trouble('code')}
      </form>
      ${shown(it, (coupons) =>
        coupons.length
          ? html`<ul class="tickets">
              ${coupons.map(
                (one) => html`<li key=${one.id}>
                  <${Ticket} words=${one.words} name=${one.name} dull=${!one.left}>
                    <p class="small"><${Where} course=${one.course_id} /></p>
                    <p class="quiet small">领取至 ${day(one.close_date)} · 剩 ${one.left} 张${one.mine ? ` · 已领 ${one.mine} 张` : ''}</p>
                    ${trouble(one.id)}
                    <p class="buttons">
                      ${one.mine > 0 && html`<a class="button main small" href=${one.course_id ? `/course/${one.course_id}` : '/'}>去使用</a>`}
                      ${!(one.mine && full.has(one.id)) &&
                      html`<button
                        type="button"
                        class=${['button', 'small', !one.mine && 'main']}
                        disabled=${!one.left || claiming.busy}
                        aria-label=${`领取${one.name}`}
                        onClick=${() => claim(one)}
                      >
                        ${one.left ? (one.mine ? '再领一张' : '领取') : '已领完'}
                      </button>`}
                    </p>
                  <//>
                </li>`,
              )}
            </ul>`
          : html`<${Empty} text="现在没有可以领取的优惠券。"><a class="button" href="/">去看课程</a><//>`,
      )}`;
  },
};
