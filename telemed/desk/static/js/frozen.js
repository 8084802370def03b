// @ts-check
/**
 * A picture held still in this page, to be drawn on. The live pictures go on beside it. Nothing of it is kept unless the
 * doctor saves it or puts it to what is handed over.
 */
import { draw, moved, visible } from './marks.js';
import { byId, onTheClock, say } from './words.js';

/** @typedef {import('./marks.js').Mark} Mark */
/** @typedef {import('./marks.js').Point} Point */
/** @typedef {import('./marks.js').Tool} Tool */
/** @typedef {import('./pictures.js').Picture} Picture */

/** How far the arrow keys go, in parts of the picture's width; with Shift. */
const STEP = 1 / 200;
const LEAP = 1 / 25;
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Frozen {
  /** @type {ImageBitmap | null} */
  #frame = null;
  /** @type {Mark[]} */
  #marks = [];
  /** @type {Mark | null} what is being drawn */
  #mark = null;
  /** @type {Tool} */
  #tool = 'arrow';
  /** Where the keyboard's cross is; null as long as the mouse draws. @type {Point | null} */
  #cross = null;
  #at = new Date(0);
  #name = '';

  /** @param {(picture: Picture) => void} keep to what is handed over */
  constructor(keep) {
    this.keep = keep;
    this.tiles = byId('tiles', HTMLElement);
    this.tile = byId('frozen', HTMLElement);
    this.canvas = byId('frozen-picture', HTMLCanvasElement);
    this.bar = byId('draw', HTMLElement);
    this.undo = byId('draw-undo', HTMLButtonElement);
    byId('freeze', HTMLButtonElement).addEventListener('click', () => this.#freeze());
    byId('draw-live', HTMLButtonElement).addEventListener('click', () => this.live());
    byId('draw-save', HTMLButtonElement).addEventListener('click', () => this.#save());
    byId('draw-keep', HTMLButtonElement).addEventListener('click', () => this.#keep());
    this.undo.addEventListener('click', () => this.#takeBack());
    for (const button of this.bar.querySelectorAll('button')) {
      if (button.dataset.tool) button.addEventListener('click', () => this.#choose(button));
    }
    this.canvas.addEventListener('pointerdown', (event) => this.#down(event));
    this.canvas.addEventListener('pointermove', (event) => this.#move(this.#point(event), event.buttons !== 0));
    this.canvas.addEventListener('pointerup', () => this.#finish());
    this.canvas.addEventListener('keydown', (event) => this.#key(event));
  }

  /** Hold the big picture. */
  async #freeze() {
    const big = this.tiles.dataset.big ?? '';
    const video = this.tiles.querySelector(`[data-tile="${big}"] video`);
    if (!(video instanceof HTMLVideoElement) || !video.videoWidth) return;
    const frame = await createImageBitmap(video);
    this.#forget();
    this.#frame = frame;
    this.#at = new Date();
    this.#name = video.closest('figure')?.querySelector('figcaption')?.textContent?.trim() ?? '';
    Object.assign(this.canvas, { width: frame.width, height: frame.height });
    const label = say('desk.js.draw.still', { time: onTheClock(this.#at.getTime()) });
    this.canvas.ariaLabel = `${label}, ${this.#name}`;
    /** @type {HTMLElement} */ (this.tile.querySelector('figcaption button')).textContent = label;
    byId('draw-title', HTMLElement).textContent = say('desk.js.draw.title', { label, name: this.#name });
    this.tile.hidden = this.bar.hidden = false;
    this.tiles.dataset.before = big;
    this.tiles.dataset.big = 'frozen';
    this.#draw();
  }

  /** The still is put away. */
  live() {
    this.#forget();
    this.tile.hidden = this.bar.hidden = true;
    if (this.tiles.dataset.big === 'frozen') this.tiles.dataset.big = this.tiles.dataset.before ?? 'patient';
  }

  #forget() {
    this.#frame?.close();
    this.#frame = this.#mark = this.#cross = null;
    this.#marks = [];
    Object.assign(this.canvas, { width: 0, height: 0 });
  }

  /** @param {HTMLButtonElement} chosen */
  #choose(chosen) {
    this.#tool = /** @type {Tool} */ (chosen.dataset.tool);
    for (const button of this.bar.querySelectorAll('[data-tool]')) {
      button.setAttribute('aria-pressed', String(button === chosen));
    }
  }

  /**
   * Where on the picture, however large it is shown; the picture keeps its shape inside its frame.
   * @param {PointerEvent} event
   * @returns {Point}
   */
  #point({ clientX, clientY }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const scale = Math.min(width / this.canvas.width, height / this.canvas.height);
    return {
      x: (clientX - left - (width - this.canvas.width * scale) / 2) / scale,
      y: (clientY - top - (height - this.canvas.height * scale) / 2) / scale,
    };
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0 || !this.#frame) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.#cross = null;
    this.#mark = { tool: this.#tool, points: [this.#point(event)] };
  }

  /**
   * @param {Point} to
   * @param {boolean} drawing
   */
  #move(to, drawing) {
    if (!this.#mark || !drawing) return;
    this.#mark = moved(this.#mark, to);
    this.#draw();
  }

  #finish() {
    if (this.#mark && visible(this.#mark)) this.#marks.push(this.#mark);
    this.#mark = null;
    this.#draw();
  }

  /** Arrow keys move a cross, Enter begins and ends a mark. @param {KeyboardEvent} event */
  #key(event) {
    const { key, shiftKey } = event;
    const way = ARROWS[key];
    if (!this.#frame || (!way && key !== 'Enter' && key !== 'Backspace')) return;
    event.preventDefault();
    if (key === 'Backspace') return this.#takeBack();
    this.#cross ??= { x: this.canvas.width / 2, y: this.canvas.height / 2 };
    if (way) this.#walk(way, shiftKey ? LEAP : STEP);
    else if (this.#mark) this.#finish();
    else this.#mark = { tool: this.#tool, points: [this.#cross] };
    this.#draw();
  }

  /**
   * @param {[number, number]} way
   * @param {number} step
   */
  #walk([right, down], step) {
    const { width, height } = this.canvas;
    const from = this.#cross ?? { x: 0, y: 0 };
    this.#cross = {
      x: Math.min(width, Math.max(0, from.x + right * step * width)),
      y: Math.min(height, Math.max(0, from.y + down * step * width)),
    };
    this.#move(this.#cross, true);
  }

  #takeBack() {
    this.#marks.pop();
    this.#draw();
  }

  #draw() {
    const paper = this.canvas.getContext('2d');
    if (!paper || !this.#frame) return;
    paper.drawImage(this.#frame, 0, 0);
    for (const mark of [...this.#marks, ...(this.#mark ? [this.#mark] : [])]) draw(paper, mark);
    this.undo.disabled = this.#marks.length === 0;
    if (this.#cross) this.#drawCross(paper, this.#cross);
  }

  /**
   * @param {CanvasRenderingContext2D} paper
   * @param {Point} at
   */
  #drawCross(paper, { x, y }) {
    const arm = paper.canvas.width / 60;
    draw(paper, { tool: 'pen', points: [{ x: x - arm, y }, { x: x + arm, y }] });
    draw(paper, { tool: 'pen', points: [{ x, y: y - arm }, { x, y: y + arm }] });
  }

  /** The picture with its marks, without the keyboard's cross. @returns {Promise<Picture | null>} */
  async #picture() {
    this.#cross = null;
    this.#draw();
    const { width, height } = this.canvas;
    const [at, name, marked] = [this.#at, this.#name, this.#marks.length > 0];
    /** @type {Blob | null} */
    const blob = await new Promise((done) => this.canvas.toBlob(done, 'image/png'));
    if (!blob) return null;
    const title = say(marked ? 'desk.js.draw.marked' : 'desk.js.draw.plain', { name });
    return { id: crypto.randomUUID(), blob, width, height, title, takenAt: at.toISOString() };
  }

  async #save() {
    const picture = await this.#picture();
    if (!picture) return;
    const link = document.createElement('a');
    link.href = URL.createObjectURL(picture.blob);
    link.download = `standbild-${picture.takenAt.slice(0, 19).replaceAll(':', '')}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  async #keep() {
    const picture = await this.#picture();
    if (!picture) return;
    this.keep(picture);
    byId('draw-title', HTMLElement).textContent = say('desk.js.draw.kept');
  }

  /** Forget everything. */
  clear() {
    this.#forget();
  }
}
