// What the two pages of coupons share.

import { api } from './api.js';
import { courseNames, state } from './state.js';
import { html } from './ui.js';

/** What is asked for, and beside it the names of the courses, which coupons name by id, where this
 *  visit has not seen them yet. */
export async function withCourseNames(asked) {
  if (Object.keys(courseNames).length) return asked;
  const [data, { course_list }] = await Promise.all([asked, api.courses({ page_size: 100 })]);
  course_list.forEach((course) => (courseNames[course.id] = course.name));
  return data;
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
