"""The figures of issue G."""
