"""`Problem`: a battery, a protocol, channels and times; its structure and its fingerprint."""

from __future__ import annotations

import dataclasses
import hashlib
import pickle
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.algebra import structure as read
from qsb.algebra import symplectic
from qsb.algebra.jordan_wigner import is_closed, quadratic_axes
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Boson, Group, Space, Spin
from qsb.algebra.states import ModeStart, Start
from qsb.algebra.terms import Matrix
from qsb.charging.battery import Battery
from qsb.charging.environment import Channel, Jump
from qsb.charging.protocol import Protocol
from qsb.errors import SpecError


@dataclass(frozen=True)
class Structure:
    """Flags read once off the terms; the planner knows nothing else.

    Attributes:
        sites: number of sites.
        spins: whether all sites are spins in one battery group.
        charged: whether a charger stands beside the battery, so that the battery alone is mixed.
        one_body: whether every Hamiltonian term touches one cell.
        battery_one_body: the same of H_B alone.
        permutation_symmetric: whether all Hamiltonian terms are collective; beside one charger group, collective on
            the cells times any operator of a mode, or a collective one of the charger's spins.
        time_independent: whether all envelopes are constant, those of drives included.
        dissipative: whether any rate is above zero.
        local_noise: whether every jump touches one cell.
        collective_noise: whether every jump is a collective sum, of one group or of several beside a charger.
        symmetric_noise: whether every jump is a collective sum or has one rate on all cells; on a charger's spins it
            is collective.
        pure_start: whether the start is a ket.
        product_start: whether the start is a product of cell states.
        uniform_start: whether it is a product of equal cell states, or a collective ground state.
        symmetric_start: whether it commutes with exchanges of cells: uniform, or the Gibbs state of a collective H_B.
        opaque: whether a term or jump is a user's matrix.
        body_order: the largest number of cells that one term of V (drives included) acts on; charger sites do not
            count.
        collisional: whether a stage renews the charger again and again.
        fermion_axis: axis along which a Jordan-Wigner transformation makes every Hamiltonian term quadratic; empty if
            there is none, or if there is noise.
        fermion_start: whether the start is Gaussian then.
        fermion_parity: whether the start has one parity then.
        fermion_ring: whether a term couples the two ends.
        not_gaussian: why the state is no Gaussian one of harmonic modes at all times; empty if it is.
    """

    sites: int
    spins: bool
    charged: bool
    one_body: bool
    battery_one_body: bool
    permutation_symmetric: bool
    battery_symmetric: bool
    time_independent: bool
    dissipative: bool
    local_noise: bool
    collective_noise: bool
    symmetric_noise: bool
    pure_start: bool
    product_start: bool
    uniform_start: bool
    symmetric_start: bool
    opaque: bool
    body_order: int
    collisional: bool = False
    fermion_axis: str = ""
    fermion_start: bool = False
    fermion_parity: bool = False
    fermion_ring: bool = False
    not_gaussian: str = "the sites are not all harmonic modes"


