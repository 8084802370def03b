// @ts-check
/**
 * Shows what the centre pushes. What comes twice is shown once: its id is the notice's tag, and is remembered.
 */

const STORE = 'shown';
const KEEP = 200;

/** @typedef {{id: string, title: string, text: string, link: string, lang: string,
 *   dir: NotificationDirection}} Told */

const worker = /** @type {PushWorker} */ (/** @type {unknown} */ (self));

/** @returns {Promise<IDBDatabase>} where the ids of shown notices are */
function shownOnes() {
  return new Promise((done, fail) => {
    const asked = indexedDB.open('notices', 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: 'id' }).createIndex('at', 'at');
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });
}

/**
 * Remember that a notice is shown; of too many the oldest are forgotten.
 * @param {string} id
 * @returns {Promise<boolean>} whether it was not before
 */
async function isNew(id) {
  const database = await shownOnes();
  return new Promise((done, fail) => {
    const work = database.transaction(STORE, 'readwrite');
    const shown = work.objectStore(STORE);
    shown.add({ id, at: Date.now() });
    shown.count().onsuccess = (counted) => {
      if (/** @type {IDBRequest<number>} */ (counted.target).result <= KEEP) return;
      shown.index('at').openCursor().onsuccess = (found) => {
        /** @type {IDBRequest<IDBCursorWithValue | null>} */ (found.target).result?.delete();
      };
    };
    work.oncomplete = () => done(true);
    work.onabort = () => (work.error?.name === 'ConstraintError' ? done(false) : fail(work.error));
  });
}

/** @param {Told} told */
async function show(told) {
  if (!(await isNew(told.id))) return;
  const data = { link: told.link };
  const { lang, dir } = told;
  await worker.registration.showNotification(told.title, { body: told.text, tag: told.id, lang, dir, data });
}

worker.addEventListener('push', (event) => {
  if (event.data) event.waitUntil(show(event.data.json()));
});

worker.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(worker.clients.openWindow(event.notification.data.link));
});
