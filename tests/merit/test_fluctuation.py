"""Two-point measurements: closed forms, the Jarzynski equality, and what coherence changes."""

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from qsb.errors import SpecError, StructureError
from qsb.merit.fluctuation import two_point_measurement

SX, SZ = np.array([[0, 1], [1, 0]], dtype=complex), np.diag([1.0, -1.0])
SEEDS = st.integers(0, 2**32 - 1)


def random_unitary(rng, size):
    q, r = np.linalg.qr(rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size)))
    return q * (np.diagonal(r) / np.abs(np.diagonal(r)))


def gibbs(hamiltonian, beta):
    rho = scipy.linalg.expm(-beta * hamiltonian)
    return rho / np.trace(rho).real


def test_charging_an_empty_cell_is_a_bernoulli_trial():
    """Flip by an angle: w = gap with probability sin^2, else 0."""
    gap, angle = 1.5, 0.7
    found = two_point_measurement(np.array([0.0, 1.0]), gap / 2 * SZ, scipy.linalg.expm(-1j * angle * SX))
    p = np.sin(angle) ** 2
    assert found.mean == pytest.approx(gap * p)
    assert found.variance == pytest.approx(gap**2 * p * (1 - p))
    assert found.coherent_shift == pytest.approx(0.0, abs=1e-14)
    assert dict(zip(found.values.round(12), found.probabilities, strict=True)) == pytest.approx(
        {-gap: 0.0, 0.0: 1 - p, gap: p}
    )


def test_degenerate_levels_are_one_outcome_and_keep_their_coherence():
    """Two cells, singlet-like coherence inside the middle level survives the first measurement."""
    h = np.kron(SZ, np.eye(2)) / 2 + np.kron(np.eye(2), SZ) / 2
    psi = np.array([0, 1, 1, 0]) / np.sqrt(2)
    swap = scipy.linalg.expm(-1j * np.pi / 4 * (np.kron(SX, np.eye(2)) + np.kron(np.eye(2), SX)))
    found = two_point_measurement(psi, h, swap)
    assert len(found.start) == 3
    # |T0> turns into (|uu> + |dd>)/sqrt 2 up to phases; a dephased mixture would stay with probability 1/2
    assert found.joint[:, 1] == pytest.approx([0.5, 0.0, 0.5], abs=1e-12)
    assert found.coherent_shift == pytest.approx(0.0, abs=1e-12)


def test_coherence_at_the_start_shifts_the_mean():
    """|+> turned by pi/2 about y: <dE> = gap/2, the measured mean is 0."""
    psi = np.array([1.0, 1.0]) / np.sqrt(2)
    turn = np.array([[1, 1], [-1, 1]]) / np.sqrt(2)
    found = two_point_measurement(psi, SZ / 2, turn)
    assert found.mean == pytest.approx(0.0, abs=1e-14)
    assert found.coherent_shift == pytest.approx(0.5)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(2, 5), st.floats(0.1, 3.0))
def test_jarzynski_holds_for_gibbs_starts_and_unitaries(seed, size, beta):
    """<exp(-beta w)> = Z'/Z, and by Jensen <w> >= dF; a Gibbs start at another temperature breaks it."""
    rng = np.random.default_rng(seed)
    # levels within [-1, 1]: rare works weigh exp(beta w), and rounding of their probabilities with them
    a, b = (m / np.linalg.norm(m, 2) for m in (x + x.T for x in rng.normal(size=(2, size, size))))
    found = two_point_measurement(gibbs(a, beta), a, random_unitary(rng, size), b)
    assert found.jarzynski_defect(beta) == pytest.approx(0.0, abs=1e-9)
    ratio = np.exp(-beta * np.linalg.eigvalsh(b)).sum() / np.exp(-beta * np.linalg.eigvalsh(a)).sum()
    assert found.exponential(beta) == pytest.approx(ratio, rel=1e-9)
    assert found.mean >= -np.log(ratio) / beta - 1e-9
    assert found.probabilities.sum() == pytest.approx(1.0)
    assert abs(two_point_measurement(gibbs(a, 2 * beta), a, random_unitary(rng, size)).jarzynski_defect(beta)) > 1e-6


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(2, 4))
def test_mean_plus_shift_is_the_change_of_energy(seed, size):
    """For any channel (two Kraus operators here) and any start; the shift vanishes for a diagonal start."""
    rng = np.random.default_rng(seed)
    v = random_unitary(rng, 2 * size)[:, :size]
    kraus = [v[:size], v[size:]]
    h = np.diag(np.sort(rng.normal(size=size)))
    x = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    rho = x @ x.conj().T / np.linalg.norm(x) ** 2
    found = two_point_measurement(rho, h, kraus)
    change = np.trace(h @ (sum(k @ rho @ k.conj().T for k in kraus) - rho)).real
    assert found.mean + found.coherent_shift == pytest.approx(change, abs=1e-12)
    as_function = two_point_measurement(rho, h, lambda m: sum(k @ m @ k.conj().T for k in kraus))
    assert as_function.joint == pytest.approx(found.joint, abs=1e-13)
    diagonal = two_point_measurement(np.diag(np.diagonal(rho)), h, kraus)
    assert diagonal.coherent_shift == pytest.approx(0.0, abs=1e-12)


def test_work_of_cold_starts_does_not_overflow():
    found = two_point_measurement(np.diag([0.0, 1.0]), 500 * SZ, np.eye(2))
    assert found.exponential(5.0) == 1.0


def test_qobj_of_qutip():
    qutip = pytest.importorskip("qutip")
    u = (-0.3j * qutip.sigmax()).expm()
    found = two_point_measurement(qutip.basis(2, 1), qutip.sigmaz() / 2, u)
    assert found.mean == pytest.approx(np.sin(0.3) ** 2)
    many = two_point_measurement(qutip.basis(2, 1), qutip.sigmaz() / 2, [u])
    assert many.mean == pytest.approx(found.mean)


def test_what_is_refused():
    with pytest.raises(StructureError, match="keep the trace"):
        two_point_measurement(np.eye(2) / 2, SZ, 2 * np.eye(2))
    with pytest.raises(StructureError, match="not positive"):
        two_point_measurement(np.diag([1.0, 0.0]), SZ, lambda m: 1.5 * m - 0.5 * SX @ m @ SX)
    with pytest.raises(SpecError, match="final H"):
        two_point_measurement(np.eye(2) / 2, SZ, np.eye(2), np.eye(3))
    with pytest.raises(SpecError, match="operators of"):
        two_point_measurement(np.eye(2) / 2, SZ, np.eye(3))
    with pytest.raises(SpecError, match="not a batch"):
        two_point_measurement(np.array([np.eye(2) / 2] * 3), SZ, np.eye(2))
