r"""Batteries that a stream of qubits charges, one after another: the collision model and the micromaser.

.. math::

    H_B = \omega_0\sum_n n\,|n\rangle\langle n|,\qquad V = g\,(A\,\sigma^+ + A^\dagger\sigma^-),\qquad
    \rho_C = \begin{pmatrix}1-q & c\sqrt{q(1-q)}\\ c\sqrt{q(1-q)} & q\end{pmatrix}

A qubit in the state :math:`\rho_C` (its upper level first) meets the battery for a time :math:`\tau` and leaves; then
the next one comes. The swap angle is :math:`\theta = g\tau`. The models are written in the rotating frame of qubits in
resonance with the battery, in which all arrive with the same phase: run them with `qsb.charging.protocol.collisions`,
or in a spec with a stage that has ``collisions`` and ``battery = false``. Save times at whole numbers of
:math:`\tau` are those after each collision.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Boson, Group, Level, Space, Spin
from qsb.algebra.states import Start, begun
from qsb.algebra.terms import Cross, Local
from qsb.charging.battery import Battery
from qsb.errors import PlanError, SpecError
from qsb.units import format_bytes

#: most levels of a battery: the joint unitary with a qubit, and what its diagonalisation takes, are 2.5 GiB then
MOST_LEVELS = 2048


def collision(
    levels: int,
    *,
    coupling: float,
    ground: float = 0.0,
    coherence: float = 0.0,
    frequency: float = 1.0,
    filled: int = 0,
    start: Start | None = None,
) -> Battery:
    r"""A ladder of equal steps that qubits climb and descend, :math:`A = \sum_n|n-1\rangle\langle n|`.

    Without coherence the battery walks at random: far from both ends the mean rises by
    :math:`(1-2q)\sin^2\theta` a collision and the variance by
    :math:`\sin^2\theta-(1-2q)^2\sin^4\theta`. Coherent qubits are faster. The ladder's ends are part of the model.

    Args:
        levels: of the ladder, >= 2.
        coupling: g; with collisions of unit duration it is the swap angle :math:`\theta`.
        ground: q in [0, 1], the population of a qubit's lower level.
        coherence: c in [0, 1], as a share of the largest that q allows.
        frequency: :math:`\omega_0 > 0`.
        filled: the level that is filled at the start.
        start: None or ``ground`` for that level, or ``thermal`` for the ladder's Gibbs state.

    Returns:
        A `Battery` with the groups ``ladder`` and ``unit``.

    Raises:
        SpecError: naming the argument, its value and what it may be.

    References:
        Seah et al. 2021, arXiv:2105.01863.
    """
    size = _fitting("levels", checks.whole("levels", levels, 2))
    g = checks.number("coupling", coupling)
    steps = [Cross(f"{n - 1}|{n}", "ladder", "+", "unit", g) for n in range(1, size)]
    steps += [Cross(f"{n}|{n - 1}", "ladder", "-", "unit", g) for n in range(1, size)]
    w = checks.number("frequency", frequency, positive=True)
    meter = OpSum(tuple(Local(f"{n}|{n}", w * n, "ladder") for n in range(1, size)))
    space = Space((Group("ladder", Level(size), 1, "battery"), Group("unit", Spin(), 1, "charger")))
    begin = _start(_ladder(size, filled, w, start), ground, coherence)
    return Battery(space, meter, OpSum(tuple(steps)), start=begin, name="collision", reference="arXiv:2105.01863")


def micromaser(
    cutoff: int,
    *,
    coupling: float,
    ground: float = 0.0,
    coherence: float = 1.0,
    frequency: float = 1.0,
    filled: int = 0,
    start: Start | None = None,
) -> Battery:
    r"""An oscillator in the place of the ladder, :math:`A = a`: a cavity that a beam of atoms charges.

    The coupling of n quanta to an atom is :math:`g\sqrt n`; where :math:`g\tau\sqrt n` is a multiple of
    :math:`\pi` nothing climbs further (a trapping state). Coherent atoms fill the mode with a nearly pure state that
    hardly moves for a long time although there is no cut in the model: the state is metastable.

    Args:
        cutoff: the highest Fock state that is kept; a run measures the population of the highest ones after every
            collision and refuses a result that they spoil.
        coupling: g; with collisions of unit duration it is the angle :math:`\theta = g\tau`.
        ground: q in [0, 1], the population of an atom's lower level.
        coherence: c in [0, 1], as a share of the largest that q allows.
        frequency: :math:`\omega_0 > 0`.
        filled: number of quanta at the start.
        start: None or ``ground`` for that Fock state, or ``thermal`` for the mode's Gibbs state.

    Returns:
        A `Battery` with the groups ``mode`` and ``unit``.

    Raises:
        SpecError: naming the argument, its value and what it may be.

    References:
        Shaghaghi et al. 2022, arXiv:2204.09995.
    """
    most = _fitting("cutoff", checks.whole("cutoff", cutoff, 1) + 1) - 1
    g = checks.number("coupling", coupling)
    v = OpSum((Cross("a", "mode", "+", "unit", g), Cross("a+", "mode", "-", "unit", g)))
    space = Space((Group("mode", Boson(most), 1, "battery"), Group("unit", Spin(), 1, "charger")))
    w = checks.number("frequency", frequency, positive=True)
    begin = _start(_ladder(most + 1, filled, w, start), ground, coherence)
    return Battery(
        space, OpSum((Local("n", w, "mode"),)), v, start=begin, name="micromaser", reference="arXiv:2204.09995"
    )


def _fitting(name: str, levels: int) -> int:
    """Refuse a battery whose joint unitary with a qubit no memory holds, before its terms are written down."""
    if levels > MOST_LEVELS:
        needed = 16 * (2 * levels) ** 2 * 10
        raise PlanError(
            f"A battery of {levels} levels ({name}) meets each qubit in a joint unitary of {2 * levels} rows, which "
            f"takes {format_bytes(needed)} to make; take at most {MOST_LEVELS} levels.",
            needed,
        )
    return levels


def _ladder(levels: int, filled: int, frequency: float, start: Start | None) -> NDArray[np.float64]:
    """Populations of the battery's levels at the start."""
    n = checks.whole("filled", filled, 0)
    if n >= levels:
        raise SpecError(f"filled must be a level below {levels}, but it is {n}.")
    kind = begun(start).kind
    if kind not in ("ground", "thermal"):
        raise SpecError(f"The battery of collisions starts from 'ground' or 'thermal', but {kind!r} was given.")
    if start is not None and start.charger is not None:
        raise SpecError("The state of the charging units is given by ground and coherence; leave out start.charger.")
    if kind == "ground":
        return np.asarray(np.eye(levels)[n])
    if n:
        raise SpecError(f"Either level {n} is filled or the start is thermal; give one of them.")
    weights = np.exp(-frequency * np.arange(levels) / float(begun(start).temperature or 0.0))
    return np.asarray(weights / weights.sum())


def _start(populations: NDArray[np.float64], ground: float, coherence: float) -> Start:
    """The battery beside one qubit."""
    unit = _unit(_share("ground", ground), _share("coherence", coherence))
    return Start("state", array=np.kron(np.diag(populations), unit))


def _unit(q: float, c: float) -> NDArray[np.float64]:
    """State of a qubit of the stream, upper level first."""
    off = c * np.sqrt(q * (1 - q))
    return np.array([[1 - q, off], [off, q]])


def _share(name: str, value: object) -> float:
    if not 0 <= checks.number(name, value) <= 1:
        raise SpecError(f"{name} must lie between 0 and 1, but it is {value!r}.")
    return checks.number(name, value)


__all__ = ["collision", "micromaser"]
