/** MedplumClient: gets its token itself, by the signed assertion. */
import { MedplumClient, OperationOutcomeError } from '@medplum/core';

import { CANCEL, given, say, wish } from './common.mjs';

const client = new MedplumClient({
  baseUrl: given.origin,
  fhirUrlPath: 'fhir',
  tokenUrl: given.token_endpoint,
  clientId: given.client_id,
});
await client.startJwtAssertionLogin(given.assertion);
const query = `schedule=${given.schedule}&status=free&start=ge${given.from}&_count=10`;
const slots = await client.searchResources('Slot', query);
const book = client.fhirUrl('Appointment', '$book');
const booked = await client.post(book, wish(slots[0]));
let conflict = {};
try {
  await client.post(book, wish(slots[0]));
} catch (error) {
  if (!(error instanceof OperationOutcomeError)) throw error;
  conflict = error.outcome;
}
const read = await client.readResource('Appointment', booked.id, { cache: 'reload' });
const cancelled = await client.patchResource('Appointment', booked.id, CANCEL);
const found = await client.searchResources('Appointment', `_id=${booked.id}`, { cache: 'reload' });
say(slots, booked, conflict, read, cancelled, [...found]);
