// @ts-check
/**
 * Keeps the own appointment fresh without a reload, so that only what changed is read out. The centre tells what
 * changed as soon as it does, and every few seconds that all is still true; where no stream comes through, we ask.
 * What is older than 15 s is marked, and after 120 s no start is shown any more.
 */
import { withTokens } from '/static/js/form_token.js';
import { parsed, refill } from '/static/js/markup.js';

const MARKED_MS = 15_000;
const LOST_MS = 120_000;
const ASK_MS = 20_000;
const STREAM = '/mein-termin/strom';
/** A time of day in the words of any language: "9:20 Uhr", "saat 9:20". */
const CLOCK = /\d{1,2}:\d\d/;

const own = /** @type {HTMLElement} */ (document.getElementById('own'));
let heard = performance.now();

/** @param {string} [at] the centre's time, as it is shown */
function stillTrue(at) {
  heard = performance.now();
  const time = document.getElementById('as-of');
  if (time && at) time.textContent = (time.textContent ?? '').replace(CLOCK, at);
  age();
}

/** Show how old everything is. */
function age() {
  const old = performance.now() - heard;
  own.classList.toggle('lost', old > LOST_MS);
  for (const part of own.querySelectorAll('[data-estimate]')) part.toggleAttribute('hidden', old > LOST_MS);
  const marked = document.getElementById('stale');
  const lost = document.getElementById('lost');
  if (marked) marked.hidden = old <= MARKED_MS || old > LOST_MS;
  if (lost) lost.hidden = old <= LOST_MS;
}

/** @param {Element} fresh what is shown from now on, part by part, so that nothing is read out twice */
function takeOver(fresh) {
  [...own.children].forEach((part, place) => {
    const news = fresh.children[place];
    if (news && part.innerHTML !== news.innerHTML) {
      refill(part, news);
      part.className = news.className;
    }
  });
  age();
}

/** @param {Event} told */
function told(told) {
  const { shape, html } = JSON.parse(/** @type {MessageEvent} */ (told).data);
  takeOver(withTokens(parsed(html).body));
  stillTrue();
  if (shape !== own.dataset.shape) ask();
}

/**
 * Other things can be done now than before.
 *
 * @param {Document} page
 * @param {HTMLElement} fresh
 */
function renew(page, fresh) {
  const around = page.querySelectorAll('[data-around]');
  document.querySelectorAll('[data-around]').forEach((part, place) => {
    refill(part, around[place]);
  });
  own.dataset.shape = fresh.dataset.shape;
}

/** Ask for the page again. */
async function ask() {
  try {
    const answer = await fetch('/mein-termin', { headers: { accept: 'text/html' } });
    if (answer.status >= 500) return;
    const page = parsed(await answer.text());
    const fresh = page.getElementById('own');
    if (!fresh?.dataset.shape) location.reload();
    else takeOver(fresh);
    if (fresh && fresh.dataset.shape !== own.dataset.shape) renew(page, fresh);
    stillTrue(page.getElementById('as-of')?.textContent?.match(CLOCK)?.[0]);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // no network: the page says how old it is
  }
}

function listen() {
  const stream = new EventSource(STREAM);
  stream.addEventListener('own', told);
  stream.addEventListener('beat', (beat) => stillTrue(JSON.parse(beat.data).at));
  stream.addEventListener('gone', () => location.reload());
  setInterval(() => {
    if (stream.readyState !== EventSource.OPEN) ask();
  }, ASK_MS);
}

listen();
addEventListener('online', ask); // the stream tries again in its own time
setInterval(age, 1000);
