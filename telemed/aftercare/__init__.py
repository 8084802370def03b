"""What to do after a visit: a sheet for the resident's hand, sealed in the doctor's browser and unread here."""
