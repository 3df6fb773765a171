r"""`ensemble`: driven two-level cells with any couplings between them, and the global flip.

.. math::

    H_B &= \sum_i \frac{\omega_i}{2}\sigma^z_i + \sum_i \epsilon_i \sigma^x_i + \text{couplings with role "battery"} \\
    V &= \sum_i \lambda_i \sigma^x_i + \text{couplings with role "charger"} + g \prod_i \sigma^x_i

This one family holds parallel charging (a field), nearest-neighbour and all-to-all chargers, and the N-body flip.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from numbers import Integral
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsb import checks
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Role, Space
from qsb.algebra.states import Start
from qsb.algebra.terms import Geometry, Global, Local, Normalisation, Pair, Term
from qsb.charging.battery import Battery
from qsb.errors import SpecError

REFERENCE = "arXiv:1503.05007; arXiv:1712.03559; doi:10.20944/preprints202508.2028.v2"

FlipNormalisation = Literal["none", "extensive"]

#: Hermitian pairs of ladder operators as Pauli pairs: s+ s- + h.c. = (xx + yy)/2 and s+ s+ + h.c. = (xx - yy)/2
_LADDERS = {"+-": (0.5, 0.5), "-+": (0.5, 0.5), "++": (0.5, -0.5), "--": (0.5, -0.5)}


@dataclass(frozen=True, eq=False)
class Coupling:
    r"""One sum over pairs of cells, :math:`\nu\sum_{(i,j)} w_{ij}\, a_i b_j`.

    Attributes:
        axes: two of ``x``, ``y``, ``z``, the first for the bond's first cell; or ``+-``, meaning
            :math:`\sigma^+_i\sigma^-_j + \text{h.c.} = (xx + yy)/2`, and ``++``, meaning
            :math:`\sigma^+_i\sigma^+_j + \text{h.c.} = (xx - yy)/2` (the adjoint is always included).
        strength: w; a number, one value a bond (chain, ring), or a matrix (explicit).
        geometry: ``chain`` (N - 1 bonds), ``ring`` (N bonds), ``all`` (N(N - 1)/2), ``power-law``
            (:math:`|i-j|^{-\alpha}`, open ends) or ``explicit``.
        exponent: :math:`\alpha` of a power law.
        normalisation: nu; ``none`` 1, ``kac`` 1/N, ``sqrt`` :math:`1/\sqrt N`.
        role: ``charger`` (part of V) or ``battery`` (part of H_B, so that it stores energy).
    """

    axes: str = "xx"
    strength: ArrayLike = 1.0
    geometry: Geometry = "chain"
    exponent: float | None = None
    normalisation: Normalisation = "none"
    role: Role = "charger"

    def __post_init__(self) -> None:
        """Refuse unknown words and numbers that are none."""
        known = isinstance(self.axes, str) and (
            self.axes in _LADDERS or (len(self.axes) == 2 and set(self.axes) <= set("xyz"))
        )
        if not known:
            raise SpecError(
                f"axes must be two of x, y, z, or '+-' or '++' (each with its adjoint), but it is {self.axes!r}; a "
                "single "
                "ladder product is not Hermitian: write an exchange as xx + yy."
            )
        checks.one_of("geometry", self.geometry, get_args(Geometry))
        checks.one_of("normalisation", self.normalisation, get_args(Normalisation))
        checks.one_of("role", self.role, get_args(Role))
        _real("strength", self.strength)
        if self.exponent is not None:
            _number("exponent", self.exponent)
        self.terms()

    def terms(self) -> tuple[Term, ...]:
        """The pair terms, Hermitian together."""
        pairs = [(self.axes[0], self.axes[1], 1.0)]
        if self.axes in _LADDERS:
            pairs = [(a, a, c) for a, c in zip("xy", _LADDERS[self.axes], strict=True)]
        w = _real("strength", self.strength)
        return tuple(Pair(a, b, _plain(w * c), self.geometry, self.exponent, self.normalisation) for a, b, c in pairs)


def ensemble(
    cells: int,
    *,
    frequency: ArrayLike = 1.0,
    tilt: ArrayLike = 0.0,
    field: ArrayLike = 0.0,
    flip: float = 0.0,
    flip_normalisation: FlipNormalisation = "none",
    coupling: Coupling | Mapping[str, Any] | Sequence[Coupling | Mapping[str, Any]] = (),
    start: Start | None = None,
) -> Battery:
    r"""Driven two-level cells.

    .. math:: H_B = \sum_i \tfrac{\omega_i}{2}\sigma^z_i + \epsilon_i\sigma^x_i + \dots,\qquad
              V = \sum_i \lambda_i\sigma^x_i + \dots + g\prod_i\sigma^x_i

    hbar = 1; index 0 is up, the excited state, and cell 0 is the most significant bit. There is no factor 1/2 in the
    field: a cell's Rabi frequency is :math:`\sqrt{\omega^2 + 4\lambda^2}`. The drive is not in a rotating frame; an
    envelope that oscillates keeps both rotating terms. With a tilt the ground state is not all down.

    "Collective" chargers are comparable with a field only at a stated equal resource: :math:`\|V\|` of the global flip
    is g, of the field :math:`\sum_i|\lambda_i|`; ``flip_normalisation = "extensive"`` makes it N g.

    Args:
        cells: N >= 1; a million uniform cells cost no more than one.
        frequency: :math:`\omega_i`, the gaps; one number or one a cell. Zero makes the ground state of H_B degenerate,
            so then name a start.
        tilt: :math:`\epsilon_i`, a static transverse field that belongs to the battery; one number or one a cell.
        field: :math:`\lambda_i` of the charger; one number or one a cell.
        flip: g, strength of the N-body flip of Binder et al.
        flip_normalisation: ``none`` g, or ``extensive`` N g: as strong as a field of the same number.
        coupling: `Coupling` objects or mappings with their fields, any number of them.
        start: the initial state; the ground state of H_B if None.

    Returns:
        A `Battery` on ``Space.spins(cells)``.

    Raises:
        SpecError: naming the argument, its value and what it may be.

    References:
        Binder et al. 2015, arXiv:1503.05007 (parallel and global charging); Le et al. 2018, arXiv:1712.03559 (spin
        chains); doi:10.20944/preprints202508.2028.v2, section 14A (the driven ensemble).
    """
    count = _count(cells)
    lists = {
        name: _cellwise(name, value, count)
        for name, value in (("frequency", frequency), ("tilt", tilt), ("field", field))
    }
    battery: list[Term] = [Local("z", lists["frequency"] / 2), Local("x", lists["tilt"])]
    charger: list[Term] = [Local("x", lists["field"])]
    space = Space.spins(count)
    given = [coupling] if isinstance(coupling, Coupling | Mapping) else coupling
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise SpecError(f"coupling must be a list of couplings, but it is {coupling!r}.")
    for i, entry in enumerate(given):
        made = _coupling(i, entry, space)
        (battery if made.role == "battery" else charger).extend(made.terms())
    checks.one_of("flip_normalisation", flip_normalisation, get_args(FlipNormalisation))
    charger.append(Global("x", _number("flip", flip) * (count if flip_normalisation == "extensive" else 1)))
    return Battery(
        space,
        OpSum(tuple(battery)),
        OpSum(tuple(charger)),
        start=Start() if start is None else start,
        name="ensemble",
        reference=REFERENCE,
    )


def _coupling(index: int, entry: Coupling | Mapping[str, Any], space: Space) -> Coupling:
    """A checked coupling; every error begins with ``coupling.<index>``."""
    known = [f.name for f in fields(Coupling)]
    if isinstance(entry, Mapping):
        for key in entry:
            if key not in known:
                raise SpecError(f"coupling.{index}.{key}: unknown key{_near(key, known)}; keys are {', '.join(known)}.")
    elif not isinstance(entry, Coupling):
        raise SpecError(f"coupling.{index} must be a mapping or a Coupling, but it is {entry!r}.")
    try:
        made = entry if isinstance(entry, Coupling) else Coupling(**entry)
        if np.ndim(made.strength) > 0:
            # A list must fit its bonds; a number fits any, and expanding its bonds could take 10^12 entries.
            for term in made.terms():
                if isinstance(term, Pair):
                    term.bonds(space)
    except SpecError as error:
        raise SpecError(f"coupling.{index}: {error}") from error
    return made


def _count(cells: object) -> int:
    if isinstance(cells, bool) or not isinstance(cells, Integral) or int(cells) < 1:
        raise SpecError(f"cells must be a positive whole number, but it is {cells!r}.")
    return int(cells)


def _real(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """A finite real array of any shape."""
    return checks.numbers(name, value)


def _plain(a: NDArray[np.float64]) -> float | NDArray[np.float64]:
    """A float for a single number, so that terms compare and print simply."""
    return float(a) if a.ndim == 0 else a


def _number(name: str, value: ArrayLike) -> float:
    a = _real(name, value)
    if a.ndim:
        raise SpecError(f"{name} must be one number, but it is {value!r}.")
    return float(a)


def _cellwise(name: str, value: ArrayLike, count: int) -> float | NDArray[np.float64]:
    a = _real(name, value)
    if a.ndim and a.shape != (count,):
        shape = f"{len(a)} values" if a.ndim == 1 else f"an array of shape {a.shape}"
        raise SpecError(f"{name} must be one number or {count} values (one a cell), but it has {shape}.")
    return _plain(a)


def _near(word: object, known: Sequence[str]) -> str:
    near = get_close_matches(str(word), known, n=1, cutoff=0.5)
    return f", did you mean {near[0]!r}?" if near else ""


__all__ = ["Coupling", "ensemble"]
