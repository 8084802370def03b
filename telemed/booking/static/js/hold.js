// @ts-check
/**
 * Says how long the time is still held, and two minutes before its end offers more (WCAG 2.2.1). Without this script the
 * button is always there; with it more time comes without the page being sent, so that nothing typed can be lost.
 */
import { parsed } from "/static/js/markup.js";

const SOON_S = 120;
const words = /** @type {Record<string, string>} */ (JSON.parse(document.getElementById("words")?.textContent ?? "{}"));

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function part(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no ${id}`);
  return found;
}

/** Where she was before she asked for more time; there she goes on.
 * @type {HTMLElement | null} */
let wasOn = null;

/** When it ends, on this computer's own clock: it may be wrong, but it goes on while the computer sleeps. */
let ends = 0;

function begin() {
  ends = Date.now() + Number(part("held-more").dataset.leftS) * 1000;
  show();
}

function show() {
  const minutes = Math.ceil((ends - Date.now()) / 60_000);
  const isOver = minutes <= 0;
  const isSoon = ends - Date.now() <= SOON_S * 1000;
  const left = minutes === 1 ? words["booking.js.hold.minute"] : words["booking.js.hold.minutes"];
  write(part("held-left"), isOver ? "" : (left ?? "").replace("{n}", String(minutes)));
  part("held-until").hidden = isOver;
  part("held-until").classList.toggle("soon", isSoon);
  part("held-more").classList.toggle("soon", isSoon);
  part("held-more").classList.toggle("over", isOver);
  part("held-more").hidden = !isSoon;
  if (isSoon) warn(isOver);
}

/**
 * Said once when it begins, and once when the time is over: a voice that counts would drown the page.
 *
 * @param {boolean} isOver
 */
function warn(isOver) {
  const text = words[isOver ? "booking.js.hold.over" : "booking.js.hold.soon"] ?? "";
  if (isOver || button()) write(part("held-words"), text);
  write(part("held-said"), part("held-words").textContent ?? "");
}

/**
 * @param {HTMLElement} element
 * @param {string} text
 */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function button() {
  return part("held-more").querySelector("button");
}

/** @param {SubmitEvent} event */
async function more(event) {
  const pressed = event.submitter;
  if (!(pressed instanceof HTMLButtonElement) || pressed !== button()) return;
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const fields = new FormData(form);
  fields.set(pressed.name, pressed.value);
  const page = await sent(pressed.formAction, fields);
  if (!page) write(part("held-words"), words["booking.js.hold.failed"] ?? "");
  else if (page.getElementById("held-more")) takeOver(page);
  else leaveTo(form, pressed);
}

/**
 * @param {string} address
 * @param {FormData} fields
 * @returns {Promise<Document | null>} the answer, or nothing where none came
 */
async function sent(address, fields) {
  try {
    const body = new URLSearchParams(/** @type {[string, string][]} */ ([...fields]));
    const answer = await fetch(address, { method: "POST", body, headers: { accept: "text/html" } });
    return answer.status >= 500 ? null : parsed(await answer.text());
  } catch {
    return null;
  }
}

/** @param {Document} page */
function takeOver(page) {
  for (const id of ["held-until", "held-more"]) {
    const news = page.getElementById(id);
    if (news) part(id).replaceWith(news);
  }
  begin();
  write(part("held-said"), part("held-text").textContent ?? "");
  (wasOn ?? part("main")).focus({ preventScroll: true });
}

/**
 * The time is gone or booked: its page is another one.
 *
 * @param {HTMLFormElement} form
 * @param {HTMLButtonElement} pressed
 */
function leaveTo(form, pressed) {
  form.removeEventListener("submit", more);
  form.requestSubmit(pressed);
}

begin();
button()?.form?.addEventListener("submit", more);
button()?.form?.addEventListener("focusin", (event) => {
  if (event.target instanceof HTMLElement && event.target !== button()) wasOn = event.target;
});
setInterval(show, 1000);

export {};
