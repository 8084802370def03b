// @ts-check
/** The doctor's call: one signalling socket, a connection with everybody in the talk, one to the agent for devices. */
import { PoorLine } from '/static/js/poor-line.js';
import { Answers } from './answers.js';
import { Cameras } from './cameras.js';
import { remember } from './closing.js';
import { Devices } from './devices.js';
import { Ecg } from './ecg.js';
import { Emergency } from './emergency.js';
import { Ends, isPatientsEnd, state } from './ends.js';
import { Frozen } from './frozen.js';
import { Gate } from './gate.js';
import { Guests } from './guests.js';
import { Handover } from './handover.js';
import { Hearing } from './hearing.js';
import { Instruments } from './instruments.js';
import { Listener } from './listen.js';
import { Panel } from './panel.js';
import { Phono } from './phono.js';
import { Pleth } from './pleth.js';
import { ECG, PLETH, SOUND, Waves } from './wave.js';
import { RollCallPanel } from './rollcall.js';
import { Shortcuts } from './shortcuts.js';
import { Stage, ownMedia } from './stage.js';
import { GiveAlong } from './take-home.js';
import { Stills } from './stills.js';
import { ToRoom } from './to-room.js';
import { Vitals } from './vitals.js';
import { byId, say } from './words.js';

/** @typedef {import('/static/js/signalling.js').SignallingEvent} SignallingEvent */

const HOME = '/arzt';
/** So long the page waits at the farewell for values that did not come. */
const LAST_VALUES_MS = 4000;

class Call {
  #over = false;
  #leaving = false;
  /** At the farewell: what the room says it has sent. @type {string[] | null} */
  #sent = null;

