"""The planner: a pure function from a problem and the readouts asked of it to the cheapest exact way."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from qsb import checks
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.terms import Local
from qsb.charging.battery import Battery
from qsb.charging.problem import Problem
from qsb.dynamics.bosons import Bosons
from qsb.dynamics.collision import Collision
from qsb.dynamics.costs import affordable, phase
from qsb.dynamics.density import Density
from qsb.dynamics.fermion import Fermion
from qsb.dynamics.integrate import INTEGRATORS
from qsb.dynamics.ket import Ket
from qsb.dynamics.mps import MPS
from qsb.dynamics.permutation import Permutation
from qsb.dynamics.product import Product, kinds
from qsb.dynamics.representation import Representation, Request, Size, Work
from qsb.dynamics.segment import driven_steps, segments
from qsb.dynamics.symmetric import Symmetric
from qsb.dynamics.trajectories import Trajectories
from qsb.errors import PlanError, SpecError
from qsb.units import format_bytes, format_seconds, parse_bytes

#: applications of the generator of one Runge-Kutta step
_STAGES = 12
#: largest phase that a closed run may turn through where nothing is stepped: as floats, four of its digits are left
MOST_PHASE = 1e12
#: integrators that take any time at once; the others apply the generator at least once a radian
_AT_ONCE = ("eigen", "propagator", "modes", "moments", "map")
#: cheapest exact first; approximate ones last, taken only if named or if nothing exact fits
REPRESENTATIONS: tuple[Representation, ...] = (
    Product(),
    Bosons(),
    Symmetric(),
    Permutation(),
    Fermion(),
    Ket(),
    Density(),
    Collision(),
    Trajectories(),
    MPS(),
)


@dataclass(frozen=True)
class Refusal:
    """Why a representation was not taken; `bytes` is set where memory alone stood in the way."""

    representation: str
    reason: str
    bytes: int | None = None


@dataclass(frozen=True)
class Plan:
    """How a problem will be solved, decided before anything is built.

    Attributes:
        representation: name of the chosen one.
        why: one sentence.
        exact: True for every representation that makes no approximation beyond rounding and the integrator's
            tolerance.
        dimension: number of complex unknowns.
        bytes: estimated peak memory.
        work: estimated operations, bytes moved and calls of the whole run at its save times.
        integrators: one name a segment.
        structure: the flags that decided, as plain values.
        refused: the cheaper ones that were passed over, and why.
        request: what will be read out.
        untimed: why the time is not estimated, where it is not.
    """

    representation: str
    why: str
    exact: bool
    dimension: int
    bytes: int
    integrators: tuple[str, ...]
    structure: dict[str, Any]
    refused: tuple[Refusal, ...]
    request: Request
    work: Work = field(default_factory=Work)
    untimed: str = ""

    @property
    def truncates(self) -> bool:
        """Whether modes are cut at their highest Fock state."""
        return self.representation != "gaussian"

    @property
    def seconds(self) -> float | None:
        """Estimated time on this machine, whose pace is measured once (`qsb.dynamics.pace`); None if nobody knows.

        Peaks may double it.
        """
        from qsb.dynamics.pace import pace

        return None if self.work == Work() else pace().seconds(self.work)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON and dataset attributes."""
        sizes = {} if self.exact else {"samples": self.request.samples, "bond": self.request.bond}
        return sizes | {
            "representation": self.representation,
            "why": self.why,
            "exact": self.exact,
            "dimension": self.dimension,
            "bytes": self.bytes,
            "work": asdict(self.work),
            "integrators": list(self.integrators),
            "structure": dict(self.structure),
            "refused": [{"representation": r.representation, "reason": r.reason} for r in self.refused],
            "readouts": sorted(self.request.needs),
        }

    def passing_over(self, refused: tuple[Refusal, ...]) -> Plan:
        """The same plan with the list of representations that were passed over."""
        return replace(self, refused=refused)

    def __str__(self) -> str:
        """A few lines for a reader."""
        counted = {name: self.integrators.count(name) for name in dict.fromkeys(self.integrators)}
        steps = ", ".join(name if n == 1 else f"{name} ({n} segments)" for name, n in counted.items())
        unknown = f"time not estimated ({self.untimed})" if self.untimed else "time not estimated"
        took = unknown if self.seconds is None else f"about {format_seconds(self.seconds)}"
        lines = [
            f"{self.representation}: {self.why}",
            f"  {'exact' if self.exact else 'approximate'}; {self.dimension:,} complex unknowns; "
            f"{format_bytes(self.bytes)}; {took}; "
            f"integrator: {steps}",
        ]
        lines += [f"  not {r.representation}: {r.reason}" for r in self.refused]
        return "\n".join(lines)


