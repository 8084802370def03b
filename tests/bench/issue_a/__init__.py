"""What the first visit must show; one module for each row of its table."""
