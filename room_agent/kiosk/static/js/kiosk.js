/**
 * The patient's page: one screen at a time, as the room agent says. Without the agent it waits and says so.
 */

import { Call, showCalled } from './call.js';
import { CheckIn } from './checkin.js';
import { showChecks } from './checks.js';
import { Gate } from './gate.js';
import { Help } from './help.js';
import { Keys } from './keys.js';
import { Language } from './language.js';
import { Line } from './line.js';
import { Practice } from './practice.js';
import { PairingRefused, identity, pair } from './machine.js';
import { examine, open, stop } from './probe.js';
import { Sending } from './sending.js';
import { SheetOffer } from './sheet.js';
import { Speak } from './speak.js';
import { TakeHome } from './take-home.js';
import { test } from './tone.js';
import { Whose } from './whose.js';

/** @typedef {import('./line.js').Show} Show */
/** @typedef {import('./machine.js').Identity} Identity */
/** @typedef {import('./probe.js').State} State */

const REPORT_MS = 5000;
const PROBE_MS = 60_000;

/** @param {string} id */
const by = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const screenOf = (/** @type {string} */ name) =>
  /** @type {HTMLElement} */ (document.querySelector(`[data-screen="${name}"]`));

/** @param {string} name */
function turnTo(name) {
  if (document.body.dataset.screen === name) return;
  document.body.dataset.screen = name;
  for (const screen of document.querySelectorAll('[data-screen]:not(body)')) {
    if (screen instanceof HTMLElement) screen.hidden = screen.dataset.screen !== name;
  }
}

class Kiosk {
  /** @type {Line | null} */
  #line = null;
  /** @type {Call | null} */
  #call = null;
  /** @type {State} */
  #state = { camera: 'none', microphone: 'none' };
  #rests = false;
  /** @type {import('./tone.js').Outcome} */
  #tone = 'not-tried';
  #toneAsked = false;
  #probing = false;
  #probed = 0;
  #code = '';
  #again = () => {};

  constructor() {
    this.checkIn = new CheckIn(
      screenOf('welcome'),
      (ticket) => {
        if (this.practice.on) this.practice.checkIn(ticket);
        else this.#line?.send({ type: 'check-in', ticket });
      },
      (code) => this.#line?.send({ type: 'check-in-code', code }),
    );
    this.practice = new Practice({
      turnTo,
      reset: () => this.checkIn.reset(),
      checkedIn: (known) => this.checkIn.answer(known),
      allow: (show) => this.gate.allow.update(show),
      whose: (question) => this.whose.show(question),
      counted: () => this.#line?.send({ type: 'practised' }),
      over: () => {
        this.gate.allow.clear();
        turnTo('welcome');
      },
    });
    this.whose = new Whose((answer) => !this.practice.on && this.#line?.send(answer));
    this.gate = new Gate((message) => !this.practice.on && this.#line?.send(message), (rests) => this.#rest(rests));
    this.takeHome = new TakeHome(() => this.#again());
    this.sheet = new SheetOffer(() => this.#line?.send({ type: 'want-sheet' }));
    by('pairing').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#pair(/** @type {HTMLInputElement} */ (by('code')).value);
    });
    this.help = new Help((message) => this.#line?.send(message) ?? false);
    this.keys = new Keys(() => this.help.ask('help', 'key'));
    this.language = new Language();
    this.speak = new Speak(by('main'));
    this.sending = new Sending(() => this.#call?.talk ?? null, () => this.#camera());
    addEventListener('pagehide', () => this.#call?.leave());
  }

  /** Who are we? A code after the # in the address is used when nobody knows us. */
  async start() {
    this.#code = decodeURIComponent(location.hash.slice(1));
    history.replaceState(null, '', location.pathname);
    const me = await identity();
    if (me) this.#connect(me);
    else await this.#unknown();
    setInterval(() => this.#report(), REPORT_MS);
    navigator.mediaDevices.addEventListener('devicechange', () => {
      this.#probed = 0;
    });
  }

  /** Nobody knows us: with a code at hand try it, else ask for one. */
  async #unknown() {
    const code = this.#code;
    this.#code = '';
    if (code) await this.#pair(code);
    else turnTo('pairing');
  }

  /** @param {string} typed */
  async #pair(typed) {
    by('pairing-refused').hidden = by('pairing-away').hidden = true;
    try {
      this.#connect(await pair(typed.trim().toUpperCase()));
      /** @type {HTMLFormElement} */ (by('pairing')).reset();
    } catch (error) {
      by(error instanceof PairingRefused ? 'pairing-refused' : 'pairing-away').hidden = false;
      turnTo('pairing');
    }
  }

  /** @param {Identity} me */
  #connect(me) {
    this.#line?.close();
    this.#line = new Line(me, {
      show: (show) => this.#show(me, show),
      checkedIn: (known) => this.checkIn.answer(known),
      sheet: (sheet) => this.sheet.print(sheet),
      roster: () => this.#call?.reconsider(),
      lost: (allowed) => this.#lost(allowed),
    });
    this.#line.connect();
  }

  /** @param {boolean} allowed */
  #lost(allowed) {
    this.whose.show(null); // nobody would hear the answer
    this.gate.away();
    this.help.away();
    this.practice.end();
    this.checkIn.reset();
    if (allowed && this.#call) return; // the talk goes on while the agent comes back
    this.#endCall();
    if (allowed) turnTo('starting');
    else this.#unknown();
  }

  /**
   * @param {Identity} me
   * @param {Show} show
   */
  #show(me, show) {
    by('room-name').textContent = show.room_name || document.title;
    by('line-down').hidden = show.line_ok;
    by('other-ways').hidden = !show.line_ok; // whose code it is only the centre knows
    this.help.update(show);
    this.sending.update(show);
    const screen = this.takeHome.screen(show.screen);
    this.#again = () => this.#show(me, show);
    this.language.update({ ...show, screen });
    if (this.practice.goesOn(show)) return;
    this.#frame(show);
    if (show.screen === 'call' && show.visit_id) this.#inCall(me, show, show.visit_id);
    else this.#endCall();
    this.whose.show(show.to_confirm);
    if (show.screen === 'farewell') this.sheet.show(show.sheet_offered);
    else this.sheet.reset();
    if ((show.screen === 'welcome') !== (document.body.dataset.screen === 'welcome')) this.checkIn.reset();
    turnTo(screen);
    showChecks(show.checks, show.screen === 'welcome' || show.screen === 'cleaning');
    this.#testTone(show.tone_test);
    this.#probeIfDue();
  }

