/** fhir-kit-client: given a token. */
import { Client } from 'fhir-kit-client';

import { CANCEL, given, say, token, wish } from './common.mjs';

const client = new Client({ baseUrl: given.base, bearerToken: await token() });
const searchParams = { schedule: given.schedule, status: 'free', start: `ge${given.from}`, _count: 10 };
const slots = (await client.search({ resourceType: 'Slot', searchParams })).entry.map((one) => one.resource);
const book = { name: 'book', resourceType: 'Appointment', method: 'POST', input: wish(slots[0]) };
const booked = await client.operation(book);
let conflict = {};
try {
  await client.operation(book);
} catch (error) {
  conflict = error.response.data;
}
const it = { resourceType: 'Appointment', id: booked.id };
const read = await client.read(it);
const cancelled = await client.patch({ ...it, jsonPatch: CANCEL });
const found = await client.search({ resourceType: 'Appointment', searchParams: { _id: booked.id } });
say(slots, booked, conflict, read, cancelled, found.entry.map((one) => one.resource));
