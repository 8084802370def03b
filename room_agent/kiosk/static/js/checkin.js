/** Checking in: picture, letter, two digits, one decision a screen. Forgets everything when nobody goes on. */

/** @typedef {import('./line.js').Ticket} Ticket */

const FORGET_MS = 30_000;
const ANSWER_MS = 12_000;

export class CheckIn {
  #picture = '';
  #letter = '';
  #digits = '';
  #timer = 0;

  /**
   * @param {HTMLElement} screen
   * @param {(ticket: Ticket) => void} send
   */
  constructor(screen, send) {
    this.screen = screen;
    this.send = send;
    screen.addEventListener('click', (event) => {
      const button = event.target instanceof Element ? event.target.closest('button') : null;
      if (button) this.#pressed(button.dataset);
    });
  }

  /** Whether somebody is at it. */
  get busy() {
    return this.#picture !== '';
  }

  /** Begin anew; nothing of the last person stays. */
  reset() {
    this.#picture = this.#letter = this.#digits = '';
    this.#go('picture', 0);
  }

  /** @param {boolean} known the agent's answer */
  answer(known) {
    this.#picture = this.#letter = this.#digits = '';
    this.#go(known ? 'known' : 'unknown', ANSWER_MS);
  }

  /** @param {DOMStringMap} pressed */
  #pressed(pressed) {
    if ('again' in pressed) this.reset();
    else if (pressed.picture) {
      this.#picture = pressed.picture;
      this.#go('letter', FORGET_MS);
    } else if (pressed.letter) {
      this.#letter = pressed.letter;
      this.#go('digits', FORGET_MS);
    } else if (pressed.digit && this.#digits.length < 2) {
      this.#digits += pressed.digit;
      this.#go('digits', FORGET_MS);
      if (this.#digits.length === 2) {
        this.send({ picture: this.#picture, letter: this.#letter, digits: this.#digits });
      }
    }
  }

  /**
   * @param {string} step
   * @param {number} forgetMs after this long begin anew; 0 for never
   */
  #go(step, forgetMs) {
    clearTimeout(this.#timer);
    if (forgetMs) this.#timer = window.setTimeout(() => this.reset(), forgetMs);
    for (const each of this.screen.querySelectorAll('[data-step]')) {
      if (each instanceof HTMLElement) each.hidden = each.dataset.step !== step;
    }
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
