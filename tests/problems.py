"""Problems that representations are compared on: closed, noisy, in stages, unlike, of one cell and of a few."""

import numpy as np

from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Boson, Group, Space, Spin
from qsb.algebra.states import ModeStart, Start
from qsb.algebra.terms import Cross, Global, Local, Pair, Quartic, Word
from qsb.charging.battery import Battery
from qsb.charging.envelope import Function, Gaussian, Piecewise, Ramp, Sinusoidal, Table
from qsb.charging.environment import Channel, dephasing, emission, pumping, thermal
from qsb.charging.problem import Problem
from qsb.charging.protocol import Protocol, Stage, quench
from qsb.dynamics.plan import REPRESENTATIONS
from systems import cells, pairs

TIMES = np.array([0.0, 0.3, 1.1, 2.0])
CLOSED = 1e-11  # constant generators: rounding only
DRIVEN = 1e-9  # time-dependent ones: the integrator is asked for 1e-11


def battery(cells, interaction, meter=None, **options):
    """Return spins with H_B = sum sz/2 unless told otherwise."""
    return Battery(Space.spins(cells), meter or OpSum((Local("z", 0.5),)), OpSum(tuple(interaction)), **options)


def ramp_store_discharge():
    """Return three stages, one with H_B off."""
    return Protocol(
        (
            Stage("charge", 0.7, Ramp(0.2, 1.0, 0.5)),
            Stage("store", 0.4),
            Stage("discharge", 0.9, Sinusoidal(2.0, 0.3), battery=False),
        )
    )


def random_ket(cells, seed):
    """Return a random state vector."""
    rng = np.random.default_rng(seed)
    psi = rng.normal(size=2**cells) + 1j * rng.normal(size=2**cells)
    return psi / np.linalg.norm(psi)


def beside(cells, kind, channels, envelope=None):
    """Return cells that exchange one excitation with a charger."""
    space = Space((Group("cells", Spin(), cells), Group("charger", kind, 1, "charger")))
    lower, higher, number = ("a", "a+", "n") if isinstance(kind, Boson) else ("-", "+", "n")
    v = (Cross("+", "cells", lower, "charger", 0.4), Cross("-", "cells", higher, "charger", 0.4))
    made = Battery(
        space,
        OpSum((Local("z", 0.5),)),
        OpSum((*v, Pair("z", "z", 0.2, "all"))),
        OpSum((Local(number, 1.1, "charger"),)),
        start=Start("ground", charger=ModeStart("fock", quanta=1)),
    )
    return Problem(made, quench(2.0, envelope), channels, TIMES)


FIELD = (Local("x", 0.5),)
ALIKE_BLOCH = np.array([0.6, 0.0, -0.8])
UNLIKE_BLOCH = np.array([[0.3, -0.4, 0.5], [0.0, 0.2, -0.9], [0.1, 0.1, 0.1]])
TILTED = OpSum((Local("z", 0.5), Local("x", 0.3)))
FREQUENCIES = OpSum((Local("z", np.array([0.5, 0.7, 0.4])),))
COMPLEX = OpSum((Local("z", 0.5), Local("y", 0.35), Local("x", 0.1)))
COMPLEX_PAIRS = OpSum((Local("z", 0.5), Local("y", 0.35), Pair("x", "y", 0.2, "chain")))
PAIRS = np.tril(0.2 + 0.3j * np.ones((6, 6)), -1) + np.triu(0.2 - 0.3j * np.ones((6, 6)), 1)
INTERACTING = OpSum((Local("z", 0.5), Pair("z", "z", 0.15, "all"), Local("x", 0.1)))

