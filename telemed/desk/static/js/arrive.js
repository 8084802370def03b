// @ts-check
/**
 * The door is used by many: its answer is gone after a quarter of a minute, and so is what somebody began to type.
 * Without this script the browser does the first by itself.
 */

const page = document.getElementById("arrived") ?? document.getElementById("arrive");
const clearsMs = Number(page?.dataset.clearsS) * 1000;
const field = document.getElementById("code");
let clears = 0;

function begin() {
  window.clearTimeout(clears);
  clears = window.setTimeout(clear, clearsMs);
}

function clear() {
  const isBegun = field instanceof HTMLInputElement && field.value !== "";
  if (!field || isBegun) window.location.replace("/ankommen");
}

if (page) {
  begin();
  field?.addEventListener("input", begin);
  document.addEventListener("keydown", begin);
  document.addEventListener("pointerdown", begin);
}

export {};
