"""Medical devices: one interface, one file per profile (bytes to values and back), one radio, one simulator."""