@dataclass(frozen=True, eq=False)
class Problem:
    """What is charged, how, against which losses, and when it is looked at.

    Attributes:
        battery: the battery and its charger.
        protocol: the stages.
        channels: the environment.
        times: save times in [0, protocol.duration], increasing; 201 equal steps by default.
    """

    battery: Battery
    protocol: Protocol
    channels: tuple[Channel, ...] = ()
    times: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        """Fill in the default times and check everything that does not need a matrix."""
        checks.made_of("The battery of a problem", self.battery, Battery, "a qsb.Battery: a model makes one")
        checks.made_of("The protocol of a problem", self.protocol, Protocol, "a qsb.Protocol: qsb.quench makes one")
        one = isinstance(self.channels, Channel)
        channels = (self.channels,) if one else checks.several("channels", self.channels, "a list of channels")
        for channel in channels:
            checks.made_of("A channel", channel, Channel, "a qsb.Channel: qsb.emission makes one")
        object.__setattr__(self, "channels", channels)
        total = self.protocol.duration
        checks.number("The duration of the protocol", total)
        times = checks.numbers("Save times", np.empty(0) if self.times is None else self.times)
        if times.size == 0:
            times = np.linspace(0.0, total, 201) if total > 0 else np.zeros(1)
        if times.ndim != 1 or not np.all(np.isfinite(times)) or np.any(np.diff(times) <= 0):
            raise SpecError("Save times must be finite and strictly increasing.")
        if times[0] < 0 or times[-1] > total * (1 + 1e-12):
            raise SpecError(
                f"Save times must lie in [0, {total:g}] (the protocol's duration), but they span [{times[0]:g}, "
                f"{times[-1]:g}]."
            )
        object.__setattr__(self, "times", np.minimum(times, total))
        self._check_start()
        _ = self.jumps

    def _check_start(self) -> None:
        space, start = self.battery.space, self.battery.start
        if start.kind == "state":
            d = np.asarray(start.array).shape[0]
            if d != space.dimension:
                raise SpecError(f"The start state must have dimension {space.dimension}, but it has {d}.")
            return
        if start.charger is not None and not space.charged:
            raise SpecError("The start says how a charger begins, but no group has the role 'charger'.")
        cells = space.part("battery") if self.starts_apart else space
        if start.kind != "ground" and start.kind != "thermal" and not cells.spins_only:
            raise SpecError(f"Start {start.kind!r} is defined for spins; give a state instead.")
        bloch = np.asarray(start.bloch) if start.kind == "product" else np.zeros(3)
        if bloch.ndim == 2 and len(bloch) != cells.sites:
            raise SpecError(f"A product start needs one Bloch vector a cell ({cells.sites}), but has {len(bloch)}.")
        if self.starts_apart:
            for group in space.part("charger").groups:
                if group.name not in space.endless:
                    charger_populations(start, group)

    @cached_property
    def starts_apart(self) -> bool:
        """Whether the start is one of the battery times one of the charger, each on its own groups."""
        space, start = self.battery.space, self.battery.start
        if not space.charged or start.kind == "state":
            return False
        # spins beside spins: 'down', 'up' and Bloch vectors name all of them, unless the charger has its own start
        return start.charger is not None or start.kind in ("ground", "thermal") or not space.spins_only

    @property
    def cells(self) -> int:
        """Number of battery cells."""
        return self.battery.space.cells

    @cached_property
    def jumps(self) -> tuple[Jump, ...]:
        """All elementary jumps, with temperatures turned into rates and vanishing ones dropped."""
        frequencies = self._cell_frequencies()
        jumps = [j for c in self.channels for j in c.jumps(self.battery.space, frequencies)]
        for j in jumps:
            if isinstance(j.op, OpSum):
                _fits(j.op, self.battery.space)
            n = self.battery.space.group(j.group).count
            if np.ndim(j.rate) > 0 and np.shape(j.rate) != (n,):
                raise SpecError(
                    f"A channel needs one rate or {n} rates (one a cell), but {np.shape(j.rate)} were given."
                )
        return tuple(j for j in jumps if np.any(np.asarray(j.rate) > 0))

    @cached_property
    def meter(self) -> OpSum:
        """H_B as an operator of the battery's groups alone, the space `cells_space`."""
        return read.on_part(self.battery.battery, self.battery.space, "battery")

    @property
    def cells_space(self) -> Space:
        """The battery's groups."""
        return self.battery.space.part("battery")

    def _cell_frequencies(self) -> NDArray[np.float64] | None:
        op, space = self.meter, self.cells_space
        if not (space.single_spin_group and read.is_one_body(op, space)):
            return None
        h = read.cell_matrices(op, space)
        if np.any(h[:, 0, 1] != 0):
            return None
        return np.asarray((h[:, 0, 0] - h[:, 1, 1]).real)

    @cached_property
    def structure(self) -> Structure:
        """Flags read off the terms."""
        b, space = self.battery, self.battery.space
        spins = space.single_spin_group
        parts = [b.battery, b.charger, b.interaction, *(op for op, _ in b.drives)]
        charger = OpSum(tuple(t for op in parts[2:] for t in op.terms))
        one_body = spins and all(read.is_one_body(op, space) for op in parts)
        cells = self.cells_space
        alike = cells.single_spin_group
        mode = space.charged and cells.single_mode
        battery_one_body = alike and read.is_one_body(self.meter, cells)
        battery_symmetric = alike and read.is_permutation_symmetric(self.meter, cells)
        ladder = space.charged and len(space.groups) == 2 and not any(op.opaque for op in parts)
        ladder = ladder and all(read.is_collective(op, space) for op in parts)
        start = b.start
        product = start.kind in ("down", "up", "product") or (start.kind in ("ground", "thermal") and battery_one_body)
        uniform = product and self._uniform_product()
        return Structure(
            sites=space.sites,
            spins=spins,
            one_body=one_body,
            battery_one_body=battery_one_body,
            charged=space.charged,
            permutation_symmetric=ladder or (spins and all(read.is_permutation_symmetric(op, space) for op in parts)),
            battery_symmetric=battery_symmetric,
            time_independent=self._time_independent(),
            dissipative=bool(self.jumps),
            local_noise=all(isinstance(j.op, str) and (not j.collective or space.sites == 1) for j in self.jumps),
            collective_noise=all(self._is_collective(j) for j in self.jumps),
            symmetric_noise=all(self._is_symmetric(j) for j in self.jumps),
            pure_start=start.pure_by_kind,
            product_start=spins and product,
            uniform_start=(spins or self.starts_apart)
            and ((alike and (uniform or (start.kind == "ground" and battery_symmetric))) or mode),
            symmetric_start=(spins or self.starts_apart)
            and alike
            and (uniform or (start.kind in ("ground", "thermal") and battery_symmetric)),
            opaque=any(op.opaque for op in parts) or any(isinstance(j.op, OpSum) and j.op.opaque for j in self.jumps),
            body_order=read.body_order(charger, space),
            collisional=any(s.collisions for s in self.protocol.stages),
            **(self._fermions(parts) if spins and not self.jumps else {}),
            not_gaussian=self._not_gaussian(parts),
        )

    def _not_gaussian(self, parts: list[OpSum]) -> str:
        """Why modes leave the Gaussian states, or do not begin in one."""
        start, space = self.battery.start, self.battery.space
        if not symplectic.modes_only(space):
            return "the sites are not all harmonic modes"
        if start.kind == "state":
            return "the start is given as a whole state, which is not read as a covariance"
        if start.charger is not None and start.charger.quanta:
            return f"a Fock state of {start.charger.quanta} quanta is not Gaussian"
        jumps = (op for j in self.jumps for _, op in j.operators(space))
        reasons = symplectic.why_not_quadratic(parts, space), symplectic.why_not_linear(jumps, space)
        return next((r for r in reasons if r is not None), "")

    def _is_collective(self, jump: Jump) -> bool:
        space = self.battery.space
        if isinstance(jump.op, OpSum):
            return space.charged and not jump.op.opaque and read.is_collective(jump.op, space)
        return jump.collective or space.group(jump.group).count == 1

    def _is_symmetric(self, jump: Jump) -> bool:
        """Whether a jump knows no order of cells, and leaves a charger's spins on their ladder."""
        alike = isinstance(jump.op, str) and not jump.collective and read.is_uniform(jump.rate)
        battery = self.battery.space.group(jump.group).role == "battery"
        return self._is_collective(jump) or (alike and battery)

    def _fermions(self, parts: list[OpSum]) -> dict[str, Any]:
        """Flags of free fermions; of several axes the first along which the start is Gaussian."""
        space, start = self.battery.space, self.battery.start
        axes = quadratic_axes(parts, space)
        if not axes:
            return {}
        fitting = [a for a in axes if self._gaussian(a)]
        return {
            "fermion_axis": fitting[0] if fitting else axes[0],
            "fermion_start": bool(fitting),
            "fermion_parity": start.pure_by_kind,
            "fermion_ring": any(is_closed(op, space) for op in parts),
        }

    def _gaussian(self, axis: str) -> bool:
        """Whether the start is Gaussian along an axis along which H_B is quadratic."""
        start = self.battery.start
        if start.kind == "product":
            across = [k for k, name in enumerate("xyz") if name != axis]
            return not np.any(np.atleast_2d(np.asarray(start.bloch))[:, across])
        return axis == "z" if start.kind in ("down", "up") else start.kind in ("ground", "thermal")

    def _uniform_product(self) -> bool:
        start = self.battery.start
        if start.kind in ("down", "up"):
            return True
        if start.kind == "product":
            r = np.atleast_2d(np.asarray(start.bloch))
            return bool(np.all(r == r[0]))
        return len(read.cell_matrices(self.meter, self.cells_space)) == 1

    def _time_independent(self) -> bool:
        if not self.battery.steady_drives or any(j.envelope is not None for j in self.jumps):
            return False
        return all(s.envelope.constant for s in self.protocol.stages if s.charging)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over every number and name of the problem, as 16 hexadecimal digits."""
        return hashlib.sha256(canonical(self).encode()).hexdigest()[:16]


def _fits(jump: OpSum, space: Space) -> None:
    """Refuse a jump operator that does not act on the battery's sites."""
    for t in jump.terms:
        if isinstance(t, Matrix) and t.data.shape[0] != space.dimension:
            raise SpecError(
                f"A jump operator must act on dimension {space.dimension}, the battery's, but its matrix is "
                f"{t.data.shape}."
            )
    jump.check(space)


