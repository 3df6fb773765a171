"""`Battery`: the energy meter, what charges it, and how it begins."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from qsb import checks
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.states import Start
from qsb.algebra.structure import groups_of, is_hermitian
from qsb.algebra.terms import Matrix
from qsb.charging.envelope import Envelope
from qsb.errors import SpecError, StructureError


def _pair(name: str, given: Any) -> tuple[Any, Any]:
    """Both halves of a drive."""
    halves = checks.several(name, given, "an operator and its envelope")
    if len(halves) != 2:
        raise SpecError(f"{name} must be an operator and its envelope, but it has {len(halves)} parts.")
    return halves[0], halves[1]


@dataclass(frozen=True)
class Battery:
    r"""A battery and its charger, :math:`H(t) = H_B + H_C + f(t)\,V + \sum_k f_k(t)\,V_k`.

    Attributes:
        space: the sites.
        battery: :math:`H_B`, the energy meter: every energy figure refers to it.
        interaction: :math:`V`, switched by the envelope of a stage.
        charger: :math:`H_C`, the charger's own Hamiltonian; may be empty.
        drives: further terms with their own envelopes, active whenever V is.
        start: the initial state; the ground state of H_B by default.
        name: the model's name, kept in datasets.
        reference: DOI or arXiv id of the model.
    """

    space: Space
    battery: OpSum
    interaction: OpSum = field(default_factory=OpSum)
    charger: OpSum = field(default_factory=OpSum)
    drives: tuple[tuple[OpSum, Envelope], ...] = ()
    start: Start = field(default_factory=Start)
    name: str = "battery"
    reference: str = ""

    def __post_init__(self) -> None:
        """Refuse operators of the wrong size, kind or place and non-Hermitian Hamiltonians, by name."""
        checks.made_of("The space of a battery", self.space, Space, "a qsb.Space, e.g. Space.spins(4)")
        if not self.space.groups:
            raise SpecError("The space of a battery holds no sites; Space.spins(4) has four cells.")
        checks.word("The name of a battery", self.name)
        checks.word("The reference of a battery", self.reference)
        named = [("H_B", self.battery), ("V", self.interaction), ("H_C", self.charger)]
        for i, drive in enumerate(checks.several("drives", self.drives, "a list of (operator, envelope)")):
            op, envelope = _pair(f"drive {i}", drive)
            named.append((f"drive {i}", op))
            checks.made_of(f"The envelope of drive {i}", envelope, Envelope, "an envelope")
        checks.made_of("The start of a battery", self.start, Start, "a qsb.Start, e.g. Start('up')")
        for label, op in named:
            checks.made_of(label, op, OpSum, "a qsb.OpSum of terms")
            for t in op.terms:
                if isinstance(t, Matrix) and t.data.shape[0] != self.space.dimension:
                    raise SpecError(
                        f"{label} must act on dimension {self.space.dimension}, but its matrix is {t.data.shape}."
                    )
            op.check(self.space)
            if not is_hermitian(op, self.space):
                raise StructureError(
                    f"{label} is not Hermitian; add the adjoint of its terms (energies would not be real otherwise)."
                )
        self._check_roles()

    @property
    def steady_drives(self) -> bool:
        """Whether no drive changes in time, so that all are parts of a constant Hamiltonian."""
        return all(envelope.constant for _, envelope in self.drives)

    def _check_roles(self) -> None:
        """An energy meter that reads the charger as well would make stored energy of what never left the charger."""
        if not self.space.charged:
            return
        if all(g.role == "charger" for g in self.space.groups):
            raise SpecError("All groups are chargers; give at least one group the role 'battery'.")
        chargers = {g.name for g in self.space.groups if g.role == "charger"}
        touched = sorted(groups_of(self.battery, self.space) & chargers)
        if touched:
            raise SpecError(
                f"H_B acts on the charger group {', '.join(touched)}; the charger's own Hamiltonian belongs into H_C "
                "(charger=...), and what couples it to the cells into V (interaction=...)."
            )
