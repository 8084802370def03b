// @ts-check
/**
 * Does everything go at home? Camera, microphone and loudspeaker are tried one by one; each result is a sentence that
 * says what to do. Nothing leaves the page, and nothing must be passed to go on.
 */
import { Ear, bar, loudness, playNotes } from '/static/js/voice.js';
import { ownMedia } from './stage.js';
import { byId, say } from './words.js';

/** @typedef {'camera' | 'microphone' | 'speaker'} Part */

const LISTEN_MS = 6000;
const LOOK_MS = 100;
/** Of 255: below this a face is not seen. */
const DARK_LUMA = 30;
const SMALL = { width: 32, height: 18 };

/** @type {Record<Part, string>} */
const found = { camera: '', microphone: '', speaker: '' };
/** @type {MediaStream | null} */
let stream = null;
/** @type {AudioContext | null} */
let audio = null;
let timer = 0;

function context() {
  audio ??= new AudioContext();
  return audio;
}

/** @param {Part} part @param {string} state */
function is(part, state) {
  if (found[part] === state) return;
  found[part] = state;
  const place = /** @type {HTMLElement} */ (document.querySelector(`[data-part="${part}"]`));
  place.dataset.is = state;
  /** @type {HTMLElement} */ (place.querySelector('[data-result]')).textContent = say(`try.js.${part}.${state}`);
  const states = Object.values(found);
  const all = byId('all', HTMLElement);
  all.hidden = states.some((each) => each === '' || each === 'wait');
  const good = states.every((each) => each === 'ok');
  all.className = good ? 'notice notice-ok' : 'notice notice-info';
  /** @type {HTMLElement} */ (all.querySelector('span')).textContent = all.hidden ? '' : say(good ? 'try.js.all.ok' : 'try.js.all.not');
}

async function open() {
  end();
  ({ stream } = await ownMedia());
  const mirror = byId('mirror', HTMLVideoElement);
  mirror.srcObject = stream;
  mirror.hidden = !stream?.getVideoTracks().length;
  if (mirror.hidden) is('camera', 'none');
  if (!stream?.getAudioTracks().length) is('microphone', 'none');
  if (stream) look(stream, mirror);
}

/** @param {MediaStream} heard @param {HTMLVideoElement} mirror */
function look(heard, mirror) {
  const samples = heard.getAudioTracks().length ? listener(heard) : null;
  const ear = new Ear(LISTEN_MS);
  const canvas = Object.assign(document.createElement('canvas'), SMALL);
  if (samples) is('microphone', 'wait');
  timer = window.setInterval(() => {
    if (!mirror.hidden && mirror.videoWidth > 0) is('camera', luma(mirror, canvas) < DARK_LUMA ? 'dark' : 'ok');
    if (!samples) return;
    const level = loudness(samples());
    byId('level', HTMLMeterElement).value = bar(level);
    const hearing = ear.hear(level, performance.now());
    if (hearing) is('microphone', hearing === 'good' ? 'ok' : hearing);
  }, LOOK_MS);
}

/** @param {MediaStream} heard @returns {() => Float32Array} what is heard at the moment */
function listener(heard) {
  const analyser = new AnalyserNode(context(), { fftSize: 2048 });
  context().createMediaStreamSource(heard).connect(analyser);
  context().resume();
  const samples = new Float32Array(analyser.fftSize);
  byId('level', HTMLElement).hidden = false;
  return () => {
    analyser.getFloatTimeDomainData(samples);
    return samples;
  };
}

/** How bright the picture is on the whole, 0 to 255. @param {HTMLVideoElement} mirror @param {HTMLCanvasElement} canvas */
function luma(mirror, canvas) {
  const drawing = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { willReadFrequently: true }));
  drawing.drawImage(mirror, 0, 0, SMALL.width, SMALL.height);
  const { data } = drawing.getImageData(0, 0, SMALL.width, SMALL.height);
  let sum = 0;
  for (let at = 0; at < data.length; at += 4) sum += 0.3 * Number(data[at]) + 0.6 * Number(data[at + 1]) + 0.1 * Number(data[at + 2]);
  return sum / (SMALL.width * SMALL.height);
}

function end() {
  clearInterval(timer);
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
}

byId('tryout', HTMLElement).hidden = false;
byId('try', HTMLButtonElement).addEventListener('click', () => open());
byId('tone', HTMLButtonElement).addEventListener('click', () => {
  byId('heard', HTMLElement).hidden = false;
  playNotes(context()).catch(() => is('speaker', 'none'));
});
for (const button of document.querySelectorAll('[data-heard]')) {
  button.addEventListener('click', () => is('speaker', button.getAttribute('data-heard') === 'yes' ? 'ok' : 'none'));
}
addEventListener('pagehide', end);
