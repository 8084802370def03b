"""A malicious centre, for whoever proves that no end believes it."""
