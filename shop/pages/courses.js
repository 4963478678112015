// 课程: everything that is sold, by category and search, page by page.

import { ref } from '../vendor/vue.js';
import { api } from '../api.js';
import { courseNames, go, state } from '../state.js';
import { Cover, Empty, Money, Pager, PastTheEnd, html, loading, priced, shown } from '../ui.js';

const ON_A_PAGE = 12;

export const address = (query) => {
  const said = Object.entries(query).filter(([, value]) => value && value !== 1);
  return said.length ? `/?${new URLSearchParams(said)}` : '/';
};

export default {
  setup() {
    const { category = '', sub_category = '', search = '', page = '1' } = state.query;
    const words = ref(search);
    const it = loading(async () => {
      const [categories, list] = await Promise.all([
        api.categories(),
        api.courses({ category, sub_category, search, page, page_size: ON_A_PAGE }),
      ]);
      list.course_list.forEach((course) => (courseNames[course.id] = course.name));
      return { categories, ...list };
    });

    const find = (event) => {
      event.preventDefault();
      go(address({ category, sub_category, search: words.value.trim() }));
    };

    return () => html`<div class="intro">
        <h1>课程</h1>
        <form role="search" class="search" onSubmit=${find}>
          <label class="unseen" for="search">搜索课程</label>
          <input
            id="search"
            type="search"
            maxlength="128"
            placeholder="搜索课程"
            value=${words.value}
            onInput=${(event) => (words.value = event.target.value)}
          />
          <button class="button" type="submit">搜索</button>
        </form>
      </div>
      ${shown(it, (data) => listed(data, { category, sub_category, search, page: Number(page) || 1 }))}`;
  },
};

function listed({ categories, count, course_list }, at) {
  const own = categories.find(
    (one) => String(one.id) === at.category || one.sub_categories.some((sub) => String(sub.id) === at.sub_category),
  );
  const pages = Math.ceil(count / ON_A_PAGE);
  const to = (page) => address({ ...at, page });
  return html`${chips('分类', categories, { all: address({ search: at.search }), chosen: own?.id, to: (one) => address({ category: one.id, search: at.search }) })}
    ${own?.sub_categories.length > 1 &&
    chips('方向', own.sub_categories, {
      all: address({ category: own.id, search: at.search }),
      chosen: Number(at.sub_category),
      to: (one) => address({ category: own.id, sub_category: one.id, search: at.search }),
    })}
    <p class="quiet" role="status">
      ${at.search ? `“${at.search}”：` : ''}${count} 门课程
      ${at.search && html` · <a href=${address({ ...at, search: '', page: 1 })}>清除搜索</a>`}
    </p>
    ${course_list.length
      ? html`<ul class="grid">
          ${course_list.map(card)}
        </ul>`
      : count
        ? html`<${PastTheEnd} to=${to} />`
        : html`<${Empty} text="没有找到课程，换个词或看看全部课程。"><a class="button" href="/">全部课程</a><//>`}
    ${course_list.length > 0 && html`<${Pager} page=${at.page} pages=${pages} to=${to} />`}`;
}

function chips(name, all, { all: first, chosen, to }) {
  const shownOnes = all.filter((one) => one.count > 0);
  return html`<nav class="chips" aria-label=${name}>
    <a href=${first} aria-current=${chosen ? undefined : 'true'}>全部</a>
    ${shownOnes.map(
      (one) => html`<a key=${one.id} href=${to(one)} aria-current=${chosen === one.id ? 'true' : undefined}>
        ${one.name}<span class="count">${one.count}</span>
      </a>`,
    )}
  </nav>`;
}

function card(course) {
  const prices = course.price_policy.map((policy) => policy.price);
  return html`<li key=${course.id}>
    <a class="card course" href=${`/course/${course.id}`}>
      <${Cover} title=${course.name} img=${course.course_img} />
      <span class="course-body">
        <span class="course-name">${course.name}</span>
        <span class="course-brief">${course.brief}</span>
        <span class="course-foot">
          ${prices.length
            ? html`<span><${Money} of=${priced(Math.min(...prices))} />${prices.length > 1 ? html`<small> 起</small>` : ''}</span>`
            : html`<small>暂不出售</small>`}
          <small>${course.level_display}</small>
        </span>
      </span>
    </a>
  </li>`;
}
