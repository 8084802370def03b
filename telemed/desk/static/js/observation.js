// @ts-check
/** FHIR R4 Observations from the room: read with every digit, said in words. */
import { known, say } from './words.js';

const SYSTOLIC = '8480-6';
const DIASTOLIC = '8462-4';
const BEATS = '8637-1';
/** Glucose weighs 180.156 g/mol (IUPAC): so many mg/dL are one mmol/L. */
const MG_DL_PER_MMOL_L = 18.0156;

/** @typedef {{code: string, value: string | null, unit: string, reason: string}} Quantity */
/** @typedef {{label: string, value: string | null, unit: string, reason: string, converted: string}} Line *converted*: with its unit */
/** @typedef {Record<string, any>} Observation */

/** @type {any} JSON with the source text of numbers, where the browser has it */
const Json = JSON;

/**
 * Parse JSON and keep each number's digits as sent (36.0 stays 36.0), where the browser can.
 * @param {string} text
 */
export function parseExactly(text) {
  if (!Json.rawJSON) return JSON.parse(text);
  return Json.parse(text, (/** @type {string} */ _key, /** @type {any} */ value, /** @type {any} */ context) =>
    typeof value === 'number' && context?.source ? Json.rawJSON(context.source) : value,
  );
}

/**
 * The quantities in an Observation, each with a value and unit, or with the reason why there is none.
 * @param {Observation} observation
 * @returns {Quantity[]}
 */
export function quantities(observation) {
  const parts = [observation, ...(observation.component ?? [])];
  return parts.filter((part) => part.valueQuantity || part.dataAbsentReason).map(quantity);
}

/**
 * @param {Record<string, any>} part
 * @returns {Quantity}
 */
function quantity(part) {
  const { value, unit, code } = part.valueQuantity ?? {};
  const number = digits(value);
  const named = unit ?? code ?? '';
  const usable = number !== null && named !== '';
  return {
    code: loinc(part),
    value: usable ? number : null,
    unit: named,
    reason: usable ? '' : (part.dataAbsentReason?.coding?.[0]?.code ?? 'unknown'),
  };
}

/**
 * A number as people write it: 36,4 for 36.40, whose zero stays in the Observation; null when it is none.
 * @param {any} value a number, or one that was read exactly
 */
function digits(value) {
  const number = Json.isRawJSON?.(value) ? Number(value.rawJSON) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return null;
  return String(number).replace('.', ',');
}

/**
 * The code that has a word here: LOINC's, or that of ISO/IEEE 11073-10101 for what needs none of LOINC.
 * @param {Record<string, any>} part
 */
function loinc(part) {
  const codings = part.code?.coding ?? [];
  return codings.find((/** @type {any} */ each) => inWords(each.code))?.code ?? codings[0]?.code ?? '';
}

/** @param {string} code */
function inWords(code) {
  if (known(`desk.js.loinc.${code}`)) return say(`desk.js.loinc.${code}`);
  return known(`desk.js.mdc.${code}`) ? say(`desk.js.mdc.${code}`) : '';
}

/** @param {string} code */
export function nameOf(code) {
  return inWords(code) || code;
}

/**
 * What the device noticed and where it measured, in words; a word that we do not know is shown as it is.
 * @param {Observation} observation
 * @returns {string[]}
 */
export function notes(observation) {
  const sites = (observation.bodySite?.coding ?? []).map((/** @type {any} */ each) => inWords(each.code));
  const noticed = (observation.note ?? []).filter((/** @type {any} */ each) => !each.authorString);
  const words = noticed.map((/** @type {any} */ { text }) => (known(`desk.js.flag.${text}`) ? say(`desk.js.flag.${text}`) : text));
  return [...sites, ...words].filter((word) => typeof word === 'string' && word !== '');
}

/** @param {string} reason */
export function reasonInWords(reason) {
  return known(`desk.js.reason.${reason}`) ? say(`desk.js.reason.${reason}`) : say('desk.js.reason.unknown');
}

/**
 * The lines to show: systolic and diastolic as one ("128/82"), times between beats in one, everything else one by one.
 * @param {Observation} observation
 * @returns {Line[]}
 */
export function lines(observation) {
  const all = quantities(observation);
  const high = all.find((each) => each.code === SYSTOLIC);
  const low = all.find((each) => each.code === DIASTOLIC);
  const rest = [...all.filter((each) => each !== high && each !== low && each.code !== BEATS).map(line), ...beats(all)];
  if (!high || !low) return [...[high, low].flatMap((each) => (each ? [line(each)] : [])), ...rest];
  return [pressure(high, low), ...rest];
}

/** @param {Quantity[]} all */
function beats(all) {
  const times = all.filter((each) => each.code === BEATS && each.value !== null);
  if (!times.length) return [];
  const value = times.map((each) => each.value).join(' · ');
  return [{ label: nameOf(BEATS), value, unit: times[0]?.unit ?? '', reason: '', converted: '' }];
}

/** @param {Quantity} each */
function line(each) {
  return { label: nameOf(each.code), value: each.value, unit: each.unit, reason: each.reason, converted: converted(each) };
}

/**
 * Glucose in the other unit, rounded as meters show it (whole mg/dL, tenths of mmol/L); '' for everything else. What
 * the device sent stands before it and alone goes into the Observation.
 * @param {Quantity} each
 */
function converted({ value, unit }) {
  const number = Number((value ?? '').replace(',', '.'));
  if (value === null) return '';
  if (unit === 'mg/dL') return `${(number / MG_DL_PER_MMOL_L).toFixed(1).replace('.', ',')} mmol/L`;
  return unit === 'mmol/L' ? `${Math.round(number * MG_DL_PER_MMOL_L)} mg/dL` : '';
}

/**
 * @param {Quantity} high
 * @param {Quantity} low
 */
function pressure(high, low) {
  const whole = high.value !== null && low.value !== null && high.unit === low.unit;
  return {
    label: say('desk.js.loinc.85354-9'),
    value: whole ? `${high.value}/${low.value}` : null,
    unit: high.unit,
    reason: high.reason || low.reason || (whole ? '' : 'unknown'),
    converted: '',
  };
}

/**
 * *observation* after somebody said whose value it is: by their role, and when. An earlier answer stays noted.
 * The room does the same (room_agent/devices/observation.py).
 * @param {Observation} observation
 * @param {{belongs: boolean, by: string, at: string}} answer
 * @returns {Observation}
 */
export function withAnswer(observation, { belongs, by, at }) {
  const note = { authorString: by, time: at, text: belongs ? 'of-this-patient' : 'not-of-this-patient' };
  return { ...observation, status: belongs ? 'final' : 'entered-in-error', note: [...(observation.note ?? []), note] };
}

/**
 * What was measured, in one line: "Blutzucker 98 mg/dL (umgerechnet 5,4 mmol/L)".
 * @param {Observation} observation
 */
export function inOneLine(observation) {
  const said = lines(observation).map(({ label, value, unit, reason, converted: other }) => {
    if (value === null) return `${label}: ${reasonInWords(reason)}`;
    return `${label} ${value} ${unit}${other && ` (${say('desk.js.converted', { value: other })})`}`;
  });
  return [...said, ...notes(observation)].join(', ');
}
