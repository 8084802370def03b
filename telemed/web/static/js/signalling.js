/**
 * The signalling socket of one visit (schemas/signalling.py): who is inside, and sealed signals between two ends.
 *
 * It reconnects by itself, under the same peer_id, until the visit is over, the door stays shut, or the page closes it.
 */

/** @typedef {'agent' | 'kiosk' | 'resident' | 'doctor' | 'colleague' | 'interpreter' | 'relative' | 'organiser'} Role */
/** @typedef {{peer_id: string, role: Role, name: string}} Participant */
/** @typedef {{urls: string[], username?: string, credential?: string, expires_at?: string | null}} Relay */
/** @typedef {Record<string, any> | null} SignalBody see schemas/trust.py */
/** @typedef {'hello' | 'offer' | 'answer' | 'candidate' | 'refused'} SignalKind */
/** @typedef {{type: 'here', you: string, participants: Participant[], relays?: Relay[]}} Here */
/** @typedef {{type: 'came', participant: Participant}} Came */
/** @typedef {{type: 'left', peer_id: string}} Left */
/** @typedef {{type: 'signal', to: string, sender: string, kind: SignalKind, body: SignalBody}} Signal */
/** @typedef {{type: 'relays', relays: Relay[]}} Relays */
/** @typedef {{type: 'over'}} Over */
/**
 * The line itself: *final* is true when the socket will not try again.
 * @typedef {{type: 'closed', code: number, final: boolean}} Closed
 */
/** @typedef {Here | Came | Left | Signal | Relays | Over} FromHub */
/** @typedef {FromHub | Closed} SignallingEvent */
/** @typedef {{server: string, nonce: string}} Challenge */
/** @typedef {(challenge: Challenge) => Promise<object>} Prove */

export const CLOSE_BROKEN_CONTRACT = 4400;
export const CLOSE_NOT_ALLOWED = 4403;
export const CLOSE_VISIT_OVER = 4410;
export const CLOSE_TOO_FAST = 4429;
const CLOSED_BY_PAGE = 1000;
const FINAL = [CLOSE_NOT_ALLOWED, CLOSE_VISIT_OVER, CLOSED_BY_PAGE];
const BEAT_MS = 2000;
const SILENCE_MS = 5000;
/** A try is not waited for longer. */
const TRY_MS = 1500;
const LONGEST_PAUSE_MS = 500;
const BARRED_PAUSE_MS = 15_000;
/** After a break that was our own fault. */
const FAULT_PAUSE_MS = 5000;
const KINDS = ['hello', 'offer', 'answer', 'candidate', 'refused'];
const ROLES = ['agent', 'kiosk', 'resident', 'doctor', 'colleague', 'interpreter', 'relative', 'organiser'];

/** @type {Record<string, (message: any) => boolean>} */
const CONTRACT = {
  here: (m) => isText(m.you) && areAll(m.participants, isParticipant) && areAll(m.relays ?? [], isRelay),
  came: (m) => isParticipant(m.participant),
  left: (m) => isText(m.peer_id),
  signal: (m) => isText(m.sender) && KINDS.includes(m.kind) && isBody(m.kind, m.body),
  relays: (m) => areAll(m.relays, isRelay),
  over: () => true,
  beat: () => true,
};

/** @param {unknown} value */
const isText = (value) => typeof value === 'string';
/** @param {unknown} all @param {(each: any) => boolean} isOne */
const areAll = (all, isOne) => Array.isArray(all) && all.every(isOne);

/** @param {any} value */
function isParticipant(value) {
  return /^[A-Za-z0-9\-.]{1,64}$/.test(value?.peer_id) && ROLES.includes(value.role);
}

/** @param {any} value */
function isRelay(value) {
  return areAll(value?.urls, isText) && isText(value.username ?? '') && isText(value.credential ?? '');
}

