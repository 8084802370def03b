/** What keys, certificates, pictures and signatures of a call are made of (schemas/trust.py, protocol.md). Pure. */

import { fromBase64, toBase64 } from './base64.js';

/** @typedef {import('./signalling.js').Role} Role */
/**
 * @typedef {'signature' | 'unknown-key' | 'wrong-role' | 'fingerprint' | 'commitment' | 'replayed' | 'too-old'
 *   | 'roster' | 'malformed'} RefusedWhy
 */
/** @typedef {{v?: 1, key: string, nonce: string, commitment: string, name?: string, proof?: string}} Hello */
/**
 * @typedef {object} Description
 * @property {'offer' | 'answer'} type
 * @property {number} attempt
 * @property {string} sdp
 * @property {number} at_ms
 * @property {string} reveal
 * @property {string} signature
 */
/** @typedef {'agent' | 'kiosk' | 'doctor'} RosterRole */
/** @typedef {{key: string, role: RosterRole, subject: string, name: string, room_id?: string | null}} RosterKey */
/** @typedef {{seq: number, issued_at: string, expires_at: string, keys: RosterKey[]}} Roster */
/** @typedef {{roster: string, signed_by: string, signature: string}} SignedRoster */
/**
 * This end. *publicKey* is that of *keys*, raw, base64; *fingerprint* that of its certificate, SHA-256 as in SDP.
 * @typedef {object} Me
 * @property {string} visitId
 * @property {string} peerId
 * @property {Role} role
 * @property {CryptoKeyPair} keys
 * @property {string} publicKey
 * @property {string} fingerprint
 */
/** @typedef {[peerId: string, key: string, fingerprint: string, reveal: string]} End */

const PICTURES = 'telemed-pictures-v1';
const KEY_PICTURES = 'telemed-key-pictures-v1';
const KEY_ROUNDS = 100_000;
const INVITED = 'telemed-invited-v1';
const ORDER = ['agent', 'kiosk', 'resident', 'doctor', 'colleague', 'interpreter', 'relative'];
/** Who takes part in the talk, each with each. */
export const TALKERS = ORDER.slice(1);
/** They have no key in the roster: the doctor lets each of them in. */
export const GUESTS = ['resident', 'colleague', 'interpreter', 'relative'];
export const MOST_TALKERS = 4;

/** 64 pictures, three of which both ends of a talk see: 18 bits. */
export const CALL_PICTURES = (
  'anchor apple ball balloon banana bear bed bell bicycle bird boat book bread butterfly cactus camera candle car ' +
  'carrot cat chair cheese cherries clock clover cow crown cup dog duck egg elephant fish flower fox frog gift ' +
  'glasses grapes guitar hammer hat heart horse house key lion moon mouse mushroom owl pear pig rocket scissors ' +
  'shoe snail spoon star sun train tree turtle umbrella'
).split(' ');

