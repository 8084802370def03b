/** Whom the operator has signed (schemas/trust.py). Pure. */

import { Distrusted, GUESTS, isCode, isId, lines, verifies } from './seals.js';

/** @typedef {import('./seals.js').Hello} Hello */
/** @typedef {import('./seals.js').Role} Role */
/** @typedef {import('./seals.js').Roster} Roster */

const ROSTER = 'telemed-roster-v1';

/**
 * The entry of the end that greets with *hello* in *role*; a machine must be of *roomId*, if that is given.
 * @param {Hello} hello
 * @param {Roster | null} roster
 * @param {{role: Role, roomId?: string | null, nowMs: number}} expected
 * @returns {import('./seals.js').RosterKey}
 * @throws {Distrusted} it is not in the roster, or in another role or room; or there is no roster that is good now
 */
export function trusted(hello, roster, { role, roomId = null, nowMs }) {
  if (!roster || nowMs < Date.parse(roster.issued_at) || nowMs >= Date.parse(roster.expires_at)) {
    throw new Distrusted('roster');
  }
  if (GUESTS.includes(role)) throw new Distrusted('wrong-role');
  const found = roster.keys.filter((entry) => entry.key === hello.key);
  if (found.length === 0) throw new Distrusted('unknown-key');
  const right = found.find((entry) => entry.role === role && (!roomId || !entry.room_id || entry.room_id === roomId));
  if (!right) throw new Distrusted('wrong-role');
  return right;
}

/**
 * What the operator has signed.
 * @param {any} signed
 * @param {string[]} operatorKeys
 * @param {number} [newest] the highest number that was seen
 * @returns {Promise<Roster>}
 * @throws {Distrusted} by none of *operatorKeys*, changed, or with a lower number than *newest*
 */
export async function readRoster(signed, operatorKeys, newest = 0) {
  const { roster: text, signed_by: by, signature } = signed ?? {};
  if (typeof text !== 'string' || !isCode(by, 43) || !isCode(signature, 86)) throw new Distrusted('roster');
  const believed = operatorKeys.includes(by) && (await verifies(by, signature, lines(ROSTER, text)));
  if (!believed) throw new Distrusted('roster');
  const roster = rosterIn(text);
  if (!roster) throw new Distrusted('roster');
  if (roster.seq < newest) throw new Distrusted('replayed');
  return roster;
}

/**
 * @param {string} text
 * @returns {Roster | null}
 */
function rosterIn(text) {
  try {
    const { v = 1, seq, issued_at: from, expires_at: until, keys } = JSON.parse(text);
    const good = v === 1 && Number.isSafeInteger(seq) && seq >= 1 && isMoment(from) && isMoment(until);
    if (!good || !Array.isArray(keys) || !keys.every(isRosterKey)) return null;
    return { seq, issued_at: from, expires_at: until, keys };
  } catch {
    return null;
  }
}

/** @param {unknown} text */
function isMoment(text) {
  return typeof text === 'string' && /(?:Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text));
}

/** @param {any} entry */
function isRosterKey(entry) {
  const { key, role, subject, name, room_id: room = null } = entry ?? {};
  const placed = isId(subject) && typeof name === 'string' && (room === null || isId(room));
  return isCode(key, 43) && ['agent', 'kiosk', 'doctor'].includes(role) && placed;
}
