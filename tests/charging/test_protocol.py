"""Stages and channels: a kind that is no known word is refused in a sentence."""

import numpy as np
import pytest

from qsb.charging.environment import Channel
from qsb.charging.protocol import Stage
from qsb.errors import SpecError

WRONG = ["chrge", ["charge"], {}, 1, None, True, np.array("charge"), np.array(["charge", "store"]), np.ones((2, 2))]


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_a_kind_of_a_wrong_type_is_refused(wrong):
    with pytest.raises(SpecError, match="'charge', 'store' or 'discharge', but it is"):
        Stage(wrong, 1.0)
    with pytest.raises(SpecError, match="emission, pumping, dephasing or thermal, but it is"):
        Channel(wrong, 0.1)
