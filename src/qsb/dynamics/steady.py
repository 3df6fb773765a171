r"""Steady states: :math:`\lim_{t\to\infty}e^{tG}x_0` under the constant, dissipative generator of the last stage.

Where several states stand still (dark states, symmetry sectors) the limit depends on the start; it is the start's
projection on the null space of G along its range.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.linalg as la
import scipy.sparse as sp
import scipy.sparse.linalg as spla
from numpy.typing import NDArray

from qsb.algebra.hermitian import pack, unpack
from qsb.algebra.opsum import OpSum
from qsb.algebra.pauli import pauli_strings
from qsb.algebra.site_operators import SPIN_OPERATORS
from qsb.algebra.space import Space
from qsb.algebra.terms import per_site
from qsb.charging.problem import Problem
from qsb.dynamics.integrate import INTEGRATORS
from qsb.dynamics.moments import Moments
from qsb.dynamics.representation import Array, Generator, Reduced
from qsb.dynamics.segment import Segment
from qsb.errors import ConvergenceError, SpecError

#: singular values below this share of the largest belong to the null space
NULL = 1e-11
#: eigenvalues on the imaginary axis are searched for up to this many unknowns
SPECTRUM_UNKNOWNS = 1024
#: real unknowns up to which the generator is written down to find its null space, whatever makes it
FEW_UNKNOWNS = 512
#: the residual |G x| that is allowed, as a share of tolerance x slowest rate: what is left decays at about that rate
STRICT = 1e-2
#: bytes that the vectors of a Krylov space may take
KRYLOV_BYTES = 2**27
#: phases |G| t of a relaxation up to which it costs less than a Krylov space, and after which it is given up
PATIENT = 30_000.0
LONGEST = 300_000.0


def refuse(problem: Problem) -> None:
    """Say why a problem has no steady state.

    Raises:
        SpecError: without noise, or if anything changes in time during the last stage.
    """
    if problem.structure.collisional:
        raise SpecError("The steady state of collisions is not looked for; run until the figures stand still.")
    if not problem.structure.dissipative:
        raise SpecError(
            "There is no steady state without noise: a closed battery oscillates for ever. Add a channel, or leave "
            "out steady."
        )
    stage = problem.protocol.stages[-1]
    moving = any(j.envelope is not None for j in problem.jumps)
    moving |= stage.charging and not (problem.battery.steady_drives and stage.envelope.constant)
    if moving:
        raise SpecError(
            "There is no steady state while an envelope changes the last stage for ever: give it a constant envelope, "
            "add a last stage that has one, or leave out steady."
        )


def steady_state(problem: Problem, reduced: Reduced, integrators: Sequence[str], tolerance: float) -> Array:
    """The state that the last stage ends in, in the form of `reduced.start`.

    Args:
        problem: as planned.
        reduced: its reduction.
        integrators: names, one a segment, from the plan.
        tolerance: bound on the error of the state.

    Raises:
        SpecError: if there is none (see `refuse`), or if the state oscillates for ever.
        ConvergenceError: if it is not reached.
    """
    refuse(problem)
    last, x = reduced.generators[-1], reduced.start
    if isinstance(last.kernel, Moments):
        still = last.kernel.steady()
        if still is not None:
            return _checked(last, still, tolerance)
    if last.dense is not None:
        return _project(last.dense(), problem, reduced, integrators, tolerance)
    if last.sparse is not None:
        found = _eliminate(last.sparse(), x.shape[0])
        if found is not None:
            return _checked(last, found, tolerance)
    elif _relaxation(last) > PATIENT and np.isrealobj(x) and x.shape == (problem.battery.space.dimension,) * 2:
        local = _Cells.of(last.segment, problem.battery.space)
        if local is not None:
            found = _solve(last, local, tolerance)
            if found is not None:
                return _checked(last, found, tolerance)
    if x.ndim == 1 and np.isrealobj(x) and x.size <= FEW_UNKNOWNS:
        columns = np.array([last.apply(last.segment.start, e) for e in np.eye(x.size)])
        return _project(columns.T[None], problem, reduced, integrators, tolerance)
    return _relax(last, _entering(problem, reduced, integrators, tolerance), integrators[-1], tolerance)


def _slowest(segment: Segment) -> float:
    """The smallest rate of the segment."""
    return min(float(r) for j in segment.jumps for r in np.ravel(np.asarray(j.rate)) if r > 0)


def _relaxation(generator: Generator) -> float:
    """The phase in which the slowest rate forgets the start to rounding."""
    return 30 * generator.norm() / _slowest(generator.segment)


def _residual(generator: Generator, x: Array) -> float:
    """|G x| / |x|."""
    return float(np.linalg.norm(generator.apply(generator.segment.start, x)) / np.linalg.norm(x))


def _allowed(generator: Generator, tolerance: float) -> float:
    return STRICT * tolerance * _slowest(generator.segment)


def _checked(generator: Generator, x: Array, tolerance: float) -> Array:
    residual, allowed = _residual(generator, x), _allowed(generator, tolerance)
    if not residual <= allowed:
        raise ConvergenceError("the steady state's rate of change", residual, allowed, "raise [solve] tolerance.")
    return x


def _entering(problem: Problem, reduced: Reduced, integrators: Sequence[str], tolerance: float) -> Array:
    """The state at the start of the last segment."""
    x = reduced.start
    for generator, name in list(zip(reduced.generators, integrators, strict=True))[:-1]:
        a, b = generator.segment.start, generator.segment.end
        integrator = next(i for i in INTEGRATORS if i.name == name)
        if b > a:
            (x,) = integrator.advance(generator, x, a, [b], tolerance)
    return x


# -- small: the null space --------------------------------------------------------------------------------------------


def _project(g: Array, problem: Problem, reduced: Reduced, integrators: Sequence[str], tolerance: float) -> Array:
    """Spectral projection of the start on the null spaces of dense blocks (B, n, n)."""
    u, s, vh = np.linalg.svd(g)
    count = (s <= NULL * s[:, :1]).sum(axis=1)
    x = reduced.start if count.max() <= 1 else _entering(problem, reduced, integrators, tolerance)
    flat = x.reshape(len(g), -1)
    out = np.zeros(flat.shape, dtype=np.result_type(g, flat))
    for k in np.unique(count):
        pick = np.flatnonzero(count == k)
        if k > 1 and g.shape[-1] <= SPECTRUM_UNKNOWNS:
            _no_oscillation(g[pick], flat[pick], s[pick, 0])
        right, left = vh[pick, -k:].conj().swapaxes(1, 2), u[pick][:, :, -k:].conj().swapaxes(1, 2)
        # P = R (L R)^-1 L: zero is a semisimple eigenvalue of every Lindblad generator
        weights = np.linalg.solve(left @ right, left @ flat[pick][:, :, None])
        out[pick] = (right @ weights)[:, :, 0]
    return out.reshape(x.shape).astype(x.dtype, copy=False)


def _no_oscillation(g: Array, x: Array, size: NDArray[np.float64]) -> None:
    """Refuse starts with a part in eigenvectors whose eigenvalues lie on the imaginary axis beside zero."""
    for matrix, start, scale in zip(g, x, size, strict=True):
        e, left = la.eig(matrix, left=True, right=False)
        turning = (np.abs(e.real) <= 1e-9 * scale) & (np.abs(e.imag) > 1e-9 * scale)
        parts = np.abs(left[:, turning].conj().T @ start)
        kept = np.abs(e[turning].imag)[parts > 1e-9 * np.linalg.norm(start)]
        if kept.size:
            raise SpecError(
                f"There is no steady state: the noise leaves an oscillation of frequency {kept.max():.6g} "
                "undamped. Add noise that reaches it, or leave out steady."
            )


# -- sparse: elimination ----------------------------------------------------------------------------------------------


def _eliminate(g: Any, dimension: int) -> Array | None:
    """rho of trace 1 with G rho = 0, the first equation replaced by the trace; None if that is singular."""
    n = g.shape[0]
    trace = sp.csr_array(
        (np.ones(dimension), (np.zeros(dimension, int), np.arange(dimension) * (dimension + 1))), (1, n)
    )
    matrix = sp.csc_array(sp.vstack([trace, g[1:]]))
    right = np.zeros(n, dtype=complex)
    right[0] = 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            factors = spla.splu(matrix)
        except (RuntimeError, Warning):
            return None
    rho = factors.solve(right)
    inverse = spla.LinearOperator(
        (n, n), matvec=factors.solve, rmatvec=lambda v: factors.solve(v, trans="H"), dtype=complex
    )
    if not np.isfinite(rho).all() or spla.onenormest(inverse) * abs(matrix).sum(axis=0).max() > 0.1 / NULL:
        return None
    rho = rho.reshape(dimension, dimension)
    return np.asarray((rho + rho.conj().T) / 2)


# -- spins: a Krylov space, preconditioned by cells that never meet ---------------------------------------------------


class _Cells:
    """The inverse of the part of G that acts on single cells, which is diagonal in a product basis.

    Where a cell's own noise takes it to one of its two levels from everywhere, every invariant subspace holds the
    state with all cells there, so that no two of them are orthogonal and the steady state is unique.
    """

    def __init__(self, generators: NDArray[np.complex128]) -> None:
        """Diagonalise the 4 x 4 generators (N, 4, 4) of the cells."""
        self.sites = len(generators)
        values, self._from = np.linalg.eig(generators)
        self._to = np.linalg.inv(self._from)
        total = np.zeros(1, dtype=complex)
        for e in values:
            total = (total[:, None] + e[None, :]).ravel()
        self._null = int(np.argmin(np.abs(total)))
        self._shift = float(np.abs(total).max())
        total[self._null] = self._shift
        self._inverse = 1 / total
        self.steady = self._turn(np.eye(1, total.size, self._null, dtype=complex)[0], self._from)
        n = self.sites
        self._order = [axis for k in range(n) for axis in (k, n + k)]
        state = self._square(self.steady)
        self.scale = self._shift / complex(np.trace(state))
        self.state = pack(state / np.trace(state))

    @classmethod
    def of(cls, segment: Segment, space: Space) -> _Cells | None:
        """The cells of a segment; None where some cell is not relaxed by noise of its own, or jumps are shared."""
        if any(not isinstance(j.op, str) or j.collective for j in segment.jumps):
            return None
        n = space.sites
        h = np.zeros((n, 2, 2), dtype=complex)
        for (x, z), c in pauli_strings(OpSum(segment.hamiltonian.terms), space).items():
            site = (x | z).bit_length() - 1
            if x | z and x | z == 1 << site:
                letter = "x" if not z else "z" if not x else "y"
                # X Z = -i sigma^y
                h[n - 1 - site] += (c if letter != "y" else -1j * c) * SPIN_OPERATORS[letter]
        g, relaxed = np.array([_commutator(m) for m in h]), np.zeros(n)
        for j in segment.jumps:
            at, count = space.offset(j.group), space.group(j.group).count
            for i, rate in enumerate(np.broadcast_to(per_site(j.rate, count, "A rate"), count)):
                g[at + i] += rate * _dissipator(SPIN_OPERATORS[str(j.op)])
                relaxed[at + i] += rate if j.op in ("+", "-") else 0.0
        if not np.all(relaxed > 0):
            return None
        found = cls(g)
        return found if np.linalg.cond(found._from).max() < 1e8 else None

    def _turn(self, y: Array, bases: Array) -> Array:
        """Each cell's axis times its matrix; the product moves it to the end, so that N of them keep the order."""
        for m in bases:
            y = y.reshape(4, -1).T @ m.T
        return np.asarray(y.reshape(-1))

    def _square(self, y: Array) -> Array:
        n = self.sites
        back = [*range(0, 2 * n, 2), *range(1, 2 * n, 2)]
        return np.asarray(y.reshape([2] * (2 * n)).transpose(back).reshape(1 << n, 1 << n))

    def solve(self, x: Array) -> Array:
        """The inverse, on real forms."""
        n = self.sites
        y = unpack(x).reshape([2] * (2 * n)).transpose(self._order).reshape(-1)
        return pack(self._square(self._turn(self._turn(y, self._to) * self._inverse, self._from)))


