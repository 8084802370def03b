/** Which device sends, in words, at any time: asked of the connections themselves, and of the agent for its devices. */

/** @typedef {import('./line.js').Show} Show */
/** @typedef {import('/static/js/conversation.js').Conversation} Conversation */

const LOOK_MS = 300;
/** What is always named; other devices only while they send. */
const NAMED = ['stethoscope'];

/** @param {string} id */
const by = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

export class Sending {
  /** @type {string[]} */
  #devices = [];

  /**
   * @param {() => Conversation | null} talk
   * @param {() => 'off' | 'checking' | 'on' | 'rests'} camera whether it is open
   */
  constructor(talk, camera) {
    this.talk = talk;
    this.camera = camera;
    setInterval(() => this.look(), LOOK_MS);
  }

  /** @param {Show} show */
  update(show) {
    this.#devices = (show.sending ?? []).map(({ stream }) => stream);
    this.look();
  }

  look() {
    const camera = this.camera();
    const talk = this.talk();
    const isOn = camera === 'on';
    set(by('lamp'), isOn && !sends(talk, 'video') ? 'ready' : camera);
    set(by('sends-sound'), isOn ? (sends(talk, 'audio') ? 'on' : 'ready') : camera === 'checking' ? 'checking' : 'off');
    for (const line of by('sending').querySelectorAll('[data-stream]')) {
      if (!(line instanceof HTMLElement)) continue;
      const on = this.#devices.includes(line.dataset.stream ?? '');
      set(line, on ? 'on' : 'off');
      line.hidden = !on && !NAMED.includes(line.dataset.stream ?? '');
    }
  }
}

/** @param {HTMLElement} line @param {string} state */
function set(line, state) {
  if (line.dataset.state !== state) line.dataset.state = state;
}

/**
 * Whether anybody gets it: a live track on a connection that stands, and not put off for a poor line.
 * @param {Conversation | null} talk
 * @param {'audio' | 'video'} kind
 */
function sends(talk, kind) {
  const others = talk?.partners.filter(({ role }) => role !== 'agent') ?? [];
  return others.some(({ peer_id: id }) => {
    const connection = talk?.connection(id);
    return connection?.connectionState === 'connected' && connection.getSenders().some((sender) => isLive(sender, kind));
  });
}

/** @param {RTCRtpSender} sender @param {string} kind */
function isLive(sender, kind) {
  const { track } = sender;
  if (track?.kind !== kind || !track.enabled || track.readyState !== 'live') return false;
  return sender.getParameters().encodings?.every(({ active }) => active !== false) ?? false;
}
