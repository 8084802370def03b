"""Carries sealed offers, answers and candidates between the participants of a visit; keeps nothing."""
