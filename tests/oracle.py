"""Printed numbers, compared at the accuracy with which they are printed."""

from decimal import Decimal

import pytest


def printed(text):
    """Equal to what rounds to a printed number: within half a unit of its last digit, "3.8e26" from 3.75e26 on."""
    number = Decimal(text)
    half = Decimal((0, (5,), number.as_tuple().exponent - 1))
    return pytest.approx(float(number), abs=float(half) * (1 + 1e-9))
