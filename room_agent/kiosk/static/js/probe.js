/**
 * Do camera and microphone work? Asked of the streams themselves: a picture that is not black, that moves and is as
 * sharp as it usually is; sound that is not nothing.
 */

/**
 * @typedef {object} State
 * @property {'ok' | 'none' | 'black' | 'frozen' | 'blurred'} camera
 * @property {'ok' | 'none' | 'silent'} microphone
 */

const LOOK_MS = 2000;
const EACH_MS = 100;
const BLACK_LUMA = 6;
const SILENT_LEVEL = 1e-4;
/** Sharpness is asked of a picture of this size, where the sensor's noise is averaged away. */
const SMALL = { width: 160, height: 90 };
/** Of its own reference: edges more than twice as wide as they used to be (figures in `room_agent/media/checks.py`). */
const BLURRED_PART = 0.35;
const RISES = 0.1;
const REFERENCE = 'telemed-sharpness ';

/** What the conversation asks for: the browser's own echo cancellation. */
export const CONSTRAINTS = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } },
};

/**
 * The room's stream, with what there is: both, or one of them, or null.
 * @returns {Promise<MediaStream | null>}
 */
export async function open() {
  const { video, audio } = CONSTRAINTS;
  for (const wanted of [{ video, audio }, { video }, { audio }]) {
    try {
      return await navigator.mediaDevices.getUserMedia(wanted);
    } catch {
      continue;
    }
  }
  return null;
}

/** @param {MediaStream | null} stream */
export function stop(stream) {
  stream?.getTracks().forEach((track) => track.stop());
}

/**
 * Look and listen for two seconds.
 * @param {MediaStream | null} stream
 * @param {{learn?: boolean}} [options] *learn*: what is seen may become the reference; not while a person is before it
 * @returns {Promise<State>}
 */
export async function examine(stream, { learn = false } = {}) {
  const [camera, microphone] = await Promise.all([look(stream, learn), hear(stream)]);
  return { camera, microphone };
}

/**
 * @param {MediaStream | null} stream
 * @param {boolean} learn
 * @returns {Promise<State['camera']>}
 */
async function look(stream, learn) {
  const track = stream?.getVideoTracks().find((each) => each.readyState === 'live');
  if (!track) return 'none';
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = new MediaStream([track]);
  try {
    await Promise.race([video.play(), pause(LOOK_MS)]);
    if (!(await until(() => mean(whole(video)) > BLACK_LUMA))) return 'black';
    if (!(await moves(video))) return 'frozen';
    return isBlurred(track.label, sharpness(whole(video)), learn) ? 'blurred' : 'ok';
  } catch {
    return 'black';
  } finally {
    video.srcObject = null;
  }
}

/**
 * A real sensor always has noise: of the very same pixels of its middle one changes, or it stands still.
 * @param {HTMLVideoElement} video
 */
async function moves(video) {
  const before = middle(video);
  return until(() => middle(video).some((value, at) => value !== before[at]));
}

/**
 * @param {string} camera
 * @param {number} now
 * @param {boolean} learn
 */
function isBlurred(camera, now, learn) {
  const kept = Number(localStorage.getItem(REFERENCE + camera));
  if (kept && now < BLURRED_PART * kept) return true;
  if (learn && now > kept) localStorage.setItem(REFERENCE + camera, String(kept ? kept + RISES * (now - kept) : now));
  return false;
}

/** @param {HTMLVideoElement} video */
function whole(video) {
  return grey(video, 0, 0, video.videoWidth, video.videoHeight);
}

/**
 * The middle, pixel by pixel.
 * @param {HTMLVideoElement} video
 */
function middle(video) {
  const { width, height } = SMALL;
  return grey(video, (video.videoWidth - width) / 2, (video.videoHeight - height) / 2, width, height);
}

/**
 * A part of the picture in grey, brought to the small size; nothing before there is a picture.
 * @param {HTMLVideoElement} video
 * @param {number} left
 * @param {number} top
 * @param {number} width
 * @param {number} height
 * @returns {Float32Array}
 */
function grey(video, left, top, width, height) {
  const canvas = new OffscreenCanvas(SMALL.width, SMALL.height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const found = new Float32Array(SMALL.width * SMALL.height);
  if (!context || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return found;
  context.drawImage(video, left, top, width, height, 0, 0, SMALL.width, SMALL.height);
  const { data } = context.getImageData(0, 0, SMALL.width, SMALL.height);
  for (let at = 0; at < found.length; at += 1) found[at] = luma(data, 4 * at);
  return found;
}

/**
 * Rec. 709.
 * @param {Uint8ClampedArray} rgba
 * @param {number} at
 */
function luma(rgba, at) {
  return 0.2126 * (rgba[at] ?? 0) + 0.7152 * (rgba[at + 1] ?? 0) + 0.0722 * (rgba[at + 2] ?? 0);
}

/** @param {Float32Array} values */
function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * The variance of the Laplacian (Pech-Pacheco et al. 2000).
 * @param {Float32Array} picture
 */
function sharpness(picture) {
  const { width, height } = SMALL;
  let [sum, squares, count] = [0, 0, 0];
  for (let at = width + 1; at < width * (height - 1) - 1; at += 1) {
    if (at % width === 0 || at % width === width - 1) continue;
    const around = (picture[at - 1] ?? 0) + (picture[at + 1] ?? 0) + (picture[at - width] ?? 0) + (picture[at + width] ?? 0);
    const edge = around - 4 * (picture[at] ?? 0);
    sum += edge;
    squares += edge * edge;
    count += 1;
  }
  return squares / count - (sum / count) ** 2;
}

/**
 * @param {MediaStream | null} stream
 * @returns {Promise<State['microphone']>}
 */
async function hear(stream) {
  const track = stream?.getAudioTracks().find((each) => each.readyState === 'live');
  if (!track) return 'none';
  if (track.muted) return 'silent';
  const context = new AudioContext();
  try {
    await context.resume();
    const analyser = new AnalyserNode(context, { fftSize: 2048 });
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    return (await until(() => level(analyser) > SILENT_LEVEL)) ? 'ok' : 'silent';
  } finally {
    await context.close();
  }
}

/** @param {AnalyserNode} analyser */
function level(analyser) {
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  return samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * @param {() => boolean} good
 * @returns {Promise<boolean>} whether it became good in time
 */
async function until(good) {
  for (let waited = 0; waited < LOOK_MS; waited += EACH_MS) {
    if (good()) return true;
    await pause(EACH_MS);
  }
  return good();
}
