/**
 * Who is at the other end of a call, and that nobody stands in between (schemas/trust.py, protocol.md). Pure.
 *
 * The twin of telemed/kit/trust.py: the same rules, the same names, the same reasons to refuse.
 */

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
/** @typedef {{key: string, role: 'agent' | 'kiosk' | 'doctor', subject: string, name: string, room_id?: string | null}} RosterKey */
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

const CALL = 'telemed-call-v1';
const PICTURES = 'telemed-pictures-v1';
const ROSTER = 'telemed-roster-v1';
const INVITED = 'telemed-invited-v1';
const LONGEST_AGE_MS = 300_000;
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
function lines(...parts) {
  return new TextEncoder().encode(parts.join('\n'));
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** 16 bytes that nobody knows. */
export function fresh() {
  return toBase64(crypto.getRandomValues(new Uint8Array(16)));
}

/** @param {unknown} text @param {number} symbols */
function isCode(text, symbols) {
  return typeof text === 'string' && text.length === symbols && /^[A-Za-z0-9_-]*$/.test(text);
}

/** @param {unknown} text */
export function isId(text) {
  return typeof text === 'string' && /^[A-Za-z0-9\-.]{1,64}$/.test(text);
}

/**
 * @param {any} body
 * @returns {Hello}
 * @throws {Distrusted} it is none
 */
export function readHello(body) {
  const { v = 1, key, nonce, commitment: committed, name = '', proof = '' } = body ?? {};
  const named = typeof name === 'string' && [...name].length <= 80;
  if (v !== 1 || !isCode(key, 43) || !isCode(nonce, 22) || !isCode(committed, 43) || !named) {
    throw new Distrusted('malformed');
  }
  if (proof !== '' && !isCode(proof, 43)) throw new Distrusted('malformed');
  return { v: 1, key, nonce, commitment: committed, name, proof };
}

/**
 * @param {any} body
 * @returns {Description}
 * @throws {Distrusted} it is none
 */
export function readDescription(body) {
  const { type, attempt, sdp, at_ms: atMs, reveal, signature } = body ?? {};
  const counted = Number.isInteger(attempt) && attempt >= 1 && attempt < 2 ** 31 && Number.isSafeInteger(atMs);
  const coded = isCode(reveal, 22) && isCode(signature, 86) && typeof sdp === 'string';
  if (!['offer', 'answer'].includes(type) || !counted || !coded) throw new Distrusted('malformed');
  return { type, attempt, sdp, at_ms: atMs, reveal, signature };
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
  if (first[0] !== 'sha-256' || !/^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/.test(first[1])) throw new Distrusted('fingerprint');
  return first[1];
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
 * The three pictures of a public key, for the operator and whoever has it to compare before it is signed.
 * @param {string} key raw, base64
 */
export async function picturesOfKey(key) {
  return drawn(await sha256(fromBase64(key)));
}

/**
 * The entry of the end that greets with *hello* in *role*; a machine must be of *roomId*, if that is given.
 * @param {Hello} hello
 * @param {Roster | null} roster
 * @param {{role: Role, roomId?: string | null, nowMs: number}} expected
 * @returns {RosterKey}
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
  if (!operatorKeys.includes(by) || !(await verifies(by, signature, lines(ROSTER, text)))) throw new Distrusted('roster');
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

/** @typedef {{peerId: string, role: Role, hello: Hello}} Far what is known of the other end before its description */

/** One pair of ends, as this one sees it. */
export class Handshake {
  #me;
  #nonce;
  #reveal;
  /** @type {Far | null} */
  #far = null;
  /** @type {string | null} */
  #seen = null;
  #newest = 0;
  #offered = 0;
  #farReveal = '';

  /**
   * @param {Me} me its certificate is made already
   * @param {() => string} [draw] 16 random bytes, base64
   */
  constructor(me, draw = fresh) {
    this.#me = me;
    this.#nonce = draw();
    this.#reveal = draw();
  }

  /**
   * To be sent once, unasked; the same each time.
   * @param {{name?: string, secret?: string}} [guest]
   * @returns {Promise<Hello>}
   */
  async hello({ name = '', secret = '' } = {}) {
    const { visitId, peerId, role, publicKey: key, fingerprint } = this.#me;
    const proof = secret ? await invited(secret, { visitId, peerId, role, key, name }) : '';
    const committed = await commitment({ visitId, peerId, key, fingerprint, reveal: this.#reveal });
    return { v: 1, key, nonce: this.#nonce, commitment: committed, name, proof };
  }

  /**
   * The other end's hello; whether its key may be trusted is `trusted`'s or a doctor's to say.
   * @param {any} body
   * @param {{peerId: string, role: Role}} from
   * @throws {Distrusted} it is none, says something else than before, or is this end's own that comes back
   */
  greeted(body, { peerId, role }) {
    const far = { peerId, role, hello: readHello(body) };
    if (peerId === this.#me.peerId || far.hello.nonce === this.#nonce) throw new Distrusted('replayed');
    if (this.#far && JSON.stringify(this.#far) !== JSON.stringify(far)) throw new Distrusted('replayed');
    this.#far = far;
  }

  get isGreeted() {
    return this.#far !== null;
  }

  /** What the other end said of itself. */
  get farHello() {
    return this.#far?.hello ?? null;
  }

  get farKey() {
    return this.#far?.hello.key ?? '';
  }

  /** The other end's certificate, once a description of it was opened. */
  get farFingerprint() {
    return this.#seen;
  }

  /**
   * *sdp*, signed for the other end. Only after it has greeted us: its commitment must be there first.
   * @param {'offer' | 'answer'} type
   * @param {string} sdp
   * @param {{attempt: number, nowMs: number}} of
   * @returns {Promise<Description>}
   * @throws {Distrusted} it has not greeted, or *sdp* names another certificate than ours
   */
  async seal(type, sdp, { attempt, nowMs }) {
    const far = this.#known();
    const { role, peerId, publicKey, fingerprint, keys } = this.#me;
    if (fingerprintOf(sdp) !== fingerprint) throw new Distrusted('fingerprint');
    if (type === 'offer') this.#offered = attempt;
    const said = { type, attempt, sdp, at_ms: Math.round(nowMs), reveal: this.#reveal };
    const mine = [role, peerId, publicKey, this.#nonce, fingerprint, this.#reveal];
    const text = await signedText(this.#me.visitId, said, mine, ofFar(far));
    return { ...said, signature: toBase64(await crypto.subtle.sign('Ed25519', keys.privateKey, text)) };
  }

  /**
   * The SDP of a description, if the other end has signed it for us.
   * @param {any} body
   * @param {{nowMs: number}} at
   * @returns {Promise<string>}
   * @throws {Distrusted} it has not; or it is old, seen before, no answer to the newest offer, or not what was committed to
   */
  async open(body, { nowMs }) {
    const far = this.#known();
    const me = this.#me;
    const said = readDescription(body);
    if (Math.abs(nowMs - said.at_ms) > LONGEST_AGE_MS) throw new Distrusted('too-old');
    const fingerprint = fingerprintOf(said.sdp);
    const text = await signedText(me.visitId, said, [...ofFar(far), fingerprint, said.reveal], [
      me.role,
      me.peerId,
      me.publicKey,
      this.#nonce,
    ]);
    if (!(await verifies(far.hello.key, said.signature, text))) throw new Distrusted('signature');
    const { peerId } = far;
    const committed = await commitment({
      visitId: me.visitId,
      peerId,
      key: far.hello.key,
      fingerprint,
      reveal: said.reveal,
    });
    if (committed !== far.hello.commitment) throw new Distrusted('commitment');
    const unasked = said.type === 'answer' && said.attempt !== this.#offered;
    if (said.attempt <= this.#newest || unasked) throw new Distrusted('replayed');
    this.#newest = said.attempt;
    this.#seen = fingerprint;
    this.#farReveal = said.reveal;
    return said.sdp;
  }

  /**
   * What both ends see when nobody stands in between; null before the other's description was opened.
   * @returns {Promise<[string, string, string] | null>}
   */
  async pictures() {
    if (this.#seen === null) return null;
    const { visitId, peerId, publicKey, fingerprint } = this.#me;
    const far = this.#known();
    return pictures(
      visitId,
      [peerId, publicKey, fingerprint, this.#reveal],
      [far.peerId, far.hello.key, this.#seen, this.#farReveal],
    );
  }

  #known() {
    if (!this.#far) throw new Distrusted('malformed');
    return this.#far;
  }
}

/** @param {Far} far */
function ofFar({ role, peerId, hello }) {
  return [role, peerId, hello.key, hello.nonce];
}

/**
 * @param {string} visitId
 * @param {{type: string, attempt: number, sdp: string, at_ms: number}} said
 * @param {string[]} sender
 * @param {string[]} receiver
 */
async function signedText(visitId, { type, attempt, sdp, at_ms: atMs }, sender, receiver) {
  const digest = await sha256(new TextEncoder().encode(sdp));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return lines(CALL, visitId, type, attempt, ...sender, ...receiver, hex, atMs);
}
