r"""`chain`: spin chains XX, XXZ, XYZ and Heisenberg with field, Dzyaloshinskii-Moriya term, long range and disorder.

.. math::

    H_B = \sum_i\frac{\omega_i}{2}\sigma^z_i + X,\qquad
    V = \sum_i\lambda_i\sigma^a_i,\qquad
    X = \nu\sum_{i<j} w_{ij}\left[J_x\sigma^x_i\sigma^x_j + J_y\sigma^y_i\sigma^y_j + J_z\sigma^z_i\sigma^z_j
        + D(\sigma^x_i\sigma^y_j - \sigma^y_i\sigma^x_j)\right]

X belongs to :math:`H_B` (the battery interacts, a local field charges it) or to V (the interaction charges it).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsb import checks
from qsb.algebra.opsum import OpSum
from qsb.algebra.space import Role, Space
from qsb.algebra.states import Start
from qsb.algebra.terms import Local, Pair
from qsb.charging.battery import Battery
from qsb.errors import SpecError

Axis = Literal["x", "y", "z"]
Range = Literal["chain", "ring", "all", "power-law"]
Normalisation = Literal["none", "kac", "sqrt", "kac-sum"]

REFERENCE = "arXiv:1712.03559; arXiv:1905.12377"


def chain(
    cells: int,
    *,
    jx: float = 0.0,
    jy: float = 0.0,
    jz: float = 0.0,
    dm: float = 0.0,
    frequency: ArrayLike = 1.0,
    field: ArrayLike = 0.0,
    axis: Axis = "x",
    role: Role = "battery",
    geometry: Range = "chain",
    exponent: float | None = None,
    normalisation: Normalisation = "none",
    frequency_disorder: float = 0.0,
    coupling_disorder: float = 0.0,
    field_disorder: float = 0.0,
    seed: int = 0,
    start: Start | None = None,
) -> Battery:
    r"""Interacting cells in a row, each coupling axis with its own strength.

    Pauli matrices, no factors 1/2 or 1/4. In the interaction the first cell of a bond is the left one, and the one that
    closes a ring goes from the last cell to the first, so that a Dzyaloshinskii-Moriya ring has one sense of rotation.

    Disorder: :math:`\omega_i\to\omega_i + W u_i`, :math:`w_{ij}\to w_{ij}(1 + K u_{ij})` for all axes of a bond alike,
    :math:`\lambda_i\to\lambda_i + F u_i`, with u independent and uniform on [-1, 1]. The three kinds have streams of
    their own: changing one leaves the others as they are. Average over a sweep axis ``model.seed``.

    Solved as free fermions, at hundreds of cells, where all couplings are xx, yy and Dzyaloshinskii-Moriya ones of
    neighbours and the field is along z.

    Args:
        cells: N >= 1.
        jx: :math:`J_x`; positive favours unlike spins along x.
        jy: :math:`J_y`.
        jz: :math:`J_z`.
        dm: D, along z.
        frequency: :math:`\omega_i`; one number or one a cell. With frequencies of zero the ground state may be
            degenerate: name a start then.
        field: :math:`\lambda_i` of the charger; one number or one a cell.
        axis: a, along which the charger acts.
        role: ``battery``: X is part of :math:`H_B`; ``charger``: X is part of V.
        geometry: ``chain`` (open), ``ring``, ``all`` or ``power-law`` (:math:`w_{ij} = |i-j|^{-\alpha}`, open ends).
        exponent: :math:`\alpha` of a power law.
        normalisation: nu; ``none`` 1, ``kac`` 1/N, ``sqrt`` :math:`1/\sqrt N`, or ``kac-sum``
            :math:`(N-1)/\sum_{i<j}w_{ij}`, which makes :math:`\|X\|` extensive at any exponent.
        frequency_disorder: W >= 0.
        coupling_disorder: K >= 0.
        field_disorder: F >= 0.
        seed: of the disorder.
        start: the initial state; the ground state of :math:`H_B` if None.

    Returns:
        A `Battery` on ``Space.spins(cells)``.

    Raises:
        SpecError: naming the argument, its value and what it may be.

    References:
        Le et al. 2018, arXiv:1712.03559 (XXZ; abstract read, its exact convention not); Ghosh et al. 2020,
        arXiv:1905.12377 (XYZ, local field, disorder; abstract read); Puri et al. 2024, arXiv:2412.00921 (long range).
    """
    n = checks.whole("cells", cells, 1)
    checks.one_of("axis", axis, get_args(Axis))
    checks.one_of("role", role, get_args(Role))
    strengths = {name: checks.number(name, value) for name, value in (("jx", jx), ("jy", jy), ("jz", jz), ("dm", dm))}
    checks.whole("seed", seed, 0)
    omega = _uneven("frequency", frequency, frequency_disorder, n, seed, 0)
    drive = _uneven("field", field, field_disorder, n, seed, 1)
    bonds = _bonds(n, geometry, exponent, normalisation, coupling_disorder, seed)
    products = (("x", "x", "jx", 1.0), ("y", "y", "jy", 1.0), ("z", "z", "jz", 1.0), ("x", "y", "dm", 1.0))
    interaction = [
        Pair(a, b, sign * strengths[name] * bonds["strength"], **bonds["shape"])
        for a, b, name, sign in (*products, ("y", "x", "dm", -1.0))
        if strengths[name] and n > 1
    ]
    meter, charger = OpSum((Local("z", omega / 2),)), OpSum((Local(axis, drive),))
    extra = OpSum(tuple(interaction))
    return Battery(
        Space.spins(n),
        meter + extra if role == "battery" else meter,
        charger + extra if role == "charger" else charger,
        start=Start() if start is None else start,
        name="chain",
        reference=REFERENCE,
    )


def _with_options(model: Callable[..., Battery]) -> Callable[..., Battery]:
    """Show the arguments that a special chain passes on, so that a spec file knows and checks them."""
    own = [p for p in inspect.signature(model).parameters.values() if p.kind is not p.VAR_KEYWORD]
    taken = {"jx", "jy", "jz", *(p.name for p in own)}
    passed = [p for p in inspect.signature(chain).parameters.values() if p.name not in taken]
    model.__signature__ = inspect.Signature(own + passed)  # type: ignore[attr-defined]
    return model


@_with_options
def xxz(cells: int, *, coupling: float, anisotropy: float = 1.0, start: Start | None = None, **options: Any) -> Battery:
    r"""The XXZ chain, :math:`X = J\sum(\sigma^x\sigma^x + \sigma^y\sigma^y + \Delta\sigma^z\sigma^z)`.

    :math:`\Delta = 0` is the XX chain, 1 the Heisenberg chain (invisible to a polarised start under a uniform field,
    whose rotations it commutes with), and J > 0 antiferromagnetic.

    Args:
        cells: N.
        coupling: J.
        anisotropy: Delta.
        start: see `chain`.
        options: the other arguments of `chain`.

    Raises:
        SpecError: as `chain`.

    References:
        Le et al. 2018, arXiv:1712.03559.
    """
    j = checks.number("coupling", coupling)
    z = j * checks.number("anisotropy", anisotropy)
    return chain(cells, jx=j, jy=j, jz=z, start=start, **options)


@_with_options
def xyz(
    cells: int,
    *,
    coupling: float,
    gamma: float = 0.0,
    anisotropy: float = 0.0,
    start: Start | None = None,
    **options: Any,
) -> Battery:
    r"""The XYZ chain: XY couplings with an anisotropy in the plane, and zz ones.

    .. math:: X = \tfrac J4\sum[(1+\gamma)\sigma^x\sigma^x + (1-\gamma)\sigma^y\sigma^y + \Delta\sigma^z\sigma^z]

    :math:`\Delta = 0` is the XY chain (with ``geometry =
    "power-law"`` its long-range form), and :math:`\gamma = 1` then the Ising chain along x.

    Args:
        cells: N.
        coupling: J.
        gamma: anisotropy in the plane.
        anisotropy: Delta.
        start: see `chain`.
        options: the other arguments of `chain`.

    Raises:
        SpecError: as `chain`.

    References:
        Ghosh et al. 2020, arXiv:1905.12377; the factor 1/4 is from memory, not verified.
    """
    j, g = checks.number("coupling", coupling) / 4, checks.number("gamma", gamma)
    z = j * checks.number("anisotropy", anisotropy)
    return chain(cells, jx=j * (1 + g), jy=j * (1 - g), jz=z, start=start, **options)


def _uneven(
    name: str, value: ArrayLike, width: float, count: int, seed: int, stream: int
) -> float | NDArray[np.float64]:
    """A number a cell, with uniform noise of its own stream."""
    base = checks.sitewise(name, value, count)
    spread = checks.number(f"{name}_disorder", width, least=0.0)
    return base + spread * np.random.default_rng([seed, stream]).uniform(-1, 1, count) if spread else base


def _bonds(
    n: int, geometry: str, exponent: float | None, normalisation: str, width: float, seed: int
) -> dict[str, Any]:
    """Weights of the bonds at unit coupling, and the arguments of `Pair` that go with them."""
    checks.one_of("geometry", geometry, get_args(Range))
    checks.one_of("normalisation", normalisation, get_args(Normalisation))
    power = None if exponent is None else checks.number("exponent", exponent)
    if (power is None) == (geometry == "power-law"):
        raise SpecError(f"exponent belongs to geometry 'power-law', but it is {exponent!r} with {geometry!r}.")
    spread = checks.number("coupling_disorder", width, least=0.0)
    scale = 1.0
    if normalisation == "kac-sum":
        scale, normalisation = (n - 1) / _total(n, geometry, power) if n > 1 else 1.0, "none"
    shape: dict[str, Any] = {"geometry": geometry, "exponent": power, "normalisation": normalisation}
    if not spread:
        return {"strength": scale, "shape": shape}
    i, j, w = Pair("z", "z", 1.0, geometry, power).bonds(Space.spins(n))  # type: ignore[arg-type]
    noisy = scale * w * (1 + spread * np.random.default_rng([seed, 2]).uniform(-1, 1, len(w)))
    if geometry in ("chain", "ring"):
        return {"strength": noisy, "shape": shape}
    matrix = np.zeros((n, n))
    matrix[i, j] = noisy
    return {"strength": matrix, "shape": {"geometry": "explicit", "normalisation": normalisation}}


def _total(n: int, geometry: str, power: float | None) -> float:
    """Sum of the weights of all bonds, without writing them down."""
    if geometry == "power-law":
        r = np.arange(1, n, dtype=float)
        return float(np.sum((n - r) * r ** -float(power or 0.0)))
    return float({"chain": n - 1, "ring": n if n > 2 else n - 1, "all": n * (n - 1) / 2}[geometry])


__all__ = ["chain", "xxz", "xyz"]
