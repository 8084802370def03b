// @ts-check
/**
 * What the practice gets: FHIR R4 Bundles and lines of text. Pure. Observations are as the room sent them, digit by
 * digit; pictures are Media. Nothing here reaches the network.
 */
import { inOneLine } from './observation.js';
import { say } from './words.js';

/** @typedef {import('./observation.js').Observation} Observation */
/** @typedef {{id: string, observation: Observation, device: string, simulated: boolean, said: string}} Kept *said*: whose it is, in words */
/** @typedef {{id: string, title: string, takenAt: string, width: number, height: number, mime: string, base64: string}} Image */
/** @typedef {Record<string, any>} Resource */

const UUIDS = 'urn:ietf:rfc:3986';
const VISITS = 'urn:telemed:visit';
const DEVICES = 'urn:telemed:device';
const MEDIA_TYPE = 'http://terminology.hl7.org/CodeSystem/media-type';

/**
 * A picture of this visit.
 * @param {Image} image
 * @param {string} visitId
 * @returns {Resource}
 */
export function media({ id, title, takenAt, width, height, mime, base64 }, visitId) {
  return {
    resourceType: 'Media',
    identifier: [{ system: UUIDS, value: `urn:uuid:${id}` }],
    status: 'completed',
    type: { coding: [{ system: MEDIA_TYPE, code: 'image' }] },
    encounter: { reference: `Encounter/${visitId}` },
    createdDateTime: takenAt,
    width,
    height,
    content: { contentType: mime, data: base64, title, creation: takenAt },
  };
}

/**
 * A collection to be kept as a file. *patient*: the practice's own number; '' leaves the person out.
 * @param {Kept[]} records
 * @param {Resource[]} pictures
 * @param {string} patient
 */
export function collection(records, pictures, patient) {
  const subject = patient ? { subject: { identifier: { value: patient } } } : {};
  const entry = [
    ...records.map(({ id, observation }) => ({ fullUrl: `urn:uuid:${id}`, resource: { ...observation, ...subject } })),
    ...pictures.map((each) => ({ fullUrl: each.identifier[0].value, resource: { ...each, ...subject } })),
  ];
  return { resourceType: 'Bundle', type: 'collection', timestamp: new Date().toISOString(), entry };
}

/**
 * One entry of a transaction. What the practice does not have is made, and a repeat makes no second one
 * (`ifNoneExist`); what it has and was changed since, by an answer whose value it is, is put in its place.
 *
 * Encounter and device are of our centre: they become identifiers, as a server that holds references together would
 * refuse them. The person is the one the server finds under the number; none, or two, and it refuses all of it.
 * @param {string} id
 * @param {Resource} resource
 * @param {string} patient the practice's own number
 * @param {boolean} change
 */
export function entryOf(id, resource, patient, change) {
  const identifier = resource.identifier ?? [{ system: UUIDS, value: `urn:uuid:${id}` }];
  const { system, value } = identifier[0];
  const where = `identifier=${encodeURIComponent(system)}|${encodeURIComponent(value)}`;
  const type = resource.resourceType;
  const request = change ? { method: 'PUT', url: `${type}?${where}` } : { method: 'POST', url: type, ifNoneExist: where };
  const named = { ...resource, identifier, subject: { reference: `Patient?identifier=${encodeURIComponent(escaped(patient))}` } };
  if (resource.encounter) Object.assign(named, { encounter: logical(resource.encounter, VISITS) });
  if (resource.device) Object.assign(named, { device: logical(resource.device, DEVICES) });
  return { resource: named, request };
}

/** @param {Resource[]} entry */
export function transaction(entry) {
  return { resourceType: 'Bundle', type: 'transaction', entry };
}

/**
 * @param {{reference: string}} reference
 * @param {string} system
 */
function logical({ reference }, system) {
  return { identifier: { system, value: reference.split('/').at(-1) } };
}

/** Signs with a meaning in a search are none in a number (FHIR R4, 3.1.1.3.2). @param {string} text */
function escaped(text) {
  return text.replace(/[\\$,|]/g, (sign) => `\\${sign}`);
}

/** @param {Observation} observation */
export function isWrong(observation) {
  return observation.status === 'entered-in-error';
}

/**
 * For the clipboard: a line for each value, without those that are of somebody else.
 * @param {Kept[]} records
 */
export function asText(records) {
  return records.filter(({ observation }) => !isWrong(observation)).map(asLine).join('\n');
}

/** @param {Kept} record */
function asLine({ observation, device, simulated, said }) {
  const moment = new Date(observation.effectiveDateTime ?? Number.NaN);
  const when = Number.isNaN(moment.getTime())
    ? say('desk.js.time_unknown')
    : moment.toLocaleString('de-DE', { timeZone: 'Europe/Berlin', dateStyle: 'medium', timeStyle: 'medium' });
  const all = [when, inOneLine(observation), device, said, simulated ? say('desk.js.simulated') : ''];
  return all.filter(Boolean).join('; ');
}
