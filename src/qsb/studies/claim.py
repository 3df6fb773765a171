"""A paper's sentence, the numbers that were computed for it, and the verdict that follows from them.

The way is one-directional: `Claim.measure` compares a number with a threshold and returns an `Evidence` whose
``holds`` nobody can set by hand; `judge` combines evidence by a declared rule into a `Judgement`; its
sentence is composed from the numbers. No verdict is ever typed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, get_args

import numpy as np

from qsb.errors import SpecError, last_line

Relation = Literal["<", "<=", "==", "!=", ">=", ">", "is", "is not"]
Rule = Literal["all", "any", "universal", "default-reading"]
Value = float | bool | str
Basis = Literal["read", "memory", "derived"]

_WORDS: dict[str, tuple[str, str]] = {
    "<": ("is below", "is not below"),
    "<=": ("is at most", "exceeds"),
    "==": ("equals", "differs from"),
    "!=": ("differs from", "equals"),
    ">=": ("is at least", "falls short of"),
    ">": ("is above", "is not above"),
    "is": ("is", "is not"),
    "is not": ("is not", "is"),
}


class Verdict(StrEnum):
    """What the numbers say about a claim."""

    REPRODUCED = "reproduced"
    CONTRADICTED = "contradicted"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Evidence:
    """One number beside its threshold, under one reading of the paper.

    The slack is ``tolerance * abs(expected)``, or ``tolerance`` where ``expected`` is 0. ``<=``, ``>=`` and
    ``==`` hold within the slack; ``<``, ``>`` and ``!=`` hold only beyond it. ``is`` and ``is not`` compare
    words and truth values. A number that is not finite on either side decides nothing: ``decided`` and
    ``holds`` are false.

    Attributes:
        reading: the reading of the paper that the number belongs to, e.g. ``"nearest neighbour"``.
        quantity: what was computed, with its unit in brackets where it has one.
        value: the computed number, word or truth value.
        relation: one of ``< <= == != >= > is "is not"``.
        expected: the threshold.
        tolerance: relative slack.
        rerun: the spec or the command that computes ``value`` again.
        note: anything that a reader needs, e.g. the interval of ``value``.
        source: where the inputs come from, for numbers that rest on more than the paper and a theorem.
        status: how far the inputs can be trusted, e.g. ``"measured"``; the weakest where they differ.
        decided: whether both sides can be compared.
        holds: whether the relation holds; computed.
    """

    reading: str
    quantity: str
    value: Value
    relation: Relation
    expected: Value
    tolerance: float = 0.0
    rerun: str = ""
    note: str = ""
    source: str = ""
    status: str = ""
    decided: bool = field(init=False)
    holds: bool = field(init=False)

    def __post_init__(self) -> None:
        """Check the types, turn NumPy scalars into Python ones and compute ``decided`` and ``holds``."""
        if self.relation not in get_args(Relation):
            raise SpecError(f"relation {self.relation!r} is none of {', '.join(get_args(Relation))}")
        if not (math.isfinite(self.tolerance) and self.tolerance >= 0):
            raise SpecError(f"tolerance is {self.tolerance}: give a finite number that is not negative")
        object.__setattr__(self, "value", _plain(self.value))
        object.__setattr__(self, "expected", _plain(self.expected))
        decided, holds = _compare(self.value, self.relation, self.expected, self.tolerance)
        object.__setattr__(self, "decided", decided)
        object.__setattr__(self, "holds", holds)

    def __str__(self) -> str:
        """The comparison as a clause, e.g. ``exponent: 1.03 is not above 1 by more than 5 %``."""
        if not self.decided:
            return f"{self.quantity}: {_text(self.value)} cannot be compared with {_text(self.expected)}"
        verb = _WORDS[self.relation][not self.holds]
        return f"{self.quantity}: {_text(self.value)} {verb} {_text(self.expected)}{self._slack()}"

    def _slack(self) -> str:
        """The slack in words, where it is more than rounding; without it "1.03 is not above 1" would be wrong."""
        if self.tolerance <= 1e-6:
            return ""
        beyond = self.relation in ("<", ">") or self.holds == (self.relation == "!=")
        how = "by more than" if beyond else "within"
        return f" {how} {f'{100 * self.tolerance:g} %' if self.expected else f'{self.tolerance:g}'}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; a number that is not finite becomes None (JSON has no NaN)."""
        return {
            "reading": self.reading,
            "quantity": self.quantity,
            "value": _json(self.value),
            "relation": self.relation,
            "expected": _json(self.expected),
            "tolerance": self.tolerance,
            "decided": self.decided,
            "holds": self.holds,
            "rerun": self.rerun,
            "note": self.note,
            "source": self.source,
            "status": self.status,
        }


