"""Envelopes: what they are told apart by, and what ramps share."""

import numpy as np
import pytest

from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.terms import Local
from qsb.charging.battery import Battery
from qsb.charging.envelope import Constant, Envelope, Gaussian, Piecewise, Ramp, SineRamp, Sinusoidal, Table
from qsb.charging.environment import emission
from qsb.charging.problem import Problem
from qsb.charging.protocol import quench

#: (envelope, fingerprint of a problem with it as it was when datasets were first written)
MARKED = [
    (Constant(0.7), "db10f987ebabd967"),
    (Sinusoidal(2.0, 0.3, 0.5), "bf4cb12f8f7e50b5"),
    (Gaussian(1.0, 0.25, 2.0), "1517ea907eb7a960"),
    (Ramp(0.2, 1.0, 0.5), "389409b795f12c1e"),
    (SineRamp(0.2, 1.0, 0.5), "2f3d0fa2da058398"),
    (Piecewise((0.0, 1.0, 2.0), (1.0, -1.0)), "d5b7678f6828f845"),
    (Table((0.0, 1.0, 2.0), (0.0, 1.0, 0.5)), "f2fe28bc4d0c7c51"),
]


@pytest.mark.parametrize(("envelope", "mark"), MARKED)
def test_fingerprints_of_envelopes_stay(envelope, mark):
    """Datasets on disk are found again by them."""
    assert isinstance(envelope, Envelope)
    battery = Battery(Space.spins(2), OpSum((Local("z", 0.5),)), OpSum((Local("x", 0.5),)))
    losses = (emission(0.1, envelope=envelope),)
    assert Problem(battery, quench(2.0, envelope), losses, np.array([0.0, 2.0])).fingerprint == mark


def test_two_ramps_with_equal_numbers_differ_in_their_shape_alone():
    linear, sine = Ramp(0.2, 1.0, 0.5), SineRamp(0.2, 1.0, 0.5)
    assert linear != sine
    assert not isinstance(sine, Ramp)
    assert linear.breakpoints(2.0) == sine.breakpoints(2.0) == (0.5,)
    assert linear.max_step(0.1) == sine.max_step(0.1) == 0.125
    assert linear.value(0.125) == pytest.approx(0.4)
    assert sine.value(0.125) == pytest.approx(0.2 + 0.8 * np.sin(np.pi / 8) ** 2)
    assert [r.value(9.0) for r in (linear, sine)] == [1.0, 1.0]
