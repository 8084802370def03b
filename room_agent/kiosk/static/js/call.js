/** The talk with the doctor, from the call to the farewell. Nothing of it stays. */

import { Conversation } from '/static/js/conversation.js';
import { SignallingSocket } from '/static/js/signalling.js';
import { picture } from './checkin.js';
import { prove } from './machine.js';
import { examine, open, stop } from './probe.js';

/** @typedef {import('./machine.js').Identity} Identity */
/** @typedef {import('./line.js').Show} Show */
/** @typedef {import('./probe.js').State} State */
/** @typedef {import('/static/js/signalling.js').Participant} Participant */

/** @param {string} id */
const by = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

export class Call {
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {SignallingSocket | null} */
  #signalling = null;
  /** @type {Conversation | null} */
  #conversation = null;
  #left = false;
  /** A doctor listens to the stethoscope: nobody else is to be heard. */
  #quiet = false;
  /** @type {State | null} */
  #state = null;

  /**
   * @param {Identity} me
   * @param {string} visitId
   */
  constructor(me, visitId) {
    this.me = me;
    this.visitId = visitId;
  }

  /** Open camera and microphone, then meet whoever is in the visit. */
  async enter() {
    const stream = await open();
    if (this.#left) {
      stop(stream);
      return;
    }
    this.#stream = stream;
    this.#hush(this.#quiet);
    /** @type {HTMLVideoElement} */ (by('self')).srcObject = stream;
    const signalling = new SignallingSocket('/kiosk/signalling', (event) => this.#conversation?.handle(event), {
      prove: (challenge) => prove(this.me, challenge),
    });
    this.#signalling = signalling;
    this.#conversation = new Conversation(signalling, {
      offerer: true,
      partner: 'doctor',
      localStream: stream,
      onRemote: (peerId, remote, partner) => this.#show(peerId, remote, partner),
    });
    signalling.connect();
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
    this.#hush(show.auscultation);
    for (const step of document.querySelectorAll('[data-measuring]')) {
      if (step instanceof HTMLElement) step.hidden = step.dataset.measuring !== show.measuring;
    }
    by('take').hidden = !show.measuring || !show.take;
    by('take-device').textContent = show.take ?? '';
    by('take-asleep').hidden = !show.asleep;
    document.querySelector('[data-inflating]')?.toggleAttribute('hidden', !show.inflating);
  }

  /** Loudspeaker and microphone are mute, or no longer. @param {boolean} quiet */
  #hush(quiet) {
    this.#quiet = quiet;
    by('auscultation').hidden = !quiet;
    for (const track of this.#stream?.getAudioTracks() ?? []) track.enabled = !quiet;
    for (const video of by('doctors').querySelectorAll('video')) video.muted = quiet;
  }

  /**
   * @param {string} peerId
   * @param {MediaStream | null} stream
   * @param {Participant} partner
   */
  #show(peerId, stream, partner) {
    const id = `doctor-${peerId}`;
    let video = /** @type {HTMLVideoElement | null} */ (document.getElementById(id));
    if (stream && !video) {
      video = document.createElement('video');
      Object.assign(video, { id, autoplay: true, playsInline: true, muted: this.#quiet });
      video.setAttribute('aria-label', partner.name);
      by('doctors').append(video);
    }
    if (video) video.srcObject = stream;
    if (!stream) video?.remove();
    by('doctor-waiting').hidden = by('doctors').querySelector('video') !== null;
  }

  /** End everything: connections, tracks, names, pictures. */
  leave() {
    this.#left = true;
    this.#signalling?.close();
    this.#conversation?.close();
    this.#conversation = null;
    stop(this.#stream);
    this.#stream = null;
    /** @type {HTMLVideoElement} */ (by('self')).srcObject = null;
    by('doctors').querySelectorAll('video').forEach((video) => video.remove());
    by('doctor-waiting').hidden = false;
    by('doctor-name').textContent = '';
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
