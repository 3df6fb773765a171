"""The examples in the docstrings of the figures of merit give what they print."""

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "name", ["collective", "daemonic", "ergotropy", "free_energy", "gaussian", "partition", "passivity"]
)
def test_examples(name):
    found = doctest.testmod(importlib.import_module(f"qsb.merit.{name}"))
    assert found.attempted > 0
    assert found.failed == 0
