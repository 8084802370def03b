// @ts-check
/** One quantity on the doctor's page: the newest value with unit, age, device, and whose it is said to be. */
import { lines, notes, reasonInWords } from './observation.js';
import { Trend } from './trend.js';
import { ago, say } from './words.js';

/** @typedef {import('./vitals.js').Vital} Vital */
/** @typedef {import('./observation.js').Observation} Observation */
/** @typedef {{belongs: boolean, by: string}} Answer */

/**
 * Of these a value comes every second while they measure: one that is older is not the present one, is grey and says so.
 * Everything else is measured once (cuff, thermometer, scale, glucose): it stays what was measured then. Its age is told,
 * and how old is too old is the doctor's to say, not this page's.
 */
export const LIVE_KINDS = new Set(['oximeter', 'heart-rate', 'ecg']);
const OLD_AFTER_MS = 10_000;

export class Card {
  #vitalId = '';
  /** What the question calls it: "Blutdruck 121/79". */
  measured = '';
  #at = 0;
  #goesOn = false;
  /** @type {Answer | undefined} */
  #answer;

  /** @param {(belongs: boolean) => void} answer the doctor has asked aloud, of all that was measured at once */
  constructor(answer) {
    this.element = document.createElement('li');
    this.element.className = 'vital';
    this.values = document.createElement('div');
    this.age = span('age', '');
    this.live = span('chip chip-ok', say('desk.js.live'));
    this.said = span('chip', '');
    this.device = span('device-name', '');
    this.simulated = span('chip chip-warn', say('desk.js.simulated'));
    const marks = document.createElement('p');
    marks.className = 'chips marks';
    marks.append(this.age, this.live, this.said, this.device, this.simulated);
    this.asks = document.createElement('p');
    this.asks.className = 'chips asks';
    this.question = span('question', '');
    this.asks.append(this.question);
    this.trend = new Trend();
    for (const belongs of [true, false]) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'second';
      button.textContent = say(belongs ? 'desk.js.whose.yes' : 'desk.js.whose.no');
      button.dataset.belongs = String(belongs);
      button.addEventListener('click', () => answer(belongs));
      this.asks.append(button);
    }
    this.element.append(this.values, marks, this.asks, this.trend.element);
  }

  get vitalId() {
    return this.#vitalId;
  }

  /** @param {Vital} vital */
  show(vital) {
    this.#vitalId = vital.vital_id;
    this.#at = Date.parse(vital.sent_at);
    this.#goesOn = LIVE_KINDS.has(vital.kind);
    this.element.dataset.kind = vital.kind;
    const found = lines(vital.observation);
    this.values.replaceChildren(...found.map(valueLine), ...noticed(notes(vital.observation)));
    this.measured = found.filter(({ value }) => value !== null).map(({ label, value }) => `${label}\u00a0${value}`)[0] ?? '';
    this.trend.add(vital);
    this.device.textContent = vital.device_name ?? '';
    this.simulated.hidden = !vital.simulated;
    this.grow();
  }

  /** @param {Answer | undefined} answer */
  answered(answer) {
    const mood = answer === undefined ? 'warn' : answer.belongs ? 'ok' : 'stop';
    this.said.className = `chip chip-${mood}`;
    this.said.textContent = saidInWords(answer);
    this.element.classList.toggle('wrong', answer?.belongs === false);
    this.#answer = answer;
    for (const button of this.asks.querySelectorAll('button')) {
      button.hidden = button.dataset.belongs === String(answer?.belongs);
    }
  }

  /**
   * One question for everything that one measurement brought; '' where another card asks for this one, too.
   * @param {string} question
   */
  ask(question) {
    this.asks.hidden = question === '';
    this.question.textContent = question;
    this.question.hidden = this.#answer !== undefined;
  }

  /** The age goes on by itself. */
  grow() {
    const passed = Math.max(0, Date.now() - this.#at);
    const old = this.#goesOn && passed > OLD_AFTER_MS;
    this.age.textContent = old ? say('desk.js.old', { ago: ago(passed) }) : ago(passed);
    this.live.hidden = old || !this.#goesOn;
    this.element.classList.toggle('old', old);
  }
}

/**
 * Something that the room keeps back, without its number.
 * @param {string} kind
 * @param {string} why
 */
export function heldBack(kind, why) {
  const item = document.createElement('li');
  item.className = 'vital held';
  item.dataset.kind = kind;
  item.dataset.held = '';
  const name = document.createElement('p');
  name.className = 'vital-line';
  name.append(span('label', say(`desk.js.kind.${kind}`)), span('absent', say('desk.js.held')));
  const reason = document.createElement('p');
  reason.className = 'chips marks';
  reason.append(span('chip chip-stop', say('desk.js.stored')), span('', why));
  item.append(name, reason);
  return item;
}

/** Whose value it is said to be. @param {Answer | undefined} answer */
export function saidInWords(answer) {
  if (answer === undefined) return say('desk.js.whose.nobody');
  return say(`desk.js.whose.${answer.belongs ? 'is' : 'not'}.${answer.by}`);
}

/** @param {import('./observation.js').Line} line */
function valueLine({ label, value, unit, reason, converted }) {
  const made = document.createElement('p');
  made.className = 'vital-line';
  if (value === null) {
    made.append(span('label', label), span('absent', reasonInWords(reason)));
  } else {
    made.append(span('label', label), span('value', value), ' ', span('unit', unit));
    if (converted) made.append(' ', span('converted', say('desk.js.converted', { value: converted })));
  }
  return made;
}

/**
 * What belongs to the number and is never shown without it.
 * @param {string[]} words
 */
function noticed(words) {
  if (!words.length) return [];
  const made = document.createElement('p');
  made.className = 'chips noticed';
  made.append(...words.map((word) => span('chip chip-quiet', word)));
  return [made];
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
