"""Clients that other people wrote, unchanged, at the whole centre over HTTP."""
