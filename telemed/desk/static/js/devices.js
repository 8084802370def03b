// @ts-check
/** The agent's connection: exam pictures, stethoscope, and four channels (schemas/measurement.py). It only answers. */

/** @typedef {import('/static/js/conversation.js').Conversation} Conversation */
/** @typedef {{camera: string, name_key: string, simulated: boolean}} Camera */
/** @typedef {{type: 'sources', cameras: Camera[], kinds: string[], simulated: boolean, tracks?: Record<string, string>}} Sources */
/** @typedef {{type: 'progress', kind: string, state: string, reason: string, cuff_mmhg?: number | null}} Progress */
/** @typedef {{type: 'device', kind: string, device_id: string, name: string, state: string, reason: string}} DeviceIs */
/** @typedef {{type: 'confirmed', vital_id: string, belongs: boolean, by: string, at: string}} Confirmed */

/**
 * @typedef {object} Room what the page does with what comes from the room; *data* handlers say whether it was in order
 * @property {(stream: MediaStream, slot: number) => void} onExam
 * @property {(stream: MediaStream, receiver: RTCRtpReceiver) => void} onStethoscope
 * @property {(sources: Sources) => void} onSources
 * @property {(progress: Progress) => void} onProgress
 * @property {(device: DeviceIs) => void} onDevice
 * @property {(confirmed: Confirmed) => void} onConfirmed
 * @property {(vitalIds: string[]) => void} onClosing
 * @property {(text: string) => boolean} onVital
 * @property {(data: ArrayBuffer) => boolean} onWave
 * @property {(data: ArrayBuffer) => boolean} onBulk
 * @property {(offer: import('./stills.js').StillOffered) => boolean} onStill
 * @property {(failed: {still_id: string, reason: string}) => void} onStillFailed
 * @property {(place: import('./emergency.js').Place) => void} onPlace
 * @property {(gate: import('./gate.js').GateIs) => void} onGate
 * @property {(allowed: import('./gate.js').Allowed) => void} onAllowed
 * @property {(state: 'none' | 'good' | 'slow' | 'lost') => void} onLine
 */

const CTL_LIMIT = 16 * 1024;
const VITAL_LIMIT = 64 * 1024;

export class Devices {
  /** @type {RTCDataChannel | null} */
  #ctl = null;
  #peerId = '';
  /** The exam pictures of this connection, by mid, in their order. @type {Map<string, MediaStream>} */
  #pictures = new Map();

  /** @type {import('/static/js/heartbeat.js').Pulse} */
  #pulse = 'none';

  /**
   * @param {Conversation} talk everybody in the visit; the agent is one of them
   * @param {Room} room
   */
  constructor(talk, room) {
    this.talk = talk;
    this.room = room;
    talk.on({
      onTrack: (_peer, event, { role }) => role === 'agent' && this.#track(event),
      onChannel: (peerId, channel, { role }) => role === 'agent' && this.#channel(peerId, channel),
      onSilence: (peerId, pulse, { role }) => role === 'agent' && this.#heardOf(peerId, pulse),
      onParted: (peerId) => this.#gone(peerId),
    });
  }

