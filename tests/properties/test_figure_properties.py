"""Figures of random small runs: what follows from their definitions, for the figures without such a test elsewhere.

The independent check of every figure is `test_every_figure_is_what_its_definition_says` in tests/runs/test_figures.py.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import qsb
from properties.test_run_properties import CELLS, DURATION, FEW, ROUNDING, SEEDS, TIMES, random_problem, series
from qsb.algebra import build
from qsb.merit import bound

STATES = st.fixed_dictionaries({"closed": st.booleans(), "mixed": st.booleans(), "driven": st.booleans()})


@FEW
@given(seed=SEEDS, cells=CELLS, how=STATES)
def test_ratios_are_what_they_divide(seed, cells, how):
    problem = random_problem(seed, cells, **how)
    stored, average, work, above, share, std, relative, power, loss = series(
        problem, "stored_energy", "average_power", "ergotropy", "energy_above_ground", "ergotropy_fraction",
        "energy_std", "relative_fluctuation", "power", "self_discharge_rate",
    )  # fmt: skip
    np.testing.assert_allclose(average * problem.times, stored, rtol=0, atol=ROUNDING)
    full = above > 1e-6
    assert np.all((share[full] >= 0) & (share[full] <= 1 + 1e-6))
    np.testing.assert_allclose((share * above)[full], work[full], rtol=0, atol=ROUNDING)
    np.testing.assert_allclose((relative * above)[full], std[full], rtol=0, atol=ROUNDING)
    np.testing.assert_allclose((loss * above)[full], -power[full], rtol=0, atol=1e-8)


@FEW
@given(seed=SEEDS, cells=CELLS, how=STATES)
def test_the_spread_of_the_energy_is_at_most_half_of_its_range(seed, cells, how):
    """Popoviciu's inequality, and Bhatia and Davis's sharper one."""
    problem = random_problem(seed, cells, **how)
    above, std = series(problem, "energy_above_ground", "energy_std")
    levels = np.linalg.eigvalsh(build.dense(problem.battery.battery, problem.battery.space))
    width = levels[-1] - levels[0]
    assert np.all(std >= 0)
    assert np.all(std <= width / 2 + ROUNDING)
    assert np.all(std**2 <= above * (width - above) + 1e-7)


@FEW
@given(seed=SEEDS, cells=CELLS, how=STATES)
def test_power_squared_is_at_most_information_times_variance(seed, cells, how):
    power, information, std, limit = series(
        random_problem(seed, cells, **how), "power", "fisher_information", "energy_std", "bound_fisher"
    )
    assert np.all(information >= 0)
    # levels that are empty at the start have information of their own there
    later = slice(1, None)
    assert np.all(power[later] ** 2 <= information[later] * std[later] ** 2 + 1e-7)
    np.testing.assert_allclose(limit[later], std[later] * np.sqrt(information[later]), rtol=1e-6, atol=1e-7)


@FEW
@given(seed=SEEDS, cells=CELLS, mixed=st.booleans())
def test_the_capacity_bound_lies_between_the_power_and_the_norm_bound(seed, cells, mixed):
    problem = random_problem(seed, cells, mixed=mixed)
    power, capacity, norm = series(problem, "power", "bound_capacity", "bound_norm")
    assert np.all(np.abs(power) <= capacity + 1e-8)
    assert np.all(capacity <= norm + 1e-8)


@FEW
@given(seed=SEEDS, cells=CELLS)
def test_the_span_is_that_of_the_matrix(seed, cells):
    problem = random_problem(seed, cells)
    values = np.linalg.eigvalsh(build.dense(problem.battery.interaction, problem.battery.space))
    data = qsb.run(problem, ["bound_norm"], peaks=False)
    assert float(data["charger_span"]) == pytest.approx(values[-1] - values[0], rel=1e-9)


@FEW
@given(seed=SEEDS, cells=CELLS, how=STATES)
def test_coherence_is_bounded_and_without_it_all_work_is_incoherent(seed, cells, how):
    problem = random_problem(seed, cells, **how)
    coherence, coherent = series(problem, "energy_coherence", "coherent_ergotropy")
    assert np.all(coherence >= -ROUNDING)
    assert np.all(coherence <= cells * np.log(2) + ROUNDING)
    assert np.all(coherent[coherence < 1e-12] < 1e-4)


@FEW
@given(seed=SEEDS, cells=st.integers(1, 3))
def test_storing_without_noise_keeps_coherence_and_work(seed, cells):
    problem = random_problem(seed, cells)
    stages = qsb.Protocol((qsb.Stage("charge", 1.0), qsb.Stage("store", 1.0)))
    stored = qsb.Problem(problem.battery, stages, (), np.array([1.0, 1.3, 2.0]))
    *kept, information = series(
        stored, "energy_coherence", "coherent_ergotropy", "ergotropy", "energy_std", "fisher_information"
    )
    for figure in kept:
        np.testing.assert_allclose(figure[1:], figure[0], rtol=0, atol=1e-8)
    np.testing.assert_allclose(information[1:], 0.0, rtol=0, atol=1e-8)


@FEW
@given(seed=SEEDS, closed=st.booleans(), mixed=st.booleans())
def test_entanglement_of_one_cell_with_two(seed, closed, mixed):
    problem = random_problem(seed, 3, closed=closed, mixed=mixed)
    entropy, negativity, logarithm, shared = series(
        problem, "subset_entropy", "negativity", "log_negativity", "mutual_information", subset=(0,)
    )
    assert np.all((entropy >= -ROUNDING) & (entropy <= np.log(2) + ROUNDING))
    assert np.all((negativity >= 0) & (negativity <= 0.5 + ROUNDING))
    np.testing.assert_allclose(logarithm, np.log1p(2 * negativity), rtol=0, atol=ROUNDING)
    assert np.all((shared >= -ROUNDING) & (shared <= 2 * np.log(2) + ROUNDING))
    if closed and not mixed:
        (cut,) = series(problem, "entanglement_entropy", cut=1)
        np.testing.assert_allclose(cut, entropy, rtol=0, atol=1e-8)
        np.testing.assert_allclose(shared, 2 * entropy, rtol=0, atol=1e-8)


@FEW
@given(seed=SEEDS, cells=CELLS, how=STATES)
def test_the_gap_and_the_asymptotic_work_are_not_negative(seed, cells, how):
    problem = random_problem(seed, cells, **how)
    whole, local, gap, endless, above = series(
        problem, "ergotropy", "local_ergotropy", "ergotropic_gap", "asymptotic_ergotropy", "energy_above_ground"
    )
    assert np.all(gap >= -ROUNDING)
    np.testing.assert_allclose(gap, whole - local, rtol=0, atol=ROUNDING)
    assert np.all(endless >= whole - 1e-8)
    assert np.all(endless <= above + 1e-8)


@FEW
@given(seed=SEEDS, cells=CELLS, how=STATES)
def test_no_saved_value_lies_above_a_peak(seed, cells, how):
    figures = ["stored_energy", "power", "average_power", "ergotropy"]
    data = qsb.run(random_problem(seed, cells, **how), figures, tolerance=1e-10)
    for figure in figures:
        assert float(data[f"peak_{figure}"]) >= float(data[figure].max()) - 1e-8
    for name in ("charging_time", "peak_power_time"):
        assert TIMES[0] <= float(data[name]) <= DURATION


@FEW
@given(seed=SEEDS, cells=CELLS)
def test_a_steady_state_forgets_its_start_and_gives_at_most_its_energy(seed, cells):
    """Emission and pumping of every cell leave one steady state."""
    made = random_problem(seed, cells).battery
    noise = (qsb.emission(0.4), qsb.pumping(0.1))
    found = []
    for start in ("down", "up"):
        battery = qsb.Battery(made.space, made.battery, made.interaction, start=qsb.Start(start))
        figures = ["stored_energy", "energy_above_ground", "ergotropy"]
        data = qsb.run(qsb.Problem(battery, qsb.quench(1.0), noise, [0.0, 1.0]), figures, steady=True, peaks=False)
        found.append([float(data[f"steady_{f}"]) for f in figures[1:]])
        assert -ROUNDING <= found[-1][1] <= found[-1][0] + ROUNDING
        shift = float(data["steady_energy_above_ground"] - data["energy_above_ground"][0])
        assert float(data["steady_stored_energy"]) == pytest.approx(shift, abs=1e-9)
    assert found[0] == pytest.approx(found[1], abs=1e-7)


@settings(max_examples=15)
@given(
    coupling=st.floats(0.1, 1.0), quanta=st.integers(1, 4), kind=st.sampled_from(["qubit", "oscillator"]),
    time=st.floats(0.1, 6.0),
)  # fmt: skip
def test_a_resonant_charger_loses_what_the_battery_gains(coupling, quanta, kind, time):
    start = qsb.Start(charger=qsb.ModeStart("fock", quanta=quanta))
    battery = qsb.models.mediated(coupling=coupling, battery=kind, cutoff=quanta, start=start)
    problem = qsb.Problem(battery, qsb.quench(time), (), [0.0, time])
    stored, given_up, efficiency = series(
        problem, "stored_energy", "charger_energy", "charging_efficiency", peaks=False
    )
    np.testing.assert_allclose(stored + given_up, 0.0, rtol=0, atol=ROUNDING)
    assert -quanta - ROUNDING <= given_up[-1] <= ROUNDING
    if stored[-1] > 1e-3:
        assert efficiency[-1] <= 1 + 1e-6


@settings(max_examples=15)
@given(seed=SEEDS, cells=st.integers(1, 2), closed=st.booleans())
def test_first_law(seed, cells, closed):
    """W_drive + Q is the change of H_B outside the charging, at its last moment; no channels, no heat."""
    problem = random_problem(seed, cells, closed=closed)
    data = qsb.run(problem, ["stored_energy", "heat", "drive_work"], peaks=False, tolerance=1e-10)
    total = float(data["heat"][-1] + data["drive_work"][-1])
    assert total == pytest.approx(float(data["stored_energy"][-1]), abs=1e-7)
    if closed:
        assert float(np.abs(data["heat"]).max()) < ROUNDING


@given(cells=st.integers(1, 40), gap=st.floats(0.1, 3.0), std=st.floats(0.0, 5.0), data=st.data())
def test_deeper_entanglement_allows_more_power(cells, gap, std, data):
    depth = data.draw(st.integers(1, cells))
    limit = bound.producible(cells, depth, gap, std)
    assert limit <= bound.producible(cells, cells, gap, std) * (1 + 1e-12)
    assert limit >= bound.producible(cells, 1, gap, std) * (1 - 1e-12)
    assert bound.producible(cells, cells, gap, std) == pytest.approx(bound.uncertainty(cells * gap / 2, std))
    assert bound.producible_std(cells, 1, gap) == pytest.approx(gap * np.sqrt(cells) / 2)


def test_these_checks_see_a_wrong_figure():
    """Negative control: twice the entropy, and a share above one, are refused by the same conditions."""
    problem = random_problem(5, 3)
    entropy, shared = series(problem, "subset_entropy", "mutual_information", subset=(0,))
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(shared, 2.02 * entropy, rtol=0, atol=1e-8)
    std, information, power = series(problem, "energy_std", "fisher_information", "power")
    assert not np.all(power[1:] ** 2 <= 0.1 * information[1:] * std[1:] ** 2)