  /**
   * Once for each time that the agent asks; what an earlier one found counts no more.
   * @param {boolean} asked
   */
  async #testTone(asked) {
    const begins = asked && !this.#toneAsked;
    this.#toneAsked = asked;
    if (!begins || this.#call) return;
    this.#tone = 'not-tried';
    while (this.#probing) await new Promise((resolve) => setTimeout(resolve, 100));
    if (this.#call) return;
    this.#probing = true;
    this.sending.look();
    this.#tone = await test();
    this.#probing = false;
    this.sending.look();
    this.#send();
  }

  /**
   * The bar over the page was made by the server; what it says must stay true.
   * @param {Show} show
   */
  #frame(show) {
    const clock = document.querySelector('[data-clock]');
    if (clock instanceof HTMLElement) clock.dataset.offsetS = String(show.clock_offset_s);
    if (show.exercise !== (clock !== null) && show.screen !== 'call') location.reload();
  }

  /**
   * @param {Identity} me
   * @param {Show} show
   * @param {string} visitId
   */
  #inCall(me, show, visitId) {
    if (this.#call?.visitId !== visitId) {
      this.#endCall();
      this.takeHome.clear();
      this.#call = new Call(me, visitId, {
        roster: () => this.#line?.roster ?? null,
        refused: (role, reason) => this.#line?.send({ type: 'refused', role, reason }),
        met: (talk) => {
          this.gate.meet(talk);
          this.takeHome.meet(talk);
        },
      });
      this.#call.enter().then(() => this.#report(true));
      this.sending.look();
    }
    this.#call.update(show);
    this.gate.update(show);
    showCalled(show.called);
  }

  #endCall() {
    if (!this.#call) return;
    this.#call.leave();
    this.#call = null;
    this.gate.end();
    showCalled(null);
    this.sending.look();
  }

  /** A pause begins or ends. @param {boolean} rests */
  #rest(rests) {
    this.#rests = rests;
    this.#call?.rest(rests);
    this.sending.look();
  }

  #camera() {
    if (this.#call) return this.#rests ? 'rests' : 'on';
    if (this.checkIn.slip.isOpen) return 'on';
    return this.#probing ? 'checking' : 'off';
  }

  /** Outside a talk: look for two seconds once a minute, never while somebody checks in or says goodbye. */
  async #probeIfDue() {
    const screen = document.body.dataset.screen;
    const due = performance.now() - this.#probed > PROBE_MS || this.#probed === 0;
    const alone = (screen === 'welcome' && !this.checkIn.busy) || screen === 'cleaning';
    if (this.#call || this.#probing || !due || !alone || this.practice.on) return;
    this.#probing = true;
    this.#probed = performance.now();
    this.sending.look();
    const stream = await open();
    this.#state = await examine(stream, { learn: true });
    stop(stream);
    this.#probing = false;
    this.sending.look();
    this.#send();
  }

  /** @param {boolean} [now] */
  async #report(now = false) {
    if (this.#call) this.#state = await this.#call.examine();
    else if (!now) await this.#probeIfDue();
    this.#send();
  }

  #send() {
    if (this.#probed || this.#call) this.#line?.send({ type: 'report', ...this.#state, tone: this.#tone });
  }
}

turnTo('starting');
new Kiosk().start();
