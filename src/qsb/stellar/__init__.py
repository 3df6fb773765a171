"""The stellar half of `qsb`, in SI units; it knows nothing of quantum states.

`qsb.stellar.scale` says what mass-energy allows a store to hold per kilogram, and what one second of sunlight
weighs.

`kerr`, `accretion`, `pulsar` and `fuel` are sources of power besides starlight, `channel` and `waste` what they share;
`hazard` and `timeline` say when something may happen, and whether published probabilities fit together.

`qsb.stellar.loss`, `qsb.stellar.store` and `qsb.stellar.history` are a store of work and passive energy, how it
leaks, and its exact history under given powers.

`spectrum`, `blackbody` and `light` are light, `star` what sends it; `absorber`, `bands` and `junction` take it up,
`collector` is a surface with one of them, `ceilings` what they cannot exceed.

`constants` holds each constant once, with its source; `ladders` are energies and powers as rows for tables and figures.
`flare_process`, `flare_shape` and `power_law` are flares, `observed` those that were recorded, `surge` and
`flare_ensemble` what a store must hold for them, `cme`, `ejection` and `dose` the harm they do. `modulation`,
`radio_flux`, `modulated` and `modulated_ensemble` let their rate change with time.

`ensemble` follows many stores at once.
"""

from qsb.stellar.bounds import BoundsReport, bounds_report, stamps, table_one_bounds
from qsb.stellar.kardashev import KardashevRating, kardashev_rating, waste_heat

__all__ = [
    "BoundsReport",
    "KardashevRating",
    "bounds_report",
    "kardashev_rating",
    "stamps",
    "table_one_bounds",
    "waste_heat",
]
