/**
 * One other end of a visit: the handshake with it, and one connection after the other to it (link.js).
 *
 * A connection that was lost is replaced by a fresh one with the next attempt, never restarted, and never hung up
 * because it is poor. Nothing of a description is used before its signature was verified.
 */

import { Link } from './link.js';
import { Distrusted, Handshake, offersFirst } from './trust.js';

/** @typedef {import('./heartbeat.js').Pulse} Pulse */
/** @typedef {import('./signalling.js').Participant} Participant */
/** @typedef {import('./signalling.js').Signal} Signal */
/** @typedef {import('./signalling.js').SignalBody} SignalBody */
/** @typedef {import('./talk.js').Talk} Talk */
/** @typedef {import('./trust.js').RefusedWhy} RefusedWhy */
/** @typedef {import('./trust.js').Hello} Hello */
/**
 * *name* and *subject* as the roster has them, or the name that a doctor admitted; *key* once it is trusted.
 * @typedef {Participant & {subject?: string, key?: string}} Partner
 */
/** @typedef {import('./conversation.js').Conversation} Conversation */
/**
 * @typedef {object} Acquaintance what this page and an end have said to each other. It outlasts that end's line to the
 *   hub: a second handshake under the same names would be refused
 * @property {Handshake | null} handshake
 * @property {number} attempt
 */

const LOOK_MS = 250;
/** So often an end asks for a connection that it misses. */
const ASK_MS = 2000;
const MOST_EARLY = 100;
const LAST_WORD_MS = 150;
const LIVE = ['good', 'slow'];

export class Peer {
  /** @type {Promise<void>} */
  #work = Promise.resolve();
  /** @type {Acquaintance} */
  #known;
  /** @type {Link | null} */
  #link = null;
  /** @type {SignalBody} an offer that came before we could verify it */
  #unread = null;
  /** @type {{attempt: number, candidate: RTCIceCandidateInit}[]} */
  #early = [];
  /** @type {Pulse} */
  #pulse = 'none';
  #askedAt = -ASK_MS;
  #gone = false;
  #timer = 0;
  trusted = false;
  /** Whether a connection ever answered. */
  wasLive = false;
  /** @type {RefusedWhy | ''} */
  distrusted = '';

  /**
   * @param {Participant} participant
   * @param {Conversation} conversation
   */
  constructor(participant, conversation) {
    /** @type {Partner} */
    this.partner = { ...participant };
    this.conversation = conversation;
    this.#known = conversation.acquaintance(participant.peer_id);
    const { role } = conversation.options.me;
    this.offers = offersFirst([role, conversation.signalling.peerId], [participant.role, participant.peer_id]);
    this.#timer = window.setInterval(() => this.#look(), LOOK_MS);
    this.greet();
  }

  get id() {
    return this.partner.peer_id;
  }

  get connection() {
    return this.#link?.connection;
  }

  /** What it said of itself. @type {Hello | null} */
  get hello() {
    return this.#known.handshake?.farHello ?? null;
  }

  get roundTripMs() {
    return this.#link?.roundTripMs ?? Number.NaN;
  }

