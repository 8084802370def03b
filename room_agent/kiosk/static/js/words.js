/** The words that the page brought along for its scripts, as a JSON block with the id "words". */

/** @type {Record<string, string>} */
const catalogue = JSON.parse(document.getElementById('words')?.textContent ?? '{}');

/** @param {string} key */
export function words(key) {
  return catalogue[key] ?? `⟦${key}⟧`;
}
