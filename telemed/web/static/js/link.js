/** One RTCPeerConnection to another end, from its first description to its loss: media, channels, candidates, pulse. */

import { Heartbeat } from './heartbeat.js';
import { Pace, readTalk } from './talk.js';

/** @typedef {import('./heartbeat.js').Pulse} Pulse */
/** @typedef {import('./talk.js').Talk} Talk */

/**
 * @typedef {object} Events what the peer hears of its connection
 * @property {(candidate: RTCIceCandidateInit | null) => void} candidate one of ours, once our description is told
 * @property {(event: RTCTrackEvent) => void} track
 * @property {(channel: RTCDataChannel) => void} channel
 * @property {(state: RTCPeerConnectionState) => void} state
 * @property {() => void} open the channel with the pulse
 * @property {(message: Talk) => void} told
 * @property {() => void} broken the contract, on the channel "talk"
 */

/** So long a connection may take from both descriptions to the first answer. */
export const CONNECT_MS = 6000;

export class Link {
  /** @type {Heartbeat | null} */
  #heartbeat = null;
  /** @type {RTCDataChannel | null} */
  #talk = null;
  /** @type {Partial<Record<string, RTCRtpSender>>} */
  #senders = {};
  /** @type {(RTCIceCandidateInit | null)[]} our own, until our description is told */
  #gathered = [];
  #told = false;
  #settledAt = 0;
  #over = false;
  /** The other's sound and picture. */
  stream = new MediaStream();
  /** An offer that waits for our person. */
  isHeld = false;

