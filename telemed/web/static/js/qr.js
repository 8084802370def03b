// @ts-check
/** A code for a camera, drawn in the page: what stands in it is sent nowhere. */
import { encode } from '/static/vendor/js/uqr.js';

/** Modules around the code that stay white (ISO/IEC 18004). */
const QUIET = 4;

/** @param {HTMLCanvasElement} canvas @param {string} text */
export function draw(canvas, text) {
  const { data, size } = encode(text, { ecc: 'M', border: QUIET });
  const dot = Math.max(4, Math.floor(320 / size));
  canvas.width = canvas.height = size * dot;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = '#000';
  data.forEach((row, y) => row.forEach((dark, x) => dark && context.fillRect(x * dot, y * dot, dot, dot)));
}
