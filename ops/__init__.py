"""What runs the programs: set-up, demo, seeds."""
