"""Density and fluence at other distances: powers of the distance, and what they conserve."""

import math

import pytest

from qsb.errors import SpecError
from qsb.stellar.cme import DragModel, density_at, push_on_collector
from qsb.stellar.constants import ASTRONOMICAL_UNIT as AU
from qsb.stellar.dose import fluence_at


def test_the_inverse_square_keeps_the_particles():
    for d in (0.1, 0.5, 1.0, 5.2):
        through = 4 * math.pi * (d * AU) ** 2
        assert through * density_at(5e6, d * AU) == pytest.approx(4 * math.pi * AU**2 * 5e6, rel=1e-14)
        assert through * fluence_at(1e13, d * AU) == pytest.approx(4 * math.pi * AU**2 * 1e13, rel=1e-14)


def test_other_powers_and_other_places():
    assert density_at(20e6, 0.5 * AU, falloff=2.4) == pytest.approx(20e6 * 2**2.4, rel=1e-14)
    assert density_at(20e6, 0.5 * AU, given=0.25 * AU) == pytest.approx(5e6, rel=1e-14)
    assert fluence_at(1e13, 30 * AU, falloff=0.0) == 1e13
    assert density_at(0.0, AU) == 0.0


def test_a_wind_pushes_beside_light_alike_everywhere():
    """Density and irradiance fall alike; at the wind's own speed the drag model changes nothing."""
    wind = DragModel(wind=4e5)
    ratios = []
    for d in (0.3, 1.0, 3.0):
        speed = wind.arrival(4e5, d * AU).speed
        ratios.append(push_on_collector(density_at(5e6, d * AU), speed, 1361.0 / d**2).ratio)
    assert ratios == pytest.approx([ratios[1]] * 3, rel=1e-12)


@pytest.mark.parametrize("scaled", [density_at, fluence_at])
def test_what_cannot_be(scaled):
    for arguments in ((-1.0, AU), (1.0, 0.0), (1.0, AU, 0.0), (1.0, AU, AU, -2.0)):
        with pytest.raises(SpecError):
            scaled(*arguments)
