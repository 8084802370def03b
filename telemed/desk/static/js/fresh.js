// @ts-check
/**
 * Keeps a list of the day fresh: asks every 2 s whether it is still true (an answer without a name), and fetches the
 * page itself only when it is not. Ages are counted here. Without this script the page reloads by itself.
 */
import { parsed } from '/static/js/markup.js';
import { ago, byId, say } from './words.js';

const EVERY_MS = 2000;

let list = /** @type {HTMLElement} */ (document.querySelector('[data-fresh]'));
let lastTrue = performance.now();

/** Show how old each thing is, on the page's clock. */
function ages() {
  if (!list.isConnected) return;
  const now = Date.now() + Number(list.dataset.offsetS) * 1000;
  for (const element of list.querySelectorAll('[data-age]')) {
    if (element instanceof HTMLElement) element.textContent = ago(now - Date.parse(element.dataset.age ?? ''));
  }
  const silent = performance.now() - lastTrue > 3 * EVERY_MS;
  list.classList.toggle('stale', silent);
  notice().hidden = !silent;
}

/** The line that says that the centre does not answer. */
function notice() {
  if (!document.getElementById('stale')) {
    const made = document.createElement('p');
    made.id = 'stale';
    made.className = 'notice notice-stop';
    made.setAttribute('role', 'alert');
    made.hidden = true;
    made.textContent = say('desk.js.stale');
    list.before(made);
  }
  return byId('stale', HTMLElement);
}

async function check() {
  const answer = await fetch(/** @type {string} */ (list.dataset.fresh), { headers: { accept: 'application/json' } });
  if (answer.status === 401 || answer.status === 403) return ended();
  if (!answer.ok) return;
  lastTrue = performance.now();
  const { version, offset_s: offset } = await answer.json();
  for (const element of document.querySelectorAll('[data-offset-s]')) element.setAttribute('data-offset-s', offset);
  if (version !== list.dataset.version && !isBusy()) await renew();
}

/** Nobody is signed in any more: the page locks itself, or asks for it. */
function ended() {
  if (document.dispatchEvent(new Event('signed-out', { cancelable: true }))) location.reload();
}

/** Somebody is on a button in the list: swapping it away now would lose the click. */
function isBusy() {
  return list.querySelector('button:active, a:active') !== null;
}

async function renew() {
  const answer = await fetch(location.pathname, { headers: { accept: 'text/html' } });
  if (!answer.ok) return;
  const page = parsed(await answer.text());
  const fresh = page.querySelector('[data-fresh]');
  if (!(fresh instanceof HTMLElement)) return;
  const place = focusedForm();
  const open = [...list.querySelectorAll('details[open][id]')].map((each) => each.id);
  list.replaceWith(fresh);
  list = fresh;
  for (const details of list.querySelectorAll('details[id]')) details.toggleAttribute('open', open.includes(details.id));
  focusOn(place);
  ages();
}

function focusedForm() {
  return list.contains(document.activeElement) ? document.activeElement?.closest('form')?.getAttribute('action') : null;
}

/** @param {string | null | undefined} action where the focus was before */
function focusOn(action) {
  const form = [...list.querySelectorAll('form')].find((each) => action && each.getAttribute('action') === action);
  form?.querySelector('button')?.focus();
}

async function round() {
  try {
    await check();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // no network: the page says how old it is
  } finally {
    if (list.isConnected) setTimeout(round, EVERY_MS);
  }
}

ages();
setInterval(ages, 1000);
setTimeout(round, EVERY_MS);
