// @ts-check
/** The measured values on the page and what was said of them. In memory only, and a copy: the room forgets its own. */
import { Card, LIVE_KINDS, heldBack, saidInWords } from './card.js';
import { inOneLine, parseExactly, withAnswer } from './observation.js';
import { byId, known, say } from './words.js';

/** @typedef {import('./observation.js').Observation} Observation */
/** @typedef {import('./devices.js').Confirmed} Confirmed */
/** @typedef {{type: 'vital', vital_id: string, visit_id: string, kind: string, live: boolean, simulated: boolean, sent_at: string, observation: Observation, device_name?: string, confirmed_by?: string}} Vital */

const BY = new Set(['patient', 'assistant', 'doctor']);
const HELD = new Set(['stored', 'future', 'duplicate', 'no-request']);
const CLOCK = new Intl.DateTimeFormat('de-DE', { timeZone: 'Europe/Berlin', hour: '2-digit', minute: '2-digit', second: '2-digit' });
const IDS = /^[A-Za-z0-9.-]{1,64}$/;

/**
 * @param {any} message
 * @returns {message is Vital}
 */
export function isVital(message) {
  return (
    message?.type === 'vital' &&
    IDS.test(message.vital_id) &&
    ['visit_id', 'kind', 'sent_at'].every((name) => typeof message[name] === 'string') &&
    [message.live, message.simulated].every((flag) => typeof flag === 'boolean') &&
    typeof (message.device_name ?? '') === 'string' &&
    message.observation?.resourceType === 'Observation'
  );
}

/** Which quantity of which device. @param {Vital} vital */
function quantityOf(vital) {
  return `${vital.kind} ${vital.observation.code?.coding?.[0]?.code}`;
}

/** Which measurement: what a device sent at once. @param {Vital} vital */
function measurementOf(vital) {
  return `${vital.kind} ${vital.sent_at}`;
}

export class Vitals {
  /** @type {Map<string, Observation>} as sent, digit by digit, with what was said of it */
  #kept = new Map();
  /** @type {Map<string, Confirmed>} the latest answer to each value; it may come before the value */
  #answers = new Map();
  /** @type {Map<string, Card>} of each kind and quantity */
  #cards = new Map();
  /** @type {Map<string, {item: HTMLElement, vital: Vital}>} what stands in the list, by id */
  #listed = new Map();
  /** @type {Map<string, string>} the newest id of each quantity */
  #latest = new Map();
  /** How often something here became different. */
  changes = 0;
  /** What happens then. */
  changed = () => {};

