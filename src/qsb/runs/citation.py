"""What a run has to cite: BibTeX of its model, its figures of merit, its method and its software.

The literature lives in ``references.toml``; which part of it a run rests on is read from the dataset's own attributes
(`references`, `plan`, `versions`), so that a file that was written long ago can be cited as well.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from qsb import checks
from qsb.errors import SpecError

if TYPE_CHECKING:
    import xarray as xr

#: fields of an entry in the order in which they are printed
FIELDS = ("author", "title", "journal", "booktitle", "howpublished", "publisher", "volume", "pages", "year", "note")
#: what a `reference` says where there is no paper to cite beside this package
_OWN = ("standard definition", "derived in ")


@dataclass(frozen=True)
class Entry:
    """One entry of a bibliography.

    Attributes:
        key: the BibTeX key.
        ids: ``arXiv:...`` and ``doi:...`` identifiers.
        fields: of `FIELDS`; what is not known for sure is left out.
        type: of BibTeX.
    """

    key: str
    ids: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    type: str = "article"

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"key": self.key, "type": self.type, "ids": list(self.ids), **self.fields}

    def to_bibtex(self) -> str:
        """The entry as BibTeX, in UTF-8; titles keep their capitals."""
        shown = {name: self.fields[name] for name in FIELDS if name in self.fields}
        if "title" in shown:
            shown["title"] = f"{{{shown['title']}}}"
        for identifier in self.ids:
            kind, _, value = identifier.partition(":")
            shown |= {"doi": value} if kind == "doi" else {"eprint": value, "archivePrefix": "arXiv"}
        lines = [f"  {name} = {{{value}}}," for name, value in shown.items()]
        return "\n".join([f"@{self.type}{{{self.key},", *lines, "}"])

    def __str__(self) -> str:
        """One line: authors, title, year and identifiers."""
        authors = self.fields.get("author", "").strip("{}").split(" and ")
        who = authors[0].split(",")[0] + (" et al." if len(authors) > 2 else "")
        if len(authors) == 2:
            who = " and ".join(a.split(",")[0] for a in authors)
        said = (who, self.fields.get("title", ""), self.fields.get("year", ""), ", ".join(self.ids))
        return "; ".join(part for part in said if part)


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("qsb").joinpath("references.toml").read_text(encoding="utf-8"))


@cache
def references() -> dict[str, Entry]:
    """All entries by their keys."""
    out = {}
    for key, row in _table()["entry"].items():
        fields = {name: str(row[name]) for name in FIELDS if name in row}
        out[key] = Entry(key, tuple(row.get("ids", ())), fields, row.get("type", "article"))
    return out


@cache
def _known() -> dict[str, str]:
    """Identifier -> key."""
    return {identifier: key for key, entry in references().items() for identifier in entry.ids}


def methods(kind: str) -> dict[str, tuple[str, ...]]:
    """Keys of entries by name, for every ``representation``, ``integrator`` or ``software``."""
    return {name: tuple(keys) for name, keys in _table()[kind].items()}


def entries_of(reference: str) -> list[Entry]:
    """Entries of a `reference` text such as ``"arXiv:1707.04930; doi:10.1103/PhysRevB.105.115405"``.

    What ``references.toml`` does not know, a user's own model for instance, becomes an entry with that text alone.
    """
    found: dict[str, Entry] = {}
    for part in (part.strip() for part in reference.split(";")):
        if not part or part.startswith(_OWN):
            continue
        key = _known().get(part)
        entry = references()[key] if key else _unknown(part)
        found[entry.key] = entry
    return list(found.values())


def _unknown(text: str) -> Entry:
    """An entry of which nothing but its identifier, or its text, is known."""
    key = "".join(c for c in text if c.isascii() and c.isalnum())
    if text.startswith(("arXiv:", "doi:")):
        return Entry(key, (text,), {}, "misc")
    return Entry(key or "unknown", (), {"note": text.translate({ord("{"): "(", ord("}"): ")"})}, "misc")


def citation(data: xr.Dataset | str | Path) -> str:
    """BibTeX of what a run used: its model and figures of merit, its methods, its software.

    Args:
        data: a dataset of a run or a sweep, or the file that it was written to. Only its attributes are read.

    Returns:
        Entries under comments that say what each is cited for, every entry once. What a formula of this package rests
        on is cited by this package's own entry.

    Raises:
        SpecError: naming the attribute of the run that is missing or was changed.
    """
    lines: list[str] = []
    for heading, entries in _grouped(data):
        lines.append(f"% {heading}" + ("" if entries else ": nothing beside the software"))
        lines += [entry.to_bibtex() for entry in entries]
    return "\n\n".join(lines) + "\n"


def cited(data: xr.Dataset | str | Path) -> list[Entry]:
    """The entries of `citation`."""
    return [entry for _, entries in _grouped(data) for entry in entries]


def _grouped(data: xr.Dataset | str | Path) -> Iterator[tuple[str, list[Entry]]]:
    """Headings and entries, each entry under the first heading that wants it."""
    attributes = _attributes(data)
    seen: set[str] = set()

    def new(entries: Iterable[Entry]) -> list[Entry]:
        out = {e.key: e for e in entries if e.key not in seen}
        seen.update(out)
        return list(out.values())

    yield "the model and the figures of merit", new(entries_of(attributes.references))
    for kind, chosen in (("representation", attributes.representations), ("integrator", attributes.integrators)):
        for name in dict.fromkeys(chosen):
            if name in methods(kind):
                yield f"the {kind} {name}", new(references()[key] for key in methods(kind)[name])
            else:
                yield f"the {kind} {name} (not known to this version of qsb)", []
    yield "the software", new(_software(attributes.versions))


def _software(versions: Mapping[str, str]) -> Iterator[Entry]:
    """Entries of programs, with the versions that computed."""
    for name, keys in methods("software").items():
        for key in keys:
            entry = references()[key]
            noted = {"note": f"version {versions[name]}"} if name in versions else {}
            yield Entry(entry.key, entry.ids, {**entry.fields, **noted}, entry.type)


@dataclass(frozen=True)
class _Attributes:
    """Attributes of a dataset that a citation needs.

    Attributes:
        references: of the model and the figures of merit.
        representations: of a run, or of each point of a sweep.
        integrators: of the segments of a run; a sweep keeps none.
        versions: program -> version.
    """

    references: str
    representations: list[str]
    integrators: list[str]
    versions: dict[str, str]

    @classmethod
    def of(cls, given: Mapping[Any, Any]) -> _Attributes:
        """Read them from a dataset's own, which a user may have changed.

        Raises:
            SpecError: naming the attribute that is missing or is not what a run writes.
        """
        missing = [name for name in ("references", "plan", "versions") if name not in given]
        if missing:
            raise SpecError(f"The dataset lacks the attributes {missing}; it was not made by a run, or was changed.")
        cited = checks.word("The attribute 'references' of the dataset", given["references"])
        made = _from_json("plan", given["plan"])
        if isinstance(made, Mapping):
            chosen, stepped = [made.get("representation")], made.get("integrators")
        else:
            chosen, stepped = made, []
        if not _texts(chosen) or not _texts(stepped):
            raise _changed("plan", given["plan"], "a representation and its integrators, or a list of representations")
        programs = _from_json("versions", given["versions"])
        if not isinstance(programs, dict) or not _texts(list(programs.values())):
            raise _changed("versions", given["versions"], "the version of each program")
        return cls(cited, chosen, stepped, programs)


def _texts(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _from_json(name: str, value: Any) -> Any:
    """What an attribute holds."""
    text = checks.word(f"The attribute {name!r} of the dataset", value)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _changed(name, text, "JSON") from error


def _changed(name: str, value: Any, wanted: str) -> SpecError:
    shown = repr(value) if len(repr(value)) <= 100 else f"{value!r:.60}..."
    return SpecError(
        f"The attribute {name!r} of the dataset must hold {wanted}, as a run writes it, but it is {shown}; it was "
        "changed after the run: give the dataset as it was, or its file."
    )


def _attributes(data: xr.Dataset | str | Path) -> _Attributes:
    """Those of a dataset or a file."""
    if isinstance(data, str | Path):
        from qsb.runs.dataset import read

        data = read(data)
    attributes = getattr(data, "attrs", None)
    if not isinstance(attributes, Mapping):
        raise SpecError(f"citation takes the dataset of a run, or the name of its file, but was given {data!r}.")
    return _Attributes.of(attributes)


__all__ = ["FIELDS", "Entry", "citation", "cited", "entries_of", "methods", "references"]
