"""The tests; they mirror the programs."""
