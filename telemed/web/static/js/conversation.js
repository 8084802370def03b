/**
 * Everybody in a visit whom this end talks to, over one signalling socket: a connection with each (peer.js).
 *
 * The talk is a mesh of at most four ends; the room's agent is one more, for doctors. Who is not trusted gets nothing.
 * A broken signalling line leaves the connections alone: the talk goes on.
 */

import { Door } from './door.js';
import { publicKey } from './keys.js';
import { Peer } from './peer.js';
import { MOST_TALKERS, TALKERS, fingerprintOf } from './trust.js';

/** @typedef {import('./peer.js').Partner} Partner */
/** @typedef {import('./peer.js').Pulse} Pulse */
/** @typedef {import('./signalling.js').Participant} Participant */
/** @typedef {import('./signalling.js').Relay} Relay */
/** @typedef {import('./signalling.js').Role} Role */
/** @typedef {import('./signalling.js').SignallingEvent} SignallingEvent */
/** @typedef {import('./signalling.js').SignallingSocket} SignallingSocket */
/** @typedef {import('./talk.js').Admitted} Admitted */
/** @typedef {import('./talk.js').Talk} Talk */
/** @typedef {import('./trust.js').Hello} Hello */
/** @typedef {import('./trust.js').Me} Me */
/** @typedef {import('./trust.js').RefusedWhy} RefusedWhy */
/** @typedef {import('./trust.js').Roster} Roster */

/**
 * *name* and *secret* (of the invitation) only of guests.
 * @typedef {{visitId: string, role: Role, keys: Keys | Promise<Keys>, name?: string, secret?: string}} Myself
 */
/** @typedef {CryptoKeyPair} Keys */
/**
 * @typedef {object} Settings
 * @property {Myself} me
 * @property {string | null} [roomId] the machines must be of this room
 * @property {() => Roster | null} roster the newest that was verified
 * @property {() => Promise<unknown>} [fresher] get a newer roster, before an end that is not in ours is refused
 * @property {MediaStream | null} [localStream] what the others see and hear; tracks may follow by `replaceTrack`
 * @property {RTCIceTransportPolicy} [iceTransportPolicy]
 */
/**
 * @typedef {object} Hooks what others want to be told; more of them by `on`
 * @property {(peerId: string, stream: MediaStream | null, partner: Partner) => void} [onRemote] an end's sound and
 *   picture, inside `ontrack` (attach it at once: a late sink keeps its delay); null when that end is gone. Of the
 *   agent only the null
 * @property {(peerId: string, event: RTCTrackEvent, partner: Partner) => void} [onTrack] each track
 * @property {(peerId: string, channel: RTCDataChannel, partner: Partner) => void} [onChannel] each channel
 * @property {(peerId: string, partner: Partner) => void} [onOpen] one can be talked to now, on a new connection
 * @property {(peerId: string, message: Talk, partner: Partner) => void} [onTalk] what came on the channel "talk"
 * @property {(peerId: string, state: RTCPeerConnectionState, partner: Partner) => void} [onState]
 * @property {(peerId: string, pulse: Pulse, partner: Partner) => void} [onSilence] does it still answer?
 * @property {(partner: Partner, reason: RefusedWhy, by: 'us' | 'them') => void} [onDistrust] one end refused the other
 * @property {(peerId: string, names: string[], partner: Partner) => void} [onPictures] three of `CALL_PICTURES`
 * @property {(partner: Partner, hello: Hello) => void} [onKnock] on a doctor's page: a guest wants to come in
 * @property {(peerId: string, partner: Partner) => void} [onParted] it left, was sent out, or came anew as another
 * @property {(partner: Partner) => void} [onFull] four are talking; this one has to wait
 */

/** @typedef {Settings & Hooks} Options */

export class Conversation {
  /** @type {Map<string, Peer>} */
  #peers = new Map();
  /** @type {Map<string, import('./peer.js').Acquaintance>} */
  #acquaintances = new Map();
  /** @type {Set<string>} who is on the hub */
  #present = new Set();
  #door;
  /** @type {Relay[]} */
  #relays = [];
  /** @type {RTCCertificate[]} */
  #certificates = [];
  /** @type {Hooks[]} */
  #hooks = [];
  #closed = false;
  /** The person has come in: offers go out, and those of others are answered. */
  entered = false;
  /** Ties our sound to our picture. */
  outgoing = new MediaStream();
  /** @type {Record<string, MediaStreamTrack | null>} */
  tracks = { audio: null, video: null };

  /**
   * @param {SignallingSocket} signalling its events must be handed to `handle`
   * @param {Options} options
   */
  constructor(signalling, options) {
    this.signalling = signalling;
    this.options = options;
    this.#hooks.push(options);
    this.#door = new Door(options, (partner, hello) => this.emit('onKnock', partner, hello));
    for (const track of options.localStream?.getTracks() ?? []) this.tracks[track.kind] = track;
    /** Key and certificate of this run; both are ready before anybody comes. */
    this.me = this.#prepare();
  }

