// @ts-check
/** The monitor's page: shows what its program streams, and says so itself when nothing comes any more. */

import { parsed, refill } from "/static/js/markup.js";
import { local, now } from "/static/js/clock.js";

const STILL_AFTER_MS = 6000;
const ASK_AFTER_MS = 120000;
const RETRY_MS = 3000;
const HIGHLIGHT_MS = 2000;
const SHIFT_MS = 300000;
const ALIVE_MS = 5000;
const PLACES = 4;

/** @param {string} id @returns {HTMLElement} */
function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found;
}

const board = element("board");
const still = element("still");
const stand = element("still-stand");
let heardMs = Date.now();
let heardTicks = performance.now();

/** @returns {number} how long nothing came; both clocks, since one may jump and the other may sleep */
function silentMs() {
  return Math.max(Date.now() - heardMs, performance.now() - heardTicks);
}

function heard() {
  heardMs = Date.now();
  heardTicks = performance.now();
  still.hidden = true;
}

/** @returns {string} the codes that are called */
function called() {
  const sign = board.firstElementChild;
  return sign instanceof HTMLElement ? (sign.dataset.called ?? "") : "";
}

/** @param {string} html */
function show(html) {
  const before = called();
  refill(board, parsed(html.trim()).body);
  if (called() && called() !== before) {
    const sign = board.firstElementChild;
    sign?.classList.add("just-called");
    setTimeout(() => sign?.classList.remove("just-called"), HIGHLIGHT_MS);
  }
}

function offsetS() {
  const clock = board.querySelector("[data-clock]");
  return clock instanceof HTMLElement ? Number(clock.dataset.offsetS ?? 0) : 0;
}

function look() {
  const ms = silentMs();
  if (ms > STILL_AFTER_MS && still.hidden) {
    stand.textContent = (stand.dataset.text ?? "").replace("{time}", local(now(offsetS(), heardMs)));
    still.hidden = false;
  }
  if (ms > ASK_AFTER_MS && !board.querySelector(".sign-ask")) ask();
}

/** Nothing that was shown may be trusted any more. */
function ask() {
  const template = element("ask");
  if (!(template instanceof HTMLTemplateElement)) return;
  const title = document.createElement("h1");
  title.className = "title";
  title.textContent = document.title;
  const sign = document.createElement("div");
  sign.className = "sign sign-ask";
  sign.append(title, template.content.cloneNode(true));
  board.replaceChildren(sign);
}

/** A program that was started anew may have a new page. @param {string} boot */
function reloadIfRestarted(boot) {
  if (boot !== document.body.dataset.boot) location.reload();
}

function listen() {
  const stream = new EventSource("/stream");
  stream.addEventListener("screen", (event) => {
    const { boot, html } = JSON.parse(event.data);
    heard();
    reloadIfRestarted(boot);
    show(html);
  });
  stream.addEventListener("beat", (event) => {
    heard();
    reloadIfRestarted(JSON.parse(event.data).boot);
  });
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, RETRY_MS);
  });
}

/** Against burn-in: the picture stands a little elsewhere each five minutes (sign.css). */
function shift() {
  document.body.dataset.shift = String((Number(document.body.dataset.shift) + 1) % PLACES);
}

/** Whoever started the browser is told that a picture was really painted; a black or frozen page tells nothing. */
function alive() {
  requestAnimationFrame(() => fetch("/alive", { method: "POST" }).catch(() => {}));
}

listen();
setInterval(look, 500);
setInterval(shift, SHIFT_MS);
setInterval(alive, ALIVE_MS);
alive();
