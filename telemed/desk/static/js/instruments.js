// @ts-check
/** The buttons of the panel: measurements with their progress in words, cameras. */
import { byId, known, say } from './words.js';

/** @typedef {import('./devices.js').Devices} Devices */
/** @typedef {import('./devices.js').Sources} Sources */
/** @typedef {import('./devices.js').Progress} Progress */

const RUNNING = ['waiting', 'measuring'];
/** @type {Record<string, string>} */
const MOODS = { ready: 'ok', measuring: 'ok', connecting: 'warn', absent: 'stop', error: 'stop' };

export class Instruments {
  /** @type {Map<string, {button: HTMLButtonElement, said: HTMLElement, device: HTMLElement, running: boolean}>} */
  #kinds = new Map();
  #camera = '';

  /** @param {(message: Parameters<Devices['say']>[0]) => void} tell */
  constructor(tell) {
    this.tell = tell;
  }

  /**
   * What the room has; the choice made before a reconnection is made again.
   * @param {Sources} sources
   */
  offer(sources) {
    byId('simulated', HTMLElement).hidden = !sources.simulated;
    this.#offerKinds(sources.kinds);
    this.#offerCameras(sources);
    if (this.#camera) this.tell({ type: 'select-camera', camera: this.#camera });
  }

  /** @param {string[]} kinds */
  #offerKinds(kinds) {
    byId('kinds', HTMLElement).replaceChildren();
    byId('progress', HTMLElement).replaceChildren();
    this.#kinds.clear();
    for (const kind of kinds) {
      const button = made('button', { type: 'button' }, say(`desk.js.ask.${kind}`));
      button.dataset.kind = kind;
      const said = made('p', { className: 'progress-line' }, '');
      const device = made('span', { className: 'chip chip-quiet device-is' }, '');
      const entry = { button, said, device, running: false };
      button.addEventListener('click', () => this.tell({ type: entry.running ? 'stop' : 'ask', kind }));
      this.#kinds.set(kind, entry);
      const place = made('div', { className: 'kind' }, '');
      place.append(button, device);
      byId('kinds', HTMLElement).append(place);
      byId('progress', HTMLElement).append(said);
    }
  }

  /** @param {Sources} sources */
  #offerCameras({ cameras }) {
    const buttons = cameras.map(({ camera, name_key: key, simulated }) => {
      const name = known(key) ? say(key) : camera;
      const button = made('button', { type: 'button', className: 'second' }, name);
      button.dataset.camera = camera;
      if (simulated) button.append(made('small', {}, say('desk.js.simulated')));
      button.addEventListener('click', () => this.#select(camera));
      return button;
    });
    if (buttons.length) byId('cameras', HTMLElement).replaceChildren(...buttons);
    this.#press();
  }

  /** @param {string} camera */
  #select(camera) {
    this.#camera = camera;
    this.tell({ type: 'select-camera', camera });
    this.#press();
    byId('tiles', HTMLElement).dataset.big = 'exam';
  }

  #press() {
    for (const button of byId('cameras', HTMLElement).querySelectorAll('button')) {
      button.setAttribute('aria-pressed', String(button.dataset.camera === this.#camera));
    }
  }

  /** @param {Progress} progress */
  progress({ kind, state, reason }) {
    const entry = this.#kinds.get(kind);
    if (!entry) return;
    entry.running = RUNNING.includes(state);
    entry.button.textContent = say(entry.running ? `desk.js.stop.${kind}` : `desk.js.ask.${kind}`);
    entry.button.classList.toggle('second', entry.running);
    entry.said.dataset.state = state;
    entry.said.textContent = inWords(kind, state, reason ?? '');
  }

  /** Whether the device is there, beside its button. @param {import('./devices.js').DeviceIs} device */
  device({ kind, name, state, reason }) {
    const place = this.#kinds.get(kind)?.device;
    if (!place) return;
    const because = `desk.js.device.reason.${reason}`;
    place.textContent = say('desk.js.device.is', {
      name,
      state: say(known(because) ? because : `desk.js.device.${state}`),
    });
    place.dataset.state = state;
    for (const mood of ['ok', 'warn', 'stop']) place.classList.toggle(`chip-${mood}`, MOODS[state] === mood);
  }

  /** The room is gone: nothing can be asked for. */
  away() {
    for (const { button, device } of this.#kinds.values()) {
      button.disabled = true;
      device.textContent = '';
    }
  }

  /** Forget everything. */
  clear() {
    for (const id of ['kinds', 'progress', 'cameras']) byId(id, HTMLElement).replaceChildren();
    this.#kinds.clear();
  }
}

/**
 * @param {string} kind
 * @param {string} state
 * @param {string} reason
 */
function inWords(kind, state, reason) {
  const name = say(`desk.js.kind.${kind}`);
  const because = known(`desk.js.failed.${reason}`) ? `desk.js.failed.${reason}` : 'desk.js.failed.unknown';
  return `${name}: ${say(state === 'failed' ? because : `desk.js.progress.${state}`)}`;
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Partial<HTMLElementTagNameMap[K]>} properties
 * @param {string} text
 * @returns {HTMLElementTagNameMap[K]}
 */
function made(tag, properties, text) {
  const element = Object.assign(document.createElement(tag), properties);
  element.textContent = text;
  return element;
}
