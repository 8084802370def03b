"""The figures of issue E."""
