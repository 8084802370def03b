/**
 * In which language the page speaks: that of the visit, or the one chosen by its own name before it. Another language is
 * another page, which replaces this one: no way leads back to it. Who goes without a word leaves the page in German.
 */

/** @typedef {import('./line.js').Show} Show */

const GERMAN = 'de';
/** After so long without a touch nobody is there any more who chose. */
const FORGET_MS = 100_000;

export class Language {
  #own = document.getElementById('language')?.dataset.language ?? GERMAN;
  #touched = performance.now();
  #left = false;

  constructor() {
    for (const touch of ['pointerdown', 'keydown']) addEventListener(touch, () => (this.#touched = performance.now()));
    for (const link of document.querySelectorAll('a[data-language]')) {
      link.addEventListener('click', (event) => {
        event.preventDefault();
        this.#turnTo(link.getAttribute('data-language') ?? GERMAN);
      });
    }
  }

  /** @param {Show} show */
  update(show) {
    const { screen, language = '' } = show;
    if (screen === 'call' && language !== GERMAN && this.#isOffered(language)) this.#turnTo(language);
    else if (screen === 'cleaning') this.#turnTo(GERMAN);
    else if (screen === 'welcome' && performance.now() - this.#touched > FORGET_MS) this.#turnTo(GERMAN);
  }

  /** @param {string} language */
  #isOffered(language) {
    return document.querySelector(`a[data-language="${CSS.escape(language)}"]`) !== null;
  }

  /** @param {string} language */
  #turnTo(language) {
    if (language === this.#own || this.#left) return;
    this.#left = true;
    location.replace(language === GERMAN ? '/kiosk' : `/kiosk?sprache=${language}`);
  }
}
