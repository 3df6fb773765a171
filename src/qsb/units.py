r"""SI at the edge, :math:`\hbar = 1` inside.

Inside the package energies and frequencies are one thing, an angular frequency in units of the model's
``frequency`` :math:`\omega_0`, and times are in units of :math:`1/\omega_0`. This module turns what people
write ("5 GHz", "20 mK", "50 ns") into angular frequencies (rad/s) and seconds, and model units back into SI.

**The factor of 2 pi.** A number in hertz is a frequency :math:`f` and becomes :math:`\omega = 2\pi f`; a
number in rad/s is an angular frequency already. An energy becomes :math:`\omega = E/\hbar`, a temperature
:math:`\omega = k_B T/\hbar`, a wavenumber in cm^-1 :math:`\omega = 2\pi c\,\tilde\nu`.

The constants are those that define the SI since 2019, so they are exact; CODATA 2022 lists the same values.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from qsb.errors import SpecError

__all__ = [
    "BOLTZMANN",
    "ELEMENTARY_CHARGE",
    "HBAR",
    "PLANCK",
    "SPEED_OF_LIGHT",
    "Scale",
    "convert",
    "format_bytes",
    "format_seconds",
    "known_units",
    "parse",
    "parse_bytes",
]

PLANCK = 6.62607015e-34
"""Planck constant h, J s (exact)."""
HBAR = PLANCK / (2 * math.pi)
"""Reduced Planck constant h/(2 pi), J s."""
BOLTZMANN = 1.380649e-23
"""Boltzmann constant k_B, J/K (exact)."""
SPEED_OF_LIGHT = 299_792_458.0
"""Speed of light in vacuum c, m/s (exact)."""
ELEMENTARY_CHARGE = 1.602176634e-19
"""Elementary charge e, C (exact); also the electronvolt in J."""

Kind = Literal["frequency", "time"]

# The micro prefix has three spellings: u, the micro sign and the Greek letter.
_PREFIXES = {"": 1.0, "f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "\u00b5": 1e-6, "\u03bc": 1e-6, "m": 1e-3}
_PREFIXES |= {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
# One of the base unit, in rad/s or in s.
_FREQUENCIES = {
    "Hz": 2 * math.pi,
    "rad/s": 1.0,
    "J": 1 / HBAR,
    "eV": ELEMENTARY_CHARGE / HBAR,
    "K": BOLTZMANN / HBAR,
}
_TIMES = {"s": 1.0}
# A wavenumber takes no prefix.
_UNPREFIXED = {"cm^-1": 2 * math.pi * SPEED_OF_LIGHT * 100.0}

_BYTES: dict[str, int] = {"B": 1} | {f"{prefix}B": 1000**power for power, prefix in enumerate("kMGTPE", start=1)}
_BYTES |= {f"{prefix}iB": 1024**power for power, prefix in enumerate("KMGTPE", start=1)}

_MEASURE = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(\S.*?)?\s*")


def _table() -> dict[str, tuple[float, Kind]]:
    """Every accepted spelling: its factor to rad/s or s, and which of the two."""
    table: dict[str, tuple[float, Kind]] = {name: (value, "frequency") for name, value in _UNPREFIXED.items()}
    for prefix, power in _PREFIXES.items():
        table |= {prefix + base: (power * factor, "frequency") for base, factor in _FREQUENCIES.items()}
        table |= {prefix + base: (power * factor, "time") for base, factor in _TIMES.items()}
    return table


_UNITS = _table()


def known_units() -> tuple[str, ...]:
    """Units without their prefixes, as an error message lists them."""
    return (*_FREQUENCIES, *_UNPREFIXED, *_TIMES)


def _split(text: str, example: str) -> tuple[float, str]:
    """Split "4 GiB" into its number and its unit; both must be there and the number finite."""
    match = _MEASURE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise SpecError(f"cannot read {text!r} as a number with a unit; write it like {example!r}")
    number, unit = match.groups()
    if unit is None:
        raise SpecError(f"{text!r} has no unit; write it like {example!r}")
    value = float(number)
    if not math.isfinite(value):
        raise SpecError(f"{text!r} is not a finite number; write it like {example!r}")
    return value, unit


def _factor(unit: str) -> tuple[float, Kind]:
    """Factor of a unit to rad/s or s; an unknown unit is refused with the known ones."""
    if unit in _UNITS:
        return _UNITS[unit]
    raise SpecError(
        f"unknown unit {unit!r}{_hint(unit, _UNITS)}; known units are {', '.join(known_units())}, "
        f"with prefixes {', '.join(p for p in _PREFIXES if p)} (cm^-1 takes none)"
    )


def _hint(unit: str, known: Mapping[str, object]) -> str:
    """Nearest spelling of a mistyped unit, case aside ("ghz" means GHz), as words for a message."""
    folded = {name.casefold(): name for name in reversed(list(known))}
    near = get_close_matches(unit.casefold(), folded, n=1, cutoff=0.6)
    return f", did you mean {folded[near[0]]!r}?" if near else ""


def parse(text: str, kind: Kind | None = None) -> float:
    r"""Read a number with a unit: energies and frequencies become rad/s (angular), durations become seconds.

    "5 GHz" is a frequency, so it becomes :math:`2\pi \times 5\times10^9` rad/s; "3e10 rad/s" stays as it is;
    "1 meV" becomes :math:`E/\hbar`, "20 mK" :math:`k_B T/\hbar`; "50 ns" becomes 5e-8 s.

    Args:
        text: the number, then its unit; a space between them may be left out.
        kind: ``"frequency"`` or ``"time"`` where only that makes sense; None takes both.

    Returns:
        The value in rad/s or in s.

    Raises:
        SpecError: no number, no unit, an unknown unit, or a unit of the other kind.
    """
    value, unit = _split(text, "50 ns" if kind == "time" else "5 GHz")
    factor, found = _factor(unit)
    if kind is not None and found != kind:
        wanted = ", ".join(_TIMES if kind == "time" else (*_FREQUENCIES, *_UNPREFIXED))
        raise SpecError(f"{text!r} is a {found}, and a {kind} is needed here; its units are {wanted}")
    return value * factor


def convert(value: float, unit: str, to: str) -> float:
    r"""Convert between units of one kind, with :math:`E = \hbar\omega = h f = k_B T = h c \tilde\nu`.

    Args:
        value: the number in ``unit``.
        unit: e.g. ``"meV"``.
        to: e.g. ``"GHz"``; ``"rad/s"`` for the angular frequency.

    Raises:
        SpecError: an unknown unit, or a time and a frequency mixed.
    """
    (factor, kind), (divisor, other) = _factor(unit), _factor(to)
    if kind != other:
        raise SpecError(f"cannot convert {unit!r} (a {kind}) to {to!r} (a {other})")
    return value * factor / divisor


@dataclass(frozen=True)
class Scale:
    r"""SI values of model units: energies are in :math:`\hbar\omega_0`, times in :math:`1/\omega_0`.

    Args:
        omega0: the angular frequency that the model calls 1, in rad/s; ``Scale(parse("5 GHz"))``.

    Raises:
        SpecError: ``omega0`` is not positive and finite.
    """

    omega0: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.omega0) and self.omega0 > 0):
            raise SpecError(f"omega0 is {self.omega0!r} rad/s; it must be positive and finite")

    def joules(self, energy: float) -> float:
        r"""Energy :math:`\hbar\omega_0 E` in J."""
        return HBAR * self.omega0 * energy

    def seconds(self, time: float) -> float:
        r"""Time :math:`t/\omega_0` in s."""
        return time / self.omega0

    def watts(self, power: float) -> float:
        r"""Power :math:`\hbar\omega_0^2 P` in W."""
        return HBAR * self.omega0**2 * power

    def kelvin(self, temperature: float) -> float:
        r"""Temperature :math:`\hbar\omega_0 T/k_B` in K."""
        return HBAR * self.omega0 * temperature / BOLTZMANN

    def model(self, text: str) -> float:
        r"""A number with a unit in model units: frequencies over :math:`\omega_0`, times multiplied by it.

        Raises:
            SpecError: as `parse`.
        """
        _, unit = _split(text, "5 GHz")
        value, (_, kind) = parse(text), _factor(unit)
        return value / self.omega0 if kind == "frequency" else value * self.omega0


def parse_bytes(text: str) -> int:
    """Read a memory size: "4 GiB" is 4 * 1024^3 bytes, "4 GB" is 4 * 1000^3.

    Raises:
        SpecError: no number, no unit, an unknown unit, or less than one byte.
    """
    value, unit = _split(text, "4 GiB")
    if unit not in _BYTES:
        raise SpecError(f"unknown unit {unit!r}{_hint(unit, _BYTES)}; known units are {', '.join(_BYTES)}")
    size: int = round(value * _BYTES[unit])
    if size < 1:
        raise SpecError(f"{text!r} is no memory at all; give at least 1 B")
    return size


def format_bytes(size: int) -> str:
    """Write a memory size for people: ``format_bytes(4 * 1024**3)`` is "4 GiB"; from 1024 EiB a power of ten.

    Args:
        size: bytes, an integer of any length (4^N for a density matrix of N cells leaves a float's range).

    Raises:
        SpecError: a negative size.
    """
    if size < 0:
        raise SpecError(f"a size of {size} bytes is negative")
    if size >= 1024**7:
        return f"about 10^{math.floor(math.log10(size))} B"
    power = max(0, (int(size).bit_length() - 1) // 10)
    return f"{float(f'{size / 1024**power:.4g}'):g} {('B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB')[power]}"


def format_seconds(time: float) -> str:
    """Write an estimated time for people, with one or two digits: "3 ms", "12 s", "4 min", "2 h", "5 days".

    Args:
        time: seconds, not negative.

    Raises:
        SpecError: a negative time or NaN.
    """
    if not time >= 0:
        raise SpecError(f"a time of {time} s is negative or not a number")
    if not math.isfinite(time):
        return "for ever"
    for limit, unit, name in ((1e-3, 1e-6, "us"), (1.0, 1e-3, "ms"), (120.0, 1.0, "s"), (7200.0, 60.0, "min")):
        if time < limit:
            return f"{float(f'{time / unit:.2g}'):g} {name}"
    if time < 2 * 86400:
        return f"{float(f'{time / 3600:.2g}'):g} h"
    days = time / 86400
    return f"{float(f'{days:.2g}'):g} days" if days < 1e4 else f"about 10^{math.floor(math.log10(days / 365.25))} years"
