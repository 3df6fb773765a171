"""From readouts to figures of merit: one small function a row of `quantities.toml`, and what each needs to read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.algebra import structure as read
from qsb.algebra.blocks import Spectrum
from qsb.algebra.copies import Copies
from qsb.algebra.space import Boson
from qsb.charging.problem import Problem
from qsb.dynamics.series import Series, jackknife
from qsb.errors import ConvergenceError, SpecError
from qsb.merit import (
    balance,
    bound,
    coherence,
    correlation,
    discharge,
    energy,
    entanglement,
    ergotropy,
    passivity,
    precision,
)
from qsb.quantities import names, quantity
from qsb.runs.balance import BALANCE, check_balance

RealArray = NDArray[np.float64]

#: what a run computes if nothing is asked
DEFAULT_FIGURES = ("stored_energy", "energy_above_ground", "power", "average_power", "ergotropy")


def check_figures(figures: tuple[str, ...], problem: Problem, subset: tuple[int, ...], cut: int | None) -> None:
    """Refuse unknown figures, and figures that lack their subset, cut or single charger.

    Raises:
        SpecError: with the nearest name, or what is missing.
    """
    series = names("series")
    for name in figures:
        if quantity(name).name not in series:
            raise SpecError(
                f"{name!r} is no time series; scalars come with every run. Series are: {', '.join(series)}."
            )
    for name in figures:
        if name in SUBSET and not subset:
            raise SpecError(f"{name} needs the cells of the subset, e.g. cells = [0, 1] beside figures.")
    across = sorted(set(figures) & {"negativity", "log_negativity", "mutual_information"})
    if across and len(set(subset)) >= problem.cells_space.sites:
        raise SpecError(f"{across} are between the subset and the other cells, but the subset has all; leave some out.")
    check_balance(problem, frozenset(figures))
    if "entanglement_entropy" in figures and cut is None:
        raise SpecError("entanglement_entropy needs the cut: the number of first cells on one side, e.g. cut = 2.")
    n = problem.battery.space.sites
    for cell in subset:
        checks.whole("A cell of the subset", cell, -n)
    if cut is not None:
        checks.whole("The cut", cut, -n)
    if len(set(subset)) != len(subset) or any(not 0 <= i < n for i in subset):
        raise SpecError(f"The subset must name different cells in 0..{n - 1}, but it is {list(subset)}.")
    if cut is not None and not 0 < cut < max(n, 2):
        raise SpecError(f"The cut must leave cells on both sides, 1..{n - 1}, but it is {cut}.")
    charged = problem.structure.charged
    if "charger_energy" in figures and not charged:
        raise SpecError("charger_energy needs a charger with a state of its own: a group with the role 'charger'.")
    space = problem.battery.space
    outside = sorted(i for i in subset if space.group_of(i).role != "battery")
    if charged and outside:
        raise SpecError(f"The subset must be cells of the battery, but {outside} belong to the charger.")
    if {"capacity", "bound_capacity"} & set(figures) and any(
        isinstance(g.kind, Boson) for g in problem.battery.space.part("battery").groups
    ):
        raise SpecError("capacity of a mode grows with its cutoff: there is no highest level. Ask for ergotropy.")
    spans = set(figures) & {"bound_locality", "bound_norm", "bound_variance", "bound_capacity"}
    if charged and spans:
        raise SpecError(
            f"{sorted(spans)} are derived for a charger that acts on the battery alone; beside a charger with its own "
            "state ask for bound_fisher, or bound_uncertainty where H_C is empty."
        )
    closed_bounds = spans | (set(figures) & {"bound_uncertainty"})
    if closed_bounds and (problem.battery.drives or problem.battery.charger):
        raise SpecError(
            f"{sorted(closed_bounds)} are written for one interaction V with one envelope; this battery has further "
            "drives or a "
            "charger Hamiltonian. bound_fisher holds for any of them."
        )


def needs(figures: tuple[str, ...], problem: Problem) -> frozenset[str]:
    """Readouts that the figures are computed from."""
    structure = problem.structure
    # beside a charger the battery is mixed, whatever the whole is
    pure = structure.pure_start and not structure.dissipative and not structure.charged
    out = {"energy", "power", "extremes"}
    for name in figures:
        wanted = set(quantity(name).needs)
        if pure and name in _PURE:
            # of a pure state the passive energy is the ground energy: no spectra are needed
            wanted -= {"spectrum", "levels"}
        if pure and name in ("incoherent_ergotropy", "coherent_ergotropy", "energy_coherence"):
            wanted -= {"spectrum"}
        if pure and name in ("negativity", "log_negativity", "mutual_information"):
            # one side of a pure state says everything about the cut
            wanted = {"reduced"}
        if name in BALANCE:
            wanted -= set() if structure.dissipative else {"flows"}
            wanted |= {"charger_energy"} if structure.charged else set()
        if name == "bound_locality":
            wanted.add("locality")
        out |= wanted
    return frozenset(out)


_PURE = frozenset(
    {
        "ergotropy",
        "ergotropy_fraction",
        "asymptotic_ergotropy",
        "ergotropic_gap",
        "anti_ergotropy",
        "passive_energy",
        "bound_capacity",
        "capacity",
        "purity",
    }
)
#: figures of the cells that are named beside them
SUBSET = frozenset({"subset_ergotropy", "subset_entropy", "negativity", "log_negativity", "mutual_information"})


@dataclass(frozen=True)
class Reading:
    """Everything that a figure may look at."""

    problem: Problem
    series: Series

    def __getitem__(self, name: str) -> RealArray:
        """A readout that is an array over time."""
        return np.asarray(self.series.values[name])

    @property
    def extremes(self) -> tuple[float, float]:
        """Lowest and highest level of H_B."""
        low, high = self.series.statics["extremes"]
        return float(low), float(high)

    @property
    def span(self) -> tuple[float, float]:
        """Lowest and highest eigenvalue of V."""
        low, high = self.series.statics["span"]
        return float(low), float(high)

    @property
    def scale(self) -> float:
        """The size of the energies that are subtracted from each other."""
        known = [abs(e) for e in self.extremes if np.isfinite(e)]
        if len(known) < 2:
            # modes have no highest level: what they hold sets the size
            known += [float(self.series.statics["scale"]), float(np.abs(self["energy"]).max())]
        return max(known)

    @property
    def levels(self) -> Spectrum | Copies:
        """All levels of H_B."""
        levels: Spectrum | Copies = self.series.statics["levels"]
        return levels

    def spectrum(self, name: str = "spectrum") -> Spectrum | Copies:
        """A readout that is a spectrum over time."""
        value = self.series.values[name]
        assert isinstance(value, Spectrum | Copies)
        return value

    @property
    def pure(self) -> bool:
        """Whether the state is a ket at all times, so that no spectrum was read."""
        return not {"spectrum", "purity"} & set(self.series.values)


def _stored(r: Reading) -> RealArray:
    return r["energy"] - initial_energy(r)


def initial_energy(r: Reading) -> float:
    """tr[H_B rho(0)], also where t = 0 is not saved."""
    return float(r.series.start_energy)


def _above(r: Reading) -> RealArray:
    return ergotropy.extractable_work(r["energy"], r.extremes[0], r.scale)


def _passive(r: Reading) -> RealArray:
    if r.pure:
        return np.full(len(r.series.times), r.extremes[0])
    if "passive" in r.series.values:
        return r["passive"]
    return ergotropy.passive_energy(r.spectrum(), r.levels)


def _ergotropy(r: Reading) -> RealArray:
    return ergotropy.extractable_work(r["energy"], _passive(r), r.scale)


def _incoherent(r: Reading) -> RealArray:
    pinched = r.spectrum("pinched")
    return ergotropy.extractable_work(r["energy"], ergotropy.passive_energy(pinched, r.levels), r.scale)


def _coherent(r: Reading) -> RealArray:
    return ergotropy.extractable_work(_ergotropy(r), _incoherent(r), r.scale)


def _capacity(r: Reading) -> RealArray:
    if r.pure:
        return np.full(len(r.series.times), r.extremes[1] - r.extremes[0])
    return ergotropy.capacity(r.spectrum(), r.levels)


def _anti(r: Reading) -> RealArray:
    top = r.extremes[1] if r.pure else ergotropy.anti_passive_energy(r.spectrum(), r.levels)
    return ergotropy.extractable_work(top, r["energy"], r.scale)


def _asymptotic(r: Reading) -> RealArray:
    if "completely_passive" in r.series.values:
        return ergotropy.extractable_work(r["energy"], r["completely_passive"], r.scale)
    return _above(r) if r.pure else passivity.asymptotic_work(r["energy"], r.spectrum(), r.levels)


def _gaussian(r: Reading) -> RealArray:
    return ergotropy.extractable_work(r["energy"], r["gaussian_passive"], r.scale)


def _purity(r: Reading) -> RealArray:
    if r.pure:
        return np.ones(len(r.series.times))
    if "purity" not in r.series.values:
        return correlation.purity(r.spectrum())
    lost = np.isnan(r["purity"])
    if lost.any():
        raise ConvergenceError(
            f"the purity at t = {r.series.times[lost][0]:g}, where rounding of the covariance hides it",
            np.inf,
            1e-7,
            "ask for ergotropy, which does not suffer, or squeeze less.",
        )
    return r["purity"]


def _symmetric(r: Reading) -> RealArray:
    return ergotropy.extractable_work(r["energy"], r["collective_passive"], r.scale)


def _gap(r: Reading) -> RealArray:
    return ergotropy.extractable_work(_ergotropy(r), _local(r), r.scale)


def _local(r: Reading) -> RealArray:
    s = r.series.statics
    return np.asarray(ergotropy.local_ergotropy(r["marginals"], s["cells"], s["counts"]))


def _subset(r: Reading) -> RealArray:
    levels = r.series.statics["reduced_levels"]
    passive = ergotropy.passive_energy(r.spectrum("reduced"), levels)
    return ergotropy.extractable_work(r["reduced_energy"], passive, r.scale)


def _coherence(r: Reading) -> RealArray:
    return coherence.entropy_gain(r.spectrum("pinched"), None if r.pure else r.spectrum())


def _negativity(r: Reading) -> RealArray:
    if "transposed" in r.series.values:
        return entanglement.negativity_of_transpose(r.spectrum("transposed"))
    return entanglement.schmidt_negativity(r.spectrum("reduced"))


def _mutual(r: Reading) -> RealArray:
    inside = correlation.entropy(r.spectrum("reduced"))
    if "rest" not in r.series.values:
        return 2 * inside
    shared = inside + correlation.entropy(r.spectrum("rest")) - correlation.entropy(r.spectrum())
    return np.asarray(np.maximum(shared, 0.0))


def _heat(r: Reading) -> RealArray:
    return r["heat"] if r.problem.structure.dissipative else np.zeros(len(r.series.times))


def _charger_change(r: Reading) -> RealArray:
    return r["charger_energy"] if r.problem.structure.charged else np.zeros(len(r.series.times))


def _work(r: Reading) -> RealArray:
    return balance.drive_work(_stored(r), _charger_change(r), _heat(r))


def _efficiency(r: Reading) -> RealArray:
    spent = balance.energy_input(_work(r), _charger_change(r))
    return balance.efficiency(_stored(r), spent, 1e-9 * r.scale)


def _drive(r: Reading) -> RealArray:
    return np.abs(r.series.drive)


def _locality(r: Reading) -> RealArray:
    b = r.problem.battery
    e = np.linalg.eigvalsh(read.cell_matrices(b.battery, b.space))
    low, high = r.span
    gap = float((e[:, -1] - e[:, 0]).max())
    return bound.locality(r.problem.structure.body_order, gap, high, low) * _drive(r)


def _norm(r: Reading) -> RealArray:
    low, high = r.span
    return bound.norm(r.extremes[1] - r.extremes[0], high, low) * _drive(r)


def _charger_std(r: Reading) -> RealArray:
    return np.asarray(np.sqrt(r["charger_variance"]) * _drive(r))


def _fisher(r: Reading) -> RealArray:
    return bound.fisher(r.series.statics["energies"], r["populations"], r["population_rates"])


#: series by name; every `series` row of quantities.toml has one entry (a test compares)
FIGURES: dict[str, Callable[[Reading], RealArray]] = {
    "drive": lambda r: r.series.drive,
    "stored_energy": _stored,
    "energy_above_ground": _above,
    "charger_energy": lambda r: r["charger_energy"],
    "power": lambda r: r["power"],
    "average_power": lambda r: energy.average_power(_stored(r), r["power"], r.series.times),
    "work_power": lambda r: r["work_power"],
    "heat_power": lambda r: r["heat_power"],
    "ergotropy": _ergotropy,
    "ergotropy_fraction": lambda r: energy.ergotropy_fraction(_ergotropy(r), _above(r), 1e-9 * r.scale),
    "gaussian_ergotropy": _gaussian,
    "symmetric_ergotropy": _symmetric,
    "asymptotic_ergotropy": _asymptotic,
    "local_ergotropy": _local,
    "ergotropic_gap": _gap,
    "subset_ergotropy": _subset,
    "incoherent_ergotropy": _incoherent,
    "coherent_ergotropy": _coherent,
    "passive_energy": _passive,
    "capacity": _capacity,
    "anti_ergotropy": _anti,
    "energy_std": lambda r: np.asarray(np.sqrt(r["variance"])),
    "relative_fluctuation": lambda r: precision.relative_fluctuation(np.sqrt(r["variance"]), _above(r), 1e-9 * r.scale),
    "fisher_information": lambda r: precision.classical_fisher(
        r.series.statics["energies"], r["populations"], r["population_rates"]
    ),
    "energy_coherence": _coherence,
    "subset_entropy": lambda r: correlation.entropy(r.spectrum("reduced")),
    "negativity": _negativity,
    "log_negativity": lambda r: np.asarray(np.log1p(2 * _negativity(r))),
    "mutual_information": _mutual,
    "self_discharge_rate": lambda r: discharge.decay_rate(_above(r), r["power"], 1e-9 * r.scale),
    "heat": _heat,
    "drive_work": _work,
    "charging_efficiency": _efficiency,
    "purity": _purity,
    "entanglement_entropy": lambda r: r["cut"],
    "bound_fisher": _fisher,
    "bound_uncertainty": lambda r: bound.uncertainty(np.sqrt(r["variance"]), _charger_std(r)),
    "bound_locality": _locality,
    "bound_norm": _norm,
    "bound_capacity": lambda r: bound.capacity(_capacity(r), r.span[1], r.span[0]) * _drive(r),
    "bound_variance": lambda r: bound.variance(r.extremes[1] - r.extremes[0], _charger_std(r)),
}


def standard_error(reading: Reading, name: str) -> RealArray:
    """Standard error of a figure of a sampled state, by leaving out one group of samples after another."""
    others = [Reading(reading.problem, r) for r in reading.series.replicas]
    return jackknife([FIGURES[name](r) for r in others])
