"""Who wants to hear of what at the FHIR interface, and telling them."""
