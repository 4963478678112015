// What every page shares: who has logged in, where one is, and what is said aloud.

import { nextTick, reactive } from './vendor/vue.js';
import { api, onTokenEnded, token } from './api.js';
import { found } from './routes.js';

const NAME = 'luffy.name';
const IN_CAR = 'luffy.car';

export const state = reactive({
  name: token.get() ? localStorage.getItem(NAME) || '' : '',
  inCar: readCar(), // ids of courses, as this browser knows them
  online: navigator.onLine,
  path: location.pathname,
  query: readQuery(),
  visit: 0, // grows with every step, so that the same path twice is two visits
  said: '',
  toast: '',
});

/** The names of courses, as answers have told them: coupons name theirs by id alone. */
export const courseNames = reactive({});

function readQuery() {
  return Object.fromEntries(new URLSearchParams(location.search));
}

// --- Where one is: the address says it, so that back, forward and reload work ---------------------

let scrollTo = 0; // where the page that is opening is to stand

function arrive(y = 0) {
  scrollTo = y;
  state.path = location.pathname;
  state.query = readQuery();
  state.visit += 1;
}

function leave() {
  history.replaceState({ ...history.state, y: scrollY }, '');
}

export function go(path, { replace = false } = {}) {
  leave();
  history[replace ? 'replaceState' : 'pushState']({ y: 0 }, '', path);
  arrive();
}

/** Called by a page when it has what it shows. */
export async function settled() {
  await nextTick();
  if (scrollTo) window.scrollTo(0, scrollTo);
  scrollTo = 0;
}

/** To log in, and back here afterwards. */
export function toLogin(next = location.pathname + location.search) {
  go(`/login?next=${encodeURIComponent(next)}`, { replace: true });
}

history.scrollRestoration = 'manual';
addEventListener('popstate', (event) => arrive(event.state?.y));
addEventListener('pagehide', leave);
document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[href^="/"]');
  const plain = !(event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  if (!link || !plain || link.target || event.defaultPrevented) return;
  if (!found(new URL(link.href).pathname)) return; // the service's own page, not one of these
  event.preventDefault();
  go(link.getAttribute('href'));
});

// --- Who has logged in, in every tab --------------------------------------------------------------

export async function logIn(username, password) {
  const account = await api.logIn(username, password);
  token.set(account.token);
  localStorage.setItem(NAME, account.username);
  state.name = account.username;
  inCar.set([]);
  const car = await api.car().catch(() => []); // for the number beside 购物车, which may do without
  inCar.set(car.map((one) => one.course_id));
}

export function renewToken(value) {
  token.set(value);
}

export function forgetLogin() {
  token.drop();
  localStorage.removeItem(NAME);
  state.name = '';
  inCar.set([]);
}

/** The number beside 购物车 costs no request: what pages do to the car is noted here. */
export const inCar = {
  set(ids) {
    state.inCar = [...new Set(ids.map(String))];
    localStorage.setItem(IN_CAR, state.inCar.join());
  },
  add: (id) => inCar.set([...state.inCar, id]),
  remove: (ids) => inCar.set(state.inCar.filter((id) => !ids.includes(id))),
};

function readCar() {
  return (localStorage.getItem(IN_CAR) || '').split(',').filter(Boolean);
}

onTokenEnded(() => {
  forgetLogin();
  say('登录已失效，请重新登录');
  if (location.pathname !== '/login') toLogin();
});

addEventListener('storage', ({ key }) => {
  if (key === IN_CAR) state.inCar = readCar();
  if (key !== NAME) return;
  const name = token.get() ? localStorage.getItem(NAME) || '' : '';
  if (name === state.name) return;
  state.name = name;
  say(name ? `已在另一个窗口以${name}登录` : '已在另一个窗口退出登录');
  arrive(scrollY);
});

addEventListener('online', () => {
  state.online = true;
  say('网络已恢复');
});
addEventListener('offline', () => {
  state.online = false;
});

// --- What is said: shown for a while, and read out by screen readers ------------------------------

let silence;

export function say(text) {
  clearTimeout(silence);
  state.toast = text;
  state.said = ''; // the same sentence twice is read twice
  setTimeout(() => (state.said = text), 50);
  silence = setTimeout(() => (state.toast = ''), 4000);
}

/** The prefix of pictures that are bare names; empty where nobody serves them. */
export const media = document.querySelector('meta[name=media]')?.content || '';
