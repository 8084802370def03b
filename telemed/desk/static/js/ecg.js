// @ts-check
/**
 * The ECG on its grid: 25 mm/s and 10 mm/mV, as the device sends it. What is missing stays empty. No rate, no finding:
 * the heart rate is the device's, among the values.
 */
import { NO_VALUE, assess } from './quality.js';
import { byId, say } from './words.js';

/** @typedef {import('./wave.js').Piece} Piece */
/** @typedef {import('./quality.js').Grade} Grade */
/** @typedef {{columns: number, rows: number, wide: number, high: number, ratio: number}} Page one lead's place in mm; pixels for each CSS px */

const PX_PER_MM = 96 / 25.4;
const MM_PER_S = 25;
const MM_PER_MV = 10;
const ROW_MM = 25;
const BASELINE_MM = 15; // below the upper edge of a row: there is more above the baseline than below
const NAME_MM = 10;
const RUBBER_MM = 6;
const COLUMN_MM = 75;
const MOST_COLUMNS = 4; // of 3 rows each: the twelve leads as they are printed, and room for the pictures
const JUDGED_S = 3;
const LOOK_MS = 1000;
const SILENT_MS = 2000;
/** By the low half of the code in ISO/IEEE 11073-10101; 256 is an ECG of no named lead. @type {Record<number, string>} */
const NAMES = {
  256: 'belt', 257: 'I', 258: 'II', 317: 'III', 318: 'aVR', 319: 'aVL', 320: 'aVF',
  259: 'V1', 260: 'V2', 261: 'V3', 262: 'V4', 263: 'V5', 264: 'V6',
};
/** @type {Grade[]} */
const GRADES = ['good', 'bad', 'unusable'];

/** @param {number} code */
export function leadName(code) {
  const name = NAMES[code];
  return name && name !== 'belt' ? name : say('desk.js.ecg.belt');
}

const CLOCK = new Intl.DateTimeFormat('de-DE', { timeZone: 'Europe/Berlin', hour: '2-digit', minute: '2-digit', second: '2-digit' });

export class Ecg {
  /** What the room said last of the request; not yet anything is as good as asked for. @type {'asked' | 'done' | 'failed'} */
  #request = 'asked';
  /** The doctor has put it away. */
  #closed = false;
  /** When the first and the last sample on it were recorded, real time. */
  #recorded = { from: Number.NaN, to: Number.NaN };
  /** @type {number[]} */
  #codes = [];
  /** The last seconds of each lead, as sent. @type {number[][]} */
  #kept = [];
  #rate = 0;
  #scale = 0;
  #lastSeq = -1;
  /** Samples since the curve began, with those that are missing. */
  #count = 0;
  /** The last sample of each lead in mV, NaN where the pen is up. @type {number[]} */
  #pen = [];
  #frozen = false;
  #lastHeard = -Infinity;
  #timer = 0;
  #laidPx = 0;
  /** @type {Page | null} */
  #page = null;

