// @ts-check
/** The oximeter's curve as it comes: the last seconds, gaps shown as gaps. */
import { byId, say } from './words.js';

const WINDOW_MS = 6000;
const LAG_MS = 250;
const SILENT_MS = 2000;
const JITTER_MS = 250;

/** @typedef {import('./wave.js').Piece} Piece */

export class Pleth {
  /** @type {{t: number, value: number}[]} a value of NaN lifts the pen */
  #points = [];
  #lastSeq = -1;
  /** Where the next sample belongs, in the room's ms. */
  #next = -Infinity;
  #lastHeard = -Infinity;
  /** Room clock minus this page's monotonic clock, in ms, smoothed. */
  #ahead = Number.NaN;
  #frame = 0;

  constructor() {
    this.box = byId('pleth', HTMLElement);
    this.canvas = byId('pleth-canvas', HTMLCanvasElement);
    this.state = byId('pleth-state', HTMLElement);
  }

  /** @param {Piece} piece one lead */
  hear(piece) {
    const begin = this.#beginOf(piece);
    piece.samples.forEach((sample, n) => {
      this.#points.push({ t: begin + (n * 1000) / piece.rateHz, value: sample * piece.scale });
    });
    this.#lastSeq = piece.seq;
    this.#lastHeard = performance.now();
    this.#next = begin + (piece.samples.length * 1000) / piece.rateHz;
    this.#keepTime(this.#next - performance.now());
    this.#begin();
  }

  /**
   * When the piece begins: right after the one before it, whatever the radio's jitter says; else after a gap.
   * @param {Piece} piece
   */
  #beginOf({ seq, tMs, gap }) {
    const follows = seq === this.#lastSeq + 1 && gap === 0 && Math.abs(tMs - this.#next) < JITTER_MS;
    if (follows) return this.#next + (tMs - this.#next) * 0.02;
    if (this.#lastSeq >= 0) this.#points.push({ t: tMs, value: Number.NaN });
    if (tMs < this.#next) this.#points = [];
    return tMs;
  }

  /** @param {number} ahead */
  #keepTime(ahead) {
    const far = Number.isNaN(this.#ahead) || Math.abs(ahead - this.#ahead) > 1000;
    this.#ahead = far ? ahead : this.#ahead + (ahead - this.#ahead) * 0.1;
  }

  #begin() {
    this.box.hidden = false;
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    const end = performance.now() + this.#ahead - LAG_MS;
    const first = this.#points.findIndex(({ t }) => t > end - WINDOW_MS);
    this.#points.splice(0, first < 0 ? this.#points.length : first);
    const silent = performance.now() - this.#lastHeard > SILENT_MS;
    const said = say(silent ? 'desk.js.pleth.none' : 'desk.js.pleth.live');
    if (this.state.textContent !== said) this.state.textContent = said;
    this.#paint(end);
    this.#frame = requestAnimationFrame(() => this.#draw());
  }

  /** @param {number} end the room's moment at the right edge */
  #paint(end) {
    const { canvas } = this;
    const paper = canvas.getContext('2d');
    if (!paper) return;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    paper.clearRect(0, 0, width, height);
    const values = this.#points.map(({ value }) => value).filter((value) => !Number.isNaN(value));
    const [low, high] = [Math.min(...values), Math.max(...values)];
    paper.strokeStyle = getComputedStyle(canvas).color;
    paper.lineWidth = 2 * ratio;
    paper.beginPath();
    let drawing = false;
    for (const { t, value } of this.#points) {
      if (t > end) break;
      const x = width * (1 - (end - t) / WINDOW_MS);
      const y = height * (0.95 - (0.9 * (value - low)) / (high - low || 1));
      if (drawing && !Number.isNaN(value)) paper.lineTo(x, y);
      else if (!Number.isNaN(value)) paper.moveTo(x, y);
      drawing = !Number.isNaN(value);
    }
    paper.stroke();
  }

  /** Forget everything. */
  clear() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#points = [];
    this.#lastSeq = -1;
    this.canvas.getContext('2d')?.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.box.hidden = true;
  }
}