#: name -> (problem, tolerance of the comparison)
PROBLEMS = {
    "closed field": (Problem(battery(4, FIELD), quench(2.0), (), TIMES), CLOSED),
    "closed chain": (Problem(battery(4, (Pair("x", "x", 0.5, "chain"),)), quench(2.0), (), TIMES), CLOSED),
    "closed ring of three": (Problem(battery(3, (Pair("x", "x", 0.5, "ring"),)), quench(2.0), (), TIMES), CLOSED),
    "closed, along the axis": (
        Problem(
            battery(3, (Local("z", 0.3),), start=Start("product", bloch=np.array([0.0, 0.0, 0.4]))),
            quench(2.0),
            (),
            TIMES,
        ),
        CLOSED,
    ),
    "closed ring with unlike complex bonds": (
        Problem(
            battery(
                4,
                (Pair("x", "y", np.array([0.5, -0.2, 0.3, 0.4]), "ring"), Pair("+", "-", 0.3j), Pair("-", "+", -0.3j)),
                OpSum((Local("z", 0.5), Pair("y", "y", 0.2, "ring"))),
            ),
            quench(2.0),
            (),
            TIMES,
        ),
        CLOSED,
    ),
    "closed ring of five, driven, in stages": (
        Problem(
            battery(
                5,
                (Pair("x", "x", 0.4, "ring"),),
                drives=((OpSum((Pair("y", "x", 0.3),)), Table((0.0, 1.0, 2.0), (0.0, 1.0, 0.2))),),
                start=Start("product", bloch=np.array([[0, 0, 1.0]] + [[0, 0, -1.0]] * 4)),
            ),
            ramp_store_discharge(),
            (),
            TIMES,
        ),
        DRIVEN,
    ),
    "closed chain from a thermal state, along x": (
        Problem(
            battery(
                4,
                (Local("x", 0.4), Pair("y", "z", 0.2)),
                OpSum((Local("x", -0.5), Pair("z", "z", -0.7))),
                start=Start("thermal", temperature=0.6),
            ),
            quench(2.0),
            (),
            TIMES,
        ),
        CLOSED,
    ),
    "closed Kac all-to-all": (
        Problem(battery(4, (Pair("x", "x", 0.8, "all", normalisation="kac"),)), quench(2.0), (), TIMES),
        CLOSED,
    ),
    "closed four-fermion charger": (
        Problem(
            battery(4, (Quartic(np.diag([0.3, -0.2, 0.5, 0.1, 0.7, -0.4]) + PAIRS),), OpSum((Local("y", 0.5),))),
            quench(2.0),
            (),
            TIMES,
        ),
        CLOSED,
    ),
    "closed global flip": (
        Problem(battery(4, (Global("x", 0.7), Global("y", 0.2))), quench(2.0), (), TIMES),
        CLOSED,
    ),
    "closed tilted": (Problem(battery(3, FIELD, TILTED), quench(2.0), (), TIMES), CLOSED),
    "closed inhomogeneous": (
        Problem(battery(3, (Local("x", np.array([0.5, 0.2, -0.3])),), FREQUENCIES), quench(2.0), (), TIMES),
        CLOSED,
    ),
    "closed inhomogeneous, two alike": (
        Problem(battery(3, (Local("x", np.array([0.5, 0.2, 0.5])),)), quench(2.0), (), TIMES),
        CLOSED,
    ),
    "closed, complex battery": (Problem(battery(3, FIELD, COMPLEX), quench(2.0), (), TIMES), CLOSED),
    "closed, complex interacting battery": (
        Problem(battery(3, FIELD, COMPLEX_PAIRS), quench(2.0), (), TIMES),
        CLOSED,
    ),
    "open local, complex battery": (
        Problem(
            battery(3, FIELD, COMPLEX, start=Start("product", bloch=ALIKE_BLOCH)),
            quench(2.0),
            (emission(0.2), dephasing(0.1)),
            TIMES,
        ),
        CLOSED,
    ),
    "closed interacting battery": (
        Problem(battery(4, (Local("x", 0.4), Pair("y", "y", 0.2, "all")), INTERACTING), quench(2.0), (), TIMES),
        CLOSED,
    ),
    "closed power law with a charger Hamiltonian": (
        Problem(
            battery(
                3,
                (
                    Pair("x", "y", 0.3, "power-law", exponent=1.5),
                    Word(0.2, ((0, "+"), (2, "-"))),
                    Word(0.2, ((0, "-"), (2, "+"))),
                ),
                charger=OpSum((Local("y", 0.1),)),
            ),
            quench(2.0),
            (),
            TIMES,
        ),
        CLOSED,
    ),
    "closed from up": (Problem(battery(3, FIELD, start=Start("up")), quench(2.0), (), TIMES), CLOSED),
    "closed alike product start": (
        Problem(
            battery(3, (*FIELD, Pair("z", "z", 0.2, "all")), start=Start("product", bloch=ALIKE_BLOCH)),
            quench(2.0),
            (),
            TIMES,
        ),
        CLOSED,
    ),
    "closed mixed product start": (
        Problem(battery(3, FIELD, start=Start("product", bloch=UNLIKE_BLOCH)), quench(2.0), (), TIMES),
        CLOSED,
    ),
    "closed thermal start": (
        Problem(battery(3, FIELD, TILTED, start=Start("thermal", temperature=0.7)), quench(2.0), (), TIMES),
        CLOSED,
    ),
    "closed user's ket": (
        Problem(
            battery(3, (Pair("x", "x", 0.5, "ring"),), start=Start("state", array=random_ket(3, 5))),
            quench(2.0),
            (),
            TIMES,
        ),
        CLOSED,
    ),
    "closed H_B off": (
        Problem(battery(4, (Pair("x", "x", 0.5, "all"),)), quench(2.0, battery=False), (), TIMES),
        CLOSED,
    ),
    "closed piecewise": (
        Problem(battery(3, FIELD), quench(2.0, Piecewise((0.0, 0.8, 1.5), (1.0, -0.5))), (), TIMES),
        CLOSED,
    ),
    "closed Gaussian": (Problem(battery(3, FIELD), quench(2.0, Gaussian(1.0, 0.2, 2.0)), (), TIMES), DRIVEN),
    "closed sinusoidal with a second drive": (
        Problem(
            battery(
                3,
                (Pair("x", "x", 0.4, "all"),),
                drives=((OpSum((Local("y", 0.3),)), Table((0.0, 1.0, 2.0), (0.0, 1.0, 0.2))),),
            ),
            quench(2.0, Sinusoidal(1.3, 0.4)),
            (),
            TIMES,
        ),
        DRIVEN,
    ),
    "closed stages": (Problem(battery(3, FIELD), ramp_store_discharge(), (), TIMES), DRIVEN),
    "closed function": (
        Problem(
            battery(3, FIELD),
            quench(2.0, Function(lambda t: t**2 if t < 1 else 0.5, 0.2, (1.0,), 1.0)),
            (),
            TIMES,
        ),
        DRIVEN,
    ),
    "open local": (Problem(battery(3, FIELD), quench(2.0), (emission(0.2), dephasing(0.1)), TIMES), CLOSED),
    "open local, per-cell rates and thermal": (
        Problem(
            battery(3, FIELD, FREQUENCIES),
            quench(2.0),
            (thermal(np.array([0.1, 0.3, 0.2]), temperature=0.8), pumping(np.array([0.0, 0.1, 0.0]))),
            TIMES,
        ),
        CLOSED,
    ),
    "open local, five cells by Taylor series": (
        Problem(battery(5, FIELD, TILTED), quench(2.0), (emission(0.2), dephasing(0.3)), TIMES),
        CLOSED,
    ),
    "open local, thermal start, stages, rate envelope": (
        Problem(
            battery(3, FIELD, start=Start("thermal", temperature=1.0)),
            ramp_store_discharge(),
            (emission(0.3, envelope=Ramp(1.0, 0.0, 0.6)), dephasing(0.1)),
            TIMES,
        ),
        DRIVEN,
    ),
    "open collective": (
        Problem(
            battery(4, (*FIELD, Pair("x", "x", 0.2, "all", normalisation="sqrt"))),
            quench(2.0),
            (emission(0.3, collective=True), dephasing(0.05, collective=True)),
            TIMES,
        ),
        CLOSED,
    ),
    "open collective, driven, interacting battery": (
        Problem(
            battery(3, FIELD, INTERACTING, start=Start("product", bloch=ALIKE_BLOCH)),
            quench(2.0, Gaussian(0.8, 0.3, 1.5)),
            (thermal(0.2, nbar=0.5, collective=True),),
            TIMES,
        ),
        DRIVEN,
    ),
    "one cell, everything at once": (
        Problem(
            battery(1, FIELD, start=Start("product", bloch=UNLIKE_BLOCH[0])),
            quench(2.0),
            (emission(0.2), dephasing(0.1, collective=True)),
            TIMES,
        ),
        CLOSED,
    ),
    "one closed cell": (Problem(battery(1, FIELD), quench(2.0), (), TIMES), CLOSED),
    "two cells": (Problem(battery(2, (Pair("x", "x", 0.5, "ring"),)), quench(2.0), (), TIMES), CLOSED),
    "one closed cell along its axis": (
        Problem(battery(1, (Local("z", 0.3),), start=Start("up")), quench(2.0, Sinusoidal(1.3, 0.4)), (), TIMES),
        DRIVEN,
    ),
    "two unlike cells that never meet": (
        Problem(battery(2, (Local("x", np.array([0.5, 0.2])),)), quench(2.0), (), TIMES),
        CLOSED,
    ),
    "open local, beside one spin": (
        beside(3, Spin(), (emission(0.2), dephasing(0.1), emission(0.3, on="charger"))),
        CLOSED,
    ),
    "open local, in a cavity, driven": (
        beside(
            2, Boson(11), (thermal(0.2, nbar=0.0), dephasing(0.1), emission(0.3, on="charger")), Sinusoidal(1.3, 0.4)
        ),
        DRIVEN,
    ),
    "open collective, in a cavity": (
        beside(2, Boson(11), (emission(0.2, collective=True), emission(0.3, on="charger"))),
        CLOSED,
    ),
    "disordered ring of three, driven": (
        Problem(
            battery(3, (Pair("x", "x", np.array([0.5, 0.2, -0.3]), "ring"),), FREQUENCIES),
            quench(2.0, Gaussian(1.0, 0.3, 1.5)),
            (),
            TIMES,
        ),
        DRIVEN,
    ),
}

