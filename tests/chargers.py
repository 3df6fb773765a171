"""Cells beside one charger in which nothing is conserved, and all the noise there is."""

import numpy as np

import qsb
from qsb import Cross, Local, ModeStart, Pair
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Boson, Group, Space, Spin
from qsb.algebra.states import Start
from qsb.algebra.terms import Global

METER = OpSum((Local("z", 0.5), Local("x", 0.2), Local("y", -0.1)))
CHARGERS = {
    "mode": Group("charger", Boson(3), 1, "charger"),
    "spin": Group("charger", Spin(), 1, "charger"),
    "two spins": Group("charger", Spin(), 2, "charger"),
}


def fock(quanta, kind="ground"):
    return Start(kind, charger=ModeStart("fock", quanta=quanta))


def rates(seed):
    """Return random rates, alike on every cell, and on the charger."""
    return np.random.default_rng(seed).uniform(0.05, 0.4, size=12).tolist()


def channels(charger, seed=1):
    """Return every channel there is, at random rates."""
    r = rates(seed)
    spins = CHARGERS[charger].kind == Spin()
    return {
        "emission": qsb.emission(r[0]),
        "pumping": qsb.pumping(r[1]),
        "dephasing": qsb.dephasing(r[2]),
        "thermal": qsb.thermal(r[3], nbar=r[4]),
        "collective emission": qsb.emission(r[5], collective=True),
        "collective pumping": qsb.pumping(r[6], collective=True),
        "collective dephasing": qsb.dephasing(r[7], collective=True),
        "loss": qsb.emission(r[8], on="charger", collective=spins),
        "gain": qsb.pumping(r[9], on="charger", collective=spins),
        "charger dephasing": qsb.dephasing(r[10], on="charger", collective=spins),
        "charger thermal": qsb.thermal(r[11], nbar=r[3], on="charger", collective=spins),
    }


def everything(n, charger, seed=0):
    """Return a battery in which nothing is conserved, with complex matrix elements."""
    group = CHARGERS[charger]
    a, ad, number, x, p = ("a", "a+", "n", "x", "p") if charger == "mode" else ("-", "+", "n", "x", "y")
    g = np.random.default_rng(seed).normal(size=8)
    v = OpSum(
        (
            Cross("+", "cells", a, "charger", g[0] + 0.3j),
            Cross("-", "cells", ad, "charger", g[0] - 0.3j),
            Cross("z", "cells", number, "charger", g[1]),
            Cross("x", "cells", p, "charger", g[2]),
            Pair("x", "x", g[3], "all"),
            Global("x", g[4]),
            Global("y", 0.3),
            Local(p, g[5], "charger"),
        )
    )
    own = OpSum((Local(number, 0.9, "charger"), Local(x, g[6], "charger")))
    return qsb.Battery(Space((Group("cells", Spin(), n), group)), METER, v, own, start=fock(1))


def fields(battery):
    return {
        "space": battery.space,
        "battery": battery.battery,
        "interaction": battery.interaction,
        "charger": battery.charger,
    }
