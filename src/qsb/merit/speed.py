"""Quantum speed limits: the shortest time in which a state can move by a given angle. hbar = 1.

The distance is the Bures angle L = arccos sqrt(F), for kets L = arccos |<a|b>|; orthogonal kets are pi/2 apart.

| limit | holds for | reached by |
|---|---|---|
| `mandelstam_tamm`: t >= L / mean dH | closed, any H(t), pure; mixed with L of Bures | two levels with equal weights |
| `margolus_levitin`: t >= alpha(L) / (mean E) | closed, constant H, pure | two levels, one of them the ground level |
| `unified`: the larger of both | closed, constant H, pure | orthogonal: two levels with equal weights |
| `bures_limit`: t >= L / mean (sqrt(F_Q)/2) | any dynamics | closed evolution that saturates the first |
| `deffner_lutz`: t >= sin^2 L / mean norm of drho/dt | any dynamics, pure start | see there |

Each is a lower bound on time along the path that was taken; none says that the path is the fastest.
"""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from qsb import checks
from qsb.algebra.blocks import Array, RealArray
from qsb.errors import SpecError, StructureError
from qsb.merit.dense import adjoint, density, observable
from qsb.merit.precision import quantum_fisher_rate

__all__ = [
    "bures_angle",
    "bures_limit",
    "deffner_lutz",
    "mandelstam_tamm",
    "margolus_levitin",
    "speed_ratio",
    "time_average",
    "unified",
]

_ROUNDING = 1e-12
#: points of the first search for the smallest time of two levels, and steps of the second
_GRID, _STEPS = 513, 80
#: weights below this are none
_SMALLEST = 1e-30


def bures_angle(one: Any, other: Any) -> Any:
    """Return L = arccos tr sqrt(sqrt(a) b sqrt(a)), in radians between 0 and pi/2; shape of both batches.

    Args:
        one: see `qsb.merit.reading.density`; a ket, or a batch.
        other: the same dimension.
    """
    a, b = density(one), density(other)
    if a.shape[-1] != b.shape[-1]:
        raise SpecError(f"bures_angle: the states have dimensions {a.shape[-1]} and {b.shape[-1]}")
    weights, basis = np.linalg.eigh(a)
    root = np.sqrt(np.maximum(weights, 0.0))[..., None] * adjoint(basis)
    # the singular values of sqrt(a) sqrt(b) sum to the root fidelity, without squaring rounding errors
    other_weights, other_basis = np.linalg.eigh(b)
    other_root = np.sqrt(np.maximum(other_weights, 0.0))[..., None] * adjoint(other_basis)
    fidelity = np.linalg.svd(root @ adjoint(other_root), compute_uv=False).sum(axis=-1)
    return np.arccos(np.clip(fidelity, 0.0, 1.0))[()]


def time_average(times: ArrayLike, values: ArrayLike) -> RealArray:
    """Return (1/t) int_0^t v dt' at every time by trapezoids, and v itself at the first; shape (..., T).

    Args:
        times: increasing, (T,).
        values: (..., T). Give a fine grid: the error of a smooth series falls with the square of the step.
    """
    time, value = checks.reals("times", times), checks.reals("values", values)
    if time.ndim != 1 or time.size == 0 or value.shape[-1:] != time.shape or not (np.diff(time) > 0).all():
        raise SpecError(f"time_average: times {time.shape} must increase and values {value.shape} must be (..., T)")
    steps = (value[..., 1:] + value[..., :-1]) / 2 * np.diff(time)
    total = np.concatenate([np.zeros((*value.shape[:-1], 1)), np.cumsum(steps, axis=-1)], axis=-1)
    gone = time - time[0]
    return np.where(gone > 0, total / np.where(gone > 0, gone, 1.0), value)


