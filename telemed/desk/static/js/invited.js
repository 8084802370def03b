// @ts-check
/** What stands behind the `#` of an invitation: `SECRET.OPERATORKEY`. No server ever sees it. */

const PARTS = /^#?([A-Za-z0-9_-]{22})?\.([A-Za-z0-9_-]{43})?$/;
const GUEST = 'telemed.guest';
const HOST = 'telemed.invited';
const OLD_MS = 24 * 60 * 60 * 1000;

/** @typedef {{secret: string, operator: string}} Fragment either may be empty */
/** @typedef {{id: string, visitId: string, secret: string, madeAt: number}} Secret */

/** @param {string} text @returns {Fragment | null} */
export function readFragment(text) {
  const found = PARTS.exec(text);
  return found ? { secret: found[1] ?? '', operator: found[2] ?? '' } : null;
}

/** @param {Fragment} fragment */
export function fragment({ secret, operator }) {
  return `#${secret}.${operator}`;
}

/** The guest's tab keeps it over the two pages, and no longer than itself. */
export function keepOfGuest() {
  if (readFragment(location.hash)) sessionStorage.setItem(GUEST, location.hash);
}

/** @returns {Fragment} */
export function ofGuest() {
  return readFragment(sessionStorage.getItem(GUEST) ?? '') ?? { secret: '', operator: '' };
}

/** @returns {Secret[]} those of the last day */
function kept() {
  try {
    const all = JSON.parse(localStorage.getItem(HOST) ?? '[]');
    return all.filter((/** @type {any} */ one) => Date.now() - one?.madeAt < OLD_MS);
  } catch {
    return [];
  }
}

/** Who invited keeps the secret, to know its guest by it, until the visit is over. @param {string} visitId @param {string} id @param {string} secret */
export function keep(visitId, id, secret) {
  localStorage.setItem(HOST, JSON.stringify([...kept(), { id, visitId, secret, madeAt: Date.now() }]));
}

/** @param {string} visitId */
export function secretsOf(visitId) {
  return kept().filter((one) => one.visitId === visitId);
}

/** @param {string} visitId */
export function forget(visitId) {
  localStorage.setItem(HOST, JSON.stringify(kept().filter((one) => one.visitId !== visitId)));
}
