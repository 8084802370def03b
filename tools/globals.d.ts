// What vendored scripts put on the page, as far as our own modules use it.
interface Window {
  htmx?: { process(element: Element): void };
}

// Inside an AudioWorklet, which TypeScript's library does not know.
declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
