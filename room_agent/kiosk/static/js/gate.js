/** What people in the room say of the talk and of the devices: roll-call, yes and no, pause, emergency. */

import { Allow } from './allow.js';
import { Emergency } from './emergency.js';
import { RollCallScreen } from './rollcall.js';

/** @typedef {import('/static/js/conversation.js').Conversation} Conversation */
/** @typedef {import('/static/js/peer.js').Partner} Partner */
/** @typedef {import('/static/js/talk.js').Talk} Talk */
/** @typedef {import('./line.js').Show} Show */
/** @typedef {import('./line.js').ToAgent} ToAgent */

/** @param {string} id */
const by = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

export class Gate {
  /** @type {Conversation | null} */
  #talk = null;
  /** The talk rests, as its ends say. */
  #rests = false;
  #paused = false;

  /**
   * @param {(message: ToAgent) => void} tell the agent
   * @param {(rests: boolean) => void} rest our sound and picture, and those of the others
   */
  constructor(tell, rest) {
    this.tell = tell;
    this.rest = rest;
    this.rollcall = new RollCallScreen(() => tell({ type: 'introduced', on: true }));
    this.allow = new Allow(tell);
    this.emergency = new Emergency((on) => {
      tell({ type: 'emergency', on });
      this.#talk?.send({ type: 'emergency', on, by: 'room' });
    });
    by('pause').addEventListener('click', () => this.#pause(!(this.#rests || this.#paused)));
  }

  /** A talk begins. @param {Conversation} talk */
  meet(talk) {
    this.#talk = talk;
    this.rollcall.meet(talk);
    talk.on({
      onOpen: (peerId) => this.#rests && talk.send({ type: 'pause', on: true }, peerId),
      onTalk: (_peer, message, partner) => talk === this.#talk && this.#heard(message, partner),
    });
  }

  /** @param {Talk} message @param {Partner} partner */
  #heard(message, partner) {
    if (message.type === 'pause') {
      this.#rests = message.on;
      if (partner.role !== 'doctor') this.tell({ type: 'pause', on: message.on }); // a doctor tells the agent
      this.#showPause();
    } else if (message.type === 'send-out' && partner.role === 'doctor') by('send-out').hidden = !message.on;
    else if (message.type === 'emergency') this.emergency.heard(message.on);
  }

  /** Anybody may begin a pause, and anybody end it. @param {boolean} on */
  #pause(on) {
    this.#rests = on;
    this.#paused = on;
    this.tell({ type: 'pause', on });
    this.#talk?.send({ type: 'pause', on });
    this.#showPause();
  }

  #showPause() {
    const on = this.#rests || this.#paused;
    by('pause').setAttribute('aria-pressed', String(on));
    by('pause-begin').hidden = on;
    by('pause-end').hidden = by('paused').hidden = !on;
    this.rest(on);
  }

  /** @param {Show} show */
  update(show) {
    this.#paused = (show.paused ?? '') !== '';
    this.#showPause();
    this.rollcall.update(show);
    this.allow.update(show);
    this.emergency.update(show);
  }

  /** Nobody would hear an answer now; what the talk says goes on. */
  away() {
    this.allow.clear();
  }

  /** The talk is over. */
  end() {
    this.#talk = null;
    this.#rests = this.#paused = false;
    by('send-out').hidden = true;
    this.#showPause();
    this.rollcall.clear();
    this.allow.clear();
    this.emergency.clear();
  }
}
