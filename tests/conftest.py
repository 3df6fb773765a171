"""What every test shares: reproducible examples, no display, a seeded generator."""

import os

os.environ.setdefault("MPLBACKEND", "Agg")

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# No deadline: the machines that run this are small and shared. The same examples on every run, so that a new
# failure means a change in the code.
settings.register_profile(
    "qsb", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("qsb")


@pytest.fixture
def rng():
    """A generator with a fixed seed; tests never touch the global one."""
    return np.random.default_rng(20260101)
