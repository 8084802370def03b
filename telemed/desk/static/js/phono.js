// @ts-check
/** The stethoscope's sound to look at, from the lossless samples: phonocardiogram, spectrogram, level, overload. */
import { byId, say } from './words.js';

/** @typedef {import('./wave.js').Piece} Piece */

const WINDOW_S = 4;
const FULL = 32_700;
const CLIPPED_MS = 1500;
const FFT_SAMPLES = 256; // 64 ms at 4,000 Hz, 15.6 Hz for each row
const HOP_SAMPLES = 64;
const TOP_HZ = 1000;
const FLOOR_DB = -90;
const QUIET_DB = -60;

/**
 * Magnitudes of the first half of the spectrum of *samples* under a Hann window (radix 2, in place).
 * @param {Float32Array} samples their number is a power of two
 */
export function spectrum(samples) {
  const size = samples.length;
  const re = samples.map((value, n) => (value * (1 - Math.cos((2 * Math.PI * n) / size))) / size);
  const im = new Float32Array(size);
  for (let n = 1, m = 0; n < size; n++) {
    let bit = size >> 1;
    for (; m & bit; bit >>= 1) m ^= bit;
    m ^= bit;
    if (n < m) [re[n], re[m]] = [/** @type {number} */ (re[m]), /** @type {number} */ (re[n])];
  }
  for (let length = 2; length <= size; length *= 2) butterflies(re, im, length);
  return re.map((value, n) => 2 * Math.hypot(value, /** @type {number} */ (im[n]))).subarray(0, size / 2);
}

/**
 * @param {Float32Array} re
 * @param {Float32Array} im
 * @param {number} length
 */
function butterflies(re, im, length) {
  const half = length / 2;
  for (let begin = 0; begin < re.length; begin += length) {
    for (let n = 0; n < half; n++) {
      const angle = (-2 * Math.PI * n) / length;
      const [a, b] = [begin + n, begin + n + half];
      const [x, y] = [/** @type {number} */ (re[b]), /** @type {number} */ (im[b])];
      const [u, v] = [x * Math.cos(angle) - y * Math.sin(angle), x * Math.sin(angle) + y * Math.cos(angle)];
      const [p, q] = [/** @type {number} */ (re[a]), /** @type {number} */ (im[a])];
      [re[a], im[a], re[b], im[b]] = [p + u, q + v, p - u, q - v];
    }
  }
}

export class Phono {
  /** The last seconds; NaN where samples are missing. */
  #samples = new Float32Array(0);
  #rate = 0;
  #lastSeq = -1;
  #since = 0;
  #clippedAt = -Infinity;
  #frame = 0;
  #frozen = false;
  #changed = false;

  constructor() {
    this.curve = byId('phono-canvas', HTMLCanvasElement);
    this.colours = byId('spectrum-canvas', HTMLCanvasElement);
    this.freeze = byId('phono-freeze', HTMLButtonElement);
    this.freeze.addEventListener('click', () => this.#hold(!this.#frozen));
  }

  /** @param {boolean} frozen */
  #hold(frozen) {
    this.#frozen = frozen;
    this.freeze.setAttribute('aria-pressed', String(frozen));
  }

