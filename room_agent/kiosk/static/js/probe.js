/**
 * Do camera and microphone work? Asked of the streams themselves: a picture that is not black, sound that is not nothing.
 */

/** @typedef {{camera: 'ok' | 'none' | 'black', microphone: 'ok' | 'none' | 'silent'}} State */

const LOOK_MS = 2000;
const EACH_MS = 100;
const BLACK_LUMA = 6;
const SILENT_LEVEL = 1e-4;
/** Rec. 709; what is transparent does not count. */
const LUMA_OF_RGBA = [0.2126, 0.7152, 0.0722, 0];

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
 * Look and listen for at most two seconds.
 * @param {MediaStream | null} stream
 * @returns {Promise<State>}
 */
export async function examine(stream) {
  const [camera, microphone] = await Promise.all([look(stream), hear(stream)]);
  return { camera, microphone };
}

/**
 * @param {MediaStream | null} stream
 * @returns {Promise<State['camera']>}
 */
async function look(stream) {
  const track = stream?.getVideoTracks().find((each) => each.readyState === 'live');
  if (!track) return 'none';
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = new MediaStream([track]);
  try {
    await video.play();
    return (await until(() => luma(video) > BLACK_LUMA)) ? 'ok' : 'black';
  } catch {
    return 'black';
  } finally {
    video.srcObject = null;
  }
}

/**
 * The mean brightness of the picture, 0 to 255.
 * @param {HTMLVideoElement} video
 */
function luma(video) {
  const canvas = new OffscreenCanvas(32, 18);
  const context = canvas.getContext('2d');
  if (!context || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return 0;
  context.drawImage(video, 0, 0, 32, 18);
  const { data } = context.getImageData(0, 0, 32, 18);
  const sum = data.reduce((sum, value, at) => sum + value * (LUMA_OF_RGBA[at % 4] ?? 0), 0);
  return sum / (data.length / 4);
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

/**
 * @param {() => boolean} good
 * @returns {Promise<boolean>} whether it became good in time
 */
async function until(good) {
  for (let waited = 0; waited < LOOK_MS; waited += EACH_MS) {
    if (good()) return true;
    await new Promise((resolve) => setTimeout(resolve, EACH_MS));
  }
  return good();
}