def _commutator(h: Array) -> Array:
    one = np.eye(2)
    return np.asarray(-1j * (np.kron(h, one) - np.kron(one, h.T)))


def _dissipator(a: Array) -> Array:
    one, n = np.eye(2), a.conj().T @ a
    return np.asarray(np.kron(a, a.conj()) - (np.kron(n, one) + np.kron(one, n.T)) / 2)


def _solve(generator: Generator, cells: _Cells, tolerance: float) -> Array | None:
    """rho of trace 1 with G rho = 0 by GMRES; None if it does not converge.

    G + s |sigma)(1| is not singular and maps rho to s sigma, for it keeps the trace of G rho at zero.
    """
    sigma = cells.state
    d, t = sigma.shape[0], generator.segment.start
    shift = float(np.real(cells.scale * np.trace(unpack(cells.state))))

    def apply(v: Array) -> Array:
        x = v.reshape(d, d)
        return np.asarray((generator.apply(t, x) + shift * np.trace(x) * sigma).ravel())

    system = spla.LinearOperator((d * d, d * d), matvec=apply, dtype=float)
    inverse = spla.LinearOperator((d * d, d * d), matvec=lambda v: cells.solve(v.reshape(d, d)).ravel(), dtype=float)
    x, allowed = sigma.copy(), _allowed(generator, tolerance) / 2
    restart = int(max(10, min(80, KRYLOV_BYTES // x.nbytes)))
    for _ in range(12):
        rest = -generator.apply(t, x) - shift * (np.trace(x) - 1) * sigma
        before = float(np.linalg.norm(rest))
        if before <= allowed * float(np.linalg.norm(x)):
            return np.asarray(x / np.trace(x))
        step, _ = spla.gmres(system, rest.ravel(), rtol=1e-9, restart=restart, maxiter=2, M=inverse)
        x = x + step.reshape(d, d)
        after = float(np.linalg.norm(generator.apply(t, x) + shift * (np.trace(x) - 1) * sigma))
        if after > 0.1 * before:
            return None
    return None


# -- anything else: wait ----------------------------------------------------------------------------------------------


def _relax(generator: Generator, x: Array, name: str, tolerance: float) -> Array:
    """Follow the last stage until nothing changes."""
    integrator = next(i for i in INTEGRATORS if i.name == name)
    allowed, start = _allowed(generator, tolerance), generator.segment.start
    longest, elapsed = LONGEST / generator.norm(), 0.0
    residual = _residual(generator, x)
    while residual > allowed:
        if elapsed >= longest:
            raise ConvergenceError(
                f"the rate of change after t = {elapsed:.3g}",
                residual,
                allowed,
                "it relaxes too slowly or oscillates for ever: leave out steady.",
            )
        step = max(2 / _slowest(generator.segment), elapsed / 3)
        (x,) = integrator.advance(generator, x, start, [start + step], tolerance)
        elapsed += step
        residual = _residual(generator, x)
    return x
