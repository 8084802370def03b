"""Is the room fit for a visit? One file a subject, pure but for the probing; `rounds` puts them together."""
