"""What is proved for the first visit."""