  /**
   * @param {string} visitId values of any other visit are never shown
   * @param {(vitalId: string, belongs: boolean) => void} [answer] the doctor has asked aloud
   */
  constructor(visitId, answer = () => undefined) {
    this.visitId = visitId;
    this.answer = answer;
    this.timer = setInterval(() => this.#cards.forEach((card) => card.grow()), 1000);
  }

  get count() {
    return this.#kept.size;
  }

  /** What is here, oldest first, with its device and whose it is said to be. @returns {import('./bundle.js').Kept[]} */
  records() {
    return [...this.#kept].map(([id, observation]) => {
      const vital = this.#listed.get(id)?.vital;
      const [device, simulated] = [vital?.device_name ?? '', vital?.simulated ?? false];
      return { id, observation, device, simulated, said: saidInWords(this.#answers.get(id)) };
    });
  }

  /**
   * Which of *vitalIds* never came.
   * @param {string[]} vitalIds
   */
  missing(vitalIds) {
    return vitalIds.filter((id) => !this.#kept.has(id));
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
    if (!message.live) this.held(message.kind, 'stored');
    else if (!this.#kept.has(message.vital_id)) this.#take(message, parseExactly(text).observation);
    return true;
  }

  /**
   * @param {Vital} vital
   * @param {Observation} exactly
   */
  #take(vital, exactly) {
    if (LIVE_KINDS.has(vital.kind)) this.#forgetLast(vital);
    this.#latest.set(quantityOf(vital), vital.vital_id);
    this.#kept.set(vital.vital_id, exactly);
    const already = answerIn(vital);
    if (already) this.#answers.set(vital.vital_id, already);
    else this.#note(vital.vital_id);
    this.#list(vital);
    this.#show(vital);
    this.#drawAnswer(vital.vital_id);
    this.#change();
  }

  #change() {
    this.changes += 1;
    this.changed();
  }

  /** @param {Vital} vital */
  #show(vital) {
    const what = quantityOf(vital);
    const card = this.#cards.get(what) ?? new Card((belongs) => this.answer(card.vitalId, belongs));
    const moves = !this.#cards.has(what) || !LIVE_KINDS.has(vital.kind) || card.element.classList.contains('old');
    this.#cards.set(what, card);
    card.show(vital);
    card.element.dataset.of = measurementOf(vital);
    if (moves) this.#toTheTop(card.element, vital);
    byId('vitals', HTMLUListElement).querySelector(`[data-held][data-kind="${vital.kind}"]`)?.remove();
    byId('no-values', HTMLElement).hidden = true;
    requestAnimationFrame(() => {
      document.body.dataset.lastVitalShownMs = String(Date.now() - Date.parse(vital.sent_at));
    });
  }

  /**
   * The newest is the first in the list and in view; what one measurement says stays in its order. A finger on the way
   * to a button of it, or a device that speaks every second, moves nothing.
   * @param {HTMLElement} card
   * @param {Vital} vital
   */
  #toTheTop(card, vital) {
    const list = byId('vitals', HTMLUListElement);
    const of = measurementOf(vital);
    if (card.contains(document.activeElement)) return;
    const same = [...list.children].filter((each) => each !== card && each instanceof HTMLElement && each.dataset.of === of);
    const before = same.at(-1);
    if (before) before.after(card);
    else list.prepend(card);
    requestAnimationFrame(() => reveal(card)); // when it has its marks
  }

  /**
   * Something came that is not shown: say so, without a number, until a value comes.
   * @param {string} kind
   * @param {string} reason
   */
  held(kind, reason) {
    if (!HELD.has(reason) || !known(`desk.js.kind.${kind}`)) return;
    const why = known(`desk.js.failed.${reason}`) ? say(`desk.js.failed.${reason}`) : say('desk.js.failed.unknown');
    const list = byId('vitals', HTMLUListElement);
    list.querySelector(`[data-held][data-kind="${kind}"]`)?.remove();
    list.append(heldBack(kind, why));
    byId('no-values', HTMLElement).hidden = true;
  }

  /**
   * Somebody said whose value it is; it holds for all of that measurement, also where the room names one value only.
   * @param {Confirmed} confirmed
   */
  confirmed(confirmed) {
    if (!BY.has(confirmed.by) || !IDS.test(confirmed.vital_id)) return;
    const vital = this.#listed.get(confirmed.vital_id)?.vital;
    const others = [...this.#listed.values()].filter((each) => vital && measurementOf(each.vital) === measurementOf(vital));
    for (const id of new Set([confirmed.vital_id, ...others.map((each) => each.vital.vital_id)])) {
      const before = this.#answers.get(id);
      if (before?.at === confirmed.at && before.by === confirmed.by && before.belongs === confirmed.belongs) continue;
      this.#answers.set(id, { ...confirmed, vital_id: id });
      this.#note(id);
      this.#drawAnswer(id);
    }
  }

  /** Into the Observation that is handed over. @param {string} vitalId */
  #note(vitalId) {
    const answer = this.#answers.get(vitalId);
    const observation = this.#kept.get(vitalId);
    if (!answer || !observation) return;
    this.#kept.set(vitalId, withAnswer(observation, answer));
    this.#change();
  }

  /** The cards of the measurement that the card of *what* shows. @param {string} what @returns {Card[]} */
  #together(what) {
    const of = this.#cards.get(what)?.element.dataset.of;
    return [...this.#cards.values()].filter(({ element }) => element.dataset.of === of);
  }

