"""Stores, starts and powers that the property tests of the stellar store draw from."""

import numpy as np
from hypothesis import strategies as st

from qsb.stellar.loss import Latching, Logistic, Loss, Pair, Step, Stochastic
from qsb.stellar.store import State, Store

EDGES = np.array([0.0, 0.5, 1.7, 2.0, 4.0])
POWERS = st.lists(st.sampled_from([0.0, 0.3, 1.0, 2.5, 9.0]), min_size=4, max_size=4)
LAWS = {
    "none": None,
    "step": Step(1.0, 3.0),
    "latching": Latching(1.0, 3.0, 0.6),
    "stochastic": Stochastic(1.0, 5.0, 1e-3, 0.5),
    "logistic": Logistic(1.0, 3.0, 0.1),
    "pair": Pair(0.5),
}
SECOND = st.sampled_from([None, Loss(), Loss(0.2), Loss(0.7), Loss(9.0)])
STARTS = st.builds(State, st.sampled_from([0.0, 0.2, 0.5]), st.sampled_from([0.0, 0.1]))


def stores(laws, passive_loss=None):
    """Stores with one of some avalanche laws; slow, fast and no leaks, with and without limits."""
    return st.builds(
        Store,
        st.builds(
            Loss,
            baseline=st.sampled_from([0.0, 1e-9, 0.2, 1.0, 60.0]),
            attempt=st.sampled_from([0.0, 0.1]),
            gap=st.just(4e-21),
            avalanche=st.sampled_from(list(laws)),
        ),
        capacity=st.sampled_from([None, 0.7, 1.0, 1.3, 4.0]),
        eta_in=st.sampled_from([0.4, 0.9, 1.0]),
        eta_out=st.sampled_from([0.5, 1.0]),
        dephasing=st.sampled_from([0.0, 1e-12, 0.3, 20.0]),
        passive_loss=st.none() if passive_loss is None else passive_loss,
    )
