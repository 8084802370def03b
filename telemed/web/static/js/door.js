/** Who may be talked to: whom the operator has signed, and which guests a doctor has let in. */

import { Distrusted, GUESTS, trusted } from './trust.js';

/** @typedef {import('./conversation.js').Settings} Settings */
/** @typedef {import('./peer.js').Partner} Partner */
/** @typedef {import('./signalling.js').Role} Role */
/** @typedef {import('./talk.js').Admitted} Admitted */
/** @typedef {import('./trust.js').Hello} Hello */

/** So long a newer roster is waited for. */
const FRESHER_MS = 3000;
/** What a newer roster may mend. */
const MAY_BE_OLD = ['unknown-key', 'roster', 'wrong-role'];

export class Door {
  /** @type {Map<string, Admitted>} */
  #admitted = new Map();
  /** @type {Set<string>} */
  #knocked = new Set();

  /**
   * @param {Settings} settings
   * @param {(partner: Partner, hello: Hello) => void} knock a guest waits for a doctor's word
   */
  constructor(settings, knock) {
    this.settings = settings;
    this.knock = knock;
  }

  get #isDoctors() {
    return this.settings.me.role === 'doctor';
  }

  /** What a doctor tells everybody who comes. */
  get admittedByUs() {
    return this.#isDoctors ? [...this.#admitted.values()] : [];
  }

  /**
   * Whether *partner* may be talked to; false: not yet, a doctor has to say so first.
   * @param {Partner} partner its name is filled in
   * @param {Hello} hello
   * @throws {Distrusted} it is none whom the operator has signed
   */
  async knows(partner, hello) {
    if (GUESTS.includes(partner.role)) return this.#wasAdmitted(partner, hello);
    const entry = await this.#inRoster(partner.role, hello);
    partner.name = entry.name;
    partner.subject = entry.subject;
    return true;
  }

  /** @param {Partner} partner @param {Hello} hello */
  #wasAdmitted(partner, hello) {
    const { peer_id: peerId, role } = partner;
    const admitted = this.#admitted.get(peerId);
    if (admitted && admitted.key === hello.key && admitted.role === role) {
      partner.name = admitted.name;
      return true;
    }
    partner.name = hello.name ?? '';
    if (this.#isDoctors && !this.#knocked.has(peerId)) {
      this.#knocked.add(peerId);
      this.knock(partner, hello);
    }
    return false;
  }

  /** @param {Role} role @param {Hello} hello */
  async #inRoster(role, hello) {
    const { roomId = null, roster, fresher } = this.settings;
    const look = () => trusted(hello, roster(), { role, roomId, nowMs: Date.now() });
    try {
      return look();
    } catch (error) {
      if (!(error instanceof Distrusted && MAY_BE_OLD.includes(error.reason)) || !fresher) throw error;
      const late = new Promise((done) => setTimeout(done, FRESHER_MS));
      await Promise.race([fresher().catch(() => null), late]);
      return look();
    }
  }

  /**
   * Our person lets a guest in; what the others are told.
   * @param {Partner} partner
   * @param {Hello} hello
   * @param {string} name
   */
  admit({ peer_id: peerId, role }, { key }, name) {
    /** @type {Admitted} */
    const admitted = { type: 'admitted', peer_id: peerId, key, role, name, on: true };
    this.#admitted.set(peerId, admitted);
    return admitted;
  }

  /** Our person sends a guest out; what was said of it. @param {string} peerId */
  dismiss(peerId) {
    const admitted = this.#admitted.get(peerId);
    this.#admitted.delete(peerId);
    return admitted;
  }

  /**
   * A doctor whom we trust says who may be talked to; our own word comes before hers.
   * @param {Admitted} message
   */
  told(message) {
    const { peer_id: peerId, on } = message;
    if (on === false) this.#admitted.delete(peerId);
    else if (!this.#isDoctors || !this.#admitted.has(peerId)) this.#admitted.set(peerId, message);
  }

  /** It has gone, and may knock again. @param {string} peerId */
  forget(peerId) {
    this.#knocked.delete(peerId);
  }
}