/** The other end is not who it must be, or somebody has changed what it said. */
export class Distrusted extends Error {
  /** @param {RefusedWhy} reason */
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

/**
 * @param {(string | number)[]} parts
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function lines(...parts) {
  return new TextEncoder().encode(parts.join('\n'));
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** 16 bytes that nobody knows. */
export function fresh() {
  return toBase64(crypto.getRandomValues(new Uint8Array(16)));
}

/** @param {unknown} text @param {number} symbols */
export function isCode(text, symbols) {
  return typeof text === 'string' && text.length === symbols && /^[A-Za-z0-9_-]*$/.test(text);
}

/** @param {unknown} text */
export function isId(text) {
  return typeof text === 'string' && /^[A-Za-z0-9\-.]{1,64}$/.test(text);
}

/**
 * The one certificate that *sdp* names.
 * @param {string} sdp
 * @returns {string}
 * @throws {Distrusted} there is none, more than one, or one by another hash than SHA-256
 */
export function fingerprintOf(sdp) {
  /** @type {[string, string][]} */
  const told = [];
  for (const line of sdp.split('\n')) {
    const found = /^a=fingerprint:(\S+) (\S+)$/.exec(line.endsWith('\r') ? line.slice(0, -1) : line);
    if (found) told.push([String(found[1]).toLowerCase(), String(found[2]).toUpperCase()]);
  }
  const [first] = told;
  const same = told.every(([name, value]) => name === first?.[0] && value === first[1]);
  if (!first || !same || sdp.toLowerCase().split('fingerprint').length - 1 !== told.length) {
    throw new Distrusted('fingerprint');
  }
  const [name, value] = first;
  if (name !== 'sha-256' || !/^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/.test(value)) throw new Distrusted('fingerprint');
  return value;
}

/**
 * What fixes certificate and *reveal* before either is told.
 * @param {{visitId: string, peerId: string, key: string, fingerprint: string, reveal: string}} of
 */
export async function commitment({ visitId, peerId, key, fingerprint, reveal }) {
  return toBase64(await sha256(lines(PICTURES, visitId, peerId, key, fingerprint, reveal)));
}

/**
 * A guest's proof that it has the *secret* of an invitation (16 bytes, base64).
 * @param {string} secret
 * @param {{visitId: string, peerId: string, role: Role, key: string, name: string}} of
 */
export async function invited(secret, { visitId, peerId, role, key, name }) {
  const hash = { name: 'HMAC', hash: 'SHA-256' };
  const hmac = await crypto.subtle.importKey('raw', fromBase64(secret), hash, false, ['sign']);
  return toBase64(await crypto.subtle.sign('HMAC', hmac, lines(INVITED, visitId, peerId, role, key, name)));
}

/**
 * Whether this end offers to the other; each is a role and a peer_id.
 * @param {[Role, string]} mine
 * @param {[Role, string]} other
 */
export function offersFirst([mine, me], [other, them]) {
  const apart = ORDER.indexOf(mine) - ORDER.indexOf(other);
  return apart === 0 ? me < them : apart < 0;
}

/**
 * Whether *signature* is one of *key* (Ed25519, raw, base64) over *text*.
 * @param {string} key
 * @param {string} signature
 * @param {Uint8Array<ArrayBuffer>} text
 */
export async function verifies(key, signature, text) {
  try {
    const known = await crypto.subtle.importKey('raw', fromBase64(key), 'Ed25519', false, ['verify']);
    return await crypto.subtle.verify('Ed25519', known, fromBase64(signature), text);
  } catch {
    return false;
  }
}

/**
 * Three of `CALL_PICTURES`, from 18 bits.
 * @param {Uint8Array} hash
 * @returns {[string, string, string]}
 */
function drawn([a = 0, b = 0, c = 0]) {
  const number = (a << 16) | (b << 8) | c;
  const picture = (/** @type {number} */ shift) => String(CALL_PICTURES[(number >> shift) & 63]);
  return [picture(18), picture(12), picture(6)];
}

/**
 * What both *ends* see when nobody stands in between.
 * @param {string} visitId
 * @param {...End} ends
 */
export async function pictures(visitId, ...ends) {
  const parts = ends.toSorted((one, other) => (one.join('\n') < other.join('\n') ? -1 : 1)).flat();
  return drawn(await sha256(lines(PICTURES, visitId, ...parts)));
}

/**
 * The six pictures of a public key, for the operator and whoever has it to compare before it is signed. Slow on purpose:
 * nobody has to commit to a key beforehand, so that looking for one with given pictures must take long.
 * @param {string} key raw, base64
 */
export async function picturesOfKey(key) {
  const base = await crypto.subtle.importKey('raw', fromBase64(key), 'PBKDF2', false, ['deriveBits']);
  const salt = new TextEncoder().encode(KEY_PICTURES);
  const how = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: KEY_ROUNDS };
  const bits = new Uint8Array(await crypto.subtle.deriveBits(how, base, 256));
  return Array.from({ length: 6 }, (_, place) => pictureAt(bits, place));
}

/**
 * @param {Uint8Array} bits
 * @param {number} place of 6 bits
 */
function pictureAt(bits, place) {
  const at = (place * 6) >> 3;
  const two = ((bits[at] ?? 0) << 8) | (bits[at + 1] ?? 0);
  return String(CALL_PICTURES[(two >> (10 - ((place * 6) & 7))) & 63]);
}