def plan(
    problem: Problem,
    request: Request | None = None,
    *,
    representation: str = "auto",
    integrator: str = "auto",
    memory: int | str = "4 GiB",
) -> Plan:
    """Choose the cheapest exact representation that delivers every readout within the memory.

    An approximate one is taken if it is named, or if no exact one fits; ``exact`` of the plan is False then, and the
    exact ones are among the refused.

    Args:
        problem: what to solve.
        request: the readouts; energy and power by default.
        representation: ``auto``, or the name of the one to take.
        integrator: ``auto``, or the name of the one that every segment is advanced by.
        memory: bytes, or a text like ``"4 GiB"``.

    Raises:
        SpecError: on an unknown representation, or an integrator that is unknown or cannot advance the problem.
        PlanError: if nothing fits; the message carries every reason, the bytes and what to do.
    """
    request = request or Request()
    limit = checks.whole("memory", memory) if isinstance(memory, int) else parse_bytes(memory)
    checks.word("representation", representation)
    checks.word("integrator", integrator)
    names = [r.name for r in REPRESENTATIONS]
    if representation not in ("auto", *names):
        raise SpecError(f"Representation {representation!r} is unknown; it is 'auto' or one of {names}.")
    applications = _resolved(problem)
    refused: list[Refusal] = []
    for candidate in sorted(REPRESENTATIONS, key=lambda r: not r.exact):
        if representation not in ("auto", candidate.name):
            continue
        refusal, size = _judge(candidate, problem, request, limit)
        if refusal is None:
            made = _accept(candidate, problem, request, size, tuple(refused))
            # estimates that do not know the drive count at least its steps, five calls an application
            if made.work != Work() and made.work.calls < 5 * applications:
                made = replace(made, work=replace(made.work, calls=5 * applications))
            made = _override(made, problem, integrator)
            _turnable(problem, made.integrators)
            return made
        refused.append(refusal)
    raise _refuse(problem, refused, limit)


def _resolved(problem: Problem) -> float:
    """Applications of the generator that resolving the drives takes at least.

    Raises:
        PlanError: if they are absurdly many.
    """
    applications = _STAGES * driven_steps(problem)
    quickest = min((s.max_step for s in segments(problem) if not s.constant), default=0.0)
    affordable(
        applications,
        f"The drive changes within {quickest:.3g}, so a protocol of duration {problem.protocol.duration:.6g}",
        "slow the drive down; or replace it by its average, or by its slow part in a rotating frame, if it is faster "
        "than everything else",
    )
    return applications


def _turnable(problem: Problem, integrators: tuple[str, ...]) -> None:
    """Refuse Hamiltonians that turn the state so often that no run ends, or that no digit of the phase is left.

    Raises:
        PlanError: with the phase and, where a generator is stepped, the time.
    """
    space, stepped, whole = problem.battery.space, 0.0, 0.0
    for segment, name in zip(segments(problem), integrators, strict=True):
        turned = phase(segment, space)
        whole += turned
        if name not in _AT_ONCE:
            # on grids of ladders what is diagonal may cancel by conservation; these look at the spectrum themselves
            stepped += phase(segment, space, moving=True) if name in ("ladder", "damped") else turned
    span = f"a protocol of duration {problem.protocol.duration:.6g}"
    advice = "write the fastest energies in other units; or take them away in a rotating frame"
    affordable(stepped, f"The Hamiltonian turns the state through {stepped:.2g} radians, so {span}", advice)
    if whole > MOST_PHASE and not problem.structure.dissipative:
        raise PlanError(
            f"The Hamiltonian turns the state through {whole:.2g} radians in {span}, of which floating point resolves "
            f"{whole * 2.0**-52:.1g} at best (at most {MOST_PHASE:.0e} are run). What to do: shorten the protocol; or "
            f"{advice}."
        )


def _judge(candidate: Representation, problem: Problem, request: Request, limit: int) -> tuple[Refusal | None, Size]:
    """Ask one representation whether it is exact, delivers and fits."""
    reason = None
    if problem.structure.collisional and not getattr(candidate, "renews", False):
        reason = "the charger is renewed at each collision"
    reason = reason or candidate.accepts(problem.structure)
    if candidate.name != "gaussian":
        reason = reason or _needs_levels(problem, request.needs)
    reason = reason or candidate.lacks(problem, request.needs)
    if reason is None and hasattr(candidate, "declines"):
        reason = candidate.declines(problem, request)
    if reason is not None:
        return Refusal(candidate.name, reason), Size(0, 0)
    size = candidate.size(problem, request)
    if size.bytes > limit:
        reason = f"it needs {format_bytes(size.bytes)}, and the limit is {format_bytes(limit)}"
        return Refusal(candidate.name, reason, size.bytes), size
    return None, size


def _needs_levels(problem: Problem, needs: frozenset[str]) -> str | None:
    """Why a representation by levels cannot hold the modes or deliver what only a covariance says."""
    endless = problem.battery.space.endless
    if endless:
        return f"the modes {', '.join(endless)} have no cutoff, so they have infinitely many levels; give one"
    return "Gaussian unitaries are those of modes that a covariance describes" if "gaussian" in needs else None


