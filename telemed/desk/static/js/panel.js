// @ts-check
/** The parts of the panel: beside each other on a desk, one at a time on a small screen. */
import { byId } from './words.js';

export class Panel {
  constructor() {
    this.panel = byId('panel', HTMLElement);
    this.buttons = [.../** @type {NodeListOf<HTMLButtonElement>} */ (this.panel.querySelectorAll('[data-goto]'))];
    for (const button of this.buttons) button.addEventListener('click', () => this.#go(button.dataset.goto ?? ''));
    this.#mark();
  }

  /** @param {string} part */
  #go(part) {
    this.panel.dataset.shown = part;
    this.#mark();
    const tools = byId('tools', HTMLElement);
    const card = tools.querySelector(`[data-part="${part}"]`);
    if (!card) return;
    tools.scrollTop += card.getBoundingClientRect().top - tools.getBoundingClientRect().top;
    if (tools.scrollHeight <= tools.clientHeight) card.scrollIntoView({ block: 'nearest' }); // here the page scrolls
  }

  #mark() {
    for (const button of this.buttons) {
      button.setAttribute('aria-current', String(button.dataset.goto === this.panel.dataset.shown));
    }
  }
}
