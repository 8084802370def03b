/** The talk with the doctor and whoever else was let in, from the call to the farewell. Nothing of it stays. */

import { Conversation } from '/static/js/conversation.js';
import { RedScreen, showPictures } from '/static/js/distrust.js';
import { PoorLine } from '/static/js/poor-line.js';
import { SignallingSocket } from '/static/js/signalling.js';
import { picture } from './checkin.js';
import { prove } from './machine.js';
import { Own } from './own.js';
import { examine, open, stop } from './probe.js';
import { words } from './words.js';

/** @typedef {import('./machine.js').Identity} Identity */
/** @typedef {import('./line.js').Show} Show */
/** @typedef {import('./probe.js').State} State */
/** @typedef {import('/static/js/peer.js').Partner} Partner */
/** @typedef {import('/static/js/peer.js').Pulse} Pulse */

/**
 * @typedef {object} Room what the call needs of the kiosk
 * @property {() => import('/static/js/trust.js').Roster | null} roster
 * @property {(role: string, reason: string) => void} refused tell the agent, for the audit
 * @property {(talk: Conversation) => void} met a talk begins
 */

const LOOK_MS = 100;
/** After somebody wants to try again, so long the agent may still warn of the end before. */
const PATIENCE_MS = 10_000;

/** @param {string} id */
const by = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

export class Call {
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {SignallingSocket | null} */
  #signalling = null;
  /** @type {Conversation | null} */
  #conversation = null;
  /** @type {PoorLine | null} */
  #poor = null;
  #own = new Own();
  #left = false;
  /** A doctor listens to the stethoscope: nobody else is to be heard. */
  #quiet = false;
  /** Pictures and sound of all ends rest. */
  #rests = false;
  /** @type {State | null} */
  #state = null;
  #introduced = false;
  #patientUntil = 0;
  #red = new RedScreen(/** @type {HTMLDialogElement} */ (by('distrust')));
  #listens = new AbortController();

  /**
   * @param {Identity} me
   * @param {string} visitId
   * @param {Room} room
   */
  constructor(me, visitId, room) {
    this.me = me;
    this.visitId = visitId;
    this.room = room;
    const { signal } = this.#listens;
    by('distrust-again').addEventListener('click', () => this.#again(), { signal });
    by('compare-show').addEventListener('click', () => this.#showCompare(Boolean(by('compare-pictures').hidden)), { signal });
  }

  /** The conversation, for those who have more to say in it; null before and after. */
  get talk() {
    return this.#conversation;
  }

  /** Meet whoever is in the visit; camera and microphone join when they are open. */
  async enter() {
    this.#meet();
    const stream = await open();
    if (this.#left) return stop(stream);
    this.#stream = stream;
    this.#hush(this.#quiet);
    if (!this.#red.isShown) /** @type {HTMLVideoElement} */ (by('self')).srcObject = stream;
    this.#own.begin(stream);
    this.#send();
  }

  #meet() {
    const signalling = new SignallingSocket('/kiosk/signalling', (event) => this.#conversation?.handle(event), {
      prove: (challenge) => prove(this.me, challenge),
    });
    this.#signalling = signalling;
    this.#conversation = new Conversation(signalling, {
      me: { visitId: this.visitId, role: 'kiosk', keys: this.me.keys },
      roomId: this.me.paired.room_id,
      roster: this.room.roster,
      fresher: () => this.#newerRoster(),
      onRemote: (peerId, remote, partner) => this.#show(peerId, remote, partner),
      onSilence: (_peer, pulse, partner) => partner.role === 'doctor' && this.#heard(pulse),
      onPictures: (_peer, names, partner) => partner.role === 'doctor' && this.#compare(names),
      onDistrust: (partner, reason, by) => this.#distrust(partner, reason, by),
    });
    this.#poor = new PoorLine(this.#conversation, by('poor'), ({ role }) => role === 'doctor');
    this.room.met(this.#conversation);
    this.#conversation.enter();
    signalling.connect();
  }

  /** Until the agent has sent another roster; the conversation does not wait for ever. */
  async #newerRoster() {
    const seq = this.room.roster()?.seq ?? 0;
    while (!this.#left && (this.room.roster()?.seq ?? 0) <= seq) await new Promise((done) => setTimeout(done, LOOK_MS));
  }

  #send() {
    for (const track of this.#stream?.getTracks() ?? []) {
      this.#conversation?.replaceTrack(track.kind === 'audio' ? 'audio' : 'video', track);
    }
  }

  /** There is a newer roster. */
  reconsider() {
    this.#conversation?.reconsider();
  }

