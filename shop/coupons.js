// What the two pages of coupons share.

import { api } from './api.js';
import { courseNames, state } from './state.js';
import { html } from './ui.js';

/** The names of the courses that coupons name by id, in one request, where they are not known yet. */
export async function nameCourses(coupons) {
  if (coupons.every((one) => !one.course_id || courseNames[one.course_id])) return;
  const { course_list } = await api.courses({ page_size: 100 });
  course_list.forEach((course) => (courseNames[course.id] = course.name));
}

export const Where = ({ course }) =>
  course
    ? html`<a href=${`/course/${course}`}>限${courseNames[course] ? `《${courseNames[course]}》` : '指定课程'}</a>`
    : html`<span>全部课程可用</span>`;
Where.props = ['course'];

export const CouponTabs = () => html`<nav class="chips" aria-label="优惠券">
  <a href="/coupon" aria-current=${state.path === '/coupon' ? 'true' : undefined}>可领取</a>
  <a href="/my/coupon" aria-current=${state.path === '/my/coupon' ? 'true' : undefined}>我的优惠券</a>
</nav>`;
