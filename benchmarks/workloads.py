"""The problems: ours, the peers' and a reference for each. Every peer gets its fastest fitting method."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator

import numpy as np
import qutip
from race import Row, race
from scipy.linalg import expm

import qsb

Array = np.ndarray
TIMES = np.linspace(0.0, 10.0, 201)
OPTIONS = {"progress_bar": "", "nsteps": 10**6}


def at(op: qutip.Qobj, site: int, n: int) -> qutip.Qobj:
    """A cell operator on n cells."""
    return qutip.tensor([op if k == site else qutip.qeye(2) for k in range(n)])


def total(name: str, n: int) -> qutip.Qobj:
    """A sum over the cells."""
    return sum(at(getattr(qutip, name)(), i, n) for i in range(n))


def chain_problem(n: int, noise: float = 0.0) -> qsb.Problem:
    """A driven chain that no free fermions solve."""
    battery = qsb.models.ensemble(n, field=0.35, coupling={"axes": "xx", "strength": 0.5})
    return qsb.Problem(battery, qsb.quench(10.0), [qsb.emission(noise), qsb.dephasing(noise)] if noise else [], TIMES)


def chain_qutip(n: int) -> tuple[qutip.Qobj, qutip.Qobj, qutip.Qobj]:
    """H_B, V and the start."""
    meter = total("sigmaz", n) / 2
    v = 0.35 * total("sigmax", n) + sum(
        0.5 * at(qutip.sigmax(), i, n) * at(qutip.sigmax(), i + 1, n) for i in range(n - 1)
    )
    return meter, v, qutip.tensor([qutip.basis(2, 1)] * n)


def evolved(h: Array, psi: Array, meter: Array) -> Array:
    """Reference: dense diagonalisation."""
    e, u = np.linalg.eigh(h)
    states = (u @ (np.exp(-1j * np.outer(e, TIMES)) * (u.conj().T @ psi)[:, None])).T
    out = np.einsum("ti,i,ti->t", states.conj(), meter, states).real
    return out - out[0]


def quspin_energy(n: int) -> Callable[[], Array] | None:
    """QuSpin's matrix-free exponential on the whole space, if it is installed."""
    if importlib.util.find_spec("quspin") is None:
        return None
    from quspin.basis import spin_basis_1d
    from quspin.operators import hamiltonian
    from quspin.tools.evolution import ExpmMultiplyParallel

    def solve() -> Array:
        basis = spin_basis_1d(n, pauli=1)
        z = [[0.5, i] for i in range(n)]
        x = [[0.35, i] for i in range(n)]
        xx = [[0.5, i, i + 1] for i in range(n - 1)]
        quiet = {"check_herm": False, "check_symm": False, "dtype": np.complex128}
        h = hamiltonian([["z", z], ["x", x], ["xx", xx]], [], basis=basis, **quiet)
        meter = hamiltonian([["z", z]], [], basis=basis, **quiet).diagonal().real
        psi = np.zeros(basis.Ns, dtype=complex)
        psi[basis.index("0" * n)] = 1.0
        step = ExpmMultiplyParallel(h.tocsr(), a=-1j * (TIMES[1] - TIMES[0]))
        out = [(np.abs(psi) ** 2 @ meter)]
        for _ in TIMES[1:]:
            psi = step.dot(psi)
            out.append(np.abs(psi) ** 2 @ meter)
        return np.array(out) - out[0]

    return solve


def closed_chain(n: int, bandwidth: float) -> list[Row]:
    """Energy and power of an interacting chain at 201 times."""
    problem = chain_problem(n)
    meter, v, start = chain_qutip(n)
    levels = np.real(meter.diag())
    reference = evolved((meter + v).full(), start.full()[:, 0], levels) if n <= 11 else None

    def ours() -> Array:
        return qsb.run(problem, ["stored_energy", "power"])["stored_energy"].values

    def theirs() -> Array:
        found = qutip.sesolve(
            meter + v, start, TIMES, e_ops=[meter], options={**OPTIONS, "atol": 1e-10, "rtol": 1e-9, "method": "vern9"}
        ).expect[0]
        return found - found[0]

    peers: dict[str, Callable[[], Array]] = {"QuTiP sesolve (vern9)": theirs}
    other = quspin_energy(n)
    if other is not None:
        peers["QuSpin ExpmMultiplyParallel"] = other
    if reference is None:
        reference = qsb.run(problem, ["stored_energy"], representation="ket", tolerance=1e-12)["stored_energy"].values
    # one pass over the state for each application that a Chebyshev expansion of the window needs
    half = 0.5 * (0.5 * n + 0.35 * 2 * n + 0.5 * (n - 1))
    passes = 1.1 * 2 * half * 10.0
    floor = passes * 2 * 16 * 2**n / bandwidth
    name = f"interacting chain, N = {n}, E and P, 201 times"
    return race(
        name, n, reference, ours, peers, floor, "state read and written once an application", 3 if n > 11 else 5
    )


