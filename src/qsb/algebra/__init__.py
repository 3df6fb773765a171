"""Matrices and names: spaces, operator sums, their representations, block states. Knows no physics."""
