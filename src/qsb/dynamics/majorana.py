"""How a Gaussian state moves through the segments of a protocol: by normal modes, or by Runge-Kutta where driven."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from qsb.algebra import gaussian as ga
from qsb.algebra.blocks import Spectrum
from qsb.algebra.gaussian import Skew
from qsb.algebra.jordan_wigner import QuadraticForm
from qsb.algebra.majorana_modes import Modes, normal_modes
from qsb.charging.problem import Problem
from qsb.dynamics.integrate import DormandPrince
from qsb.dynamics.representation import Apply, Array, Generator, Request
from qsb.dynamics.segment import Coefficient, Segment, segments, turns
from qsb.dynamics.series import Kink, Series, Value
from qsb.dynamics.wick import GaussRead, start_covariance
from qsb.errors import ConvergenceError

RealArray = NDArray[np.float64]

#: save times whose cosines and sines are multiplied together
_BATCH = 256
#: readouts that need a covariance at each save time; the others are sums over modes, or do not change
EACH = frozenset({"variance", "charger_variance", "marginals", "cut", "reduced"})


class Rate:
    """d<H_B>/dt in a Gaussian state under one Hamiltonian: a quarter of the sum of [A_B, A] and the covariance."""

    def __init__(self, battery: QuadraticForm, other: QuadraticForm) -> None:
        n = battery.cells
        commutator = sp.csr_array(battery.matrix @ other.matrix - other.matrix @ battery.matrix)
        self.aa, self.ab, self.bb = commutator[:n, :n], commutator[:n, n:], commutator[n:, n:]

    def of(self, state: Skew) -> float:
        """Its value."""
        return ga.contract(self.aa, self.ab, self.bb, state)


@dataclass
class Leg:
    """One segment, the state at its start, and what has been made of both.

    Attributes:
        segment: the interval.
        battery: H_B.
        constant: the constant Hamiltonian.
        drives: further Hamiltonians with their coefficients.
        start: the state at the segment's start.
        end: the state at its end, once it was needed.
    """

    segment: Segment
    battery: QuadraticForm
    constant: QuadraticForm
    drives: tuple[tuple[QuadraticForm, Coefficient], ...]
    start: Skew
    end: Skew | None = None

    @cached_property
    def _rates(self) -> list[tuple[Coefficient | None, Rate]]:
        return [(None, Rate(self.battery, self.constant)), *((f, Rate(self.battery, a)) for a, f in self.drives)]

    def power(self, t: float, state: Skew) -> float:
        """d<H_B>/dt."""
        return sum((1.0 if f is None else f(t)) * rate.of(state) for f, rate in self._rates)

    # -- nothing changes: modes -------------------------------------------------------------------------------------

    @cached_property
    def modes(self) -> Modes:
        """Normal modes of the constant Hamiltonian."""
        return normal_modes(self.constant)

    @cached_property
    def _turned(self) -> Skew:
        """The start among the modes."""
        return self._into(self.start.ab, self.start.aa, self.start.bb)

    def _into(self, ab: Any, aa: Any, bb: Any) -> Skew:
        m = self.modes
        if m.bipartite:
            return Skew(
                m.left.T @ (ab @ m.right),
                None if aa is None else m.left.T @ (aa @ m.left),
                None if bb is None else m.right.T @ (bb @ m.right),
            )
        frame = np.hstack([m.left, m.right])
        return Skew.split(frame.T @ (Skew(ab, aa, bb).full() @ frame))

    @cached_property
    def sums(self) -> tuple[RealArray, RealArray, RealArray | None]:
        """P, Q, R of <H_B> = shift + (c.P.c + s.Q.s)/2 + c.R.s: c, s are cosines and sines of the modes' phases."""
        b, g = self.battery, self._turned
        slim = b.bipartite and self.modes.bipartite
        h = self._into(b.ab, None, None) if slim else self._into(b.ab.toarray(), b.aa.toarray(), b.bb.toarray())
        p, q = h.ab * g.ab / 2, h.ab * g.ab.T / 2
        r: RealArray | None = None
        if h.aa is not None and h.bb is not None:
            gaa, gbb = (np.zeros_like(g.ab) if x is None else x for x in (g.aa, g.bb))
            p += (h.aa * gaa + h.bb * gbb) / 4
            q += (h.aa * gbb + h.bb * gaa) / 4
            r = (h.aa * g.ab + h.bb * g.ab.T) / 2
        if g.aa is not None and g.bb is not None:
            rest = -(h.ab * g.aa + h.ab.T * g.bb) / 2
            r = rest if r is None else r + rest
        return p + p.T, q + q.T, r

    def energies(self, times: RealArray) -> tuple[RealArray, RealArray]:
        """<H_B> and its rate at many times."""
        p, q, r = self.sums
        e = self.modes.energies[:, None]
        energy, power = np.empty(len(times)), np.empty(len(times))
        for k in range(0, len(times), _BATCH):
            phase = e * (times[k : k + _BATCH] - self.segment.start)
            c, s = np.cos(phase), np.sin(phase)
            dc, ds = -e * s, e * c
            pc, qs = p @ c, q @ s
            here, rate = (c * pc + s * qs).sum(axis=0) / 2, (dc * pc + ds * qs).sum(axis=0)
            if r is not None:
                rs = r @ s
                here += (c * rs).sum(axis=0)
                rate += (dc * rs + ds * (r.T @ c)).sum(axis=0)
            energy[k : k + _BATCH], power[k : k + _BATCH] = here + self.battery.shift, rate
        return energy, power

    def at(self, t: float, first: int = 0, count: int | None = None) -> Skew:
        """The covariance at a time, of all cells or of `count` in a row."""
        m, g = self.modes, self._turned
        phase = m.energies * (t - self.segment.start)
        c, s = np.cos(phase), np.sin(phase)
        cs, sc = np.outer(c, s), np.outer(s, c)
        back = g.ab.T
        aa = cs * g.ab - sc * back
        ab = np.outer(c, c) * g.ab + np.outer(s, s) * back
        bb = cs * back - sc * g.ab
        for same, other, sign, mixed in ((g.aa, 0, -1, cs), (g.bb, 1, 1, sc)):
            if same is not None:
                cc, ss = np.outer(c, c) * same, np.outer(s, s) * same
                aa, bb = (aa + ss, bb + cc) if other else (aa + cc, bb + ss)
                ab = ab + sign * mixed * same
        part = slice(first, None if count is None else first + count)
        if m.bipartite:
            u, v = m.left[part], m.right[part]
            return Skew((u @ ab) @ v.T, (u @ aa) @ u.T, (v @ bb) @ v.T)
        n = len(ab)
        frame = np.hstack([m.left, m.right]).reshape(2, n, 2 * n)[:, part].reshape(-1, 2 * n)
        return Skew.split((frame @ Skew(ab, aa, bb).full()) @ frame.T)

    # -- driven: Runge-Kutta ----------------------------------------------------------------------------------------

    def walk(self, times: Sequence[float], tolerance: float) -> Iterator[Skew]:
        """States at increasing times."""
        pieces: list[tuple[Coefficient | None, Apply]] = [(None, _turn(self.constant))]
        pieces += [(f, _turn(a)) for a, f in self.drives]
        generator = Generator(self.segment, tuple(pieces))
        for x in DormandPrince().advance(generator, self.start.full(), self.segment.start, times, tolerance):
            yield Skew.split(x)


