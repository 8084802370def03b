/** What is not well in the room: a quiet line below, for the assistant who stands before the screen. */

import { words } from './words.js';

/** @typedef {{subject: string, device_name?: string, severity: 'warn' | 'block', text_key: string, fix_key: string, alarm: boolean}} Check */

const place = /** @type {HTMLDetailsElement} */ (document.getElementById('room-checks'));
const list = /** @type {HTMLUListElement} */ (document.getElementById('room-checks-list'));
let shown = '';

/**
 * @param {Check[]} checks
 * @param {boolean} alone nobody talks here or says goodbye
 */
export function showChecks(checks, alone) {
  place.hidden = checks.length === 0 || !alone;
  if (place.hidden) place.open = false;
  const now = JSON.stringify(checks);
  if (now === shown) return;
  shown = now;
  const summary = words('kiosk.checks.summary').replace('{n}', String(checks.length));
  /** @type {HTMLElement} */ (place.querySelector('summary')).textContent = summary;
  list.replaceChildren(...checks.map(entry));
}

/** @param {Check} check */
function entry(check) {
  const item = document.createElement('li');
  item.dataset.subject = check.subject;
  item.dataset.severity = check.severity;
  const picture = document.createElement('img');
  Object.assign(picture, { src: `/static/checks/${check.subject}.svg`, alt: '', width: 64, height: 64 });
  const text = document.createElement('p');
  const name = document.createElement('strong');
  name.textContent = `${check.device_name || words(`check.subject.${check.subject}`)}: `;
  const fix = document.createElement('span');
  fix.textContent = words(check.fix_key);
  text.append(name, `${words(check.text_key)} `, fix);
  item.append(picture, text);
  return item;
}
