"""Sectors of a symmetric ket: half of the amplitudes say all where start and Hamiltonians have a reflection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from qsb.algebra.pauli import Layout, PauliSum, Strings
from qsb.dynamics.readouts import PureReadout, read_energy, read_variance
from qsb.dynamics.representation import Array
from qsb.dynamics.series import Value

#: rows of fewer cells gain nothing
FEWEST = 10
#: largest relative difference between a string's coefficient and its mirror image's, or between amplitudes
TOLERANCE = 1e-14

#: readouts of a state that need the whole ket
_WHOLE = frozenset({"spectrum", "populations", "pinched", "marginals", "reduced", "cut"})
#: readouts that need the derivative of the ket
_RATED = frozenset({"populations", "pinched"})


def find(sites: int, operators: Iterable[Strings], start: Array) -> Layout:
    """The smallest layout that holds a start state and is kept by all operators.

    Args:
        sites: number of spins.
        operators: every Hamiltonian, drive and observable, as Pauli strings.
        start: ket of the product basis, (2^N,).
    """
    if sites >= FEWEST and all(_reflects(sites, strings) for strings in operators):
        sign = _parity(sites, start)
        if sign:
            return Layout.reflected(sites, sign)
    return Layout.plain(sites)


def _reverse(sites: int, mask: int) -> int:
    return int(f"{mask:0{sites}b}"[::-1], 2)


def _reflects(sites: int, strings: Strings) -> bool:
    """Whether a sum of strings is its own mirror image."""
    scale = max((abs(c) for c in strings.values()), default=0.0)
    return all(
        abs(c - strings.get((_reverse(sites, x), _reverse(sites, z)), 0.0)) <= TOLERANCE * scale
        for (x, z), c in strings.items()
    )


def _parity(sites: int, psi: Array) -> int:
    """1 or -1 if a ket is even or odd under reflection, 0 if it is neither."""
    image = psi.reshape((2,) * sites).transpose().ravel()
    scale = TOLERANCE * float(np.abs(psi).max())
    for sign in (1, -1):
        if float(np.abs(psi - sign * image).max()) <= scale:
            return sign
    return 0


@dataclass(frozen=True)
class SectorReadout:
    """Readouts of kets in a layout: energies inside it, everything else of the whole ket."""

    layout: Layout
    battery: PauliSum
    charger: PauliSum
    whole: PureReadout

    def observe(self, needs: frozenset[str], x: Array, unitary: Array, dissipative: Array) -> dict[str, Value]:
        """See `Readout`."""
        out: dict[str, Value] = {}
        if needs & {"energy", "power", "variance"}:
            out |= read_energy(self.battery, x, unitary)
        if "charger_variance" in needs:
            out["charger_variance"] = read_variance(self.charger, x)
        rest = needs & _WHOLE
        if rest:
            kets = np.array([self.layout.unfold(v) for v in x])
            rates = np.array([self.layout.unfold(v) for v in unitary]) if rest & _RATED else kets
            out |= self.whole.observe(rest, kets, rates, kets)
        return out

    def statics(self, needs: frozenset[str]) -> dict[str, Any]:
        """See `Readout`."""
        return self.whole.statics(needs)

    def check(self, x: Array) -> dict[str, float]:
        """Deviation of the norm from 1."""
        return self.whole.check(x)
