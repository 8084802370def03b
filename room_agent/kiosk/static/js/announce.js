/** Who comes and who goes, in one large line; it stays long enough to be read. */

const STAYS_MS = 15_000;
let timer = 0;

/** @param {string} text */
export function announce(text) {
  const line = /** @type {HTMLElement} */ (document.getElementById('announce'));
  line.textContent = text;
  line.hidden = false;
  clearTimeout(timer);
  timer = window.setTimeout(hush, STAYS_MS);
}

/** Say nothing any more. */
export function hush() {
  clearTimeout(timer);
  const line = /** @type {HTMLElement} */ (document.getElementById('announce'));
  line.hidden = true;
  line.textContent = '';
}
