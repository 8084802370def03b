// @ts-check
/**
 * The doctor's day: whether the operator has signed this browser's key, before a patient waits for it. Until then the
 * page shows six pictures, which the operator asks for on the telephone.
 */
import { showPictures } from '/static/js/distrust.js';
import { operatorKeys, publicKey, roster } from '/static/js/keys.js';
import { picturesOfKey } from '/static/js/trust.js';
import { byId, say } from './words.js';

const EVERY_MS = 3000;
const box = byId('unreleased', HTMLElement);

/** @param {string} mine */
async function look(mine) {
  const isReleased = (await roster())?.keys.some(({ role, key }) => role === 'doctor' && key === mine) ?? false;
  byId('no-operator', HTMLElement).hidden = (await operatorKeys()).length > 0;
  box.hidden = isReleased;
  if (!isReleased) setTimeout(look, EVERY_MS, mine);
}

const mine = await publicKey();
showPictures(byId('own-pictures', HTMLElement), await picturesOfKey(mine), say, 56);
await look(mine);
