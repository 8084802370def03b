/**
 * Where residents sit, nobody's list stays on the screen: without a finger or a key it goes back to the kiosk.
 */

const script = /** @type {HTMLElement} */ (document.getElementById('idle'));
const idleMs = Number(script.dataset.idleS) * 1000;
let timer = 0;

function wait() {
  clearTimeout(timer);
  timer = setTimeout(() => location.assign('/kiosk'), idleMs);
}

for (const sign of ['pointerdown', 'keydown', 'scroll']) addEventListener(sign, wait, { passive: true });
wait();
