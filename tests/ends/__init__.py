"""Ends of a call that are not ours."""
