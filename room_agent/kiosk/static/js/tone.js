/**
 * Does the microphone hear the loudspeaker? A tone of 1 kHz is played, and looked for with Goertzel's filter. A tone
 * that was there before, or that stays afterwards, is not ours.
 */

const HZ = 1000;
/** What is looked at beside it: a room's noise has no peak. */
const BESIDE_HZ = [840, 900, 1100, 1160];
const HEARD_DB = 10;
const FAINTEST = 1e-14;
const LOUDNESS = 0.25;
const EACH_MS = 60;
const BEFORE_MS = 400;
const PLAYED_MS = 1500;
/** So long the sound needs at most to come back, and to go. */
const LATE_MS = 600;
const START_MS = 1000;

/** @typedef {'heard' | 'not-heard' | 'not-tried'} Outcome */

/** The microphone as it is: echo cancellation would take away just what we listen for. */
const RAW = { audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } };

/**
 * Play and listen. Without a microphone nothing is played.
 * @returns {Promise<Outcome>}
 */
export async function test() {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia(RAW);
  } catch {
    return 'not-tried';
  }
  const context = new AudioContext();
  try {
    return await listen(context, stream, context.destination);
  } finally {
    stream.getTracks().forEach((track) => track.stop());
    await context.close();
  }
}

/**
 * @param {AudioContext} context
 * @param {MediaStream} microphone
 * @param {AudioNode} loudspeaker
 * @returns {Promise<Outcome>}
 */
export async function listen(context, microphone, loudspeaker) {
  await Promise.race([context.resume(), pause(START_MS)]);
  const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
  const source = context.createMediaStreamSource(microphone);
  source.connect(analyser);
  const hears = () => isThere(analyser, context.sampleRate);
  await pause(BEFORE_MS);
  const before = hears();
  const gain = new GainNode(context, { gain: LOUDNESS });
  const tone = new OscillatorNode(context, { frequency: HZ });
  tone.connect(gain).connect(loudspeaker);
  tone.start();
  const during = await within(PLAYED_MS, hears);
  tone.stop();
  gain.disconnect();
  const gone = await within(LATE_MS, () => !hears());
  source.disconnect();
  return during && gone && !before ? 'heard' : 'not-heard';
}

/**
 * @param {AnalyserNode} analyser
 * @param {number} rate
 */
function isThere(analyser, rate) {
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  const beside = BESIDE_HZ.reduce((sum, hz) => sum + power(samples, hz, rate), 0) / BESIDE_HZ.length;
  return 10 * Math.log10(Math.max(power(samples, HZ, rate), FAINTEST) / Math.max(beside, FAINTEST)) >= HEARD_DB;
}

/**
 * Goertzel's filter under a Hann window.
 * @param {Float32Array} samples
 * @param {number} hz
 * @param {number} rate
 */
function power(samples, hz, rate) {
  const turn = 2 * Math.cos((2 * Math.PI * hz) / rate);
  let [last, before] = [0, 0];
  samples.forEach((sample, at) => {
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / (samples.length - 1));
    [last, before] = [sample * window + turn * last - before, last];
  });
  return (last ** 2 + before ** 2 - turn * last * before) / samples.length ** 2;
}

/**
 * @param {number} ms
 * @param {() => boolean} good
 * @returns {Promise<boolean>} whether it was so for one moment
 */
async function within(ms, good) {
  const until = performance.now() + ms;
  while (performance.now() < until) {
    if (good()) return true;
    await pause(EACH_MS);
  }
  return false;
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
