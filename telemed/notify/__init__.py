"""What is told to people, and how: one event, every channel."""
