"""What people say of it: three faces without a person, and what hinders somebody on a page."""
