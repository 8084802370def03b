// @ts-check
/** What was measured, on a colleague's page: one line each, newest first, with whose it is said to be. She asks nothing. */
import { saidInWords } from './card.js';
import { inOneLine, parseExactly } from './observation.js';
import { isConfirmed } from './devices.js';
import { isVital } from './vitals.js';
import { say } from './words.js';

/** @typedef {import('./vitals.js').Vital} Vital */

const CLOCK = new Intl.DateTimeFormat('de-DE', { timeZone: 'Europe/Berlin', hour: '2-digit', minute: '2-digit' });

export class GuestValues {
  /** @type {Map<string, HTMLLIElement>} what stands here, by kind and quantity */
  #lines = new Map();
  /** @type {Map<string, import('./card.js').Answer>} by the value's id; an answer may come before its value */
  #answers = new Map();

  /**
   * @param {HTMLElement} place
   * @param {string} visitId values of any other visit are never shown
   */
  constructor(place, visitId) {
    this.place = place;
    this.visitId = visitId;
    this.list = /** @type {HTMLElement} */ (place.querySelector('ul'));
  }

  /** @param {unknown} data what came on ``vitals`` */
  hear(data) {
    const vital = read(data);
    if (!isVital(vital) || vital.visit_id !== this.visitId || !vital.live) return;
    if (vital.confirmed_by) this.#answers.set(vital.vital_id, { belongs: vital.observation.status === 'final', by: vital.confirmed_by });
    const what = `${vital.kind} ${vital.observation.code?.coding?.[0]?.code}`;
    const line = document.createElement('li');
    line.dataset.kind = vital.kind;
    line.dataset.vitalId = vital.vital_id;
    const said = document.createElement('span');
    said.className = 'chip';
    const words = document.createElement('strong');
    words.textContent = inOneLine(vital.observation);
    line.append(words, ` ${CLOCK.format(Date.parse(vital.sent_at))} `, said);
    if (vital.simulated) line.append(' ', simulated());
    this.#lines.get(what)?.remove();
    this.#lines.set(what, line);
    this.list.prepend(line);
    this.place.hidden = false;
    this.#draw(line);
  }

  /** @param {any} message what came on ``ctl`` */
  told(message) {
    if (message?.type !== 'confirmed' || !isConfirmed(message)) return;
    this.#answers.set(message.vital_id, message);
    for (const line of this.#lines.values()) if (line.dataset.vitalId === message.vital_id) this.#draw(line);
  }

  /** @param {HTMLLIElement} line */
  #draw(line) {
    const answer = this.#answers.get(line.dataset.vitalId ?? '');
    line.classList.toggle('wrong', answer?.belongs === false);
    const said = /** @type {HTMLElement} */ (line.querySelector('.chip'));
    said.textContent = saidInWords(answer);
    said.className = `chip chip-${answer === undefined ? 'warn' : answer.belongs ? 'ok' : 'stop'}`;
  }

  /** The doctor shows them no more. */
  clear() {
    this.#lines.clear();
    this.#answers.clear();
    this.list.replaceChildren();
    this.place.hidden = true;
  }
}

/**
 * A message with every digit of its numbers; null when it is none.
 * @param {unknown} data
 * @returns {any}
 */
export function read(data) {
  try {
    return typeof data === 'string' ? parseExactly(data) : null;
  } catch {
    return null;
  }
}

function simulated() {
  const made = document.createElement('span');
  made.className = 'chip chip-warn';
  made.textContent = say('desk.js.simulated');
  return made;
}