@dataclass(frozen=True)
class Claim:
    """A sentence of a paper that numbers can decide.

    Attributes:
        id: short and unique within the paper, e.g. ``"17A-supralinear"``.
        section: where the paper says it, e.g. ``"17A"``.
        statement: the sentence.
        tolerance: relative slack of its comparisons, see `Evidence`.
        spec: the spec (TOML text) or command that computes the deciding number again.
        basis: how the sentence is known: ``read`` in the source, from ``memory`` and so perhaps not as printed, or
            ``derived`` from the paper's model without being printed there.
    """

    id: str
    section: str
    statement: str
    tolerance: float = 0.0
    spec: str = ""
    basis: Basis = "read"

    def __post_init__(self) -> None:
        """Refuse an unnamed claim and an impossible tolerance."""
        if not self.id or not self.statement:
            raise SpecError(f"a claim needs an id and a statement, but got id={self.id!r}, {self.statement!r}")
        if not (math.isfinite(self.tolerance) and self.tolerance >= 0):
            raise SpecError(f"tolerance of claim {self.id!r} is {self.tolerance}: give a number >= 0")
        if self.basis not in get_args(Basis):
            raise SpecError(f"basis of claim {self.id!r} is {self.basis!r}: give one of {', '.join(get_args(Basis))}")

    def measure(
        self,
        quantity: str,
        value: Value,
        relation: Relation,
        expected: Value,
        *,
        reading: str = "default",
        tolerance: float | None = None,
        rerun: str | None = None,
        note: str = "",
        source: str = "",
        status: str = "",
    ) -> Evidence:
        """Compare one computed number with its threshold.

        Args:
            quantity: what ``value`` is.
            value: the computed number, word or truth value.
            relation: how it should stand to ``expected``, see `Evidence`.
            expected: the threshold.
            reading: the reading of the paper.
            tolerance: another relative slack than the claim's.
            rerun: another spec or command than the claim's.
            note: free text.
            source: where the inputs come from.
            status: how far they can be trusted.

        Raises:
            SpecError: an unknown relation, a negative tolerance, or an order asked of words.
        """
        return Evidence(
            reading=reading,
            quantity=quantity,
            value=value,
            relation=relation,
            expected=expected,
            tolerance=self.tolerance if tolerance is None else tolerance,
            rerun=self.spec if rerun is None else rerun,
            note=note,
            source=source,
            status=status,
        )


