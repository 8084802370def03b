import { isInstructions, isSheetLink } from './instructions.js';

/** What the ends of a talk say to each other on the data channel "talk" (schemas/conversation.py). */

/** @typedef {{relation: string, name: string}} Person */
/** @typedef {'full' | 'small' | 'off'} Picture */
/** @typedef {{type: 'people', of: string, seq: number, people: Person[], noted?: boolean}} People */
/** @typedef {{type: 'known', of: string, seq: number, by: string, noted?: boolean}} Known */
/** @typedef {{type: 'admitted', peer_id: string, key: string, role: import('./signalling.js').Role, name: string, on?: boolean}} Admitted */
/** @typedef {{type: 'sending', sound: boolean, picture: Picture}} Sending */
/** @typedef {{type: 'want', picture: Picture}} Want */
/** @typedef {{type: 'pause', on: boolean}} PauseTalk */
/** @typedef {{type: 'send-out', on: boolean}} SendOut */
/** @typedef {{type: 'emergency', on: boolean, by: 'doctor' | 'room'}} CallForHelp */
/** @typedef {{type: 'take-home', link: string, sheet: import('./instructions.js').Instructions}} TakeHome */
/** @typedef {{type: 'bye'}} Bye */
/** @typedef {{type: 'ping' | 'pong', seq: number}} Beat */
/** @typedef {People | Known | Admitted | Sending | Want | PauseTalk | SendOut | CallForHelp | TakeHome | Bye | Beat} Talk */

const LIMIT = 16 * 1024;
const MOST = 200;
const WITHIN_MS = 10_000;
const PICTURES = ['full', 'small', 'off'];
const RELATIONS = ['patient', 'doctor', 'assistant', 'relative', 'interpreter', 'staff', 'other'];
const GUESTS = ['resident', 'colleague', 'interpreter', 'relative'];

/** @param {unknown} value */
const isBoolean = (value) => typeof value === 'boolean';
/** @param {unknown} value */
const isId = (value) => typeof value === 'string' && /^[A-Za-z0-9\-.]{1,64}$/.test(value);
/** @param {unknown} value */
const isName = (value) => typeof value === 'string' && [...value].length <= 80;
/** @param {unknown} value */
const isSeq = (value) => Number.isSafeInteger(value) && Number(value) >= 1;
/** @param {any} value */
const isPerson = (value) => RELATIONS.includes(value?.relation) && isName(value.name ?? '');

/** @type {Record<string, (message: any) => boolean>} */
const CONTRACT = {
  people: (m) => isId(m.of) && isSeq(m.seq) && arePeople(m.people) && isBoolean(m.noted ?? false),
  known: (m) => isId(m.of) && isSeq(m.seq) && isId(m.by) && isBoolean(m.noted ?? false),
  admitted: (m) => isId(m.peer_id) && isKey(m.key) && GUESTS.includes(m.role) && isName(m.name) && isBoolean(m.on ?? true),
  sending: (m) => isBoolean(m.sound) && PICTURES.includes(m.picture),
  want: (m) => PICTURES.includes(m.picture),
  pause: (m) => isBoolean(m.on),
  'send-out': (m) => isBoolean(m.on),
  emergency: (m) => isBoolean(m.on) && ['doctor', 'room'].includes(m.by),
  'take-home': (m) => isSheetLink(m.link) && isInstructions({ line: '', next: null, phone: '', ...m.sheet }),
  bye: () => true,
  ping: (m) => Number.isSafeInteger(m.seq),
  pong: (m) => Number.isSafeInteger(m.seq),
};

/** @param {unknown} value */
function isKey(value) {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{43}$/.test(value);
}

/** @param {unknown} value */
function arePeople(value) {
  return Array.isArray(value) && value.length <= 12 && value.every(isPerson);
}

/**
 * What a text on the channel says.
 * @param {unknown} text
 * @returns {Talk | {type: ''} | null} `type` is empty for what a newer end may say; null breaks the contract
 */
export function readTalk(text) {
  if (typeof text !== 'string' || new Blob([text]).size > LIMIT) return null;
  try {
    const message = JSON.parse(text);
    if (typeof message?.type !== 'string') return null;
    if (!Object.hasOwn(CONTRACT, message.type)) return { type: '' };
    return CONTRACT[message.type]?.(message) ? message : null;
  } catch {
    return null;
  }
}

/** Counts messages: too many in a short time break the contract. */
export class Pace {
  /** @type {number[]} */
  #latest = [];

  /** @returns {boolean} whether one more is in order */
  count() {
    const now = performance.now();
    this.#latest.push(now);
    if (this.#latest.length <= MOST) return true;
    return now - /** @type {number} */ (this.#latest.shift()) > WITHIN_MS;
  }
}
