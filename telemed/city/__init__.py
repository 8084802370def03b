"""What everybody in the quarter may know."""
