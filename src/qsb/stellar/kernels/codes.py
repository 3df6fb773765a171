"""Numbers by which compiled loops know avalanche laws, regimes, and the columns of what they count."""

from __future__ import annotations

from qsb.stellar.loss import Avalanche, Latching, Logistic, Pair, Step, Stochastic

__all__ = ["COUNTS", "REGIMES", "law_row"]

#: avalanche laws; from LOGISTIC on smooth ones; SURPLUS is what holds the energy where it is
NONE, STEP, LATCHING, STOCHASTIC, LOGISTIC, PAIR, SURPLUS = range(7)

#: avalanche regimes of `qsb.stellar.phase.Phase`
REGIMES = ("below", "sliding", "above", "latched", "smooth")
BELOW, SLIDING, ABOVE, LATCHED, SMOOTH = range(5)

#: columns of what is counted for each member, in J, J s (areas) and s
COUNTS = (
    "passive_area", "work_area", "inflow", "drawn", "avalanche", "clipped", "missing", "work_avalanche",
    *REGIMES, "full", "empty",
)  # fmt: skip
(
    PASSIVE_AREA, WORK_AREA, INFLOW, DRAWN, AVALANCHE, CLIPPED, MISSING, WORK_AVALANCHE,
    FIRST_REGIME, _, _, _, _, TIME_FULL, TIME_EMPTY,
) = range(15)  # fmt: skip


def law_row(law: Avalanche | None) -> tuple[int, float, float, float, float]:
    """Number of a law, its threshold in J, its rate in 1/s, and two numbers of its own.

    Those are the energy at which a latched avalanche stops, J; the smallest and the largest random avalanche to the
    power -1/2; the width of a logistic law, J. The rate of `Pair` is its coefficient, 1/(J s).
    """
    if law is None:
        return NONE, float("inf"), 0.0, 0.0, 0.0
    if isinstance(law, Step):
        return STEP, law.threshold, law.rate, 0.0, 0.0
    if isinstance(law, Latching):
        return LATCHING, law.threshold, law.rate, law.release * law.threshold, 0.0
    if isinstance(law, Stochastic):
        return STOCHASTIC, law.threshold, law.rate, law.smallest**-0.5, law.largest**-0.5
    if isinstance(law, Logistic):
        return LOGISTIC, law.threshold, law.rate, law.width, 0.0
    assert isinstance(law, Pair)
    return PAIR, 0.0, law.coefficient, 0.0, 0.0
