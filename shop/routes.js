// Which page stands at which path. It imports nothing, so that it runs as soon as it is here: the
// page's own file is on its way while the rest is still loading.

/** A page's file, and at the same time what it shares with others. */
const page = (file, shared) => () => {
  if (shared) import(`./${shared}.js`).catch(() => {}); // the page's own import says what is wrong
  return import(`./pages/${file}.js`);
};

/** `mine`: only for somebody who has logged in. `focus`: without the tabs of a phone's lower edge. */
export const routes = [
  { path: /^\/$/, load: page('courses') },
  { path: /^\/course\/(?<id>\d+)$/, load: page('course') },
  { path: /^\/login$/, load: page('login') },
  { path: /^\/car$/, load: page('car'), mine: true },
  { path: /^\/settle$/, load: page('settle'), mine: true, focus: true },
  { path: /^\/order$/, load: page('orders', 'orders'), mine: true },
  { path: /^\/order\/(?<number>\w+)$/, load: page('order', 'orders'), mine: true },
  { path: /^\/order\/(?<number>\w+)\/pay$/, load: page('cashier', 'orders'), mine: true, focus: true },
  { path: /^\/coupon$/, load: page('coupons', 'coupons') },
  { path: /^\/my\/coupon$/, load: page('mycoupons', 'coupons'), mine: true },
  { path: /^\/my\/course$/, load: page('mycourses'), mine: true },
  { path: /^\/account$/, load: page('account'), mine: true },
];

/** The route of a path and what the path names, or null. */
export function found(path) {
  for (const route of routes) {
    const match = route.path.exec(path);
    if (match) return { route, params: { ...match.groups } };
  }
  return null;
}

found(location.pathname)?.route.load();