  /** A cuff brings pressure and pulse: they are asked for once, by the first of their cards. */
  #drawQuestions() {
    for (const [what, card] of this.#cards) {
      const together = this.#together(what);
      const named = together.map(({ measured }) => measured).filter(Boolean);
      const first = together[0] === card;
      const all = new Intl.ListFormat('de-DE').format(named);
      card.ask(first ? (named.length ? say('desk.js.whose.question', { values: all, n: named.length }) : ' ') : '');
    }
  }

  /** @param {string} vitalId */
  #drawAnswer(vitalId) {
    const answer = this.#answers.get(vitalId);
    for (const card of this.#cards.values()) if (card.vitalId === vitalId) answered(card, answer);
    const listed = this.#listed.get(vitalId);
    if (listed) listed.item.replaceChildren(...inList(listed.vital, answer));
    this.#drawQuestions();
    const wrong = new Set([...this.#answers].filter(([, { belongs }]) => !belongs).map(([id]) => id));
    for (const { trend } of this.#cards.values()) trend.without(wrong);
  }

  /** @param {Vital} vital */
  #forgetLast(vital) {
    const last = this.#latest.get(quantityOf(vital));
    if (last === undefined) return;
    this.#kept.delete(last);
    this.#answers.delete(last);
    this.#listed.get(last)?.item.remove();
    this.#listed.delete(last);
  }

  /** @param {Vital} vital */
  #list(vital) {
    const item = document.createElement('li');
    this.#listed.set(vital.vital_id, { item, vital });
    byId('observations', HTMLOListElement).prepend(item);
  }

  /** Forget everything. */
  clear() {
    clearInterval(this.timer);
    for (const kept of [this.#kept, this.#answers, this.#cards, this.#listed, this.#latest]) kept.clear();
    for (const id of ['vitals', 'observations']) byId(id, HTMLElement).replaceChildren();
    delete document.body.dataset.lastVitalShownMs;
  }
}

/**
 * What was said makes a card taller; one that was in view stays so, whole.
 * @param {Card} card
 * @param {Confirmed | undefined} answer
 */
function answered(card, answer) {
  const panel = card.element.closest('[data-part="values"]');
  const [frame, own] = [panel?.getBoundingClientRect(), card.element.getBoundingClientRect()];
  card.answered(answer);
  const wasSeen = frame && own.height > 0 && own.top < Math.min(frame.bottom, innerHeight) && own.bottom > frame.top;
  const grew = card.element.getBoundingClientRect().height > own.height; // a value each second says nothing new of itself
  if (wasSeen && grew) requestAnimationFrame(() => reveal(card.element));
}

/** Scroll the list of values, never the page, until *card* is in view. @param {HTMLElement} card */
function reveal(card) {
  const panel = card.closest('[data-part="values"]');
  if (!panel) return;
  const [frame, own] = [panel.getBoundingClientRect(), card.getBoundingClientRect()];
  const seen = Math.min(frame.bottom, innerHeight);
  if (own.top < frame.top) panel.scrollTop -= frame.top - own.top;
  else if (own.bottom > seen) panel.scrollTop += own.bottom - seen;
}

/**
 * What was said before the value came to this page.
 * @param {Vital} vital
 * @returns {Confirmed | null}
 */
function answerIn({ vital_id, confirmed_by: by, observation }) {
  if (!by || !BY.has(by)) return null;
  return { type: 'confirmed', vital_id, belongs: observation.status !== 'entered-in-error', by, at: '' };
}

/**
 * @param {Vital} vital
 * @param {Confirmed | undefined} answer
 */
function inList(vital, answer) {
  const text = document.createElement(answer?.belongs === false ? 's' : 'span');
  text.textContent = `${measuredAt(vital.observation)} · ${inOneLine(vital.observation)}`;
  return [text, ` · ${saidInWords(answer)}`];
}

/** @param {Observation} observation */
function measuredAt(observation) {
  const moment = new Date(observation.effectiveDateTime ?? Number.NaN); // of the room's clock, which follows the exercise
  return Number.isNaN(moment.getTime()) ? say('desk.js.time_unknown') : CLOCK.format(moment);
}
