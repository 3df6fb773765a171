"""Ends of the spectrum of a Hermitian operator that only multiplies kets, by Lanczos: bounds, and exact extremes."""

from __future__ import annotations

import numpy as np
import scipy.sparse.linalg as spla

from qsb.algebra.pauli import PauliSum
from qsb.dynamics.frame import Operator
from qsb.dynamics.representation import Array

#: Lanczos steps for bounds of a spectrum; an expansion widens what proves too narrow
STEPS = 24


def spectral_bounds(op: Operator, dimension: int, safe: tuple[float, float] | None = None) -> tuple[float, float]:
    """Bounds of a Hermitian operator's spectrum: Lanczos estimates widened by their residuals, within `safe`.

    Real vectors where the operator keeps them real.
    """
    v = random_ket(op, dimension, 7)
    alpha: list[float] = []
    beta: list[float] = []
    previous = np.zeros_like(v)
    for _ in range(min(STEPS, dimension)):
        w = op.apply(v)
        alpha.append(float(np.vdot(v, w).real))
        w = w - alpha[-1] * v
        if beta:
            w -= beta[-1] * previous
        b = float(np.sqrt(np.vdot(w, w).real))
        beta.append(b)
        if b < 1e-10:
            break
        previous, v = v, w / b
    k = len(alpha)
    t = np.diag(alpha) + np.diag(beta[: k - 1], 1) + np.diag(beta[: k - 1], -1)
    e, u = np.linalg.eigh(t)
    margin = 0.005 * (e[-1] - e[0]) + 1e-9
    low = float(e[0] - beta[k - 1] * abs(u[-1, 0]) - margin)
    high = float(e[-1] + beta[k - 1] * abs(u[-1, -1]) + margin)
    if safe is not None:
        low, high = max(low, safe[0]), min(high, safe[1])
    return low, high


def random_ket(op: Operator, dimension: int, seed: int) -> Array:
    """A random ket of length 1, real where the operator keeps it real."""
    if isinstance(op, PauliSum):
        v: Array = op.layout.random(seed)
        return v if op.is_real else v.astype(complex)
    rng = np.random.default_rng(seed)
    v = rng.normal(size=dimension) + 1j * rng.normal(size=dimension)
    return np.asarray(v / np.linalg.norm(v))


def exact_extremes(op: Operator, dimension: int) -> tuple[float, float]:
    """Lowest and highest eigenvalue of a Hermitian operator, by Lanczos to 1e-10 (dense below dimension 65)."""
    if dimension <= 64:
        e = np.linalg.eigvalsh(np.array([op.apply(v) for v in np.eye(dimension, dtype=complex)]).T)
        return float(e[0]), float(e[-1])
    start = random_ket(op, dimension, 11)
    linear = spla.LinearOperator(
        (dimension, dimension), matvec=lambda v: op.apply(np.asarray(v).ravel()), dtype=start.dtype
    )
    options = {"k": 1, "return_eigenvectors": False, "tol": 1e-10, "v0": start, "maxiter": 20000}
    low = spla.eigsh(linear, which="SA", **options)
    high = spla.eigsh(linear, which="LA", **options)
    return float(low[0]), float(high[0])
