// 我的课程: what one may learn, and until when.

import { api } from '../api.js';
import { state } from '../state.js';
import { Cover, Empty, Pager, PastTheEnd, day, html, loading, shown } from '../ui.js';

const ON_A_PAGE = 12;
const address = (page) => (page > 1 ? `/my/course?page=${page}` : '/my/course');

export default {
  setup() {
    const { page = '1' } = state.query;
    const it = loading(() => api.myCourses({ page, page_size: ON_A_PAGE }));
    return () => html`<h1>我的课程</h1>
      ${shown(it, ({ count, results }) =>
        results.length
          ? html`<ul class="grid">
                ${results.map(
                  (one) => html`<li key=${`${one.order_number} ${one.course_id}`}>
                    <a class="card course" href=${`/course/${one.course_id}`}>
                      <${Cover} title=${one.title} img=${one.img} />
                      <span class="course-body">
                        <span class="course-name">${one.title}</span>
                        <span class="quiet small">${day(one.valid_begin_date)} – ${day(one.valid_end_date)}</span>
                        <span><span class=${['tag', one.status === 0 && 'good']}>${one.status_display}</span></span>
                      </span>
                    </a>
                  </li>`,
                )}
              </ul>
              <${Pager} page=${Number(page)} pages=${Math.ceil(count / ON_A_PAGE)} to=${address} />`
          : count
            ? html`<${PastTheEnd} to=${address} />`
            : html`<${Empty} text="还没有课程。付款后的课程会在这里。"><a class="button main" href="/">去看课程</a><//>`,
      )}`;
  },
};