def _accept(
    candidate: Representation, problem: Problem, request: Request, size: Size, refused: tuple[Refusal, ...]
) -> Plan:
    s = problem.structure
    flags = {name: getattr(s, name) for name in s.__dataclass_fields__}
    why = candidate.why
    if candidate.name == "product":
        n = len(kinds(problem).counts)
        why += f" ({n} {'kind' if n == 1 else 'kinds'} among {s.sites} cells)"
    picked = candidate.integrators(problem)
    return Plan(
        candidate.name,
        why,
        candidate.exact,
        size.dimension,
        size.bytes,
        picked,
        flags,
        refused,
        request,
        size.work,
        size.untimed,
    )


def _override(made: Plan, problem: Problem, integrator: str) -> Plan:
    """The same plan with another integrator, if that can do it."""
    if integrator == "auto":
        return made
    known = {i.name: i for i in INTEGRATORS}
    if integrator not in known:
        raise SpecError(f"Integrator {integrator!r} is unknown; it is 'auto' or one of {list(known)}.")
    wanted, s = known[integrator], problem.structure
    taken = next(r for r in REPRESENTATIONS if r.name == made.representation)
    if hasattr(taken, "simulate"):
        raise SpecError(
            f"{made.representation!r} is advanced in its own way, {made.integrators[0]!r}, and takes no integrator."
        )
    if integrator == "damped" and "damped" not in made.integrators:
        raise SpecError("Integrator 'damped' is for noisy cells in a cavity of which the plan takes it by itself.")
    if integrator == "moments" and "moments" not in made.integrators:
        raise SpecError("Integrator 'moments' is for the means and covariances of 'gaussian' under constant terms.")
    if integrator == "ladder" and not (made.representation == "symmetric" and s.charged):
        raise SpecError("Integrator 'ladder' is for the 'symmetric' kets of cells in a cavity.")
    ket = made.representation in ("ket", "symmetric") and s.pure_start and not s.dissipative
    if wanted.skew_only and not ket:
        raise SpecError(f"Integrator {integrator!r} advances kets, and {made.representation!r} holds none here.")
    if wanted.constant_only and not all(part.constant for part in segments(problem)):
        raise SpecError(f"Integrator {integrator!r} needs constant generators; an envelope changes inside a segment.")
    named = (integrator,) * len(made.integrators)
    if named == made.integrators:
        return made
    return replace(made, integrators=named, work=Work(), untimed="another integrator than the planner's own was named")


def _refuse(problem: Problem, refused: list[Refusal], limit: int) -> PlanError:
    """The error that says what each representation lacked and what a user can change."""
    n = problem.cells
    lines = [f"No representation of these {n} cells fits:"]
    lines += [f"  {r.representation}: {r.reason}" for r in refused]
    exact = {r.name for r in REPRESENTATIONS if r.exact}
    sized = [r for r in refused if r.bytes is not None and r.representation in exact]
    samples = [r for r in refused if r.bytes is not None and r.representation not in exact]
    if not sized:
        sized, samples = samples, []
    advice: list[str] = []
    smallest: int | None = None
    if sized:
        best = min(sized, key=lambda r: r.bytes or 0)
        smallest = best.bytes
        advice.append(f"allow {format_bytes(smallest or 0)} with memory=...")
        fits = _fitting(problem, best.representation, limit)
        if fits:
            advice.append(f"take at most {fits} cells")
    advice += [f"allow {format_bytes(r.bytes or 0)} and accept the errors of {r.representation}" for r in samples]
    s = problem.structure
    if s.dissipative and s.one_body and not s.local_noise:
        advice.append("make the noise local: cells that never meet are solved at any N")
    elif s.dissipative and s.permutation_symmetric and not s.collective_noise:
        if not s.symmetric_noise:
            advice.append("give all cells one rate, which leaves (N+1)(N+2)(N+3)/6 numbers")
        advice.append("make the noise collective (collective=True), which stays in N+1 Dicke states")
    elif s.dissipative and not s.one_body:
        advice.append("drop the couplings, or the noise, if the question allows it")
    if not sized:
        advice.append("ask for fewer figures, or change what the reasons name")
    lines.append("What to do: " + "; or ".join(advice) + ".")
    return PlanError("\n".join(lines), smallest)


def _fitting(problem: Problem, representation: str, limit: int) -> int:
    """The largest number of cells, below the problem's, of which a representation of all of them fits; 0 if none."""
    space = problem.battery.space
    if representation not in ("permutation", "ket", "density") or space.charged or not space.spins_only:
        return 0
    full = next(r for r in REPRESENTATIONS if r.name == representation)
    most = 1000 if representation == "permutation" else 60
    for n in range(min(problem.battery.space.sites - 1, most), 0, -1):
        smaller = Problem(Battery(Space.spins(n), OpSum((Local("z", 1.0),))), problem.protocol, (), problem.times)
        if full.size(smaller, Request()).bytes <= limit:
            return n
    return 0
