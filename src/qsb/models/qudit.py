r"""`qudit`: cells with a spectrum of their own choice, driven, coupled, or flipped all at once.

.. math::

    H_B &= \sum_i\sum_k e_k\,|k\rangle\langle k|_i \\
    V &= \lambda\sum_i (L_i + L_i^\dagger) + J\,\nu\sum_{(i,j)}(L_i L_j^\dagger + L_i^\dagger L_j)
         + g\,\Big(\prod_i |0\rangle\langle d-1|_i + \text{h.c.}\Big)

Levels are counted from 0, the lowest: :math:`|0\rangle` is the first index of a cell (of the spins elsewhere in this
package it is the excited one). L takes a cell down.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsb import checks
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Group, Level, Space
from qsb.algebra.states import Start
from qsb.algebra.terms import Geometry, Global, Local, Normalisation, Pair, Term, Word
from qsb.charging.battery import Battery
from qsb.charging.environment import Channel
from qsb.errors import PlanError, SpecError
from qsb.units import format_bytes

Transitions = Literal["ladder", "all"]
Weights = Literal["uniform", "sqrt", "spin"]
#: geometries that need no matrix of strengths
Bonds = Literal["chain", "ring", "all"]

REFERENCE = "arXiv:1503.05007; arXiv:1612.04991; arXiv:1211.1209"
#: levels of one cell, each a transition of its own
MOST_LEVELS = 64
#: channels of single cells that are written down
MOST_CHANNELS = 2**18


def qudit(
    cells: int,
    *,
    levels: ArrayLike,
    field: float = 0.0,
    exchange: float = 0.0,
    flip: float = 0.0,
    transitions: Transitions = "ladder",
    weights: Weights = "uniform",
    geometry: Bonds = "all",
    normalisation: Normalisation = "none",
    start: Start | None = None,
) -> Battery:
    r"""N cells of any spectrum.

    .. math:: L = \sum_k w_k\,|k\rangle\langle k+1| \quad\text{(ladder)},\qquad
              L = \sum_{j<k}|j\rangle\langle k| \quad\text{(all)}

    hbar = 1; nothing is in a rotating frame. With equidistant levels :math:`e_k = k\omega` and the weights of a spin
    the field turns spins of length (d-1)/2:
    :math:`E = N(d-1)\omega\,\tfrac{4\lambda^2}{\Omega^2}\sin^2\tfrac{\Omega t}{2}`,
    :math:`\Omega^2 = \omega^2 + 4\lambda^2`. With H_B off, the field on all transitions gives each level above the
    lowest the population :math:`\tfrac{4}{d^2}\sin^2\tfrac{d\lambda t}{2}`, and the flip
    :math:`E = N(e_{d-1}-e_0)\sin^2 gt`.

    Args:
        cells: N >= 1.
        levels: :math:`e_0 < e_1 < \dots`, of one cell, ascending; equal neighbours are allowed above the lowest.
        field: lambda, of each cell on its own (parallel charging).
        exchange: J, of pairs of cells.
        flip: g, of the joint flip of all cells between their lowest and highest levels (k = N, Binder et al. 2015).
        transitions: ``ladder``, between neighbouring levels, or ``all``, between any two.
        weights: :math:`w_k` of the ladder: ``uniform`` 1, ``sqrt`` :math:`\sqrt{k+1}` (an oscillator), ``spin``
            :math:`\sqrt{(k+1)(d-1-k)}` (so that :math:`L + L^\dagger = 2J_x`).
        geometry: ``chain``, ``ring`` or ``all`` pairs, of the exchange.
        normalisation: nu; ``none`` 1, ``kac`` 1/N, ``sqrt`` :math:`1/\sqrt N`.
        start: the initial state; the ground state if None.

    Returns:
        A `Battery` with the group ``cells`` of `Level` sites.

    Raises:
        SpecError: naming the argument, its value and what it may be.

    References:
        Binder et al. 2015, arXiv:1503.05007, and Campaioli et al. 2017, arXiv:1612.04991 (parallel and joint
        charging); Alicki and Fannes 2013, arXiv:1211.1209 (copies of a cell of any spectrum). Valid as written: no
        approximation is made. A ket of N cells has :math:`d^N` amplitudes.
    """
    n, e = checks.whole("cells", cells, 1), _spectrum(levels)
    lam, j, g = checks.number("field", field), checks.number("exchange", exchange), checks.number("flip", flip)
    steps = _lowering(len(e), checks.one_of("transitions", transitions, get_args(Transitions)), weights)
    bonds: Geometry = checks.one_of("geometry", geometry, get_args(Bonds))  # type: ignore[assignment]
    checks.one_of("normalisation", normalisation, get_args(Normalisation))
    terms: list[Term] = []
    if lam:
        terms += [Local(op, lam * w) for down, up, w in steps for op in (down, up)]
    if j and n > 1:
        # over unordered pairs i < j: L_i L_j^+ and its adjoint L_i^+ L_j
        for down, _, w in steps:
            for _, up, v in steps:
                terms += [Pair(a, b, j * w * v, bonds, None, normalisation) for a, b in ((down, up), (up, down))]
    if g:
        top = len(e) - 1
        terms += [Global(f"0|{top}", g), Global(f"{top}|0", g)]
    return Battery(
        Space((Group("cells", Level(len(e)), n),)),
        OpSum(tuple(Local(f"{k}|{k}", float(v)) for k, v in enumerate(e) if v != 0)),
        OpSum(tuple(terms)),
        start=Start() if start is None else start,
        name="qudit",
        reference=REFERENCE,
    )


def qudit_decay(cells: int, rates: ArrayLike, *, collective: bool = False) -> tuple[Channel, ...]:
    r"""Decay of cells with levels, :math:`\sum_i\sum_k\gamma_k D[\,|k\rangle\langle k+1|_i]`.

    Each step of the ladder is a jump of its own, so that no coherence passes from one step to the next.

    Args:
        cells: N, of the battery.
        rates: :math:`\gamma_k \ge 0` of the step from level k + 1 to k; d - 1 of them.
        collective: one jump for each step, with the sum over the cells.

    Returns:
        Channels for `qsb.Problem`.

    Raises:
        SpecError: naming the argument and its value.
        PlanError: if the channels are more than are written down.
    """
    n, gamma = checks.whole("cells", cells, 1), checks.row("rates", rates)
    if np.any(gamma < 0):
        raise SpecError(f"rates must not be negative, but they are {rates!r}.")
    alone = 1 if checks.flag("collective", collective) else n
    if alone * len(gamma) > MOST_CHANNELS:
        needed = 1000 * alone * len(gamma)
        raise PlanError(
            f"{n} cells with {len(gamma)} rates are {alone * len(gamma)} channels, about {format_bytes(needed)}; take "
            f"{MOST_CHANNELS} channels at most, or collective = True.",
            needed,
        )
    out = []
    for k, rate in enumerate(gamma):
        op = f"{k}|{k + 1}"
        jumps: Sequence[Term] = [Local(op)] if collective else [Word(1.0, ((i, op),)) for i in range(n)]
        out += [Channel("custom", float(rate), operator=OpSum((t,))) for t in jumps if rate > 0]
    return tuple(out)


def _spectrum(levels: ArrayLike) -> NDArray[np.float64]:
    e = checks.row("levels", levels, least=2)
    if np.any(np.diff(e) < 0) or e[1] == e[0]:
        raise SpecError(f"levels must ascend from one lowest level, but they are {levels!r}.")
    if len(e) > MOST_LEVELS:
        raise SpecError(f"A cell may have {MOST_LEVELS} levels at most, but {len(e)} were given.")
    return e


def _lowering(d: int, transitions: str, weights: str) -> list[tuple[str, str, float]]:
    """(|j><k|, |k><j|, weight) of every step j < k of the operator L."""
    checks.one_of("weights", weights, get_args(Weights))
    if transitions == "all":
        if weights != "uniform":
            raise SpecError(f"weights = {weights!r} belong to the ladder; transitions between all levels are uniform.")
        return [(f"{j}|{k}", f"{k}|{j}", 1.0) for j in range(d) for k in range(j + 1, d)]
    k = np.arange(d - 1.0)
    w = {"uniform": np.ones(d - 1), "sqrt": np.sqrt(k + 1), "spin": np.sqrt((k + 1) * (d - 1 - k))}[weights]
    return [(f"{i}|{i + 1}", f"{i + 1}|{i}", float(v)) for i, v in enumerate(w)]


__all__ = ["qudit", "qudit_decay"]