/** @param {string} kind @param {any} body */
function isBody(kind, body) {
  if (kind === 'candidate' && body === null) return true;
  return typeof body === 'object' && body !== null && !Array.isArray(body);
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
  #retry = 0;
  #trying = 0;
  #beat = 0;
  #heardAt = 0;
  #tickedAt = -Infinity;
  /** A machine may be shut out once for facts that are on their way; after that it does not insist. */
  #barred = 0;
  #ended = false;
  #here = false;
  /** The machine has its way back: do not sit out the pause. */
  #online = () => this.#hurry();

  /**
   * @param {string} url absolute, or a path on this page's server
   * @param {(event: SignallingEvent) => void} onEvent
   * @param {{prove?: Prove, peerId?: string}} [options] *prove* answers a machine's challenge; a page of a person has
   *   none. *peerId*: who this end is for as long as the page runs
   */
  constructor(url, onEvent, { prove, peerId = crypto.randomUUID() } = {}) {
    this.peerId = peerId;
    this.url = new URL(url, location.href);
    this.url.protocol = this.url.protocol.replace('http', 'ws');
    this.url.searchParams.set('peer', peerId);
    this.onEvent = onEvent;
    this.prove = prove;
  }

  /** Whether the hub has let us in and can be heard. */
  get here() {
    return this.#here;
  }

  /** Connect now, and again after each break. */
  connect() {
    if (this.#ended || this.#socket) return;
    clearTimeout(this.#retry);
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    this.#trying = window.setTimeout(() => this.#lose(socket), TRY_MS);
    socket.addEventListener('open', () => this.#opened(socket));
    socket.addEventListener('message', (event) => this.#heard(socket, event.data));
    socket.addEventListener('close', (event) => this.#closed(socket, event.code));
    addEventListener('online', this.#online);
  }

  /**
   * Send a signal to one participant; false while the line is away.
   * @param {string} to
   * @param {SignalKind} kind
   * @param {SignalBody} body
   */
  send(to, kind, body) {
    return this.#say({ type: 'signal', to, kind, body });
  }

  /** @param {object} message */
  #say(message) {
    if (!this.#here || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Close for good. */
  close() {
    this.#ended = true;
    this.#rest();
    clearTimeout(this.#retry);
    this.#socket?.close(CLOSED_BY_PAGE);
  }

  /** @param {WebSocket} socket */
  #opened(socket) {
    if (socket !== this.#socket) return;
    clearTimeout(this.#trying);
    this.#heardAt = performance.now();
    this.#beat = window.setInterval(() => {
      this.#tick();
      if (performance.now() - this.#heardAt > SILENCE_MS) this.#lose(socket);
    }, BEAT_MS / 2);
  }

  /** Say that we are here, but not over and over to a hub that answers each word. */
  #tick() {
    const now = performance.now();
    if (now - this.#tickedAt < BEAT_MS / 4) return;
    this.#tickedAt = now;
    this.#say({ type: 'beat' });
  }

  /** Nothing comes of this one: its own end is not waited for. @param {WebSocket} socket */
  #lose(socket) {
    socket.close();
    this.#closed(socket, 1006);
  }

  #hurry() {
    if (this.#socket && !this.#here) this.#lose(this.#socket);
    this.connect();
  }

  #rest() {
    clearTimeout(this.#trying);
    clearInterval(this.#beat);
    removeEventListener('online', this.#online);
    this.#here = false;
  }

  /**
   * @param {WebSocket} socket
   * @param {unknown} data
   */
  #heard(socket, data) {
    if (socket !== this.#socket || this.#ended) return;
    this.#heardAt = performance.now();
    const message = read(data);
    if (message === null || (message.type === 'challenge' && !this.prove)) {
      socket.close(CLOSE_BROKEN_CONTRACT);
    } else if (message.type === 'challenge') {
      this.prove?.(message).then((proof) => socket.send(JSON.stringify(proof)), () => socket.close(CLOSE_NOT_ALLOWED));
    } else if (message.type === 'beat') {
      this.#tick(); // the browser slows the clocks of a page in the background, but not its ears
    } else this.#told(message);
  }

  /** @param {FromHub} message */
  #told(message) {
    if (message.type === 'here') {
      this.#tries = this.#barred = 0;
      this.#here = true;
    }
    if (message.type === 'over') this.#ended = true;
    this.onEvent(message);
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   */
  #closed(socket, code) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    this.#rest();
    this.#ended ||= FINAL.includes(code) && !(this.prove && code === CLOSE_NOT_ALLOWED);
    if (!this.#ended) this.#retry = window.setTimeout(() => this.connect(), this.#pause(code));
    this.onEvent({ type: 'closed', code, final: this.#ended });
  }

  /** At once the first time; never in step with others. @param {number} code */
  #pause(code) {
    if (code === CLOSE_NOT_ALLOWED && this.#barred++) return BARRED_PAUSE_MS;
    if (code === CLOSE_BROKEN_CONTRACT || code === CLOSE_TOO_FAST) return FAULT_PAUSE_MS;
    return (this.#tries++ ? LONGEST_PAUSE_MS : LONGEST_PAUSE_MS / 5) * (0.5 + Math.random() / 2);
  }
}
