// @ts-check
/**
 * Shows what the centre pushes. What comes twice is shown once: its id is the notice's tag, and is remembered.
 */

const SHOWN = 'shown-notices';
const KEEP = 200;

/** @typedef {{id: string, title: string, text: string, link: string}} Told */

const worker = /** @type {PushWorker} */ (/** @type {unknown} */ (self));

/**
 * @param {string} id
 * @returns {Promise<boolean>} whether it was shown before
 */
async function isShown(id) {
  const shown = await caches.open(SHOWN);
  const name = `/shown/${encodeURIComponent(id)}`;
  if (await shown.match(name)) return true;
  await shown.put(name, new Response(''));
  for (const old of (await shown.keys()).slice(0, -KEEP)) await shown.delete(old);
  return false;
}

/** @param {Told} told */
async function show(told) {
  if (await isShown(told.id)) return;
  const data = { link: told.link };
  await worker.registration.showNotification(told.title, { body: told.text, tag: told.id, data });
}

worker.addEventListener('push', (event) => {
  if (event.data) event.waitUntil(show(event.data.json()));
});

worker.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(worker.clients.openWindow(event.notification.data.link));
});
