"""What is timed of the peers: QuSpin, QuTiP, qutip.piqs; each by the fastest of its methods that is accurate enough.

Ergotropy is no figure of any of them: it is numpy's part, a product and `eigvalsh`, as a user would write it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]


def energies(n: int) -> np.ndarray:
    """Diagonal of sum sigma^z / 2."""
    d = np.zeros(1)
    for _ in range(n):
        d = (d[:, None] + np.array([0.5, -0.5])).ravel()
    return d


def work(rho: np.ndarray, levels: np.ndarray, passive: np.ndarray | None = None) -> float:
    """Ergotropy of a state under a diagonal Hamiltonian; `passive`: the lowest levels, where more are there."""
    lowest = np.sort(levels) if passive is None else passive
    return float(np.real(np.diag(rho)) @ levels - np.linalg.eigvalsh(rho)[::-1] @ lowest)


def chain_quspin(n: int, spectra: bool) -> tuple[Arrays, dict[str, Any]]:
    """W1 in the parity sector: a sparse matrix, one truncated Taylor step a save time."""
    from quspin.basis import spin_basis_1d
    from quspin.operators import hamiltonian
    from quspin.tools.evolution import ExpmMultiplyParallel

    times = np.linspace(0.0, 20.0, 201)
    basis = spin_basis_1d(n, pauli=True, pblock=1)
    z = [[0.5, i] for i in range(n)]
    bonds = range(n - 1)
    terms = [["z", z], ["x", z], ["xx", [[0.3, i, i + 1] for i in bonds]], ["zz", [[0.2, i, i + 1] for i in bonds]]]
    quiet = {"basis": basis, "dtype": np.float64, "check_symm": False, "check_herm": False, "check_pcon": False}
    h = hamiltonian(terms, [], **quiet)
    meter = hamiltonian([["z", z]], [], **quiet).diagonal().real
    psi = np.zeros(basis.Ns, dtype=complex)
    psi[basis.index(0)] = 1.0
    step = ExpmMultiplyParallel(h.tocsr(), a=-1j * times[1])
    space = np.zeros(2 * len(psi), dtype=complex)
    out = {name: np.zeros(len(times)) for name in ("E", "P", *(["ergotropy"] if spectra else []))}
    half = energies(n // 2)
    for k in range(len(times)):
        if k:
            psi = step.dot(psi, work_array=space, overwrite_v=True, tol=1e-10)
        out["E"][k] = np.abs(psi) ** 2 @ meter
        out["P"][k] = 2 * np.imag(np.vdot(meter * psi, h.dot(psi)))
        if spectra:
            m = basis.project_from(psi, sparse=False).reshape(len(half), -1)
            out["ergotropy"][k] = work(m @ m.conj().T, half)
    out["E"] -= out["E"][0]
    return out, {"unknowns": int(basis.Ns)}


def dicke_quspin(n: int, n_max: int, variant: str) -> tuple[Arrays, dict[str, Any]]:
    """W2: scipy's matrix of mode x collective spin in QuSpin's parallel exponential."""
    from floor import dicke_matrix
    from quspin.tools.evolution import ExpmMultiplyParallel

    times = np.linspace(0.0, 10.0, 101)
    matrix = dicke_matrix(n, n_max, variant)
    levels = n / 2 - np.arange(n + 1)
    passive = np.r_[-n / 2, np.full(n, 1 - n / 2)]  # of all 2^N dimensions
    psi = np.zeros(matrix.shape[0], dtype=complex)
    psi[n * (n + 1) + n] = 1.0
    step = ExpmMultiplyParallel(matrix, a=-1j * times[1])
    space = np.zeros(2 * len(psi), dtype=complex)
    e, w = np.zeros(len(times)), np.zeros(len(times))
    for k in range(len(times)):
        if k:
            psi = step.dot(psi, work_array=space, overwrite_v=True, tol=1e-10)
        m = psi.reshape(n_max + 1, n + 1)
        e[k] = (np.abs(m) ** 2).sum(axis=0) @ levels + n / 2
        w[k] = work(m.T @ m.conj(), levels, passive)
    return {"E": e, "ergotropy": w}, {"unknowns": matrix.shape[0]}


def _noisy(n: int, emission: float, dephasing: float) -> tuple[Any, ...]:
    """H, H_B, the operator of the power, jumps and start of W3."""
    import qutip

    def at(op: Any, i: int) -> Any:
        return qutip.tensor([op if k == i else qutip.qeye(2) for k in range(n)])

    z, x = ([at(op, i) for i in range(n)] for op in (qutip.sigmaz(), qutip.sigmax()))
    meter = 0.5 * sum(z)
    h = meter + 0.5 * sum(x) + 0.3 / n * sum(x[i] * x[k] for i in range(n) for k in range(i + 1, n))
    jumps = [np.sqrt(emission) * at(qutip.sigmam(), i) for i in range(n) if emission]
    jumps += [np.sqrt(dephasing) * a for a in z if dephasing]
    lost = emission * sum((at(qutip.qeye(2), 0) + a) / 2 for a in z)
    return h, meter, 1j * (h * meter - meter * h) - lost, jumps, qutip.tensor([qutip.basis(2, 1)] * n)


def noisy_qutip(n: int) -> tuple[Arrays, dict[str, Any]]:
    """W3 by an explicit Runge-Kutta method of order 9 on the density matrix as a matrix."""
    import qutip

    h, meter, power, jumps, start = _noisy(n, 0.05, 0.05)
    levels = energies(n)
    wanted = {"E": meter, "P": power, "W": lambda t, rho: work(rho.full(), levels)}
    options = {"method": "vern9", "atol": 1e-10, "rtol": 1e-9, "nsteps": 10**5, "matrix_form": True}
    found = qutip.mesolve(
        h,
        start,
        np.linspace(0.0, 20.0, 101),
        c_ops=jumps,
        e_ops=wanted,
        options={**options, "progress_bar": "", "store_states": False},
    ).e_data
    e, p, w = (np.real(found[k]) for k in "EPW")
    return {"E": e - e[0], "P": p, "ergotropy": w}, {"unknowns": 4**n}


def noisy_piqs(n: int) -> tuple[Arrays, dict[str, Any]]:
    """W3, the energy alone, by PIQS; its dephasing multiplies J_z of one cell, sigma^z/2."""
    import qutip
    from qutip.piqs.piqs import Dicke, dicke, jspin

    jx, _, jz = jspin(n)
    h = jz + jx + 0.15 / n * (4 * jx * jx - n * qutip.qeye(jx.shape[0]))
    liouvillian = Dicke(n, hamiltonian=h, emission=0.05, dephasing=0.2).liouvillian()
    options = {"method": "adams", "atol": 1e-10, "rtol": 1e-9, "nsteps": 10**5, "progress_bar": ""}
    start = dicke(n, n / 2, -n / 2)
    e = np.real(qutip.mesolve(liouvillian, start, np.linspace(0.0, 20.0, 101), e_ops=[jz], options=options).expect[0])
    return {"E": e - e[0]}, {"unknowns": jx.shape[0] ** 2}


def noisy_mcsolve(n: int, samples: int) -> tuple[Arrays, dict[str, Any]]:
    """W3 by quantum trajectories in two processes."""
    import qutip

    h, meter, _, jumps, start = _noisy(n, 0.05, 0.05)
    options = {"method": "adams", "atol": 1e-8, "rtol": 1e-6, "map": "parallel", "num_cpus": 2, "progress_bar": ""}
    found = qutip.mcsolve(
        h.to("CSR"),
        start,
        np.linspace(0.0, 20.0, 101),
        c_ops=[j.to("CSR") for j in jumps],
        e_ops={"E": meter},
        ntraj=samples,
        seeds=1,
        options={**options, "keep_runs_results": False},
    )
    e, deviation = np.real(found.average_e_data["E"]), np.real(found.std_e_data["E"])
    return {"E": e - e[0]}, {"standard_error": float(deviation.max() / np.sqrt(samples))}


def _grid_point(rates: tuple[float, float], n: int) -> tuple[np.ndarray, np.ndarray]:
    import qutip

    h, meter, _, jumps, start = _noisy(n, *rates)
    levels = energies(n)

    def ergotropy(t: float, state: Any) -> float:
        return work((state if state.isoper else state.proj()).full(), levels)

    options = {"method": "adams", "atol": 1e-10, "rtol": 1e-9, "nsteps": 10**5, "progress_bar": ""}
    wanted = {"E": meter, "W": ergotropy}
    found = qutip.mesolve(h, start, np.linspace(0.0, 20.0, 101), c_ops=jumps, e_ops=wanted, options=options).e_data
    return np.real(found["E"])[::10] + n / 2, np.real(found["W"])[::10]


def grid_qutip(n: int, side: int) -> tuple[Arrays, dict[str, Any]]:
    """W4: every point of the grid in one of two processes."""
    import qutip

    rates = np.linspace(0.0, 0.1, side)
    points = [(a, b) for a in rates for b in rates]
    found = qutip.parallel_map(_grid_point, points, task_args=(n,), map_kw={"num_cpus": 2})
    e, w = (np.array([f[i] for f in found]).reshape(side, side, -1) for i in (0, 1))
    return {"E": e, "ergotropy": w}, {}
