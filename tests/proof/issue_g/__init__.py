"""The full counts of issue G."""
