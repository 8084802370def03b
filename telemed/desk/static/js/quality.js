// @ts-check
/**
 * How good an ECG's signal is, lead by lead: a statement about electrodes and cables, never about a heart.
 * Limits: an electrode is off; the amplifier is saturated; nothing moves (below 0.02 mV); 50 Hz hum above 0.05 mV is
 * bad and above 0.3 mV unusable; a baseline that wanders by more than 0.5 mV is bad, by more than 2 mV unusable.
 */

export const NO_VALUE = -32768;
const FULL = 32767;
const MAINS_HZ = 50;
const HUM_MV = { bad: 0.05, unusable: 0.3 };
const WANDER_MV = { bad: 0.5, unusable: 2 };
const FLAT_MV = 0.02;
const ENOUGH_S = 1;

/** @typedef {'good' | 'bad' | 'unusable'} Grade */
/** @typedef {'' | 'off' | 'saturated' | 'flat' | 'hum' | 'baseline' | 'short'} Trouble */

/**
 * @param {number[]} samples of one lead, the last seconds as sent; `NO_VALUE` where there is none
 * @param {number} rateHz
 * @param {number} scale millivolts for one
 * @returns {{grade: Grade, trouble: Trouble}}
 */
export function assess(samples, rateHz, scale) {
  const last = samples.slice(-rateHz);
  if (last.includes(NO_VALUE)) return { grade: 'unusable', trouble: 'off' };
  const there = samples.filter((sample) => sample !== NO_VALUE);
  if (there.length < ENOUGH_S * rateHz) return { grade: 'bad', trouble: 'short' };
  if (last.filter((sample) => Math.abs(sample) >= FULL).length > rateHz / 50) return { grade: 'unusable', trouble: 'saturated' };
  const millivolts = there.map((sample) => sample * scale);
  if (range(millivolts) < FLAT_MV) return { grade: 'unusable', trouble: 'flat' };
  const hum = graded(humOf(millivolts, rateHz), HUM_MV);
  const wander = graded(wanderOf(millivolts, rateHz), WANDER_MV);
  if (hum !== 'good' && (hum === 'unusable' || wander !== 'unusable')) return { grade: hum, trouble: 'hum' };
  return wander === 'good' ? { grade: 'good', trouble: '' } : { grade: wander, trouble: 'baseline' };
}

/** @param {number[]} values */
function range(values) {
  return values.reduce((most, value) => Math.max(most, value), -Infinity) - values.reduce((least, value) => Math.min(least, value), Infinity);
}

/**
 * @param {number} value
 * @param {{bad: number, unusable: number}} limits
 * @returns {Grade}
 */
function graded(value, limits) {
  if (value > limits.unusable) return 'unusable';
  return value > limits.bad ? 'bad' : 'good';
}

/**
 * The amplitude at 50 Hz in whole seconds, where every other mains period cancels (one bin of a Fourier sum).
 * The heart's own part there is taken from both neighbours, 47 and 53 Hz.
 * @param {number[]} millivolts
 * @param {number} rateHz
 */
function humOf(millivolts, rateHz) {
  const whole = millivolts.slice(-Math.floor(millivolts.length / rateHz) * rateHz);
  const beside = Math.max(amplitude(whole, rateHz, MAINS_HZ - 3), amplitude(whole, rateHz, MAINS_HZ + 3));
  return amplitude(whole, rateHz, MAINS_HZ) - beside;
}

/**
 * @param {number[]} values
 * @param {number} rateHz
 * @param {number} hertz
 */
function amplitude(values, rateHz, hertz) {
  let [re, im] = [0, 0];
  values.forEach((value, n) => {
    re += value * Math.cos((2 * Math.PI * hertz * n) / rateHz);
    im += value * Math.sin((2 * Math.PI * hertz * n) / rateHz);
  });
  return (2 * Math.hypot(re, im)) / values.length;
}

/**
 * How far the middle of each half second lies apart.
 * @param {number[]} millivolts
 * @param {number} rateHz
 */
function wanderOf(millivolts, rateHz) {
  const size = Math.max(1, Math.floor(rateHz / 2));
  const middles = [];
  for (let begin = 0; begin + size <= millivolts.length; begin += size) {
    const sorted = millivolts.slice(begin, begin + size).sort((a, b) => a - b);
    middles.push(/** @type {number} */ (sorted[Math.floor(size / 2)]));
  }
  return range(middles);
}
