"""What a stellar run has found, on its way into a checked dataset."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qsb.quantities import quantity
from qsb.runs.dataset import check
from qsb.runs.document import Document
from qsb.runs.stellar.parts import Part, weakest
from qsb.runs.versions import versions
from qsb.stellar.bounds import stamps
from qsb.stellar.ledger import LEDGER_TOLERANCE
from qsb.stellar.status import Status

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["CONVENTIONS", "Answers", "merged"]

CONVENTIONS = (
    "SI units; powers are means over the interval that ends at their time; inflow that a full store clips had been "
    "absorbed and is waste heat, but for what a collector with refused = 'turned away' did not take up; delivered "
    "energy is the load's to shed"
)
_IDENTIFIER = re.compile(r"(?:doi:10\.\d{4,}/[^\s,;)]+|arXiv:[\w./-]+\d)")


class Answers:
    """Collects variables, each with status and source, and makes the dataset of them.

    Attributes:
        values: by name.
        parts: what the run is made of.
        stamps: laws of nature that are broken; empty texts count for nothing.
        checksums: name of a data set -> sha256.
        bounds: the bounds report as plain data.
        timeline: the verdict on probabilities as plain data.
        kardashev: convention and Kardashev's own type.
        events: of the store, the first thousand.
        flares: the largest of a sample, in the order of time.
        plan: as plain data.
        exact: whether every interval was a closed-form map.
    """

    def __init__(self, spec: Document) -> None:
        self._spec = spec
        self._variables: dict[str, tuple[tuple[str, ...], Any, dict[str, str]]] = {}
        self._coordinates: dict[str, Any] = {}
        self.values: dict[str, Any] = {}
        self.parts: tuple[Part, ...] = ()
        self.stamps: list[str] = []
        self.checksums: dict[str, str] = {}
        self.bounds: dict[str, Any] = {}
        self.timeline: dict[str, Any] = {}
        self.kardashev: dict[str, Any] = {}
        self.events: list[dict[str, Any]] = []
        self.flares: list[dict[str, float]] = []
        self.plan: dict[str, Any] = {}
        self.exact = True

    def _put(self, name: str, dims: tuple[str, ...], values: Any, status: Status, source: str) -> None:
        attributes = {**quantity(name).attributes, "status": str(status), "source": source}
        self.values[name] = values
        self._variables[name] = (dims, values, attributes)

    def scalar(self, name: str, value: float, status: Status, source: str) -> None:
        """One number a run."""
        self._put(name, (), float(value), status, source)

    def series(self, name: str, values: Any, status: Status, source: str) -> None:
        """Values along ``elapsed``; one an interval gets that of the first interval at the first time."""
        row = np.asarray(values, dtype=float)
        if len(row) < len(self._coordinates["elapsed"][1]):
            row = np.concatenate((row[:1], row))
        self._put(name, ("elapsed",), row, status, source)

    def spectral(self, name: str, values: Any, status: Status, source: str) -> None:
        """Values along ``wavelength``."""
        self._put(name, ("wavelength",), np.asarray(values, dtype=float), status, source)

    def outlook(self, name: str, values: Any, status: Status, source: str) -> None:
        """Values along ``horizon``."""
        self._put(name, ("horizon",), np.asarray(values, dtype=float), status, source)

    def rungs(self, name: str, along: str, values: Any, status: Status, source: str) -> None:
        """Values along names that `strings` has given."""
        self._put(name, (along,), np.asarray(values, dtype=float), status, source)

    def coordinate(self, name: str, values: Any) -> None:
        """A coordinate with a row in the nomenclature."""
        self._coordinates[name] = ((name,), np.asarray(values, dtype=float), dict(quantity(name).attributes))

    def strings(self, name: str, words: list[str]) -> None:
        """A coordinate of names."""
        self._coordinates[name] = ((name,), np.array(words, dtype=object), {"long_name": name.capitalize()})

    def dataset(self) -> xr.Dataset:
        """The dataset, if it keeps the schema.

        Raises:
            SpecError, ConvergenceError: as `qsb.runs.dataset.check`.
        """
        import xarray as xr

        text = self._spec.to_toml()
        parts = [part.to_dict() for part in self.parts]
        told = [part.reference for part in self.parts] + [quantity(n).reference for n in self._variables]
        found = dict.fromkeys(i for text_ in told for i in _IDENTIFIER.findall(text_))
        residual = self.values.get("ledger_residual_share", 0.0)
        attributes = {
            "kind": "stellar",
            "title": self._spec.title or "stellar run",
            "spec": text,
            "fingerprint": hashlib.sha256(text.encode()).hexdigest()[:24],
            "plan": json.dumps(self.plan),
            "exact": int(self.exact),
            "versions": json.dumps(versions()),
            "seed": int(getattr(self._spec, "seed", 0)),
            "error_budget": json.dumps({"tolerance": LEDGER_TOLERANCE, "ledger": residual}),
            "references": "; ".join(found),
            "conventions": CONVENTIONS,
            "status": str(weakest([part.status for part in self.parts])),
            "stamp": "; ".join(stamps(*self.stamps)),
            "checksums": json.dumps(self.checksums),
            "parts": json.dumps(parts, ensure_ascii=False),
            "bounds": json.dumps(self.bounds, ensure_ascii=False),
            "timeline": json.dumps(self.timeline, ensure_ascii=False),
            "kardashev": json.dumps(self.kardashev, ensure_ascii=False),
            "events": json.dumps(self.events),
            "flares": json.dumps(self.flares),
        }
        return check(xr.Dataset(self._variables, coords=self._coordinates, attrs=attributes))


def merged(attributes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Attributes of a sweep from those of its points: stamps, checksums and parts of all, the weakest status.

    What belongs to one point alone, as its bounds report, stays in the file of the point.
    """
    parts = [part for a in attributes for part in json.loads(a["parts"])]
    listed = list({json.dumps(part, ensure_ascii=False): part for part in parts}.values())
    checksums = {name: sha for a in attributes for name, sha in json.loads(a["checksums"]).items()}
    own = dict.fromkeys(("bounds", "timeline", "kardashev"), "{}")
    return own | {
        "status": str(weakest([Status(a["status"]) for a in attributes])),
        "stamp": "; ".join(stamps(*(a["stamp"] for a in attributes))),
        "checksums": json.dumps(checksums),
        "parts": json.dumps(listed, ensure_ascii=False),
        "events": "[]",
        "flares": "[]",
    }
