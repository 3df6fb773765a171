"""What is charged, how, and against which losses: `Battery`, `Protocol`, `Channel`, `Problem`."""

from __future__ import annotations

from qsb.charging.battery import Battery
from qsb.charging.envelope import Constant, Envelope, Function, Gaussian, Piecewise, Ramp, SineRamp, Sinusoidal, Table
from qsb.charging.environment import Channel, dephasing, emission, pumping, thermal
from qsb.charging.problem import Problem, Structure
from qsb.charging.protocol import Protocol, Stage, quench

__all__ = [
    "Battery",
    "Channel",
    "Constant",
    "Envelope",
    "Function",
    "Gaussian",
    "Piecewise",
    "Problem",
    "Protocol",
    "Ramp",
    "SineRamp",
    "Sinusoidal",
    "Stage",
    "Structure",
    "Table",
    "dephasing",
    "emission",
    "pumping",
    "quench",
    "thermal",
]
