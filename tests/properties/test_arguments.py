"""Every public callable, each of its arguments in turn replaced by nonsense: a `QsbError` or a result, never else."""

import inspect
import signal
from contextlib import contextmanager

import numpy as np
import pytest
import xarray as xr

import qsb
from qsb.datasheet import Measure
from qsb.errors import QsbError, SpecError

H = np.diag([0.5, -0.5])
PLUS = np.full((2, 2), 0.5)
LADDER = np.diag([0.2, 0.3, 0.5])
TIMES = np.linspace(0.0, 1.0, 5)
FALLING = np.exp(-TIMES)
BATTERY = qsb.models.ensemble(2, field=0.5)
PROBLEM = qsb.Problem(BATTERY, qsb.quench(1.0), (), [0.0, 1.0])
SPINS = qsb.Space.spins(2)
DATA = qsb.run(PROBLEM)
SIZES = xr.Dataset({"peak_power": ("cells", np.arange(2.0, 7.0))}, {"cells": np.arange(2, 7)})
SPECTRUM = qsb.Spectrum.simple([0.3, 0.7])
ROTATED = np.array([[0.6, 0.8], [-0.8, 0.6]])

#: what no argument of any callable is meant to be, or what only few are
NONSENSE = {
    "none": None,
    "text": "x",
    "empty list": [],
    "dict": {},
    "nan": float("nan"),
    "inf": float("inf"),
    "minus one": -1,
    "billion": 10**9,
    "huge": 10**400,
    "half": 2.5,
    "ragged": [[1, 2], [3]],
    "true": True,
    "complex": 1j,
    "object": object(),
    "array": np.ones((2, 3)),
    "texts": ["x", "y"],
}

