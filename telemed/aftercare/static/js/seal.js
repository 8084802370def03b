// @ts-check
/**
 * Sealing a sheet, in the browser: AES-256-GCM under a key that no server is sent.
 *
 * The form (1), a nonce of 12 bytes, the ciphertext. The sheet's id is sealed with it, so that no other sheet can be
 * handed out in its place. Filled up to whole KiB: the size does not tell how many blocks there are.
 */
import { fromBase64, toBase64 } from '/static/js/base64.js';

const FORM = 1;
const NONCE = 12;
const KIB = 1024;

/** A fresh id (128 bit) and key (256 bit), as they stand in the link. */
export function freshSheet() {
  return { id: random(16), key: random(32) };
}

/** @param {number} bytes */
function random(bytes) {
  return toBase64(crypto.getRandomValues(new Uint8Array(bytes)));
}

/** @param {string} key @param {'encrypt' | 'decrypt'} use */
function imported(key, use) {
  return crypto.subtle.importKey('raw', fromBase64(key), 'AES-GCM', false, [use]);
}

/** @param {string} id @param {Uint8Array<ArrayBuffer>} nonce */
function how(id, nonce) {
  return { name: 'AES-GCM', iv: nonce, additionalData: new TextEncoder().encode(`telemed aftercare ${FORM} ${id}`) };
}

/**
 * @param {{id: string, key: string}} sheet
 * @param {unknown} content
 * @returns {Promise<string>} base64
 */
export async function seal({ id, key }, content) {
  const text = new TextEncoder().encode(JSON.stringify(content));
  const plain = new Uint8Array(Math.ceil(text.length / KIB) * KIB).fill(0x20); // JSON may end in spaces
  plain.set(text);
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE));
  const sealed = await crypto.subtle.encrypt(how(id, nonce), await imported(key, 'encrypt'), plain);
  return toBase64(new Uint8Array([FORM, ...nonce, ...new Uint8Array(sealed)]));
}

/**
 * @param {{id: string, key: string}} sheet
 * @param {string} sealed
 * @returns {Promise<unknown>}
 * @throws {Error} the key is none, or not of this sheet
 */
export async function opened({ id, key }, sealed) {
  const bytes = fromBase64(sealed);
  if (bytes[0] !== FORM) throw new Error('another form');
  const nonce = bytes.slice(1, 1 + NONCE);
  const plain = await crypto.subtle.decrypt(how(id, nonce), await imported(key, 'decrypt'), bytes.slice(1 + NONCE));
  return JSON.parse(new TextDecoder().decode(plain));
}
