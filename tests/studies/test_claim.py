"""Verdicts follow from evidence alone, whatever somebody would like them to be."""

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsb.errors import SpecError
from qsb.studies.claim import Claim, Evidence, Judgement, Verdict, broken, judge

CLAIM = Claim("17A-power", "17A", "P_max grows faster than linearly", tolerance=1e-6, spec="qsb reproduce")
KEYS = {"id", "section", "statement", "basis", "verdict", "evidence", "spec", "conclusion", "error"}


def holds(reading="a"):
    return CLAIM.measure("exponent", 1.5, ">", 1.0, reading=reading)


def fails(reading="b"):
    return CLAIM.measure("exponent", 0.9, ">", 1.0, reading=reading)


def is_open(reading="c"):
    return CLAIM.measure("exponent", math.nan, ">", 1.0, reading=reading)


@pytest.mark.parametrize(
    ("value", "relation", "expected", "tolerance", "answer"),
    [
        (1.0, "==", 1.0, 0.0, True),
        (1.01, "==", 1.0, 0.02, True),
        (1.03, "==", 1.0, 0.02, False),
        (3.828e26, "==", 3.8e26, 0.01, True),
        (1e-9, "==", 0.0, 1e-8, True),
        (1.01, "!=", 1.0, 0.02, False),
        (1.03, "!=", 1.0, 0.02, True),
        (1.0000001, "<=", 1.0, 1e-6, True),
        (1.1, "<=", 1.0, 1e-6, False),
        (0.9999999, ">=", 1.0, 1e-6, True),
        (1.0000001, ">", 1.0, 1e-6, False),
        (1.1, ">", 1.0, 1e-6, True),
        (0.9, "<", 1.0, 1e-6, True),
        (0.9999999, "<", 1.0, 1e-6, False),
        ("extensive", "is", "extensive", 0.0, True),
        ("extensive", "is", "super-extensive", 0.0, False),
        ("extensive", "is not", "super-extensive", 0.0, True),
        (True, "is", True, 0.0, True),
        (np.True_, "is", False, 0.0, False),
        (np.float64(2), ">", np.int64(1), 0.0, True),
        (np.array(2.0), ">", 1, 0.0, True),
    ],
)
def test_relations(value, relation, expected, tolerance, answer):
    e = Evidence("r", "q", value, relation, expected, tolerance)
    assert e.decided
    assert e.holds is answer
    assert type(e.value) in (float, bool, str)


@pytest.mark.parametrize("relation", ["<", "<=", "==", "!=", ">=", ">"])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_never_holds(relation, bad):
    for e in (Evidence("r", "q", bad, relation, 1.0), Evidence("r", "q", 1.0, relation, bad)):
        assert not e.holds
        assert not e.decided
        assert judge(CLAIM, [e]).verdict is Verdict.INCONCLUSIVE


def test_nan_beside_a_word_decides_nothing():
    e = Evidence("r", "q", math.nan, "is not", "extensive")
    assert not e.holds
    assert not e.decided


def test_holds_cannot_be_set():
    with pytest.raises(TypeError):
        Evidence("r", "q", 0.0, ">", 1.0, holds=True)
    with pytest.raises(dataclasses.FrozenInstanceError):
        fails().holds = True
    with pytest.raises(SpecError, match="by hand"):
        Judgement(CLAIM, Verdict.REPRODUCED, (fails(),), "Reproduced: trust me.")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("r", "q", 1.0, "~", 1.0), "relation '~'"),
        (("r", "q", 1.0, "==", 1.0, -1.0), "tolerance"),
        (("r", "q", 1.0, "==", 1.0, math.nan), "tolerance"),
        (("r", "q", "a", ">", "b"), "mixes numbers and words"),
        (("r", "q", 1.0, "is", 1.0), "mixes numbers and words"),
        (("r", "q", True, "==", 1.0), "mixes numbers and words"),
        (("r", "q", 1j, "==", 1.0), "complex"),
        (("r", "q", None, "==", 1.0), "NoneType"),
        (("r", "q", np.ones(2), "==", 1.0), "ndarray"),
    ],
)
def test_wrong_evidence_is_refused(arguments, message):
    with pytest.raises(SpecError, match=message):
        Evidence(*arguments)


R, C, I = Verdict.REPRODUCED, Verdict.CONTRADICTED, Verdict.INCONCLUSIVE  # noqa: E741


@pytest.mark.parametrize(
    ("evidence", "everywhere", "somewhere", "always"),
    [
        ([], I, I, I),
        ([holds()], R, R, R),
        ([fails()], C, C, C),
        ([is_open()], I, I, I),
        ([holds(), holds("b")], R, R, R),
        ([fails(), fails("a")], C, C, C),
        ([holds(), fails()], I, R, C),
        ([holds(), is_open()], I, R, I),
        ([fails(), is_open()], I, I, C),
        ([holds("a"), fails("a")], C, C, C),  # one reading with a failing number fails
        ([holds("a"), is_open("a")], I, I, I),
    ],
)
def test_rules(evidence, everywhere, somewhere, always):
    found = tuple(judge(CLAIM, evidence, rule).verdict for rule in ("all", "any", "universal"))
    assert found == (everywhere, somewhere, always)


