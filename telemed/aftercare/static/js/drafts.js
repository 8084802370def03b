// @ts-check
/**
 * Sheets that a doctor has begun: in IndexedDB, database "telemed-aftercare", each sealed under a key of its own that
 * cannot be taken out of the browser. So a browser that dies loses nothing, and to forget one is to forget its key.
 */

/** @typedef {{visit: string, at: number, key: CryptoKey, nonce: Uint8Array<ArrayBuffer>, sealed: ArrayBuffer}} Kept */

const DATABASE = 'telemed-aftercare';
const STORE = 'drafts';
const A_DAY_MS = 24 * 3600 * 1000;

/** @returns {Promise<IDBDatabase>} */
function database() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: 'visit' });
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
}

/**
 * Do something with the store, and wait until it is on the disk.
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T>}
 */
async function inStore(mode, act) {
  const open = await database();
  return new Promise((resolve, reject) => {
    const transaction = open.transaction(STORE, mode, { durability: 'strict' });
    const request = act(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  }).finally(() => open.close());
}

/** @param {string} visit @param {Uint8Array<ArrayBuffer>} nonce */
const how = (visit, nonce) => ({ name: 'AES-GCM', iv: nonce, additionalData: new TextEncoder().encode(visit) });

/** @param {string} visit @param {unknown} content */
export async function keep(visit, content) {
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const sealed = await crypto.subtle.encrypt(how(visit, nonce), key, new TextEncoder().encode(JSON.stringify(content)));
  await inStore('readwrite', (store) => store.put({ visit, at: Date.now(), key, nonce, sealed }));
}

/** What was begun for this visit, if anything; what is older than a day is forgotten. @param {string} visit */
export async function kept(visit) {
  await forgetOld();
  const found = /** @type {Kept | undefined} */ (await inStore('readonly', (store) => store.get(visit)));
  if (!found) return null;
  const plain = await crypto.subtle.decrypt(how(visit, found.nonce), found.key, found.sealed);
  return JSON.parse(new TextDecoder().decode(plain));
}

/** @param {string} visit */
export async function forget(visit) {
  await inStore('readwrite', (store) => store.delete(visit));
}

export async function forgetOld() {
  const all = /** @type {Kept[]} */ (await inStore('readonly', (store) => store.getAll()));
  for (const { visit, at } of all) if (Date.now() - at > A_DAY_MS) await forget(visit);
}
