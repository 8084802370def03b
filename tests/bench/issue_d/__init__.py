"""The figures of issue D."""
