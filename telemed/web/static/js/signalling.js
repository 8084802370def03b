/**
 * The signalling socket of one visit (schemas/signalling.py): who is inside, and sealed signals between two ends.
 *
 * It reconnects by itself until the visit is over, the door stays shut, or the page closes it.
 */

/** @typedef {'agent' | 'kiosk' | 'doctor'} Role */
/** @typedef {{peer_id: string, role: Role, name: string}} Participant */
/** @typedef {RTCSessionDescriptionInit | RTCIceCandidateInit | null} SignalBody */
/** @typedef {'offer' | 'answer' | 'candidate'} SignalKind */
/** @typedef {{type: 'here', you: string, participants: Participant[]}} Here */
/** @typedef {{type: 'came', participant: Participant}} Came */
/** @typedef {{type: 'left', peer_id: string}} Left */
/** @typedef {{type: 'signal', to: string, sender: string, kind: SignalKind, body: SignalBody}} Signal */
/** @typedef {{type: 'over'}} Over */
/**
 * The line itself: *final* is true when the socket will not try again.
 * @typedef {{type: 'closed', code: number, final: boolean}} Closed
 */
/** @typedef {Here | Came | Left | Signal | Over} FromHub */
/** @typedef {FromHub | Closed} SignallingEvent */
/** @typedef {{server: string, nonce: string}} Challenge */
/** @typedef {(challenge: Challenge) => Promise<object>} Prove */

export const CLOSE_BROKEN_CONTRACT = 4400;
export const CLOSE_NOT_ALLOWED = 4403;
export const CLOSE_VISIT_OVER = 4410;
export const CLOSE_TOO_FAST = 4429;
const CLOSED_BY_PAGE = 1000;
const FINAL = [CLOSE_NOT_ALLOWED, CLOSE_VISIT_OVER, CLOSED_BY_PAGE];
const SHORTEST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 5000;

/** @type {Record<string, (message: any) => boolean>} */
const CONTRACT = {
  here: (m) => typeof m.you === 'string' && Array.isArray(m.participants) && m.participants.every(isParticipant),
  came: (m) => isParticipant(m.participant),
  left: (m) => typeof m.peer_id === 'string',
  signal: (m) => typeof m.sender === 'string' && isBody(m.kind, m.body),
  over: () => true,
};

/** @param {any} value */
function isParticipant(value) {
  return typeof value?.peer_id === 'string' && ['agent', 'kiosk', 'doctor'].includes(value.role);
}

/**
 * @param {unknown} kind
 * @param {any} body
 */
function isBody(kind, body) {
  if (kind === 'candidate') return body === null || typeof body?.candidate === 'string';
  return (kind === 'offer' || kind === 'answer') && body?.type === kind && typeof body.sdp === 'string';
}

/**
 * What a text from the hub says.
 * @param {unknown} text
 * @returns {any} a message of the contract, a challenge, or null when it breaks the contract
 */
function read(text) {
  try {
    const message = JSON.parse(/** @type {string} */ (text));
    if (message?.type === 'challenge') return message;
    return CONTRACT[message?.type]?.(message) ? message : null;
  } catch {
    return null;
  }
}

export class SignallingSocket {
  /** @type {WebSocket | null} */
  #socket = null;
  #tries = 0;
  #timer = 0;
  #ended = false;

  /**
   * @param {string} url absolute, or a path on this page's server
   * @param {(event: SignallingEvent) => void} onEvent
   * @param {{prove?: Prove}} [options] *prove* answers a machine's challenge; a page of a person has none
   */
  constructor(url, onEvent, { prove } = {}) {
    this.url = new URL(url, location.href);
    this.url.protocol = this.url.protocol.replace('http', 'ws');
    this.onEvent = onEvent;
    this.prove = prove;
  }

  /** Connect now, and again after each break. */
  connect() {
    if (this.#ended || this.#socket) return;
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    socket.addEventListener('message', (event) => this.#heard(socket, event.data));
    socket.addEventListener('close', (event) => this.#closed(socket, event.code));
  }

  /**
   * Send a signal to one participant. While the line is away nothing is sent: after the next `here` all begin anew.
   * @param {string} to
   * @param {SignalKind} kind
   * @param {SignalBody} body
   */
  send(to, kind, body) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify({ type: 'signal', to, kind, body }));
  }

  /** Close for good. */
  close() {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#socket?.close(CLOSED_BY_PAGE);
  }

  /**
   * @param {WebSocket} socket
   * @param {unknown} data
   */
  #heard(socket, data) {
    if (socket !== this.#socket || this.#ended) return;
    const message = read(data);
    if (message === null || (message.type === 'challenge' && !this.prove)) {
      socket.close(CLOSE_BROKEN_CONTRACT);
    } else if (message.type === 'challenge') {
      this.prove?.(message).then((proof) => socket.send(JSON.stringify(proof)), () => socket.close(CLOSE_NOT_ALLOWED));
    } else {
      if (message.type === 'here') this.#tries = 0;
      if (message.type === 'over') this.#ended = true;
      this.onEvent(message);
    }
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   */
  #closed(socket, code) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    this.#ended ||= FINAL.includes(code);
    if (!this.#ended) {
      const pause = Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** this.#tries++);
      this.#timer = window.setTimeout(() => this.connect(), pause * (0.5 + Math.random() / 2));
    }
    this.onEvent({ type: 'closed', code, final: this.#ended });
  }
}
