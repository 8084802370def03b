/** How loud a voice is: rules, and a bar with plain words. Nothing of the sound is kept. */

/** @typedef {'good' | 'quiet' | 'none'} Hearing */

/** Root mean square of full scale: below the first nobody hears anything, below the second hardly (-54 and -40 dB). */
const FAINT = 0.002;
const QUIET = 0.01;

/** Speech has pauses: the loudest moment of the last seconds counts. */
export class Ear {
  /** @type {{level: number, at: number}[]} */
  #heard = [];
  #since = 0;

  /**
   * @param {number} windowMs
   */
  constructor(windowMs) {
    this.windowMs = windowMs;
  }

  /**
   * @param {number} level
   * @param {number} now milliseconds of the monotonic clock
   * @returns {Hearing | ''} '' until it has listened long enough to say that something is amiss
   */
  hear(level, now) {
    this.#since ||= now;
    this.#heard = [...this.#heard.filter(({ at }) => now - at < this.windowMs), { level, at: now }];
    const most = Math.max(...this.#heard.map((each) => each.level));
    if (most >= QUIET) return 'good';
    if (now - this.#since < this.windowMs) return '';
    return most >= FAINT ? 'quiet' : 'none';
  }

  /** Begin anew: what was heard says nothing of what comes. */
  forget() {
    this.#heard = [];
    this.#since = 0;
  }
}

/** @param {Float32Array} samples of one moment */
export function loudness(samples) {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

/** A level as a bar shows it, 0 to 1: from -60 to 0 dB. @param {number} level */
export function bar(level) {
  return Math.min(1, Math.max(0, 1 + (20 * Math.log10(Math.max(level, 1e-6))) / 60));
}

const NOTES_HZ = [523, 659, 784];
const NOTE_S = 0.4;

/** Three notes, to hear whether anything is heard. @param {AudioContext} context */
export async function playNotes(context) {
  await context.resume();
  NOTES_HZ.forEach((frequency, place) => {
    const at = context.currentTime + place * NOTE_S;
    const loud = new GainNode(context, { gain: 0.2 });
    const note = new OscillatorNode(context, { frequency });
    note.connect(loud).connect(context.destination);
    note.start(at);
    note.stop(at + NOTE_S * 0.9);
  });
}
