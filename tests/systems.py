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


def total_spin_bases(n):
    """Return for each total spin the isometries (2^n, 2j+1) of its equal sectors, by adding one spin after another."""
    bases = {0: [np.ones((1, 1))]}
    for _ in range(n):
        grown = {}
        for jj, each in bases.items():
            # one more spin 1/2: highest weight of j + 1/2 and of j - 1/2, then lowering
            for new in (jj + 1, jj - 1):
                if new >= 0:
                    grown.setdefault(new, []).extend(_coupled(b, jj, new) for b in each)
        bases = grown
    return bases


def _coupled(b, jj, new):
    """Couple one spin to |j, m>, by the Clebsch-Gordan coefficients of spin 1/2."""
    up, down = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    j, out = jj / 2, []
    for m in new / 2 - np.arange(new + 1):
        a, c = np.sqrt((j + m + 0.5) / (jj + 1)), np.sqrt((j - m + 0.5) / (jj + 1))
        first, second = (a, c) if new > jj else (-c, a)
        ket = np.zeros(2 * len(b))
        for amplitude, spin, before in ((first, up, m - 0.5), (second, down, m + 0.5)):
            if abs(before) <= j + 1e-9:
                ket = ket + amplitude * np.kron(b[:, round(j - before)], spin)
        out.append(ket)
    return np.array(out).T
