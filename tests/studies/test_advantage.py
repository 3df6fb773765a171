"""Quantum advantage by two runs: O9 under every resource, and references that are not defined."""

import numpy as np
import pytest

import qsb
from qsb.algebra.opsum import OpSum
from qsb.algebra.terms import Global
from qsb.charging.envelope import Constant
from qsb.errors import SpecError
from qsb.merit.advantage import OF, RESOURCES
from qsb.studies.advantage import advantage, resource_of
from systems import cells, pairs

N, LAM = 4, 0.5


def flip(**more):
    return cells(N, flip=LAM, protocol=qsb.quench(3.5, battery=False), duration=3.5, **more)


@pytest.mark.parametrize(("resource", "gamma"), list(zip(RESOURCES, [N, np.sqrt(N), 1, N], strict=True)))
@pytest.mark.parametrize("of", OF)
def test_o9_global_flip(resource, gamma, of):
    """Without H_B: N, sqrt(N), 1 and N; the second run and the closed form agree for the peaks of the power."""
    found = advantage(flip(), resource=resource, of=of)
    assert found.gamma == pytest.approx(gamma, rel=1e-5)
    assert found.strength == pytest.approx(LAM / gamma)
    if of != "average power":  # the peak of E/t is not the mean power of a full charge
        assert found.closed_form == pytest.approx(gamma, rel=1e-5)


def test_the_same_data_are_an_advantage_and_none():
    """All-to-all at N = 4, H_B off, O19: P_max = N w lam sqrt(N-1) ((N-2)/(N-1))^((N-2)/2)."""
    problem = cells(N, coupling=pairs(LAM, "all"), protocol=qsb.quench(4.0, battery=False), duration=4.0)
    power = N * LAM * np.sqrt(3) * (2 / 3)
    amounts = {
        "equal coupling": LAM,
        "equal norm": LAM * (6 + 2) / 2,
        "equal variance": LAM * np.sqrt(6),
        "equal driving energy": LAM * 2,
    }
    shares = {"equal coupling": 1, "equal norm": N, "equal variance": 2, "equal driving energy": N}
    for resource, amount in amounts.items():
        found = advantage(problem, resource=resource)
        assert found.amount == pytest.approx(amount)
        assert found.gamma == pytest.approx(power / (N * amount / shares[resource]), rel=1e-5)
    assert advantage(problem, resource="equal coupling").gamma > 1 > advantage(problem, resource="equal variance").gamma


def test_parallel_charging_is_its_own_reference():
    problem = cells(3, field=0.4, duration=5.0)
    for resource in RESOURCES:
        found = advantage(problem, resource=resource)
        assert found.gamma == pytest.approx(1.0, abs=1e-9)
        assert found.strength == pytest.approx(0.4)
        assert found.closed_form == pytest.approx(1.0, rel=1e-5)


def test_noise_has_no_closed_form_but_a_ratio():
    found = advantage(flip(channels=[qsb.emission(0.1)]), resource="equal norm")
    assert found.closed_form is None
    # the reference is slower, so that it loses more
    assert found.gamma > N


def test_what_is_refused():
    with pytest.raises(TypeError, match="resource"):
        advantage(flip())
    with pytest.raises(SpecError, match="say which one"):
        advantage(flip(), resource="equal luck")
    with pytest.raises(SpecError, match="of must be"):
        advantage(flip(), resource="equal norm", of="energy")
    with pytest.raises(SpecError, match="differ, or are tilted"):
        advantage(cells(2, field=0.5, frequency=[1.0, 1.2]), resource="equal norm")
    with pytest.raises(SpecError, match="couples them"):
        advantage(cells(2, field=0.5, coupling=pairs(0.2, role="battery")), resource="equal norm")
    with pytest.raises(SpecError, match="a state of its own"):
        resource_of(qsb.Problem(qsb.models.dicke(2, coupling=0.1, cutoff=4), qsb.quench(1.0)), "equal norm")
    thermal = cells(2, field=0.5, start=qsb.Start("thermal", temperature=1.0))
    with pytest.raises(SpecError, match="mixture"):
        resource_of(thermal, "equal variance")
    b = thermal.battery
    several = qsb.Battery(b.space, b.battery, b.interaction, drives=((OpSum((Global("x", 0.1),)), Constant(1.0)),))
    with pytest.raises(SpecError, match="one envelope"):
        resource_of(qsb.Problem(several, qsb.quench(1.0)), "equal norm")
    assert resource_of(cells(2, coupling=pairs(-0.3)), "equal coupling") == pytest.approx(0.3)
