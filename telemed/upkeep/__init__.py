"""What is broken in the rooms: planned without, until it is mended."""
