/**
 * Somebody in the room wants a hand: one press, on every screen, by the button or by a key beside the screen. What
 * becomes of it stands in words over the page, with the telephone, until somebody has come.
 */

/** @typedef {import('./line.js').Show} Show */
/** @typedef {'help' | 'new-appointment' | 'telephone'} What */
/** @typedef {{type: 'help', on: boolean, what?: What, through?: 'screen' | 'key'}} AskHelp */

/** So long a press counts before the agent has answered: then it was away, and the screen says so. */
const ANSWER_MS = 3000;

/** @param {string} id */
const by = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

export class Help {
  #pressed = 0;
  #timer = 0;
  /** @type {Show | null} */
  #show = null;

  /** @param {(message: AskHelp) => boolean} send whether the agent hears it */
  constructor(send) {
    this.send = send;
    by('help-button').addEventListener('click', () => this.ask('help', 'screen'));
    by('help-over').addEventListener('click', () => {
      this.#pressed = 0;
      send({ type: 'help', on: false });
      this.#look();
    });
    by('poor').addEventListener('click', ({ target }) => {
      const chosen = target instanceof Element ? target.closest('[data-poor]')?.getAttribute('data-poor') : null;
      if (chosen === 'another-day') this.ask('new-appointment', 'screen');
      if (chosen === 'telephone') this.ask('telephone', 'screen');
    });
  }

  /** @param {What} what @param {'screen' | 'key'} through */
  ask(what, through) {
    this.#pressed = this.send({ type: 'help', on: true, what, through }) ? performance.now() : Number.NEGATIVE_INFINITY;
    this.#look();
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#look(), ANSWER_MS);
    by('help').scrollIntoView({ block: 'nearest' });
  }

  /** @param {Show} show */
  update(show) {
    this.#show = show;
    if (show.help) this.#pressed = 0;
    by('help-phone').textContent = show.help_phone;
    by('help-phone-line').hidden = show.help_phone === '';
    this.#look();
  }

  /** The agent is away: nobody says any more what becomes of it. */
  away() {
    if (this.#show) this.#show = { ...this.#show, help: '', line_ok: false };
    this.#look();
  }

  #look() {
    const { help = '', help_what: what = 'help', line_ok: isUp = false } = this.#show ?? {};
    const waits = this.#pressed !== 0;
    const heard = waits && performance.now() - this.#pressed < ANSWER_MS;
    const state = help !== '' ? (help === 'asked' && !isUp ? 'line' : help) : heard ? 'asked' : waits ? 'line' : '';
    const place = by('help');
    place.hidden = state === '';
    place.dataset.state = state;
    place.dataset.what = help && what ? what : 'help';
    for (const part of place.querySelectorAll('[data-when], [data-what]')) {
      if (!(part instanceof HTMLElement) || part === place) continue;
      const wanted = part.dataset.when ? part.dataset.when === state : part.dataset.what === place.dataset.what;
      if (part.hidden === wanted) part.hidden = !wanted;
    }
  }
}