  /** @param {Piece} piece one lead */
  hear(piece) {
    if (piece.rateHz !== this.#rate) {
      this.#rate = piece.rateHz;
      this.#samples = new Float32Array(WINDOW_S * piece.rateHz).fill(Number.NaN);
    }
    const jumped = this.#lastSeq >= 0 && piece.seq !== this.#lastSeq + 1;
    this.#lastSeq = piece.seq;
    const missing = piece.gap + (jumped ? piece.samples.length : 0);
    if (piece.samples.some((sample) => Math.abs(sample) >= FULL)) this.#clippedAt = performance.now();
    if (this.#frozen) return;
    this.#push(new Float32Array(Math.min(missing, this.#samples.length)).fill(Number.NaN));
    this.#push(Float32Array.from(piece.samples, (sample) => sample * piece.scale));
    this.#changed = true;
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  /** @param {Float32Array} more */
  #push(more) {
    if (!more.length) return;
    this.#samples.copyWithin(0, more.length);
    this.#samples.set(more, this.#samples.length - more.length);
    this.#since += more.length;
  }

  #draw() {
    this.#frame = 0;
    if (!this.#changed) return;
    this.#changed = false;
    this.#drawCurve();
    this.#drawColours();
    this.#sayLevel();
  }

  #drawCurve() {
    const paper = sized(this.curve);
    if (!paper) return;
    const { width, height } = this.curve;
    const peak = this.#samples.reduce((most, value) => Math.max(most, Math.abs(value) || 0), 0);
    const larger = 2 ** Math.max(0, Math.min(10, Math.floor(Math.log2(0.9 / Math.max(peak, 1e-4)))));
    byId('phono-scale', HTMLElement).textContent = say(larger > 1 ? 'desk.js.phono.larger' : 'desk.js.phono.scale', {
      seconds: WINDOW_S,
      larger,
    });
    paper.clearRect(0, 0, width, height);
    paper.fillStyle = getComputedStyle(this.curve).color;
    const each = this.#samples.length / width;
    for (let x = 0; x < width; x++) {
      let [low, high] = [Infinity, -Infinity];
      for (let n = Math.floor(x * each); n < (x + 1) * each; n++) {
        const value = /** @type {number} */ (this.#samples[n]);
        if (value < low) low = value;
        if (value > high) high = value;
      }
      if (low > high) continue; // missing: nothing is drawn
      const top = (height / 2) * (1 - high * larger);
      paper.fillRect(x, top, 1, Math.max(1, (height / 2) * (1 - low * larger) - top));
    }
  }

  #drawColours() {
    const paper = sized(this.colours);
    if (!paper) return;
    const { width, height } = this.colours;
    const columns = Math.floor(this.#since / HOP_SAMPLES);
    this.#since -= columns * HOP_SAMPLES;
    const wide = (width * HOP_SAMPLES) / this.#samples.length;
    if (columns) paper.drawImage(this.colours, -columns * wide, 0);
    const rows = Math.round((TOP_HZ * FFT_SAMPLES) / this.#rate);
    for (let back = columns; back > 0; back--) {
      const end = this.#samples.length - this.#since - (back - 1) * HOP_SAMPLES;
      const heard = spectrum(this.#samples.slice(end - FFT_SAMPLES, end));
      const x = width - back * wide;
      paper.clearRect(x, 0, wide + 1, height);
      for (let row = 0; row < rows; row++) {
        const level = 1 - (20 * Math.log10(/** @type {number} */ (heard[row]) || 1e-9)) / FLOOR_DB;
        paper.fillStyle = colour(level);
        paper.fillRect(x, height * (1 - (row + 1) / rows), wide + 1, height / rows + 1);
      }
    }
  }

  #sayLevel() {
    const last = this.#samples.subarray(-this.#rate / 4).filter((value) => !Number.isNaN(value));
    const square = last.reduce((sum, value) => sum + value * value, 0) / Math.max(1, last.length);
    const level = Math.max(FLOOR_DB, 10 * Math.log10(square || 1e-9));
    byId('level', HTMLMeterElement).value = level;
    const key = level < QUIET_DB ? 'desk.js.phono.quiet' : 'desk.js.phono.level';
    byId('level-text', HTMLElement).textContent = say(key, { level: Math.round(level) });
    const clipped = performance.now() - this.#clippedAt < CLIPPED_MS;
    const light = byId('clipped', HTMLElement);
    if (light.hidden === clipped) light.hidden = !clipped;
  }

  /** Forget everything. */
  clear() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#samples = new Float32Array(0);
    this.#rate = this.#since = 0;
    this.#lastSeq = -1;
    this.#hold(false);
    for (const canvas of [this.curve, this.colours]) canvas.getContext('2d')?.clearRect(0, 0, canvas.width, canvas.height);
  }
}

/** From white (silence) over blue to black. @param {number} level 0 to 1 */
function colour(level) {
  const part = Math.max(0, Math.min(1, level));
  return `hsl(215 ${Math.round(60 * part)}% ${Math.round(100 - 92 * part)}%)`;
}

/** In the device's own pixels. @param {HTMLCanvasElement} canvas */
function sized(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  return width && height ? canvas.getContext('2d') : null;
}
