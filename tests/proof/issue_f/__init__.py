"""The full counts of issue F."""
