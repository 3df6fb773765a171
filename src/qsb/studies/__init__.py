"""Sentences about data: scaling exponents, relaxation of stored energy, claims and their verdicts."""
