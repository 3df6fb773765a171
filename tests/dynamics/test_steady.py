"""Steady states: closed forms, QuTiP, several steady states, and what has none."""

import numpy as np
import pytest
import qutip

import qsb
from qsb.algebra.build import qobj
from qsb.algebra.hermitian import unpack
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Group, Space, Spin
from qsb.algebra.states import Start
from qsb.algebra.terms import Local
from qsb.charging.battery import Battery
from qsb.charging.envelope import Ramp, Sinusoidal
from qsb.charging.environment import Channel
from qsb.charging.problem import Problem
from qsb.charging.protocol import Stage
from qsb.dynamics import plan as planning
from qsb.dynamics import steady
from qsb.dynamics.plan import plan
from qsb.dynamics.representation import Request
from qsb.dynamics.solve import solve
from qsb.dynamics.steady import steady_state
from qsb.errors import ConvergenceError, SpecError
from systems import bloch_steady_energy, cells, pairs

NOISE = (qsb.emission(0.05), qsb.dephasing(0.05))
FIGURES = ["stored_energy", "energy_above_ground", "ergotropy"]


def found(problem, representation="auto", tolerance=1e-8):
    """Return the steady density matrix and the reduced system."""
    made = plan(problem, Request(frozenset({"energy", "power"})), representation=representation)
    reduced = next(r for r in planning.REPRESENTATIONS if r.name == made.representation).reduce(problem, made.request)
    x = steady_state(problem, reduced, made.integrators, tolerance)
    return (x if np.iscomplexobj(x) else unpack(x)), reduced


def by_qutip(problem):
    """Return QuTiP's steady state."""
    space = problem.battery.space
    h = qobj(problem.battery.battery + problem.battery.interaction, space)
    jumps = [np.sqrt(rate) * qobj(op, space) for j in problem.jumps for rate, op in j.operators(space)]
    return qutip.steadystate(h, jumps).full()


@pytest.mark.parametrize(("strength", "printed"), [(0.5, 0.3555555556), (1.0, 0.4539007092)])
@pytest.mark.parametrize("representation", ["product", "density"])
def test_o23_driven_cells(strength, printed, representation):
    problem = cells(3, field=strength, channels=NOISE)
    data = qsb.run(problem, FIGURES, representation=representation, steady=True)
    energy = float(data["steady_energy_above_ground"]) / 3
    assert energy == pytest.approx(printed, abs=1e-10)
    assert energy == pytest.approx(bloch_steady_energy(strength, 0.05, 0.05), abs=1e-12)
    assert float(data["steady_stored_energy"]) == pytest.approx(3 * energy, abs=1e-12)


def test_noise_heats_a_moderate_chain():
    """A chain of four with pairs of 1/2: E = 1.4269 and W = 0.1215."""
    data = qsb.run(cells(4, coupling=pairs(0.5), channels=NOISE), FIGURES, steady=True)
    assert float(data["steady_stored_energy"]) == pytest.approx(1.4269, abs=5e-5)
    assert float(data["steady_ergotropy"]) == pytest.approx(0.1215, abs=5e-5)


@pytest.mark.parametrize(
    "problem",
    [
        cells(3, field=0.5, coupling=pairs(0.4), frequency=[1.0, 0.7, 1.3], channels=NOISE),
        cells(2, field=0.3, channels=(qsb.emission([0.1, 0.3]), qsb.pumping(0.05, collective=True))),
        cells(5, field=0.5, coupling=pairs(0.5, axes="xy"), channels=(qsb.thermal(0.3, nbar=0.5), qsb.dephasing(0.1))),
    ],
    ids=["dense", "collective", "waiting"],
)
def test_matrices_are_those_of_qutip(problem):
    rho, _ = found(problem, "density")
    np.testing.assert_allclose(rho, by_qutip(problem), rtol=0, atol=1e-9)


def test_a_wrong_rate_is_seen():
    """Negative control of the comparison."""
    rho, _ = found(cells(3, field=0.5, coupling=pairs(0.4), channels=NOISE), "density")
    other = cells(3, field=0.5, coupling=pairs(0.4), channels=(qsb.emission(0.051), qsb.dephasing(0.05)))
    assert np.abs(rho - by_qutip(other)).max() > 1e-4


def test_collective_noise_in_both_representations():
    """Three cells have further steady states outside the symmetric sector: both go where the start leads."""
    problem = cells(3, field=0.5, channels=(qsb.emission(0.2, collective=True),))
    values = [
        [float(qsb.run(problem, FIGURES, representation=r, steady=True)[f"steady_{f}"]) for f in FIGURES]
        for r in ("symmetric", "density")
    ]
    np.testing.assert_allclose(values[0], values[1], rtol=0, atol=1e-10)


