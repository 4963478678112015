// 账号: where one's things are, the password, and logging out.

import { reactive } from '../vendor/vue.js';
import { api } from '../api.js';
import { forgetLogin, go, renewToken, say } from '../state.js';
import { Trouble, doing, html, loading, shown } from '../ui.js';

export default {
  setup() {
    const it = loading(() => api.account());
    const typed = reactive({ old: '', fresh: '' });
    const changing = doing();
    const leaving = doing();

    const change = (event) => {
      event?.preventDefault();
      changing.run(async () => {
        const { token } = await api.changePassword(typed.old, typed.fresh);
        renewToken(token);
        Object.assign(typed, { old: '', fresh: '' });
        say('密码已修改，其他设备需要重新登录');
      });
    };
    const leave = () =>
      leaving.run(async () => {
        await api.logOut();
        forgetLogin();
        say('已退出登录');
        go('/', { replace: true });
      });

    return () => html`<div class="narrow">
      <h1>账号</h1>
      ${shown(it, ({ username }) => html`<section class="card stack">
          <p class="name">${username}</p>
          <ul class="links">
            <li><a href="/order">我的订单</a></li>
            <li><a href="/my/course">我的课程</a></li>
            <li><a href="/my/coupon">我的优惠券</a></li>
          </ul>
          ${leaving.error && html`<${Trouble} error=${leaving.error} onRetry=${leave} />`}
          <button type="button" class="button wide" disabled=${leaving.busy} onClick=${leave}>退出登录</button>
        </section>
        <form class="card stack" onSubmit=${change}>
          <h2>修改密码</h2>
          <input class="unseen" tabindex="-1" aria-hidden="true" autocomplete="username" value=${username} readonly />
          <label class="field">
            <span>原密码</span>
            <input type="password" required maxlength="128" autocomplete="current-password" value=${typed.old} onInput=${(event) => (typed.old = event.target.value)} />
          </label>
          <label class="field">
            <span>新密码</span>
            <input type="password" required maxlength="128" autocomplete="new-password" value=${typed.fresh} onInput=${(event) => (typed.fresh = event.target.value)} />
          </label>
          ${changing.error && html`<${Trouble} error=${changing.error} onRetry=${change} />`}
          <button class="button main wide" disabled=${changing.busy}>修改密码</button>
        </form>`)}
    </div>`;
  },
};
