// A course's page: what it teaches, and for how long one may buy it.

import { ref } from '../vendor/vue.js';
import { api, token } from '../api.js';
import { courseNames, go, inCar, say, state, toLogin } from '../state.js';
import { Cover, Money, Trouble, doing, html, loading, priced, shown } from '../ui.js';

export default {
  props: ['id'],
  setup(props) {
    const chosen = ref(Number(state.query.policy) || null);
    const it = loading(async () => {
      const course = await api.course(props.id);
      courseNames[course.id] = course.name;
      document.title = `${course.name} · 路飞学城`;
      if (!course.price_policy.some((policy) => policy.id === chosen.value)) {
        chosen.value = course.price_policy[0]?.id ?? null;
      }
      return course;
    });
    const putting = doing();

    const begin = (what) => {
      const course = it.data;
      if (!token.get()) {
        toLogin(`/course/${course.id}?policy=${chosen.value}`);
        return;
      }
      putting.run(async () => {
        await api.addToCar(course.id, chosen.value);
        inCar.add(course.id);
        if (what === 'buy') {
          await api.settle([course.id]);
          go('/settle');
          return;
        }
        say('已加入购物车');
      }, what);
    };

    return () => html`${it.error && !it.data && html`<h1>课程</h1>`}
      ${shown(it, (course) => whole(course, { chosen, putting, begin }), { rows: 2 })}`;
  },
};

function whole(course, { chosen, putting, begin }) {
  const detail = course.coursedetail;
  return html`<nav class="crumbs" aria-label="位置">
      <a href="/">课程</a>
      <a href=${`/?category=${course.sub_category.category.id}`}>${course.sub_category.category.name}</a>
    </nav>
    <div class="split three">
      <section class="hero">
        <${Cover} title=${course.name} img=${course.course_img} wide=${true} />
        <h1>${course.name}</h1>
        <p class="lead">${detail?.course_slogan || course.brief}</p>
        <p class="facts">
          <span>${course.level_display}</span>
          ${detail && html`<span>${detail.hours} 课时</span>`}
          ${course.coursechapters.length > 0 && html`<span>${course.coursechapters.length} 章</span>`}
          <span>${course.course_type_display}</span>
        </p>
      </section>
      <aside class="side" aria-label="购买">${buying(course, { chosen, putting, begin })}</aside>
      <div class="stack">
        ${detail && about(detail)}
        ${course.coursechapters.length > 0 && chapters(course.coursechapters)}
        ${course.asked_question.length > 0 && questions(course.asked_question)}
      </div>
    </div>`;
}

function buying(course, { chosen, putting, begin }) {
  if (!course.price_policy.length) return html`<div class="card"><p>这门课程暂不出售。</p></div>`;
  return html`<div class="card stack">
    <fieldset class="choices">
      <legend>学习期限</legend>
      ${course.price_policy.map(
        (policy) => html`<label key=${policy.id} class="choice">
          <input
            type="radio"
            name="policy"
            value=${policy.id}
            checked=${chosen.value === policy.id}
            onChange=${() => (chosen.value = policy.id)}
          />
          <span class="choice-body">
            <span>${policy.valid_period_display}</span>
            <${Money} of=${priced(policy.price)} />
          </span>
        </label>`,
      )}
    </fieldset>
    ${putting.error && html`<${Trouble} error=${putting.error} onRetry=${() => begin(putting.what)} />`}
    <button type="button" class="button main wide" disabled=${putting.busy} onClick=${() => begin('buy')}>
      立即购买
    </button>
    <button type="button" class="button wide" disabled=${putting.busy} onClick=${() => begin('car')}>
      加入购物车
    </button>
    <p class="quiet small">优惠券在结算时选择，价格以结算中心为准。</p>
  </div>`;
}

function about(detail) {
  const parts = [
    ['为什么学', detail.why_study],
    ['你将学到', detail.what_to_study_brief],
    ['对职业的帮助', detail.career_improvement],
    ['需要的基础', detail.prerequisite],
  ].filter(([, text]) => text);
  return html`<section class="card prose">
    ${parts.map(([title, text]) => html`<h2 key=${title}>${title}</h2><p>${text}</p>`)}
    ${detail.outline.length > 0 &&
    html`<h2>大纲</h2>
      <dl>${detail.outline.map((one) => html`<dt>${one.title}</dt><dd>${one.content}</dd>`)}</dl>`}
    ${detail.teachers.length > 0 &&
    html`<h2>讲师</h2>
      <ul class="teachers">
        ${detail.teachers.map(
          (one) => html`<li key=${one.id}><b>${one.name}</b> <span class="quiet">${one.title}</span><br />${one.brief}</li>`,
        )}
      </ul>`}
  </section>`;
}

function chapters(all) {
  return html`<section class="card">
    <h2>章节</h2>
    ${all.map(
      (chapter, at) => html`<details key=${chapter.id} class="chapter" open=${at === 0}>
        <summary><b>第 ${chapter.chapter} 章</b> ${chapter.name}</summary>
        ${chapter.summary && html`<p class="quiet">${chapter.summary}</p>`}
        <ol class="sections">
          ${chapter.coursesections.map(
            (section) => html`<li key=${section.id}>
              <span>${section.name}</span>
              <span class="quiet small">
                ${section.free_trail ? html`<span class="tag good">可试看</span> ` : ''}${section.section_type_display} ${section.video_time}
              </span>
            </li>`,
          )}
        </ol>
      </details>`,
    )}
  </section>`;
}

function questions(all) {
  return html`<section class="card">
    <h2>常见问题</h2>
    ${all.map((one) => html`<details class="chapter"><summary>${one.question}</summary><p>${one.answer}</p></details>`)}
  </section>`;
}
