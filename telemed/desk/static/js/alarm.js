// @ts-check
/**
 * The assistant's alarm, on all her pages: asks every 2 s what is to be mended, shows it without a reload, and sounds
 * until she says that she has heard it. What comes new sounds anew.
 */

const EVERY_MS = 2000;
const SOUND_EVERY_MS = 4000;
const HUSHED = 'telemed-hushed-alarms';
/** Two tones, as a doorbell: Hz, and when each begins, in seconds. */
const TONES = [
  [880, 0],
  [660, 0.35],
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
  return ids().filter((id) => !hushed.has(id));
}

function ids() {
  return [...place().querySelectorAll('[data-alarm]')].map((each) => each.getAttribute('data-alarm') ?? '');
}

function sound() {
  const sounds = unheard().length > 0;
  const section = place().querySelector('section');
  section?.setAttribute('data-sounding', String(sounds && context.state === 'running'));
  const hush = place().querySelector('[data-hush]');
  if (hush instanceof HTMLElement) hush.hidden = !sounds;
  document.title = ids().length > 0 ? `(${ids().length}) ${title}` : title;
  if (!sounds) return;
  for (const [hz, after] of TONES) tone(Number(hz), context.currentTime + Number(after));
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

async function look() {
  const answer = await fetch(place().dataset.alarms ?? '', { headers: { accept: 'text/html' } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const fresh = page.querySelector('[data-alarms]');
  if (!(fresh instanceof HTMLElement)) return;
  if (ids().join() === [...fresh.querySelectorAll('[data-alarm]')].map((each) => each.getAttribute('data-alarm')).join())
    return;
  place().replaceWith(fresh);
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
