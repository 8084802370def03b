// @ts-check
/** The measured values on the page: value, unit, age, and whether they are live. In memory only. */
import { bundle, lines, parseExactly, reasonInWords } from './observation.js';
import { ago, byId, say } from './words.js';

/** @typedef {import('./observation.js').Observation} Observation */
/** @typedef {{type: 'vital', vital_id: string, visit_id: string, kind: string, live: boolean, simulated: boolean, sent_at: string, observation: Observation}} Vital */

/** After this a value is grey: an oximeter speaks every second, a cuff once. @type {Record<string, number>} */
const OLD_AFTER_MS = { oximeter: 10_000 };
const OLD_MS = 120_000;
const LIVE_KINDS = new Set(['oximeter']);
const IDS = /^[A-Za-z0-9.-]{1,64}$/;
const CLOCK = new Intl.DateTimeFormat('de-DE', { timeZone: 'Europe/Berlin', hour: '2-digit', minute: '2-digit', second: '2-digit' });

/**
 * @param {any} message
 * @returns {message is Vital}
 */
function isVital(message) {
  return (
    message?.type === 'vital' &&
    IDS.test(message.vital_id) &&
    ['visit_id', 'kind', 'sent_at'].every((name) => typeof message[name] === 'string') &&
    [message.live, message.simulated].every((flag) => typeof flag === 'boolean') &&
    message.observation?.resourceType === 'Observation'
  );
}

/** Which quantity of which device. @param {Vital} vital */
function quantityOf(vital) {
  return `${vital.kind} ${vital.observation.code?.coding?.[0]?.code}`;
}

export class Vitals {
  /** @type {Map<string, Observation>} as sent, digit by digit */
  #kept = new Map();
  /** @type {Map<string, {card: HTMLElement, at: number}>} the newest card of each kind and quantity */
  #cards = new Map();
  /** @type {Map<string, {id: string, item: HTMLElement}>} the newest entry of each quantity in the list */
  #latest = new Map();

  /** @param {string} visitId values of any other visit are never shown */
  constructor(visitId) {
    this.visitId = visitId;
    this.timer = setInterval(() => this.#age(), 1000);
    byId('download', HTMLButtonElement).addEventListener('click', () => this.#download());
  }

  /**
   * Take in what came on the channel; the same value twice counts once.
   * @param {string} text
   * @returns {boolean} whether it keeps the contract
   */
  hear(text) {
    /** @type {unknown} */
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return false;
    }
    if (!isVital(message) || message.visit_id !== this.visitId) return false;
    if (this.#kept.has(message.vital_id)) return true;
    if (LIVE_KINDS.has(message.kind)) this.#forgetLast(message);
    this.#kept.set(message.vital_id, parseExactly(text).observation);
    this.#show(message);
    this.#list(message);
    return true;
  }

  /** @param {Vital} vital */
  #show(vital) {
    const card = document.createElement('li');
    card.className = 'vital';
    card.dataset.kind = vital.kind;
    card.append(...lines(vital.observation).map(valueLine), this.#marks(vital));
    const what = quantityOf(vital);
    const before = this.#cards.get(what)?.card;
    if (before) before.replaceWith(card);
    else byId('vitals', HTMLUListElement).append(card);
    this.#cards.set(what, { card, at: performance.now() });
    byId('no-values', HTMLElement).hidden = true;
    this.#age();
    requestAnimationFrame(() => {
      document.body.dataset.lastVitalShownMs = String(Date.now() - Date.parse(vital.sent_at));
    });
  }

  /** @param {Vital} vital */
  #marks(vital) {
    const marks = document.createElement('p');
    marks.className = 'chips marks';
    const age = span('age', '');
    age.dataset.old = String(OLD_AFTER_MS[vital.kind] ?? OLD_MS);
    marks.append(age, span(vital.live ? 'chip chip-ok' : 'chip chip-warn', say(vital.live ? 'desk.js.live' : 'desk.js.stored')));
    if (!vital.live) marks.append(span('quiet', say('desk.js.measured_at', { time: measuredAt(vital.observation) })));
    if (vital.simulated) marks.append(span('chip chip-warn', say('desk.js.simulated')));
    return marks;
  }

  /**
   * Of a device that speaks every second only the newest value is kept and listed, or it would bury the others.
   * @param {Vital} vital
   */
  #forgetLast(vital) {
    const what = quantityOf(vital);
    const last = this.#latest.get(what);
    if (last) {
      this.#kept.delete(last.id);
      last.item.remove();
    }
  }

  /** @param {Vital} vital */
  #list(vital) {
    const item = document.createElement('li');
    this.#latest.set(quantityOf(vital), { id: vital.vital_id, item });
    const said = lines(vital.observation).map(({ label, value, unit, reason }) =>
      value === null ? `${label}: ${reasonInWords(reason)}` : `${label} ${value} ${unit}`,
    );
    item.textContent = `${measuredAt(vital.observation)} · ${said.join(', ')}`;
    const list = byId('observations', HTMLOListElement);
    list.prepend(item);
    byId('download', HTMLButtonElement).disabled = false;
  }

  #age() {
    for (const { card, at } of this.#cards.values()) {
      const age = /** @type {HTMLElement} */ (card.querySelector('.age'));
      const passed = performance.now() - at;
      const old = passed > Number(age.dataset.old);
      age.textContent = old ? say('desk.js.old', { ago: ago(passed) }) : ago(passed);
      card.classList.toggle('old', old);
    }
  }

  #download() {
    const blob = new Blob([JSON.stringify(bundle(this.#kept), null, 2)], { type: 'application/fhir+json' });
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = `bundle-${this.visitId}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  /** Forget everything. */
  clear() {
    clearInterval(this.timer);
    this.#kept.clear();
    this.#cards.clear();
    for (const id of ['vitals', 'observations']) byId(id, HTMLElement).replaceChildren();
    delete document.body.dataset.lastVitalShownMs;
  }
}

/** @param {{label: string, value: string | null, unit: string, reason: string}} line */
function valueLine({ label, value, unit, reason }) {
  const made = document.createElement('p');
  made.className = 'vital-line';
  if (value === null) {
    made.append(span('label', label), span('absent', reasonInWords(reason)));
  } else {
    made.append(span('label', label), span('value', value), ' ', span('unit', unit));
  }
  return made;
}

/**
 * @param {string} className
 * @param {string} text
 */
function span(className, text) {
  const made = document.createElement('span');
  made.className = className;
  made.textContent = text;
  return made;
}

/** @param {Observation} observation */
function measuredAt(observation) {
  const moment = new Date(observation.effectiveDateTime ?? Number.NaN);
  return Number.isNaN(moment.getTime()) ? say('desk.js.time_unknown') : CLOCK.format(moment);
}
