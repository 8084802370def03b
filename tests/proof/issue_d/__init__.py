"""The full counts of issue D."""