  /** Whether the connection answers, if late. */
  get isLive() {
    return LIVE.includes(this.#pulse);
  }

  /** Say who we are; said again it asks for an offer, or for the other's hello. */
  greet() {
    this.#next(async () => {
      const { name = '', secret = '' } = this.conversation.options.me;
      this.#known.handshake ??= new Handshake(await this.conversation.me);
      this.#askedAt = performance.now();
      this.#send('hello', await this.#known.handshake.hello({ name, secret }));
    });
  }

  /** Our line to the hub is back: what either of us said meanwhile is lost. */
  again() {
    if (this.isLive || this.distrusted) return;
    if (this.offers && this.trusted && this.conversation.entered) this.#next(() => this.#offer());
    this.greet();
  }

  /** Its line to the hub is new: what we said to it over the old one may be lost, so its next word is answered at once. */
  cameAgain() {
    this.#askedAt = -ASK_MS;
  }

  /** Something changed that trust or beginning may hang on. */
  reconsider() {
    this.#next(() => this.#judge());
  }

  /** @param {Signal} signal */
  hear({ kind, body }) {
    this.#next(async () => {
      if (kind === 'hello') await this.#greeted(body);
      else if (kind === 'offer') await this.#offered(body);
      else if (kind === 'answer') await this.#answered(body);
      else if (kind === 'candidate') await this.#candidate(body);
      else if (!this.isLive) this.#end(/** @type {RefusedWhy} */ (String(body?.reason ?? 'malformed')), 'them');
    });
  }

  /** @param {SignalBody} body */
  async #greeted(body) {
    const handshake = /** @type {Handshake} */ (this.#known.handshake);
    const again = handshake.isGreeted;
    handshake.greeted(body, { peerId: this.id, role: this.partner.role });
    if (!again || !this.trusted) await this.#judge();
    else await this.#asked();
  }

  /** The other end has said its hello again: it misses an offer, or our own hello. */
  async #asked() {
    const now = performance.now();
    if (this.#pulse === 'good' || this.#link?.isBeginning || now - this.#askedAt < ASK_MS / 2) return;
    if (!this.offers && !this.#link) this.greet();
    if (!this.offers || !this.conversation.entered) return;
    this.#askedAt = now;
    await this.#offer();
    this.greet();
  }

  async #judge() {
    const hello = this.hello;
    if (hello && !this.trusted) {
      this.partner.key = hello.key;
      this.trusted = await this.conversation.judge(this, hello);
    }
    if (!this.trusted || this.#gone) return;
    const unread = this.#unread;
    this.#unread = null;
    if (unread) await this.#offered(unread);
    else await this.#proceed();
  }

  async #proceed() {
    if (!this.trusted || !this.conversation.entered) return;
    if (this.offers && !this.#link) await this.#offer();
    else if (this.#link?.isHeld) await this.#answer(this.#link);
  }

  /** Begin, or begin anew on a fresh connection. */
  async #offer() {
    const link = this.#renew(++this.#known.attempt);
    link.offerMedia(this.conversation.outgoing, this.conversation.tracks);
    await this.#describe(link, 'offer');
  }

  /** @param {SignalBody} body */
  async #offered(body) {
    const handshake = /** @type {Handshake} */ (this.#known.handshake);
    if (this.offers) throw new Distrusted('malformed');
    if (!this.trusted) {
      this.#unread = body;
      if (!handshake.isGreeted) this.greet();
      return;
    }
    const sdp = await handshake.open(body, { nowMs: Date.now() });
    this.#known.attempt = body?.attempt;
    const link = this.#renew(this.#known.attempt);
    await link.connection.setRemoteDescription({ type: 'offer', sdp });
    link.isHeld = true;
    if (this.partner.role !== 'agent') link.joinMedia(this.conversation.outgoing, this.conversation.tracks);
    await this.#caughtUp();
    await this.#proceed();
  }

  /** @param {Link} link */
  async #answer(link) {
    link.isHeld = false;
    await this.#describe(link, 'answer');
    link.settled();
  }

  /** @param {SignalBody} body */
  async #answered(body) {
    const link = this.#link;
    const stale = Number.isInteger(body?.attempt) && body?.attempt < this.#known.attempt;
    if (!this.offers || link?.connection.signalingState !== 'have-local-offer' || stale) return;
    const sdp = await /** @type {Handshake} */ (this.#known.handshake).open(body, { nowMs: Date.now() });
    if (body?.type !== 'answer') throw new Distrusted('malformed');
    await link.connection.setRemoteDescription({ type: 'answer', sdp });
    link.settled();
    await this.#caughtUp();
  }

  /** The other's description is in place: its early candidates, and what both people can compare. */
  async #caughtUp() {
    const early = this.#early;
    this.#early = [];
    for (const each of early) await this.#candidate({ ...each.candidate, attempt: each.attempt });
    const names = await this.#known.handshake?.pictures();
    if (names) this.conversation.emit('onPictures', this.id, names, this.partner);
  }

  /** @param {Link} link @param {'offer' | 'answer'} type */
  async #describe(link, type) {
    const sdp = await link.describe();
    const { attempt } = link;
    const sealed = await this.#known.handshake?.seal(type, sdp, { attempt, nowMs: Date.now() });
    this.#send(type, sealed ?? null);
    link.described();
  }

  /** @param {SignalBody} body */
  async #candidate(body) {
    if (!body || !Number.isInteger(body.attempt) || body.attempt < this.#known.attempt) return;
    const { attempt, ...candidate } = body;
    if (attempt > this.#known.attempt || !this.#link?.connection.remoteDescription) {
      if (this.#early.length < MOST_EARLY) this.#early.push({ attempt, candidate });
      return;
    }
    // not signed: a wrong one leads nowhere
    await this.#link.connection.addIceCandidate(candidate).catch(() => console.warn('conversation: candidate skipped'));
  }

  /** A fresh connection in place of the one that was. @param {number} attempt */
  #renew(attempt) {
    const { conversation, partner, id } = this;
    this.#link?.close();
    const link = new Link(attempt, conversation.configuration, partner.role === 'agent' ? 'ctl' : 'talk', {
      candidate: (candidate) => this.#send('candidate', candidate && { ...candidate, attempt }),
      track: (event) => this.#heardTrack(event),
      channel: (channel) => conversation.emit('onChannel', id, channel, partner),
      state: (state) => this.#changed(link, state),
      open: () => {
        this.#look();
        conversation.opened(this);
      },
      told: (message) => conversation.told(this, message),
      broken: () => {
        console.warn('conversation: contract broken on talk');
        conversation.part(id);
      },
    });
    this.#link = link;
    return link;
  }

  /** @param {RTCTrackEvent} event */
  #heardTrack(event) {
    this.conversation.emit('onTrack', this.id, event, this.partner);
    if (this.partner.role === 'agent' || !this.#link) return;
    this.#link.stream.addTrack(event.track);
    this.conversation.emit('onRemote', this.id, this.#link.stream, this.partner);
  }

  /**
   * Say something on the talk's channel; false when it is not open.
   * @param {object} message
   */
  say(message) {
    return this.#link?.say(message) ?? false;
  }

  /** @param {string} kind @param {MediaStreamTrack | null} track */
  replaceTrack(kind, track) {
    this.#link?.replaceTrack(kind, track);
  }

  /** @param {Link} link @param {RTCPeerConnectionState} state */
  #changed(link, state) {
    this.conversation.emit('onState', this.id, state, this.partner);
    this.#look();
    if (state !== 'connected') return;
    this.#next(async () => {
      const used = await link.farFingerprint();
      if (link === this.#link && used && used !== this.#known.handshake?.farFingerprint) this.#distrust('fingerprint');
    });
  }

  #look() {
    if (!this.#link || !this.conversation.entered) return;
    const pulse = this.#link.look();
    if (pulse !== this.#pulse && pulse !== 'none') {
      this.#pulse = pulse;
      this.wasLive ||= this.isLive;
      this.conversation.emit('onSilence', this.id, pulse, this.partner);
    }
    if (pulse !== 'lost' || !this.conversation.isPresent(this.id)) return;
    if (performance.now() - this.#askedAt < ASK_MS) return;
    this.#askedAt = performance.now();
    if (this.offers) this.#next(() => this.#offer());
    else this.greet();
  }

  /** @param {RefusedWhy} reason */
  #distrust(reason) {
    this.#send('refused', { reason });
    this.#end(reason, 'us');
  }

  /** @param {RefusedWhy} reason @param {'us' | 'them'} by */
  #end(reason, by) {
    this.distrusted = reason;
    this.trusted = false;
    this.#pulse = 'none';
    this.#link?.close();
    this.#link = null;
    this.conversation.emit('onRemote', this.id, null, this.partner);
    this.conversation.emit('onDistrust', this.partner, reason, by);
  }

  /** @param {import('./signalling.js').SignalKind} kind @param {SignalBody} body */
  #send(kind, body) {
    this.conversation.signalling.send(this.id, kind, body);
  }

  /** One step after the other; none after the end. @param {() => Promise<void>} step */
  #next(step) {
    this.#work = this.#work
      .then(() => (this.#gone || this.distrusted ? undefined : step()))
      .catch((error) => this.#failed(error));
  }

  /** @param {Error} error */
  #failed(error) {
    if (this.#gone) return;
    console.warn('conversation', error.name, error instanceof Distrusted ? error.reason : '');
    // what somebody sends into a verified connection that answers does not end it
    if (error instanceof Distrusted && !this.isLive) this.#distrust(error.reason);
  }

  /** Leave this end; it is told. */
  close() {
    if (this.#gone) return;
    this.#gone = true;
    clearInterval(this.#timer);
    this.say({ type: 'bye' });
    this.#link?.close(LAST_WORD_MS);
    this.#link = null;
    this.conversation.emit('onRemote', this.id, null, this.partner);
  }
}
