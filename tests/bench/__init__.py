"""The figures that issues ask for, measured on this machine and printed as JSON lines."""
