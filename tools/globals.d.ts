// What vendored scripts put on the page, as far as our own modules use it.
interface Window {
  jsQR?: (
    data: Uint8ClampedArray,
    width: number,
    height: number,
    how: { inversionAttempts: 'dontInvert' },
  ) => { data: string } | null;
  htmx?: { process(element: Element): void };
}

/** As much of Trusted Types as we use. */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createHTML: (html: string) => string; createScriptURL: (address: string) => string },
  ): { createHTML(html: string): string; createScriptURL(address: string): string };
}

// Inside an AudioWorklet, which TypeScript's library does not know.
declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

/** As much of a service worker as ours uses: TypeScript's `webworker` cannot stand beside `dom`. */
interface PushWorker {
  registration: ServiceWorkerRegistration;
  clients: { openWindow(url: string): Promise<unknown> };
  addEventListener(kind: 'push', heard: (event: PushHeard) => void): void;
  addEventListener(kind: 'notificationclick', heard: (event: NotificationClicked) => void): void;
}

interface PushHeard {
  data: { json(): any } | null;
  waitUntil(work: Promise<unknown>): void;
}

interface NotificationClicked {
  notification: Notification;
  waitUntil(work: Promise<unknown>): void;
}
