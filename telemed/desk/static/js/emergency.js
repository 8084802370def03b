// @ts-check
/**
 * An emergency, called here or in the room: where help must go to and whom to call, in large letters; the call stays up.
 * The room's agent alarms the assistants; where it does not answer, the centre does, and where that is away too, the
 * doctor reads the numbers.
 */
import { byId, say } from './words.js';

/** @typedef {import('/static/js/conversation.js').Conversation} Conversation */
/** @typedef {{type: 'place', room_name: string, address: string, floor: string, phone: string}} Place */

/** So long the room's agent may take to say that it has alarmed. */
const PATIENCE_MS = 1000;

export class Emergency {
  /** The room's agent knows of it. */
  #told = false;
  /** Somebody in the talk, or this doctor, says that there is one. */
  #called = false;
  #helped = false;
  /** @type {'' | 'asked' | 'told' | 'failed'} */
  #centre = '';
  #timer = 0;

  /**
   * @param {Conversation} talk
   * @param {string} visitId
   * @param {(message: {type: 'emergency', on: boolean}) => void} tell the room's agent, if it is there
   */
  constructor(talk, visitId, tell) {
    this.talk = talk;
    this.url = `/arzt/besuch/${visitId}/notfall`;
    this.tell = tell;
    this.isHome = byId('visit', HTMLElement).classList.contains('at-home'); // nobody of ours is there
    this.box = byId('emergency', HTMLElement);
    talk.on({
      onOpen: (peerId, { role }) => role !== 'agent' && this.#called && talk.send({ type: 'emergency', on: true, by: 'doctor' }, peerId),
      onTalk: (_peer, message) => message.type === 'emergency' && this.#heard(message.on),
    });
    byId('emergency-call', HTMLButtonElement).addEventListener('click', () => this.#call());
    byId('emergency-over', HTMLButtonElement).addEventListener('click', () => this.#over());
  }

  #call() {
    this.#called = true;
    this.talk.send({ type: 'emergency', on: true, by: 'doctor' });
    this.#alarm();
  }

  /** Somebody must come. */
  #alarm() {
    this.#show();
    if (this.#told && !this.#helped) return;
    this.tell({ type: 'emergency', on: true });
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#askCentre(), PATIENCE_MS);
  }

  async #askCentre() {
    if (this.#told || !this.#called) return;
    this.#centre = 'asked';
    try {
      const answer = await fetch(this.url, { method: 'POST', headers: { accept: 'application/json' }, keepalive: true });
      this.#centre = answer.ok ? 'told' : 'failed';
    } catch {
      this.#centre = 'failed';
    }
    this.#show();
  }

  /** Said on the channel of the talk. @param {boolean} on */
  #heard(on) {
    this.#called = on;
    if (on) this.#alarm(); // the room's own agent may be away
    else this.#end();
  }

  #over() {
    this.talk.send({ type: 'emergency', on: false, by: 'doctor' });
    this.tell({ type: 'emergency', on: false });
    this.#end();
  }

  #end() {
    this.#called = this.#told = this.#helped = false;
    this.#centre = '';
    clearTimeout(this.#timer);
    this.#show();
  }

  /** What the room's agent knows. @param {import('./gate.js').GateIs} said */
  is(said) {
    if (this.#told && said.emergency === '') this.#end();
    this.#told = said.emergency !== '';
    this.#helped = said.helped;
    this.#called ||= this.#told;
    this.#show();
  }

  /** The agent's word counts more than the page's, which may be older. @param {Place} place */
  place(place) {
    for (const part of /** @type {const} */ (['room_name', 'address', 'floor', 'phone'])) {
      if (place[part]) byId(`emergency-${part}`, HTMLElement).textContent = place[part];
    }
    this.#show();
  }

  #show() {
    this.box.hidden = !this.#called;
    const key = this.isHome ? 'home' : this.#helped ? 'helped' : this.#told ? 'alarmed' : this.#centre === 'told' ? 'centre' : this.#centre === 'failed' ? 'failed' : 'calling';
    this.box.dataset.state = this.#called ? key : '';
    const said = byId('emergency-said', HTMLElement);
    const words = this.#called ? say(`desk.js.emergency.${key}`) : '';
    if (said.textContent !== words) said.textContent = words;
    byId('emergency-address_unknown', HTMLElement).hidden = byId('emergency-address', HTMLElement).textContent !== '';
  }

  /** The call is over. */
  clear() {
    clearTimeout(this.#timer);
  }
}
