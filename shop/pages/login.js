// 登录 and 注册, and then back to where one wanted to go.

import { reactive, ref } from '../vendor/vue.js';
import { api } from '../api.js';
import { found } from '../routes.js';
import { go, logIn, say, state } from '../state.js';
import { Trouble, doing, html } from '../ui.js';

export default {
  setup() {
    const registering = ref(state.query.new === '1');
    const typed = reactive({ username: '', password: '' });
    const trying = doing();

    const enter = (event) => {
      event?.preventDefault();
      trying.run(async () => {
        if (registering.value) await api.register(typed.username, typed.password);
        registering.value = false; // were logging in to fail, registering again would too
        await logIn(typed.username, typed.password);
        say(`${state.name}，欢迎`);
        go(wanted(), { replace: true });
      });
    };
    const turn = (value) => {
      registering.value = value;
      trying.error = null;
    };

    return () => html`<div class="narrow">
      <h1>${registering.value ? '注册' : '登录'}</h1>
      <div class="card stack">
        <div class="switch" role="group" aria-label="登录或注册">
          <button type="button" aria-pressed=${!registering.value} onClick=${() => turn(false)}>登录</button>
          <button type="button" aria-pressed=${registering.value} onClick=${() => turn(true)}>注册</button>
        </div>
        <form class="stack" onSubmit=${enter}>
          <label class="field">
            <span>用户名</span>
            <input
              name="username"
              required
              minlength=${registering.value ? 2 : 1}
              maxlength="64"
              autocomplete="username"
              autocapitalize="none"
              value=${typed.username}
              onInput=${(event) => (typed.username = event.target.value)}
            />
          </label>
          <label class="field">
            <span>密码</span>
            <input
              name="password"
              type="password"
              required
              maxlength="128"
              autocomplete=${registering.value ? 'new-password' : 'current-password'}
              aria-describedby=${registering.value ? 'password-hint' : undefined}
              value=${typed.password}
              onInput=${(event) => (typed.password = event.target.value)}
            />
          </label>
          ${registering.value && html`<small id="password-hint" class="quiet hint">至少 8 个字符，不能只有数字，也不要太常见。</small>`}
          ${trying.error && html`<${Trouble} error=${trying.error} onRetry=${enter} />`}
          <button type="submit" class="button main wide" disabled=${trying.busy}>
            ${registering.value ? '注册并登录' : '登录'}
          </button>
        </form>
      </div>
    </div>`;
  },
};

/** Only to a page of the shop: an address may come from anywhere. */
function wanted() {
  const url = new URL(state.query.next || '/', location.origin);
  return url.origin === location.origin && found(url.pathname) ? url.pathname + url.search : '/';
}