  /** @param {string} visitId */
  constructor(visitId) {
    this.visitId = visitId;
    this.stage = new Stage();
    this.ends = new Ends(visitId, (event) => this.#heard(event), () => this.stage.clear());
    this.talk = this.ends.talk;
    this.hearing = new Hearing(this.talk);
    this.poor = new PoorLine(this.talk, byId('poor', HTMLElement), isPatientsEnd, (peerId, grade, level) => {
      this.hearing.line(peerId, grade, level);
      this.ends.looked(peerId);
    });
    this.talk.on({ onRemote: (_peer, stream, partner) => isPatientsEnd(partner) && this.stage.showPatient(stream) });
    this.guests = new Guests(this.talk, visitId, (share) => this.devices.say(share));
    if (document.getElementById('to-room-dialog')) new ToRoom(visitId);
    this.rollcall = new RollCallPanel(this.talk, () => this.devices.say({ type: 'introduced', on: true }));
    this.giveAlong = new GiveAlong(this.talk, visitId);
    this.gate = new Gate(this.talk, (said) => this.devices.say(said), (rests) => this.#rest(rests));
    this.emergency = new Emergency(this.talk, visitId, (said) => this.devices.say(said));
    this.answers = new Answers((said) => this.devices.say(said), (confirmed) => this.vitals.confirmed(confirmed));
    this.vitals = new Vitals(visitId, (vitalId, belongs) => this.answers.give(vitalId, belongs));
    this.handover = new Handover(this.vitals, visitId);
    this.frozen = new Frozen((picture) => this.handover.pictures.keep(picture));
    this.pleth = new Pleth();
    this.waves = new Waves();
    this.waves.on(PLETH, (piece) => this.pleth.hear(piece));
    this.ecg = new Ecg();
    this.waves.on(ECG, (piece) => this.ecg.hear(piece));
    this.listener = new Listener((message) => this.devices.say(message));
    this.phono = new Phono();
    this.waves.on(SOUND, (piece) => {
      this.listener.hear(piece);
      this.phono.hear(piece);
    });
    this.instruments = new Instruments((message) => this.devices.say(message));
    this.stills = new Stills((message) => this.devices.say(message), this.handover.pictures);
    this.cameras = new Cameras((message) => this.devices.say(message), (camera, name) => this.stills.take(camera, name));
    this.devices = new Devices(this.talk, this.#fromRoom());
  }

  /** What the page does with what comes from the room. @returns {import('./devices.js').Room} */
  #fromRoom() {
    return {
      onExam: (stream, slot) => this.stage.showExam(stream, slot),
      onBulk: (data) => this.stills.hear(data),
      onStill: (offer) => this.stills.offered(offer),
      onStillFailed: (failed) => this.stills.failed(failed),
      onStethoscope: (stream, receiver) => this.listener.attach(stream, receiver),
      onSources: (sources) => {
        this.instruments.offer(sources);
        this.cameras.offer(sources.cameras);
        this.stills.resume();
        this.listener.offer();
      },
      onPlace: (place) => this.emergency.place(place),
      onGate: (gate) => {
        this.rollcall.gate(gate.introduced);
        this.gate.is(gate);
        this.emergency.is(gate);
      },
      onAllowed: (allowed) => {
        this.gate.allowed(allowed);
        if (allowed.stream === 'stethoscope') this.listener.allowed(allowed.state);
        else if (allowed.state === 'no') this.cameras.refused(allowed.stream);
      },
      onProgress: (progress) => {
        this.instruments.progress(progress);
        this.ecg.progress(progress);
        this.vitals.held(progress.kind, progress.reason ?? '');
      },
      onDevice: (device) => this.instruments.device(device),
      onConfirmed: (confirmed) => this.answers.hear(confirmed),
      onClosing: (vitalIds) => this.#closing(vitalIds),
      onVital: (text) => this.vitals.hear(text),
      onWave: (data) => this.waves.hear(data),
      onLine: (line) => this.#line(line),
    };
  }

  /** Come in at once; camera and microphone follow when they are there. */
  async join() {
    if (this.ends.red.isShown) return;
    byId('before', HTMLElement).hidden = true;
    byId('call', HTMLElement).hidden = false;
    this.ends.enter();
    this.rollcall.open();
    const { stream, refused } = await ownMedia();
    if (this.#over || this.#leaving || this.ends.red.isShown) return stream?.getTracks().forEach((track) => track.stop());
    if (refused) notice(say(`desk.js.refused.${refused}`));
    this.stage.showOwn(stream);
    this.ends.send(stream);
  }

  /** A pause: our own sound and picture as well. @param {boolean} rests */
  #rest(rests) {
    this.stage.rest(rests);
    this.talk.sendingChanged();
  }

  /** @param {'none' | 'good' | 'slow' | 'lost'} line */
  #line(line) {
    if (this.#over) return;
    const moods = /** @type {const} */ ({ none: 'quiet', good: 'ok', slow: 'warn', lost: 'stop' });
    state('device-state', `desk.js.devices.${line}`, moods[line]);
    byId('again', HTMLElement).hidden = line !== 'lost';
    this.answers.is(line);
    if (line !== 'none') return;
    this.rollcall.gate(false); // an agent that begins anew has to be told
    this.instruments.away();
    this.listener.away();
  }

  /** The room's farewell; what did not come is asked for. @param {string[]} vitalIds */
  #closing(vitalIds) {
    this.#sent = vitalIds;
    const missing = this.vitals.missing(vitalIds);
    if (missing.length) this.devices.say({ type: 'resend', vital_ids: missing });
  }

  /** @param {SignallingEvent} event */
  #heard(event) {
    if (this.#over || this.#leaving) return;
    if (event.type === 'over') this.leave(false);
    if (event.type === 'closed' && event.final && !this.ends.red.isShown) this.leave(false);
  }

  /** Tear everything down; nothing measured or seen stays in this page. */
  end() {
    if (this.#over) return;
    this.#over = true;
    this.devices.close();
    this.guests.clear();
    this.giveAlong.close();
    this.ends.end();
    this.poor.close();
    this.stage.clear();
    this.instruments.clear();
    this.cameras.clear();
    this.gate.clear();
    this.emergency.clear();
    this.stills.clear();
    for (const each of [this.pleth, this.ecg, this.listener, this.phono, this.frozen, this.handover]) each.clear();
    this.vitals.clear();
    byId('visit', HTMLElement).replaceChildren();
  }

  /**
   * End here and go back to the day; back does not lead into the visit again. Pictures and sound end at once, the
   * values when all are here. What nobody saved is not thrown away by somebody else's end, or before it was seen.
   * @param {boolean} known the doctor was just told that unsaved values go
   */
  async leave(known) {
    if (this.#leaving) return;
    this.#leaving = true;
    this.ends.endTalk();
    this.stage.clear();
    const before = this.handover.unsaved;
    await this.#lastValues();
    if (this.handover.unsaved && !(known && before)) await saved();
    remember(this.handover.visitId, this.handover.summary);
    this.guests.forget();
    this.end();
    location.replace(HOME);
  }

  /** Until everything is here that the room has sent, or it does not answer. */
  async #lastValues() {
    const until = performance.now() + LAST_VALUES_MS;
    while (this.devices.here && performance.now() < until) {
      if (this.#sent && this.vitals.missing(this.#sent).length === 0) return;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}

/** @param {string} text */
function notice(text) {
  const box = byId('media-notice', HTMLElement);
  /** @type {HTMLElement} */ (box.querySelector('p')).textContent = text;
  box.hidden = false;
}

/** The visit is over, and there are values that were not saved: until the doctor has decided. */
function saved() {
  byId('end-dialog', HTMLDialogElement).close();
  const dialog = byId('left-dialog', HTMLDialogElement);
  dialog.addEventListener('cancel', (event) => event.preventDefault());
  dialog.showModal();
  return new Promise((done) => byId('left-go', HTMLButtonElement).addEventListener('click', done));
}

/**
 * Ending asks once, in the page.
 * @param {Call} call
 */
function prepareEnd(call) {
  const dialog = byId('end-dialog', HTMLDialogElement);
  const form = byId('end-form', HTMLFormElement);
  const failed = byId('end-failed', HTMLElement);
  const unsaved = byId('end-unsaved', HTMLElement);
  byId('end', HTMLButtonElement).addEventListener('click', () => {
    unsaved.hidden = !call.handover.unsaved; // asked while they are still here
    dialog.showModal();
  });
  byId('end-no', HTMLButtonElement).addEventListener('click', () => dialog.close());
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    failed.hidden = true;
    const ended = await tellTheCentre(form.action);
    if (ended) call.leave(true);
    else failed.hidden = false;
  });
}

/**
 * @param {string} url
 * @returns {Promise<boolean>} whether the visit is over now, by us or already before
 */
async function tellTheCentre(url) {
  try {
    const answer = await fetch(url, { method: 'POST', headers: { accept: 'application/json' }, redirect: 'manual' });
    return answer.type === 'opaqueredirect' || answer.status === 409;
  } catch {
    return false;
  }
}

const call = new Call(byId('visit', HTMLElement).dataset.visitId ?? '');
prepareEnd(call);
new Shortcuts();
new Panel();
addEventListener('pagehide', () => call.end());
call.ends.prepare();
if (new URLSearchParams(location.search).has('sofort')) {
  performance.mark('join-clicked', { startTime: 0 }); // the click was on the page before; it began this navigation
  call.join();
} else {
  const join = byId('join', HTMLButtonElement);
  join.addEventListener('click', () => {
    performance.mark('join-clicked');
    call.join();
  });
  join.disabled = false; // until here a press would have been lost
}