@pytest.mark.parametrize(("n", "t"), [(15, 60.0), (16, 20.0)])
def test_the_sector_by_elimination_is_where_time_leads(n, t):
    """Above 16 levels the sparse matrix is eliminated: driven collective emission, also of a run so long that rounding
    that is not Hermitian would have grown by many orders of magnitude.
    """
    problem = cells(n, field=0.4, channels=(qsb.emission(0.5, collective=True),), duration=t, times=[t])
    data = qsb.run(problem, FIGURES, steady=True)
    assert float(data["steady_stored_energy"]) == pytest.approx(float(data["stored_energy"][-1]), abs=1e-8)
    assert float(data["steady_ergotropy"]) == pytest.approx(float(data["ergotropy"][-1]), abs=1e-8)


@pytest.mark.parametrize("representation", ["product", "density"])
def test_dephasing_alone_keeps_populations(representation):
    """Every diagonal matrix is steady; the limit is the start without coherence."""
    problem = cells(2, channels=(qsb.dephasing(0.1),), start=qsb.Start("product", bloch=np.array([0.6, 0.0, 0.3])))
    data = qsb.run(problem, FIGURES, representation=representation, steady=True)
    assert float(data["steady_stored_energy"]) == pytest.approx(0.0, abs=1e-12)
    assert float(data["steady_energy_above_ground"]) == pytest.approx(2 * 0.65, abs=1e-12)
    expected = float(qsb.run(problem, ["incoherent_ergotropy"], representation="density")["incoherent_ergotropy"][0])
    assert float(data["steady_ergotropy"]) == pytest.approx(expected, abs=1e-12)


def test_what_earlier_stages_did_matters_where_several_states_are_steady():
    """A charge stage and then storage under dephasing: the stored energy of the end of charging stays."""
    stages = qsb.Protocol((Stage("charge", 1.3), Stage("store", 2.0)))
    problem = cells(2, field=0.5, protocol=stages, channels=(qsb.dephasing(0.1),), times=[1.3, 3.3])
    for representation in ("product", "density"):
        data = qsb.run(problem, FIGURES, representation=representation, steady=True)
        kept = float(data["stored_energy"][0])
        assert kept > 0.1
        assert float(data["steady_stored_energy"]) == pytest.approx(kept, abs=1e-10)


def test_a_dark_state_keeps_its_energy():
    """Collective emission cannot empty a singlet: from one cell up of two, half of the energy stays."""
    start = qsb.Start("product", bloch=np.array([[0, 0, 1.0], [0, 0, -1.0]]))
    problem = cells(2, channels=(qsb.emission(0.3, collective=True),), start=start)
    data = qsb.run(problem, FIGURES, steady=True)
    assert float(data["steady_energy_above_ground"]) == pytest.approx(0.5, abs=1e-12)


# -- large ones --


def test_waiting_and_solving_agree(monkeypatch):
    """Five cells: GMRES with the cells as preconditioner gives what time gives."""
    problem = cells(5, field=0.5, coupling=pairs(0.05), channels=(qsb.emission(0.1), qsb.dephasing(0.05)))
    waited, _ = found(problem)
    monkeypatch.setattr(steady, "PATIENT", 0.0)

    def never(*_):
        raise AssertionError("GMRES was to converge")

    monkeypatch.setattr(steady, "_relax", never)
    solved, reduced = found(problem)
    np.testing.assert_allclose(solved, waited, rtol=0, atol=1e-9)
    assert steady._residual(reduced.generators[0], reduced.start) > 0.1, "the start is not steady"


def test_the_preconditioner_is_the_inverse_of_cells_that_never_meet():
    problem = cells(3, field=0.5, frequency=[1.0, 0.6, 1.4], channels=(qsb.emission(0.1), qsb.dephasing(0.05)))
    rho, reduced = found(problem, "density")
    (g,) = reduced.generators
    alone = steady._Cells.of(g.segment, problem.battery.space)
    np.testing.assert_allclose(unpack(alone.state), rho, rtol=0, atol=1e-12)
    x = np.random.default_rng(0).normal(size=(8, 8))
    x -= np.trace(x) / 8 * np.eye(8)
    np.testing.assert_allclose(alone.solve(g.apply(0.0, x)), x - np.trace(x) * alone.state, rtol=0, atol=1e-11)


