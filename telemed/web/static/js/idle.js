/**
 * Staff who do nothing are signed out. Two minutes before, the page asks; one button gives more time. What was done on
 * other pages of this browser counts, and so does a call: the centre is asked how much is left before anybody is.
 */

const WARNED_S = 120;
const TOLD_EVERY_MS = 60_000;
const SIGNED_OUT = '/anmelden?grund=ende&weiter=';

const dialog = /** @type {HTMLDialogElement} */ (document.querySelector('dialog.idle'));
const button = /** @type {HTMLButtonElement} */ (dialog.querySelector('[data-stay]'));
const left = /** @type {HTMLElement} */ (dialog.querySelector('[data-idle-minutes]'));
const token = document.querySelector('meta[name=form-token]')?.getAttribute('content') ?? '';

let endsAt = performance.now() + Number(dialog.dataset.idleLeftS) * 1000;
/** @type {number | undefined} */
let waiting;
let isLocked = false;

/** @param {string} path @param {RequestInit} how */
async function asked(path, how) {
  const answer = await fetch(path, { ...how, headers: { accept: 'application/json', 'x-form-token': token } });
  if (answer.status === 401) signedOut();
  if (!answer.ok) return;
  const { left_s: leftS } = await answer.json();
  endsAt = performance.now() + leftS * 1000;
}

/** What is on the page is nobody's business any more. Where it is called for help, it goes on to be. */
function signedOut() {
  const again = SIGNED_OUT + encodeURIComponent(location.pathname + location.search);
  const alarms = document.querySelector('[data-alarms]');
  if (alarms) lock(alarms, again);
  else location.replace(again);
}

/**
 * Nothing stays of the page but who calls: what sounds would be silent on another page until somebody touches it.
 *
 * @param {Element} alarms
 * @param {string} again where to sign in
 */
function lock(alarms, again) {
  if (isLocked) return;
  isLocked = true;
  clearTimeout(waiting);
  const cover = /** @type {HTMLTemplateElement} */ (document.querySelector('template[data-locked]')).content;
  cover.querySelector('a')?.setAttribute('href', again);
  document.querySelector('main')?.replaceChildren(alarms, cover);
  for (const rest of document.querySelectorAll('.site-bar button, .account-line, dialog')) rest.remove();
}

document.addEventListener('signed-out', (event) => {
  event.preventDefault();
  signedOut();
});

async function look() {
  let leftS = (endsAt - performance.now()) / 1000;
  if (leftS <= WARNED_S) {
    await asked('/konto/stand', {}).catch(() => {}); // without a network the page ends when it said that it would
    leftS = (endsAt - performance.now()) / 1000;
  }
  if (isLocked) return;
  if (leftS <= 0) return signedOut();
  show(leftS);
  clearTimeout(waiting);
  waiting = setTimeout(look, leftS > WARNED_S ? (leftS - WARNED_S) * 1000 : 1000);
}

/** @param {number} leftS */
function show(leftS) {
  if (leftS > WARNED_S) return dialog.close();
  const seconds = Math.max(0, Math.ceil(leftS));
  left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  if (!dialog.open) dialog.showModal();
}

button.addEventListener('click', async () => {
  await asked('/konto/weiter', { method: 'POST' }).catch(() => {});
  await look();
});

let told = performance.now();
for (const kind of ['pointerdown', 'keydown']) {
  addEventListener(kind, () => {
    if (performance.now() - told < TOLD_EVERY_MS) return;
    told = performance.now(); // writing on a page is doing something, though the centre hears nothing of it
    asked('/konto/weiter', { method: 'POST' }).catch(() => {});
  });
}

look();

export {}; // a module, so that its names are its own