  /**
   * @param {number} attempt
   * @param {RTCConfiguration} configuration
   * @param {'talk' | 'ctl'} pulse the channel with ping and pong
   * @param {Events} events
   */
  constructor(attempt, configuration, pulse, events) {
    this.attempt = attempt;
    this.pulse = pulse;
    this.events = events;
    const connection = new RTCPeerConnection(configuration);
    this.connection = connection;
    connection.addEventListener('icecandidate', ({ candidate }) => this.#candidate(candidate));
    connection.addEventListener('track', (event) => this.#over || events.track(event));
    connection.addEventListener('datachannel', ({ channel }) => this.#channel(channel));
    connection.addEventListener('connectionstatechange', () => this.#over || events.state(connection.connectionState));
  }

  /**
   * What we send and take, as the end that offers; the same in each offer.
   * @param {MediaStream} outgoing
   * @param {Record<string, MediaStreamTrack | null>} tracks
   */
  offerMedia(outgoing, tracks) {
    for (const kind of ['audio', 'video']) {
      const transceiver = this.connection.addTransceiver(kind, { direction: 'sendrecv', streams: [outgoing] });
      if (kind === 'audio') speakTwice(transceiver);
      this.#send(kind, transceiver.sender, tracks);
    }
    this.#channel(this.connection.createDataChannel('talk'));
  }

  /**
   * Our voice and picture in what the other offers.
   * @param {MediaStream} outgoing
   * @param {Record<string, MediaStreamTrack | null>} tracks
   */
  joinMedia(outgoing, tracks) {
    for (const transceiver of this.connection.getTransceivers()) {
      transceiver.direction = 'sendrecv';
      if (transceiver.receiver.track.kind === 'audio') speakTwice(transceiver);
      transceiver.sender.setStreams?.(outgoing);
      this.#send(transceiver.receiver.track.kind, transceiver.sender, tracks);
    }
  }

  /** @param {string} kind @param {RTCRtpSender} sender @param {Record<string, MediaStreamTrack | null>} tracks */
  #send(kind, sender, tracks) {
    this.#senders[kind] = sender;
    this.replaceTrack(kind, tracks[kind] ?? null);
  }

  /** @param {string} kind @param {MediaStreamTrack | null} track */
  replaceTrack(kind, track) {
    this.#senders[kind]?.replaceTrack(track).catch((error) => console.warn('conversation', error.name));
  }

  /** Set our description; its text. */
  async describe() {
    await this.connection.setLocalDescription();
    return /** @type {RTCSessionDescription} */ (this.connection.localDescription).sdp;
  }

  /** Our description has gone out: now our addresses follow. */
  described() {
    this.#told = true;
    for (const candidate of this.#gathered.splice(0)) this.events.candidate(candidate);
  }

  get isDescribed() {
    return this.#told;
  }

  /** Both descriptions are in place. */
  settled() {
    this.#settledAt = performance.now();
  }

  /** It is being set up right now. */
  get isBeginning() {
    return this.#settledAt > 0 && performance.now() - this.#settledAt < CONNECT_MS && !this.#heartbeat;
  }

  /** To be asked several times a second. @returns {Pulse} */
  look() {
    if (this.#heartbeat) return this.#heartbeat.look();
    if (!this.#settledAt) return 'none';
    const failed = this.connection.connectionState === 'failed';
    return failed || performance.now() - this.#settledAt > CONNECT_MS ? 'lost' : 'none';
  }

  get roundTripMs() {
    return this.#heartbeat?.roundTripMs ?? Number.NaN;
  }

  /** @param {RTCIceCandidate | null} candidate */
  #candidate(candidate) {
    if (this.#over || candidate?.candidate === '') return;
    if (this.#told) this.events.candidate(candidate?.toJSON() ?? null);
    else this.#gathered.push(candidate?.toJSON() ?? null);
  }

  /** @param {RTCDataChannel} channel */
  #channel(channel) {
    if (this.#over) return;
    this.events.channel(channel);
    if (channel.label === this.pulse) this.#adopt(channel);
  }

  /** @param {RTCDataChannel} channel */
  #adopt(channel) {
    const pace = new Pace();
    if (this.pulse === 'talk') this.#talk = channel;
    channel.addEventListener('message', ({ data }) => {
      if (this.#over) return;
      if (this.pulse === 'talk') this.#heard(channel, data, pace);
      else if (typeof data === 'string' && data.includes('"pong"')) this.#ponged(data); // the rest is the page's
    });
    const begin = () => {
      if (this.#over) return;
      this.#heartbeat = new Heartbeat(this.connection, channel);
      this.events.open();
    };
    if (channel.readyState === 'open') begin();
    else channel.addEventListener('open', begin);
  }

  /** @param {string} data */
  #ponged(data) {
    const message = readTalk(data);
    if (message?.type === 'pong') this.#heartbeat?.pong(message.seq);
  }

  /** @param {RTCDataChannel} channel @param {unknown} data @param {Pace} pace */
  #heard(channel, data, pace) {
    const message = readTalk(data);
    if (!message || !pace.count()) this.events.broken();
    else if (message.type === 'ping') channel.send(JSON.stringify({ type: 'pong', seq: message.seq }));
    else if (message.type === 'pong') this.#heartbeat?.pong(message.seq);
    else if (message.type) this.events.told(message);
  }

  /**
   * Say something on the channel "talk"; false when it is not open.
   * @param {object} message
   */
  say(message) {
    if (this.#talk?.readyState !== 'open') return false;
    this.#talk.send(JSON.stringify(message));
    return true;
  }

  /** The certificate that is in use, as in SDP; null where the browser does not tell it. */
  async farFingerprint() {
    const used = this.connection.sctp?.transport.getRemoteCertificates?.()[0];
    if (!used) return null;
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', used));
    return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join(':').toUpperCase();
  }

  /** Nothing of it is heard any more. @param {number} [afterMs] what was said last goes first */
  close(afterMs = 0) {
    this.#over = true;
    for (const sender of Object.values(this.#senders)) sender?.replaceTrack(null).catch(() => {});
    if (afterMs) setTimeout(() => this.connection.close(), afterMs);
    else this.connection.close();
  }
}

/**
 * Each packet of speech carries the one before it as well (RED, RFC 2198), where the browser can do that: one in ten may be
 * lost and nothing is missing.
 * @param {RTCRtpTransceiver} transceiver
 */
function speakTwice(transceiver) {
  const codecs = RTCRtpReceiver.getCapabilities('audio')?.codecs ?? [];
  const twice = codecs.filter(({ mimeType }) => mimeType.toLowerCase() === 'audio/red');
  if (twice.length === 0) return;
  transceiver.setCodecPreferences([...twice, ...codecs.filter((each) => !twice.includes(each))]);
}
