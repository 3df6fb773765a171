"""Means and covariance give what truncated modes give, where the cutoff holds the state."""

from dataclasses import replace

import numpy as np
import pytest

from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Boson, Group, Space
from qsb.algebra.states import ModeStart, Start
from qsb.algebra.terms import Cross, Local, Pair
from qsb.charging.battery import Battery
from qsb.charging.envelope import Gaussian, Sinusoidal
from qsb.charging.environment import Channel, emission, pumping, thermal
from qsb.charging.problem import Problem
from qsb.charging.protocol import Protocol, Stage, quench
from qsb.errors import CutoffError
from qsb.runs.run import run

TIMES = np.array([0.0, 0.4, 1.1, 2.0])
CLOSED = (
    *("stored_energy", "power", "work_power", "heat_power", "energy_std", "ergotropy", "purity", "energy_above_ground"),
    *("passive_energy", "asymptotic_ergotropy", "bound_uncertainty"),
)
BESIDE = tuple(f for f in CLOSED if f != "bound_uncertainty")


def one(cutoff, v, *, meter=None, start=None, drives=()):
    """Return a battery of one mode."""
    space = Space((Group("cells", Boson(cutoff), 1),))
    return Battery(space, meter or OpSum((Local("n", 1.2),)), OpSum(tuple(v)), drives=drives, start=start or Start())


def beside(cutoff, v, start, *, chargers=1, meter=None):
    """Return a battery mode and charger modes, with an exchange and what else is given."""
    space = Space((Group("charger", Boson(cutoff), chargers, "charger"), Group("cells", Boson(cutoff), 1)))
    hop = (Cross("a", "charger", "a+", "cells", 0.5), Cross("a+", "charger", "a", "cells", 0.5))
    own = OpSum((Local("n", 0.9, "charger"),))
    return Battery(space, meter or OpSum((Local("n", 1.2),)), OpSum((*hop, *v)), own, start=start)


STAGES = Protocol((Stage("charge", 0.9, Gaussian(0.5, 0.3)), Stage("store", 0.4), Stage("charge", 0.7, battery=False)))
SQUEEZE = (Local("a+a+", 0.1 - 0.05j), Local("aa", 0.1 + 0.05j))
TILTED = OpSum((Local("n", 1.2), Local("xx", 0.1), Local("p", 0.15)))
PAIR = Battery(
    Space((Group("cells", Boson(9), 2),)),
    OpSum((Local("n", np.array([1.0, 1.4])), Pair("x", "x", 0.06))),
    OpSum((Local("x", np.array([0.2, 0.0])), Pair("a+", "a", 0.3), Pair("a", "a+", 0.3))),
)
WARM = Start("thermal", temperature=0.35)
SPREAD = Channel("custom", 0.05, operator=OpSum((Local("x"),)))

#: name -> (problem, figures, tolerance)
PROBLEMS = {
    "displaced": (Problem(one(30, (Local("x", 0.3), Local("p", -0.2))), quench(2.0), (), TIMES), CLOSED, 1e-7),
    "displaced, from a thermal state": (
        Problem(one(40, (Local("x", 0.3),), start=WARM), quench(2.0), (), TIMES), CLOSED, 1e-7
    ),
    "squeezed in stages, damped": (
        Problem(one(40, SQUEEZE), STAGES, (emission(0.2), pumping(0.05)), TIMES), BESIDE, 1e-6
    ),
    "tilted meter, driven": (
        Problem(
            one(45, (Local("xx", 0.05),), meter=TILTED, drives=((OpSum((Local("x", 0.3),)), Sinusoidal(1.1)),)),
            quench(2.0),
            (thermal(0.1, nbar=0.1),),
            TIMES,
        ),
        BESIDE,
        1e-6,
    ),
    "position noise": (Problem(one(40, (Local("x", 0.1),)), quench(2.0), (SPREAD,), TIMES), BESIDE, 1e-6),
    "coherent charger": (
        Problem(beside(16, (), Start(charger=ModeStart("coherent", amplitude=0.8 - 0.3j))), quench(2.0), (), TIMES),
        (*BESIDE, "charger_energy"),
        1e-7,
    ),
    "squeezed charger, driven": (
        Problem(
            beside(22, (Local("p", 0.1, "charger"),), Start(charger=ModeStart("squeezed", squeezing=0.3j))),
            quench(2.0), (), TIMES,
        ),
        (*BESIDE, "charger_energy"),
        1e-6,
    ),
    "thermal charger with losses": (
        Problem(
            beside(11, (), Start(charger=ModeStart("thermal", nbar=0.15))),
            quench(2.0), (emission(0.1, on="charger"),), TIMES,
        ),
        (*BESIDE, "charger_energy"),
        1e-6,
    ),
    "two coupled battery modes": (Problem(PAIR, quench(2.0), (), TIMES), CLOSED[:5], 1e-6),
    "two damped battery modes": (
        Problem(
            replace(PAIR, space=Space((Group("cells", Boson(13), 2),))),
            quench(2.0),
            (emission(np.array([0.1, 0.6])), pumping(np.array([0.05, 0.02]))),
            np.array([0.0, 1.0, 2.0]),
        ),
        ("stored_energy", "power", "energy_std", "ergotropy", "purity", "asymptotic_ergotropy"),
        3e-6,
    ),
    "two charger modes": (
        Problem(
            beside(12, (), Start(charger=ModeStart("coherent", amplitude=0.35)), chargers=2), quench(2.0), (), TIMES
        ),
        ("stored_energy", "power", "energy_std", "ergotropy", "charger_energy"),
        1e-6,
    ),
}  # fmt: skip


