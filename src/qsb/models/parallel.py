r"""`parallel`: parallel, k-local and global charging at a stated equal resource.

.. math::

    H_B = \sum_i\frac{\omega}{2}\sigma^z_i,\qquad
    V = g\sum_{b=1}^{N/k}\ \prod_{i\in b}\sigma^x_i

The cells stand in N/k blocks of k that are flipped together: k = 1 is parallel charging by a field, k = N the global
flip. With :math:`H_B` off (a stage with ``battery = false``) the battery is full at :math:`T = \pi/2g` for every k, so
the advantage over parallel charging by a field :math:`\lambda` is :math:`\Gamma = T_\parallel/T = g/\lambda`: all of it
is in what is held equal.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from qsb import checks
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Space
from qsb.algebra.states import Start
from qsb.algebra.terms import Global, Local, Term, Word
from qsb.charging.battery import Battery
from qsb.errors import PlanError, SpecError
from qsb.units import format_bytes

#: cells whose blocks are written down as products, and the largest divisors that an error names
MOST_PRODUCTS, MOST_DIVISORS = 2**20, 1000

Resource = Literal["coupling", "norm", "variance"]


def parallel(
    cells: int,
    *,
    resource: Resource,
    block: int = 1,
    field: float = 1.0,
    frequency: float = 1.0,
    start: Start | None = None,
) -> Battery:
    r"""Blocks of k cells that are flipped together, as strong as a field at an equal resource.

    .. list-table::

        * - ``coupling``
          - :math:`g = \lambda`
          - :math:`\Gamma = 1`
        * - ``variance``
          - :math:`g = \sqrt k\,\lambda`, equal :math:`\mathrm{Var}\,V = N\lambda^2` in the start
          - :math:`\Gamma = \sqrt k`
        * - ``norm``
          - :math:`g = k\lambda`, equal :math:`\|V\| = N\lambda`
          - :math:`\Gamma = k`

    Args:
        cells: N >= 1.
        resource: what is held equal: ``coupling`` (of one product), ``norm`` (of V) or ``variance`` (of V).
        block: k, a divisor of N; N for the global flip.
        field: :math:`\lambda` of the parallel charger that it is compared with.
        frequency: :math:`\omega > 0`.
        start: the initial state; all down if None.

    Returns:
        A `Battery` on ``Space.spins(cells)``.

    Raises:
        SpecError: naming the argument, its value and what it may be.
        PlanError: if the products are more than are written down.

    References:
        Binder et al. 2015, doi:10.1088/1367-2630/17/7/075015, arXiv:1503.05007; Campaioli et al. 2017,
        doi:10.1103/PhysRevLett.118.150601, arXiv:1612.04991. The three values of Gamma are derived here.
    """
    n, k = checks.whole("cells", cells, 1), checks.whole("block", block, 1)
    checks.one_of("resource", resource, get_args(Resource))
    strength, gap = checks.number("field", field), checks.number("frequency", frequency, positive=True)
    space = Space.spins(n)
    if n % k:
        divisors = [d for d in range(1, min(n, MOST_DIVISORS) + 1) if n % d == 0]
        raise SpecError(f"block must divide the {n} cells, but it is {block!r}; it may be one of {divisors} or {n}.")
    if 1 < k < n and n > MOST_PRODUCTS:
        needed = 200 * n
        raise PlanError(
            f"{n} cells in blocks of {k} are {n // k} products, which are written one by one in about "
            f"{format_bytes(needed)}; take {MOST_PRODUCTS} cells at most, or blocks of 1 or {n}.",
            needed,
        )
    g = strength * {"coupling": 1.0, "variance": float(np.sqrt(k)), "norm": float(k)}[resource]
    terms: tuple[Term, ...]
    if k == 1:
        terms = (Local("x", g),)
    elif k == n:
        terms = (Global("x", g),)
    else:
        terms = tuple(Word(g, tuple((i, "x") for i in range(b, b + k))) for b in range(0, n, k))
    return Battery(
        space,
        OpSum((Local("z", gap / 2),)),
        OpSum(terms),
        start=Start() if start is None else start,
        name="parallel",
        reference="arXiv:1503.05007; arXiv:1612.04991",
    )


__all__ = ["parallel"]
