// The API, a function for each endpoint. An answer is the envelope's `data`; whatever is no success
// is thrown as Refused, whose message is made to be shown. Nothing here knows a page.

const TOKEN = 'luffy.token';
const SUCCESS = 1000;
const PATIENCE = 15_000; // milliseconds until a request counts as lost
/** What the pages call the fields that somebody fills in. */
const FIELDS = { username: '用户名', password: '密码', old_password: '原密码', code: '口令', reason: '原因' };

/** Why a request did not succeed. `status` is HTTP's, 0 where no answer came; `code` the envelope's;
 *  `seconds` how long to wait before the next try. */
export class Refused extends Error {
  constructor(message, { status = 0, code = 0, seconds = 0 } = {}) {
    super(message);
    Object.assign(this, { status, code, seconds });
  }

  /** Whether nobody knows if it was done: no answer came, or a server was away. */
  get unsure() {
    return this.status === 0 || this.status >= 500 || this.code === 1409;
  }
}

export const token = {
  get: () => localStorage.getItem(TOKEN) || '',
  set: (value) => localStorage.setItem(TOKEN, value),
  drop: () => localStorage.removeItem(TOKEN),
};

const endedListeners = [];
/** Calls back when the service no longer takes the token. */
export const onTokenEnded = (listener) => endedListeners.push(listener);

let ahead = 0; // milliseconds that the service's clock is ahead of this one
/** The service's time, in milliseconds. */
export const now = () => Date.now() + ahead;

async function send(method, path, { body, headers = {}, open = false } = {}) {
  const sent = open ? '' : token.get();
  const all = { ...headers };
  if (sent) all.Authorization = `Token ${sent}`;
  if (body !== undefined) all['Content-Type'] = 'application/json';
  let answer;
  try {
    answer = await fetch(`/api/${path}`, {
      method,
      headers: all,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE),
      cache: open ? 'no-cache' : 'no-store', // what everybody may see is kept, and asked for again
    });
  } catch {
    throw new Refused(navigator.onLine ? '没有收到服务器的响应' : '网络已断开');
  }
  return opened(answer, sent);
}

/** The envelope, opened. Raises Refused. */
async function opened(answer, sent) {
  const date = Date.parse(answer.headers.get('Date') || '');
  if (date) ahead = date - Date.now();
  const seconds = Number(answer.headers.get('Retry-After')) || 0;
  const { status } = answer;
  let envelope;
  try {
    envelope = await answer.json();
  } catch {
    throw new Refused('服务暂时不可用，请稍后再试', { status: status < 500 ? 0 : status, seconds });
  }
  if (envelope.code === SUCCESS) return { data: envelope.data, etag: answer.headers.get('ETag') };
  if (status === 401 && sent && sent === token.get()) {
    token.drop();
    endedListeners.forEach((listener) => listener());
  }
  const message = said(envelope.error, answer.headers.get('X-Error-Field'));
  throw new Refused(message || '请求失败', { status, code: envelope.code, seconds });
}

/** The error, with the field that is to blame by the name that the page gives it. */
function said(error, field) {
  if (!field || !error?.startsWith(`${field}: `)) return error;
  const words = error.slice(field.length + 2);
  return FIELDS[field] ? `${FIELDS[field]}：${words}` : words;
}

const data = async (...request) => (await send(...request)).data;

function queried(path, query) {
  const said = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  return said.length ? `${path}?${new URLSearchParams(said)}` : path;
}

/** Sends what must not be done twice under an Idempotency-Key that is kept until it is known what
 *  became of it: trying again, after a reload too, asks for the same. */
async function once(name, path, body) {
  const kept = `luffy.once.${name}`;
  const key = sessionStorage.getItem(kept) || crypto.getRandomValues(new Uint32Array(4)).join('-');
  sessionStorage.setItem(kept, key);
  try {
    const done = await data('POST', path, { body, headers: { 'Idempotency-Key': key } });
    sessionStorage.removeItem(kept);
    return done;
  } catch (error) {
    if (!error.unsure && error.status !== 429) sessionStorage.removeItem(kept);
    throw error;
  }
}

const matching = (etag) => (etag ? { 'If-Match': etag } : {});
const quoted = async (...request) => {
  const { data: quote, etag } = await send(...request);
  return { ...quote, etag };
};

export const api = {
  register: (username, password) =>
    data('POST', 'account/', { open: true, body: { username, password } }),
  account: () => data('GET', 'account/'),
  changePassword: (old_password, password) =>
    data('PATCH', 'account/', { body: { old_password, password } }),
  logIn: (username, password) => data('POST', 'auth/', { open: true, body: { username, password } }),
  logOut: () => data('DELETE', 'auth/'),

  categories: () => data('GET', 'category/', { open: true }),
  courses: (query = {}) => data('GET', queried('course/', query), { open: true }),
  course: (id) => data('GET', `course/${id}/`, { open: true }),

  car: () => data('GET', 'shoppingcar/'),
  addToCar: (courseid, policyid) => data('POST', 'shoppingcar/', { body: { courseid, policyid } }),
  changePolicy: (courseid, policyid) =>
    data('PATCH', 'shoppingcar/', { body: { courseid, policyid } }),
  removeFromCar: (courseids) => data('DELETE', 'shoppingcar/', { body: { courseids } }),

  settle: (courseids) => data('POST', 'payment/', { body: { courseids } }),
  settlement: () => data('GET', 'payment/'),
  /** `courseid` null for the site-wide coupon, `couponid` 0 for none; refused with 1412 where the
   *  settlement is no longer the one of this etag. */
  chooseCoupon: (courseid, couponid, etag) =>
    data('PATCH', 'payment/', {
      body: courseid === null ? { couponid } : { courseid, couponid },
      headers: matching(etag),
    }),
  /** What it costs now, with the `etag` of the settlement. */
  quote: () => quoted('GET', 'payment/quote/'),
  acceptToday: () => data('POST', 'payment/quote/'),
  best: () => data('GET', 'payment/best/'),
  chooseBest: (etag) => data('POST', 'payment/best/', { headers: matching(etag) }),

  /** The courses that bring the total down when they are bought too, what saves most first. */
  topUp: () => data('GET', 'payment/topup/'),

  order: (version, payment_type) =>
    once(`order.${version}`, 'order/', { version, payment_type }),
  orders: (query = {}) => data('GET', queried('order/', query)),
  orderOf: (number) => data('GET', `order/${number}/`),
  cancel: (number) => once(`cancel.${number}`, `order/${number}/cancel/`),
  pay: (number, payment_type, way) =>
    once(`pay.${number}.${payment_type}.${way}`, `order/${number}/pay/`, { payment_type, way }),
  refundPreview: (number, courseids = []) =>
    data('GET', queried(`order/${number}/refund/`, { courseids: courseids.join(',') })),
  refund: (number, courseids, reason) =>
    once(`refund.${number}.${courseids}.${reason}`, `order/${number}/refund/`, { courseids, reason }),

  coupons: (query = {}) => data('GET', queried('coupon/', query)),
  claim: (couponid) => once(`claim.${couponid}`, 'coupon/', { couponid }),
  claimByCode: (code) => once(`code.${code}`, 'coupon/', { code }),
  myCoupons: (query = {}) => data('GET', queried('couponrecord/', query)),
  myCourses: (query = {}) => data('GET', queried('enrolled/', query)),
};
