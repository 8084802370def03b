/** Lets the talk follow its line: looks once a second what comes from each end, and asks it for what the line carries. */

import { Steps, beginning, between, counted, grade, level, limits, smaller } from './adapt.js';

/** @typedef {import('./adapt.js').Counted} Counted */
/** @typedef {import('./adapt.js').Grade} Grade */
/** @typedef {import('./adapt.js').Picture} Picture */
/** @typedef {import('./conversation.js').Conversation} Conversation */
/** @typedef {import('./talk.js').Talk} Talk */

/**
 * @typedef {object} Hooks
 * @property {(peerId: string, grade: Grade, level: number) => void} [onLine] how it comes from this end, and how loud
 * @property {(peerId: string, asks: boolean) => void} [onAsk] people are to say how to go on; or need not any more
 */

const LOOK_MS = 1000;
/** So often while nothing comes: whoever is back must not wait for a picture. */
const LISTEN_MS = 100;
/** So many looks after an outage the picture is as large again as the line allows. */
const CALM_LOOKS = 2;
/** From so many ends on, ourselves with them, everybody sends small pictures. */
const CROWD = 3;

/** One other end. */
class Way {
  steps = new Steps();
  /** What it wants of us. @type {Picture} */
  wants = 'full';
  /** @type {Counted | null} */
  counted = null;
  /** @type {RTCPeerConnection | undefined} */
  connection = undefined;
  /** @type {Picture} */
  told = 'full';
  asked = false;
  silent = false;
  /** Looks whether something comes again, while nothing does. */
  listening = 0;
  /** Looks since something came again; a line that was not gone is calm. */
  calm = CALM_LOOKS;
}

export class Adaptation {
  /** @type {Map<string, Way>} */
  #ways = new Map();
  #timer = 0;

  /**
   * @param {Conversation} conversation
   * @param {Hooks} [hooks]
   */
  constructor(conversation, hooks = {}) {
    this.conversation = conversation;
    this.hooks = hooks;
    this.#timer = window.setInterval(() => this.look(), LOOK_MS);
  }

  /** What was said on the channel "talk". @param {string} peerId @param {Talk} message */
  hear(peerId, message) {
    if (message.type !== 'want') return;
    this.#way(peerId).wants = message.picture;
    this.#send(peerId);
  }

  /** People chose how to go on with an end. @param {string} peerId @param {Picture} picture */
  choose(peerId, picture) {
    const way = this.#way(peerId);
    way.steps.answer(picture);
    this.#tell(peerId, way);
    this.#send(peerId);
  }

  /** @param {string} peerId */
  #way(peerId) {
    const way = this.#ways.get(peerId) ?? new Way();
    this.#ways.set(peerId, way);
    return way;
  }

  /** Once a second, by itself. */
  async look() {
    const here = this.conversation.partners.filter(({ role }) => role !== 'agent').map(({ peer_id }) => peer_id);
    for (const gone of [...this.#ways.keys()].filter((each) => !here.includes(each))) this.#ways.delete(gone);
    await Promise.all(here.map((peerId) => this.#look(peerId)));
  }

  /** @param {string} peerId */
  async #look(peerId) {
    const way = this.#way(peerId);
    const connection = this.conversation.connection(peerId);
    if (!connection || connection.connectionState !== 'connected') {
      way.silent = true;
      if (connection && connection === way.connection) way.calm = 0; // one that was good before
      way.steps.nothing(performance.now());
      this.#send(peerId);
      return;
    }
    const found = counted(await connection.getStats());
    const before = connection === way.connection ? way.counted : null;
    if (!before) way.told = 'full'; // a fresh connection has not heard yet what we want
    Object.assign(way, { counted: found, connection });
    const silent = before?.packets === found.packets; // the line is gone, or nobody sends: that says nothing of its width
    const heard = before && !silent && !way.silent && grade(between(before, found, this.conversation.roundTripMs(peerId)));
    if (silent && !way.listening) this.#listen(peerId, way, connection, found.packets);
    way.silent = silent;
    way.calm = silent ? 0 : way.calm + 1;
    if (heard) way.steps.look(heard, performance.now());
    else way.steps.nothing(performance.now());
    this.#tell(peerId, way);
    this.#send(peerId);
    if (heard) this.hooks.onLine?.(peerId, heard, level(before, found));
    if (way.asked !== way.steps.asks) this.hooks.onAsk?.(peerId, (way.asked = way.steps.asks));
  }

  /**
   * Nothing comes. When it does again the other end gets a whole picture at once: it would first ask for all that it
   * missed, one packet after the other, and for a whole picture only then.
   * @param {string} peerId
   * @param {Way} way
   * @param {RTCPeerConnection} connection
   * @param {number} packets
   */
  #listen(peerId, way, connection, packets) {
    way.listening = window.setInterval(async () => {
      const isOver = way !== this.#ways.get(peerId) || connection !== this.conversation.connection(peerId);
      if (!isOver && counted(await connection.getStats()).packets === packets) return;
      if (way.listening && !isOver) this.#send(peerId, true);
      clearInterval(way.listening);
      way.listening = 0;
    }, LISTEN_MS);
  }

  /** @param {string} peerId @param {Way} way */
  #tell(peerId, way) {
    const picture = way.steps.want;
    if (picture !== way.told && this.conversation.send({ type: 'want', picture }, peerId)) way.told = picture;
  }

  /**
   * What we send to an end: what it wants, no more than a crowd allows, and nothing when people chose so here.
   * @param {string} peerId
   * @param {boolean} [whole] the next picture must stand alone
   */
  async #send(peerId, whole = false) {
    const connection = this.conversation.connection(peerId);
    const talkers = this.conversation.partners.filter(({ role }) => role !== 'agent').length + 1;
    const way = this.#way(peerId);
    const picture = smaller(smaller(way.wants, way.steps.chosen), talkers >= CROWD ? 'small' : 'full');
    for (const sender of connection?.getSenders() ?? []) {
      if (sender.track?.kind === 'audio') await first(sender);
      if (sender.track?.kind === 'video') await fit(sender, picture, way.calm < CALM_LOOKS, whole);
    }
  }

  close() {
    clearInterval(this.#timer);
    this.#ways.clear();
  }
}

/** Speech goes before everything else. @param {RTCRtpSender} sender */
async function first(sender) {
  const set = sender.getParameters();
  const [encoding] = set.encodings ?? [];
  if (!encoding || encoding.networkPriority === 'high') return;
  Object.assign(encoding, { priority: 'high', networkPriority: 'high' });
  await sender.setParameters(set).catch((error) => console.warn('adaptation', error.name));
}

/**
 * @param {RTCRtpSender} sender
 * @param {Picture} picture
 * @param {boolean} isGone nothing came just now
 * @param {boolean} whole the next picture must stand alone (WebRTC Extensions, RTCEncodingOptions.keyFrame)
 */
async function fit(sender, picture, isGone, whole) {
  const set = sender.getParameters();
  const [encoding] = set.encodings ?? [];
  const { width = 1280, height = 720 } = sender.track?.getSettings() ?? {};
  const wanted = isGone && picture !== 'off' ? beginning(width, height) : limits(picture, width, height);
  if (!encoding || (!whole && Object.entries(wanted).every(([name, value]) => Object(encoding)[name] === value))) return;
  Object.assign(encoding, wanted);
  const how = /** @type {any} */ ({ encodingOptions: [{ keyFrame: whole }] });
  await sender.setParameters(set, how).catch((error) => console.warn('adaptation', error.name));
}
