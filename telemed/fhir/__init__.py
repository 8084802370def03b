"""FHIR R4 as a language: what is valid, how it is searched for, bundled, refused and written. It knows no use case."""
