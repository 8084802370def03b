// @ts-check
/**
 * Reads the sheet out by a voice of the device itself. A voice that asks a server would tell it what stands there, so
 * only those count that are on the device; without one the button stays away.
 */

/** @typedef {import('/static/js/instructions.js').Say} Say */

export class Speaker {
  #speaks = false;

  /**
   * @param {HTMLElement} button
   * @param {HTMLElement} note
   * @param {() => HTMLElement} text what is read
   * @param {string} language
   * @param {Say} say
   */
  constructor(button, note, text, language, say) {
    this.button = button;
    this.note = note;
    this.text = text;
    this.language = language;
    this.say = say;
    if (!('speechSynthesis' in globalThis)) return;
    this.#look();
    speechSynthesis.addEventListener('voiceschanged', () => this.#look());
    button.addEventListener('click', () => (this.#speaks ? this.#stop() : this.#begin()));
    addEventListener('pagehide', () => speechSynthesis.cancel());
  }

  /** @param {string} language */
  #voice(language) {
    const fits = (/** @type {SpeechSynthesisVoice} */ voice) => voice.localService && voice.lang.toLowerCase().startsWith(language);
    return speechSynthesis.getVoices().find(fits);
  }

  #look() {
    const has = Boolean(this.#voice(this.language));
    this.button.hidden = !has;
    this.note.textContent = this.say(has ? 'aftercare.speak.note' : 'aftercare.speak.not');
  }

  #begin() {
    const parts = [...this.text().querySelectorAll('h2, li, p')];
    for (const each of parts) this.#queue(each);
    this.#turn(true);
  }

  /** In the language of the words; what has no voice is left out. @param {Element} each */
  #queue(each) {
    const voice = this.#voice(each instanceof HTMLElement && each.lang ? each.lang : this.language);
    if (!voice) return;
    const said = new SpeechSynthesisUtterance(each.textContent ?? '');
    Object.assign(said, { voice, lang: voice.lang, rate: 0.9 });
    said.addEventListener('end', () => !speechSynthesis.pending && this.#turn(false));
    speechSynthesis.speak(said);
  }

  #stop() {
    speechSynthesis.cancel();
    this.#turn(false);
  }

  /** @param {boolean} on */
  #turn(on) {
    this.#speaks = on;
    this.button.setAttribute('aria-pressed', String(on));
    const words = /** @type {HTMLElement} */ (this.button.querySelector('span'));
    words.textContent = this.say(on ? 'aftercare.speak.stop' : 'aftercare.speak');
  }
}
