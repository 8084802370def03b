// @ts-check
/** What a colleague sees of the devices, after the doctor has shown them: pictures only; she asks for nothing. */
import { say } from './words.js';

/** @typedef {import('/static/js/conversation.js').Conversation} Conversation */

export class GuestDevices {
  /** @param {Conversation} talk */
  constructor(talk) {
    this.place = /** @type {HTMLElement} */ (document.getElementById('devices'));
    const clear = () => this.place.replaceChildren();
    talk.on({
      onTrack: (_peer, { track }, { role }) => role === 'agent' && track.kind === 'video' && this.#show(track),
      onChannel: (_peer, channel, { role }) => {
        if (role !== 'agent' || channel.label !== 'ctl') return;
        channel.addEventListener('close', clear); // the doctor shows them no more
      },
      onSilence: (_peer, pulse, { role }) => role === 'agent' && pulse === 'lost' && clear(),
      onParted: (_peer, { role }) => role === 'agent' && clear(),
    });
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
