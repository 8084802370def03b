// Says what has just appeared, for who does not read: the question of a screen, and the name of what was pressed.
// Only words of the catalogue are spoken; a name or a number on the screen stays silent. It is quiet where nobody is:
// on the first screen it speaks to whoever has touched it a moment ago.

const TOLD = 'main h1, main h2, main .lead, main [data-measuring] p:not(.picture)';
const QUIET_SCREENS = ['starting', 'pairing', 'cleaning'];
const SETTLES_MS = 200;
const TOUCHED_MS = 15_000;
const MOST = 4;

/** @param {Element} element */
const seen = (element) => element.getClientRects().length > 0;
/** @param {Element} element */
const textOf = (element) => (element.textContent ?? '').replace(/\s+/g, ' ').trim();

/** @param {string} address */
async function fetched(address) {
  const answer = await fetch(address).catch(() => null);
  return answer?.ok && answer.status !== 204 ? answer.blob() : null;
}

export class Speak {
  /** @type {Set<string>} */
  #before = new Set();
  /** @type {HTMLAudioElement | null} */
  #sound = null;
  #turn = 0;
  /** @type {Promise<void>} */
  #going = Promise.resolve();
  #timer = 0;
  #touched = -TOUCHED_MS;
  #language = document.getElementById('language')?.dataset.language ?? 'de';

  /** @param {HTMLElement} main */
  constructor(main) {
    this.main = main;
    const look = () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#look(), SETTLES_MS);
    };
    new MutationObserver(look).observe(main, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ['hidden'] });
    main.addEventListener('click', (event) => this.#pressed(event.target), { capture: true });
    addEventListener('pagehide', () => this.#stop());
  }

  /** @param {EventTarget | null} target */
  #pressed(target) {
    this.#touched = performance.now();
    const button = target instanceof Element ? target.closest('button') : null;
    if (!button) return;
    const { picture, letter, digit } = button.dataset;
    const key = picture ? `ticket.${picture}` : letter ? `signage.spoken.letter.${letter.toLowerCase()}` : digit ? `signage.spoken.digit.${digit}` : '';
    this.#say(key ? [`${this.#language}/${key}.mp3`] : []);
  }

  #look() {
    const screen = document.body.dataset.screen ?? 'starting';
    const shown = [...this.main.querySelectorAll(TOLD)].filter(seen).map(textOf).filter((text) => text !== '');
    const fresh = [...new Set(shown)].filter((text) => !this.#before.has(text));
    this.#before = new Set(shown);
    if (fresh.length === 0 || QUIET_SCREENS.includes(screen)) return;
    if (screen === 'welcome' && performance.now() - this.#touched > TOUCHED_MS) return;
    this.#say(fresh.slice(0, MOST).map((text) => `${this.#language}?text=${encodeURIComponent(text)}`), true);
  }

  #stop() {
    this.#turn += 1;
    this.#sound?.pause();
    this.#sound = null;
  }

  /**
   * One after the other; what was being said gives way, or, with *after*, is heard to its end first.
   * @param {string[]} what
   * @param {boolean} [after]
   */
  #say(what, after = false) {
    if (!after) this.#stop();
    const turn = this.#turn;
    this.#going = (after ? this.#going : Promise.resolve()).then(() => this.#speak(what, turn));
  }

  /** @param {string[]} what @param {number} turn */
  async #speak(what, turn) {
    for (const one of what) {
      const blob = turn === this.#turn ? await fetched(`/vorlesen/worte/${one}`) : null;
      if (blob && turn === this.#turn) await this.#play(blob);
    }
  }

  /** @param {Blob} blob */
  async #play(blob) {
    const sound = (this.#sound = new Audio(URL.createObjectURL(blob)));
    const ended = new Promise((done) => {
      for (const name of ['ended', 'error', 'pause']) sound.addEventListener(name, done, { once: true });
    });
    try {
      await sound.play();
      await ended;
    } catch {
      // a browser that may not speak by itself stays silent
    } finally {
      URL.revokeObjectURL(sound.src);
    }
  }
}
