"""What planning at the size of a city must show; one module for each row of its table."""