  /** @returns {Promise<Me>} */
  async #prepare() {
    const { visitId, role } = this.options.me;
    const keys = await this.options.me.keys;
    const made = /** @type {any} */ ({ name: 'ECDSA', namedCurve: 'P-256' });
    this.#certificates = [await RTCPeerConnection.generateCertificate(made)];
    const draft = new RTCPeerConnection({ iceServers: [], certificates: this.#certificates });
    draft.createDataChannel('draft');
    const { sdp = '' } = await draft.createOffer();
    draft.close();
    const { peerId } = this.signalling;
    return { visitId, peerId, role, keys, publicKey: await publicKey(keys), fingerprint: fingerprintOf(sdp) };
  }

  /** The same for whoever comes back. @param {string} peerId */
  acquaintance(peerId) {
    const known = this.#acquaintances.get(peerId) ?? { handshake: null, attempt: 0 };
    this.#acquaintances.set(peerId, known);
    return known;
  }

  /** Be told as well. @param {Hooks} hooks */
  on(hooks) {
    this.#hooks.push(hooks);
  }

  /**
   * @template {keyof Hooks} K
   * @param {K} name
   * @param {Parameters<NonNullable<Hooks[K]>>} told
   */
  emit(name, ...told) {
    for (const hooks of this.#hooks) /** @type {any} */ (hooks[name])?.(...told);
  }

  /** Only our own relays are asked for a way, and nobody where there is none. @type {RTCConfiguration} */
  get configuration() {
    return {
      iceServers: this.#relays.map(({ urls, username = '', credential = '' }) => ({ urls, username, credential })),
      iceTransportPolicy: this.options.iceTransportPolicy ?? 'all',
      bundlePolicy: 'max-bundle',
      certificates: this.#certificates,
    };
  }

  /** The ids of the ends that are trusted. */
  get peers() {
    return this.#all(({ trusted: good }) => good).map(({ id }) => id);
  }

  /** Who they are. */
  get partners() {
    return this.#all(({ trusted: good }) => good).map(({ partner }) => partner);
  }

  /** @param {(peer: Peer) => boolean} holds */
  #all(holds) {
    return [...this.#peers.values()].filter(holds);
  }

  /**
   * The connection to an end, for figures (`getStats`).
   * @param {string} peerId
   */
  connection(peerId) {
    return this.#peers.get(peerId)?.connection;
  }

  /** @param {string} peerId */
  roundTripMs(peerId) {
    return this.#peers.get(peerId)?.roundTripMs ?? Number.NaN;
  }

  /** @param {string} peerId */
  isPresent(peerId) {
    return this.signalling.here && this.#present.has(peerId);
  }

  /**
   * Which way the connection goes; null while there is none.
   * @param {string} peerId
   * @returns {Promise<{relayed: boolean, protocol: string} | null>}
   */
  async path(peerId) {
    const stats = await this.connection(peerId)?.getStats();
    const found = [...(stats?.values() ?? [])].find((each) => each.type === 'candidate-pair' && each.nominated);
    const local = found && stats?.get(found.localCandidateId);
    if (!local) return null;
    const relayed = local.candidateType === 'relay' || stats?.get(found.remoteCandidateId)?.candidateType === 'relay';
    return { relayed, protocol: local.relayProtocol ?? local.protocol };
  }

  /** The person comes in. What was made ready before is answered at once. */
  enter() {
    if (this.entered) return;
    this.entered = true;
    this.reconsider();
  }

  /** The roster is another one, somebody was admitted or went: look at those again who wait. */
  reconsider() {
    for (const peer of this.#peers.values()) peer.reconsider();
  }

  /**
   * Say something on the channel "talk": to one end, or to all.
   * @param {Talk} message
   * @param {string} [peerId]
   * @returns {boolean} whether anybody was reached
   */
  send(message, peerId) {
    const told = this.#all(({ id }) => peerId === undefined || id === peerId).map((peer) => peer.say(message));
    return told.includes(true);
  }

  /**
   * What we send from now on, to all; null for nothing.
   * @param {'audio' | 'video'} kind
   * @param {MediaStreamTrack | null} track
   */
  replaceTrack(kind, track) {
    this.tracks[kind] = track;
    for (const peer of this.#peers.values()) peer.replaceTrack(kind, track);
    this.sendingChanged();
  }

  /** A track was muted or goes on: the others are told. */
  sendingChanged() {
    this.send(this.#sending());
  }

  /** @returns {import('./talk.js').Sending} */
  #sending() {
    const runs = (/** @type {string} */ kind) => this.tracks[kind]?.enabled === true;
    return { type: 'sending', sound: runs('audio'), picture: runs('video') ? 'full' : 'off' };
  }

  /**
   * A doctor lets a guest in, whose hello she has seen; false when four are talking already.
   * @param {string} peerId
   * @param {Hello} hello
   * @param {string} [name] as all shall see it
   */
  admit(peerId, hello, name = hello.name ?? '') {
    const peer = this.#peers.get(peerId);
    if (!peer || peer.hello?.key !== hello.key) return false;
    if (this.#isFull(peer)) {
      this.emit('onFull', peer.partner);
      return false;
    }
    this.send(this.#door.admit(peer.partner, hello, name));
    peer.reconsider();
    return true;
  }

  /** A doctor sends a guest out, or does not let it in. @param {string} peerId */
  dismiss(peerId) {
    const admitted = this.#door.dismiss(peerId);
    if (admitted) this.send({ ...admitted, on: false });
    this.part(peerId);
  }

  /** @param {Peer} peer */
  #isFull(peer) {
    if (!TALKERS.includes(peer.partner.role)) return false;
    const others = this.#all((each) => each !== peer && each.trusted && TALKERS.includes(each.partner.role));
    return others.length >= MOST_TALKERS - 1;
  }

  /**
   * May *peer* be connected to? False: not yet, somebody has to say so first.
   * @param {Peer} peer
   * @param {Hello} hello
   * @throws {import('./trust.js').Distrusted} it is none whom the operator has signed
   */
  async judge(peer, hello) {
    const { partner } = peer;
    if (!(await this.#door.knows(partner, hello))) return false;
    for (const old of this.#all((each) => each !== peer && each.partner.key === hello.key)) {
      if (!this.#present.has(old.id)) this.part(old.id); // it came anew: another page of the same end
    }
    if (!this.#isFull(peer)) return true;
    this.emit('onFull', partner);
    return false;
  }

  /**
   * Take in what the signalling socket said. A lost line leaves the connections alone.
   * @param {SignallingEvent} event
   */
  handle(event) {
    switch (event.type) {
      case 'here':
        this.#relayed(event.relays ?? []);
        this.#present = new Set(event.participants.map(({ peer_id }) => peer_id));
        event.participants.filter(({ peer_id }) => peer_id !== event.you).forEach((each) => this.#meet(each, true));
        break;
      case 'came':
        this.#present.add(event.participant.peer_id);
        this.#meet(event.participant, false);
        break;
      case 'left':
        this.#left(event.peer_id);
        break;
      case 'signal':
        this.#peers.get(event.sender)?.hear(event);
        break;
      case 'relays':
        this.#relayed(event.relays);
        break;
      case 'over':
        this.close(isTalker);
        break;
      case 'closed':
        if (event.final) this.close(isTalker);
    }
  }

  /** @param {Participant} participant @param {boolean} lineIsBack */
  #meet(participant, lineIsBack) {
    const known = this.#peers.get(participant.peer_id);
    if (lineIsBack) known?.again();
    else known?.cameAgain();
    if (known || this.#closed || !connects(this.options.me.role, participant.role)) return;
    this.#peers.set(participant.peer_id, new Peer(participant, this));
  }

  /** Its line to the hub is gone; who was never connected is gone with it. @param {string} peerId */
  #left(peerId) {
    this.#present.delete(peerId);
    const peer = this.#peers.get(peerId);
    if (peer && (peer.distrusted || !peer.wasLive)) this.part(peerId);
  }

  /** Connections that run keep what they have; the next ones ask these. @param {Relay[]} relays */
  #relayed(relays) {
    this.#relays = relays;
    for (const peer of this.#peers.values()) peer.connection?.setConfiguration(this.configuration);
  }

  /**
   * A peer's channel is open: it hears what it must know.
   * @param {Peer} peer
   */
  opened(peer) {
    for (const each of this.#door.admittedByUs) if (each.peer_id !== peer.id) peer.say(each);
    if (isTalker(peer.partner)) peer.say(this.#sending());
    this.emit('onOpen', peer.id, peer.partner);
  }

  /**
   * @param {Peer} peer
   * @param {Talk} message
   */
  told(peer, message) {
    if (message.type === 'bye') this.part(peer.id);
    if (message.type === 'admitted' && peer.partner.role === 'doctor') this.#admits(message);
    this.emit('onTalk', peer.id, message, peer.partner);
  }

  /** A doctor whom we trust says who may talk to us. @param {Admitted} message */
  #admits(message) {
    this.#door.told(message);
    if (message.on === false) this.part(message.peer_id);
    else this.#peers.get(message.peer_id)?.reconsider();
  }

  /** End the connection to one. @param {string} peerId */
  part(peerId) {
    const peer = this.#peers.get(peerId);
    if (!peer) return;
    this.#peers.delete(peerId);
    this.#door.forget(peerId);
    peer.close();
    this.emit('onParted', peerId, peer.partner);
    this.reconsider();
  }

  /**
   * End all connections, or those for which *only* holds. The local stream is the page's to stop.
   * @param {(partner: Partner) => boolean} [only]
   */
  close(only = () => true) {
    this.#closed ||= only === isTalker || this.#all(({ partner }) => !only(partner)).length === 0;
    for (const peer of this.#all(({ partner }) => only(partner))) this.part(peer.id);
  }
}

/** Whether this end takes part in the talk; the agent does not. @param {{role: Role}} partner */
export function isTalker(partner) {
  return TALKERS.includes(partner.role);
}

/** @param {Role} mine @param {Role} other */
function connects(mine, other) {
  if (other === 'agent') return mine === 'doctor' || mine === 'colleague';
  return TALKERS.includes(mine) && TALKERS.includes(other);
}