@dataclass(frozen=True)
class Judgement:
    """A claim, its verdict, the evidence, and the sentence that the numbers compose. Made by `judge` and `broken` only.

    ``error`` is the last line of the traceback of a claim whose numbers could not be computed, empty otherwise.
    """

    claim: Claim
    verdict: Verdict
    evidence: tuple[Evidence, ...]
    conclusion: str
    rule: Rule = "all"
    default: str | None = None
    error: str = ""

    def __post_init__(self) -> None:
        """Refuse a verdict or a sentence that the evidence does not give."""
        verdict, conclusion = _combine(self.evidence, self.rule, self.default, self.error)
        if (verdict, conclusion) != (self.verdict, self.conclusion):
            raise SpecError(
                f"claim {self.claim.id!r} was judged {self.verdict.value!r} by hand, but its evidence gives "
                f"{verdict.value!r} ({conclusion}): make judgements with judge()"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain data with the keys id, section, statement, basis, verdict, evidence, spec, conclusion, error."""
        return {
            "id": self.claim.id,
            "section": self.claim.section,
            "statement": self.claim.statement,
            "basis": self.claim.basis,
            "verdict": self.verdict.value,
            "evidence": [item.to_dict() for item in self.evidence],
            "spec": self.claim.spec,
            "conclusion": self.conclusion,
            "error": self.error,
        }


def judge(claim: Claim, evidence: Iterable[Evidence], rule: Rule = "all", *, default: str | None = None) -> Judgement:
    """Combine evidence into a verdict.

    First every reading is settled by itself: it fails if one of its comparisons fails, is open if one could
    not be decided and none fails, and holds otherwise. Then the rule combines the readings:

    - ``all``: reproduced if every reading holds, contradicted if every reading fails, otherwise inconclusive.
    - ``any`` (the claim says "can" or "may"): reproduced if one reading holds, contradicted if all fail.
    - ``universal`` (the claim says "always"): contradicted if one reading fails, reproduced if all hold.
    - ``default-reading``: the reading named ``default`` decides, the others are listed.

    Args:
        claim: what is judged.
        evidence: comparisons from `Claim.measure`; none at all gives inconclusive.
        rule: how readings combine.
        default: the deciding reading; needed by ``default-reading``, ignored in the verdict of the other
            rules.

    Returns:
        A `Judgement` whose sentence is made of the evidence.

    Raises:
        SpecError: an unknown rule, or no default reading where the rule needs one.
    """
    items = tuple(evidence)
    verdict, conclusion = _combine(items, rule, default)
    return Judgement(claim, verdict, items, conclusion, rule, default)


def broken(claim: Claim, error: Exception) -> Judgement:
    """A claim whose numbers could not be computed: inconclusive, with what happened and where."""
    line = last_line(error)
    verdict, conclusion = _combine((), "all", None, line)
    return Judgement(claim, verdict, (), conclusion, error=line)


# -- comparing -----------------------------------------------------------------------------------------------


def _plain(value: Any) -> Value:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (int, float, np.integer, np.floating)):
        return float(value)
    raise SpecError(f"evidence compares numbers, words or truth values, not {value!r} of type {type(value).__name__}")


def _compare(value: Value, relation: Relation, expected: Value, tolerance: float) -> tuple[bool, bool]:
    words = isinstance(value, (str, bool)) or isinstance(expected, (str, bool))
    if words != (relation in ("is", "is not")):
        raise SpecError(
            f"{value!r} {relation} {expected!r} mixes numbers and words: use 'is' or 'is not' for words and "
            "truth values, and < <= == != >= > for numbers"
        )
    if isinstance(value, (str, bool)) or isinstance(expected, (str, bool)):
        same = type(value) is type(expected) and value == expected
        undefined = any(isinstance(side, float) and math.isnan(side) for side in (value, expected))
        return not undefined, not undefined and same == (relation == "is")
    if not (math.isfinite(value) and math.isfinite(expected)):
        return False, False
    slack = tolerance * (abs(expected) or 1.0)
    gap = value - expected
    holds: dict[str, bool] = {
        "<": gap < -slack,
        "<=": gap <= slack,
        "==": abs(gap) <= slack,
        "!=": abs(gap) > slack,
        ">=": gap >= -slack,
        ">": gap > slack,
    }
    return True, holds[relation]


# -- combining -----------------------------------------------------------------------------------------------


def _combine(evidence: tuple[Evidence, ...], rule: Rule, default: str | None, error: str = "") -> tuple[Verdict, str]:
    if error:
        return Verdict.INCONCLUSIVE, f"Inconclusive: it could not be computed: {error}."
    if rule not in get_args(Rule):
        raise SpecError(f"rule {rule!r} is none of {', '.join(get_args(Rule))}")
    if not evidence:
        return Verdict.INCONCLUSIVE, "Inconclusive: no evidence was computed."
    readings = {item.reading: tuple(e for e in evidence if e.reading == item.reading) for item in evidence}
    if default is not None and default not in readings:
        raise SpecError(f"the default reading {default!r} has no evidence; readings: {', '.join(readings)}")
    if rule == "default-reading" and default is None:
        raise SpecError(f"the rule 'default-reading' needs default=; readings: {', '.join(readings)}")
    states = {reading: _settle(items) for reading, items in readings.items()}
    verdict = _RULES[rule](states, default)
    return verdict, _sentence(verdict, rule, readings, states, default)


def _settle(items: tuple[Evidence, ...]) -> bool | None:
    """True if the reading holds, False if one comparison fails, None if it stays open."""
    if any(e.decided and not e.holds for e in items):
        return False
    return True if all(e.decided for e in items) else None


def _all(states: dict[str, bool | None], default: str | None) -> Verdict:
    if all(s is True for s in states.values()):
        return Verdict.REPRODUCED
    return Verdict.CONTRADICTED if all(s is False for s in states.values()) else Verdict.INCONCLUSIVE


def _any(states: dict[str, bool | None], default: str | None) -> Verdict:
    return Verdict.REPRODUCED if True in states.values() else _all(states, default)


def _universal(states: dict[str, bool | None], default: str | None) -> Verdict:
    return Verdict.CONTRADICTED if False in states.values() else _all(states, default)


def _default(states: dict[str, bool | None], default: str | None) -> Verdict:
    assert default is not None  # _combine refused it
    return _all({default: states[default]}, default)


_RULES: dict[str, Callable[[dict[str, bool | None], str | None], Verdict]] = {
    "all": _all,
    "any": _any,
    "universal": _universal,
    "default-reading": _default,
}


# -- wording -------------------------------------------------------------------------------------------------


def _sentence(
    verdict: Verdict,
    rule: Rule,
    readings: dict[str, tuple[Evidence, ...]],
    states: dict[str, bool | None],
    default: str | None,
) -> str:
    if len(readings) == 1:
        (items,) = readings.values()
        return f"{verdict.value.capitalize()}: {_clauses(items)}."
    first = [default] if default is not None else []
    order = [*first, *(r for r in readings if r != default)]
    parts = []
    for label, state in (("holds", True), ("fails", False), ("stays open", None)):
        found = [
            f"{r}{' (default)' if r == default else ''} [{_clauses(readings[r])}]" for r in order if states[r] is state
        ]
        if found:
            parts.append(f"{label} under {'; '.join(found)}")
    how = f"the default reading {default!r} decides" if rule == "default-reading" else f"rule {rule!r}"
    return f"{verdict.value.capitalize()} ({how}): " + ", and ".join(parts) + "."


def _clauses(items: tuple[Evidence, ...]) -> str:
    return ", ".join(str(e) for e in items)


def _text(value: Value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _json(value: Value) -> Value | None:
    return None if isinstance(value, float) and not math.isfinite(value) else value
