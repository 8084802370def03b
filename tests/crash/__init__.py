"""The centre is killed without warning, over and over, while many book: what it acknowledged must be there."""
