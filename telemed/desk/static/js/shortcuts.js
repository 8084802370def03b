// @ts-check
/**
 * One key for each stream and tool: whatever carries `data-key` is pressed by that key, and shows it. Never while
 * somebody types, nor with a dialog open; can be turned off (WCAG 2.1.4). No measurement has a key: a slip of a finger
 * must not inflate a cuff.
 */
import { made } from './made.js';
import { byId } from './words.js';

const OFF = 'telemed-keys-off';
const TYPING = 'textarea, select, [contenteditable], input:not([type="radio"], [type="checkbox"])';

export class Shortcuts {
  constructor() {
    this.dialog = byId('keys-dialog', HTMLDialogElement);
    this.on = byId('keys-on', HTMLInputElement);
    this.on.checked = localStorage.getItem(OFF) === null;
    document.body.classList.toggle('keys-off', !this.on.checked);
    this.on.addEventListener('change', () => this.#turn(this.on.checked));
    byId('keys-help', HTMLButtonElement).addEventListener('click', () => this.#explain());
    byId('keys-close', HTMLButtonElement).addEventListener('click', () => this.dialog.close());
    document.addEventListener('keydown', (event) => this.#pressed(event));
  }

  /** Kept in this browser only. @param {boolean} on */
  #turn(on) {
    if (on) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, '1');
    document.body.classList.toggle('keys-off', !on);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if (document.querySelector('dialog[open]') || !this.on.checked) return;
    if (event.target instanceof Element && event.target.matches(TYPING)) return;
    const button = keyed().find((each) => each.dataset.key === event.key.toLowerCase());
    if (!button) return;
    event.preventDefault();
    button.click();
  }

  /** All keys that do something now. */
  #explain() {
    byId('keys-list', HTMLElement).replaceChildren(
      ...keyed().flatMap((button) => [
        made('dt', {}, (button.dataset.key ?? '').toUpperCase()),
        made('dd', {}, button.dataset.keyName ?? button.textContent?.trim() ?? ''),
      ]),
    );
    this.dialog.showModal();
  }
}

/** @returns {HTMLButtonElement[]} what can be pressed, in the order of the page */
function keyed() {
  const all = /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll('button[data-key]'));
  return [...all].filter((button) => !button.disabled && !button.closest('[hidden]'));
}
