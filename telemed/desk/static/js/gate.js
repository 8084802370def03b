// @ts-check
/** What the patient allows the doctor to see and hear, the pause, and the assistant who is asked to leave the room. */
import { made } from './made.js';
import { byId, known, say } from './words.js';

/** @typedef {import('/static/js/conversation.js').Conversation} Conversation */
/** @typedef {{type: 'gate', introduced: boolean, paused: string, emergency: string, helped: boolean}} GateIs */
/** @typedef {{type: 'allowed', stream: string, state: string, by: string}} Allowed */
/** @typedef {{type: 'allow', stream: string, yes: boolean} | {type: 'pause' | 'introduced' | 'emergency', on: boolean}} AboutGate */

const MOODS = /** @type {Record<string, string>} */ ({ asked: 'warn', yes: 'ok', no: 'stop' });

/** As the doctor knows it. @param {string} stream */
function nameOf(stream) {
  const key = stream === 'stethoscope' ? 'desk.js.stream.stethoscope' : `camera.${stream}`;
  return known(key) ? say(key) : stream;
}

export class Gate {
  /** @type {Map<string, Allowed>} */
  #streams = new Map();
  /** As the ends of the talk say. */
  #rests = false;
  #paused = false;
  #alone = false;

  /**
   * @param {Conversation} talk
   * @param {(message: AboutGate) => void} tell the room's agent
   * @param {(rests: boolean) => void} rest our own sound and picture
   */
  constructor(talk, tell, rest) {
    this.talk = talk;
    this.tell = tell;
    this.rest = rest;
    talk.on({
      onOpen: (peerId, partner) => this.#opened(peerId, partner.role),
      onTalk: (_peer, message) => message.type === 'pause' && this.#heard(message.on),
    });
    byId('pause', HTMLButtonElement).addEventListener('click', () => this.#pause(!(this.#rests || this.#paused)));
    byId('send-out', HTMLButtonElement).addEventListener('click', () => this.#sendOut(!this.#alone));
  }

  /** @param {string} peerId @param {string} role */
  #opened(peerId, role) {
    if (role === 'agent') return;
    if (this.#rests) this.talk.send({ type: 'pause', on: true }, peerId);
    if (this.#alone && role === 'kiosk') this.talk.send({ type: 'send-out', on: true }, peerId);
  }

  /** Anybody may begin a pause, and anybody end it. @param {boolean} on */
  #pause(on) {
    this.#rests = this.#paused = on;
    this.tell({ type: 'pause', on });
    this.talk.send({ type: 'pause', on });
    this.#showPause();
  }

  /** @param {boolean} on */
  #heard(on) {
    this.#rests = on;
    this.#showPause();
  }

  #showPause() {
    const on = this.#rests || this.#paused;
    const button = byId('pause', HTMLButtonElement);
    button.setAttribute('aria-pressed', String(on));
    const words = say(on ? 'desk.js.pause.end' : 'desk.js.pause.begin');
    if (button.lastChild?.textContent !== words) button.lastChild?.replaceWith(words);
    byId('paused', HTMLElement).hidden = !on;
    this.rest(on);
  }

  /** @param {boolean} on */
  #sendOut(on) {
    this.#alone = on;
    for (const { peer_id: peerId, role } of this.talk.partners) {
      if (role === 'kiosk') this.talk.send({ type: 'send-out', on }, peerId);
    }
    byId('send-out', HTMLButtonElement).setAttribute('aria-pressed', String(on));
  }

  /** @param {GateIs} said */
  is(said) {
    this.#paused = said.paused !== '';
    this.#showPause();
  }

  /** @param {Allowed} said */
  allowed(said) {
    this.#streams.set(said.stream, said);
    byId('streams', HTMLElement).replaceChildren(...[...this.#streams.values()].map((each) => this.#row(each)));
  }

  /** @param {Allowed} stream */
  #row({ stream, state, by }) {
    const row = made('li', { className: 'chips' }, '');
    row.dataset.stream = stream;
    row.dataset.state = state;
    const how = by && state !== 'asked' ? say(`desk.js.allowed.${state}.${by}`) : say(`desk.js.allowed.${state}`);
    row.append(made('strong', {}, nameOf(stream)), made('span', { className: `chip chip-${MOODS[state] ?? 'quiet'}` }, how));
    if (state === 'asked') row.append(this.#noted(stream, true), this.#noted(stream, false));
    return row;
  }

  /** What was answered aloud. @param {string} stream @param {boolean} yes */
  #noted(stream, yes) {
    const button = made('button', { type: 'button', className: 'second' }, say(yes ? 'desk.js.allowed.aloud' : 'desk.js.allowed.not'));
    button.dataset.yes = yes ? 'yes' : 'no';
    button.addEventListener('click', () => this.tell({ type: 'allow', stream, yes }));
    return button;
  }

  /** Forget everything. */
  clear() {
    this.#streams.clear();
    byId('streams', HTMLElement).replaceChildren();
  }
}
