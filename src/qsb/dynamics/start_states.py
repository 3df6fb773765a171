"""Start states in the full frame: kets and density matrices of the battery, and of what stands beside it."""

from __future__ import annotations

import numpy as np
import scipy.sparse.linalg as spla

from qsb.algebra import build, states
from qsb.algebra import structure as read
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Boson, Group, Space
from qsb.charging.problem import Problem, charger_populations
from qsb.dynamics.full import diagonal_of, operator
from qsb.dynamics.lanczos import random_ket
from qsb.dynamics.representation import Array
from qsb.errors import StructureError


def start_ket(problem: Problem) -> Array:
    """The initial ket (D,).

    Raises:
        StructureError: if the ground state is asked for and is not unique.
    """
    space = problem.battery.space
    if not problem.starts_apart:
        return _cells_ket(problem, space)
    out = _cells_ket(problem, problem.cells_space)
    for group in space.part("charger").groups:
        out = np.kron(out, charger_ket(problem.battery.start, group))
    return _to_site_order(out, space)


def _cells_ket(problem: Problem, space: Space) -> Array:
    """The initial ket of the battery's sites, or of all where the start names all."""
    start = problem.battery.start
    if start.kind == "state":
        return np.asarray(start.array, dtype=complex).copy()
    if start.kind in ("up", "down"):
        out = np.zeros(space.dimension, dtype=complex)
        out[0 if start.kind == "up" else -1] = 1.0
        return out
    if start.kind == "product":
        return states.product_ket(states.bloch_ket(np.atleast_2d(np.asarray(start.bloch))), space.sites)
    if problem.structure.battery_one_body:
        return states.product_ket(states.cell_ground(read.cell_matrices(problem.meter, space)), space.sites)
    return ground_ket(problem.meter, space)


def charger_ket(start: states.Start, group: Group) -> Array:
    """The initial ket of a charger group: each mode alike, or the Dicke state of its spins."""
    mode = start.charger or states.ModeStart()
    if isinstance(group.kind, Boson):
        one = mode.ket(group.kind.highest)
        return states.product_ket(one[None], group.count)
    ups = group.count - np.bitwise_count(np.arange(2**group.count, dtype=np.uint64)).astype(int)
    chosen = (ups == (mode.quanta or 0)).astype(complex)
    return np.asarray(chosen / np.linalg.norm(chosen))


def _charger_density(start: states.Start, group: Group) -> Array:
    """The initial state of a charger group."""
    mode = start.charger or states.ModeStart()
    if mode.pure:
        ket = charger_ket(start, group)
        return np.outer(ket, ket.conj())
    one = np.diag(charger_populations(start, group)).astype(complex)
    return states.product_density(one[None], group.count)


def _to_site_order(a: Array, space: Space) -> Array:
    """A ket or density matrix over (battery sites, charger sites) in the order of the space."""
    sites = [*space.sites_of("battery"), *space.sites_of("charger")]
    if sites == sorted(sites):
        return a
    dims = [space.dimensions()[i] for i in sites]
    back = list(np.argsort(sites))
    if a.ndim == 1:
        return a.reshape(dims).transpose(back).reshape(-1)
    n = len(sites)
    return a.reshape(*dims, *dims).transpose([*back, *(n + i for i in back)]).reshape(a.shape)


def ground_ket(op: OpSum, space: Space) -> Array:
    """Ground state of an interacting Hamiltonian, refused where it is degenerate."""
    d = space.dimension
    levels = diagonal_of(operator(op, space))
    if levels is not None:
        e, ground = (
            np.partition(levels, 1)[:2] if d > 1 else levels,
            np.eye(1, d, int(levels.argmin()), dtype=complex)[0],
        )
    elif d <= 1024:
        e, u = np.linalg.eigh(build.dense(op, space))
        e, ground = e[:2], u[:, 0]
    else:
        h = operator(op, space)
        v0 = random_ket(h, d, 3)
        linear = spla.LinearOperator((d, d), matvec=lambda v: h.apply(np.asarray(v).ravel()), dtype=v0.dtype)
        e, u = spla.eigsh(linear, k=2, which="SA", v0=v0, tol=1e-13, maxiter=20000)
        order = np.argsort(e)
        e, ground = e[order], u[:, order[0]]
    if len(e) > 1 and e[1] - e[0] <= 1e-9 * max(abs(e[0]), abs(e[1]), 1e-300):
        raise StructureError(
            "The ground level of the battery Hamiltonian is degenerate, so the ground state is not unique; name a "
            "start: "
            "'down', 'up', 'product', 'thermal' or a state."
        )
    return np.asarray(ground, dtype=complex)


def start_density(problem: Problem) -> Array:
    """The initial density matrix (D, D)."""
    space = problem.battery.space
    if not problem.starts_apart:
        return _cells_density(problem, space)
    out = _cells_density(problem, problem.cells_space)
    for group in space.part("charger").groups:
        out = np.kron(out, _charger_density(problem.battery.start, group))
    return _to_site_order(out, space)


def _cells_density(problem: Problem, space: Space) -> Array:
    """The initial density matrix of the battery's sites, or of all where the start names all."""
    start = problem.battery.start
    if start.kind == "state" and np.asarray(start.array).ndim == 2:
        return np.asarray(start.array, dtype=complex).copy()
    if start.kind == "product" and np.any(np.linalg.norm(np.asarray(start.bloch), axis=-1) < 1 - 1e-12):
        return states.product_density(states.bloch_density(np.atleast_2d(np.asarray(start.bloch))), space.sites)
    if start.kind == "thermal":
        temperature = float(start.temperature or 0.0)
        if problem.structure.battery_one_body:
            h = read.cell_matrices(problem.meter, space)
            return states.product_density(states.cell_gibbs(h, temperature), space.sites)
        e, u = np.linalg.eigh(build.dense(problem.meter, space))
        p = np.exp(-(e - e[0]) / temperature)
        return np.asarray((u * (p / p.sum())) @ u.conj().T)
    ket = _cells_ket(problem, space)
    return np.outer(ket, ket.conj())