def charger_populations(start: Start, group: Group) -> NDArray[np.float64]:
    """Occupation of the ladder states of a charger group at the start: Fock states, or numbers of spins up.

    Raises:
        SpecError: if the state does not fit the group.
    """
    mode = start.charger or ModeStart()
    if isinstance(group.kind, Boson):
        return mode.populations(group.kind.highest)
    if not isinstance(group.kind, Spin):
        raise SpecError(f"How the charger group {group.name!r} of levels begins must be given as a whole state.")
    if mode.kind not in ("vacuum", "fock"):
        raise SpecError(f"A charger of spins starts from vacuum or fock, but {mode.kind!r} was given.")
    if (mode.quanta or 0) > group.count:
        raise SpecError(f"{mode.quanta} quanta do not fit {group.count} charger spins.")
    return mode.populations(group.count)


def canonical(value: Any) -> str:
    """A text that is equal exactly for equal problems: dataclasses by name and fields, arrays by shape and bytes."""
    if isinstance(value, np.ndarray):
        if value.ndim == 0:
            return canonical(value.item())
        if value.dtype.kind in "iu":
            value = value.astype(float)
        content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return f"array({value.dtype.str},{value.shape},{content})"
    if hasattr(value, "tocsr"):
        m = value.tocsr()
        return f"sparse({canonical(m.indptr)},{canonical(m.indices)},{canonical(m.data)})"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        inner = ",".join(f"{f.name}={canonical(getattr(value, f.name))}" for f in dataclasses.fields(value))
        return f"{type(value).__name__}({inner})"
    if isinstance(value, tuple | list):
        return "[" + ",".join(canonical(v) for v in value) + "]"
    if isinstance(value, np.generic):
        return canonical(value.item())
    if isinstance(value, bool | str) or value is None:
        return repr(value)
    if isinstance(value, float | complex) or (isinstance(value, int) and abs(value) < 2**53):
        return repr(complex(value))  # 1 and 1.0 are one number
    if isinstance(value, int):
        return repr(value)
    if isinstance(value, Callable):  # type: ignore[arg-type]
        return f"function({_code(value)})"
    raise SpecError(f"A problem cannot hold a {type(value).__name__}.")


