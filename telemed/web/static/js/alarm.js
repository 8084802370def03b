// @ts-check
/**
 * The assistant's alarm, on all her pages: asks every second who calls for help and what is to be mended, shows it
 * without a reload, and sounds until she says that she has heard it. What comes new sounds anew. A call for help cannot
 * be hushed: it sounds until somebody says that he comes.
 */
import { parsed } from './markup.js';

const EVERY_MS = 1000;
const SOUND_EVERY_MS = 2000;
/** Of what is only to be mended each second sound is left out. */
const CALM = 2;
const HUSHED = 'telemed-hushed-alarms';
/** Two tones, as a doorbell: Hz, and when each begins, in seconds. */
const TONES = [
  [880, 0],
  [660, 0.35],
];
const EMERGENCY_TONES = [
  [988, 0],
  [740, 0.35],
  [988, 0.7],
  [740, 1.05],
];
const TONE_S = 0.3;
const LOUDNESS = 0.5;

const title = document.title;
const context = new AudioContext();
/** @type {Set<string>} */
const hushed = new Set(JSON.parse(sessionStorage.getItem(HUSHED) ?? '[]'));

/** @returns {HTMLElement} */
const place = () => /** @type {HTMLElement} */ (document.querySelector('[data-alarms]'));

/** What is to be mended and was not yet heard. */
function unheard() {
  return ids('[data-alarm]:not([data-emergency])').filter((id) => !hushed.has(id));
}

/** @param {string} [which] */
function ids(which = '[data-alarm]') {
  return [...place().querySelectorAll(which)].map((each) => each.getAttribute('data-alarm') ?? '');
}

let turn = 0;

function sound() {
  const sounds = unheard().length > 0;
  const emergency = ids('[data-emergency]').length > 0;
  for (const section of place().querySelectorAll('section')) {
    const loud = section.classList.contains('emergencies') || sounds;
    section.setAttribute('data-sounding', String(loud && context.state === 'running'));
  }
  const hush = place().querySelector('[data-hush]');
  if (hush instanceof HTMLElement) hush.hidden = !sounds;
  document.title = ids().length > 0 ? `(${ids().length}) ${title}` : title;
  turn += 1;
  if (!emergency && (!sounds || turn % CALM === 0)) return;
  for (const [hz, after] of emergency ? EMERGENCY_TONES : TONES) tone(Number(hz), context.currentTime + Number(after));
  if ('vibrate' in navigator && navigator.userActivation.hasBeenActive) navigator.vibrate([300, 100, 300]);
}

/**
 * @param {number} hz
 * @param {number} at
 */
function tone(hz, at) {
  const gain = new GainNode(context, { gain: LOUDNESS });
  const source = new OscillatorNode(context, { frequency: hz, type: 'triangle' });
  source.connect(gain).connect(context.destination);
  source.start(at);
  source.stop(at + TONE_S);
}

/** What is shown, also what no more sounds: somebody is on the way. @param {HTMLElement} where */
function shape(where) {
  const shown = [...where.querySelectorAll('[data-alarm], [data-listed]')];
  return shown.map((each) => each.getAttribute('data-alarm') ?? each.getAttribute('data-listed')).join();
}

async function look() {
  const answer = await fetch(place().dataset.alarms ?? '', { headers: { accept: 'text/html' } });
  if (!answer.ok) return;
  const page = parsed(await answer.text());
  const fresh = page.querySelector('[data-alarms]');
  if (!(fresh instanceof HTMLElement)) return;
  if (shape(place()) === shape(fresh)) return;
  place().replaceWith(fresh);
  turn = 0;
  sound();
}

async function round() {
  try {
    await look();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // no network: the page says so itself
  } finally {
    setTimeout(round, EVERY_MS);
  }
}

document.addEventListener('click', (event) => {
  if (!(event.target instanceof Element) || !event.target.closest('[data-hush]')) return;
  ids().forEach((id) => hushed.add(id));
  sessionStorage.setItem(HUSHED, JSON.stringify([...hushed].slice(-100)));
  sound();
});
// a browser lets nothing sound before somebody has touched the page
for (const touch of ['pointerdown', 'keydown']) document.addEventListener(touch, () => context.resume());

sound();
setInterval(sound, SOUND_EVERY_MS);
setTimeout(round, EVERY_MS);
