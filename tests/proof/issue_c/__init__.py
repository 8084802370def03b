"""The full counts of issue C."""
