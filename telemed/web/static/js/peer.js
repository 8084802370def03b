/**
 * One other end of a visit: the handshake with it, and one RTCPeerConnection after the other to it.
 *
 * A connection that was lost is replaced by a fresh one with the next attempt, never restarted, and never hung up
 * because it is poor. Nothing of a description is used before its signature was verified.
 */

import { Heartbeat } from './heartbeat.js';
import { Pace, readTalk } from './talk.js';
import { Distrusted, Handshake, offersFirst } from './trust.js';

/** @typedef {import('./heartbeat.js').Pulse} Pulse */
/** @typedef {import('./signalling.js').Participant} Participant */
/** @typedef {import('./signalling.js').Signal} Signal */
/** @typedef {import('./signalling.js').SignalBody} SignalBody */
/** @typedef {import('./talk.js').Talk} Talk */
/** @typedef {import('./trust.js').RefusedWhy} RefusedWhy */
/** @typedef {import('./trust.js').Hello} Hello */
/** @typedef {Participant & {subject?: string, key?: string}} Partner *name* and *subject* as the roster has them, or the name that a doctor admitted */
/** @typedef {import('./conversation.js').Conversation} Conversation */

const LOOK_MS = 250;
/** So long a connection may take from both descriptions to the first answer. */
const CONNECT_MS = 6000;
const ASK_MS = 2000;
const MOST_EARLY = 100;