def mandelstam_tamm(angle: ArrayLike, std: ArrayLike) -> RealArray:
    """Return L / dH: Mandelstam, Tamm 1945; time-dependent H: Anandan, Aharonov 1990, doi:10.1103/PhysRevLett.65.1697.

    Args:
        angle: L between start and end, shape (...,).
        std: dH, or its time average over the way for a time-dependent H (`time_average`), shape (...,). 0 gives an
            infinite time for L > 0 and 0 for L = 0.
    """
    return _ratio(_angle(angle), _positive("std", std))


def margolus_levitin(angle: ArrayLike, energy: ArrayLike) -> RealArray:
    """Return alpha(L) / E, the tight bound from the mean energy above the ground level of a **constant** H.

    alpha(L) = min over two levels with weights 1 - p, p of 2p arcsin(sin L / (2 sqrt(p(1-p)))): pi/2 for orthogonal
    states (Margolus, Levitin 1998, arXiv:quant-ph/9710043); any L: Giovannetti, Lloyd, Maccone 2003,
    arXiv:quant-ph/0210197; small L: 0.690 L^2; this closed minimum: Hoernedal, Soennerborn 2023, arXiv:2301.10063. It
    does not hold with a
    time-averaged energy of a time-dependent H.

    Args:
        angle: L, shape (...,).
        energy: <H> - E_0 with E_0 the lowest level of H, shape (...,).
    """
    return _ratio(_alpha(_angle(angle)), _positive("energy", energy))


def unified(angle: ArrayLike, std: ArrayLike, energy: ArrayLike) -> RealArray:
    """Return the larger of both bounds of a constant H, which no other combination of dH and E beats at L = pi/2.

    Levitin, Toffoli 2009, arXiv:0905.3417: tight for orthogonal states, met only by two levels of equal weight, where
    dH = E; a larger t is needed elsewhere.

    Args:
        angle: L, shape (...,).
        std: dH.
        energy: <H> - E_0.
    """
    return np.maximum(*checks.alike(std=mandelstam_tamm(angle, std), energy=margolus_levitin(angle, energy)))


def bures_limit(states: Any, rates: ArrayLike, times: ArrayLike) -> tuple[RealArray, RealArray]:
    r"""Return (L, limit): angle from the start and L / mean of sqrt(F_Q)/2 along the way, each (T,). Any dynamics.

    The Bures metric is ds = sqrt(F_Q) dt / 2, and the geodesic is no longer than the path: exact (Taddei et al. 2013,
    arXiv:1209.0362). For closed pure evolution sqrt(F_Q)/2 = dH and this is Mandelstam-Tamm. The mean is by
    trapezoids: give a fine grid. At instants where the rank of the state jumps (a pure start under noise) F_Q may
    diverge or miss a term; begin after it, or use `deffner_lutz`.

    Args:
        states: density matrices along the way, (T, d, d).
        rates: drho/dt there, (T, d, d).
        times: (T,), increasing.
    """
    rho = density(states)
    angle = np.asarray(bures_angle(rho, rho[0]))
    speed = np.sqrt(np.asarray(quantum_fisher_rate(rho, rates))) / 2
    return angle, mandelstam_tamm(np.where(angle < 1e-7, 0.0, angle), time_average(times, speed))


