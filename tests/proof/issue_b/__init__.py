"""What is proved for the planner."""
