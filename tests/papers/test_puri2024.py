"""A switched long-range interaction: verdicts, and energies from dense exponentials."""

import numpy as np
import pytest
import scipy.linalg as la

from qsb.studies.papers import study

SX, SZ = np.array([[0, 1], [1, 0]]), np.diag([1, -1])


@pytest.fixture(scope="module")
def made():
    return study("puri2024", quick=True)


def test_verdicts(made):
    assert {j.claim.id: j.verdict.value for j in made.judgements} == {
        "super-extensive": "reproduced",
        "short-range": "reproduced",
        "static": "contradicted",
        "fall-off": "reproduced",
    }


def test_extensive_energies_have_no_such_power(made):
    (first,) = [j for j in made.judgements if j.claim.id == "super-extensive"]
    assert {e.reading: e.holds for e in first.evidence} == {"bare": True, "kac": False}


def one(op, i, n):
    return np.kron(np.kron(np.eye(2**i), op), np.eye(2 ** (n - i - 1)))


def energy(n, weight, period, end):
    """Stored energy of n cells under bonds of this weight, switched on and off."""
    h = sum(one(SZ, i, n) for i in range(n)) / 2
    v = sum(weight(j - i) * one(SX, i, n) @ one(SX, j, n) for i in range(n) for j in range(i + 1, n))
    psi = np.zeros(2**n)
    psi[-1] = 1
    for k in range(round(2 * end / period)):
        psi = la.expm(-1j * period / 2 * (h + (k % 2 == 0) * v)) @ psi
    return np.vdot(psi, h @ psi).real + n / 2


@pytest.mark.parametrize(
    ("run", "n", "weight"),
    [
        ("all-T0.5", 6, lambda r: 1.0),
        ("power-T0.5", 5, lambda r: r**-0.5),
        ("nearest-T0.5", 6, lambda r: float(r == 1)),
        ("second-N5-T0.5", 5, lambda r: float(r <= 2)),
    ],
)
def test_energies_of_dense_exponentials(made, run, n, weight):
    data = made.datasets[run]
    data = data.sel(cells=n) if "cells" in data.dims else data
    found = float(data["stored_energy"].sel(time=1.5, method="nearest"))
    assert found == pytest.approx(energy(n, weight, 0.5, 1.5), abs=1e-6)


def test_the_drive_is_said_to_be_our_reading(made):
    """In the rows of the claims that depend on it, not only in the note."""
    sections = {j.claim.id: j.claim.section for j in made.judgements}
    assert all("our reading" in sections[k] for k in ("super-extensive", "static"))