#: good arguments of every callable, by position or by name
CALLS = {
    qsb: {
        "Battery": {"space": SPINS, "battery": BATTERY.battery, "interaction": BATTERY.interaction},
        "Blocks": {"blocks": (PLUS,), "multiplicity": (1,), "null": 0},
        "Channel": {"kind": "emission", "rate": 0.1},
        "Cross": {"first": "x", "group_a": "cells", "second": "x", "group_b": "mode", "strength": 1.0},
        "Datasheet": {
            "name": "cell",
            "energy": Measure(1e-23),
            "power": Measure(1e-15),
            "ergotropy_fraction": Measure(0.8),
            "relaxation": Measure(1e4),
            "dephasing": Measure(2e4),
            "gap": Measure(2e-23),
        },
        "Global": {"op": "x", "strength": 1.0},
        "Local": {"op": "x", "strength": 1.0},
        "ModeStart": {"kind": "vacuum"},
        "OpSum": {"terms": (qsb.Local("x"),)},
        "Pair": {"first": "x", "second": "x", "strength": 1.0},
        "Problem": {"battery": BATTERY, "protocol": qsb.quench(1.0), "channels": (), "times": [0.0, 1.0]},
        "Protocol": {"stages": (qsb.Stage(),)},
        "Space": {"groups": SPINS.groups},
        "Spectrum": {"values": np.ones(2) / 2, "multiplicity": (1, 1), "log_multiplicity": np.zeros(2)},
        "Stage": {"kind": "charge", "duration": 1.0},
        "Start": {"kind": "ground"},
        "anti_ergotropy": {"rho": PLUS, "hamiltonian": H},
        "asymptotic_ergotropy": {"rho": PLUS, "hamiltonian": H},
        "capacity": {"state": SPECTRUM, "levels": SPECTRUM},
        "citation": {"data": DATA},
        "daemonic_ergotropy": {"rho": np.eye(4) / 4, "hamiltonian": H, "measurement": [np.eye(2)]},
        "dephasing": {"rate": 0.1},
        "emission": {"rate": 0.1},
        "ergotropic_gap": {"rho": np.eye(4) / 4, "cells": [H, H]},
        "ergotropy": {"rho": PLUS, "hamiltonian": H},
        "ergotropy_parts": {"rho": PLUS, "hamiltonian": H},
        "fit_dataset": {"dataset": SIZES, "resource": "coupling"},
        "fit_scaling": {"cells": [2, 3, 4, 5, 6], "values": [2.0, 3.0, 4.0, 5.0, 6.0], "resource": "coupling"},
        "free_energy_bound": {"rho": PLUS, "hamiltonian": H, "temperature": 1.0},
        "from_qutip": {"H_B": H, "V": PLUS, "duration": 1.0, "times": [0.0, 1.0], "rho0": [1.0, 0.0]},
        "is_completely_passive": {"rho": PLUS, "hamiltonian": H},
        "is_passive": {"rho": PLUS, "hamiltonian": H},
        "k_local_ergotropy": {"rho": np.eye(4) / 4, "cells": [H, H], "blocks": 1},
        "load_spec": {"source": None},
        "n_copy_ergotropy": {"rho": LADDER, "hamiltonian": np.diag([0.0, 1.0, 2.5]), "copies": 2},
        "passive_energy": {"state": SPECTRUM, "levels": SPECTRUM},
        "plan": {"problem": PROBLEM},
        "pumping": {"rate": 0.1},
        "quench": {"duration": 1.0},
        "read": {"path": "nowhere.nc"},
        "run": {"problem": PROBLEM},
        "sweep": {"spec": None},
        "symmetric_ergotropy": {"rho": LADDER, "hamiltonian": np.diag([1.0, 0.0, -1.0]), "cells": 2},
        "thermal": {"rate": 0.1, "nbar": 0.5},
        "to_qutip": {"problem": PROBLEM},
        "virtual_temperatures": {"rho": LADDER, "hamiltonian": np.diag([1.0, 0.0, -1.0])},
        "write": {"dataset": DATA, "path": "nowhere/made.nc"},
    },
    qsb.models: {
        "Coupling": {},
        "central_spin": {"cells": 2, "chargers": 1, "coupling": 0.1},
        "chain": {"cells": 3, "jx": 0.1},
        "collision": {"levels": 4, "coupling": 0.1},
        "custom": {"battery": H, "interaction": PLUS},
        "custom_channels": {"operators": [PLUS]},
        "dark_state": {"cells": 2},
        "dark_state_channels": {"rate": 0.1},
        "dicke": {"cells": 2, "coupling": 0.1},
        "ensemble": {"cells": 2, "field": 0.1},
        "extended_dicke": {"cells": 2, "coupling": 0.1, "exchange": 0.1},
        "ising": {"cells": 3},
        "kitaev": {"cells": 4, "hopping": 0.1},
        "mediated": {"coupling": 0.1},
        "mediated_channels": {"loss": 0.1},
        "micromaser": {"cutoff": 4, "coupling": 0.1},
        "oscillator": {"modes": 2, "chargers": 1, "coupling": 0.1},
        "parallel": {"cells": 4, "resource": "norm", "block": 2},
        "qudit": {"cells": 2, "levels": [0.0, 1.0, 2.5], "field": 0.1},
        "qudit_decay": {"cells": 2, "rates": [0.1, 0.1]},
        "ssh": {"pairs": 2},
        "star": {"chargers": 2, "coupling": 0.1},
        "stirap": {"rabi": 1.0, "duration": 10.0},
        "superabsorption": {"cells": 2, "coupling": 0.1, "pump": 0.1, "centre": 1.0, "width": 0.2},
        "superabsorption_channels": {"cavity_loss": 0.1},
        "superradiant": {"cells": 2},
        "superradiant_channels": {"rate": 0.1},
        "syk": {"cells": 4},
        "tavis_cummings": {"cells": 2, "coupling": 0.1},
        "two_photon_dicke": {"cells": 2, "coupling": 0.01},
        "xxz": {"cells": 3, "coupling": 0.1},
        "xyz": {"cells": 3, "coupling": 0.1},
    },
    qsb.merit: {
        "bures_angle": {"one": PLUS, "other": PLUS},
        "classical_fisher": {"levels": [0.0, 1.0], "populations": [0.5, 0.5], "rates": [0.1, -0.1]},
        "decay_rate": {"energy": FALLING, "power": -FALLING},
        "deffner_lutz": {"states": [PLUS, PLUS], "rates": [H * 0, H * 0], "times": [0.0, 1.0]},
        "efficiency": {"gain": [0.5], "spent": [1.0]},
        "fit_decay": {"times": TIMES, "values": FALLING},
        "half_life": {"times": TIMES, "values": FALLING},
        "l1_norm": {"rho": PLUS, "hamiltonian": H},
        "log_negativity": {"rho": np.eye(4) / 4, "cells": [0], "dims": [2, 2]},
        "mandelstam_tamm": {"angle": 0.5, "std": 1.0},
        "margolus_levitin": {"angle": 0.5, "energy": 1.0},
        "mutual_information": {"rho": np.eye(4) / 4, "cells": [0], "dims": [2, 2]},
        "negativity": {"rho": np.eye(4) / 4, "cells": [0], "dims": [2, 2]},
        "parallel_reference": {"resource": "equal norm", "amount": 1.0, "cells": 2},
        "quantum_advantage": {"value": 1.0, "resource": "equal norm", "amount": 1.0, "cells": 2},
        "quantum_fisher": {"state": PLUS, "generator": H},
        "relative_entropy": {"rho": PLUS, "hamiltonian": H},
        "relative_fluctuation": {"std": 0.1, "above_ground": 1.0},
        "speed_ratio": {"time": 1.0, "limit": 0.5},
        "two_point_measurement": {"rho": PLUS, "hamiltonian": H, "evolution": ROTATED},
        "unified": {"angle": 0.5, "std": 1.0, "energy": 1.0},
    },
}
#: kinds of errors, which are no constructors of physics
ERRORS = {n for n in qsb.__all__ if isinstance(getattr(qsb, n), type) and issubclass(getattr(qsb, n), Exception)}

#: what needs a file that exists, or a spec
UNASKED = {"read", "load_spec", "sweep", "write"}


