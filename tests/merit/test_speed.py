"""Quantum speed limits: saturation, exact evolutions that must not break them, QuTiP's fidelity."""

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from qsb.errors import SpecError, StructureError
from qsb.merit.speed import (
    bures_angle,
    bures_limit,
    deffner_lutz,
    mandelstam_tamm,
    margolus_levitin,
    speed_ratio,
    time_average,
    unified,
)

SX, SZ = np.array([[0, 1], [1, 0]], dtype=complex), np.diag([1.0, -1.0]).astype(complex)
SM = np.array([[0, 0], [1, 0]], dtype=complex)
SEEDS = st.integers(0, 2**32 - 1)


def random_ket(rng, size):
    psi = rng.normal(size=size) + 1j * rng.normal(size=size)
    return psi / np.linalg.norm(psi)


def lindblad(h, jumps, rho):
    out = -1j * (h @ rho - rho @ h)
    for rate, op in jumps:
        n = op.conj().T @ op
        out = out + rate * (op @ rho @ op.conj().T - (n @ rho + rho @ n) / 2)
    return out


def way(h, jumps, rho, times):
    """Density matrices and their rates along a Lindblad evolution, by one exponential a time."""
    size = len(h)
    columns = [lindblad(h, jumps, e.reshape(size, size)).ravel() for e in np.eye(size * size)]
    generator = np.array(columns).T
    states = np.array([(scipy.linalg.expm(t * generator) @ rho.ravel()).reshape(size, size) for t in times])
    return states, np.array([lindblad(h, jumps, s) for s in states])


def test_flip_of_a_cell_meets_both_limits_at_once():
    """V = lam sx from |down>: dH = E - E_0 = lam, orthogonal at t = pi/(2 lam); Gamma-free and tight."""
    strength = 0.7
    time = np.pi / (2 * strength)
    for found in (mandelstam_tamm, margolus_levitin):
        assert found(np.pi / 2, strength) == pytest.approx(time)
    assert unified(np.pi / 2, strength, strength) == pytest.approx(time)
    assert speed_ratio(time, unified(np.pi / 2, strength, strength)) == pytest.approx(1.0)


def test_parallel_charging_misses_the_limit_by_the_root_of_n_and_the_flip_meets_it():
    """T = pi/(2 lam) both; dV = sqrt(N) lam or lam: ratio sqrt(N) or 1, the equal-variance advantage."""
    n, lam = 9, 0.3
    time = np.pi / (2 * lam)
    assert speed_ratio(time, mandelstam_tamm(np.pi / 2, np.sqrt(n) * lam)) == pytest.approx(3.0)
    assert speed_ratio(time, mandelstam_tamm(np.pi / 2, lam)) == pytest.approx(1.0)


@pytest.mark.parametrize("angle", [0.0, 1e-4, 0.2, 0.7, 1.3, np.pi / 2 - 1e-6, np.pi / 2])
def test_margolus_levitin_at_any_angle_is_the_best_two_levels(angle):
    """Brute force over weights; pi/2 at L = pi/2, and the limit for small angles."""
    p = np.geomspace(max(np.sin(angle / 2) ** 2, 1e-20), 0.5, 400001)
    reach = 2 * np.sqrt(p * (1 - p))
    part = np.divide(np.sin(angle), reach, out=np.zeros_like(p), where=reach > 0)
    expected = (2 * p * np.arcsin(np.minimum(part, 1.0))).min()
    found = float(margolus_levitin(angle, 1.0))
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-12)
    assert found <= expected * (1 + 1e-8) + 1e-12
    if angle < 0.01:  # y/(2 sin^2 y) at tan y = 2y
        assert found == pytest.approx(angle**2 / (2 * 0.7246113537767086), rel=1e-4)


def test_margolus_levitin_is_reached():
    """The two levels of the minimum move by exactly the angle in that time."""
    angle = 0.8
    p = np.linspace(np.sin(angle / 2) ** 2, 0.5, 100001)[1:]
    phase = 2 * np.arcsin(np.minimum(np.sin(angle) / (2 * np.sqrt(p * (1 - p))), 1.0))
    best = np.argmin(p * phase)
    time, energy = phase[best], p[best]
    moved = np.arccos(abs(1 - energy + energy * np.exp(-1j * time)))
    assert moved == pytest.approx(angle)
    assert time == pytest.approx(float(margolus_levitin(angle, energy)), rel=1e-7)


@settings(max_examples=80, deadline=None)
@given(SEEDS, st.integers(2, 6), st.floats(0.01, 3.0))
def test_no_closed_evolution_is_faster(seed, size, time):
    """Random states and constant H: all three limits lie below the time that was taken."""
    rng = np.random.default_rng(seed)
    levels = rng.exponential(size=size)
    psi = random_ket(rng, size)
    p = np.abs(psi) ** 2
    angle = bures_angle(psi, np.exp(-1j * levels * time) * psi)
    energy, square = p @ levels, p @ levels**2
    std = np.sqrt(square - energy**2)
    above = energy - levels.min()
    assert mandelstam_tamm(angle, std) <= time * (1 + 1e-6)
    assert margolus_levitin(angle, above) <= time * (1 + 1e-6)
    assert unified(angle, std, above) == max(mandelstam_tamm(angle, std), margolus_levitin(angle, above))


