"""The page frame, design tokens, fonts and refusals that all three programs share."""
