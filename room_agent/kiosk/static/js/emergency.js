/**
 * Help from the room: a button that is always there in a talk, and a large question before anything happens, elsewhere
 * on the screen and closed by itself, so that an elbow calls nobody. Then the room sounds until somebody comes.
 */

/** @typedef {import('./line.js').Show} Show */

/** So long the question stays. */
const ASKS_MS = 20_000;
/** So long its answer is not taken: it was the end of the first press. */
const UNSEEN_MS = 500;
const EVERY_MS = 2000;
/** Hz, and when it begins, in seconds: short enough to talk in between. */
const TONES = [
  [988, 0],
  [740, 0.3],
];
const TONE_S = 0.25;
const LOUDNESS = 0.4;

/** @param {string} id */
const by = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

export class Emergency {
  #told = false;
  /** What the other ends of the talk say, also while the agent is away. */
  #talked = false;
  #timer = 0;
  #sounding = 0;
  /** @type {AudioContext | null} */
  #context = null;

  /** @param {(on: boolean) => void} call tell everybody who can help */
  constructor(call) {
    this.call = call;
    this.ask = /** @type {HTMLDialogElement} */ (by('emergency-ask'));
    by('emergency-button').addEventListener('click', () => this.#ask());
    by('emergency-yes').addEventListener('click', () => {
      this.#unask();
      this.#talked = true;
      call(true);
      this.#show();
    });
    by('emergency-no').addEventListener('click', () => this.#unask());
    by('emergency-over').addEventListener('click', () => {
      this.#talked = this.#told = false;
      call(false);
      this.#show();
    });
  }

  #ask() {
    const yes = /** @type {HTMLButtonElement} */ (by('emergency-yes'));
    yes.disabled = true;
    setTimeout(() => (yes.disabled = false), UNSEEN_MS);
    this.ask.showModal();
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#unask(), ASKS_MS);
  }

  #unask() {
    clearTimeout(this.#timer);
    if (this.ask.open) this.ask.close();
  }

  /** An end of the talk says that there is one, or that it is over. @param {boolean} on */
  heard(on) {
    this.#talked = on;
    if (!on) this.#told = false;
    this.#show();
  }

  /** @param {Show} show */
  update(show) {
    by('emergency-button').hidden = false;
    const told = (show.emergency ?? '') !== '';
    if (this.#told && !told) this.#talked = false; // it was called off
    this.#told = told;
    by('emergency-helped').hidden = !show.helped;
    by('emergency-called').hidden = show.helped ?? false;
    by('emergency-place').textContent = [show.room_name, show.address, show.floor].filter(Boolean).join(', ');
    by('emergency').dataset.helped = String(show.helped ?? false);
    this.#show();
  }

  #show() {
    const on = this.#told || this.#talked;
    by('emergency').hidden = !on;
    if (on) this.#unask();
    const sounds = on && by('emergency').dataset.helped !== 'true';
    if (sounds === this.#sounding > 0) return;
    clearInterval(this.#sounding);
    this.#sounding = sounds ? window.setInterval(() => this.#sound(), EVERY_MS) : 0;
    if (sounds) this.#sound();
  }

  #sound() {
    const context = (this.#context ??= new AudioContext());
    for (const [hz, after] of TONES) {
      const gain = new GainNode(context, { gain: LOUDNESS });
      const source = new OscillatorNode(context, { frequency: Number(hz), type: 'triangle' });
      source.connect(gain).connect(context.destination);
      const at = context.currentTime + Number(after);
      source.start(at);
      source.stop(at + TONE_S);
    }
  }

  /** The talk is over; whoever is called comes all the same. */
  clear() {
    this.#told = this.#talked = false;
    by('emergency').dataset.helped = 'false';
    by('emergency-place').textContent = '';
    by('emergency-helped').hidden = true;
    by('emergency-called').hidden = false;
    this.#unask();
    this.#show();
    by('emergency-button').hidden = true;
  }
}