LONGER = np.linspace(0.0, 4.0, 9)
NOISE = (emission(0.3), dephasing(0.2))
LOWERING = OpSum((Word(1.0, ((0, "-"),)), Word(0.5, ((1, "-"),)), Word(0.3j, ((0, "z"),))))
DRIVEN_STAGES = Protocol(
    (Stage("charge", 1.5, Sinusoidal(2.0)), Stage("store", 0.5), Stage("discharge", 2.0, Piecewise((0, 1.0), (0.7,))))
)

#: problems with noise from a pure start
NOISY = {
    "field, local": cells(3, field=0.5, channels=NOISE, times=LONGER, duration=4.0),
    "all-to-all, local": cells(4, field=0.5, coupling=pairs(0.3, "all"), channels=NOISE, times=LONGER, duration=4.0),
    "chain of y, pumping": cells(
        3,
        coupling=[pairs(0.4, axes="yy"), pairs(0.3, axes="xz")],
        channels=(pumping(0.4),),
        times=LONGER,
        duration=4.0,
    ),
    "collective": cells(
        3, field=0.5, channels=(emission(0.3, collective=True), dephasing(0.1)), times=LONGER, duration=4.0
    ),
    "collective alone, driven": cells(
        3,
        field=0.5,
        coupling=pairs(0.2, "all"),
        channels=(emission(0.3, collective=True), dephasing(0.1, collective=True)),
        times=LONGER,
        protocol=DRIVEN_STAGES,
    ),
    "custom": cells(2, field=0.5, channels=(Channel("custom", 0.4, operator=LOWERING),), times=LONGER, duration=4.0),
    "unlike rates, thermal": cells(
        3,
        field=[0.5, 0.2, 0.7],
        channels=(thermal(np.array([0.1, 0.5, 0.3]), nbar=0.5),),
        times=LONGER,
        duration=4.0,
    ),
    "noise in stages": cells(3, field=0.7, coupling=pairs(0.2), channels=NOISE, times=LONGER, protocol=DRIVEN_STAGES),
    "rates that change": cells(
        3,
        field=0.5,
        channels=(emission(0.6, envelope=Gaussian(2.0, 0.8)), dephasing(0.3, envelope=Ramp(0.0, 1.0, 2.0))),
        times=LONGER,
        protocol=quench(4.0, Sinusoidal(1.0, 0.3)),
    ),
    "one noisy cell": cells(1, field=0.5, channels=NOISE, times=LONGER, duration=4.0),
    "two noisy cells": cells(2, field=0.5, coupling=pairs(0.4, "ring"), channels=NOISE, times=LONGER, duration=4.0),
    "noisy disordered ring of three": cells(
        3,
        field=[0.5, 0.2, 0.7],
        coupling=pairs([0.4, 0.1, -0.3], "ring"),
        channels=NOISE,
        times=LONGER,
        duration=4.0,
    ),
}

