r"""`mps`: matrix-product states of long open chains without noise, through TeNPy (the extra ``mps``).

Time-evolving block decimation (Vidal 2004) with a product formula of order two or four. The run knows three errors and
keeps them in its budget: `trotter`, the largest deviation of a cell's state on short windows that are also solved
exactly; `truncation` :math:`\sqrt{2\sum\epsilon}`, the norm that is lost if the discarded weights :math:`\epsilon` are
independent; `energy_drift`, of the conserved energy a cell. Trotter and truncation together must stay below the
tolerance, which is a bound on the states of cells and is 1e-6 by default: 1e-8 is out of reach of long runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qsb.algebra import states
from qsb.algebra import structure as read
from qsb.algebra.blocks import Blocks
from qsb.algebra.kernels import threads
from qsb.algebra.pauli import pauli_strings
from qsb.algebra.space import Space
from qsb.charging.problem import Problem, Structure
from qsb.dynamics.chain import LAYERS, Strings, Windows, bonds, commutator, is_chain, pauli_words
from qsb.dynamics.full import FullFrame
from qsb.dynamics.readouts import statics
from qsb.dynamics.representation import Array, Request, Size, Work
from qsb.dynamics.segment import Segment, segments
from qsb.dynamics.series import Series, Value
from qsb.dynamics.whole import whole_only
from qsb.errors import ConvergenceError, PlatformError

#: largest subset whose reduced state is read
MOST_SUBSET = 8
_NAMES = {"x": "Sigmax", "y": "Sigmay", "z": "Sigmaz"}


@dataclass(frozen=True)
class MPS:
    """Matrix-product states of open chains without noise, with a measured error; needs ``pip install "qsb[mps]"``."""

    name: str = "mps"
    why: str = "an open chain without noise: a matrix-product state, whose errors are measured"
    exact: bool = False
    #: default bound on the error of the states of cells
    tolerance: float = 1e-6

    def accepts(self, structure: Structure) -> str | None:
        """Closed chains of spins from a product state."""
        if structure.dissipative:
            return "there is noise, so the state does not stay a ket"
        if not structure.pure_start:
            return "the start is a mixture"
        if structure.opaque or not structure.spins:
            return "matrix-product states are built from named operators on spins"
        if not structure.product_start:
            return "a matrix-product state begins with a product of cell states"
        return None

    def lacks(self, problem: Problem, needs: frozenset[str]) -> str | None:
        """Neighbours only, piecewise constant envelopes, and what a network can tell."""
        if reason := whole_only(needs):
            return reason
        b, space = problem.battery, problem.battery.space
        if space.sites < 3:
            return "fewer than three cells are no chain"
        parts = [b.battery, b.charger, b.interaction, *(op for op, _ in b.drives)]
        if not all(is_chain(op, space) for op in parts):
            return "a term couples cells that are not neighbours on an open chain (a ring is not cut open)"
        if not all(s.constant for s in segments(problem)):
            return "an envelope changes between its breaks; matrix-product states take piecewise constant ones"
        if needs & {"extremes", "levels", "marginals", "locality"} and not problem.structure.battery_one_body:
            return "the levels of an H_B that couples cells are not known for a long chain"
        lacking = sorted(needs & {"spectrum", "pinched", "populations", "levels", "collective_passive"})
        if lacking:
            return f"{lacking} of 2^{space.sites} dimensions cannot be read off a network"
        if "span" in needs and not read.is_one_body(FullFrame(problem).charger_sum, space):
            return "the span of a V that couples cells is not known for a long chain"
        return None

    def size(self, problem: Problem, request: Request) -> Size:
        """N tensors chi x 2 x chi, and what one singular value decomposition of 2 chi takes."""
        n = problem.battery.space.sites
        chi = min(request.bond, 1 << min(n // 2, 60))
        unknowns = 2 * n * chi**2
        return Size(unknowns, 16 * (6 * unknowns + 80 * chi**2), _work(problem, request))

    def integrators(self, problem: Problem) -> tuple[str, ...]:
        """Time-evolving block decimation in every segment."""
        return ("tebd",) * len(segments(problem))

    def simulate(
        self,
        problem: Problem,
        request: Request,
        *,
        tolerance: float,
        progress: Callable[[float], None] | None = None,
    ) -> Series:
        """Evolve from save time to save time; stop at the first where the estimated error is beyond the tolerance.

        Raises:
            PlatformError: if TeNPy is not installed.
            ConvergenceError: if the error is too large; it names the bond dimension or the tolerance.
        """
        try:
            import tenpy  # noqa: F401
        except ImportError as error:
            raise PlatformError('mps needs TeNPy, which is not installed: pip install "qsb[mps]"') from error
        with threads.one_blas_thread():
            return _Walk.of(problem, request, tolerance).run(progress)


def _work(problem: Problem, request: Request) -> Work:
    """Gates of a formula of order four, with bonds that grow from one; exact windows; expectation values.

    A gate of a small bond takes some 400 calls. In two chains of 12 cells bonds grew to 11, 19 and 35 in units of the
    time that the strongest coupling takes.
    """
    space, times = problem.battery.space, problem.times
    n = space.sites
    total = Work(calls=1e5 + 700.0 * n * len(times))
    grown = 0.0
    for s in segments(problem):
        h = bonds(s.hamiltonian, space)
        size = float(np.abs(np.linalg.eigvalsh(h)).max())
        saved = int(np.sum((times > s.start) & (times <= s.end)))
        length = s.end - s.start
        steps = max(saved, int(np.ceil(length * size / 0.25)), 1)
        grown += length * size
        chi = float(min(request.bond, 2 ** min(n // 2, 60), 6 * 2 ** min(0.85 * grown, 60.0)))
        total += Work(2000.0 * chi**3, 0.0, 400.0) * (steps * (len(LAYERS["4_opt"]) - 1) * n / 2)
    return total


@dataclass
class _Walk:
    """One run: the network, its windows, and what has been read."""

    problem: Problem
    request: Request
    tolerance: float
    network: Any
    windows: Windows
    battery: Any
    budget: dict[str, float] = field(default_factory=lambda: {"trotter": 0.0, "truncation": 0.0, "energy_drift": 0.0})
    lost: float = 0.0
    rows: list[dict[str, Any]] = field(default_factory=list)
    drive: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, problem: Problem, request: Request, tolerance: float) -> _Walk:
        """The start state as a network."""
        from tenpy.networks.mps import MPS as Network

        n = problem.battery.space.sites
        cells = start_cells(problem)
        network = Network.from_product_state([_site()] * n, list(cells), bc="finite", unit_cell_width=n, dtype=complex)
        strength = np.abs(np.linalg.eigvalsh(bonds(segments(problem)[0].hamiltonian, problem.battery.space))).max(
            axis=1
        )
        battery = pauli_strings(problem.battery.battery, problem.battery.space)
        return cls(problem, request, tolerance, network, Windows.of(cells, strength), battery)

    def run(self, progress: Callable[[float], None] | None) -> Series:
        """All segments."""
        times, space = self.problem.times, self.problem.battery.space
        meter = _operator(self.battery, space)
        start = _expect(meter, self.network)
        pieces = segments(self.problem)
        for k, segment in enumerate(pieces):
            a, b = segment.start, segment.end
            inside = [float(t) for t in times[(times > a) & (times <= b)]]
            if k == 0 and times[0] == a:
                inside.insert(0, a)
            stops = inside if inside and inside[-1] == b else [*inside, b]
            h = pauli_strings(segment.hamiltonian, space)
            power = _operator(commutator(h, self.battery), space)
            before = None
            for t, engine in self._steps(segment, stops):
                if t in inside:
                    self.rows.append(self._read(meter, power))
                    self.drive.append(segment.drive(t))
                    if progress is not None:
                        progress(len(self.rows) / len(times))
                total = _expect(engine, self.network)
                before = total if before is None else before
                self._check(t, total - before)
        return self._series(start)

    def _steps(self, segment: Segment, stops: list[float]) -> Any:
        """Yield (time, the conserved energy's network) at the beginning of the segment and at each stop."""
        from tenpy.algorithms.tebd import TEBDEngine

        space = self.problem.battery.space
        total = _operator(pauli_strings(segment.hamiltonian, space), space)
        yield segment.start, total
        if segment.end == segment.start:
            return
        h = bonds(segment.hamiltonian, space)
        gaps = np.diff([segment.start, *stops])
        gaps = gaps[gaps > 0]
        step = self.windows.choose(h, float(gaps.max()), segment.end - segment.start, self.tolerance / 2)
        self.windows = self.windows.advanced(h, segment.end - segment.start)
        self.budget["trotter"] = max(self.budget["trotter"], step.error)
        cells = self.problem.battery.space.sites
        trunc = {"chi_max": self.request.bond, "svd_min": 1e-14, "trunc_cut": 1e-8}
        engine = TEBDEngine(self.network, _model(h), {"trunc_params": trunc, "max_delta_t": None})
        now = segment.start
        for stop in stops:
            if stop == segment.start:
                continue
            # half of the tolerance is for truncation: what is left of it, spread over the gates that are left
            gates = step.layers(stop - now) * cells / 2 * (self.problem.protocol.duration - now) / (stop - now)
            room = self.tolerance**2 / 8
            engine.trunc_params["trunc_cut"] = float(np.sqrt(max(room - self.lost, 0.01 * room) / gates))
            count = step.count(stop - now)
            engine.calc_U(step.order, (stop - now) / count, type_evo="real")
            self.lost += float(engine.evolve(count, None).eps)
            self.network.norm = 1.0
            now = stop
            yield stop, total

    def _check(self, t: float, drift: float) -> None:
        """Compare the estimated error with the tolerance.

        Raises:
            ConvergenceError: names what to change.
        """
        cells = self.problem.battery.space.sites
        self.budget["truncation"] = float(np.sqrt(2 * self.lost))
        self.budget["energy_drift"] = max(self.budget["energy_drift"], abs(drift) / cells)
        error = self.budget["trotter"] + self.budget["truncation"]
        if not error <= self.tolerance:
            raise ConvergenceError(
                f"the estimated error of the matrix-product state at t = {t:.6g}",
                error,
                self.tolerance,
                f"raise bond (now {self.request.bond}) or [solve] tolerance, or stop earlier.",
            )
        if not self.budget["energy_drift"] <= 10 * self.tolerance:
            raise ConvergenceError(
                f"the drift of the conserved energy a cell up to t = {t:.6g}",
                self.budget["energy_drift"],
                10 * self.tolerance,
                f"raise bond (now {self.request.bond}) or lower [solve] tolerance.",
            )

    def _read(self, meter: Any, power: Any) -> dict[str, Any]:
        """Readouts of the network as it is."""
        needs, psi = self.request.needs, self.network
        energy = _expect(meter, psi)
        out: dict[str, Any] = {"energy": energy, "power": _expect(power, psi)}
        if "variance" in needs:
            out["variance"] = max(float(np.real(meter.variance(psi, energy))), 0.0) if meter is not None else 0.0
        if "charger_variance" in needs:
            charger = _operator(
                pauli_strings(FullFrame(self.problem).charger_sum, self.problem.battery.space),
                self.problem.battery.space,
            )
            out["charger_variance"] = max(float(np.real(charger.variance(psi))), 0.0) if charger is not None else 0.0
        if "marginals" in needs:
            bloch = np.stack([np.real(psi.expectation_value(name)) for name in _NAMES.values()], axis=1)
            out["marginals"] = states.bloch_density(bloch)
        if "reduced" in needs:
            out["reduced"] = _reduced(psi, self.request.subset)
        if "cut" in needs:
            out["cut"] = float(psi.entanglement_entropy(bonds=[self.request.cut])[0])
        return out

    def _series(self, start: float) -> Series:
        """What was read, along time."""
        frame = FullFrame(self.problem)
        fixed: dict[str, Any] = {"pure": True, **statics(frame, self.request, self.request.needs)}
        values: dict[str, Value] = {name: np.array([r[name] for r in self.rows]) for name in self.rows[0]}
        values["work_power"], values["heat_power"] = values["power"], np.zeros(len(self.rows))
        if "reduced" in values:
            state = Blocks.dense(np.asarray(values["reduced"]))
            values["reduced"] = state.spectrum()
            values["reduced_energy"] = state.expectation(frame.subset_hamiltonian(self.request.subset))
        return Series(self.problem.times, values, fixed, np.array(self.drive), self.budget, (), start)


def start_cells(problem: Problem) -> Array:
    """The start as cell kets (N, 2)."""
    b, n = problem.battery, problem.battery.space.sites
    if b.start.kind in ("up", "down"):
        one = np.array([[1.0, 0.0]] if b.start.kind == "up" else [[0.0, 1.0]], dtype=complex)
    elif b.start.kind == "product":
        one = states.bloch_ket(np.atleast_2d(np.asarray(b.start.bloch)))
    else:
        one = states.cell_ground(read.cell_matrices(b.battery, b.space))
    return np.array(np.broadcast_to(one, (n, 2)) if len(one) == 1 else one)


def _site() -> Any:
    """TeNPy's spin one half; its first state is up, as ours."""
    from tenpy.networks.site import SpinHalfSite

    return SpinHalfSite(conserve=None)


def _operator(strings: Strings, space: Space) -> Any:
    """A sum of Pauli strings as a matrix-product operator; None for nothing."""
    from tenpy.networks.mpo import MPOGraph
    from tenpy.networks.terms import TermList

    words = [(c, w) for c, w in pauli_words(strings, space.sites) if c != 0.0]
    if not words:
        return None
    terms = [[(_NAMES[o], s) for s, o in w] or [("Id", 0)] for _, w in words]
    made = TermList(terms, [c for c, _ in words])
    return MPOGraph.from_term_list(made, [_site()] * space.sites, "finite", unit_cell_width=space.sites).build_MPO()


def _expect(operator: Any, psi: Any) -> float:
    return 0.0 if operator is None else float(np.real(operator.expectation_value(psi)))


def _model(h: Array) -> Any:
    """TeNPy's model of a chain of given bonds."""
    from tenpy.linalg import np_conserved as npc
    from tenpy.models.lattice import Chain
    from tenpy.models.model import NearestNeighborModel

    site = _site()
    legs = [site.leg, site.leg, site.leg.conj(), site.leg.conj()]
    gates = [npc.Array.from_ndarray(g.reshape(2, 2, 2, 2), legs, labels=["p0", "p1", "p0*", "p1*"]) for g in h]
    return NearestNeighborModel(Chain(len(h) + 1, site, bc="open", bc_MPS="finite"), [None, *gates])


def _reduced(psi: Any, subset: tuple[int, ...]) -> Array:
    """State of some cells, in the order that they are named."""
    order, k = np.argsort(subset), len(subset)
    labels = [f"p{i}" for i in range(k)]
    rho = psi.get_rho_segment(sorted(subset))
    if k == 1 and "p0" not in rho.get_leg_labels():
        labels = ["p"]
    whole = rho.itranspose([*labels, *(f"{x}*" for x in labels)]).to_ndarray()
    place = np.argsort(order)
    return np.asarray(whole.transpose([*place, *(k + place)]).reshape(1 << k, 1 << k))
