"""FHIR across capabilities: what is read and searched, and what is taken from files."""
