"""The figures of issue C."""
