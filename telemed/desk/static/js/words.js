// @ts-check
/** The words that the page brought along for its scripts, as a JSON block with the id "words". */

/** @type {Record<string, string>} */
const catalogue = JSON.parse(document.getElementById('words')?.textContent ?? '{}');

/**
 * The words for *key*, with `{name}` filled in; the key in brackets when it is missing.
 * @param {string} key
 * @param {Record<string, string | number>} [params]
 */
export function say(key, params = {}) {
  const found = catalogue[key] ?? `⟦${key}⟧`;
  return found.replace(/\{(\w+)\}/g, (whole, name) => String(params[name] ?? whole));
}

/** @param {string} key */
export function known(key) {
  return key in catalogue;
}

/**
 * An age in words: "vor 12 s", "vor 3 min", "vor mehr als 1 h".
 * @param {number} ms
 */
export function ago(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return say('desk.js.ago.seconds', { n: seconds });
  if (seconds < 3600) return say('desk.js.ago.minutes', { n: Math.floor(seconds / 60) });
  return say('desk.js.ago.hours', { n: Math.floor(seconds / 3600) });
}

/**
 * A moment as every other time on the page: in an exercise its clock goes otherwise than the real one.
 * @param {number} ms real time
 */
export function onTheClock(ms) {
  const offsetMs = Number(document.getElementById('visit')?.dataset.offsetS ?? 0) * 1000;
  return new Date(ms + offsetMs).toLocaleTimeString('de-DE', { timeZone: 'Europe/Berlin' });
}

/**
 * The element with this id, which the page surely has.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`);
  return found;
}