@contextmanager
def limited(seconds):
    """Raise TimeoutError in what takes longer, by the processor's time."""

    def late(*_):
        raise TimeoutError(f"not refused and not finished in {seconds} s")

    former = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, former)


def raw(function, good, seconds=3.0):
    """Return what is neither a result nor a `QsbError`: argument, nonsense and the exception."""
    found = []
    for name in inspect.signature(function).parameters:
        for label, value in NONSENSE.items():
            try:
                with limited(seconds):
                    function(**{**good, name: value})
            except QsbError:
                continue
            except Exception as error:  # noqa: BLE001 every kind is a finding
                found.append((name, label, repr(error)))
    return found


ROWS = [(package, name, good) for package, calls in CALLS.items() for name, good in calls.items()]


@pytest.mark.parametrize(("package", "name", "good"), ROWS, ids=[f"{p.__name__}.{n}" for p, n, _ in ROWS])
def test_nonsense_is_refused_by_name(package, name, good, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert raw(getattr(package, name), good) == []


def test_every_public_callable_is_here():
    for package, calls in CALLS.items():
        public = {n for n in package.__all__ if callable(getattr(package, n))}
        assert public - ERRORS == set(calls)


@pytest.mark.parametrize(("package", "name", "good"), [row for row in ROWS if row[1] not in UNASKED])
def test_the_good_arguments_are_good(package, name, good, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    getattr(package, name)(**good)


def test_tracebacks_and_hangs_are_seen():
    def adds(x):
        return x + 1

    def waits(x):
        while True:
            pass

    assert len(raw(adds, {"x": 1})) >= 5
    assert all("TimeoutError" in error for *_, error in raw(waits, {"x": 1}, seconds=0.02))
    assert len(raw(waits, {"x": 1}, seconds=0.02)) == len(NONSENSE)


LEVELS = [[0.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: qsb.models.oscillator(squeezing=True), "squeezing.* must be real numbers"),
        (lambda: qsb.models.oscillator(squeezing="0.1"), "squeezing.* must be real numbers"),
        (lambda: qsb.models.oscillator(squeezing=[]), "squeezing must be one number or"),
        (lambda: qsb.models.oscillator(squeezing=-(10**400)), "squeezing.* must be real numbers"),
        (lambda: qsb.models.oscillator(2, frequency=[[1, 2], [3]]), "frequency must be numbers in rows"),
        (lambda: qsb.models.ssh(10**9), "take 524288 pairs at most"),
        (lambda: qsb.models.parallel(10**9, resource="norm", block=2), "products, which are written one by one"),
        (lambda: qsb.models.qudit_decay(10**9, [0.1]), "are 1000000000 channels"),
        (lambda: qsb.Start("ground", temperature=1.0), "A ground start takes no temperature"),
        (lambda: qsb.ModeStart("squeezed", squeezing="x"), "squeezing must be one real or complex number"),
        (lambda: qsb.OpSum("x"), "terms of an operator sum must be a list"),
        (lambda: qsb.citation(3), "citation takes the dataset of a run"),
        (lambda: qsb.from_qutip(H, PLUS, times="a"), "times must be real numbers"),
        (lambda: qsb.from_qutip(H, PLUS, 3, duration=1.0), "collapse operators must be a list"),
        (lambda: qsb.from_qutip(H, PLUS, duration=1.0, max_step="q"), "max_step must be one real number"),
        (lambda: qsb.from_qutip(H, [[PLUS, "sin(q t"]], duration=1.0, max_step=0.1), "no text that QuTiP can evaluate"),
        (lambda: qsb.from_qutip(H, PLUS, [np.eye(4)], duration=1.0), "must act on dimension 2"),
        (lambda: qsb.merit.negativity(np.eye(4) / 4, [0.5], [2, 2]), "A cell of the cut must be a whole number"),
        (lambda: qsb.k_local_ergotropy(np.eye(4) / 4, [H, H], None), "blocks must be a partition"),
        (lambda: qsb.free_energy_bound(PLUS, H, "1"), "temperature.* must be one real number"),
        (lambda: qsb.ergotropy([[1.0, 0.0], [0.0]], LEVELS), "rho is no array of numbers"),
        (lambda: qsb.symmetric_ergotropy(LADDER, LADDER, cells=10**9), "H has dimension 3, but 1000000000 cells"),
    ],
)
def test_what_was_taken_silently_or_ended_in_a_traceback(call, words):
    with pytest.raises(QsbError, match=words):
        call()


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("value", "x"),
        ("value", np.inf),
        ("amount", None),
        ("cells", "b"),
        ("cells", np.inf),
        ("cells", 2.5),
        ("gap", np.inf),
    ],
)
def test_advantage_of_what_is_no_number(name, bad):
    good = CALLS[qsb.merit]["quantum_advantage"]
    with pytest.raises(SpecError, match="power" if name == "value" else name):
        qsb.merit.quantum_advantage(**{**good, name: bad})
