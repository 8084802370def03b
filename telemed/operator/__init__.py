"""Is all well: rooms online, machines, pairing, the exercise clock."""
