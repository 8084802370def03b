"""The full counts that issues name; each result is a file under docs/proof/."""
