// @ts-check
/** What a colleague sees and hears of the devices, after the doctor has shown them; she chooses and asks for nothing. */
import { GuestValues, read } from './guest-values.js';
import { byId, say } from './words.js';

/** @typedef {import('/static/js/conversation.js').Conversation} Conversation */

/** Heart sounds are never stretched: so long they wait to be played. */
const HELD_MS = 150;

export class GuestDevices {
  /**
   * @param {Conversation} talk
   * @param {string} visitId
   * @param {() => void} blocked sound is not played before somebody touches the page
   */
  constructor(talk, visitId, blocked) {
    this.place = byId('devices', HTMLElement);
    this.audio = byId('stethoscope', HTMLAudioElement);
    this.values = new GuestValues(byId('values', HTMLElement), visitId);
    this.blocked = blocked;
    talk.on({
      onTrack: (_peer, event, { role }) => role === 'agent' && this.#track(event),
      onChannel: (_peer, channel, { role }) => role === 'agent' && this.#channel(channel),
      onSilence: (_peer, pulse, { role }) => role === 'agent' && pulse === 'lost' && this.#clear(),
      onParted: (_peer, { role }) => role === 'agent' && this.#clear(),
    });
  }

  /** @param {RTCTrackEvent} event */
  #track({ track, receiver }) {
    if (track.kind === 'video') return this.#show(track);
    this.audio.srcObject = new MediaStream([track]); // at once: a sink that comes later keeps its delay for ever
    receiver.jitterBufferTarget = HELD_MS;
    this.play();
  }

  play() {
    if (this.audio.srcObject) this.audio.play().catch(() => this.blocked());
  }

  /** @param {RTCDataChannel} channel */
  #channel(channel) {
    if (channel.label === 'vitals') channel.addEventListener('message', ({ data }) => this.values.hear(data));
    if (channel.label !== 'ctl') return;
    channel.addEventListener('message', ({ data }) => this.#told(data));
    channel.addEventListener('close', () => this.#clear()); // the doctor shows them no more
  }

  /** @param {unknown} data */
  #told(data) {
    const message = read(data);
    this.values.told(message);
    if (message?.type === 'allowed' && message.stream === 'stethoscope') {
      byId('stethoscope-on', HTMLElement).hidden = message.state !== 'yes';
    }
  }

  #clear() {
    this.place.replaceChildren();
    this.audio.srcObject = null;
    byId('stethoscope-on', HTMLElement).hidden = true;
    this.values.clear();
  }

  /** @param {MediaStreamTrack} track */
  #show(track) {
    const face = document.createElement('figure');
    const video = document.createElement('video');
    Object.assign(video, { autoplay: true, playsInline: true, muted: true, srcObject: new MediaStream([track]) });
    const words = document.createElement('figcaption');
    words.textContent = say('guest.js.device');
    face.append(video, words);
    face.hidden = true; // until something is sent: the second slot mostly rests
    video.addEventListener('resize', () => (face.hidden = video.videoWidth === 0));
    this.place.append(face);
  }
}
