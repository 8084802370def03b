// @ts-check
/**
 * Notices on this device, switched on and off on the page of the own appointment. Nothing is asked before the button
 * is pressed; where the browser or the centre cannot do it, nothing is shown.
 */
import { scriptAt } from '/static/js/markup.js';

const PATH = '/mein-termin/nachrichten';
const WORKER = '/static/notify/js/push_worker.js';

/** @param {string} id */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {'on' | 'blocked' | 'failed' | ''} what */
function say(what) {
  part('push-said').textContent = what ? (part('push-said').dataset[what] ?? '') : '';
}

/** @param {boolean} on */
function show(on) {
  part('push-start').hidden = on;
  part('push-stop').hidden = !on;
  say(on ? 'on' : '');
}

/** @returns {Promise<string>} the centre's key; empty: it sends no such notices */
async function centreKey() {
  const answer = await fetch(PATH, { headers: { accept: 'application/json' } });
  return answer.ok ? (await answer.json()).key : '';
}

/**
 * @param {string} path
 * @param {PushSubscription} browser
 */
async function tell(path, browser) {
  const body = JSON.stringify(browser.toJSON());
  const answer = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  if (!answer.ok) throw new Error(`the centre answered ${answer.status}`);
}

/** @param {string} key */
async function start(key) {
  if ((await Notification.requestPermission()) !== 'granted') return say('blocked');
  const worker = await registered();
  const browser = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  await tell(PATH, browser);
  show(true);
}

/** @returns {Promise<ServiceWorkerRegistration>} once its worker can be reached */
async function registered() {
  const worker = await navigator.serviceWorker.register(scriptAt(WORKER));
  const coming = worker.installing ?? worker.waiting;
  if (coming && !worker.active) {
    await new Promise((done) => {
      coming.addEventListener('statechange', () => coming.state === 'activated' && done(undefined));
    });
  }
  return worker;
}

async function stop() {
  const worker = await navigator.serviceWorker.getRegistration(WORKER);
  const browser = await worker?.pushManager.getSubscription();
  if (browser) {
    await tell(`${PATH}/aus`, browser);
    await browser.unsubscribe();
  }
  show(false);
}

/** @param {() => Promise<void>} what */
function doing(what) {
  return () => what().catch(() => say('failed')); // the network, the push service or the centre: all said alike
}

async function begin() {
  if (!document.getElementById('push') || !('serviceWorker' in navigator) || !('PushManager' in window)) return;
  const key = await centreKey();
  if (!key) return;
  const worker = await navigator.serviceWorker.getRegistration(WORKER);
  show(Boolean(await worker?.pushManager.getSubscription()));
  part('push-start').addEventListener('click', doing(() => start(key)));
  part('push-stop').addEventListener('click', doing(stop));
  part('push').hidden = false;
}

begin();
