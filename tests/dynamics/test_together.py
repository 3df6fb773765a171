"""Many small systems advanced together: exponentials of batches, families of rates against single solutions."""

import dataclasses

import numpy as np
import pytest
import scipy.linalg as la

import qsb
from qsb.charging.envelope import Sinusoidal
from qsb.charging.protocol import Stage
from qsb.dynamics.exponential import exponentials
from qsb.dynamics.plan import plan
from qsb.dynamics.representation import Request
from qsb.dynamics.solve import solve
from qsb.dynamics.together import Family
from qsb.errors import ConvergenceError
from systems import cells, pairs

NOISE = (qsb.emission(0.1), qsb.dephasing(0.05))
THERMAL = (qsb.thermal(0.1, nbar=0.3), NOISE[1])
NEEDS = Request(frozenset({"energy", "power", "spectrum", "levels", "extremes"}))
STAGES = qsb.Protocol((Stage("charge", 1.3), Stage("store", 0.7), Stage("discharge", 1.0)))


@pytest.mark.parametrize("size", [1e-8, 0.3, 4.0, 60.0])
@pytest.mark.parametrize("complex_too", [False, True])
def test_exponentials_of_a_batch(size, complex_too, rng):
    a = rng.normal(size=(7, 6, 6)) + (1j * rng.normal(size=(7, 6, 6)) if complex_too else 0)
    a = size * (a - a.conj().swapaxes(1, 2)) / 6
    np.testing.assert_allclose(exponentials(a), la.expm(a), rtol=0, atol=1e-14 * max(1.0, size))


def test_exponentials_of_decaying_and_defective_matrices():
    a = np.array([[[-30.0, 1.0], [0.0, -30.0]], [[0.0, 5.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
    np.testing.assert_allclose(exponentials(a), la.expm(a), rtol=1e-12, atol=1e-18)
    with pytest.raises(ConvergenceError, match="norm"):
        exponentials(np.full((1, 2, 2), np.nan))


def family(problem):
    """Return a family and its plan."""
    made = plan(problem, NEEDS)
    found = Family.of(problem, made)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "problem",
    [
        cells(1, field=0.5, channels=NOISE, duration=3.0, times=np.linspace(0, 3, 31)),
        cells(5, field=0.5, channels=NOISE, duration=3.0, times=np.linspace(0, 3, 31)),
        cells(3, coupling=pairs(0.5, "all"), field=0.3, channels=NOISE, duration=3.0, times=np.linspace(0, 3, 31)),
        cells(3, coupling=pairs(0.5, "all"), field=0.3, channels=NOISE, protocol=STAGES, times=np.linspace(0, 3, 31)),
        cells(3, coupling=pairs(0.5, "all"), channels=NOISE, protocol=STAGES, times=[0.1, 0.11, 1.3, 2.9]),
        cells(
            2, coupling=pairs(0.5, "all"), channels=(qsb.thermal(0.1, nbar=0.3), NOISE[1]), duration=2.0, times=[2.0]
        ),
    ],
    ids=["one cell", "product", "permutation", "stages", "uneven times", "thermal"],
)
def test_a_family_is_its_members(problem):
    whole = family(problem)
    rates = np.array([[0.0, 0.0], [0.3, 0.0], [0.0, 0.2], [0.15, 0.07]])
    (together,) = whole.solve(rates, problem.times, 1e-8)
    n = len(problem.times)
    for k, row in enumerate(rates):
        channels = tuple(dataclasses.replace(c, rate=float(r)) for c, r in zip(problem.channels, row, strict=True))
        alone = dataclasses.replace(problem, channels=channels)
        series = solve(alone, plan(alone, NEEDS, representation=whole.plan.representation))
        here = together.rows(slice(k * n, (k + 1) * n))
        for name in ("energy", "power"):
            np.testing.assert_allclose(here.values[name], series.values[name], rtol=0, atol=1e-12)
        np.testing.assert_allclose(here.values["spectrum"].moment(2), series.values["spectrum"].moment(2), atol=1e-12)
        assert together.start_energy == pytest.approx(series.start_energy, abs=1e-14)


def test_small_batches_change_nothing(monkeypatch):
    problem = cells(3, coupling=pairs(0.5, "all"), channels=NOISE, duration=2.0, times=np.linspace(0, 2, 11))
    whole, rates = family(problem), np.random.default_rng(4).random((7, 2))
    (once,) = whole.solve(rates, problem.times, 1e-8)
    monkeypatch.setattr("qsb.dynamics.together._BATCH_BYTES", 1)
    many = list(whole.solve(rates, problem.times, 1e-8))
    assert len(many) == 7
    np.testing.assert_allclose(np.concatenate([m.values["energy"] for m in many]), once.values["energy"], atol=1e-13)


def test_a_state_that_is_none_is_not_returned():
    whole = family(cells(2, coupling=pairs(0.5, "all"), channels=NOISE, duration=2.0))
    broken = dataclasses.replace(
        whole, parts=tuple(dataclasses.replace(p, unitary=1.1 * p.unitary + 0.01) for p in whole.parts)
    )
    with pytest.raises(ConvergenceError):
        list(broken.solve(np.array([[0.1, 0.1]]), np.linspace(0, 2, 5), 1e-8))


@pytest.mark.parametrize(
    "problem",
    [
        cells(3, coupling=pairs(0.5, "all"), duration=2.0),
        cells(3, coupling=pairs(0.5, "all"), channels=NOISE, protocol=qsb.quench(2.0, Sinusoidal(1.0)), duration=2.0),
        cells(12, coupling=pairs(0.5, "all"), channels=NOISE, duration=2.0),
        cells(2, field=[0.1, 0.2], channels=NOISE, duration=2.0),
    ],
    ids=["closed", "driven", "large", "two kinds"],
)
def test_what_is_no_small_constant_system_is_left_to_the_usual_way(problem):
    assert Family.of(problem, plan(problem, NEEDS)) is None
