// @ts-check
/**
 * How a quantity went within this visit: points, joined, with their lowest and highest number. It says nothing about what
 * is high or low: no limits, no colours, no words (docs/intended-purpose.md).
 */
import { quantities, nameOf } from './observation.js';
import { onTheClock, say } from './words.js';

/** @typedef {import('./vitals.js').Vital} Vital */
/** @typedef {{code: string, unit: string, value: number}} Amount */
/** @typedef {{id: string, at: number, numbers: Amount[]}} Moment one measurement */

const SVG = 'http://www.w3.org/2000/svg';
const [WIDE, HIGH, EDGE] = [240, 48, 6];
/** What speaks every second is drawn every few seconds: nobody sees more on so small a curve. */
const APART_MS = 3000;
const MOST = 400;

export class Trend {
  /** @type {Moment[]} */
  #moments = [];

  constructor() {
    this.element = document.createElement('div');
    this.element.className = 'trend';
    this.element.hidden = true;
  }

  /** @param {Vital} vital */
  add(vital) {
    const at = Date.parse(vital.sent_at);
    const numbers = quantities(vital.observation).flatMap(({ code, unit, value }) =>
      value === null ? [] : [{ code, unit, value: Number(value.replace(',', '.')) }],
    );
    const last = this.#moments.at(-1);
    if (!numbers.length || Number.isNaN(at) || (last && at - last.at < APART_MS)) return;
    this.#moments.push({ id: vital.vital_id, at, numbers });
    if (this.#moments.length > MOST) this.#moments.shift();
    this.#draw();
  }

  /** It was somebody else's, or is this person's after all: only the latter are drawn. @param {Set<string>} wrong ids */
  without(wrong) {
    this.#draw(wrong);
  }

  /** @param {Set<string>} [wrong] */
  #draw(wrong = new Set()) {
    const moments = this.#moments.filter(({ id }) => !wrong.has(id));
    this.element.hidden = moments.length < 2;
    const codes = [...new Set(moments.flatMap(({ numbers }) => numbers.map(({ code }) => code)))];
    this.element.replaceChildren(...codes.flatMap((code) => curve(code, moments)));
  }
}

/**
 * One quantity: its curve, and beside it its name, from where to where, and since when.
 * @param {string} code
 * @param {Moment[]} moments
 * @returns {Element[]}
 */
function curve(code, moments) {
  const points = moments.flatMap(({ at, numbers }) => numbers.filter((each) => each.code === code).map((each) => ({ ...each, at })));
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || points.length < 2 || points.some(({ unit }) => unit !== first.unit)) return [];
  const all = points.map(({ value }) => value);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const said = say('desk.js.trend', {
    name: nameOf(code),
    n: points.length,
    from: onTheClock(first.at),
    low: german(low),
    high: german(high),
    unit: first.unit,
  });
  const words = document.createElement('figcaption');
  words.textContent = said;
  const whole = document.createElement('figure');
  whole.className = 'curve';
  whole.append(picture(points, low, high), words);
  return [whole];
}

/**
 * @param {{at: number, value: number}[]} points
 * @param {number} low
 * @param {number} high
 */
function picture(points, low, high) {
  const begin = points[0]?.at ?? 0;
  const lasts = Math.max(1, (points.at(-1)?.at ?? 0) - begin);
  const places = points.map(({ at, value }) => {
    const x = EDGE + ((at - begin) / lasts) * (WIDE - 2 * EDGE);
    const y = high === low ? HIGH / 2 : HIGH - EDGE - ((value - low) / (high - low)) * (HIGH - 2 * EDGE);
    return [x.toFixed(1), y.toFixed(1)];
  });
  const drawing = svg('svg', { viewBox: `0 0 ${WIDE} ${HIGH}`, 'aria-hidden': 'true' });
  drawing.append(svg('polyline', { points: places.map((place) => place.join(',')).join(' '), fill: 'none' }));
  if (places.length <= 30) for (const [cx, cy] of places) drawing.append(svg('circle', { cx: `${cx}`, cy: `${cy}`, r: '2.5' }));
  return drawing;
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 */
function svg(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  return element;
}

/** @param {number} value */
function german(value) {
  return String(value).replace('.', ',');
}
