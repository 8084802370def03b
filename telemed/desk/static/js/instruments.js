// @ts-check
/** The buttons of the panel: measurements with their progress in words. */
import { made } from './made.js';
import { byId, known, say } from './words.js';

/** @typedef {import('./devices.js').Devices} Devices */
/** @typedef {import('./devices.js').Sources} Sources */
/** @typedef {import('./devices.js').Progress} Progress */

/** In the order in which they are offered. */
const GROUPS = {
  circulation: ['blood-pressure', 'oximeter', 'heart-rate', 'ecg'],
  body: ['thermometer', 'weight', 'glucose'],
};
const RUNNING = ['waiting', 'measuring'];
/** @type {Record<string, string>} */
const MOODS = { ready: 'ok', measuring: 'ok', connecting: 'warn', absent: 'stop', error: 'stop' };

export class Instruments {
  /** @type {Map<string, {button: HTMLButtonElement, said: HTMLElement, device: HTMLElement, running: boolean}>} */
  #kinds = new Map();

  /** @param {(message: Parameters<Devices['say']>[0]) => void} tell */
  constructor(tell) {
    this.tell = tell;
  }

  /**
   * What the room has.
   * @param {Sources} sources
   */
  offer(sources) {
    for (const mark of document.querySelectorAll('[data-simulated]')) mark.toggleAttribute('hidden', !sources.simulated);
    this.#offerKinds(sources.kinds);
  }

  /** @param {string[]} kinds */
  #offerKinds(kinds) {
    byId('kinds', HTMLElement).replaceChildren();
    byId('progress', HTMLElement).replaceChildren();
    this.#kinds.clear();
    for (const [group, all] of Object.entries(GROUPS)) {
      const here = all.filter((kind) => kinds.includes(kind));
      if (here.length === 0) continue;
      const place = made('fieldset', { className: 'kinds-of' }, '');
      place.append(made('legend', {}, say(`desk.js.group.${group}`)), ...here.map((kind) => this.#offerKind(kind)));
      byId('kinds', HTMLElement).append(place);
    }
  }

  /** @param {string} kind */
  #offerKind(kind) {
    const button = made('button', { type: 'button' }, say(`desk.js.ask.${kind}`));
    button.dataset.kind = kind;
    const said = made('p', { className: 'progress-line' }, '');
    const device = made('span', { className: 'chip chip-quiet device-is' }, '');
    const entry = { button, said, device, running: false };
    button.addEventListener('click', () => this.tell({ type: entry.running ? 'stop' : 'ask', kind }));
    this.#kinds.set(kind, entry);
    byId('progress', HTMLElement).append(said);
    const place = made('div', { className: 'kind' }, '');
    place.append(button, device);
    return place;
  }

  /** @param {Progress} progress */
  progress({ kind, state, reason, cuff_mmhg: mmhg }) {
    const entry = this.#kinds.get(kind);
    if (!entry) return;
    entry.running = RUNNING.includes(state);
    entry.button.textContent = say(entry.running ? `desk.js.stop.${kind}` : `desk.js.ask.${kind}`);
    entry.button.classList.toggle('second', entry.running);
    entry.said.dataset.state = state;
    const pumping = typeof mmhg === 'number' && state === 'measuring';
    entry.said.textContent = pumping ? say('desk.js.inflating', { mmhg }) : inWords(kind, state, reason ?? '');
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
    place.className = `chip chip-${reason === 'asleep' ? 'quiet' : (MOODS[state] ?? 'quiet')} device-is`;
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
    for (const id of ['kinds', 'progress']) byId(id, HTMLElement).replaceChildren();
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
  const how = state === 'waiting' && reason === 'asleep' ? reason : state;
  return `${name}: ${say(state === 'failed' ? because : `desk.js.progress.${how}`)}`;
}
