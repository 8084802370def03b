/** The socket to the room agent: what to show comes down, check-ins and reports go up. Comes back after each break. */

import { readRoster } from '/static/js/trust.js';
import { prove } from './machine.js';

/** @typedef {import('./machine.js').Identity} Identity */
/** @typedef {{picture: string, letter: string, digits: string}} Ticket */
/**
 * @typedef {object} Show
 * @property {'show'} type
 * @property {'pairing' | 'welcome' | 'call' | 'farewell' | 'cleaning'} screen
 * @property {string} room_name
 * @property {string | null} visit_id
 * @property {string} doctor_name
 * @property {Ticket | null} called
 * @property {string | null} measuring
 * @property {string} [take] which device, as a sentence
 * @property {boolean} [asleep]
 * @property {boolean} [inflating]
 * @property {boolean} line_ok
 * @property {boolean} simulated
 * @property {boolean} exercise
 * @property {number} clock_offset_s
 * @property {string} help_phone
 * @property {import('./whose.js').ToConfirm | null} to_confirm
 * @property {boolean} sheet_offered
 * @property {boolean} tone_test
 * @property {import('./checks.js').Check[]} checks
 * @property {boolean} auscultation
 * @property {import('./allow.js').ToAllow | null} [to_allow]
 * @property {import('./allow.js').ToAllow[]} [allowed]
 * @property {boolean} [introduced]
 * @property {'' | 'doctor' | 'room'} [paused]
 * @property {'' | 'doctor' | 'room'} [emergency]
 * @property {boolean} [helped]
 * @property {string} [address]
 * @property {string} [floor]
 * @property {boolean} [distrust]
 * @property {import('./allow.js').ToAllow[]} [sending]
 * @property {string} [language]
 * @property {'' | 'asked' | 'others' | 'all' | 'coming'} [help]
 * @property {'' | import('./help.js').What} [help_what]
 */
/** @typedef {{type: 'checked-in', known: boolean}} CheckedIn */
/** @typedef {{type: 'check-in', ticket: Ticket}} CheckIn */
/** @typedef {{type: 'check-in-code', code: string}} CheckInByCode */
/** @typedef {{type: 'report', camera: string, microphone: string, tone: string}} Report */
/** @typedef {{type: 'want-sheet'}} WantSheet */
/** @typedef {{type: 'refused', role: string, reason: string}} Refused */
/** @typedef {{type: 'introduced' | 'pause' | 'emergency', on: boolean}} OfTheTalk */
/** @typedef {{type: 'practised'}} Practised */
/** @typedef {CheckIn | CheckInByCode | Report | Practised | import('./help.js').AskHelp | WantSheet | Refused | OfTheTalk | import('./whose.js').Confirm | import('./allow.js').Answer} ToAgent */

/**
 * @typedef {object} Listener
 * @property {(show: Show) => void} show
 * @property {(known: boolean) => void} checkedIn
 * @property {(sheet: import('./sheet.js').Sheet) => void} sheet
 * @property {() => void} roster there is a newer one
 * @property {(allowed: boolean) => void} lost the line broke; when not *allowed* the agent does not know us
 */

const CLOSE_BROKEN_CONTRACT = 4400;
const CLOSE_NOT_ALLOWED = 4403;
const PAUSE_MS = 1000;
const BARRED_PAUSE_MS = 5000;
const SILENCE_MS = 15_000;

/**
 * @param {string} data
 * @returns {any} a message, or one of no type
 */
function read(data) {
  try {
    return JSON.parse(data) ?? {};
  } catch {
    return {};
  }
}

export class Line {
  /** @type {WebSocket | null} */
  #socket = null;
  #silence = 0;
  /** Whom the operator has signed. @type {import('/static/js/trust.js').Roster | null} */
  roster = null;
  #retry = 0;

  /**
   * @param {Identity} me
   * @param {Listener} listener
   */
  constructor(me, listener) {
    this.me = me;
    this.listener = listener;
  }

  connect() {
    const socket = new WebSocket('/kiosk/socket');
    this.#socket = socket;
    this.#heard();
    socket.addEventListener('message', ({ data }) => this.#take(socket, data));
    socket.addEventListener('close', ({ code }) => this.#closed(socket, code));
  }

  /** Give up this line; another one follows. */
  close() {
    const socket = this.#socket;
    this.#socket = null;
    clearTimeout(this.#silence);
    clearTimeout(this.#retry);
    socket?.close();
  }

  /** @param {ToAgent} message @returns {boolean} whether there is anybody to hear it */
  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #heard() {
    clearTimeout(this.#silence);
    this.#silence = window.setTimeout(() => this.#socket?.close(), SILENCE_MS);
  }

  /**
   * @param {WebSocket} socket
   * @param {string} data
   */
  async #take(socket, data) {
    if (socket !== this.#socket) return;
    this.#heard();
    const message = read(data);
    if (message.type === 'challenge') await this.#prove(socket, message);
    else if (message.type === 'show') this.listener.show(message);
    else if (message.type === 'checked-in') this.listener.checkedIn(message.known);
    else if (message.type === 'roster') await this.#rostered(message);
    else if (message.type === 'sheet') this.listener.sheet(message);
    else socket.close(CLOSE_BROKEN_CONTRACT);
  }

  /** The agent is believed which operator; the roster only by the operator's signature. @param {any} message */
  async #rostered({ signed, operator_keys: operators }) {
    const newer = await readRoster(signed, operators ?? [], this.roster?.seq ?? 0).catch(() => null);
    if (!newer) return;
    this.roster = newer;
    this.listener.roster();
  }

  /**
   * @param {WebSocket} socket
   * @param {import('./machine.js').Challenge} challenge
   */
  async #prove(socket, challenge) {
    try {
      socket.send(JSON.stringify(await prove(this.me, challenge)));
    } catch {
      socket.close(CLOSE_NOT_ALLOWED);
    }
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   */
  #closed(socket, code) {
    if (socket !== this.#socket) return;
    clearTimeout(this.#silence);
    const barred = code === CLOSE_NOT_ALLOWED;
    this.#retry = window.setTimeout(() => this.connect(), barred ? BARRED_PAUSE_MS : PAUSE_MS);
    this.listener.lost(!barred);
  }
}
