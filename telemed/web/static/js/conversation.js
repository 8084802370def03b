/**
 * Sound and picture with each partner in a visit: one RTCPeerConnection per partner, over one signalling socket.
 *
 * A connection that broke is replaced by a new one, never restarted. No server is asked for the way (`iceServers: []`).
 */

/** @typedef {import('./signalling.js').Participant} Participant */
/** @typedef {import('./signalling.js').Role} Role */
/** @typedef {import('./signalling.js').Signal} Signal */
/** @typedef {import('./signalling.js').SignallingEvent} SignallingEvent */
/** @typedef {import('./signalling.js').SignallingSocket} SignallingSocket */

/**
 * @typedef {object} Options
 * @property {boolean} offerer who begins: kiosk and agent offer, the doctor answers
 * @property {Role} partner whom this conversation is with; everyone else on the socket is left alone
 * @property {MediaStream | null} [localStream] what the partner sees and hears; null for send-nothing
 * @property {(peerId: string, stream: MediaStream | null, partner: Participant) => void} [onRemote] the partner's
 *   stream inside `ontrack` (attach it at once, a late sink keeps its delay), null when it is gone
 * @property {(peerId: string, event: RTCTrackEvent) => void} [onTrack] each track, for ends that tell them apart
 * @property {(peerId: string, channel: RTCDataChannel) => void} [onChannel] a channel that the partner opened
 * @property {(peerId: string, state: RTCPeerConnectionState) => void} [onState]
 */

const PATIENCE_MS = 4000;

/** One partner and the connection to it. */
class Peer {
  /** @type {Promise<void>} */
  #work = Promise.resolve();
  /** @type {(RTCIceCandidateInit | null)[]} */
  #early = [];
  #timer = 0;
  #gone = false;

  /**
   * @param {Participant} partner
   * @param {SignallingSocket} signalling
   * @param {Options} options
   */
  constructor(partner, signalling, options) {
    this.partner = partner;
    this.signalling = signalling;
    this.options = options;
    this.connection = this.#connect();
  }

  get id() {
    return this.partner.peer_id;
  }

  #connect() {
    const connection = new RTCPeerConnection({ iceServers: [], bundlePolicy: 'max-bundle' });
    connection.addEventListener('icecandidate', ({ candidate }) => {
      if (connection !== this.connection || candidate?.candidate === '') return;
      this.signalling.send(this.id, 'candidate', candidate?.toJSON() ?? null);
    });
    connection.addEventListener('track', (event) => this.#heardTrack(event));
    connection.addEventListener('datachannel', ({ channel }) => this.options.onChannel?.(this.id, channel));
    connection.addEventListener('connectionstatechange', () => this.#changed(connection));
    return connection;
  }

  /** @param {RTCTrackEvent} event */
  #heardTrack(event) {
    this.options.onTrack?.(this.id, event);
    this.options.onRemote?.(this.id, event.streams[0] ?? new MediaStream([event.track]), this.partner);
  }

  /** @param {RTCPeerConnection} connection */
  #changed(connection) {
    if (this.#gone || connection !== this.connection) return;
    clearTimeout(this.#timer);
    this.options.onState?.(this.id, connection.connectionState);
    if (!this.options.offerer) return;
    if (connection.connectionState === 'failed') this.offer();
    if (connection.connectionState === 'disconnected') this.#timer = window.setTimeout(() => this.offer(), PATIENCE_MS);
  }

  #renew() {
    this.#early = [];
    if (this.connection.signalingState === 'stable' && !this.connection.remoteDescription) return;
    this.connection.close();
    this.connection = this.#connect();
  }