  constructor() {
    this.box = byId('ecg', HTMLElement);
    this.grid = byId('ecg-grid', HTMLCanvasElement);
    this.canvas = byId('ecg-canvas', HTMLCanvasElement);
    this.freeze = byId('ecg-freeze', HTMLButtonElement);
    this.freeze.addEventListener('click', () => this.#hold(!this.#frozen));
    this.close = byId('ecg-close', HTMLButtonElement);
    this.close.addEventListener('click', () => this.#putAway());
    this.resized = new ResizeObserver(() => this.box.clientWidth !== this.#laidPx && this.#lay());
    this.resized.observe(this.box);
  }

  /** @param {boolean} frozen */
  #mark(frozen) {
    this.#frozen = frozen;
    this.freeze.setAttribute('aria-pressed', String(frozen));
    this.freeze.textContent = say(frozen ? 'desk.js.ecg.go_on' : 'desk.js.ecg.freeze');
  }

  /** @param {boolean} frozen */
  #hold(frozen) {
    this.#mark(frozen);
    if (!frozen) this.#lay();
    this.#say();
  }

  /** Whether the room records. @param {import('./devices.js').Progress} progress */
  progress({ kind, state }) {
    if (kind !== 'ecg') return;
    const again = this.#request !== 'asked';
    this.#request = state === 'done' || state === 'failed' ? state : 'asked';
    if (this.#request === 'asked' && again) this.#forget();
    else if (this.#codes.length) this.#say();
  }

  /** The curve of the request before goes with it. */
  #forget() {
    this.#closed = false;
    this.#codes = [];
    this.#rate = 0;
    this.#lastSeq = -1;
    this.#mark(false);
    this.box.hidden = true;
    clearInterval(this.#timer);
  }

  #putAway() {
    this.#forget();
    this.#closed = true;
  }

  /** @param {Piece} piece */
  hear(piece) {
    if (this.#closed) return;
    if (this.#request === 'failed') this.#request = 'asked'; // it sends again
    const { codes, rateHz, scale, samples } = piece;
    if (String(codes) !== String(this.#codes) || rateHz !== this.#rate) this.#start(codes, rateHz);
    this.#scale = scale;
    const length = samples.length / codes.length;
    const jumped = this.#lastSeq >= 0 && piece.seq !== this.#lastSeq + 1;
    this.#lastSeq = piece.seq;
    this.#lastHeard = performance.now();
    if (Number.isNaN(this.#recorded.from)) this.#recorded.from = piece.tMs;
    this.#recorded.to = piece.tMs + (length / rateHz) * 1000;
    this.#keep(samples);
    if (!this.#frozen) this.#draw(piece, length, piece.gap + (jumped ? length : 0));
  }

  /**
   * @param {number[]} codes
   * @param {number} rateHz
   */
  #start(codes, rateHz) {
    this.#codes = codes;
    this.#rate = rateHz;
    this.#kept = codes.map(() => []);
    this.#pen = codes.map(() => Number.NaN);
    this.#recorded = { from: Number.NaN, to: Number.NaN };
    this.box.hidden = false;
    clearInterval(this.#timer);
    this.#timer = window.setInterval(() => this.#say(), LOOK_MS);
    this.#lay();
  }

  /** @param {Int16Array} samples */
  #keep(samples) {
    const leads = this.#codes.length;
    samples.forEach((sample, n) => this.#kept[n % leads]?.push(sample));
    const most = JUDGED_S * this.#rate;
    for (const kept of this.#kept) kept.splice(0, kept.length - most);
  }

  /** Divide the paper among the leads and draw its grid; the curve begins anew. */
  #lay() {
    if (!this.#codes.length || this.#frozen || this.#request === 'done') return;
    const ratio = window.devicePixelRatio || 1;
    this.#laidPx = this.box.clientWidth;
    const paperMm = this.canvas.clientWidth / PX_PER_MM;
    const fit = Math.max(1, Math.min(MOST_COLUMNS, Math.floor(paperMm / COLUMN_MM)));
    const columns = this.#codes.length > 3 ? fit : 1;
    const rows = Math.ceil(this.#codes.length / columns);
    const page = { columns, rows, wide: paperMm / columns, high: ROW_MM * rows, ratio };
    this.#page = page;
    this.#count = 0;
    this.#pen.fill(Number.NaN);
    for (const canvas of [this.grid, this.canvas]) {
      canvas.style.height = `${page.high * PX_PER_MM}px`;
      canvas.width = Math.round(paperMm * PX_PER_MM * ratio);
      canvas.height = Math.round(page.high * PX_PER_MM * ratio);
    }
    this.#drawGrid(page);
  }

  /** A line each mm, a stronger one each 5 mm; each lead's name at its beginning. @param {Page} page */
  #drawGrid({ columns, wide, high, ratio }) {
    const paper = this.grid.getContext('2d');
    if (!paper) return;
    const mm = PX_PER_MM * ratio;
    const style = getComputedStyle(this.grid);
    for (const each of [1, 5]) {
      paper.strokeStyle = style.getPropertyValue(each === 1 ? '--ecg-fine' : '--ecg-strong');
      paper.lineWidth = each === 1 ? ratio / 2 : ratio;
      paper.beginPath();
      for (let x = 0; x <= wide * columns; x += each) {
        paper.moveTo(x * mm, 0);
        paper.lineTo(x * mm, high * mm);
      }
      for (let y = 0; y <= high; y += each) {
        paper.moveTo(0, y * mm);
        paper.lineTo(wide * columns * mm, y * mm);
      }
      paper.stroke();
    }
    paper.fillStyle = style.color;
    paper.font = `700 ${Math.round(14 * ratio)}px ${style.fontFamily}`;
    this.#codes.forEach((code, lead) => {
      const { left, zero } = this.#cell(lead);
      paper.fillText(leadName(code), (left + 1) * mm, (zero - BASELINE_MM + 5) * mm);
    });
  }

  /** Where a lead has its place, in mm. @param {number} lead */
  #cell(lead) {
    const { rows, wide } = this.#page ?? { rows: 1, wide: 0 };
    return { left: Math.floor(lead / rows) * wide, zero: (lead % rows) * ROW_MM + BASELINE_MM };
  }

  /**
   * @param {Piece} piece
   * @param {number} length samples for each lead
   * @param {number} missing samples for each lead before it
   */
  #draw({ samples, codes }, length, missing) {
    const paper = this.canvas.getContext('2d');
    const page = this.#page;
    if (!paper || !page || !page.wide) return;
    if (missing) this.#pen.fill(Number.NaN);
    this.#rub(paper, page, missing + length);
    this.#count += missing;
    const [mm, span] = [PX_PER_MM * page.ratio, page.wide - NAME_MM];
    const at = (/** @type {number} */ n) => ((n / this.#rate) * MM_PER_S) % span;
    paper.strokeStyle = getComputedStyle(this.canvas).color;
    paper.lineWidth = 1.5 * page.ratio;
    paper.lineJoin = 'round';
    paper.beginPath();
    for (let lead = 0; lead < codes.length; lead++) {
      const { left, zero } = this.#cell(lead);
      let before = this.#pen[lead] ?? Number.NaN;
      for (let n = 0; n < length; n++) {
        const sample = /** @type {number} */ (samples[n * codes.length + lead]);
        const value = sample === NO_VALUE ? Number.NaN : sample * this.#scale;
        const [from, to] = [at(this.#count + n - 1), at(this.#count + n)];
        if (!Number.isNaN(before) && !Number.isNaN(value) && to > from) {
          paper.moveTo((left + NAME_MM + from) * mm, (zero - before * MM_PER_MV) * mm);
          paper.lineTo((left + NAME_MM + to) * mm, (zero - value * MM_PER_MV) * mm);
        }
        before = value;
      }
      this.#pen[lead] = before;
    }
    paper.stroke();
    this.#count += length;
  }

  /**
   * Take away what is a whole sweep old, a little ahead of the pen.
   * @param {CanvasRenderingContext2D} paper
   * @param {Page} page
   * @param {number} samples
   */
  #rub(paper, page, samples) {
    const [mm, span] = [PX_PER_MM * page.ratio, page.wide - NAME_MM];
    const wide = Math.min(span, (samples / this.#rate) * MM_PER_S);
    const from = ((this.#count / this.#rate) * MM_PER_S) % span;
    for (let column = 0; column < page.columns; column++) {
      const left = column * page.wide + NAME_MM;
      const end = Math.min(span, from + wide + RUBBER_MM);
      paper.clearRect((left + from) * mm + 1, 0, (end - from) * mm, this.canvas.height);
      const over = from + wide + RUBBER_MM - span;
      if (over > 0) paper.clearRect(left * mm, 0, over * mm, this.canvas.height);
    }
  }

  /** The quality, worst first, with the leads that it is about. */
  #say() {
    const over = this.#request !== 'asked';
    const silent = !over && performance.now() - this.#lastHeard > SILENT_MS;
    const found = this.#kept.map((kept) => assess(kept, this.#rate, this.#scale));
    const worst = GRADES.findLast((grade) => found.some((each) => each.grade === grade)) ?? 'bad';
    /** @type {Map<string, string[]>} */
    const troubles = new Map();
    found.forEach(({ trouble }, lead) => {
      if (trouble) troubles.set(trouble, [...(troubles.get(trouble) ?? []), leadName(this.#codes[lead] ?? 256)]);
    });
    const because = [...troubles].map(([trouble, leads]) => {
      const where = leads.length === this.#codes.length ? say('desk.js.ecg.all_leads') : leads.join(', ');
      return say(`desk.js.ecg.trouble.${trouble}`, { where });
    });
    const quality = [say(`desk.js.ecg.grade.${worst}`), ...because].join(' ');
    this.#put('ecg-quality', silent ? say('desk.js.ecg.none') : quality);
    this.box.dataset.grade = silent ? 'unusable' : worst;
    this.#put('ecg-state', this.#stateInWords(silent));
    this.freeze.hidden = over;
    this.close.hidden = !over;
    const name = say('desk.js.ecg.name', { leads: this.#codes.map(leadName).join(', '), quality });
    if (this.canvas.getAttribute('aria-label') !== name) this.canvas.setAttribute('aria-label', name);
  }

  /** @param {boolean} silent */
  #stateInWords(silent) {
    if (this.#request !== 'asked') {
      const offsetMs = Number(byId('visit', HTMLElement).dataset.offsetS ?? 0) * 1000; // as all times on the page
      const [from, to] = [this.#recorded.from, this.#recorded.to].map((moment) => CLOCK.format(moment + offsetMs));
      return say('desk.js.ecg.ended', { from: from ?? '', to: to ?? '' });
    }
    if (this.#frozen) return say('desk.js.ecg.frozen');
    return silent ? '' : say('desk.js.ecg.live');
  }

  /**
   * @param {string} id
   * @param {string} text
   */
  #put(id, text) {
    const place = byId(id, HTMLElement);
    if (place.textContent !== text) place.textContent = text;
  }

  /** Forget everything. */
  clear() {
    clearInterval(this.#timer);
    this.resized.disconnect();
    this.#codes = [];
    this.#kept = [];
    this.#rate = 0;
    for (const canvas of [this.grid, this.canvas]) canvas.getContext('2d')?.clearRect(0, 0, canvas.width, canvas.height);
    this.box.hidden = true;
  }
}
