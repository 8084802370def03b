/** What the scripts for Node share: what they are given, what they book, what they say. */
import { readFileSync } from 'node:fs';

/** @type {Record<string, string>} */
export const given = JSON.parse(readFileSync(0, 'utf8'));

/**
 * What `$book` takes.
 * @param {any} slot
 */
export function wish(slot) {
  const appointment = {
    resourceType: 'Appointment',
    status: 'proposed',
    start: slot.start,
    end: slot.end,
    slot: [{ reference: `Slot/${slot.id}` }],
    serviceType: [{ text: given.service }],
    participant: [{ actor: { reference: 'Patient/4711', display: 'Karl Winter' }, status: 'accepted' }],
  };
  const patient = {
    resourceType: 'Patient',
    name: [{ family: 'Winter', given: ['Karl'] }],
    birthDate: '1951-04-02',
    telecom: [{ system: 'phone', value: '030 1234567' }],
  };
  const parameter = [
    { name: 'appt-resource', resource: appointment },
    { name: 'patient', resource: patient },
  ];
  return { resourceType: 'Parameters', parameter };
}

export const CANCEL = [{ op: 'replace', path: '/status', value: 'cancelled' }];

/** An access token, for clients that are given one. */
export async function token() {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    scope: given.scope,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: given.assertion,
  });
  const answer = await fetch(given.token_endpoint, { method: 'POST', body });
  return (await answer.json()).access_token;
}

/**
 * @param {any[]} slots
 * @param {any} booked
 * @param {any} conflict
 * @param {any} read
 * @param {any} cancelled
 * @param {any[]} found
 */
export function say(slots, booked, conflict, read, cancelled, found) {
  process.stdout.write(JSON.stringify({ slots: slots.length, booked, conflict, read, cancelled, found }));
}
