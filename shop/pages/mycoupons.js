// 我的优惠券, those that expire first at the top.

import { api } from '../api.js';
import { state } from '../state.js';
import { Empty, Pager, PastTheEnd, Ticket, day, html, loading, shown } from '../ui.js';
import { CouponTabs, Where, withCourseNames } from '../coupons.js';

const UNUSED = 0;
const STATES = ['未使用', '已使用', '已过期', '已作废', '已锁定'];
const ON_A_PAGE = 20;
const address = (status, page = 1) => `/my/coupon?${new URLSearchParams({ status, ...(page > 1 && { page }) })}`;

export default {
  setup() {
    const { status = String(UNUSED), page = '1' } = state.query;
    const it = loading(() => withCourseNames(api.myCoupons({ status, page, page_size: ON_A_PAGE })));

    const one = (coupon) => html`<li key=${coupon.id}>
      <${Ticket} words=${coupon.words} name=${coupon.name} dull=${coupon.status !== UNUSED}>
        <p class="small"><${Where} course=${coupon.course_id} /></p>
        <p class="quiet small">${coupon.first_day ? `${day(coupon.first_day)} – ${day(coupon.last_day)}` : '没有使用期限'}</p>
        <p>
          ${coupon.soon && html`<span class="tag hot">${coupon.days_left === 1 ? '今天到期' : `还剩 ${coupon.days_left} 天`}</span>`}
          ${coupon.order_number && html`<a class="small" href=${`/order/${coupon.order_number}`}>查看订单</a>`}
          ${coupon.status === UNUSED && !coupon.soon && html`<span class="tag good">可用</span>`}
        </p>
      <//>
    </li>`;

    return () => html`<h1>我的优惠券</h1>
      <${CouponTabs} />
      <nav class="chips second" aria-label="状态">
        ${STATES.map((name, value) => html`<a key=${value} href=${address(value)} aria-current=${String(value) === status ? 'true' : undefined}>${name}</a>`)}
      </nav>
      ${shown(it, ({ count, results }) =>
        results.length
          ? html`<ul class="tickets">${results.map(one)}</ul>
              <${Pager} page=${Number(page)} pages=${Math.ceil(count / ON_A_PAGE)} to=${(next) => address(status, next)} />`
          : count
            ? html`<${PastTheEnd} to=${(next) => address(status, next)} />`
            : html`<${Empty} text="没有这样的优惠券。"><a class="button main" href="/coupon">去领券</a><//>`,
      )}`;
  },
};
