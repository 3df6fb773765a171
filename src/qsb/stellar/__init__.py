"""The stellar half of `qsb`, in SI units; it knows nothing of quantum states.

`qsb.stellar.scale` says what mass-energy allows a store to hold per kilogram, and what one second of sunlight
weighs.
`qsb.stellar.loss`, `qsb.stellar.store` and `qsb.stellar.history` are a store of work and passive energy, how it
leaks, and its exact history under given powers.
"""