export class Peer {
  /** @type {Promise<void>} */
  #work = Promise.resolve();
  /** @type {Handshake | null} */
  #handshake = null;
  /** @type {RTCPeerConnection | null} */
  #connection = null;
  /** @type {Heartbeat | null} */
  #heartbeat = null;
  /** @type {RTCDataChannel | null} */
  #talk = null;
  /** @type {MediaStream} */
  #stream = new MediaStream();
  /** @type {Partial<Record<string, RTCRtpSender>>} */
  #senders = {};
  #attempt = 0;
  #described = false;
  #held = false;
  /** @type {SignalBody} an offer that came before we could verify it */
  #unread = null;
  /** @type {{attempt: number, candidate: RTCIceCandidateInit}[]} */
  #early = [];
  /** @type {(RTCIceCandidateInit | null)[]} */
  #gathered = [];
  /** @type {Pulse} */
  #pulse = 'none';
  #settledAt = 0;
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
    const { role } = conversation.options.me;
    this.offers = offersFirst([role, conversation.signalling.peerId], [participant.role, participant.peer_id]);
    this.#timer = window.setInterval(() => this.#look(), LOOK_MS);
    this.greet();
  }

  get id() {
    return this.partner.peer_id;
  }

  get connection() {
    return this.#connection ?? undefined;
  }

  /** @type {Hello | null} */
  get hello() {
    return this.#handshake?.farHello ?? null;
  }

  get roundTripMs() {
    return this.#heartbeat?.roundTripMs ?? Number.NaN;
  }

  /** Whether the connection answers, if late. */
  get isLive() {
    return this.#pulse === 'good' || this.#pulse === 'slow';
  }

  get isOpen() {
    return this.#talk?.readyState === 'open';
  }

  /** Say who we are; said again it asks for an offer, or for the other's hello. */
  greet() {
    this.#next(async () => {
      const { me } = this.conversation.options;
      this.#handshake ??= new Handshake(await this.conversation.me);
      this.#askedAt = performance.now();
      this.#send('hello', await this.#handshake.hello({ name: me.name ?? '', secret: me.secret ?? '' }));
    });
  }

  /** Our line to the hub is back: what either of us said meanwhile is lost. */
  again() {
    if (this.isLive || this.distrusted) return;
    if (this.offers && this.trusted && this.conversation.entered) this.offer();
    this.greet();
  }

  /** Something changed that trust or beginning may hang on. */
  reconsider() {
    this.#next(() => this.#judge());
  }

  /** @param {Signal} signal */
  hear({ kind, body }) {
    if (this.distrusted) return;
    this.#next(async () => {
      if (kind === 'hello') await this.#greeted(body);
      else if (kind === 'offer') await this.#offered(body);
      else if (kind === 'answer') await this.#answered(body);
      else if (kind === 'candidate') await this.#candidate(body);
      else this.#refused(body);
    });
  }

  /** @param {SignalBody} body */
  async #greeted(body) {
    const handshake = /** @type {Handshake} */ (this.#handshake);
    const again = handshake.isGreeted;
    handshake.greeted(body, { peerId: this.id, role: this.partner.role });
    if (!again || !this.trusted) await this.#judge();
    else await this.#asked();
  }

  /** The other end has said its hello again: it misses an offer, or our own hello. */
  async #asked() {
    const now = performance.now();
    const begun = this.#settledAt > 0 && now - this.#settledAt < CONNECT_MS && !this.#heartbeat;
    if (this.#pulse === 'good' || begun || now - this.#askedAt < ASK_MS / 2) return;
    if (!this.offers && !this.#described && !this.#held) this.greet();
    if (!this.offers || !this.conversation.entered) return;
    this.#askedAt = now;
    await this.#offer();
    this.greet();
  }

  async #judge() {
    const hello = this.hello;
    if (hello && !this.trusted && !this.distrusted) {
      this.trusted = await this.conversation.judge(this, hello);
      this.partner.key = hello.key;
    }
    if (!this.trusted || this.#gone) return;
    const unread = this.#unread;
    this.#unread = null;
    if (unread) await this.#offered(unread);
    await this.#proceed();
  }

  async #proceed() {
    if (!this.trusted || !this.conversation.entered) return;
    if (this.offers && this.#attempt === 0) await this.#offer();
    else if (this.#held) await this.#answer();
  }

  /** Begin, or begin anew on a fresh connection. */
  offer() {
    this.#next(() => this.#offer());
  }

  async #offer() {
    const attempt = ++this.#attempt;
    const connection = this.#renew();
    for (const kind of ['audio', 'video']) {
      const streams = [this.conversation.outgoing];
      this.#keep(kind, connection.addTransceiver(kind, { direction: 'sendrecv', streams }));
    }
    this.#channel(connection.createDataChannel('talk'));
    await connection.setLocalDescription();
    await this.#describe('offer', attempt);
  }

  /** @param {SignalBody} body */
  async #offered(body) {
    if (this.offers) throw new Distrusted('malformed');
    const handshake = /** @type {Handshake} */ (this.#handshake);
    if (!handshake.isGreeted || !this.trusted) {
      this.#unread = body;
      if (!handshake.isGreeted) this.greet();
      return;
    }
    const sdp = await handshake.open(body, { nowMs: Date.now() });
    this.#attempt = body?.attempt;
    const connection = this.#renew();
    await connection.setRemoteDescription({ type: 'offer', sdp });
    this.#held = true;
    if (this.partner.role !== 'agent') connection.getTransceivers().forEach((each) => this.#join(each));
    await this.#caughtUp();
    await this.#proceed();
  }

  /** Our voice and picture in what the other offers. @param {RTCRtpTransceiver} transceiver */
  #join(transceiver) {
    transceiver.direction = 'sendrecv';
    transceiver.sender.setStreams?.(this.conversation.outgoing);
    this.#keep(transceiver.receiver.track.kind, transceiver);
  }

  /** @param {string} kind @param {RTCRtpTransceiver} transceiver */
  #keep(kind, { sender }) {
    this.#senders[kind] = sender;
    sender.replaceTrack(this.conversation.tracks[kind] ?? null);
  }

  async #answer() {
    this.#held = false;
    await this.#connection?.setLocalDescription();
    await this.#describe('answer', this.#attempt);
    this.#settledAt = performance.now();
  }

  /** @param {SignalBody} body */
  async #answered(body) {
    const connection = this.#connection;
    const stale = Number.isInteger(body?.attempt) && body?.attempt < this.#attempt;
    if (!this.offers || !connection || connection.signalingState !== 'have-local-offer' || stale) return;
    const sdp = await /** @type {Handshake} */ (this.#handshake).open(body, { nowMs: Date.now() });
    if (body?.attempt !== this.#attempt || body?.type !== 'answer') throw new Distrusted('replayed');
    await connection.setRemoteDescription({ type: 'answer', sdp });
    this.#settledAt = performance.now();
    await this.#caughtUp();
  }

  /** The other's description is in place: its early candidates, and what both people can compare. */
  async #caughtUp() {
    const early = this.#early.filter(({ attempt }) => attempt >= this.#attempt);
    this.#early = [];
    for (const each of early) await this.#candidate({ ...each.candidate, attempt: each.attempt });
    const names = await this.#handshake?.pictures();
    if (names) this.conversation.emit('onPictures', this.id, names, this.partner);
  }

  /** @param {'offer' | 'answer'} type @param {number} attempt */
  async #describe(type, attempt) {
    const handshake = /** @type {Handshake} */ (this.#handshake);
    const { sdp } = /** @type {RTCSessionDescription} */ (this.#connection?.localDescription);
    this.#send(type, await handshake.seal(type, sdp, { attempt, nowMs: Date.now() }));
    this.#described = true;
    for (const candidate of this.#gathered.splice(0)) this.#tell(candidate);
  }

  /** @param {RTCIceCandidateInit | null} candidate */
  #tell(candidate) {
    this.#send('candidate', candidate && { ...candidate, attempt: this.#attempt });
  }

  /** @param {SignalBody} body */
  async #candidate(body) {
    if (!body || !Number.isInteger(body.attempt) || body.attempt < this.#attempt) return;
    const { attempt, ...candidate } = body;
    const connection = this.#connection;
    if (attempt > this.#attempt || !connection?.remoteDescription) {
      if (this.#early.length < MOST_EARLY) this.#early.push({ attempt, candidate });
      return;
    }
    // not signed: a wrong one leads nowhere
    await connection.addIceCandidate(candidate).catch(() => console.warn('conversation: candidate skipped'));
  }

  #renew() {
    this.#drop();
    const connection = new RTCPeerConnection(this.conversation.configuration);
    this.#connection = connection;
    connection.addEventListener('icecandidate', ({ candidate }) => {
      if (connection !== this.#connection || candidate?.candidate === '') return;
      if (this.#described) this.#tell(candidate?.toJSON() ?? null);
      else this.#gathered.push(candidate?.toJSON() ?? null);
    });
    connection.addEventListener('track', (event) => connection === this.#connection && this.#heardTrack(event));
    connection.addEventListener('datachannel', ({ channel }) => connection === this.#connection && this.#channel(channel));
    connection.addEventListener('connectionstatechange', () => this.#changed(connection));
    return connection;
  }

  /** Forget the connection that was. */
  #drop() {
    this.#connection?.close();
    this.#connection = this.#heartbeat = this.#talk = null;
    this.#stream = new MediaStream();
    this.#senders = {};
    this.#described = this.#held = false;
    this.#gathered = [];
    this.#settledAt = 0;
  }

  /** @param {RTCTrackEvent} event */
  #heardTrack(event) {
    this.conversation.emit('onTrack', this.id, event, this.partner);
    if (this.partner.role === 'agent') return;
    this.#stream.addTrack(event.track);
    this.conversation.emit('onRemote', this.id, this.#stream, this.partner);
  }

  /** @param {RTCDataChannel} channel */
  #channel(channel) {
    const label = this.partner.role === 'agent' ? 'ctl' : 'talk';
    const connection = /** @type {RTCPeerConnection} */ (this.#connection);
    this.conversation.emit('onChannel', this.id, channel, this.partner);
    if (channel.label !== label) return;
    if (label === 'talk') this.#adopt(channel);
    else channel.addEventListener('message', ({ data }) => this.#pong(data));
    const begin = () => {
      if (connection !== this.#connection) return;
      this.#heartbeat = new Heartbeat(connection, channel);
      this.#look();
      this.conversation.opened(this);
    };
    if (channel.readyState === 'open') begin();
    else channel.addEventListener('open', begin);
  }

  /** @param {unknown} data of the channel "ctl", which somebody else reads */
  #pong(data) {
    if (typeof data !== 'string' || !data.includes('"pong"')) return;
    const message = readTalk(data);
    if (message?.type === 'pong') this.#heartbeat?.pong(message.seq);
  }

  /** @param {RTCDataChannel} channel */
  #adopt(channel) {
    const pace = new Pace();
    this.#talk = channel;
    channel.addEventListener('message', ({ data }) => {
      if (channel !== this.#talk) return;
      const message = readTalk(data);
      if (!message || !pace.count()) {
        console.warn('conversation: contract broken on talk');
        this.conversation.part(this.id);
      } else if (message.type === 'ping') channel.send(JSON.stringify({ type: 'pong', seq: message.seq }));
      else if (message.type === 'pong') this.#heartbeat?.pong(message.seq);
      else if (message.type) this.conversation.told(this, message);
    });
  }

  /**
   * Say something on the talk's channel; false when it is not open.
   * @param {object} message
   */
  say(message) {
    if (this.#talk?.readyState !== 'open') return false;
    this.#talk.send(JSON.stringify(message));
    return true;
  }

  /** @param {string} kind @param {MediaStreamTrack | null} track */
  replaceTrack(kind, track) {
    this.#senders[kind]?.replaceTrack(track).catch((error) => console.warn('conversation', error.name));
  }

  /** @param {RTCPeerConnection} connection */
  #changed(connection) {
    if (this.#gone || connection !== this.#connection) return;
    this.conversation.emit('onState', this.id, connection.connectionState, this.partner);
    if (connection.connectionState === 'connected') this.#compare(connection);
    this.#look();
  }

  /** The certificate that is in use is the one that was signed, where the browser tells it. @param {RTCPeerConnection} connection */
  #compare(connection) {
    const used = connection.sctp?.transport.getRemoteCertificates?.()[0];
    if (!used) return;
    this.#next(async () => {
      const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', used));
      const told = Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join(':').toUpperCase();
      if (connection === this.#connection && told !== this.#handshake?.farFingerprint) this.#distrust('fingerprint');
    });
  }

  #look() {
    if (this.#gone || !this.trusted || !this.conversation.entered || !this.#connection) return;
    const pulse = this.#heartbeat?.look() ?? this.#slow();
    if (pulse !== this.#pulse && pulse !== 'none') {
      this.#pulse = pulse;
      this.wasLive ||= this.isLive;
      this.conversation.emit('onSilence', this.id, pulse, this.partner);
    }
    if (pulse !== 'lost' || !this.conversation.isPresent(this.id)) return;
    if (performance.now() - this.#askedAt < ASK_MS) return;
    this.#askedAt = performance.now();
    if (this.offers) this.offer();
    else this.greet();
  }

  /** Both descriptions are there, and still no word. @returns {Pulse} */
  #slow() {
    if (!this.#settledAt) return 'none';
    const failed = this.#connection?.connectionState === 'failed';
    return failed || performance.now() - this.#settledAt > CONNECT_MS ? 'lost' : 'none';
  }

  /** @param {SignalBody} body */
  #refused(body) {
    if (this.isLive) return;
    this.#end(/** @type {RefusedWhy} */ (String(body?.reason ?? 'malformed')), 'them');
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
    this.#drop();
    this.conversation.emit('onRemote', this.id, null, this.partner);
    this.conversation.emit('onDistrust', this.partner, reason, by);
  }

  /** @param {import('./signalling.js').SignalKind} kind @param {SignalBody} body */
  #send(kind, body) {
    this.conversation.signalling.send(this.id, kind, body);
  }

  /** @param {() => Promise<void>} step */
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
    const connection = this.#connection;
    for (const sender of Object.values(this.#senders)) sender?.replaceTrack(null);
    setTimeout(() => connection?.close(), 150); // the word goes first
    this.conversation.emit('onRemote', this.id, null, this.partner);
  }
}