def deffner_lutz(
    states: Any, rates: ArrayLike, times: ArrayLike, norm: Literal["operator", "trace", "hilbert-schmidt"] = "operator"
) -> RealArray:
    """Return sin^2(L) / mean ||drho/dt||, (T,): any dynamics from a **pure** start.

    sin^2 L = 1 - <0|rho|0> = -int <0|drho/dt|0> dt <= int ||drho/dt|| dt: exact. The operator norm is the sharpest of
    the three (Deffner, Lutz 2013, arXiv:1302.5069). For closed evolution it is weaker than Mandelstam-Tamm by
    the factor sin^2(L)/L.

    Args:
        states: density matrices along the way, (T, d, d); the first one pure.
        rates: drho/dt there, (T, d, d).
        times: (T,), increasing; means are by trapezoids.
        norm: ``operator`` (largest singular value), ``trace`` (their sum) or ``hilbert-schmidt`` (root of the sum of
            squares).
    """
    rho, moved = density(states), observable(rates, "the rate of the state")
    impure = float(1 - np.linalg.eigvalsh(rho[0])[-1])
    if impure > 1e-6:
        raise StructureError(
            f"deffner_lutz: the start is mixed (1 - largest eigenvalue = {impure:.3g}); it must be pure"
        )
    singular = np.abs(np.linalg.eigvalsh(moved))
    norms: dict[str, Callable[[Array], Array]] = {
        "operator": lambda s: s.max(axis=-1),
        "trace": lambda s: s.sum(axis=-1),
        "hilbert-schmidt": lambda s: np.sqrt((s**2).sum(axis=-1)),
    }
    checks.one_of("norm", norm, list(norms))
    lost = np.maximum(1 - np.einsum("ij,tji->t", rho[0], rho).real, 0.0)
    return _ratio(np.where(lost < _ROUNDING, 0.0, lost), time_average(times, norms[norm](singular)))


def speed_ratio(time: ArrayLike, limit: ArrayLike) -> RealArray:
    """Return charging time / speed limit, >= 1 where the limit holds; NaN where nothing moved."""
    taken, least = checks.alike(time=time, limit=limit)
    moved = least > 0
    return np.where(moved, taken / np.where(moved, least, 1.0), np.nan)


def _alpha(angle: RealArray) -> RealArray:
    """Minimum over the weight p of 2p arcsin(sin L / (2 sqrt(p(1-p)))), by a grid, then by thirds."""
    sine = np.sin(angle)[..., None]
    # sin L <= 2 sqrt(p(1-p)) from p = (1 - cos L)/2 on; squares of small angles keep their digits this way
    low = np.maximum(np.sin(angle / 2)[..., None] ** 2, _SMALLEST)

    def cost(p: RealArray) -> RealArray:
        reach = 2 * np.sqrt(p * (1 - p))
        part = np.where(reach > 0, sine / np.where(reach > 0, reach, 1.0), 0.0)
        return np.asarray(2 * p * np.arcsin(np.minimum(part, 1.0)))

    grid = np.minimum(low * (0.5 / low) ** np.linspace(0.0, 1.0, _GRID), 0.5)
    best = np.argmin(cost(grid), axis=-1)[..., None]
    left = np.take_along_axis(grid, np.maximum(best - 1, 0), axis=-1)
    right = np.take_along_axis(grid, np.minimum(best + 1, _GRID - 1), axis=-1)
    for _ in range(_STEPS):
        third = (right - left) / 3
        down = cost(left + third) < cost(right - third)
        left, right = np.where(down, left, left + third), np.where(down, right - third, right)
    return np.asarray(cost((left + right) / 2)[..., 0])


def _angle(angle: ArrayLike) -> RealArray:
    """Refuse angles outside [0, pi/2]."""
    value = checks.reals("the angle", angle)
    if not ((value >= 0) & (value <= np.pi / 2 + _ROUNDING)).all():
        raise SpecError(f"the angle is {value}; a Bures angle lies between 0 and pi/2")
    return np.minimum(value, np.pi / 2)


def _positive(name: str, value: ArrayLike) -> RealArray:
    """Refuse NaN and negative numbers."""
    number = checks.reals(name, value)
    if not (number >= 0).all():
        raise SpecError(f"{name} is {number}; it must be >= 0")
    return number


def _ratio(way: RealArray, speed: RealArray) -> RealArray:
    """Way over speed: 0 for no way, infinite for a way without speed."""
    way, speed = np.broadcast_arrays(*checks.alike(way=way, speed=speed))
    out = np.where(way > 0, np.inf, 0.0)
    return np.divide(way, speed, out=out, where=(speed > 0) & (way > 0))
