"""What exists: doctors, assistants, rooms, devices, services, opening hours, "bookable until"."""
