/**
 * The sign-in page: this browser's key goes with the one-time link, and the operator's key stands behind its #.
 *
 * Without this script signing in works too; then the browser has no key that could be trusted in a call.
 */

import { showPictures } from './distrust.js';
import { ownKey, pinOperator, publicKey } from './keys.js';
import { picturesOfKey } from './trust.js';

const A_KEY = /^#([A-Za-z0-9_-]{43})$/;

const form = /** @type {HTMLFormElement} */ (document.querySelector('#sign-in'));
const field = /** @type {HTMLInputElement} */ (form.querySelector('[name=public_key]'));
const asking = /** @type {HTMLElement} */ (document.querySelector('#other-operator'));
const believed = /** @type {HTMLElement} */ (document.querySelector('#believed'));
/** @type {Record<string, string>} */
const words = JSON.parse(document.querySelector('#words')?.textContent ?? '{}');

/** Believe the operator's key of the link, if it is the first one that this browser hears of; else a person decides. */
async function pin() {
  const key = A_KEY.exec(location.hash)?.[1];
  if (!key || (await pinOperator(key)) !== 'other') return;
  const list = /** @type {HTMLElement} */ (asking.querySelector('[data-pictures]'));
  showPictures(list, await picturesOfKey(key), (word) => words[word] ?? '', 56);
  asking.hidden = false;
  asking.querySelector('[data-believe]')?.addEventListener('click', async () => {
    await pinOperator(key, { replace: true });
    asking.hidden = true;
    believed.hidden = false;
  });
}

const pinned = pin().catch(() => {}); // a browser that keeps nothing signs in, and is not trusted in a call

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  await pinned;
  field.value = await ownKey().then(publicKey).catch(() => '');
  form.submit();
});
