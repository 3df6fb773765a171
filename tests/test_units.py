"""SI at the edge: the constants, the factor of 2 pi, and refusals that say what to write instead."""

import math

import pytest
import scipy.constants
from hypothesis import given
from hypothesis import strategies as st

from qsb import units
from qsb.errors import SpecError


def test_constants_are_the_exact_si_values():
    assert units.PLANCK == scipy.constants.h == 6.62607015e-34
    assert units.BOLTZMANN == scipy.constants.k == 1.380649e-23
    assert units.SPEED_OF_LIGHT == scipy.constants.c == 299792458
    assert units.ELEMENTARY_CHARGE == scipy.constants.e == 1.602176634e-19
    assert math.isclose(units.HBAR, scipy.constants.hbar, rel_tol=1e-15)
    assert math.isclose(units.HBAR, 1.054571817e-34, rel_tol=1e-9)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5 GHz", 2 * math.pi * 5e9),
        ("5GHz", 2 * math.pi * 5e9),
        ("1 Hz", 2 * math.pi),
        ("3e10 rad/s", 3e10),
        ("3 Grad/s", 3e9),
        ("1 meV", 1e-3 * 1.602176634e-19 / 1.054571817e-34),
        ("20 mK", 20e-3 * 1.380649e-23 / 1.054571817e-34),
        ("1 J", 1 / 1.054571817e-34),
        ("1 cm^-1", 2 * math.pi * 29.9792458e9),
        ("50 ns", 5e-8),
        ("-2.5 µs", -2.5e-6),
        ("-2.5 us", -2.5e-6),
        (" .5 s ", 0.5),
    ],
)
def test_parse(text, value):
    assert math.isclose(units.parse(text), value, rel_tol=1e-9)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("5 ghz", "did you mean 'GHz'"),
        ("5 lightyears", "known units are Hz, rad/s, J, eV, K, cm^-1, s"),
        ("5", "no unit"),
        ("GHz", "cannot read"),
        ("", "cannot read"),
        ("nan GHz", "cannot read"),
        ("1e999 GHz", "not a finite number"),
        ("5 GHz GHz", "unknown unit"),
    ],
)
def test_parse_refuses_and_says_what_to_write(text, words):
    with pytest.raises(SpecError) as error:
        units.parse(text)
    assert words in str(error.value)


def test_parse_refuses_what_is_no_text():
    with pytest.raises(SpecError, match="cannot read 5"):
        units.parse(5)  # type: ignore[arg-type]


def test_parse_refuses_the_other_kind():
    assert units.parse("50 ns", "time") == pytest.approx(5e-8)
    with pytest.raises(SpecError, match="is a time, and a frequency is needed"):
        units.parse("50 ns", "frequency")
    with pytest.raises(SpecError, match="is a frequency, and a time is needed"):
        units.parse("50 Hz", "time")


def test_convert_known_equivalents():
    # 1 eV/h, 1 eV/k_B and 1 eV/(h c) as CODATA 2022 lists them.
    assert units.convert(1, "eV", "Hz") == pytest.approx(2.417989242e14, rel=1e-9)
    assert units.convert(1, "eV", "K") == pytest.approx(1.160451812e4, rel=1e-9)
    assert units.convert(1, "eV", "cm^-1") == pytest.approx(8.065543937e3, rel=1e-9)
    assert units.convert(1, "Hz", "rad/s") == pytest.approx(2 * math.pi)
    with pytest.raises(SpecError, match="cannot convert"):
        units.convert(1, "eV", "s")


@given(
    st.floats(1e-12, 1e12),
    st.sampled_from(["GHz", "meV", "K", "J", "rad/s", "cm^-1"]),
    st.sampled_from(["MHz", "eV", "mK", "fJ", "krad/s"]),
)
def test_convert_round_trip(value, unit, to):
    assert math.isclose(units.convert(units.convert(value, unit, to), to, unit), value, rel_tol=1e-14)


def test_scale_turns_model_units_into_si():
    scale = units.Scale(units.parse("5 GHz"))
    assert scale.joules(1.0) == pytest.approx(units.PLANCK * 5e9)
    assert scale.seconds(2 * math.pi) == pytest.approx(0.2e-9)
    assert scale.watts(1.0) == pytest.approx(scale.joules(1.0) / scale.seconds(1.0))
    assert scale.kelvin(1.0) == pytest.approx(units.convert(5, "GHz", "K"))
    assert scale.model("10 GHz") == pytest.approx(2.0)
    assert scale.seconds(scale.model("50 ns")) == pytest.approx(50e-9)


@pytest.mark.parametrize("omega0", [0.0, -1.0, math.nan, math.inf])
def test_scale_needs_a_positive_frequency(omega0):
    with pytest.raises(SpecError, match="must be positive and finite"):
        units.Scale(omega0)


@pytest.mark.parametrize(
    ("text", "size"),
    [("4 GiB", 4 * 1024**3), ("4 GB", 4 * 1000**3), ("512 MiB", 512 * 1024**2), ("1.5 kB", 1500), ("7 B", 7)],
)
def test_parse_bytes(text, size):
    assert units.parse_bytes(text) == size


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("4 gib", "did you mean 'GiB'"),
        ("4 apples", "known units are B, kB"),
        ("0 B", "at least"),
        ("-1 GB", "at least"),
    ],
)
def test_parse_bytes_refuses(text, words):
    with pytest.raises(SpecError) as error:
        units.parse_bytes(text)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (4 * 1024**3, "4 GiB"),
        (16 * 4**30, "16 EiB"),
        (4**1000, "about 10^602 B"),
    ],
)
def test_format_bytes(size, text):
    assert units.format_bytes(size) == text


@given(st.integers(1, 10**24))
def test_format_bytes_is_read_back_within_its_digits(size):
    text = units.format_bytes(size)
    if not text.startswith("about"):
        assert math.isclose(units.parse_bytes(text), size, rel_tol=6e-3)


def test_format_bytes_refuses_a_negative_size():
    with pytest.raises(SpecError, match="negative"):
        units.format_bytes(-1)
