// @ts-check
/** How the doctor hears the room: how good the line is, how loud the voice, and a word when nothing comes for long. */
import { Ear, bar } from '/static/js/voice.js';
import { isPatientsEnd, state } from './ends.js';
import { byId, say } from './words.js';

/** @typedef {import('/static/js/adapt.js').Grade} Grade */
/** @typedef {import('/static/js/conversation.js').Conversation} Conversation */

const WINDOW_MS = 20_000;
const MOODS = /** @type {const} */ ({ good: 'ok', fair: 'warn', poor: 'stop' });

export class Hearing {
  #ear = new Ear(WINDOW_MS);
  /** The room sends sound at the moment: no pause, and nobody listens to the chest. */
  #sends = true;

  /** @param {Conversation} talk */
  constructor(talk) {
    this.talk = talk;
    talk.on({
      onTalk: (_peer, message, partner) => {
        if (message.type === 'sending' && isPatientsEnd(partner)) this.#sending(message.sound);
      },
      onParted: (_peer, partner) => isPatientsEnd(partner) && this.#silent(),
    });
  }

  /** Once a second. @param {string} peerId @param {Grade} grade @param {number} level root mean square, 0 to 1 */
  line(peerId, grade, level) {
    const partner = this.talk.partners.find((each) => each.peer_id === peerId);
    if (!partner || !isPatientsEnd(partner)) return;
    byId('line-state', HTMLElement).hidden = false;
    state('line-state', `desk.js.talk_line.${grade}`, MOODS[grade]);
    if (this.#sends) this.#hear(level);
  }

  /** @param {number} level */
  #hear(level) {
    byId('voice-level', HTMLMeterElement).value = bar(level);
    const hearing = this.#ear.hear(level, performance.now());
    if (hearing) this.#warn(hearing === 'good' ? '' : say(`desk.js.hear.${hearing}`));
  }

  /** @param {string} text */
  #warn(text) {
    const box = byId('hear-notice', HTMLElement);
    box.hidden = text === '';
    const place = /** @type {HTMLElement} */ (box.querySelector('p'));
    if (place.textContent !== text) place.textContent = text;
  }

  /** @param {boolean} on */
  #sending(on) {
    if (on === this.#sends) return;
    this.#sends = on;
    this.#hush();
  }

  #silent() {
    byId('line-state', HTMLElement).hidden = true;
    this.#sends = true;
    this.#hush();
  }

  #hush() {
    this.#ear.forget();
    this.#warn('');
    byId('voice-level', HTMLMeterElement).value = 0;
  }
}