SHORT = np.linspace(0.0, 2.0, 6)
CHAIN = [pairs(0.3), pairs(0.2, axes="zz")]
PIECES = Protocol(
    (
        Stage("charge", 1.0, Piecewise((0, 0.4, 1.0), (1.0, -0.5))),
        Stage("store", 0.4),
        Stage("charge", 0.6, battery=False),
    )
)
BLOCH = np.array([[0.6, 0.0, 0.8], [0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0], [0.0, 0.6, -0.8]])

#: open chains from a product of kets
CHAINS = {
    "uniform": cells(7, field=0.5, coupling=CHAIN, times=SHORT, duration=2.0),
    "unlike": cells(
        6,
        field=np.linspace(0.2, 0.9, 6),
        frequency=np.linspace(0.8, 1.3, 6),
        coupling=[{"axes": "xy", "strength": [0.1, 0.5, 0.2, 0.4, 0.3], "geometry": "chain"}],
        times=SHORT,
        duration=2.0,
    ),
    "stages of a chain": cells(5, field=0.5, coupling=CHAIN, times=[0.3, 0.4, 1.0, 1.7, 2.0], protocol=PIECES),
    "product start, tilted": cells(
        5, field=0.2, tilt=0.3, coupling=CHAIN, start=Start("product", bloch=BLOCH), times=SHORT, duration=2.0
    ),
}


def subset_of(problem):
    """Return a subset that is asked for where there is one."""
    return (1, 0) if problem.cells > 2 else (0,)


def cut_of(problem):
    """Return a cut with cells on both sides."""
    return problem.cells // 2 if problem.cells > 1 else 0


def accepting(problem, needs=frozenset({"energy"})):
    """Return the representations that take a problem with these readouts."""
    return [r for r in REPRESENTATIONS if r.accepts(problem.structure) is None and r.lacks(problem, needs) is None]


def accepted(problem, needs=frozenset({"energy"})):
    """Return the exact ones."""
    return [r for r in accepting(problem, frozenset(needs)) if r.exact]
