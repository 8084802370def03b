/**
 * Who is at the other end of a call, and that nobody stands in between (schemas/trust.py, protocol.md). Pure.
 *
 * The twin of telemed/kit/trust.py: the same rules, the same names, the same reasons to refuse.
 */

import { toBase64 } from './base64.js';
import {
  Distrusted,
  commitment,
  fingerprintOf,
  fresh,
  invited,
  isCode,
  lines,
  pictures,
  sha256,
  verifies,
} from './seals.js';

export * from './roster.js';
export * from './seals.js';

/** @typedef {import('./seals.js').Description} Description */
/** @typedef {import('./seals.js').Hello} Hello */
/** @typedef {import('./seals.js').Me} Me */
/** @typedef {import('./seals.js').RefusedWhy} RefusedWhy */
/** @typedef {import('./seals.js').Role} Role */
/** @typedef {import('./seals.js').Roster} Roster */
/** @typedef {import('./seals.js').SignedRoster} SignedRoster */

const CALL = 'telemed-call-v1';
const LONGEST_AGE_MS = 300_000;

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
   * @throws {Distrusted} it has not; or it is old, seen before, not what was committed to, or answers another offer
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