def all_to_all(n: int, rate: float) -> list[Row]:
    """Energy of an all-to-all charger in the symmetric sector."""
    battery = qsb.models.ensemble(
        n, coupling={"axes": "xx", "strength": 0.5, "geometry": "all", "normalisation": "kac"}
    )
    problem = qsb.Problem(battery, qsb.quench(10.0), (), TIMES)
    jz, jx = qutip.jmat(n / 2, "z"), qutip.jmat(n / 2, "x")
    h = jz + 0.5 / n * (2 * jx * jx - n / 2 * qutip.qeye(n + 1))
    start = qutip.basis(n + 1, n)
    meter = np.real(jz.diag())
    reference = evolved(h.full(), start.full()[:, 0], meter)

    def ours() -> Array:
        return qsb.run(problem, ["stored_energy", "power", "ergotropy"])["stored_energy"].values

    def theirs() -> Array:
        found = qutip.sesolve(
            h, start, TIMES, e_ops=[jz], options={**OPTIONS, "atol": 1e-11, "rtol": 1e-10, "method": "vern9"}
        ).expect[0]
        return found - found[0]

    floor = 9 * (n + 1) ** 3 / rate
    name = f"all to all (1/N), N = {n}, E, P and ergotropy, 201 times"
    return race(name, n, reference, ours, {"QuTiP sesolve on J (E only)": theirs}, floor, "one real diagonalisation")


def noisy_chain(n: int, rate: float) -> list[Row]:
    """Energy, power and full ergotropy of a chain with local noise."""
    problem = chain_problem(n, 0.05)
    meter, v, start = chain_qutip(n)
    jumps = [np.sqrt(0.05) * at(op, i, n) for i in range(n) for op in (qutip.sigmam(), qutip.sigmaz())]
    levels = np.sort(np.real(meter.diag()))

    def ours() -> Array:
        return qsb.run(problem, ["stored_energy", "power", "ergotropy"])["stored_energy"].values

    def theirs() -> Array:
        options = {**OPTIONS, "atol": 1e-11, "rtol": 1e-9, "method": "vern9", "store_states": True}
        states = qutip.mesolve(meter + v, start, TIMES, jumps, options=options).states
        found = np.array([qutip.expect(meter, s) for s in states])
        for s in states:  # what ours computes too
            np.sort(np.linalg.eigvalsh(s.full()))[::-1] @ levels
        return found - found[0]

    if n <= 4:
        g = qutip.liouvillian(meter + v, jumps).full()
        step = expm(g * (TIMES[1] - TIMES[0]))
        rho = qutip.operator_to_vector(qutip.ket2dm(start)).full()[:, 0]
        row = qutip.operator_to_vector(meter).full()[:, 0].conj()
        out = []
        for _ in TIMES:
            out.append((row @ rho).real)
            rho = step @ rho
        reference = np.array(out) - out[0]
    else:
        found = qutip.mesolve(
            meter + v,
            start,
            TIMES,
            jumps,
            e_ops=[meter],
            options={**OPTIONS, "atol": 1e-13, "rtol": 1e-12, "method": "vern9"},
        ).expect[0]
        reference = found - found[0]
    floor = 201 * 25 * 2.0 ** (3 * n) / rate
    name = f"chain with local noise, N = {n}, E, P and ergotropy, 201 times"
    return race(name, n, reference, ours, {"QuTiP mesolve + numpy": theirs}, floor, "201 spectra", 3)


def million(bandwidth: float) -> list[Row]:
    """A million noisy cells: energy and ergotropy; the peer solves a single one, energy alone."""
    n = 10**6
    battery = qsb.models.ensemble(n, field=0.5)
    problem = qsb.Problem(battery, qsb.quench(10.0), [qsb.emission(0.05), qsb.dephasing(0.02)], TIMES)
    h = qutip.sigmaz() / 2 + 0.5 * qutip.sigmax()
    jumps = [np.sqrt(0.05) * qutip.sigmam(), np.sqrt(0.02) * qutip.sigmaz()]
    step = expm(qutip.liouvillian(h, jumps).full() * (TIMES[1] - TIMES[0]))
    rho = qutip.operator_to_vector(qutip.fock_dm(2, 1)).full()[:, 0]
    row = qutip.operator_to_vector(qutip.sigmaz() / 2).full()[:, 0].conj()
    out = []
    for _ in TIMES:
        out.append((row @ rho).real)
        rho = step @ rho
    reference = n * (np.array(out) - out[0])

    def ours() -> Array:
        return qsb.run(problem, ["stored_energy", "ergotropy"])["stored_energy"].values

    def theirs() -> Array:
        found = qutip.mesolve(
            h,
            qutip.basis(2, 1),
            TIMES,
            jumps,
            e_ops=[qutip.sigmaz() / 2],
            options={**OPTIONS, "atol": 1e-11, "rtol": 1e-10},
        ).expect[0]
        return n * (found - found[0])

    floor = 201 * 8 * 2 * 4000 / bandwidth
    name = "a million noisy cells, E and ergotropy, 201 times"
    return race(
        name, n, reference, ours, {"QuTiP mesolve of ONE cell (E only)": theirs}, floor, "occupied levels written"
    )


def everything(quick: bool, bandwidth: float, rate: float) -> Iterator[list[Row]]:
    """All rows, the short ones first."""
    yield million(bandwidth)
    for n in (50, 200):
        yield all_to_all(n, rate)
    for n in (4, 6):
        yield noisy_chain(n, rate)
    for n in (8, 10) if quick else (8, 10, 12, 14):
        yield closed_chain(n, bandwidth)
