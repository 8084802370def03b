/**
 * This kiosk's own key: Ed25519, kept by the browser, not to be taken out. It proves at each connection who we are.
 */

import { toBase64 } from '/static/js/base64.js';

/** @typedef {{machine_id: string, room_id: string, server: string}} Paired */
/** @typedef {{keys: CryptoKeyPair, paired: Paired}} Identity */
/** @typedef {import('/static/js/signalling.js').Challenge} Challenge */

const DATABASE = 'kiosk';
const STORE = 'identity';

/** The code is not good (any more). */
export class PairingRefused extends Error {}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T>}
 */
async function inStore(mode, act) {
  const database = await new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, mode);
    const request = act(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  }).finally(() => database.close());
}

/**
 * Who this kiosk is, or undefined when it was never paired.
 * @returns {Promise<Identity | undefined>}
 */
export function identity() {
  return inStore('readonly', (store) => store.get('me'));
}

/**
 * Make a key and pair with *code*.
 * @param {string} code
 * @returns {Promise<Identity>}
 * @throws {PairingRefused} the code is not good; any other error: nobody could say
 */
export async function pair(code) {
  const keys = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']));
  const raw = await crypto.subtle.exportKey('raw', keys.publicKey);
  const answer = await fetch('/pair', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify({ code, kind: 'kiosk', public_key: toBase64(raw) }),
  });
  if (answer.status === 403 || answer.status === 422) throw new PairingRefused();
  if (!answer.ok) throw new Error(`pair ${answer.status}`);
  const me = { keys, paired: await answer.json() };
  await inStore('readwrite', (store) => store.put(me, 'me'));
  return me;
}

/**
 * The answer to a challenge (schemas/visit.py, Proof).
 * @param {Identity} me
 * @param {Challenge} challenge
 * @throws {Error} this is not the agent with which we were paired
 */
export async function prove(me, challenge) {
  const { machine_id, server } = me.paired;
  if (challenge.server !== server) throw new Error('another server');
  const text = ['telemed-machine-v1', server, challenge.nonce, machine_id].join('\n');
  const signature = await crypto.subtle.sign('Ed25519', me.keys.privateKey, new TextEncoder().encode(text));
  return { type: 'proof', machine_id, signature: toBase64(signature) };
}