def test_time_dependent_driving_against_the_averaged_variance():
    """H(t) = sx + 3 sin(5t) sz by small steps: L <= int dH dt at every time."""
    times = np.linspace(0, 2, 2001)
    step = times[1]
    psi, stds, angles = np.array([0, 1], dtype=complex), [], []
    start = psi
    for t in times:
        h = SX + 3 * np.sin(5 * t) * SZ
        stds.append(np.sqrt(max((psi.conj() @ h @ h @ psi - (psi.conj() @ h @ psi) ** 2).real, 0)))
        angles.append(bures_angle(start, psi))
        middle = SX + 3 * np.sin(5 * (t + step / 2)) * SZ
        psi = scipy.linalg.expm(-1j * step * middle) @ psi
    limit = mandelstam_tamm(np.where(np.array(angles) < 1e-7, 0, angles), time_average(times, stds))
    assert (limit <= times * (1 + 1e-5) + 1e-12).all()
    assert (limit[1:] / times[1:]).max() > 0.9


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.integers(2, 3))
def test_no_open_evolution_is_faster(seed, size):
    """Random Lindblad evolutions: Bures limit from mixed starts, Deffner-Lutz from pure ones, zero violations."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(3, size, size)) + 1j * rng.normal(size=(3, size, size))
    h, jumps = a[0] + a[0].conj().T, [(0.3, a[1]), (0.1, a[2])]
    times = np.linspace(0, 0.5, 101)
    psi = random_ket(rng, size)
    mixed = 0.7 * np.outer(psi, psi.conj()) + 0.3 * np.eye(size) / size
    angle, limit = bures_limit(*way(h, jumps, mixed, times), times)
    assert (limit <= times * (1 + 2e-3) + 1e-9).all()
    assert angle[-1] > 0
    states, rates = way(h, jumps, np.outer(psi, psi.conj()), times)
    limits = [deffner_lutz(states, rates, times, norm) for norm in ("operator", "hilbert-schmidt", "trace")]
    assert all((limit <= times * (1 + 2e-3) + 1e-9).all() for limit in limits)
    # the operator norm is the smallest, so that its limit is the sharpest
    assert (limits[0] >= limits[1] - 1e-12).all()
    assert (limits[1] >= limits[2] - 1e-12).all()


def test_closed_evolution_reduces_to_mandelstam_tamm():
    """Closed, pure: the Bures limit is L/dH, and Deffner-Lutz sin^2 L/dH."""
    times = np.linspace(0, 1, 51)
    states, rates = way(0.6 * SX, [], np.diag([0, 1]).astype(complex), times)
    angle, limit = bures_limit(states, rates, times)
    assert angle == pytest.approx(0.6 * times, abs=1e-7)
    assert limit == pytest.approx(times, abs=1e-6)
    assert deffner_lutz(states, rates, times) == pytest.approx(np.sin(0.6 * times) ** 2 / 0.6, abs=1e-9)


def test_decay_saturates_deffner_lutz():
    """Spontaneous emission moves populations on a straight line: sin^2 L = 1 - e^{-gt} = int ||drho/dt||_op."""
    times = np.linspace(0, 2, 401)
    states, rates = way(0 * SX, [(0.8, SM)], np.diag([1, 0]).astype(complex), times)
    assert deffner_lutz(states, rates, times) == pytest.approx(times, rel=1e-5)


def test_angle_against_qutip():
    qutip = pytest.importorskip("qutip")
    a, b = qutip.rand_dm(4, seed=1), qutip.rand_dm(4, seed=2)
    assert np.cos(bures_angle(a, b)) == pytest.approx(qutip.fidelity(a, b), abs=1e-9)
    assert bures_angle(a, a) == pytest.approx(0.0, abs=1e-6)
    assert bures_angle(qutip.basis(2, 0), qutip.basis(2, 1)) == pytest.approx(np.pi / 2)


def test_what_cannot_move_takes_for_ever_and_standing_still_takes_no_time():
    assert mandelstam_tamm(0.3, 0.0) == np.inf
    assert margolus_levitin([0.0, 0.3], [0.0, 0.0]).tolist() == [0.0, np.inf]
    assert np.isnan(speed_ratio(1.0, 0.0))
    assert time_average([0.0, 1.0, 3.0], [0.0, 2.0, 2.0]).tolist() == pytest.approx([0.0, 1.0, 5 / 3])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: mandelstam_tamm(2.0, 1.0), SpecError, "Bures angle"),
        (lambda: mandelstam_tamm(1.0, -1.0), SpecError, "std"),
        (lambda: margolus_levitin(1.0, np.nan), SpecError, "energy"),
        (lambda: time_average([0.0, 0.0], [1.0, 1.0]), SpecError, "increase"),
        (lambda: bures_angle(np.eye(2) / 2, np.eye(3) / 3), SpecError, "dimensions 2 and 3"),
        (lambda: deffner_lutz(np.eye(2)[None] / 2, np.zeros((1, 2, 2)), [0.0]), StructureError, "mixed"),
        (
            lambda: deffner_lutz(np.diag([1.0, 0])[None], np.zeros((1, 2, 2)), [0.0], "l1"),
            SpecError,
            "must be one of operator",
        ),
    ],
)
def test_what_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
