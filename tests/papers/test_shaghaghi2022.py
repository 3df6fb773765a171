"""The micromaser: verdicts, and the plateau from a map that is written here."""

import numpy as np
import pytest

from qsb.studies.papers import study


@pytest.fixture(scope="module")
def made():
    return study("shaghaghi2022", quick=True)


def test_verdicts(made):
    assert {j.claim.id: j.verdict.value for j in made.judgements} == {
        "charged": "reproduced",
        "effectively-steady": "reproduced",
        "million": "inconclusive",  # a quick run has fewer collisions, and says so
        "no-overcharge": "reproduced",
    }


def test_the_plateau_of_an_independent_calculation(made):
    data = made.datasets["long"].sel(time=1000.0)
    assert float(data["stored_energy"]) == pytest.approx(3.878079, abs=5e-7)
    assert float(data["purity"]) == pytest.approx(0.99956, abs=5e-6)


def test_thirty_collisions_of_a_map_written_here(made):
    """sum over the atom's states of Kraus operators: cos and sin of theta sqrt(n)."""
    n, q = np.arange(50), 0.25
    up, down = np.cos(np.sqrt(n + 1)), np.cos(np.sqrt(n))  # no exchange
    hop = -1j * np.diag(np.sin(np.sqrt(n[1:])), 1)  # |n-1><n|, the atom goes up
    kraus = {("e", "e"): np.diag(up), ("g", "e"): hop.T, ("g", "g"): np.diag(down), ("e", "g"): hop}
    atom = {"e": np.sqrt(1 - q), "g": np.sqrt(q)}
    rho = np.zeros((50, 50), dtype=complex)
    rho[0, 0] = 1
    for _ in range(30):
        rho = sum((k := sum(a * kraus[out, s] for s, a in atom.items())) @ rho @ k.conj().T for out in "eg")
    data = made.datasets["start"].sel(time=30.0)
    assert float(data["stored_energy"]) == pytest.approx(n @ rho.diagonal().real, abs=1e-9)
    assert float(data["purity"]) == pytest.approx(np.sum(np.abs(rho) ** 2), abs=1e-9)