  get roundTripMs() {
    return this.talk.roundTripMs(this.#peerId);
  }

  /** @param {{type: 'ask' | 'stop', kind: string} | {type: 'select-camera', camera: string, slot: number} | {type: 'lock-camera', camera: string, on: boolean} | {type: 'take-still', still_id: string, camera: string} | {type: 'still-ack' | 'still-resume', still_id: string, part: 'preview' | 'full', offset: number} | {type: 'listen', on: boolean} | {type: 'confirm', vital_id: string, belongs: boolean} | {type: 'resend', vital_ids: string[]} | {type: 'share', peer_id: string, key: string, on: boolean} | {type: 'leave'} | import('./gate.js').AboutGate} message */
  say(message) {
    if (this.#ctl?.readyState === 'open') this.#ctl.send(JSON.stringify(message));
  }

  /** @param {RTCTrackEvent} event */
  #track({ track, receiver, transceiver }) {
    const stream = new MediaStream([track]);
    if (track.kind !== 'video') return this.room.onStethoscope(stream, receiver);
    this.#pictures.set(transceiver.mid ?? '', stream);
    this.room.onExam(stream, [...this.#pictures.keys()].indexOf(transceiver.mid ?? ''));
  }

  /** The room says which picture is which. @param {Sources} sources */
  #sources({ tracks = {}, ...sources }) {
    for (const [mid, stream] of this.#pictures) {
      const slot = ['exam-0', 'exam-1'].indexOf(tracks[mid] ?? '');
      if (slot >= 0) this.room.onExam(stream, slot);
    }
    this.room.onSources(sources);
    return true;
  }

  /**
   * @param {string} peerId
   * @param {RTCDataChannel} channel
   */
  #channel(peerId, channel) {
    channel.binaryType = 'arraybuffer';
    if (channel.label === 'ctl') this.#adopt(peerId, channel);
    channel.addEventListener('message', ({ data }) => {
      if (!this.#heard(channel.label, data)) this.#refuse(channel);
    });
  }

  /**
   * @param {string} peerId
   * @param {RTCDataChannel} channel
   */
  #adopt(peerId, channel) {
    this.#ctl = channel;
    this.#peerId = peerId;
  }

  /**
   * @param {string} label
   * @param {unknown} data
   * @returns {boolean} whether it keeps the contract
   */
  #heard(label, data) {
    if (label === 'wave') return data instanceof ArrayBuffer && this.room.onWave(data);
    if (label === 'bulk') return data instanceof ArrayBuffer && this.room.onBulk(data);
    if (typeof data !== 'string') return false;
    if (label === 'vitals') return data.length <= VITAL_LIMIT && this.room.onVital(data);
    return label !== 'ctl' || (data.length <= CTL_LIMIT && this.#control(data));
  }

  /** @param {string} text */
  #control(text) {
    /** @type {any} */
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return false;
    }
    switch (message?.type) {
      case 'sources':
        return isSources(message) && this.#sources(message);
      case 'place':
        return isPlace(message) && (this.room.onPlace(message), true);
      case 'gate':
        return isGate(message) && (this.room.onGate(message), true);
      case 'allowed':
        return areTexts([message.stream, message.state, message.by ?? '']) && (this.room.onAllowed(message), true);
      case 'progress':
        return isProgress(message) && (this.room.onProgress(message), true);
      case 'device':
        return isDevice(message) && (this.room.onDevice(message), true);
      case 'confirmed':
        return isConfirmed(message) && (this.room.onConfirmed(message), true);
      case 'closing':
        return areTexts(message.vital_ids) && (this.room.onClosing(message.vital_ids), true);
      case 'still-offered':
        return isStillOffered(message) && this.room.onStill(message);
      case 'still-failed':
        return areTexts([message.still_id, message.reason]) && (this.room.onStillFailed(message), true);
      default:
        return typeof message?.type === 'string'; // of a newer room: skipped
    }
  }

  /** @param {string} peerId @param {import('/static/js/heartbeat.js').Pulse} pulse */
  #heardOf(peerId, pulse) {
    if (peerId !== this.#peerId) return;
    this.#pulse = pulse;
    this.room.onLine(pulse);
  }

  /** A peer that breaks the contract is disconnected. @param {RTCDataChannel} channel */
  #refuse(channel) {
    console.warn('devices: contract broken on', channel.label);
    this.talk.part(this.#peerId);
    this.room.onLine('lost');
  }

  /** @param {string} peerId */
  #gone(peerId) {
    if (peerId !== this.#peerId) return;
    this.#ctl = null;
    this.#pulse = 'none';
    this.#peerId = '';
    this.room.onLine('none');
  }

  /** Whether the room can be asked something. */
  get here() {
    return this.#ctl?.readyState === 'open' && this.#pulse !== 'lost';
  }

  /** End for good. */
  close() {
    this.say({ type: 'leave' });
    this.#ctl = null;
  }
}

/**
 * @param {any} message
 * @returns {message is import('./emergency.js').Place}
 */
function isPlace(message) {
  const { room_name: name, address, floor, phone } = message;
  return areTexts([name, address, floor, phone]);
}

/**
 * @param {any} message
 * @returns {message is import('./gate.js').GateIs}
 */
function isGate(message) {
  const { introduced, paused = '', emergency = '', helped = false } = message;
  return areTexts([paused, emergency]) && typeof introduced === 'boolean' && typeof helped === 'boolean';
}

/**
 * @param {any} message
 * @returns {message is Sources}
 */
function isSources(message) {
  const { cameras, kinds, simulated, tracks = {} } = message;
  return (
    areTexts(Object.values(tracks ?? [0])) &&
    typeof simulated === 'boolean' &&
    Array.isArray(kinds) &&
    kinds.every((/** @type {unknown} */ kind) => typeof kind === 'string') &&
    Array.isArray(cameras) &&
    cameras.every((/** @type {any} */ each) => typeof each?.camera === 'string' && typeof each.name_key === 'string')
  );
}

/**
 * @param {any} message
 * @returns {message is DeviceIs}
 */
function isDevice(message) {
  const { kind, device_id: id, name, state, reason } = message;
  return areTexts([kind, id, name, state, reason ?? '']);
}

/**
 * @param {any} message
 * @returns {message is Confirmed}
 */
export function isConfirmed(message) {
  const { vital_id: id, belongs, by, at } = message;
  return areTexts([id, by, at]) && typeof belongs === 'boolean';
}

/** @param {unknown} all */
function areTexts(all) {
  return Array.isArray(all) && all.every((each) => typeof each === 'string');
}

/**
 * @param {any} message
 * @returns {message is Progress}
 */
function isProgress(message) {
  const { kind, state, reason = '', cuff_mmhg: mmhg = null } = message;
  return areTexts([kind, state, reason]) && (mmhg === null || Number.isInteger(mmhg));
}

/**
 * @param {any} message
 * @returns {message is import('./stills.js').StillOffered}
 */
function isStillOffered(message) {
  const { still_id: id, part, number, camera, simulated, sha256, size, mime, taken_at: at, settings = {} } = message;
  return (
    areTexts([id, camera, sha256, at, ...Object.values(settings ?? [0])]) &&
    ['preview', 'full'].includes(part) &&
    ['image/jpeg', 'image/png'].includes(mime) &&
    typeof simulated === 'boolean' &&
    Number.isInteger(number) &&
    Number.isInteger(size) &&
    size > 0
  );
}