def test_default_reading_decides_and_the_others_are_listed():
    j = judge(CLAIM, [holds("a"), fails("b"), is_open("c")], "default-reading", default="b")
    assert j.verdict is C
    for part in (
        "'b' decides",
        "fails under b (default)",
        "0.9 is not above 1",
        "holds under a",
        "stays open under c",
    ):
        assert part in j.conclusion
    assert judge(CLAIM, [holds("a"), fails("b")], "default-reading", default="a").verdict is R


def test_default_reading_must_exist():
    with pytest.raises(SpecError, match="needs default="):
        judge(CLAIM, [holds()], "default-reading")
    with pytest.raises(SpecError, match="'z' has no evidence"):
        judge(CLAIM, [holds()], "default-reading", default="z")
    with pytest.raises(SpecError, match="rule 'most'"):
        judge(CLAIM, [holds()], "most")
    with pytest.raises(SpecError, match="rule 'most'"):
        judge(CLAIM, [], "most")


def test_no_evidence_says_so():
    j = judge(CLAIM, [])
    assert j.verdict is I
    assert "no evidence" in j.conclusion


def test_what_could_not_be_computed_is_inconclusive_and_says_why():
    made = broken(CLAIM, SpecError("two\n  lines"))
    assert made.error == made.to_dict()["error"] == "SpecError: two lines"
    assert made.verdict is Verdict.INCONCLUSIVE
    assert made.conclusion == "Inconclusive: it could not be computed: SpecError: two lines."
    with pytest.raises(SpecError, match="by hand"):
        dataclasses.replace(made, verdict=Verdict.REPRODUCED)
    with pytest.raises(SpecError, match="by hand"):
        dataclasses.replace(judge(CLAIM, [holds()]), error="SpecError: no")
    assert broken(CLAIM, ValueError()).error == "ValueError"


def test_dictionary_has_the_keys_and_survives_json():
    j = judge(CLAIM, [holds(), is_open(), CLAIM.measure("verdict", "extensive", "is", "super-extensive", note="n")])
    plain = j.to_dict()
    assert set(plain) == KEYS
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["verdict"] == "inconclusive"
    assert plain["evidence"][1]["value"] is None
    assert plain["evidence"][0]["rerun"] == CLAIM.spec
    assert plain["evidence"][0]["tolerance"] == CLAIM.tolerance


def test_claim_needs_a_name_and_a_tolerance():
    with pytest.raises(SpecError, match="id and a statement"):
        Claim("", "1", "s")
    with pytest.raises(SpecError, match="tolerance"):
        Claim("a", "1", "s", tolerance=-1)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(allow_nan=True)), max_size=6))
def test_rules_are_ordered(items):
    """Where every reading is enough, some reading is; and no rule claims the opposite of a stricter one."""
    evidence = [CLAIM.measure("x", v, ">", 0.0, reading=r) for r, v in items]
    everywhere, somewhere, always = (judge(CLAIM, evidence, r).verdict for r in ("all", "any", "universal"))
    assert everywhere != R or (somewhere == R and always == R)
    assert everywhere != C or (somewhere == C and always == C)
    assert (everywhere == R) == (always == R)
    assert (everywhere == C) == (somewhere == C)


@pytest.mark.parametrize(
    ("value", "relation", "expected", "sentence"),
    [
        (1.03, ">", 1.0, "x: 1.03 is not above 1 by more than 5 %"),
        (0.97, "<", 1.0, "x: 0.97 is not below 1 by more than 5 %"),
        (1.2, ">", 1.0, "x: 1.2 is above 1 by more than 5 %"),
        (1.03, "<=", 1.0, "x: 1.03 is at most 1 within 5 %"),
        (0.02, "==", 0.0, "x: 0.02 equals 0 within 0.05"),
    ],
)
def test_the_sentence_tells_the_slack(value, relation, expected, sentence):
    assert str(Evidence("r", "x", value, relation, expected, 0.05)) == sentence


@pytest.mark.parametrize(
    ("value", "relation", "words"),
    [
        (1.5, "==", "differs from 1 by more than 10 %"),
        (1.05, "==", "equals 1 within 10 %"),
        (1.5, "!=", "differs from 1 by more than 10 %"),
        (1.05, "!=", "equals 1 within 10 %"),
        (1.05, ">", "is not above 1 by more than 10 %"),
        (1.05, "<=", "is at most 1 within 10 %"),
        (1.5, "<=", "exceeds 1 by more than 10 %"),
    ],
)
def test_the_slack_is_worded_with_the_outcome(value, relation, words):
    assert str(Evidence("r", "q", value, relation, 1.0, 0.1)).endswith(words)
