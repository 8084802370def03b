/**
 * This browser's own key, and what it knows of the operator's: in IndexedDB, database "telemed", one entry.
 *
 * The key is Ed25519 and cannot be taken out. Another operator's key than the first one is not taken in silence: the
 * link's fragment could have been put there by the centre's own redirect.
 */

import { toBase64 } from './base64.js';
import { readRoster } from './trust.js';

/** @typedef {import('./trust.js').Roster} Roster */
/** @typedef {import('./trust.js').SignedRoster} SignedRoster */
/** @typedef {{keys?: CryptoKeyPair, operators?: string[], signed?: SignedRoster}} Kept */

const DATABASE = 'telemed';
const STORE = 'trust';
const ENTRY = 'me';

/** @returns {Promise<IDBDatabase>} */
function opened() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
}

/**
 * Look at the entry, and change it in the same transaction; what it is afterwards.
 * @param {(kept: Kept) => Kept} [change]
 * @returns {Promise<Kept>}
 */
async function entry(change) {
  const database = await opened();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, change ? 'readwrite' : 'readonly');
    const store = transaction.objectStore(STORE);
    const request = store.get(ENTRY);
    /** @type {Kept} */
    let kept = {};
    request.onsuccess = () => {
      kept = request.result ?? {};
      if (!change) return;
      kept = change(kept);
      store.put(kept, ENTRY);
    };
    transaction.oncomplete = () => resolve(kept);
    transaction.onabort = () => reject(transaction.error);
  }).finally(() => database.close());
}

/**
 * This browser's key, made when there is none yet.
 * @returns {Promise<CryptoKeyPair>}
 */
export async function ownKey() {
  const { keys } = await entry();
  if (keys) return keys;
  const made = /** @type {CryptoKeyPair} */ (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']));
  const kept = await entry((now) => ({ ...now, keys: now.keys ?? made })); // two pages at once: the first one's
  return /** @type {CryptoKeyPair} */ (kept.keys);
}

/**
 * The public half, raw, base64.
 * @param {CryptoKeyPair} [keys]
 */
export async function publicKey(keys) {
  const { publicKey: key } = keys ?? (await ownKey());
  return toBase64(await crypto.subtle.exportKey('raw', key));
}

/** The operator's keys that this browser believes. */
export async function operatorKeys() {
  return (await entry()).operators ?? [];
}

/**
 * Believe the operator's *key* from now on. `other`: another one is believed already, and *key* is not taken; only a
 * person's word replaces it.
 * @param {string} key
 * @param {{replace?: boolean}} [how]
 * @returns {Promise<'pinned' | 'known' | 'other'>}
 */
export async function pinOperator(key, { replace = false } = {}) {
  /** @type {'pinned' | 'known' | 'other'} */
  let outcome = 'pinned';
  await entry((kept) => {
    const before = kept.operators ?? [];
    outcome = before.includes(key) ? 'known' : before.length && !replace ? 'other' : 'pinned';
    return outcome === 'pinned' ? { ...(kept.keys && { keys: kept.keys }), operators: [key] } : kept;
  });
  return outcome;
}

/**
 * The newest roster that the operator has signed: asked for at the centre, else the one that is kept. Null when there
 * is none. Nobody goes back to an older one.
 * @returns {Promise<Roster | null>}
 */
export async function roster() {
  const kept = await entry();
  const known = kept.operators ?? [];
  const old = kept.signed ? await readRoster(kept.signed, known).catch(() => null) : null;
  try {
    const answer = await fetch('/roster', { cache: 'no-store', headers: { accept: 'application/json' } });
    if (!answer.ok) return old;
    const signed = await answer.json();
    const newer = await readRoster(signed, known, old?.seq ?? 0);
    if (newer.seq > (old?.seq ?? 0)) await entry((now) => ({ ...now, signed }));
    return newer;
  } catch {
    return old; // away, not signed by one whom we believe, or older than what we know
  }
}