  /**
   * How camera and microphone do in the talk.
   * @returns {Promise<State>}
   */
  async examine() {
    if (this.#quiet && this.#state) return this.#state; // a muted microphone says nothing of itself
    const state = await examine(this.#stream);
    this.#state = state;
    if (!this.#left) by('no-camera').hidden = state.camera !== 'none' && state.microphone !== 'none';
    return state;
  }

  /** @param {Show} show */
  update(show) {
    by('doctor-name').textContent = show.doctor_name;
    by('distrust-phone').textContent = by('poor-phone').textContent = show.help_phone;
    by('poor-phone-line').hidden = show.help_phone === '';
    by('distrust-phone-line').hidden = show.help_phone === '';
    this.#hush(show.auscultation);
    for (const step of document.querySelectorAll('[data-measuring]')) {
      if (step instanceof HTMLElement) step.hidden = step.dataset.measuring !== show.measuring;
    }
    by('take').hidden = !show.measuring || !show.take;
    by('take-device').textContent = show.take ?? '';
    by('take-asleep').hidden = !show.asleep;
    document.querySelector('[data-inflating]')?.toggleAttribute('hidden', !show.inflating);
    if (show.introduced && !this.#introduced) this.#showCompare(false);
    this.#introduced = show.introduced ?? false;
    if (show.distrust && performance.now() > this.#patientUntil) this.#warn();
  }

  /** Loudspeaker and microphone are mute, or no longer. @param {boolean} quiet */
  #hush(quiet) {
    const changed = quiet !== this.#quiet;
    this.#quiet = quiet;
    by('auscultation').hidden = !quiet;
    this.#settle();
    if (changed) this.#conversation?.sendingChanged();
  }

  /** A pause begins or ends. @param {boolean} on */
  rest(on) {
    if (on === this.#rests) return;
    this.#rests = on;
    this.#settle();
    this.#conversation?.sendingChanged();
  }

  #settle() {
    for (const track of this.#stream?.getAudioTracks() ?? []) track.enabled = !this.#quiet && !this.#rests;
    for (const track of this.#stream?.getVideoTracks() ?? []) track.enabled = !this.#rests;
    for (const video of by('doctors').querySelectorAll('video')) video.muted = this.#quiet || this.#rests;
  }

  /**
   * @param {string} peerId
   * @param {MediaStream | null} stream
   * @param {Partner} partner
   */
  #show(peerId, stream, partner) {
    const id = `doctor-${peerId}`;
    if (!stream) document.getElementById(id)?.closest('figure')?.remove();
    else /** @type {HTMLVideoElement} */ (document.getElementById(id) ?? this.#tile(id, partner)).srcObject = stream;
    by('doctor-waiting').hidden = by('doctors').querySelector('video') !== null;
    this.#company();
  }

  /** Who else is there, in words: a picture alone says it too quietly. */
  #company() {
    const captions = by('doctors').querySelectorAll('figure:not([data-role="doctor"]) figcaption');
    by('company-names').textContent = [...captions].map((each) => [...each.childNodes].map((part) => part.textContent).join(', ')).join(' · ');
    by('company').hidden = captions.length === 0;
  }

  /** A picture with who it is. @param {string} id @param {Partner} partner */
  #tile(id, partner) {
    const tile = document.createElement('figure');
    const video = document.createElement('video');
    const caption = document.createElement('figcaption');
    Object.assign(video, { id, autoplay: true, playsInline: true, muted: this.#quiet || this.#rests });
    video.setAttribute('aria-label', partner.name);
    const role = document.createElement('span');
    role.textContent = words(`kiosk.role.${partner.role}`);
    caption.append(partner.name || role.textContent, ...(partner.name ? [role] : []));
    tile.dataset.role = partner.role;
    tile.append(video, caption);
    by('doctors').append(tile);
    return video;
  }

  /** @param {Pulse} pulse */
  #heard(pulse) {
    by('talk-broken').hidden = pulse === 'good';
  }

  /** What the doctor sees too, if nobody stands in between. @param {string[]} names */
  #compare(names) {
    showPictures(by('compare-pictures'), names, words, 96);
    by('compare').hidden = false;
    this.#showCompare(!this.#introduced);
  }

  /** @param {boolean} large */
  #showCompare(large) {
    by('compare-pictures').hidden = !large;
    by('compare-show').setAttribute('aria-expanded', String(large));
  }

  /** @param {Partner} partner @param {string} reason @param {'us' | 'them'} who */
  #distrust(partner, reason, who) {
    if (who === 'us') this.room.refused(partner.role, reason);
    if (partner.role !== 'doctor') return; // a guest stays outside
    this.#warn();
  }

  /** We or our agent refused somebody, or were refused: no talk goes on behind it, and it does not go by itself. */
  #warn() {
    this.#hangUp();
    this.#red.show();
  }

  /** Somebody wants to try once more. */
  #again() {
    this.#hangUp();
    this.#red.hide();
    this.#patientUntil = performance.now() + PATIENCE_MS; // the agent takes its warning back when it trusts somebody
    /** @type {HTMLVideoElement} */ (by('self')).srcObject = this.#stream;
    this.#meet();
    this.#send();
  }

  #hangUp() {
    this.#signalling?.close();
    this.#conversation?.close();
    this.#poor?.close();
    this.#conversation = this.#poor = null;
    by('compare').hidden = by('talk-broken').hidden = true;
    by('compare-pictures').replaceChildren();
  }

  /** End everything: connections, tracks, names, pictures. */
  leave() {
    this.#left = true;
    this.#listens.abort();
    this.#hangUp();
    this.#own.end();
    this.#red.hide();
    stop(this.#stream);
    this.#stream = null;
    /** @type {HTMLVideoElement} */ (by('self')).srcObject = null;
    by('doctors').querySelectorAll('figure').forEach((tile) => tile.remove());
    this.#company();
    by('doctor-waiting').hidden = false;
    by('doctor-name').textContent = by('take-device').textContent = '';
    by('poor-phone').textContent = by('distrust-phone').textContent = '';
    by('poor-phone-line').hidden = by('distrust-phone-line').hidden = true;
    by('auscultation').hidden = true;
    by('take').hidden = true;
    by('no-camera').hidden = true;
    document.querySelectorAll('[data-measuring]').forEach((step) => step.setAttribute('hidden', ''));
    sessionStorage.clear();
  }
}

/**
 * Whose turn it is, for the person in the room to compare with the ticket in their hand.
 * @param {import('./line.js').Ticket | null} ticket
 */
export function showCalled(ticket) {
  const place = by('called');
  place.hidden = ticket === null;
  if (ticket === null) return by('called-ticket').replaceChildren();
  const code = document.createElement('span');
  code.className = 'ticket-code digits';
  code.textContent = `${ticket.letter} ${ticket.digits}`;
  return by('called-ticket').replaceChildren(...picture(ticket.picture), code);
}
