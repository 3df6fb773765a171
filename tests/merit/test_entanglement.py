"""Negativity and mutual information: known states, QuTiP, and what must hold for every state."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qsb.algebra.blocks import Spectrum
from qsb.errors import SpecError, StructureError
from qsb.merit.correlation import entropy
from qsb.merit.entanglement import (
    log_negativity,
    mutual_information,
    negativity,
    negativity_of_transpose,
    partial_trace,
    partial_transpose,
    schmidt_negativity,
)

SEEDS = st.integers(0, 2**32 - 1)
BELL = np.array([1, 0, 0, 1]) / np.sqrt(2)


def random_state(rng, size, rank):
    a = rng.normal(size=(size, rank)) + 1j * rng.normal(size=(size, rank))
    rho = a @ a.conj().T
    return rho / np.trace(rho).real


def test_bell_and_ghz_and_w():
    """N = 1/2 for GHZ across any cut; W_3 one against two: N = sqrt(2)/3, S = ln 3 - (2/3) ln 2."""
    assert negativity(BELL, [0], [2, 2]) == pytest.approx(0.5)
    assert log_negativity(BELL, [0], [2, 2]) == pytest.approx(np.log(2))
    assert mutual_information(BELL, [0], [2, 2]) == pytest.approx(2 * np.log(2))
    w = np.array([0, 1, 1, 0, 1, 0, 0, 0]) / np.sqrt(3)
    assert negativity(w, [1], [2, 2, 2]) == pytest.approx(np.sqrt(2) / 3)
    assert mutual_information(w, [1], [2, 2, 2]) == pytest.approx(2 * (np.log(3) - 2 / 3 * np.log(2)))
    assert negativity(w, [], [2, 2, 2]) == pytest.approx(0.0, abs=1e-14)


@pytest.mark.parametrize("share", [0.0, 0.2, 1 / 3, 0.5, 1.0])
def test_werner_states_are_entangled_above_one_third(share):
    """x singlet + (1-x)/4: N = max(0, (3x - 1)/4)."""
    singlet = np.array([0, 1, -1, 0]) / np.sqrt(2)
    rho = share * np.outer(singlet, singlet) + (1 - share) * np.eye(4) / 4
    assert negativity(rho, [1], [2, 2]) == pytest.approx(max(0.0, (3 * share - 1) / 4), abs=1e-14)


def test_a_classical_mixture_is_correlated_but_not_entangled():
    rho = np.diag([0.5, 0, 0, 0.5])
    assert negativity(rho, [0], [2, 2]) == 0.0
    assert mutual_information(rho, [0], [2, 2]) == pytest.approx(np.log(2))


def test_against_qutip():
    qutip = pytest.importorskip("qutip")
    rng = np.random.default_rng(5)
    dims = [2, 3, 2]
    rho = random_state(rng, 12, 3)
    state = qutip.Qobj(rho, dims=[dims, dims])
    turned = qutip.partial_transpose(state, [0, 1, 0])
    assert partial_transpose(rho, [1], dims) == pytest.approx(turned.full(), abs=1e-14)
    assert negativity(state, [1], dims) == pytest.approx((turned.norm("tr") - 1) / 2, abs=1e-12)
    assert partial_trace(rho, [0, 2], dims) == pytest.approx(state.ptrace([0, 2]).full(), abs=1e-14)
    expected = sum(qutip.entropy_vn(state.ptrace(k)) for k in ([1], [0, 2])) - qutip.entropy_vn(state)
    assert mutual_information(state, [1], dims) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.sampled_from([(2, 2), (2, 3), (3, 2, 2)]), st.integers(1, 6))
def test_properties(seed, dims, rank):
    """The same from both sides, the same under local unitaries, 0 for products, bounded; pure states by Schmidt."""
    rng = np.random.default_rng(seed)
    size = int(np.prod(dims))
    rho = random_state(rng, size, rank)
    rest = list(range(1, len(dims)))
    one = negativity(rho, [0], dims)
    assert one == pytest.approx(negativity(rho, rest, dims), abs=1e-12)
    assert 0 <= one <= (min(dims[0], size // dims[0]) - 1) / 2 + 1e-12
    local = np.kron(*(np.linalg.qr(rng.normal(size=(n, n)))[0] for n in (dims[0], size // dims[0])))
    turned = local @ rho @ local.T
    assert negativity(turned, [0], dims) == pytest.approx(one, abs=1e-10)
    shared = mutual_information(rho, [0], dims)
    assert mutual_information(turned, [0], dims) == pytest.approx(shared, abs=1e-9)
    parts = [partial_trace(rho, kept, dims) for kept in ([0], rest)]
    least = min(float(entropy(Spectrum.simple(np.linalg.eigvalsh(p)))) for p in parts)
    assert -1e-12 <= shared <= 2 * least + 1e-9
    product = np.kron(*parts)
    assert negativity(product, [0], dims) == pytest.approx(0.0, abs=1e-10)
    assert mutual_information(product, [0], dims) == pytest.approx(0.0, abs=1e-9)
    psi = rng.normal(size=size) + 1j * rng.normal(size=size)
    psi /= np.linalg.norm(psi)
    reduced = np.linalg.eigvalsh(partial_trace(np.outer(psi, psi.conj()), [0], dims))
    assert negativity(psi, [0], dims) == pytest.approx(schmidt_negativity(Spectrum.simple(reduced)), abs=1e-7)


def test_batches():
    kets = np.stack([BELL, [1, 0, 0, 0], BELL])
    assert negativity(kets, [0], [2, 2]) == pytest.approx([0.5, 0.0, 0.5])
    rho = kets[:, :, None] * kets[:, None, :]
    assert mutual_information(rho, [0], [2, 2]) == pytest.approx([2 * np.log(2), 0.0, 2 * np.log(2)])


def test_what_is_refused():
    with pytest.raises(SpecError, match="cut is"):
        negativity(BELL, [2], [2, 2])
    with pytest.raises(SpecError, match="cut is"):
        partial_trace(np.eye(4) / 4, [0, 0], [2, 2])
    with pytest.raises(SpecError, match="shape"):
        negativity(np.eye(4) / 4, [0], [2, 3])
    with pytest.raises(SpecError, match="need"):
        partial_transpose(np.eye(4), [0], [2, 3])
    with pytest.raises(StructureError, match="sum to"):
        negativity_of_transpose(Spectrum.simple([0.5, 0.1]))
