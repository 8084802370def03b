/**
 * The pages at the door: this browser's key goes with a passkey or a one-time link, and the operator's key stands
 * behind the link's #. In an exercise signing in works without this script too; then the browser has no key that could
 * be trusted in a call.
 */

import { showPictures } from './distrust.js';
import { ownKey, pinOperator, publicKey } from './keys.js';
import { picturesOfKey } from './trust.js';

const A_KEY = /^#([A-Za-z0-9_-]{43})$/;

const form = /** @type {HTMLFormElement} */ (document.querySelector('#sign-in'));
const asking = /** @type {HTMLElement | null} */ (document.querySelector('#other-operator'));
/** @type {Record<string, string>} */
const words = JSON.parse(document.querySelector('#words')?.textContent ?? '{}');

/** Believe the operator's key of the link, if it is the first one that this browser hears of; else a person decides. */
async function pin() {
  const key = A_KEY.exec(location.hash)?.[1];
  if (!key || !asking || (await pinOperator(key)) !== 'other') return;
  const list = /** @type {HTMLElement} */ (asking.querySelector('[data-pictures]'));
  showPictures(list, await picturesOfKey(key), (word) => words[word] ?? '', 56);
  asking.hidden = false;
  asking.querySelector('[data-believe]')?.addEventListener('click', async () => {
    await pinOperator(key, { replace: true });
    asking.hidden = true;
    const believed = document.querySelector('#believed');
    if (believed instanceof HTMLElement) believed.hidden = false;
  });
}

const pinned = pin().catch(() => {}); // a browser that keeps nothing signs in, and is not trusted in a call

/** @param {string} name */
function field(name) {
  const found = form.elements.namedItem(name);
  return found instanceof HTMLInputElement ? found : null;
}

/** Say what went wrong, and nothing else. @param {string} what */
function trouble(what) {
  for (const each of document.querySelectorAll('[data-trouble]')) {
    if (each instanceof HTMLElement) each.hidden = each.dataset.trouble !== what;
  }
}

/** What the centre asks the authenticator, for this browser's key. @returns {Promise<any>} */
async function question() {
  const body = new URLSearchParams({ public_key: field('public_key')?.value ?? '' });
  const answer = await fetch(form.dataset.ask ?? '', { method: 'POST', body, headers: { accept: 'application/json' } });
  if (!answer.ok) throw new Refused();
  return answer.json();
}

class Refused extends Error {}

/** What the authenticator says, as JSON. */
async function answered() {
  const asked = await question();
  const credential = await (form.dataset.passkey === 'create'
    ? navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) })
    : navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) }));
  return JSON.stringify(/** @type {PublicKeyCredential} */ (credential).toJSON());
}

/** @param {unknown} error */
function whatWentWrong(error) {
  if (error instanceof Refused) return 'refused';
  if (!(error instanceof DOMException)) return 'unable';
  return { InvalidStateError: 'known', NotSupportedError: 'unable', SecurityError: 'unable' }[error.name] ?? 'declined';
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  trouble('');
  await pinned;
  const key = field('public_key');
  if (key) key.value = await ownKey().then(publicKey).catch(() => '');
  const answer = field('answer');
  try {
    if (answer) answer.value = await answered();
    form.submit();
  } catch (error) {
    trouble(whatWentWrong(error));
  }
});

if (form.dataset.atOnce !== undefined) form.requestSubmit();
const button = form.querySelector('button');
if (button) button.disabled = false; // a press before this would have asked no authenticator