  /** Begin, or begin anew on a fresh connection. */
  offer() {
    this.#next(async () => {
      this.#renew();
      this.#addLocal();
      await this.connection.setLocalDescription();
      this.#describe('offer');
    });
  }

  /** @param {Signal} signal */
  hear(signal) {
    this.#next(async () => {
      if (signal.kind === 'candidate') await this.#candidate(/** @type {RTCIceCandidateInit | null} */ (signal.body));
      else await this.#description(/** @type {RTCSessionDescriptionInit} */ (signal.body));
    });
  }

  /** @param {RTCSessionDescriptionInit} description */
  async #description(description) {
    if (description.type === 'offer') await this.#answer(description);
    else if (this.connection.signalingState === 'have-local-offer') {
      await this.connection.setRemoteDescription(description);
    }
    const early = this.#early;
    this.#early = [];
    for (const candidate of early) await this.#candidate(candidate);
  }

  /** @param {RTCSessionDescriptionInit} offer */
  async #answer(offer) {
    this.#renew();
    await this.connection.setRemoteDescription(offer);
    for (const track of this.options.localStream?.getTracks() ?? []) {
      this.connection.addTrack(track, /** @type {MediaStream} */ (this.options.localStream));
    }
    await this.connection.setLocalDescription();
    this.#describe('answer');
  }

  /** @param {'offer' | 'answer'} kind */
  #describe(kind) {
    const made = /** @type {RTCSessionDescription} */ (this.connection.localDescription);
    this.signalling.send(this.id, kind, { type: made.type, sdp: made.sdp });
  }

  #addLocal() {
    const stream = this.options.localStream;
    for (const kind of ['audio', 'video']) {
      const track = stream?.getTracks().find((each) => each.kind === kind);
      if (track && stream) this.connection.addTrack(track, stream);
      else this.connection.addTransceiver(kind, { direction: 'recvonly' });
    }
  }

  /** @param {RTCIceCandidateInit | null} candidate */
  async #candidate(candidate) {
    const remote = this.connection.remoteDescription;
    if (!remote) {
      this.#early.push(candidate);
      return;
    }
    const fragment = candidate?.usernameFragment;
    if (fragment && !remote.sdp.includes(`a=ice-ufrag:${fragment}`)) return; // of a connection that was replaced
    await this.connection.addIceCandidate(candidate ?? undefined);
  }

  /** @param {() => Promise<void>} step */
  #next(step) {
    this.#work = this.#work
      .then(() => (this.#gone ? undefined : step()))
      .catch((error) => console.warn('conversation', error.name));
  }

  close() {
    clearTimeout(this.#timer);
    this.#gone = true;
    this.connection.close();
    this.options.onRemote?.(this.id, null, this.partner);
  }
}

export class Conversation {
  /** @type {Map<string, Peer>} */
  #peers = new Map();

  /**
   * @param {SignallingSocket} signalling its events must be handed to `handle`
   * @param {Options} options
   */
  constructor(signalling, options) {
    this.signalling = signalling;
    this.options = options;
  }

  /** The ids of the partners that are here. */
  get peers() {
    return [...this.#peers.keys()];
  }

  /**
   * The connection to a partner, for figures (`getStats`) and for replacing a track.
   * @param {string} peerId
   */
  connection(peerId) {
    return this.#peers.get(peerId)?.connection;
  }

  /**
   * Take in what the signalling socket said. A lost line leaves the connections alone: the talk goes on.
   * @param {SignallingEvent} event
   */
  handle(event) {
    switch (event.type) {
      case 'here':
        this.#closeAll();
        event.participants.filter(({ peer_id }) => peer_id !== event.you).forEach((each) => this.#meet(each));
        break;
      case 'came':
        this.#meet(event.participant);
        break;
      case 'left':
        this.#part(event.peer_id);
        break;
      case 'signal':
        this.#peers.get(event.sender)?.hear(event);
        break;
      case 'over':
        this.close();
        break;
      case 'closed':
        if (event.final) this.close();
    }
  }

  /** End all connections. The local stream is the page's to stop. */
  close() {
    this.#closeAll();
  }

  #closeAll() {
    for (const peerId of this.peers) this.#part(peerId);
  }

  /** @param {Participant} partner */
  #meet(partner) {
    if (partner.role !== this.options.partner || this.#peers.has(partner.peer_id)) return;
    const peer = new Peer(partner, this.signalling, this.options);
    this.#peers.set(partner.peer_id, peer);
    if (this.options.offerer) peer.offer();
  }

  /** @param {string} peerId */
  #part(peerId) {
    const peer = this.#peers.get(peerId);
    this.#peers.delete(peerId);
    peer?.close();
  }
}
