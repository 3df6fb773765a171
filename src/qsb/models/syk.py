r"""`syk`: cells charged by a Sachdev-Ye-Kitaev Hamiltonian, disordered couplings of four fermions at a time.

.. math::

    H_B = \frac{\omega_0}{2}\sum_j\sigma^y_j,\qquad
    V = \sum_{i,j,k,l=1}^{N} J_{ijkl}\,c_i^\dagger c_j^\dagger c_k c_l,\qquad
    c_j = \prod_{k<j}(-\sigma^z_k)\,\sigma^-_j

`V` keeps the number of spins up and :math:`H_B` does not: it is the axis y (or x) that lets it charge at all.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.states import Start
from qsb.algebra.terms import Local, Quartic, Term
from qsb.charging.battery import Battery
from qsb.errors import SpecError

#: cells whose couplings are written down; the planner refuses fewer, by its bytes
MOST = 50

Charger = Literal["fermions", "bosons", "parallel"]


def syk(
    cells: int,
    *,
    seed: int = 0,
    coupling: float = 1.0,
    frequency: float = 1.0,
    charger: Charger = "fermions",
    start: Start | None = None,
) -> Battery:
    r"""One sample of a disordered battery; average over a sweep axis ``model.seed``.

    The couplings are complex Gaussian numbers of mean zero with

    .. math::
        J_{ijkl} = J_{klij}^*,\qquad J_{ijkl} = -J_{jikl} = -J_{ijlk},\qquad
        \langle|J_{ijkl}|^2\rangle = J^2/N^3,

    real and imaginary part of variance :math:`J^2/2N^3` each, or real of variance :math:`J^2/N^3` where (ij) = (kl).
    The sum runs over all four indices, so each product of two pairs comes four times. Of hard-core bosons the strings
    are left out, :math:`c_j\to\sigma^-_j`, and J is symmetric in each pair: the same numbers, other
    signs, and the whole V of one seed is minus the sum as written, which the distribution of J does not tell apart.
    ``parallel`` is the comparison :math:`V = J\sum_j\sigma^x_j`.

    In the paper :math:`H_B` is off while V is on: use a stage with ``battery = false``.

    Read in the source: the abstract (complex SYK, N up to 16, super-extensive power). From memory, not verified: the
    variance, the symmetries of J, the axis y of :math:`H_B`, and that it is off during the charging.

    A product with V goes through states with two fewer particles, so memory is some tens of kets; `qsb.plan` states it.
    One sample up to t = 2.5/J at 51 times takes, in seconds of one core and MB beyond the interpreter's 250: 0.1 and 2
    at N = 8, 0.2 and 6 at 10, 0.9 and 15 at 12, 3 and 42 at 14, 16 and 92 at 16.

    Args:
        cells: N >= 2.
        seed: of the couplings: the same number gives the same sample, whatever the machine.
        coupling: J.
        frequency: :math:`\omega_0 > 0`.
        charger: ``fermions``, ``bosons`` or ``parallel``.
        start: the initial state; all cells in the lower state of :math:`\sigma^y` if None.

    Returns:
        A `Battery` on ``Space.spins(cells)``.

    Raises:
        SpecError: naming the argument, its value and what it may be.

    References:
        Rossini et al. 2020, doi:10.1103/PhysRevLett.125.236402, arXiv:1912.07234; Rosa et al. 2020, arXiv:1912.07247.
    """
    n = checks.whole("cells", cells, 1)
    checks.whole("seed", seed, 0)
    j, gap = checks.number("coupling", coupling), checks.number("frequency", frequency, positive=True)
    checks.one_of("charger", charger, get_args(Charger))
    if charger == "parallel":
        term: Term = Local("x", j)
    elif n < 2:
        raise SpecError(f"cells must be at least 2, of which the charger makes pairs, but it is {cells!r}.")
    elif n > MOST:
        raise SpecError(f"cells is {n}, but a ket of them takes 16 x 2^{n} bytes; more than {MOST} fit no machine.")
    else:
        term = Quartic(-4 * j * pair_couplings(n, seed), charger == "fermions")
    return Battery(
        Space.spins(n),
        OpSum((Local("y", gap / 2),)),
        OpSum((term,)),
        start=Start() if start is None else start,
        name="syk",
        reference="arXiv:1912.07234",
    )


def pair_couplings(cells: int, seed: int) -> NDArray[np.complex128]:
    r"""The independent couplings at J = 1, Hermitian (P, P) over the pairs i < j of `numpy.triu_indices`.

    :math:`\langle|J_{PQ}|^2\rangle = 1/N^3`. The sum over all indices is
    :math:`-4\sum_{PQ} J_{PQ}A_P^\dagger A_Q`, for :math:`A_{kl} = c_l c_k = -c_k c_l`.
    """
    p = cells * (cells - 1) // 2
    a, b = np.random.default_rng(seed).normal(size=(2, p, p))
    out = np.triu(a + 1j * b, 1) / np.sqrt(2)
    return np.asarray((out + out.conj().T + np.diag(np.diag(a))) / cells**1.5, dtype=complex)


__all__ = ["pair_couplings", "syk"]