def levels(problem):
    """Return the truncated representation that takes a problem."""
    return "ket" if problem.structure.pure_start and not problem.channels else "density"


@pytest.mark.parametrize("name", PROBLEMS)
def test_figures_agree_with_those_of_truncated_modes(name):
    problem, figures, tolerance = PROBLEMS[name]
    covariance = run(problem, figures, representation="gaussian", tolerance=1e-9)
    truncated = run(problem, figures, representation=levels(problem), tolerance=1e-7)
    assert np.ptp(covariance.stored_energy.values) > 0.01
    for key in set(covariance.data_vars) & set(truncated.data_vars):
        left, right = covariance[key].values, truncated[key].values
        if key in ("energy_std", "bound_uncertainty"):
            left, right = left**2, right**2  # roots of what may vanish
        wide = 1e-4 if key in ("charging_time", "peak_power_time") else 10 * tolerance
        np.testing.assert_allclose(left, right, rtol=wide, atol=wide, err_msg=key)


def test_a_mixture_of_two_modes_has_the_work_of_its_sorted_spectrum():
    """The start is mixed in two modes of one frequency each, so that Gaussian unitaries leave work behind."""
    meter = OpSum((Local("n", np.array([1.0, 1.1])),))
    space = Space((Group("cells", Boson(12), 2), Group("charger", Boson(12), 1, "charger")))
    hop = tuple(Cross(a, "charger", b, "cells", 0.4) for a, b in (("a", "a+"), ("a+", "a")))
    start = Start("thermal", temperature=0.2, charger=ModeStart("thermal", nbar=0.15))
    problem = Problem(Battery(space, meter, OpSum(hop), start=start), quench(1.0), (), np.array([0.0, 0.5, 1.0]))
    data = run(problem, ["ergotropy", "gaussian_ergotropy", "asymptotic_ergotropy", "purity"], peaks=False)
    assert (data.gaussian_ergotropy <= data.ergotropy + 1e-12).all()
    assert (data.ergotropy <= data.asymptotic_ergotropy + 1e-12).all()
    assert float(data.ergotropy[-1] - data.gaussian_ergotropy[-1]) > 1e-6


def test_a_cutoff_matters_to_truncated_modes_alone():
    problem = Problem(one(8, (Local("x", 1.0),)), quench(3.0), (), TIMES)
    data = run(problem)
    assert data.attrs["cutoffs"] == "{}"
    # alpha = F (e^{-i w t} - 1)/w
    wanted = 2 * (1 - np.cos(1.2 * TIMES)) / 1.2
    np.testing.assert_allclose(data.stored_energy, wanted, rtol=0, atol=1e-12)
    low = Problem(beside(6, (Local("x", 2.0, "charger"),), Start()), quench(2.0), (), TIMES)
    assert float(run(low).stored_energy[-1]) > 0
    with pytest.raises(CutoffError):
        run(low, ["bound_fisher"])
