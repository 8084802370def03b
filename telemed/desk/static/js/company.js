// @ts-check
/** Who is in the talk, as a guest hears it: introductions, who comes and goes, pauses, an emergency. */
import { byId, say } from './words.js';

/** @typedef {import('/static/js/conversation.js').Conversation} Conversation */
/** @typedef {import('/static/js/peer.js').Partner} Partner */
/** @typedef {import('/static/js/talk.js').Talk} Talk */
/** @typedef {import('/static/js/signalling.js').Role} Role */

/** @type {Record<string, string>} */
const RELATIONS = { resident: 'patient', colleague: 'doctor', interpreter: 'interpreter', relative: 'relative' };
const NEWS_MS = 8000;

export class Company {
  #news = 0;
  #paused = false;
  /** What the person has switched off. @type {Record<string, boolean>} */
  #hushed = { audio: false, video: false };
  /** Lists that wait for our person's word, by end. @type {Map<string, {of: string, seq: number}>} */
  #unknown = new Map();
  /** Who was announced. @type {Set<string>} */
  #met = new Set();

  /**
   * @param {Conversation} talk
   * @param {{role: Role, name: string, stream: MediaStream | null}} me
   */
  constructor(talk, me) {
    this.talk = talk;
    this.me = me;
    talk.on({
      onTalk: (peerId, message, partner) => this.#told(peerId, message, partner),
      onParted: (peerId, partner) => this.#gone(peerId, partner),
      onSilence: (_peer, pulse, partner) => {
        if (pulse === 'lost' && partner.role !== 'agent') this.#say('guest.js.silent', partner);
      },
    });
    byId('pause', HTMLButtonElement).addEventListener('click', () => this.#pause(!this.#paused, true));
    byId('known', HTMLButtonElement).addEventListener('click', () => this.#know());
  }

  /** One end can be talked to: it hears who we are. @param {string} peerId @param {Partner} partner */
  meet(peerId, partner) {
    const person = { relation: RELATIONS[this.me.role] ?? 'other', name: this.me.name };
    this.talk.send({ type: 'people', of: this.talk.signalling.peerId, seq: 1, people: [person] }, peerId);
    if (this.#paused) this.talk.send({ type: 'pause', on: true }, peerId);
    if (this.#met.has(peerId)) return;
    this.#met.add(peerId);
    this.#say('guest.js.came', partner);
  }

  /** @param {string} peerId @param {Partner} partner */
  #gone(peerId, partner) {
    this.#unknown.delete(peerId);
    if (this.#met.delete(peerId)) this.#say('guest.js.gone', partner);
  }

  /** @param {string} key @param {Partner} partner */
  #say(key, { name, role }) {
    const who = name || say(`guest.role.${role}`);
    const box = byId('news', HTMLElement);
    /** @type {HTMLElement} */ (box.querySelector('span')).textContent = say(key, { who });
    box.hidden = false;
    clearTimeout(this.#news);
    this.#news = window.setTimeout(() => (box.hidden = true), NEWS_MS);
  }

  /** @param {string} peerId @param {Talk} message @param {Partner} partner */
  #told(peerId, message, partner) {
    if (message.type === 'pause') this.#pause(message.on, false);
    if (message.type === 'emergency') byId('emergency', HTMLElement).hidden = !message.on;
    if (message.type === 'people' && message.of === peerId) this.#introduced(peerId, message, partner);
  }

  /**
   * Who is at another end; our person says that she knows.
   * @param {string} peerId
   * @param {import('/static/js/talk.js').People} message
   * @param {Partner} partner
   */
  #introduced(peerId, { of, seq, people }, partner) {
    this.#unknown.set(peerId, { of, seq });
    const names = people.map(({ relation, name }) => name || say(`guest.js.relation.${relation}`)).join(', ');
    const where = say('guest.js.people', { who: partner.name || say(`guest.role.${partner.role}`), people: names });
    const list = byId('people', HTMLElement);
    const item = document.getElementById(`people-${peerId}`) ?? document.createElement('li');
    item.id = `people-${peerId}`;
    item.textContent = where;
    list.append(item);
    byId('company', HTMLElement).hidden = false;
  }

  #know() {
    const by = this.talk.signalling.peerId;
    for (const [peerId, { of, seq }] of this.#unknown) this.talk.send({ type: 'known', of, seq, by }, peerId);
    this.#unknown.clear();
    byId('people', HTMLElement).replaceChildren();
    byId('company', HTMLElement).hidden = true;
  }

  /** The person switches something of hers off, or on. @param {'audio' | 'video'} kind @param {boolean} silent */
  hush(kind, silent) {
    this.#hushed[kind] = silent;
    this.#apply();
  }

  /** @param {boolean} on @param {boolean} ours */
  #pause(on, ours) {
    this.#paused = on;
    if (ours) this.talk.send({ type: 'pause', on });
    byId('paused', HTMLElement).hidden = !on;
    const button = byId('pause', HTMLButtonElement);
    button.setAttribute('aria-pressed', String(on));
    button.lastChild?.replaceWith(say(on ? 'guest.js.resume' : 'guest.js.pause'));
    for (const video of byId('faces', HTMLElement).querySelectorAll('video')) {
      if (video.closest('[data-peer="own"]') === null) video.muted = on;
    }
    this.#apply();
  }

  #apply() {
    for (const track of this.me.stream?.getTracks() ?? []) track.enabled = !this.#paused && !this.#hushed[track.kind];
    this.talk.sendingChanged();
  }
}
