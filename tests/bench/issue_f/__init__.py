"""The figures of issue F."""
