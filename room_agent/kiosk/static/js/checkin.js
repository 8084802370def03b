/**
 * Checking in: picture, letter, two digits, one decision a screen; or the slip's six digits, or its code before the
 * camera. Forgets everything when nobody goes on, and says so.
 */

import { Slip } from './slip.js';

/** @typedef {import('./line.js').Ticket} Ticket */

const ANSWER_MS = 12_000;
const SIX = 6;

export class CheckIn {
  #picture = '';
  #letter = '';
  #digits = '';
  #six = '';
  #step = 'picture';
  #timer = 0;

  /**
   * @param {HTMLElement} screen
   * @param {(ticket: Ticket) => void} send
   * @param {(code: string) => void} sendCode what the slip has: six digits, or what its QR code says
   */
  constructor(screen, send, sendCode) {
    this.screen = screen;
    this.send = send;
    this.sendCode = sendCode;
    const seen = /** @type {HTMLVideoElement} */ (document.getElementById('slip-seen'));
    this.slip = new Slip(seen, (code) => (code === null ? this.answer(false) : sendCode(code)));
    screen.addEventListener('click', (event) => {
      const button = event.target instanceof Element ? event.target.closest('button') : null;
      if (button) this.#pressed(button.dataset);
    });
    screen.addEventListener('pointerdown', () => this.busy && this.#wait());
  }

  /** Whether somebody is at it. */
  get busy() {
    return ['letter', 'digits', 'six', 'slip'].includes(this.#step);
  }

  /** Begin anew; nothing of the last person stays. */
  reset() {
    this.#note('forgot', false);
    this.#forget();
    this.#go('picture', 0);
  }

  /** @param {boolean} known the agent's answer */
  answer(known) {
    this.#forget();
    this.#go(known ? 'known' : 'unknown', ANSWER_MS);
  }

  #forget() {
    this.#picture = this.#letter = this.#digits = this.#six = '';
    this.slip.close();
  }

  /** @param {DOMStringMap} pressed */
  #pressed(pressed) {
    this.#note('forgot', false);
    if ('again' in pressed) this.reset();
    else if (pressed.picture) {
      this.#picture = pressed.picture;
      this.#go('letter');
    } else if (pressed.letter) {
      this.#letter = pressed.letter;
      this.#go('digits');
    } else if (pressed.digit && this.#digits.length < 2) {
      this.#digits += pressed.digit;
      this.#go('digits');
      if (this.#digits.length === 2) {
        this.send({ picture: this.#picture, letter: this.#letter, digits: this.#digits });
      }
    } else if (pressed.way === 'six') this.#go('six');
    else if (pressed.way === 'slip') this.#show();
    else if ('delete' in pressed) {
      this.#six = this.#six.slice(0, -1);
      this.#go('six');
    } else if (pressed.six && this.#six.length < SIX) {
      this.#six += pressed.six;
      this.#go('six');
      if (this.#six.length === SIX) this.sendCode(this.#six);
    }
  }

  async #show() {
    this.#go('slip');
    if (!(await this.slip.open())) this.#go('blind', ANSWER_MS);
  }

  /** Whoever began is given time; then she is asked, and only then the page begins anew. */
  #wait() {
    clearTimeout(this.#timer);
    this.#note('still', false);
    this.#timer = window.setTimeout(() => {
      this.#note('still', true);
      this.#timer = window.setTimeout(() => {
        this.reset();
        this.#note('forgot', true);
      }, Number(this.screen.dataset.forgetS) * 1000);
    }, Number(this.screen.dataset.stillS) * 1000);
  }

  /** @param {'still' | 'forgot'} which @param {boolean} on */
  #note(which, on) {
    const note = this.screen.querySelector(`[data-${which}]`);
    if (note instanceof HTMLElement) note.hidden = !on;
  }

  /**
   * @param {string} step
   * @param {number} [closeMs] the answer stays so long, 0 for ever; a step that asks for something waits for whoever began
   */
  #go(step, closeMs) {
    if (closeMs === undefined) this.#wait();
    else {
      clearTimeout(this.#timer);
      this.#note('still', false);
      if (closeMs) this.#timer = window.setTimeout(() => this.reset(), closeMs);
    }
    this.#step = step;
    for (const each of this.screen.querySelectorAll('[data-step]')) {
      if (each instanceof HTMLElement) each.hidden = each.dataset.step !== step;
    }
    const six = document.getElementById('six');
    if (six) six.textContent = `${this.#six.padEnd(SIX, '_').slice(0, 3)} ${this.#six.padEnd(SIX, '_').slice(3)}`;
    for (const chosen of this.screen.querySelectorAll('[data-chosen]')) this.#showChosen(chosen);
    this.screen.querySelector(`[data-step="${step}"] h1`)?.scrollIntoView({ block: 'nearest' });
  }

  /** @param {Element} element */
  #showChosen(element) {
    const code = document.createElement('span');
    code.className = 'ticket-code digits';
    code.textContent = this.#letter + ' ' + this.#digits.padEnd(2, '_');
    element.replaceChildren(...picture(this.#picture), code);
  }
}

/**
 * The picture of a ticket with its name, as the page's tiles have it; nothing for an unknown one.
 * @param {string} name
 * @returns {HTMLElement[]}
 */
export function picture(name) {
  const tile = document.querySelector(`button[data-picture="${CSS.escape(name)}"]`);
  if (!(tile instanceof HTMLElement)) return [];
  const image = document.createElement('img');
  image.src = `/static/tickets/${name}.svg`;
  image.alt = tile.dataset.name ?? '';
  image.className = 'ticket-picture';
  image.width = image.height = 96;
  return [image];
}
