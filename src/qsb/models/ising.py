r"""`ising`: the interacting storage model, and what its spectrum says about storing energy.

.. math:: H_B = -J\sum_{(i,j)} w_{ij}\,\sigma^z_i\sigma^z_j - h\sum_i\sigma^x_i - g\sum_i\sigma^z_i

For the open chain with g = 0 a Jordan-Wigner transformation turns :math:`H_B` into N free modes: every level is one of
:math:`\sum_k \pm s_k`, with :math:`s_k` the singular values of the N x N matrix with h on the diagonal and J above it.
`spectrum`, `gap` and `quench` use that, so they know thousands of cells.

Sources: P. Pfeuty 1970, doi:10.1016/0003-4916(70)90270-8 (the modes); doi:10.20944/preprints202508.2028.v2, eq. (9)
(the storage model).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsb import checks
from qsb.algebra.fermion import lowest_levels
from qsb.algebra.jordan_wigner import quadratic_form
from qsb.algebra.majorana_modes import mode_energies
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.states import Start
from qsb.algebra.terms import Geometry, Local, Normalisation, Pair
from qsb.charging.battery import Battery
from qsb.errors import SpecError, StructureError

Axis = Literal["x", "y", "z"]

#: `spectrum` without `levels` returns 2^N numbers up to this N (8 MiB)
ALL_LEVELS = 20
#: below this part of the largest mode the smallest one is taken from the determinant, where it keeps its digits
_SMALL_MODE = 1e-3


def ising(
    cells: int,
    *,
    exchange: float = 1.0,
    transverse: ArrayLike = 0.1,
    longitudinal: ArrayLike = 0.0,
    geometry: Geometry = "chain",
    exponent: float | None = None,
    normalisation: Normalisation = "none",
    field: ArrayLike = 0.0,
    axis: Axis = "x",
    start: Start | None = None,
) -> Battery:
    r"""The transverse-field Ising battery, charged by a field along one axis.

    .. math:: H_B = -J\sum_{(i,j)}\nu w_{ij}\sigma^z_i\sigma^z_j - h\sum_i\sigma^x_i - g\sum_i\sigma^z_i,\qquad
              V = \sum_i \lambda_i\sigma^a_i

    J > 0 is ferromagnetic. Note the signs: h, g lower the energy of +x and +z, unlike `ensemble`'s frequency. Here up
    is not an excited cell: both ordered states are low.

    For J >> h the two lowest levels differ by about :math:`2h^N(1-h^2)` (in units of J): the ground state of H_B is a
    superposition of all up and all down, and numerically degenerate from some N on (the solver then asks for a start).
    Name the start: ``Start("up")`` for an ordered state, ``Start("product", bloch=(1, 0, 0))`` for a field quench.

    Args:
        cells: N >= 1.
        exchange: J, one number.
        transverse: h; one number or one a cell.
        longitudinal: g; one number or one a cell; it makes one of the ordered states false, so that it stores energy.
        geometry: ``chain`` (the paper's, open), ``ring``, ``all`` or ``power-law``.
        exponent: of a power law.
        normalisation: nu; ``none`` 1, ``kac`` 1/N, ``sqrt`` 1/sqrt N.
        field: :math:`\lambda_i` of the charger; one number or one a cell.
        axis: a, along which the charger acts: ``x``, ``y`` or ``z``.
        start: the initial state; the ground state of H_B if None.

    Raises:
        SpecError: naming the argument, its value and what it may be.

    References:
        doi:10.20944/preprints202508.2028.v2, eq. (9); charging of Ising chains: arXiv:1905.12377.
    """
    count = _count(cells)
    for name, word, known in (
        ("geometry", geometry, tuple(g for g in get_args(Geometry) if g != "explicit")),
        ("normalisation", normalisation, get_args(Normalisation)),
        ("axis", axis, get_args(Axis)),
    ):
        if not isinstance(word, str) or word not in known:
            raise SpecError(f"{name} must be one of {', '.join(known)}, but it is {word!r}.")
    power = None if exponent is None else _number("exponent", exponent)
    bonds = Pair("z", "z", -_number("exchange", exchange), geometry, power, normalisation)
    h, g, drive = (
        _cellwise(name, value, count)
        for name, value in (("transverse", transverse), ("longitudinal", longitudinal), ("field", field))
    )
    return Battery(
        Space.spins(count),
        OpSum((bonds, Local("x", -h), Local("z", -g))),
        OpSum((Local(axis, drive),)),
        start=Start() if start is None else start,
        name="ising",
        reference="doi:10.20944/preprints202508.2028.v2",
    )


def modes(cells: int, exchange: float = 1.0, transverse: float = 0.1) -> NDArray[np.float64]:
    r"""Half the excitation energies :math:`s_k`, ascending, (N,), of the open chain with g = 0.

    Singular values of h on the diagonal and J above it, by `qsb.algebra.majorana_modes`. Absolute error a few 1e-16
    (|J| + |h|): an exponentially small mode comes from `gap`.

    Raises:
        SpecError: cells or a number that is impossible.
    """
    n, j, h = _count(cells), abs(_number("exchange", exchange)), abs(_number("transverse", transverse))
    meter = OpSum((Pair("z", "z", -j), Local("x", -h)))
    return mode_energies(quadratic_form(meter, Space.spins(n), axis="x")) / 2


def ground_energy(cells: int, exchange: float = 1.0, transverse: float = 0.1) -> float:
    r"""Lowest energy of the open chain with g = 0, :math:`E_0 = -\sum_k s_k`.

    Raises:
        SpecError: as `modes`.
    """
    return -float(math.fsum(modes(cells, exchange, transverse)))


def spectrum(
    cells: int, exchange: float = 1.0, transverse: float = 0.1, *, levels: int | None = None
) -> NDArray[np.float64]:
    r"""Exact many-body levels of the open chain with g = 0, ascending: the sums :math:`\sum_k\pm s_k`.

    Both parities occur for open ends, so all :math:`2^N` sums are levels.

    Args:
        cells: N; up to 20 if all levels are wanted.
        exchange: J.
        transverse: h.
        levels: how many of the lowest; all :math:`2^N` if None.

    Returns:
        (levels,) energies; absolute error about N 1e-16 (|J| + |h|), so take a small splitting from `gap`.

    Raises:
        SpecError: too many levels for memory, or as `modes`.
    """
    n = _count(cells)
    if levels is None:
        if n > ALL_LEVELS:
            raise SpecError(
                f"All levels of {n} cells are 2^{n} numbers; give levels, e.g. levels=100, for the lowest ones."
            )
        wanted = 1 << n
    else:
        wanted = _count(levels, "levels")
        if wanted > 1 << ALL_LEVELS:
            raise SpecError(f"levels is {wanted}; at most {1 << ALL_LEVELS} levels are computed.")
        wanted = min(wanted, 1 << min(n, ALL_LEVELS))
    return lowest_levels(2 * modes(n, exchange, transverse), wanted)


@dataclass(frozen=True)
class Gap:
    r"""The two lowest excitations of the open chain with g = 0.

    Attributes:
        splitting: :math:`E_1 - E_0 = 2 s_1`; 0.0 where it is below the range of floats (see `log_splitting`). In the
            ordered phase (h < J) it is the splitting of the doublet, about :math:`2h^N(1-h^2)` at J = 1.
        log_splitting: its natural logarithm; -inf at h = 0, where the doublet is degenerate.
        above: from the lowest level to the first one above the doublet, :math:`E_2 - E_0 = 2 s_2`; nan for one cell.
        ordered: whether |h| < |J|, so that the two lowest levels are a doublet.
    """

    splitting: float
    log_splitting: float
    above: float
    ordered: bool


def gap(cells: int, exchange: float = 1.0, transverse: float = 0.1) -> Gap:
    r"""Doublet splitting and the gap above it, for thousands of cells.

    The determinant of the mode matrix is :math:`\prod_k s_k = h^N`, so
    :math:`\ln s_1 = N\ln h - \sum_{k>1}\ln s_k` gives an exponentially small :math:`s_1` without cancellation.

    Accuracy: `above` absolutely to a few 1e-16 (|J| + |h|); `log_splitting` absolutely to about 1e-15 N (so `splitting`
    relatively to the same), however small the splitting is.

    Raises:
        SpecError: as `modes`.
    """
    n, j, h = _count(cells), abs(_number("exchange", exchange)), abs(_number("transverse", transverse))
    s = modes(n, j, h)
    if h == 0.0 and (n == 1 or j == 0.0 or s[0] <= _SMALL_MODE * s[-1]):
        log_mode = -math.inf
    elif n == 1 or s[0] > _SMALL_MODE * s[-1]:
        log_mode = math.log(s[0])
    else:
        # Logarithms of ratios to h keep the sum small, so that N ln h costs no digits.
        log_mode = math.log(h) - math.fsum(np.log(s[1:] / h))
    splitting = 2 * math.exp(log_mode) if log_mode > -745 else 0.0
    above = float(2 * s[1]) if n > 1 else math.nan
    return Gap(splitting, log_mode + math.log(2), above, h < j)


@dataclass(frozen=True)
class Quench:
    """Energy of a product state under the chain's Hamiltonian.

    Attributes:
        energy: tr[H_B rho].
        above_ground: energy minus the lowest level; of a pure state it is the ergotropy.
        variance: tr[H_B^2 rho] - energy^2.
    """

    energy: float
    above_ground: float
    variance: float


def quench(
    cells: int, exchange: float = 1.0, transverse: float = 0.1, *, bloch: Sequence[float] = (1.0, 0.0, 0.0)
) -> Quench:
    r"""Energy and its variance after a sudden change to :math:`H_B`, from cells that all have one Bloch vector r.

    The default :math:`|+\rangle^{\otimes N}` is the ground state in a strong transverse field, switched off to h.
    With B = N - 1 bonds,

    .. math::
        \langle H_B\rangle &= -J B r_z^2 - h N r_x \\
        \mathrm{Var} H_B &= J^2[B(1-r_z^4) + 2(N-2)r_z^2(1-r_z^2)] + h^2 N(1-r_x^2) - 4JhB\,r_z^2 r_x

    (the last term is the covariance of the bonds and the field; the bracket's second part counts neighbouring bonds).

    Args:
        cells: N of the open chain, g = 0.
        exchange: J.
        transverse: h after the quench.
        bloch: r, |r| <= 1; a mixed product state where it is shorter.

    Raises:
        SpecError: a Bloch vector longer than 1, or as `modes`.
    """
    n, j, h = _count(cells), _number("exchange", exchange), _number("transverse", transverse)
    r = _real("bloch", bloch)
    if r.shape != (3,) or np.linalg.norm(r) > 1 + 1e-12:
        raise SpecError(f"bloch must be three numbers of length at most 1, but it is {bloch!r}.")
    x, z2 = float(r[0]), float(r[2] ** 2)
    bonds = n - 1
    energy = -j * bonds * z2 - h * n * x
    variance = (
        j**2 * (bonds * (1 - z2**2) + 2 * max(n - 2, 0) * z2 * (1 - z2))
        + h**2 * n * (1 - x**2)
        - 4 * j * h * bonds * z2 * x
    )
    return Quench(energy, energy - ground_energy(n, j, h), variance)


@dataclass(frozen=True)
class Metastability:
    r"""What protects an ordered state of the open chain, and whether it stores energy.

    Attributes:
        wall: energy of one domain wall at h = 0, 2J.
        wall_band: lowest energy of a wall that moves, :math:`2(J-h)`: the exact gap above the doublet as N grows.
        bulk_flip: cost at h = 0 of flipping cells inside the chain, 4J (two walls), for any number of cells at g = 0.
        edge_flip: cost at h = 0 of flipping cells from an end, 2J (one wall): the lowest way to the other order.
        splitting: exact splitting of the doublet at g = 0 (see `gap`).
        stored_energy: energy of the false order above the true one at h = 0, :math:`2|g|N`; zero at g = 0.
        bulk_barrier: highest energy on the way at h = 0 through a droplet in the bulk, :math:`4J-2|g|`, at least 0.
        edge_barrier: the same from an end, :math:`2J-2|g|`, at least 0: the lowest barrier.
        bulk_droplet: cells of the smallest bulk droplet with less energy than the false order, the least integer above
            :math:`2J/|g|`; None at g = 0 or where it does not fit between the ends.
        edge_droplet: the same at an end, above :math:`J/|g|`; None at g = 0 or where it exceeds the chain.
        metastable: whether the false order stores energy behind a barrier, 0 < |g| < J.
        statement: the conclusion in words.
    """

    wall: float
    wall_band: float
    bulk_flip: float
    edge_flip: float
    splitting: float
    stored_energy: float
    bulk_barrier: float
    edge_barrier: float
    bulk_droplet: int | None
    edge_droplet: int | None
    metastable: bool
    statement: str


def metastability(
    cells: int, exchange: float = 1.0, transverse: float = 0.1, longitudinal: float = 0.0
) -> Metastability:
    r"""The barrier of the open chain in its ordered phase, J > |h|.

    A run of l cells of the other order costs one wall (2J) for each end of it inside the chain, and gains
    :math:`2|g|l`: :math:`4J-2|g|l` in the bulk, :math:`2J-2|g|l` at an end. In one dimension the walls cost the same at
    every l, so the barrier is paid with the first cell; with g = 0 it is 2J whatever N is: no barrier grows with the
    battery, and no order survives at a temperature above zero.

    Validity: all droplet numbers are the classical ones, leading order in h (|h| << J); `wall_band` and `splitting` are
    exact in h at g = 0. No decay rate is given; on the lattice, bubbles need not grow once they are there
    (arXiv:2105.00014). Local noise adds or removes walls, so the barriers protect against a bath colder than them only.

    Raises:
        SpecError: fewer than two cells, or a number that is impossible.
        StructureError: not in the ordered phase.
    """
    n = _count(cells)
    j, h = _number("exchange", exchange), abs(_number("transverse", transverse))
    g = abs(_number("longitudinal", longitudinal))
    if n < 2:
        raise SpecError("cells must be at least 2: a single cell has no domain walls.")
    if j <= h:
        raise StructureError(
            f"The chain is ordered only for J > |h|, but J = {j:g} and |h| = {h:g}: there is no barrier."
        )
    bulk = math.floor(2 * j / g) + 1 if g else None
    edge = math.floor(j / g) + 1 if g else None
    metastable = 0 < g < j
    if g == 0:
        statement = (
            "The two ordered states have the same energy up to the splitting: the doublet stores no energy. Its "
            f"barrier is one domain wall, {2 * j:g}, whatever the number of cells."
        )
    elif metastable:
        statement = (
            f"The false order stores {2 * g * n:g}; it is left over a barrier of {2 * j - 2 * g:g} (one wall from an "
            "end), which does not grow with the number of cells."
        )
    else:
        statement = (
            f"At |g| >= J the false order has no barrier at the ends of the chain: it stores {2 * g * n:g} unprotected."
        )
    return Metastability(
        wall=2 * j,
        wall_band=2 * (j - h),
        bulk_flip=4 * j,
        edge_flip=2 * j,
        splitting=gap(n, j, h).splitting,
        stored_energy=2 * g * n,
        bulk_barrier=max(4 * j - 2 * g, 0.0),
        edge_barrier=max(2 * j - 2 * g, 0.0),
        bulk_droplet=bulk if bulk is not None and bulk <= n - 2 else None,
        edge_droplet=edge if edge is not None and edge <= n else None,
        metastable=metastable,
        statement=statement,
    )


def _count(value: object, name: str = "cells") -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < 1:
        raise SpecError(f"{name} must be a positive whole number, but it is {value!r}.")
    return int(value)


def _real(name: str, value: ArrayLike) -> NDArray[np.float64]:
    return checks.numbers(name, value)


def _number(name: str, value: ArrayLike) -> float:
    a = _real(name, value)
    if a.ndim:
        raise SpecError(f"{name} must be one number, but it is {value!r}.")
    return float(a)


def _cellwise(name: str, value: ArrayLike, count: int) -> float | NDArray[np.float64]:
    a = _real(name, value)
    if a.ndim and a.shape != (count,):
        raise SpecError(f"{name} must be one number or {count} values (one a cell), but its shape is {a.shape}.")
    return float(a) if a.ndim == 0 else a


__all__ = [
    "Gap",
    "Metastability",
    "Quench",
    "gap",
    "ground_energy",
    "ising",
    "metastability",
    "modes",
    "quench",
    "spectrum",
]