def test_a_start_that_relaxes_too_slowly_is_refused(monkeypatch):
    monkeypatch.setattr(steady, "LONGEST", 100.0)
    monkeypatch.setattr(steady, "PATIENT", np.inf)
    problem = cells(5, field=0.5, coupling=pairs(0.5), channels=(qsb.emission(0.01),))
    with pytest.raises(ConvergenceError, match="relaxes too slowly"):
        found(problem)


# -- none --


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (cells(2, field=0.5), "without noise"),
        (cells(2, field=0.5, protocol=qsb.quench(2.0, Sinusoidal(1.0)), duration=2.0, channels=NOISE), "envelope"),
        (cells(2, field=0.5, channels=(qsb.emission(0.1, envelope=Ramp(0.0, 1.0, 2.0)),)), "envelope"),
    ],
    ids=["closed", "drive", "rate"],
)
def test_what_has_no_steady_state_is_refused(problem, words):
    with pytest.raises(SpecError, match=words):
        qsb.run(problem, FIGURES, steady=True)


def test_an_oscillation_that_noise_does_not_reach_is_refused():
    """The first cell alone loses energy; the second one turns for ever, and slowly enough to see."""
    problem = cells(2, field=0.5, channels=(qsb.emission([0.2, 0.0]),))
    with pytest.raises(SpecError, match=r"oscillation of frequency 1\.41421"):
        found(problem, "density")
    with pytest.raises(SpecError, match="oscillation"):
        found(problem, "product")


def test_a_driven_stage_before_a_constant_one_is_allowed():
    stages = qsb.Protocol((Stage("charge", 1.0, Sinusoidal(1.0)), Stage("charge", 1.0)))
    problem = cells(2, field=0.5, protocol=stages, channels=NOISE, times=[2.0])
    data = qsb.run(problem, FIGURES, steady=True)
    assert float(data["steady_stored_energy"]) == pytest.approx(2 * bloch_steady_energy(0.5, 0.05, 0.05), abs=1e-9)


# -- through files --


SPEC = """
[model]
name = "ensemble"
cells = 2
field = 0.5

[[channel]]
kind = "emission"
rate = 0.05

[[stage]]
kind = "charge"
duration = 2.0

[save]
points = 3
figures = ["stored_energy"]
steady = true
"""


def test_a_spec_asks_for_it_and_a_call_overrides():
    data = qsb.run(SPEC)
    assert float(data["steady_stored_energy"]) == pytest.approx(2 * bloch_steady_energy(0.5, 0.05, 0.0), abs=1e-12)
    assert "steady_ergotropy" not in data, "it was not asked for"
    assert "steady_stored_energy" not in qsb.run(SPEC, steady=False)
    assert "steady_stored_energy" not in qsb.run(SPEC.replace("steady = true", ""))


def test_a_long_run_ends_there():
    problem = cells(3, coupling=pairs(0.5), channels=(qsb.emission(0.3), qsb.dephasing(0.2)), duration=200.0)
    data = qsb.run(problem, FIGURES, steady=True)
    for name in FIGURES:
        assert float(data[f"steady_{name}"]) == pytest.approx(float(data[name][-1]), abs=1e-9)
    assert solve(problem, plan(problem)).reduced is not None


@pytest.mark.parametrize(
    ("batteries", "chargers", "energy", "work"),
    [(1, 1, 1 / 4, 0.0), (1, 2, 4 / 9, 0.0), (1, 3, 9 / 16, 1 / 8), (2, 1, 2 / 9, 0.0), (2, 2, 7 / 12, 1 / 9)],
)
def test_dark_states_charge_batteries_from_excited_chargers(batteries, chargers, energy, work):
    """O26: one jump of all cells; of one battery E = (n/(n+1))^2 and W = max(0, 2E - 1)."""
    space = Space((Group("cells", Spin(), batteries), Group("chargers", Spin(), chargers, "charger")))
    psi = np.zeros(space.dimension, dtype=complex)
    psi[int("1" * batteries + "0" * chargers, 2)] = 1.0
    battery = Battery(
        space,
        OpSum((Local("z", 0.5, "cells"),)),
        charger=OpSum((Local("z", 0.5, "chargers"),)),
        start=Start("state", array=psi),
    )
    together = OpSum((Local("-", 1.0, "cells"), Local("-", 1.0, "chargers")))
    store = qsb.Protocol((qsb.Stage("store", 1.0),))
    problem = Problem(battery, store, (Channel("custom", 1.0, operator=together),), np.linspace(0, 1, 3))
    data = qsb.run(problem, ["stored_energy", "ergotropy"], steady=True)
    assert float(data["steady_stored_energy"]) == pytest.approx(energy, abs=1e-9)
    assert float(data["steady_ergotropy"]) == pytest.approx(work, abs=1e-9)
