"""Stellar specs: `kind = "stellar"` files, what they mean, and the datasets that they become."""
