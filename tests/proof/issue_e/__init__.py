"""The full counts of issue E."""
