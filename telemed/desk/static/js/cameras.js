// @ts-check
/** The room's cameras: which one is shown where, a still picture of each, and settings that are kept for skin. */
import { made } from './made.js';
import { byId, known, say } from './words.js';

/** @typedef {import('./devices.js').Devices} Devices */
/** @typedef {import('./devices.js').Camera} Camera */

const SLOTS = ['exam', 'second'];

export class Cameras {
  /** The camera of each picture; empty for none. */
  #shown = ['', ''];
  /** @type {Set<string>} */
  #locked = new Set();
  /** @type {Map<string, string>} */
  #names = new Map();

  /**
   * @param {(message: Parameters<Devices['say']>[0]) => void} tell
   * @param {(camera: string, name: string) => void} take a still picture is wanted
   */
  constructor(tell, take) {
    this.tell = tell;
    this.take = take;
    this.tiles = byId('tiles', HTMLElement);
  }

  /**
   * What the room has; the choice made before a reconnection is made again.
   * @param {Camera[]} cameras
   */
  offer(cameras) {
    if (cameras.length) byId('cameras', HTMLElement).replaceChildren(...cameras.map((camera, n) => this.#row(camera, n + 1)));
    this.#shown.forEach((camera, slot) => camera && this.tell({ type: 'select-camera', camera, slot }));
    for (const camera of this.#locked) this.tell({ type: 'lock-camera', camera, on: true });
    this.#press();
  }

  /**
   * @param {Camera} offered
   * @param {number} place its key, as far as there are digits
   */
  #row({ camera, name_key: key, simulated }, place) {
    const name = known(key) ? say(key) : camera;
    this.#names.set(camera, name);
    const row = made('div', { className: 'camera-row', role: 'group', ariaLabel: name }, '');
    row.dataset.camera = camera;
    const show = made('button', { type: 'button', className: 'second' }, name);
    if (simulated) show.append(made('small', {}, say('desk.js.simulated')));
    show.dataset.keyName = name;
    if (place < 10) show.dataset.key = String(place);
    const beside = made('button', { type: 'button', className: 'second' }, say('desk.js.camera.second'));
    const still = made('button', { type: 'button', className: 'second' }, say('desk.js.camera.still'));
    const lock = made('button', { type: 'button', className: 'second' }, say('desk.js.camera.lock'));
    [show, beside].forEach((button, slot) => {
      button.dataset.slot = String(slot);
      button.addEventListener('click', () => this.#select(camera, slot));
    });
    still.dataset.still = camera;
    still.dataset.keyName = `${say('desk.js.camera.still')}: ${name}`;
    still.addEventListener('click', () => this.take(camera, name));
    lock.dataset.lock = camera;
    lock.addEventListener('click', () => this.#lock(camera));
    row.append(show, beside, still, lock);
    return row;
  }

  /**
   * A camera is in one picture only; the second picture is put away by choosing its camera again.
   * @param {string} camera
   * @param {number} slot
   */
  #select(camera, slot) {
    const away = slot === 1 && this.#shown[1] === camera;
    this.#shown = this.#shown.map((shown) => (shown === camera ? '' : shown));
    if (!away) this.#shown[slot] = camera;
    this.tell({ type: 'select-camera', camera: away ? '' : camera, slot });
    const second = byId('second', HTMLElement);
    second.hidden = !this.#shown[1];
    this.tiles.dataset.big = !away ? (SLOTS[slot] ?? 'exam') : this.tiles.dataset.big === 'second' ? 'exam' : this.tiles.dataset.big;
    this.#press();
  }

  /** The patient said no: only a new choice asks again. @param {string} camera */
  refused(camera) {
    const slot = this.#shown.indexOf(camera);
    if (slot < 0) return;
    this.#shown[slot] = '';
    byId('second', HTMLElement).hidden = !this.#shown[1];
    this.#press();
  }

  /** @param {string} camera */
  #lock(camera) {
    const on = !this.#locked.delete(camera);
    if (on) this.#locked.add(camera);
    this.tell({ type: 'lock-camera', camera, on });
    this.#press();
  }

  #press() {
    for (const row of byId('cameras', HTMLElement).querySelectorAll('[data-camera]')) {
      const camera = /** @type {HTMLElement} */ (row).dataset.camera ?? '';
      for (const button of row.querySelectorAll('button')) {
        const { slot, lock } = button.dataset;
        if (slot !== undefined) button.setAttribute('aria-pressed', String(this.#shown[Number(slot)] === camera));
        if (lock !== undefined) button.setAttribute('aria-pressed', String(this.#locked.has(camera)));
        if (button.dataset.still && camera === this.#shown[0]) button.dataset.key = 'f';
        else if (button.dataset.still) delete button.dataset.key;
      }
    }
    this.#shown.forEach((camera, slot) => {
      const name = this.#names.get(camera);
      if (name) caption(SLOTS[slot] ?? '').textContent = name;
    });
  }

  /** Forget everything. */
  clear() {
    byId('cameras', HTMLElement).replaceChildren();
    this.#shown = ['', ''];
    this.#locked.clear();
    this.#names.clear();
  }
}

/** The words under a picture. @param {string} tile */
function caption(tile) {
  return /** @type {HTMLElement} */ (document.querySelector(`[data-enlarge="${tile}"]`));
}
