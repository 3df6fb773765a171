"""Batteries with closed-form answers: problems, and what they must give."""

import numpy as np

import qsb
from qsb.dynamics.plan import REPRESENTATIONS
from qsb.runs.figures import needs


def cells(n, *, channels=(), duration=20.0, times=None, protocol=None, start=None, **arguments):
    """Return an ensemble that is charged by a constant charger."""
    battery = qsb.models.ensemble(n, start=start, **arguments)
    grid = np.linspace(0.0, duration, 41) if times is None else np.asarray(times, dtype=float)
    return qsb.Problem(battery, protocol or qsb.quench(duration), channels, grid)


def pairs(strength=0.5, geometry="chain", axes="xx", **more):
    """Return one coupling."""
    return {"axes": axes, "strength": strength, "geometry": geometry, **more}


def accepting(problem, readouts=("energy", "power")):
    """Return the names of the representations that accept a problem and give what is asked."""
    wanted = frozenset(readouts)
    return [
        r.name
        for r in REPRESENTATIONS
        if r.exact
        and r.accepts(problem.structure) is None
        and r.lacks(problem, wanted) is None
        and (r.name in ("product", "symmetric", "fermion") or problem.battery.space.dimension <= 64)
    ]


def in_all(problem, figures, **options):
    """Return (representation, dataset) for each representation that accepts the problem."""
    names = accepting(problem, needs(tuple(figures), problem))
    assert names
    return [(name, qsb.run(problem, figures, representation=name, tolerance=1e-11, **options)) for name in names]


def field_energy(n, strength, t, frequency=1.0):
    """Return O(row 1): N w0 (4 lam^2 / O^2) sin^2(O t / 2)."""
    rabi = np.hypot(frequency, 2 * strength)
    return n * frequency * (2 * strength / rabi) ** 2 * np.sin(rabi * t / 2) ** 2


def bloch_steady_energy(strength, emission, dephasing, frequency=1.0):
    """Return O23: the steady energy of a driven cell above its ground level."""
    g2 = emission / 2 + 2 * dephasing
    wide = emission * (g2**2 + frequency**2)
    return frequency * (1 - wide / (wide + 4 * strength**2 * g2)) / 2
