"""`Worksheet`: collects the runs, verdicts, figures and tables of one paper, and makes its `Study`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qsb.studies.bench import Bench
from qsb.studies.claim import Basis, Claim, Evidence, Judgement, Relation, Rule, Value, Verdict, judge
from qsb.studies.study import Curve, Inconsistency, Panel, Plane, Reading, Study, Table

if TYPE_CHECKING:
    import xarray as xr

    from qsb.studies.scaling import Scaling

Tell = Callable[[str, str], None]


@dataclass
class Worksheet:
    """A paper in work. Fill it from top to bottom, then ask for `study`.

    Attributes:
        key: e.g. ``"ferraro2018"``.
        title: the paper's title.
        reference: authors, journal, year, ``doi:...`` or ``arXiv:...``.
        quick: fewer and smaller sizes.
        tell: called with (step, what starts now).
    """

    key: str
    title: str
    reference: str
    quick: bool = False
    tell: Tell = lambda step, what: None
    _readings: list[Reading] = field(default_factory=list)
    _judgements: list[Judgement] = field(default_factory=list)
    _panels: list[Panel] = field(default_factory=list)
    _tables: list[Table] = field(default_factory=list)
    _faults: list[Inconsistency] = field(default_factory=list)
    _notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the bench."""
        self.bench = Bench(lambda name: self.tell("runs", name))

    def convention(self, key: str, label: str, hamiltonian: str, why: str, *, default: bool = False) -> None:
        """Add a model in the paper's own convention, or one way to read the paper where it leaves a choice.

        Args:
            key: short name, used as the reading of evidence.
            label: a few words.
            hamiltonian: the formula in plain text, with units.
            why: what in the paper speaks for it, and how it maps onto this package's arguments.
            default: whether it is the one that decides.
        """
        self._readings.append(Reading(key, label, hamiltonian, why, default))

    def run(self, name: str, spec: Mapping[str, Any]) -> xr.Dataset:
        """Run or sweep a spec, once; data and spec go into the report under the name."""
        return self.bench.run(name, spec)

    def claim(
        self,
        id: str,
        statement: str,
        *evidence: Evidence,
        section: str,
        basis: Basis,
        rule: Rule = "all",
        default: str | None = None,
    ) -> Judgement:
        """Judge a sentence of the paper from evidence that `compare` made.

        Args:
            id: short and unique within the paper.
            statement: the sentence, in quotes where it is quoted.
            evidence: comparisons; none gives inconclusive.
            section: where it was found, e.g. ``"abstract"``.
            basis: whether it was ``read`` there, is from ``memory``, or is ``derived`` from the model.
            rule: how readings combine, see `qsb.studies.claim.judge`.
            default: the deciding reading of the rule ``default-reading``.
        """
        again = evidence[0].rerun if evidence else self.command
        made = judge(Claim(id, section, statement, spec=again, basis=basis), evidence, rule, default=default)
        self._judgements.append(made)
        return made

    def compare(
        self,
        quantity: str,
        value: Value,
        relation: Relation,
        expected: Value,
        *,
        tolerance: float = 0.0,
        reading: str = "default",
        rerun: str | None = None,
        note: str = "",
    ) -> Evidence:
        """One computed number beside its threshold; arguments as `qsb.studies.claim.Evidence`."""
        return Evidence(
            reading=reading,
            quantity=quantity,
            value=value,
            relation=relation,
            expected=expected,
            tolerance=tolerance,
            rerun=self.command if rerun is None else rerun,
            note=note,
        )

    @property
    def command(self) -> str:
        """What computes everything again."""
        return f"qsb reproduce {self.key}" + (" --quick" if self.quick else "")

    def curves(self, id: str, title: str, caption: str, alt: str, *planes: Plane) -> None:
        """Add a figure of curves in up to three planes side by side."""
        self._panels.append(Panel(id, title, caption, alt, planes=planes))

    def runs(
        self,
        id: str,
        title: str,
        caption: str,
        alt: str,
        rows: Mapping[str, Mapping[str, str]],
        columns: Sequence[Sequence[str]],
    ) -> None:
        """Add a figure of runs: row title -> (label -> name of a run), and the series of each column."""
        self._panels.append(Panel(id, title, caption, alt, rows=rows, columns=tuple(tuple(c) for c in columns)))

    def fits(self, id: str, title: str, caption: str, alt: str, fits: Mapping[str, Scaling]) -> None:
        """Add a figure against the number of cells: label -> fit."""
        self._panels.append(Panel(id, title, caption, alt, fits=fits))

    def table(self, id: str, caption: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Add a table of text."""
        self._tables.append(Table(id, caption, tuple(header), tuple(tuple(r) for r in rows)))

    def fault(self, id: str, section: str, statement: str, found: str) -> None:
        """Add what the paper says and a calculation contradicts."""
        self._faults.append(Inconsistency(id, section, statement, found))

    def note(self, text: str) -> None:
        """Add a paragraph to the summary."""
        self._notes.append(text)

    def study(self) -> Study:
        """Everything, with a first paragraph that counts the verdicts."""
        counts = {v: sum(j.verdict is v for j in self._judgements) for v in Verdict}
        tally = ", ".join(f"{n} {v.value}" for v, n in counts.items())
        return Study(
            key=self.key,
            title=self.title,
            reference=self.reference,
            summary=(f"{len(self._judgements)} claims were judged from computed numbers: {tally}.", *self._notes),
            readings=tuple(self._readings),
            panels=tuple(self._panels),
            tables=tuple(self._tables),
            judgements=tuple(self._judgements),
            inconsistencies=tuple(self._faults),
            datasets=self.bench.datasets,
            specs=self.bench.specs,
        )


__all__ = ["Curve", "Plane", "Worksheet"]
