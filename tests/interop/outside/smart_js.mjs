/** fhirclient (SMART JS): given a token. */
import FHIR from 'fhirclient';

import { CANCEL, given, say, token, wish } from './common.mjs';

const storage = { get: async () => null, set: async () => null, unset: async () => true };
const smart = FHIR({ headers: {}, url: '/' }, {}, storage);
const client = smart.client({ serverUrl: given.base, tokenResponse: { access_token: await token() } });
const query = `schedule=${given.schedule}&status=free&start=ge${given.from}&_count=10`;
const slots = (await client.request(`Slot?${query}`)).entry.map((one) => one.resource);
const book = { url: 'Appointment/$book', method: 'POST', body: JSON.stringify(wish(slots[0])) };
const send = { ...book, headers: { 'content-type': 'application/fhir+json' } };
const booked = await client.request(send);
let conflict = {};
try {
  await client.request(send);
} catch (error) {
  conflict = JSON.parse(error.message.split('\n\n')[1]); // it has read the body, and hands it on like this
}
const read = await client.request(`Appointment/${booked.id}`);
const cancelled = await client.patch(`Appointment/${booked.id}`, CANCEL);
const found = await client.request(`Appointment?_id=${booked.id}`);
say(slots, booked, conflict, read, cancelled, found.entry.map((one) => one.resource));
