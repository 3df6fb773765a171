r"""`custom`: a battery from operators that the user has, QuTiP's `Qobj` and `QobjEvo` or plain matrices.

.. math:: H(t) = H_B + H_C + f(t)\,V + \sum_k c_k(t)\,V_k

Two habits of QuTiP scripts give wrong batteries without a word, and this is where they would enter:

* **`destroy(2)` raises.** QuTiP's index 0 is the upper state of `sigmaz()`, so `destroy(2)`, which takes index 1 to
  index 0, equals `sigmap()`: used as a decay operator beside :math:`+\omega\sigma^z/2` it pumps cells up. The operator
  that loses energy is `sigmam()`. `custom_channels` refuses nothing here, since both are legal; look at ``heat_power``.
* **Pulses are skipped.** An adaptive solver that starts in a quiet stretch may step over a short pulse (QuTiP's issue
  1945, open; its cure is the option ``max_step``). Here a coefficient that is a function must come with `max_step`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsb import checks
from qsb.algebra.opsum import OpSum
from qsb.algebra.site_operators import SPIN_OPERATORS
from qsb.algebra.space import Group, Level, Space, Spin
from qsb.algebra.states import Start
from qsb.algebra.terms import Matrix, Word
from qsb.charging.battery import Battery
from qsb.charging.envelope import Envelope, Function
from qsb.charging.environment import Channel
from qsb.errors import SpecError, StructureError

#: anti-Hermitian part of V(t), relative to its largest entry, above which it is refused
_HERMITIAN = 1e-10


@dataclass(frozen=True)
class _Part:
    """A fixed operator and its complex coefficient; a constant one where `coefficient` is None."""

    operator: Any
    coefficient: Callable[[float], complex] | None
    breaks: tuple[float, ...] = ()


@dataclass(frozen=True)
class _Weight:
    """A real function made of a complex coefficient: its real or imaginary part, or its squared modulus."""

    coefficient: Callable[[float], complex]
    part: str

    def __call__(self, t: float) -> float:
        z = _value(self.coefficient, t)
        return {"real": z.real, "imag": -z.imag, "square": abs(z) ** 2}[self.part]


def _value(coefficient: Callable[[float], complex], t: float) -> complex:
    """A coefficient at one time.

    Raises:
        SpecError: if it is no number then.
    """
    try:
        found = coefficient(t)
        if isinstance(found, str):  # Python would read a number out of it
            raise TypeError(f"it is the text {found!r}")
        return complex(found)
    except (TypeError, ValueError, OverflowError) as error:
        raise SpecError(f"A coefficient must be a number at every time, but at t = {t:.6g}: {error}.") from error


def custom(
    battery: Any,
    interaction: Any = None,
    *,
    charger: Any = None,
    start: Any = None,
    chargers: Sequence[int] = (),
    max_step: float | None = None,
    tlist: ArrayLike | None = None,
    args: dict[str, Any] | None = None,
) -> Battery:
    r"""A battery from its operators.

    Args:
        battery: :math:`H_B`, the energy meter: a Qobj or a square matrix (dense or scipy-sparse), constant.
        interaction: V: the same, or a QobjEvo, or QuTiP's list ``[V0, [V1, c1], ...]``. Constant parts are multiplied
            by the envelope of a stage; parts with a coefficient follow it, with t since the start of the stage, while
            the charger is on. Coefficients may be functions ``c(t)`` or ``c(t, **args)``, arrays over `tlist`, QuTiP
            strings or `qutip.coefficient` objects; complex ones as long as the sum is Hermitian.
        charger: :math:`H_C`, constant.
        start: a `Start`, a Qobj, a ket or a density matrix; the ground state of :math:`H_B` if None.
        chargers: tensor factors that are no part of the battery: they are traced out of its state, and :math:`H_B` must
            not act on them. The start must be a whole state then.
        max_step: the longest step that cannot miss a feature of any coefficient that is a function or string.
        tlist: times of array coefficients (QuTiP interpolates them by cubic splines).
        args: arguments of the coefficients.

    Returns:
        A `Battery` on the tensor factors of :math:`H_B`: spins where all have two levels (index 0 is up), else levels.

    Raises:
        SpecError: on operators of different size, a superoperator, NaN, or a missing `max_step`.
        StructureError: if :math:`H_B`, :math:`H_C` or V(t) is not Hermitian.
    """
    _check_options(max_step, tlist, args)
    chargers = checks.several("chargers", chargers, "a list of tensor factors")  # an array [0] would count as none
    space = _space(battery, chargers)
    if chargers and (start is None or (isinstance(start, Start) and start.kind != "state")):
        raise SpecError("With chargers the start must be given as a ket or a density matrix of battery and charger.")
    meter = _meter(battery, space) if chargers else _sum("H_B", battery)
    fixed: list[Any] = []
    moving: list[_Part] = []
    for part in _parts(interaction, tlist, args):
        if part.coefficient is None:
            fixed.append(part.operator)
        else:
            moving.append(part)
    _check_hermitian(moving, max_step)
    drives: list[tuple[OpSum, Envelope]] = []
    for part in moving:
        a = part.operator
        adjoint = a.conj().T
        # c A + (its adjoint, somewhere else in the sum): the Hermitian part is Re(c) X - Im(c) Y for A = X + iY
        for operator, which in (((a + adjoint) / 2, "real"), ((a - adjoint) / 2j, "imag")):
            if _largest(operator) > _HERMITIAN * _largest(a):
                assert part.coefficient is not None
                drives.append((OpSum((Matrix(operator),)), _envelope(part, which, max_step)))
    return Battery(
        space,
        meter,
        OpSum(tuple(Matrix(m) for m in fixed)),
        OpSum() if charger is None else _sum("H_C", charger),
        tuple(drives),
        _start(start),
        name="custom",
    )


def custom_channels(
    operators: Sequence[Any],
    *,
    max_step: float | None = None,
    tlist: ArrayLike | None = None,
    args: dict[str, Any] | None = None,
) -> tuple[Channel, ...]:
    r"""Channels from collapse operators, :math:`D[L]` each, as QuTiP's ``c_ops``.

    A list ``[L, c]`` means :math:`L(t) = c(t) L`, so the rate is :math:`|c(t)|^2`, as in QuTiP: a coefficient is an
    amplitude, not a rate. Mind that `destroy(2)` raises a cell (see the module's text); `sigmam()` lowers it.

    Args:
        operators: Qobjs, matrices, lists ``[L, c]``, or QobjEvos of one part.
        max_step: the longest step that cannot miss a feature of a coefficient that is a function or string.
        tlist: times of array coefficients.
        args: arguments of the coefficients.

    Raises:
        SpecError: on a superoperator, NaN, or a missing `max_step`.
        StructureError: on a jump operator that is a sum with different coefficients.
    """
    _check_options(max_step, tlist, args)
    out = []
    for operator in checks.several("The collapse operators", operators, "a list of operators"):
        listed = [operator] if isinstance(operator, list) else operator
        parts = _parts(listed, tlist, args)
        if len(parts) != 1:
            raise StructureError(
                f"A jump operator with {len(parts)} parts of different coefficients is not a rate times one operator; "
                "give each as its own channel if they are independent."
            )
        (part,) = parts
        envelope = None if part.coefficient is None else _envelope(part, "square", max_step)
        out.append(Channel("custom", 1.0, operator=OpSum((Matrix(part.operator),)), envelope=envelope))
    return tuple(out)


def _check_options(max_step: float | None, tlist: ArrayLike | None, args: dict[str, Any] | None) -> None:
    """Refuse options of coefficients that no coefficient could use."""
    if max_step is not None:
        checks.number("max_step", max_step, positive=True)
    if tlist is not None:
        checks.row("tlist", tlist, least=2)
    if args is not None:
        checks.made_of("args", args, dict, "a dict of the coefficients' arguments")


def _parts(source: Any, tlist: ArrayLike | None, args: dict[str, Any] | None) -> list[_Part]:
    """Operators and coefficients of anything that QuTiP would take as a Hamiltonian."""
    if source is None:
        return []
    if type(source).__name__ == "QobjEvo":
        source = source.to_list()
        if any(not (isinstance(item, list) or hasattr(item, "isoper")) for item in source):
            raise SpecError("A QobjEvo that is a Python function of t hides its parts; write [operator, coefficient].")
    if not isinstance(source, list):
        return [_Part(_matrix("An operator", source), None)]
    out = []
    for item in source:
        if isinstance(item, list | tuple):
            if len(item) != 2:
                raise SpecError(f"A time-dependent part is [operator, coefficient], but it has {len(item)} entries.")
            out.append(_Part(_matrix("An operator", item[0]), *_coefficient(item[1], tlist, args)))
        else:
            out.append(_Part(_matrix("An operator", item), None))
    return out


def _coefficient(
    source: Any, tlist: ArrayLike | None, args: dict[str, Any] | None
) -> tuple[Callable[[float], complex], tuple[float, ...]]:
    """The function and the times at which it may have a kink."""
    import qutip

    if isinstance(source, str):
        return _written(source, args), ()
    if isinstance(source, qutip.Coefficient):
        return qutip.coefficient(source, args=args or {}), _knots(source, tlist)
    if callable(source):
        return (_bound(source, args) if args else source), tuple(getattr(source, "breaks", ()))
    if tlist is None:
        raise SpecError("A coefficient that is an array needs tlist, the times of its values.")
    times = checks.reals("tlist", tlist)
    try:
        values = np.asarray(source, dtype=complex)
    except (TypeError, ValueError, OverflowError) as error:
        raise SpecError(f"A coefficient must be numbers, a text or a function, but it is {source!r}.") from error
    values = values.real if not np.any(values.imag) else values
    if times.ndim != 1 or values.shape != times.shape or len(times) < 2:
        raise SpecError(
            f"A coefficient has {values.shape} values for {times.shape} times; it needs one a time, two at least."
        )
    if np.any(np.diff(times) <= 0) or not (np.all(np.isfinite(times)) and np.all(np.isfinite(values))):
        raise SpecError("tlist must increase, and its values must be finite.")
    return qutip.coefficient(values, tlist=times), tuple(times.tolist())


def _bound(source: Callable[..., complex], args: dict[str, Any]) -> Callable[[float], complex]:
    """A function with its arguments, as QuTiP hands them over; QuTiP looks at it once at t = 0."""
    import qutip

    try:
        made: Callable[[float], complex] = qutip.coefficient(source, args=args)
    except (TypeError, ValueError, OverflowError) as error:
        raise SpecError(
            f"A coefficient must be a number at every time, given t and {', '.join(map(str, args))}, but: {error}."
        ) from error
    return made


def _written(source: str, args: dict[str, Any] | None) -> Callable[[float], complex]:
    """The function that a text of QuTiP means, once it has been evaluated."""
    import qutip

    try:
        made: Callable[[float], complex] = qutip.coefficient(source, args=args or {})
        complex(made(0.0))
    except Exception as error:  # QuTiP compiles the text, which may fail in any way
        raise SpecError(f"The coefficient {source!r} is no text that QuTiP can evaluate: {error}") from error
    return made


def _knots(source: Any, tlist: ArrayLike | None) -> tuple[float, ...]:
    """Times of a coefficient that QuTiP interpolates; others have none."""
    if type(source).__name__ == "InterCoefficient" and tlist is not None:
        return tuple(np.asarray(tlist, dtype=float).tolist())
    return ()


def _envelope(part: _Part, which: str, max_step: float | None) -> Envelope:
    """The real envelope of a part, with a step that cannot miss it."""
    assert part.coefficient is not None
    step = max_step
    if step is None and len(part.breaks) > 1:
        step = float(np.diff(part.breaks).min())
    if step is None:
        raise SpecError(
            "A coefficient that is a function of time needs max_step, the longest step that cannot miss any of its "
            "features (a pulse width, a quarter period): a solver may step over a pulse otherwise."
        )
    return Function(_Weight(part.coefficient, which), step, part.breaks)


def _check_hermitian(parts: list[_Part], max_step: float | None) -> None:
    """Refuse a V(t) whose moving parts do not add up to a Hermitian operator at eight times."""
    if not parts:
        return
    last = max((p.breaks[-1] for p in parts if p.breaks), default=8 * (max_step or 1.0))
    for t in np.linspace(0.0, last, 8):
        whole = sum(_value(p.coefficient, float(t)) * p.operator for p in parts if p.coefficient is not None)
        if _largest(whole - whole.conj().T) > _HERMITIAN * max(_largest(p.operator) for p in parts):
            raise StructureError(
                f"V(t) is not Hermitian at t = {t:.6g}; add the adjoint part with the conjugate coefficient."
            )


def _matrix(name: str, operator: Any) -> Any:
    """A square matrix, sparse where it was."""
    if hasattr(operator, "issuper"):
        if operator.issuper:
            raise SpecError(f"{name} is a superoperator; give the collapse operators themselves.")
        if not operator.isoper:
            raise SpecError(f"{name} must be an operator, but it is a {operator.type}.")
        kind = type(operator.data).__name__
        return operator.data_as("csr_matrix") if kind == "CSR" else np.asarray(operator.full())
    if hasattr(operator, "tocsr"):
        return operator.tocsr()
    a = np.asarray(operator)
    if a.ndim != 2 or a.dtype.kind not in "iufc":
        raise SpecError(f"{name} must be a Qobj or a square matrix, but it is {type(operator).__name__}.")
    return a


def _sum(name: str, operator: Any) -> OpSum:
    """One opaque term."""
    if type(operator).__name__ == "QobjEvo" or isinstance(operator, list):
        raise SpecError(f"{name} must be constant: what depends on time belongs to the interaction.")
    return OpSum((Matrix(_matrix(name, operator)),))


def _meter(operator: Any, space: Space) -> OpSum:
    r"""H_B beside chargers, which must be :math:`h\otimes 1` for the battery's part h to be known."""
    matrix = _matrix("H_B", operator)
    dense = np.asarray(matrix.toarray() if hasattr(matrix, "tocsr") else matrix)
    own = space.part("battery").dimension
    rest = space.dimension // own
    sites = space.sites_of("battery")
    order = [*sites, *(i for i in range(space.sites) if i not in sites)]
    dims = space.dimensions()
    tensor = dense.reshape(*dims, *dims).transpose(*order, *(i + space.sites for i in order))
    parts = tensor.reshape(own, rest, own, rest)
    h = np.einsum("icjc->ij", parts) / rest
    if np.abs(parts - h[:, None, :, None] * np.eye(rest)[None, :, None, :]).max() > _HERMITIAN * max(
        _largest(h), 1e-300
    ):
        raise SpecError("H_B acts on the chargers as well; put what they do into charger and interaction.")
    return OpSum(tuple(_words(h, sites, space)))


def _words(h: NDArray[Any], sites: Sequence[int], space: Space) -> list[Word]:
    """An operator of some sites as products of named ones: Pauli matrices of spins, ``j|k`` of levels."""
    bases = [_basis(space.dimensions()[i]) for i in sites]
    rest = h.reshape(1, *h.shape)
    for _, duals in bases:
        d = duals.shape[-1]
        parts = rest.reshape(len(rest), d, rest.shape[1] // d, d, rest.shape[2] // d)
        rest = np.einsum("bkl,akilj->abij", duals, parts).reshape(len(rest) * len(duals), *parts.shape[2::2])
    values = rest.reshape([len(names) for names, _ in bases])
    small = 1e-14 * _largest(h)
    return [
        Word(complex(values[at]), tuple((site, names[k]) for site, (names, _), k in zip(sites, bases, at, strict=True)))
        for at in zip(*np.nonzero(np.abs(values) > small), strict=True)
    ]


def _basis(dimension: int) -> tuple[list[str], NDArray[Any]]:
    """Names of a basis of operators of a site, and what gives the coefficients, sum conj(dual) o."""
    if dimension == 2:
        names = ["i", "x", "y", "z"]
        return names, np.stack([SPIN_OPERATORS[name].conj() / 2 for name in names])
    names = [f"{j}|{k}" for j in range(dimension) for k in range(dimension)]
    return names, np.eye(dimension**2).reshape(-1, dimension, dimension)


def _space(operator: Any, chargers: Sequence[int] = ()) -> Space:
    """Sites of an operator: the tensor factors of a Qobj, or qubits if the dimension is a power of two."""
    if hasattr(operator, "dims"):
        dimensions = [int(d) for d in np.ravel(operator.dims[0])]
    else:
        shape: tuple[int, ...] = getattr(operator, "shape", ())
        if len(shape) != 2:
            raise SpecError(f"H_B must be a Qobj or a square matrix, but it is {type(operator).__name__}.")
        d = int(shape[0])
        cells = d.bit_length() - 1
        dimensions = [2] * cells if d == 2**cells and cells else [d]
    if any(isinstance(c, bool) or not isinstance(c, Integral) or not 0 <= int(c) < len(dimensions) for c in chargers):
        raise SpecError(f"chargers must name tensor factors 0..{len(dimensions) - 1}, but they are {list(chargers)}.")
    if chargers:
        kinds = [(Spin() if d == 2 else Level(d), i in chargers) for i, d in enumerate(dimensions)]
        groups = [(kind, away, len(list(same))) for (kind, away), same in groupby(kinds)]
        return Space(
            tuple(
                Group(f"{'charger' if away else 'cells'}-{k}", kind, count, "charger" if away else "battery")
                for k, (kind, away, count) in enumerate(groups)
            )
        )
    if all(d == 2 for d in dimensions):
        return Space.spins(len(dimensions))
    runs = [(d, len(list(same))) for d, same in groupby(dimensions)]
    if len(runs) == 1:
        return Space((Group("cells", Level(runs[0][0]), runs[0][1]),))
    return Space(tuple(Group(f"cells-{k}", Level(d), count) for k, (d, count) in enumerate(runs)))


def _start(source: Any) -> Start:
    if source is None:
        return Start()
    if isinstance(source, Start):
        return source
    if hasattr(source, "isket"):
        if source.isbra:
            raise SpecError("The start must be a ket or a density matrix, but it is a bra.")
        source = source.full()[:, 0] if source.isket else source.full()
    try:
        return Start("state", array=np.asarray(source, dtype=complex))
    except (TypeError, ValueError, OverflowError) as error:
        raise SpecError(
            f"The start must be a Start, a Qobj, a ket or a density matrix, but it is {source!r}."
        ) from error


def _largest(a: Any) -> float:
    """Largest modulus of a dense or sparse matrix."""
    values: NDArray[Any] = a.data if hasattr(a, "tocsr") else np.asarray(a)
    return float(np.abs(values).max(initial=0.0))


__all__ = ["custom", "custom_channels"]
