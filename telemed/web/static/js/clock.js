// @ts-check
/** The wall clock of the quarter, on the exercise clock: real time plus the offset that the page was given. */

const ZONE = "Europe/Berlin";
const format = new Intl.DateTimeFormat("de-DE", { timeZone: ZONE, hour: "2-digit", minute: "2-digit" });

/**
 * @param {number} offsetS seconds that the exercise clock adds to real time
 * @param {number} [realMs] real time in milliseconds
 * @returns {Date}
 */
export function now(offsetS, realMs = Date.now()) {
  return new Date(realMs + offsetS * 1000);
}

/**
 * @param {Date} moment
 * @returns {string} HH:MM
 */
export function local(moment) {
  return format.format(moment);
}

/** @param {HTMLElement} element carries data-offset-s, which may change at any time */
export function show(element) {
  const moment = now(Number(element.dataset.offsetS ?? 0));
  const text = local(moment);
  if (element.textContent !== text) {
    element.textContent = text;
    element.setAttribute("datetime", text);
  }
}

/** Show every clock of the page now and each second. */
export function start() {
  const all = () => {
    for (const element of document.querySelectorAll("[data-clock]")) {
      if (element instanceof HTMLElement) show(element);
    }
  };
  all();
  setInterval(all, 1000);
}

start();
