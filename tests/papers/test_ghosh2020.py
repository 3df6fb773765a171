"""The XYZ battery: verdicts, the closed form of a polarised start, a dense ground state, a dense Gibbs state."""

import numpy as np
import pytest
import scipy.linalg as la

from qsb.studies.papers import ghosh2020, study


class Sheet:
    """A worksheet that only has runs."""

    def __init__(self, made):
        self.bench = made


X, Y, Z = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])


@pytest.fixture(scope="module")
def made():
    return study("ghosh2020", quick=True)


def test_verdicts(made):
    assert {j.claim.id: j.verdict.value for j in made.judgements} == {
        "enhancement": "reproduced",
        "correlated": "contradicted",
        "size": "reproduced",
        "temperature": "reproduced",
        "disorder": "reproduced",
        "any-size": "contradicted",
    }


def test_a_polarised_start(made):
    """E/N = (1 - cos 2t)/2 + (J/4)(1 - gamma - Delta) sin^2 2t of a product state."""
    data = made.datasets["polarised"]
    t = data["time"].values
    closed = (1 - np.cos(2 * t)) / 2 + 0.5 * np.sin(2 * t) ** 2
    for n in data["cells"].values:
        np.testing.assert_allclose(data["stored_energy"].sel(cells=n) / n, closed, atol=1e-7)


def one(op, i, n):
    return np.kron(np.kron(np.eye(2**i), op), np.eye(2 ** (n - i - 1)))


def chain(n, j, gamma, delta):
    h = sum(one(Z, i, n) for i in range(n)) / 2
    for i in range(n):
        for op, weight in ((X, 1 + gamma), (Y, 1 - gamma), (Z, delta)):
            h = h + j / 4 * weight * one(op, i, n) @ one(op, (i + 1) % n, n)
    return h


def test_dense_states(made):
    n, t = 6, float(made.datasets["cold-weak-6"]["time"][9])
    turn = la.expm(-1j * t * sum(one(X, i, n) for i in range(n)))
    h = chain(n, 1.0, 0.5, -0.5)
    e, u = np.linalg.eigh(h)
    psi = turn @ u[:, 0]
    found = float(made.datasets["correlated"]["stored_energy"].sel(cells=n)[9])
    assert found == pytest.approx(np.vdot(psi, h @ psi).real - e[0], abs=1e-8)
    h = chain(n, 1.0, 0.5, 0.5)
    rho = la.expm(-h / 0.5)
    rho /= np.trace(rho)
    stored = np.trace(h @ (turn @ rho @ turn.conj().T - rho)).real
    assert float(made.datasets["warm-weak-6"]["stored_energy"].sel(temperature=0.5)[9]) == pytest.approx(
        stored, abs=1e-8
    )


def largest_power(h, rho, n):
    times = np.linspace(0.3, 1.4, 111)
    turns = (np.cos(t) * np.eye(2) - 1j * np.sin(t) * X for t in times)
    return max(
        np.trace(h @ (u @ rho @ u.conj().T - rho)).real / t
        for t, u in zip(times, (kron_power(v, n) for v in turns), strict=True)
    )


def kron_power(op, n):
    out = np.eye(1)
    for _ in range(n):
        out = np.kron(out, op)
    return out


def test_warmth_lowers_the_power_of_four_cells(made):
    (claim,) = (j for j in made.judgements if j.claim.id == "any-size")
    h = chain(4, 1.0, 0.5, 0.5)
    u = np.linalg.eigh(h)[1]
    cold = largest_power(h, np.outer(u[:, 0], u[:, 0].conj()), 4)
    warm = la.expm(-h / 0.1)
    gain = largest_power(h, warm / np.trace(warm), 4) / cold
    assert claim.evidence[0].value == pytest.approx(gain, abs=1e-3)
    assert gain < 0.98


def test_gain_of_five_correlated_cells_in_units_of_the_span(made):
    h, free = chain(5, 1.0, 0.5, -0.5), chain(5, 0.0, 0.0, 0.0)
    power, span = [], []
    for each in (h, free):
        e, u = np.linalg.eigh(each)
        power.append(largest_power(each, np.outer(u[:, 0], u[:, 0].conj()), 5))
        span.append(e[-1] - e[0])
    bare, scaled = (gain[5] for gain in ghosh2020._gains(Sheet(made), "correlated"))
    assert bare == pytest.approx(power[0] / power[1], abs=1e-3)
    assert scaled == pytest.approx(power[0] / span[0] * span[1] / power[1], abs=1e-3)


def test_the_report_says_what_was_chosen_after_a_first_result(made):
    assert any("after first results were seen" in " ".join(note.split()) for note in made.summary)
