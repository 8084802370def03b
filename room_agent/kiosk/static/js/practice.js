/**
 * Practice in the room: the same screens with a drawn doctor and devices that are not there. Nothing is sent, and nothing
 * is kept but that somebody practised. It ends by itself: when nobody goes on, and at once when a real visit begins.
 * The button for help is the real one.
 */

import { picture } from './checkin.js';
import { words } from './words.js';

/** @typedef {import('./line.js').Show} Show */
/** @typedef {import('./line.js').Ticket} Ticket */
/** @typedef {'arrive' | 'talk' | 'allow' | 'measure' | 'whose' | 'help' | 'goodbye'} Step */

/**
 * @typedef {object} Screens what the practice needs of the kiosk
 * @property {(name: string) => void} turnTo
 * @property {() => void} reset the check-in begins anew
 * @property {(known: boolean) => void} checkedIn
 * @property {(show: Show) => void} allow
 * @property {(question: import('./whose.js').ToConfirm | null) => void} whose
 * @property {() => void} counted
 * @property {() => void} over nothing of it stays, and the real screen is shown again
 */

/** @type {Step[]} */
const STEPS = ['arrive', 'talk', 'allow', 'measure', 'whose', 'help', 'goodbye'];
/** After so long without a touch nobody practises any more. */
const FORGET_MS = 120_000;
/** The ticket of every practice. @type {Ticket} */
const TICKET = { picture: 'fish', letter: 'K', digits: '47' };
/** The steps that a touch on the screen itself ends, as a real one would. */
const ANSWERED = { allow: '#allow button', whose: '#whose button', measure: '#decline' };

/** @param {string} id */
const by = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

export class Practice {
  /** @type {Step | null} */
  #step = null;
  #timer = 0;
  /** @type {Show | null} */
  #real = null;

  /** @param {Screens} screens */
  constructor(screens) {
    this.screens = screens;
    by('practice-start').addEventListener('click', () => this.#begin());
    by('practice-on').addEventListener('click', () => this.#next());
    by('practice-end').addEventListener('click', () => this.end());
    document.addEventListener('click', (event) => this.#touched(event), true);
  }

  get on() {
    return this.#step !== null;
  }

  /**
   * What the agent says meanwhile. @param {Show} show
   * @returns {boolean} whether the practice goes on
   */
  goesOn(show) {
    this.#real = show;
    if (this.on && show.screen !== 'welcome') this.end();
    return this.on;
  }

  /** Somebody checks in, in the practice. @param {Ticket} ticket */
  checkIn(ticket) {
    const known = Object.entries(TICKET).every(([name, value]) => Object(ticket)[name] === value);
    this.screens.checkedIn(known);
  }

  #begin() {
    if (this.#real?.screen !== 'welcome') return;
    by('practice').hidden = false;
    by('practice-start').hidden = true;
    const code = document.createElement('span');
    code.className = 'ticket-code digits';
    code.textContent = `${TICKET.letter} ${TICKET.digits}`;
    by('practice-ticket').replaceChildren(...picture(TICKET.picture), code);
    this.#go('arrive');
  }

  #next() {
    const next = STEPS[STEPS.indexOf(this.#step ?? 'goodbye') + 1];
    if (next) this.#go(next);
    else this.end();
  }

  /** @param {Step} step */
  #go(step) {
    this.#step = step;
    this.#wait();
    by('practice-said').textContent = words(`kiosk.practice.${step}`);
    by('practice-ticket').hidden = step !== 'arrive';
    by('practice-on').hidden = step === 'goodbye';
    if (step === 'arrive') this.screens.reset();
    this.screens.turnTo({ arrive: 'welcome', goodbye: 'farewell' }[String(step)] ?? 'call');
    this.#draw(step !== 'arrive' && step !== 'goodbye');
    this.#ask(step);
    if (step === 'goodbye') this.screens.counted();
  }

  /** A doctor who is a drawing, and says so. @param {boolean} on */
  #draw(on) {
    by('doctor-waiting').hidden = on;
    if (on === (document.getElementById('practice-doctor') !== null)) return;
    document.getElementById('practice-doctor')?.remove();
    by('doctor-name').textContent = on ? words('kiosk.practice.doctor') : '';
    if (!on) return;
    const [tile, drawing, caption] = [document.createElement('figure'), new Image(), document.createElement('figcaption')];
    Object.assign(drawing, { src: '/static/img/practice-doctor.svg', alt: words('kiosk.practice.doctor'), className: 'drawn' });
    caption.textContent = words('kiosk.practice.doctor');
    tile.id = 'practice-doctor';
    tile.dataset.role = 'doctor';
    tile.append(drawing, caption);
    by('doctors').append(tile);
  }

  /** @param {Step | null} step */
  #ask(step) {
    const real = /** @type {Show} */ (this.#real);
    const asked = { stream: 'otoscope', name: words('kiosk.practice.device') };
    const to_allow = step === 'allow' ? asked : null;
    this.screens.allow({ ...real, to_allow, allowed: [], measuring: step === 'measure' ? 'blood-pressure' : null });
    const cuff = document.querySelector('[data-measuring="blood-pressure"]');
    cuff?.toggleAttribute('hidden', step !== 'measure');
    const lines = [{ label_key: 'kiosk.practice.value', value: '…', unit: '' }];
    const question = { vital_id: 'practice', kind: 'blood-pressure', device_name: words('kiosk.practice.made_up'), lines };
    this.screens.whose(step === 'whose' ? question : null);
  }

  /** A touch says that somebody is there; on the asked screen it is the answer. @param {Event} event */
  #touched({ target }) {
    if (!this.on || !(target instanceof Element)) return;
    this.#wait();
    const answer = Object(ANSWERED)[this.#step ?? ''];
    if (answer && target.closest(answer)) setTimeout(() => this.#next());
    if (this.#step === 'arrive' && target.closest('[data-step="known"] button')) setTimeout(() => this.#next());
  }

  #wait() {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.end(), FORGET_MS);
  }

  /** Nothing of it stays. */
  end() {
    if (!this.on) return;
    clearTimeout(this.#timer);
    this.#draw(false);
    this.#ask(null);
    this.#step = null;
    by('practice').hidden = true;
    by('practice-start').hidden = false;
    by('practice-said').textContent = '';
    by('practice-on').hidden = by('practice-ticket').hidden = false;
    by('practice-ticket').replaceChildren();
    this.screens.reset();
    this.screens.over();
  }
}
