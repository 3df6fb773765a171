"""The stellar half of `qsb`, in SI units; it knows nothing of quantum states.

`qsb.stellar.scale` says what mass-energy allows a store to hold per kilogram, and what one second of sunlight
weighs.

`kerr`, `accretion`, `pulsar` and `fuel` are sources of power besides starlight, `channel` and `waste` what they share;
`hazard` and `timeline` say when something may happen, and whether published probabilities fit together.

`qsb.stellar.loss`, `qsb.stellar.store` and `qsb.stellar.history` are a store of work and passive energy, how it
leaks, and its exact history under given powers.

`flare_process`, `flare_shape` and `power_law` are flares, `observed` those that were recorded, `surge` and `ensemble`
what a store must hold for them, `cme` and `dose` the harm they do.

`spectrum` and `blackbody` are light, `absorber` and `junction` what takes it up, `ceilings` what they cannot exceed.
"""

from qsb.stellar.bounds import BoundsReport, bounds_report, table_one_bounds
from qsb.stellar.kardashev import KardashevRating, kardashev_rating, waste_heat

__all__ = ["BoundsReport", "KardashevRating", "bounds_report", "kardashev_rating", "table_one_bounds", "waste_heat"]
