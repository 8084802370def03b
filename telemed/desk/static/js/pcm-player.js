// @ts-check
/**
 * Plays the stethoscope's lossless sound (4,000 Hz) inside an AudioWorklet: sample for sample, never stretched.
 * What is missing is silence and is counted; what piled up is skipped and is counted.
 */

const SOUND_HZ = 4000;
const BEGIN_SAMPLES = 240; // 60 ms: with pieces of 40 ms it plays between 40 and 80 ms behind
const MOST_SAMPLES = 880; // 220 ms
const LONGEST_GAP = 4000;
const TAPS = 32; // each side 16 samples: flat to 1,750 Hz, 60 dB down from 2,250 Hz on
const BETA = 5.65;

/** Bessel function of the first kind, order 0, by its series. @param {number} x */
function bessel(x) {
  let [sum, term] = [1, 1];
  for (let k = 1; term > 1e-9 * sum; k++) {
    term *= (x / 2 / k) ** 2;
    sum += term;
  }
  return sum;
}

/**
 * A windowed sinc (Kaiser), one row for each place between two samples; each row sums to 1.
 * @param {number} factor output samples for each sample
 */
function filter(factor) {
  return Array.from({ length: factor }, (_, phase) => {
    const row = Float32Array.from({ length: TAPS }, (_unused, tap) => {
      const at = tap - TAPS / 2 + 1 - phase / factor;
      const window = bessel(BETA * Math.sqrt(Math.max(0, 1 - (at / (TAPS / 2)) ** 2))) / bessel(BETA);
      return window * (at === 0 ? 1 : Math.sin(Math.PI * at) / (Math.PI * at));
    });
    const sum = row.reduce((total, each) => total + each, 0);
    return row.map((each) => each / sum);
  });
}

class PcmPlayer extends AudioWorkletProcessor {
  /** What has come and was not played yet, and before it the last `TAPS` that were. */
  #samples = new Float32Array(TAPS + 2 * MOST_SAMPLES + LONGEST_GAP);
  #filled = TAPS;
  #phase = 0;
  #playing = false;
  #counts = { played: 0, dropouts: 0, skipped: 0 };
  #rows = filter(Math.round(sampleRate / SOUND_HZ));

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      if (data === 'forget') this.#forget();
      else this.#take(data.samples, data.gap);
    };
  }

  get #waiting() {
    return this.#filled - TAPS;
  }

  #forget() {
    this.#samples.fill(0);
    this.#filled = TAPS;
    this.#playing = false;
    this.#counts = { played: 0, dropouts: 0, skipped: 0 };
  }

  /**
   * @param {Int16Array} samples
   * @param {number} gap samples that are missing before them
   */
  #take(samples, gap) {
    if (this.#playing) this.#put(new Int16Array(Math.min(gap, LONGEST_GAP)));
    this.#put(samples);
    const over = this.#waiting - MOST_SAMPLES;
    if (over <= 0) return;
    const skip = this.#waiting - BEGIN_SAMPLES;
    this.#samples.copyWithin(0, skip, this.#filled);
    this.#filled -= skip;
    this.#counts.skipped += skip;
  }

  /** @param {Int16Array} samples */
  #put(samples) {
    const room = this.#samples.length - this.#filled;
    const taken = samples.subarray(Math.max(0, samples.length - room));
    for (const sample of taken) this.#samples[this.#filled++] = sample / 32768;
  }

  /**
   * @param {Float32Array[][]} _inputs
   * @param {Float32Array[][]} outputs
   */
  process(_inputs, outputs) {
    const out = outputs[0]?.[0];
    if (!out) return true;
    if (!this.#playing && this.#waiting >= BEGIN_SAMPLES) this.#playing = true;
    if (this.#playing) this.#play(out);
    return true;
  }

  /** @param {Float32Array} out */
  #play(out) {
    let begin = 0;
    for (let n = 0; n < out.length; n++) {
      if (begin >= this.#waiting) {
        this.#counts.dropouts += 1;
        this.#playing = false;
        break;
      }
      const row = /** @type {Float32Array} */ (this.#rows[this.#phase]);
      let sum = 0;
      row.forEach((weight, tap) => {
        sum += weight * /** @type {number} */ (this.#samples[begin + 1 + tap]);
      });
      out[n] = sum;
      this.#phase += 1;
      if (this.#phase === this.#rows.length) {
        this.#phase = 0;
        begin += 1;
      }
    }
    this.#samples.copyWithin(0, begin, this.#filled);
    this.#filled -= begin;
    this.#counts.played += begin;
    this.port.postMessage({ ...this.#counts, waiting: this.#waiting });
  }
}

registerProcessor('pcm-player', PcmPlayer);
