/** Whether the other end of a connection still answers: a ping each second, and how long nothing came back. */

/** @typedef {'none' | 'good' | 'slow' | 'lost'} Pulse */

const PING_MS = 1000;
export const SLOW_MS = 2500;
export const LOST_MS = 6000;
/** While sound and pictures still come, a channel that catches up is waited for. */
const LONGEST_MS = 12_000;
const SLOW_TRIP_MS = 1000;

export class Heartbeat {
  #seq = 0;
  #pingedAt = 0;
  #lookedAt = performance.now();
  /** @type {Map<number, number>} */
  #pinged = new Map();
  #bytes = 0;
  #flowedAt = 0;

  /**
   * @param {RTCPeerConnection} connection
   * @param {RTCDataChannel} channel
   */
  constructor(connection, channel) {
    this.connection = connection;
    this.channel = channel;
    this.heardAt = performance.now();
    this.roundTripMs = Number.NaN;
  }

  /** To be called several times a second. @returns {Pulse} */
  look() {
    const now = performance.now();
    if (now - this.#lookedAt > SLOW_MS) this.heardAt = Math.max(this.heardAt, now - LOST_MS + PING_MS); // we slept
    this.#lookedAt = now;
    if (now - this.#pingedAt >= PING_MS) this.#ping(now);
    const dead = ['failed', 'closed'].includes(this.connection.connectionState);
    if (dead || ['closing', 'closed'].includes(this.channel.readyState)) return 'lost';
    const silent = now - this.heardAt;
    if (silent > SLOW_MS) this.#look(now);
    if (silent > LONGEST_MS || (silent > LOST_MS && now - this.#flowedAt > SLOW_MS)) return 'lost';
    return silent > SLOW_MS || this.roundTripMs > SLOW_TRIP_MS ? 'slow' : 'good';
  }

  /** Does anything else still come? @param {number} now */
  async #look(now) {
    let bytes = 0;
    for (const each of (await this.connection.getStats()).values()) {
      if (each.type === 'inbound-rtp') bytes += each.bytesReceived ?? 0;
    }
    if (bytes > this.#bytes && this.#bytes > 0) this.#flowedAt = now;
    this.#bytes = bytes;
  }

  /** @param {number} now */
  #ping(now) {
    if (this.channel.readyState !== 'open') return;
    this.#pingedAt = now;
    const seq = ++this.#seq;
    this.#pinged.set(seq, now);
    this.#pinged.delete(seq - 30);
    this.channel.send(JSON.stringify({ type: 'ping', seq }));
  }

  /** @param {number} seq */
  pong(seq) {
    const sent = this.#pinged.get(seq);
    if (sent === undefined) return;
    this.#pinged.delete(seq);
    this.heardAt = performance.now();
    this.roundTripMs = this.heardAt - sent;
  }
}
