"""Collision batteries: the printed oracles, the random walk, the spec form, refusals."""

import numpy as np
import pytest

import qsb
from qsb.charging.protocol import collisions
from qsb.errors import SpecError

#: computed with a dense map: q, c, energy and ergotropy after 20 collisions at a swap angle of pi/4, 81 levels
SEAH = [
    (0.25, 0.0, 5.4755934225, 1.7252012555),
    (0.25, 1.0, 10.4406124317, 9.3236156591),
    (0.5, 1.0, 8.0479789275, None),
]


@pytest.mark.parametrize(("q", "c", "energy", "work"), SEAH)
def test_twenty_collisions_with_a_ladder(q, c, energy, work):
    battery = qsb.models.collision(81, coupling=np.pi / 4, ground=q, coherence=c)
    data = qsb.run(qsb.Problem(battery, collisions(20), (), [0.0, 20.0]), ["stored_energy", "ergotropy"])
    assert float(data["stored_energy"][-1]) == pytest.approx(energy, abs=6e-11)
    if work is not None:
        assert float(data["ergotropy"][-1]) == pytest.approx(work, abs=6e-11)


@pytest.mark.parametrize(("q", "angle"), [(0.25, 0.4), (0.8, 1.1)])
def test_far_from_the_ends_incoherent_qubits_make_a_random_walk(q, angle):
    battery = qsb.models.collision(41, coupling=angle, ground=q, filled=20)
    data = qsb.run(qsb.Problem(battery, collisions(10), (), np.arange(11.0)), ["stored_energy", "energy_std"])
    k, s = np.arange(11), np.sin(angle) ** 2
    np.testing.assert_allclose(data["stored_energy"], k * (1 - 2 * q) * s, atol=1e-12)
    np.testing.assert_allclose(data["energy_std"] ** 2, k * (s - (1 - 2 * q) ** 2 * s**2), atol=1e-12)


def test_coherence_is_faster():
    def stored(c):
        battery = qsb.models.collision(60, coupling=0.3, ground=0.25, coherence=c)
        return float(qsb.run(qsb.Problem(battery, collisions(15), (), [15.0]), ["stored_energy"])["stored_energy"][0])

    assert stored(1.0) > 1.5 * stored(0.0)


def test_the_micromaser_stands_still_and_is_nearly_pure():
    battery = qsb.models.micromaser(40, coupling=1.0, ground=0.25)
    problem = qsb.Problem(battery, collisions(1000), (), [0.0, 30.0, 1000.0])
    data = qsb.run(problem, ["stored_energy", "purity", "ergotropy"])
    assert float(data["stored_energy"][-1]) == pytest.approx(3.878079, abs=5e-7)
    assert float(data["purity"][-1]) == pytest.approx(0.99956, abs=5e-6)
    assert float(data["stored_energy"][1]) == pytest.approx(3.878079, rel=0.01)


def test_a_spec_runs_the_same():
    spec = {
        "model": {"name": "collision", "levels": 30, "coupling": 0.5, "ground": 0.25, "coherence": 1.0},
        "stage": [{"duration": 12.0, "collisions": 12, "battery": False}],
        "save": {"points": 13, "figures": ["stored_energy", "ergotropy"]},
    }
    battery = qsb.models.collision(30, coupling=0.5, ground=0.25, coherence=1.0)
    expected = qsb.run(qsb.Problem(battery, collisions(12), (), np.arange(13.0)), ["stored_energy", "ergotropy"])
    data = qsb.run(spec)
    for name in ("stored_energy", "ergotropy"):
        np.testing.assert_allclose(data[name], expected[name], atol=1e-13)


def test_a_thermal_ladder_begins_with_boltzmann_populations():
    battery = qsb.models.collision(6, coupling=0.5, start=qsb.Start("thermal", 0.7))
    data = qsb.run(qsb.Problem(battery, collisions(1), (), [0.0, 1.0]), ["energy_above_ground", "ergotropy"])
    p = np.exp(-np.arange(6) / 0.7)
    assert float(data["energy_above_ground"][0]) == pytest.approx(np.arange(6) @ p / p.sum(), abs=1e-13)
    assert float(data["ergotropy"][0]) == pytest.approx(0.0, abs=1e-13)


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"levels": 1}, "levels must be a whole number, 2"),
        ({"levels": 2.5}, "levels must be a whole number"),
        ({"coupling": "x"}, "coupling must be one real number"),
        ({"ground": 1.5}, "between 0 and 1"),
        ({"coherence": -0.1}, "between 0 and 1"),
        ({"frequency": 0.0}, "frequency must be positive"),
        ({"filled": 9}, "below 9"),
        ({"start": qsb.Start("up")}, "'ground' or 'thermal'"),
        ({"start": qsb.Start("thermal", 1.0), "filled": 1}, "one of them"),
        ({"start": qsb.Start(charger=qsb.ModeStart())}, "leave out start.charger"),
        ({"filled": -1}, "filled must be a whole number"),
    ],
)
def test_wrong_arguments_are_named(changed, match):
    with pytest.raises(SpecError, match=match):
        qsb.models.collision(**{"levels": 9, "coupling": 1.0, **changed})