def _code(function: Any) -> str:
    """What a function does, as far as it can be read: its code with the values it refers to, or its pickled bytes."""
    code = getattr(function, "__code__", None)
    if code is None:
        return _bytes(function)
    cells = [c.cell_contents for c in function.__closure__ or ()]
    used = {k: function.__globals__[k] for k in code.co_names if k in function.__globals__}
    data = [
        f"{k}={_bytes(v)}" for k, v in sorted(used.items()) if isinstance(v, int | float | complex | str | np.ndarray)
    ]
    held = [_bytes(v) for v in (*cells, *(function.__defaults__ or ()))]
    return f"{_text(code)},{held},{data}"


def _text(code: Any) -> str:
    """Instructions, names and constants of a function and of the functions inside it."""
    constants = [_text(c) if hasattr(c, "co_code") else repr(c) for c in code.co_consts]
    return f"{code.co_code.hex()},{code.co_names},{constants}"


def _bytes(value: Any) -> str:
    """A digest of a value; a new one every time for what cannot be written, so that it never passes for another."""
    if hasattr(value, "__code__"):
        return _code(value)
    try:
        content = pickle.dumps(value)
    except (pickle.PicklingError, TypeError, AttributeError):
        content = uuid.uuid4().bytes
    return hashlib.sha256(content).hexdigest()


__all__ = ["Problem", "Start", "Structure", "canonical", "charger_populations"]
