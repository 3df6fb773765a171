"""Spaces: ordered groups of alike sites, so that a million cells cost one entry."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Literal, get_args

from qsb import checks
from qsb.errors import PlanError, SpecError
from qsb.units import format_bytes

#: sites of a group, and Fock states of a mode, that are counted exactly by floating-point numbers
MOST_SITES = 2**53

Role = Literal["battery", "charger"]


@dataclass(frozen=True)
class Spin:
    """A two-level site; index 0 is up (excited), index 1 is down."""

    @property
    def dimension(self) -> int:
        """Number of levels, 2."""
        return 2


#: what stands for the dimension of a mode without a cutoff: larger than anything that fits
ENDLESS = 2**62


@dataclass(frozen=True)
class Boson:
    """A harmonic mode, truncated to the Fock states 0..cutoff where a representation needs that.

    Attributes:
        cutoff: the highest Fock state that is kept; None for all of them, which only a covariance can carry.
        grows: how often a run may double the cutoff where the highest states turn out to be occupied; -1 after the
            last time, 0 of a cutoff that was given.
    """

    cutoff: int | None = None
    grows: int = 0

    def __post_init__(self) -> None:
        """Refuse a cutoff that is no positive whole number."""
        if self.cutoff is None:
            return
        if isinstance(self.cutoff, bool) or not isinstance(self.cutoff, Integral) or self.cutoff < 1:
            raise SpecError(f"A mode's cutoff must be a whole number >= 1, but it is {self.cutoff!r}.")
        if self.cutoff > MOST_SITES:
            needed = 16 * (int(self.cutoff) + 1)
            raise PlanError(
                f"A mode with a cutoff of {self.cutoff} needs {format_bytes(needed)} for one ket of its Fock states "
                "alone; lower the cutoff.",
                needed,
            )

    @property
    def highest(self) -> int:
        """The highest Fock state that is kept; `ENDLESS` - 1 without a cutoff."""
        return self.dimension - 1

    @property
    def dimension(self) -> int:
        """Number of levels, cutoff + 1; `ENDLESS` without a cutoff."""
        return ENDLESS if self.cutoff is None else self.cutoff + 1


@dataclass(frozen=True)
class Level:
    """A site with a given number of levels and no further structure."""

    levels: int

    @property
    def dimension(self) -> int:
        """Number of levels."""
        return self.levels


@dataclass(frozen=True)
class Group:
    """`count` alike sites under one name, all battery or all charger."""

    name: str
    kind: Spin | Boson | Level
    count: int
    role: Role = "battery"


@dataclass(frozen=True)
class Space:
    """Ordered sites, written as groups; the first site is the most significant index.

    Attributes:
        groups: the groups in the order of the tensor product.
    """

    groups: tuple[Group, ...]

    def __post_init__(self) -> None:
        """Refuse empty groups and repeated names."""
        groups = checks.several("The groups of a space", self.groups, "a list of groups")
        for g in groups:
            checks.made_of("A group of a space", g, Group, "a Group; Space.spins(4) makes one of four cells")
            checks.word("The name of a group", g.name)
            checks.made_of(f"The kind of group {g.name!r}", g.kind, (Spin, Boson, Level), "Spin(), Boson() or Level(3)")
            checks.whole(f"The number of sites of group {g.name!r}", g.count, 1)
            checks.one_of(f"The role of group {g.name!r}", g.role, get_args(Role))
        object.__setattr__(self, "groups", groups)
        names = [g.name for g in self.groups]
        if len(set(names)) != len(names):
            raise SpecError(f"Group names must differ, but they are {names}.")
        for g in self.groups:
            if g.count > MOST_SITES:
                raise SpecError(
                    f"Group {g.name!r} has {g.count} sites, more than floating-point numbers count exactly; take at "
                    f"most 2^53 = {MOST_SITES}."
                )
            if isinstance(g.kind, Level):
                checks.whole(f"The number of levels of group {g.name!r}", g.kind.levels, 1)

    @classmethod
    def spins(cls, count: int) -> Space:
        """`count` battery spins in one group called ``cells``."""
        return cls((Group("cells", Spin(), count),))

    @property
    def sites(self) -> int:
        """Total number of sites."""
        return sum(g.count for g in self.groups)

    @property
    def cells(self) -> int:
        """Number of sites with the battery role."""
        return sum(g.count for g in self.groups if g.role == "battery")

    @property
    def dimension(self) -> int:
        """Exact dimension of the tensor product (a Python integer of any size)."""
        d = 1
        for g in self.groups:
            d *= g.kind.dimension**g.count
        return d

    @property
    def spins_only(self) -> bool:
        """Whether every site is a `Spin`."""
        return all(isinstance(g.kind, Spin) for g in self.groups)

    @property
    def single_spin_group(self) -> bool:
        """Whether the space is one group of battery spins."""
        return len(self.groups) == 1 and self.spins_only and self.groups[0].role == "battery"

    @property
    def single_mode(self) -> bool:
        """Whether the space is one mode, as a battery."""
        return self.sites == 1 and isinstance(self.groups[0].kind, Boson) and self.groups[0].role == "battery"

    @property
    def endless(self) -> tuple[str, ...]:
        """Names of the groups of modes without a cutoff."""
        return tuple(g.name for g in self.groups if isinstance(g.kind, Boson) and g.kind.cutoff is None)

    @property
    def charged(self) -> bool:
        """Whether a charger stands beside the battery."""
        return any(g.role == "charger" for g in self.groups)

    def part(self, role: Role) -> Space:
        """The groups of one role alone."""
        return Space(tuple(g for g in self.groups if g.role == role))

    def sites_of(self, role: Role) -> tuple[int, ...]:
        """Indices of the sites of one role."""
        return tuple(
            i for g in self.groups if g.role == role for i in range(self.offset(g.name), self.offset(g.name) + g.count)
        )

    def group_of(self, site: int) -> Group:
        """The group that a site belongs to.

        Raises:
            SpecError: if there is no such site.
        """
        at = site
        for g in self.groups:
            if 0 <= at < g.count:
                return g
            at -= g.count
        raise SpecError(f"Site {site} is outside 0..{self.sites - 1}.")

    def dimensions(self) -> tuple[int, ...]:
        """Dimension of each site (one entry a site: for spaces that are small enough to expand)."""
        return tuple(g.kind.dimension for g in self.groups for _ in range(g.count))

    def group(self, name: str) -> Group:
        """The group with this name.

        Raises:
            SpecError: if there is none.
        """
        for g in self.groups:
            if g.name == name:
                return g
        raise SpecError(f"There is no group {name!r}; the groups are {[g.name for g in self.groups]}.")

    def offset(self, name: str) -> int:
        """Index of the first site of a group."""
        at = 0
        for g in self.groups:
            if g.name == name:
                return at
            at += g.count
        raise SpecError(f"There is no group {name!r}; the groups are {[g.name for g in self.groups]}.")
