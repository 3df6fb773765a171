"""Quantum advantage: O9 under each resource, and no answer without one."""

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsb.errors import SpecError
from qsb.merit.advantage import OF, RESOURCES, parallel_reference, quantum_advantage

#: O9: Gamma of the global flip lam prod sx, H_B off, and the amount of each resource that it has
FLIP = {
    "equal norm": (1.0, lambda n: n),
    "equal variance": (1.0, np.sqrt),
    "equal coupling": (1.0, lambda n: 1),
    "equal driving energy": (1.0, lambda n: n),
}


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize("of", OF)
@pytest.mark.parametrize("cells", [1, 2, 7, 100])
def test_o9_global_flip(resource, of, cells):
    """Peak power N w lam, mean power 2 N w lam/pi, time pi/(2 lam): one Gamma, N, sqrt(N), 1 or N."""
    lam, gap = 0.3, 1.7
    value = {"power": cells * gap * lam, "average power": 2 * cells * gap * lam / np.pi, "time": np.pi / (2 * lam)}[of]
    amount, gamma = FLIP[resource]
    found = quantum_advantage(value, resource=resource, amount=amount * lam, cells=cells, of=of, gap=gap)
    assert found == pytest.approx(gamma(cells))


def test_the_resource_has_no_default():
    for function in (quantum_advantage, parallel_reference):
        assert inspect.signature(function).parameters["resource"].default is inspect.Parameter.empty
    with pytest.raises(TypeError, match="resource"):
        quantum_advantage(1.0, amount=1.0, cells=2)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 50), st.floats(0.01, 10.0), st.floats(0.1, 5.0), st.booleans())
def test_parallel_charging_has_no_advantage_over_itself(cells, strength, gap, battery):
    amounts = {
        "equal norm": cells * strength,
        "equal variance": np.sqrt(cells) * strength,
        "equal coupling": strength,
        "equal driving energy": cells * strength,
    }
    for resource, amount in amounts.items():
        one = parallel_reference(resource=resource, amount=amount, cells=cells, gap=gap, battery=battery)
        assert one.strength == pytest.approx(strength)
        for of, value in (("power", one.power), ("average power", one.average_power), ("time", one.time)):
            options = {"resource": resource, "amount": amount, "cells": cells, "gap": gap, "battery": battery}
            assert quantum_advantage(value, of=of, **options) == pytest.approx(1.0)


@pytest.mark.parametrize("battery", [False, True])
def test_reference_by_brute_force(battery):
    """E(t) of one cell on a fine grid: peaks of E, dE/dt and E/t."""
    lam, gap, cells = 0.4, 1.2, 3
    found = parallel_reference(resource="equal coupling", amount=lam, cells=cells, gap=gap, battery=battery)
    t = np.linspace(1e-9, 2 * np.pi / lam, 400001)
    rabi = np.hypot(gap if battery else 0.0, 2 * lam)
    energy = cells * gap * (2 * lam / rabi) ** 2 * np.sin(rabi * t / 2) ** 2
    assert found.power == pytest.approx(np.gradient(energy, t).max(), rel=1e-6)
    assert found.time == pytest.approx(t[np.argmax(energy[t < 1.5 * np.pi / rabi])], rel=1e-3)
    full = found.average_power if battery else cells * gap / found.time
    assert found.average_power == pytest.approx((energy / t).max() if battery else full, rel=1e-6)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"resource": "equal luck"}, "say which one"),
        ({"amount": 0.0}, "without a resource"),
        ({"cells": 0}, "must be positive"),
        ({"of": "energy"}, "must be one of power"),
        ({"value": 0.0}, "a ratio needs"),
    ],
)
def test_what_is_refused(more, words):
    given = {"value": 1.0, "resource": "equal norm", "amount": 1.0, "cells": 2} | more
    with pytest.raises(SpecError, match=words):
        quantum_advantage(given.pop("value"), **given)
