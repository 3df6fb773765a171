"""`Channel`: a jump operator with its rate; an environment is a tuple of channels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Boson, Level, Space, Spin
from qsb.algebra.terms import Local, Word, per_site
from qsb.charging.envelope import Envelope
from qsb.errors import SpecError, StructureError

ChannelKind = Literal["emission", "pumping", "dephasing", "thermal", "custom"]
Rate = float | NDArray[np.float64]


@dataclass(frozen=True)
class Jump:
    r"""One dissipator family: :math:`\gamma_i D[o_i]` a site, :math:`\gamma D[\sum_i o_i]` or :math:`\gamma D[L]`.

    Attributes:
        op: site operator ``-``, ``+`` or ``z``, of a mode ``a``, ``a+`` or ``n``; or an `OpSum` L, of a ``custom``
            channel or of a collective one on several groups.
        rate: one number, or one value a site (local only).
        group: the group it acts on.
        collective: one jump with the sum over the group.
        envelope: time dependence of the rate, in addition to `rate`; None for constant.
    """

    op: str | OpSum
    rate: Rate
    group: str
    collective: bool = False
    envelope: Envelope | None = None

    def operators(self, space: Space) -> list[tuple[float, OpSum]]:
        """(rate, L) of every dissipator with a rate above zero."""
        if isinstance(self.op, OpSum):
            return [(float(self.rate), self.op)] if float(self.rate) > 0 else []
        if self.collective:
            return [(float(self.rate), OpSum((Local(self.op, 1.0, self.group),)))] if float(self.rate) > 0 else []
        n, at = space.group(self.group).count, space.offset(self.group)
        rates = per_site(self.rate, n, "A rate")
        return [(float(r), OpSum((Word(1.0, ((at + i, self.op),)),))) for i, r in enumerate(rates) if r > 0]


@dataclass(frozen=True)
class Channel:
    r"""Losses of one kind, :math:`\gamma\,D[L]\rho = \gamma(L\rho L^\dagger - \tfrac12\{L^\dagger L,\rho\})`.

    Use the constructors `emission`, `pumping`, `dephasing`, `thermal`; ``custom`` carries its own jump
    operator.

    Attributes:
        kind: which operator (see the constructors).
        rate: gamma; one number, or one value a cell for a local channel.
        on: the group of sites; ``battery`` means the only battery group, ``charger`` the only charger group, and
            ``all`` every group.
        collective: whether one jump acts with the sum over the group; with ``all`` over all sites of all groups,
            which must be spins then.
        nbar: thermal occupation.
        temperature: alternative to nbar (k_B = 1): nbar_i = 1/(exp(frequency_i/T) - 1).
        operator: L of a ``custom`` channel.
        envelope: time dependence of the rate, a factor >= 0.
    """

    kind: ChannelKind
    rate: Rate
    on: str = "battery"
    collective: bool = False
    nbar: Rate | None = None
    temperature: float | None = None
    operator: OpSum | None = None
    envelope: Envelope | None = None

    def __post_init__(self) -> None:
        """Refuse negative, infinite and missing numbers by name."""
        if not isinstance(self.kind, str) or self.kind not in get_args(ChannelKind):
            raise SpecError(f"A channel is emission, pumping, dephasing or thermal, but it is {self.kind!r}.")
        _rate(f"The rate of {self.kind}", self.rate)
        checks.word(f"The group of sites (on) of {self.kind}", self.on)
        checks.flag(f"collective of {self.kind}", self.collective)
        if self.envelope is not None:
            checks.made_of(f"The envelope of {self.kind}", self.envelope, Envelope, "an envelope or None")
        if self.operator is not None:
            checks.made_of("The operator of a custom channel", self.operator, OpSum, "a qsb.OpSum")
        if self.collective and np.ndim(self.rate) > 0:
            raise SpecError(f"A collective {self.kind} channel has one rate, but {np.shape(self.rate)} were given.")
        if self.kind == "thermal":
            if (self.nbar is None) == (self.temperature is None):
                raise SpecError("A thermal channel needs either nbar or temperature, and not both.")
            if self.nbar is not None:
                _rate("nbar", self.nbar)
            if self.temperature is not None:
                checks.number("A bath temperature", self.temperature, least=0.0)
        elif self.nbar is not None or self.temperature is not None:
            raise SpecError(f"nbar and temperature belong to a thermal channel, not to {self.kind}.")
        if (self.kind == "custom") != (self.operator is not None):
            raise SpecError("A custom channel needs its jump operator, and only a custom channel takes one.")
        if self.kind == "custom" and np.ndim(self.rate) > 0:
            raise SpecError(
                f"A custom channel has one rate, but {np.shape(self.rate)} were given; make a channel of each."
            )

    def jumps(self, space: Space, frequencies: NDArray[np.float64] | None) -> tuple[Jump, ...]:
        """Elementary jumps of this channel.

        Args:
            space: the sites.
            frequencies: gaps of cells whose Hamiltonian is diagonal in sigma^z, (1,) or (N,); None if they
                are not.

        Raises:
            StructureError: if a temperature is given and the cells have no such frequency.
        """
        if self.kind == "custom":
            assert self.operator is not None
            return (Jump(self.operator, self.rate, space.groups[0].name, True, self.envelope),)
        if self.on == "all":
            return self._everywhere(space)
        group = _group_name(self.on, space)

        kind = space.group(group).kind
        if isinstance(kind, Level):
            raise SpecError(f"A {self.kind} channel acts on spins and modes; group {group!r} has levels: use 'custom'.")
        lower, higher, phase = ("a", "a+", "n") if isinstance(kind, Boson) else ("-", "+", "z")

        def jump(op: str, rate: Rate) -> Jump:
            return Jump(op, rate, group, self.collective, self.envelope)

        if self.kind == "emission":
            return (jump(lower, self.rate),)
        if self.kind == "pumping":
            return (jump(higher, self.rate),)
        if self.kind == "dephasing":
            return (jump(phase, self.rate),)
        if self.temperature is not None and space.group(group).role == "charger":
            raise SpecError("A bath temperature is turned into nbar by the cells' frequency; give the charger's nbar.")
        nbar = self._occupation(frequencies)
        rate = np.asarray(self.rate, dtype=float)
        up, down = rate * nbar, rate * (nbar + 1)
        scalar = np.ndim(down) == 0
        return jump(lower, float(down) if scalar else down), jump(higher, float(up) if scalar else up)

    def _everywhere(self, space: Space) -> tuple[Jump, ...]:
        """Jumps of all groups: each on its own, or one with the sum over all spins, as cells share a bath."""
        if np.ndim(self.rate) > 0:
            raise SpecError(f"A channel on all groups has one rate, but {np.shape(self.rate)} were given.")
        if self.temperature is not None:
            raise SpecError("A bath temperature is turned into nbar by the cells' frequency; on='all' needs nbar.")
        each = [replace(self, on=g.name).jumps(space, None) for g in space.groups]
        if not self.collective or len(each) == 1:
            return tuple(j for jumps in each for j in jumps)
        if not all(isinstance(g.kind, Spin) for g in space.groups):
            raise SpecError(
                "A collective channel on all groups is a sum over spins, but there is a mode; name the group in on."
            )
        return tuple(
            Jump(OpSum(tuple(Local(str(j.op), 1.0, j.group) for j in same)), same[0].rate, same[0].group, True,
                 self.envelope)
            for same in zip(*each, strict=True)
        )  # fmt: skip

    def _occupation(self, frequencies: NDArray[np.float64] | None) -> NDArray[np.float64]:
        if self.nbar is not None:
            return np.asarray(self.nbar, dtype=float)
        if frequencies is None:
            raise StructureError(
                "A bath temperature fixes nbar only for cells that are alone and diagonal in sigma^z; give nbar "
                "instead."
            )
        if np.any(frequencies <= 0):
            raise StructureError("A bath temperature needs cells with a positive frequency; give nbar instead.")
        t = float(self.temperature or 0.0)
        nbar = np.zeros_like(frequencies) if t == 0 else 1.0 / np.expm1(np.minimum(frequencies / t, 700.0))
        if self.collective and len(np.unique(nbar)) > 1:
            raise StructureError("A collective thermal channel needs cells of one frequency; give nbar instead.")
        return nbar[0] if len(np.unique(nbar)) == 1 else nbar


def _rate(name: str, value: Rate) -> None:
    a = checks.numbers(name, value, least=0.0)
    if a.ndim > 1 or a.size == 0:
        raise SpecError(f"{name} must be one number or one a cell, but its shape is {a.shape}.")


def _group_name(on: str, space: Space) -> str:
    if on in ("battery", "charger"):
        names = [g.name for g in space.groups if g.role == on]
        if len(names) != 1:
            raise SpecError(f"on={on!r} needs exactly one {on} group, but there are {names}; name the group.")
        return names[0]
    return space.group(on).name


def emission(rate: Rate, *, on: str = "battery", collective: bool = False, envelope: Envelope | None = None) -> Channel:
    r"""Energy loss, :math:`\gamma D[\sigma^-]` a cell (collective: of the sum): population decays at rate gamma.

    On a mode, :math:`\gamma D[a]`: the mean number decays at rate gamma, the amplitude at gamma/2. Collective and
    ``on = "all"``: one jump with the sum over battery and charger, which has dark states.
    """
    return Channel("emission", rate, on, collective, envelope=envelope)


def pumping(rate: Rate, *, on: str = "battery", collective: bool = False, envelope: Envelope | None = None) -> Channel:
    r"""Incoherent gain, :math:`\gamma D[\sigma^+]` a cell (collective: :math:`\gamma D[\sum_i\sigma^+_i]`).

    On a mode, :math:`\gamma D[a^\dagger]`.
    """
    return Channel("pumping", rate, on, collective, envelope=envelope)


def dephasing(
    rate: Rate, *, on: str = "battery", collective: bool = False, envelope: Envelope | None = None
) -> Channel:
    r"""Phase noise, :math:`\gamma D[\sigma^z]` a cell: coherence decays at **2 gamma**.

    On a mode, :math:`\gamma D[a^\dagger a]`: coherence between n and m decays at gamma (n-m)^2/2.
    Conventions differ by factors of four: D[sigma^z/2] (as in PIQS, with J_z) decays coherence at gamma/2.
    """
    return Channel("dephasing", rate, on, collective, envelope=envelope)


def thermal(
    rate: Rate,
    *,
    nbar: Rate | None = None,
    temperature: float | None = None,
    on: str = "battery",
    collective: bool = False,
    envelope: Envelope | None = None,
) -> Channel:
    r"""Bath, :math:`\gamma(\bar n+1) D[\sigma^-] + \gamma\bar n D[\sigma^+]` a cell; nbar or temperature (k_B = 1).

    On a mode, :math:`\gamma(\bar n+1) D[a] + \gamma\bar n D[a^\dagger]` with nbar.
    """
    return Channel("thermal", rate, on, collective, nbar, temperature, envelope=envelope)