def _turn(a: QuadraticForm) -> Apply:
    """d Gamma/dt = A Gamma - Gamma A, the second of which is the transpose of the first."""
    m = a.matrix

    def apply(x: Array) -> Array:
        half = m @ x
        return np.asarray(half - half.T)

    return apply


class Flow:
    """All segments of a problem, each made when it is first reached and kept for solving again at other times."""

    def __init__(self, problem: Problem) -> None:
        """Begin with the start state."""
        self.state, self.parity = start_covariance(problem)
        self.parts = segments(problem)
        self.legs: list[Leg] = []
        self.weight = self.state.square()

    def series(
        self,
        problem: Problem,
        request: Request,
        *,
        tolerance: float,
        progress: Callable[[float], None] | None = None,
        statics: dict[str, Any] | None = None,
    ) -> Series:
        """Read at the save times, checking every state.

        Raises:
            ConvergenceError: if the purity, or the energy under a constant Hamiltonian, is not conserved.
        """
        read, times, needs = GaussRead(problem, request, self.parity), problem.times, request.needs
        rows: list[dict[str, Any]] = []
        drive: list[float] = []
        budget: dict[str, float] = {}
        kinks: list[Kink] = []
        for index, part in enumerate(self.parts):
            if part.end == part.start and problem.protocol.duration > 0:
                continue
            first = index == 0 and times[0] == part.start
            inside = times[((times > part.start) | first) & (times <= part.end)]
            leg = self._reach(index, read, tolerance, budget)
            if index:
                _kink(self.legs[index - 1], leg, kinks)
            if len(inside):
                rows.append(self._read(leg, inside, read, needs & EACH, tolerance, budget))
            drive += [part.drive(float(t)) for t in inside]
            _verify(budget, tolerance)
            if progress is not None:
                progress(len(drive) / len(times))
        values: dict[str, Value] = {name: np.concatenate([r[name] for r in rows]) for name in rows[0]}
        if "reduced" in values:
            values["reduced"] = Spectrum.simple(np.asarray(values["reduced"]))
        if "spectrum" in needs:
            values["spectrum"] = read.spectrum(len(times))
        return Series(
            times,
            values | {"work_power": values["power"], "heat_power": np.zeros(len(times))},
            read.statics(needs) if statics is None else statics,
            np.array(drive),
            budget,
            tuple(kinks),
            ga.energy(read.battery, self.state),
            self,
        )

    def _reach(self, index: int, read: GaussRead, tolerance: float, budget: dict[str, float]) -> Leg:
        """The leg of a segment; the one before it is walked to its end."""
        if index < len(self.legs):
            return self.legs[index]
        start = self.state
        if index:
            before = self.legs[index - 1]
            if before.end is None:
                stop = before.segment.end
                before.end = before.at(stop) if before.segment.constant else next(before.walk([stop], tolerance))
                self._conserved(before, before.end, budget)
            start = before.end
        s = self.parts[index]
        drives = tuple((read.form(op), f) for op, f in s.drives)
        self.legs.append(Leg(s, read.battery, read.form(s.hamiltonian), drives, start))
        return self.legs[index]

    def _read(
        self,
        leg: Leg,
        times: RealArray,
        read: GaussRead,
        each: frozenset[str],
        tolerance: float,
        budget: dict[str, float],
    ) -> dict[str, Any]:
        """All readouts at the times of one segment."""
        table: list[dict[str, Any]] = []
        if leg.segment.constant:
            energy, power = leg.energies(times)
            # the sums over modes must say of the segment's start what its covariance says
            here = ga.energy(read.battery, leg.start)
            said = leg.energies(np.array([leg.segment.start]))[0][0]
            _note(budget, "energy_drift", abs(said - here) / max(abs(here), _reach_of(read.battery), 1.0))
            first, count = read.window(each)
            for t in times[:-1] if each else ():
                state = leg.at(t, first, count)
                # what is pure as a whole is at most pure in a part
                whole = count == len(self.state.ab)
                _note(budget, "purity", 0.0 if whole else max(0.0, state.square() / (2 * count) - 1))
                table.append(read.observe(each, self._conserved(leg, state, budget) if whole else state, first))
            if each:
                table.append(read.observe(each, self._conserved(leg, leg.at(times[-1]), budget)))
        else:
            stops = [float(t) for t in times]
            last = [] if stops[-1] == leg.segment.end or leg.end is not None else [leg.segment.end]
            energy, power = np.empty(len(times)), np.empty(len(times))
            for k, state in enumerate(leg.walk(stops + last, tolerance)):
                self._conserved(leg, state, budget)
                if (stops + last)[k] == leg.segment.end:
                    leg.end = state
                if k < len(stops):
                    energy[k], power[k] = ga.energy(read.battery, state), leg.power(stops[k], state)
                    table.append(read.observe(each, state))
        names = table[0] if table else ()
        return {"energy": energy, "power": power} | {name: np.array([row[name] for row in table]) for name in names}

    def _conserved(self, leg: Leg, state: Skew, budget: dict[str, float]) -> Skew:
        """Note how far a state has left what is conserved."""
        _note(budget, "purity", abs(state.square() - self.weight) / (2 * len(state.ab)))
        if leg.segment.constant:
            drift = ga.energy(leg.constant, state) - ga.energy(leg.constant, leg.start)
            _note(budget, "energy_drift", abs(drift) / max(_reach_of(leg.constant), 1.0))
        return state


def _reach_of(a: QuadraticForm) -> float:
    """Size of a Hamiltonian: the root of its mean square over all states."""
    return float(np.sqrt((a.matrix.data**2).sum() / 8))


def _kink(old: Leg, new: Leg, kinks: list[Kink]) -> None:
    """Note a jump or a corner of the power where two segments meet."""
    t, state = new.segment.start, new.start
    before, after = old.power(t, state), new.power(t, state)
    if turns(old.segment, new.segment) or abs(after - before) > 1e-9 * max(abs(before), abs(after), 1e-300):
        kinks.append(Kink(t, ga.energy(new.battery, state), before, after))


def _note(budget: dict[str, float], name: str, value: float) -> None:
    # written so that NaN stays
    budget[name] = budget[name] if value <= budget.get(name, -1.0) else value


def _verify(budget: dict[str, float], tolerance: float) -> None:
    """Raise at the first self-check that fails; NaN fails."""
    for name, value in budget.items():
        if not value <= 10 * tolerance:
            raise ConvergenceError(
                f"the {name} violation of the covariance",
                value,
                10 * tolerance,
                "lower [solve] tolerance, or report this.",
            )
