"""How a figure grows with the number of cells, and whether that growth is an advantage.

A slope of log y against log N on a few small N is not an exponent: y = N - 1 has slope 1.46 on N = 2..6. This
file therefore reports, next to the slope, everything that could unmask it: windows that drop the smallest N,
local exponents, their extrapolation to infinite N, the ratio to a count of what was added (bonds, charger
span), and the growth that a bound still permits. The verdict is computed from those numbers; names are only
printed.

The resource that is held equal between sizes must be named, because the same data are an advantage at equal
coupling and none at equal operator norm (Campaioli et al., Rev. Mod. Phys. 96, 031001 (2024)).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsb import checks
from qsb.errors import SpecError
from qsb.studies.exponent import Estimate, LocalExponent, Window, limit_of, local_of, slope_of, windows_of

if TYPE_CHECKING:
    import xarray

Array = NDArray[np.float64]

MARGIN = 0.01
"""Exponents closer than this are not told apart: deterministic data leave a drift that no residual shows."""

WIDE = 0.1
"""Half-width of the asymptotic interval above which linear growth is not called shown."""

LINEAR = 0.05
"""Slopes up to this much above 1 are not read as growth above linear when the limit holds 1."""

VERDICTS = ("super-extensive", "extensive", "sub-extensive", "no asymptotic advantage shown", "inconclusive")


@dataclass(frozen=True)
class CountComparison:
    """A count (bonds, charger span) beside the figure: how the count grows, and how figure / count does.

    ``accounts`` is true when the count itself grows at most linearly for large N and the figure does not
    outgrow it.
    """

    name: str
    growth: Estimate
    growth_limit: Estimate
    ratio: Estimate
    ratio_limit: Estimate
    accounts: bool


@dataclass(frozen=True)
class BoundComparison:
    """An upper bound beside the figure: its slope and its limit, the tightness, and what follows.

    ``forbids``: the bound's own limit is at most linear, so super-linear growth of the figure cannot persist.
    ``violated``: a value lies above its bound, so one of the two is wrong.
    """

    growth: Estimate
    growth_limit: Estimate
    tightest: float
    forbids: bool
    violated: bool


@dataclass(frozen=True)
class Scaling:
    """The answer of `fit_scaling`; ``str()`` prints a table with the reasons, `to_dict` gives plain data."""

    figure: str
    resource: str
    confidence: float
    cells: tuple[int, ...]
    values: tuple[float, ...]
    exponent: Estimate
    prefactor: float
    scatter: float
    windows: tuple[Window, ...]
    local: tuple[LocalExponent, ...]
    limit: Estimate
    counts: tuple[CountComparison, ...]
    bound: BoundComparison | None
    verdict: str
    reasons: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """All numbers, the verdict and the reasons as plain Python data that JSON can hold."""
        plain = asdict(self)
        for name in ("cells", "values", "windows", "local", "counts", "reasons"):
            plain[name] = list(plain[name])
        return plain

    def __str__(self) -> str:
        """A table of the exponents, then the reasons of the verdict."""
        return "\n".join([_headline(self), *_table(self), "because", *(f"  - {line}" for line in self.reasons)])


def fit_scaling(
    cells: ArrayLike,
    values: ArrayLike,
    *,
    resource: str = "",
    counts: Mapping[str, ArrayLike] | None = None,
    bound: ArrayLike | None = None,
    confidence: float = 0.95,
    figure: str = "figure",
) -> Scaling:
    r"""Exponent of ``values`` against ``cells`` with everything that could unmask it, and a computed verdict.

    The exponent is the unweighted least-squares slope of :math:`\log y = c + a \log N`, its interval
    :math:`a \pm t_{n-2} s_a` (Student). The limit extrapolates the local exponents in 1/N to infinite N, see
    `qsb.studies.exponent.limit_of`.

    Verdicts: ``super-extensive`` (slope and limit above 1, no count and no bound explains it away),
    ``extensive`` (limit 1 and narrow), ``sub-extensive`` (limit below 1), ``no asymptotic advantage shown``
    (drift, a count or the bound remove or rule out growth above linear), ``inconclusive``. Exponents within
    `MARGIN` of each other are not told apart.

    Args:
        cells: numbers of cells N, positive integers, no two alike, at least three, any order.
        values: the figure y at each N, positive, any unit.
        resource: what is held equal between the sizes ("coupling", "operator norm", "variance", or free
            text). Required.
        counts: named positive arrays to compare with, e.g. ``{"bonds": N - 1, "charger span": v_max -
            v_min}``.
        bound: upper bound of y at each N in the unit of y, e.g. `qsb.merit.bound.locality`.
        confidence: level of all intervals, between 0 and 1.
        figure: name of y, for print only.

    Returns:
        A frozen `Scaling`.

    Raises:
        SpecError: no resource named, fewer than three points, a non-positive or non-finite number, a
            duplicate or fractional N, arrays of different lengths, or a confidence outside (0, 1).
    """
    if not isinstance(resource, str) or not resource.strip():
        raise SpecError(
            "resource is missing: name what is held equal between the sizes, e.g. resource='coupling', "
            "'operator norm' or 'variance'; without it an exponent is no advantage"
        )
    if not 0.0 < checks.number("confidence", confidence) < 1.0:
        raise SpecError(f"confidence is {confidence}: give a level between 0 and 1, e.g. 0.95")
    checks.made_of("counts", {} if counts is None else counts, Mapping, "a mapping of names to one number a size")
    checks.word("figure", figure)
    sizes = _sizes(cells)
    order = np.argsort(sizes)
    n = sizes[order].astype(np.float64)
    y = _positive("values", values, n.size)[order]
    compared = {name: _positive(f"count {name!r}", c, n.size)[order] for name, c in (counts or {}).items()}
    ceiling = None if bound is None else _positive("bound", bound, n.size)[order]

    exponent, prefactor, scatter = slope_of(n, y, confidence)
    local = local_of(n, y)
    limit = limit_of(n, y, confidence)
    against = tuple(_against_count(name, n, y, c, confidence) for name, c in compared.items())
    beneath = None if ceiling is None else _against_bound(n, y, ceiling, confidence)
    verdict, reasons = _verdict(n, exponent, scatter, local, limit, against, beneath, confidence)
    return Scaling(
        figure=figure,
        resource=resource.strip(),
        confidence=float(confidence),
        cells=tuple(int(k) for k in n),
        values=tuple(float(v) for v in y),
        exponent=exponent,
        prefactor=prefactor,
        scatter=scatter,
        windows=windows_of(n, y, confidence),
        local=local,
        limit=limit,
        counts=against,
        bound=beneath,
        verdict=verdict,
        reasons=reasons,
    )


def fit_dataset(
    dataset: xarray.Dataset,
    figure: str = "peak_power",
    over: str = "cells",
    *,
    resource: str = "",
    confidence: float = 0.95,
) -> Scaling:
    """`fit_scaling` of one variable of a sweep.

    For the power figures (``peak_power``, ``peak_average_power``) the variables ``charger_span`` and
    ``bound_locality`` (its largest value in time) are compared with as well, where the dataset has them.

    Args:
        dataset: what a sweep returned; ``figure`` must have the one dimension ``over``.
        figure: a variable of the dataset.
        over: the swept dimension, whose coordinate holds the numbers of cells.
        resource: what is held equal between the sizes. Required.
        confidence: level of all intervals.

    Returns:
        A frozen `Scaling`.

    Raises:
        SpecError: no such variable or dimension, further dimensions left, or what `fit_scaling` refuses.
    """
    import xarray as xr

    checks.made_of("dataset", dataset, xr.Dataset, "a dataset of a sweep: qsb.sweep returns one")
    checks.word("figure", figure)
    checks.word("over, the swept dimension,", over)
    if over not in dataset.dims or over not in dataset.coords:
        have = ", ".join(map(str, dataset.dims)) or "none"
        raise SpecError(f"the dataset has no swept dimension {over!r} with a coordinate; its dimensions are: {have}")
    sizes = dataset[over].values
    y = _variable(dataset, figure, over)
    counts: dict[str, Array] = {}
    ceiling: Array | None = None
    if figure in ("peak_power", "peak_average_power"):
        if "charger_span" in dataset and not np.isnan(span := _variable(dataset, "charger_span", over)).all():
            counts["charger span"] = span
        if "bound_locality" in dataset:
            largest = dataset["bound_locality"]
            largest = largest.max("time") if "time" in largest.dims else largest
            found = _along(largest, "bound_locality", over)
            ceiling = None if np.isnan(found).all() else found
    return fit_scaling(sizes, y, resource=resource, counts=counts, bound=ceiling, confidence=confidence, figure=figure)


# -- reading -------------------------------------------------------------------------------------------------


def _variable(dataset: xarray.Dataset, name: str, over: str) -> Array:
    if name not in dataset:
        near = get_close_matches(name, [str(v) for v in dataset.data_vars], n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(map(str, dataset.data_vars))}"
        raise SpecError(f"the dataset has no variable {name!r}{hint}")
    return _along(dataset[name], name, over)


def _along(variable: xarray.DataArray, name: str, over: str) -> Array:
    extra = [str(d) for d in variable.dims if d != over]
    if extra or over not in variable.dims:
        raise SpecError(
            f"{name!r} has the dimensions {tuple(map(str, variable.dims))}, but one value for each {over!r} "
            f"is needed; select or reduce {', '.join(extra) or 'nothing else'} first"
        )
    return np.asarray(variable.values, dtype=np.float64)


def _numbers(name: str, given: ArrayLike) -> Array:
    try:
        array = np.asarray(given)
        if np.iscomplexobj(array):
            raise ValueError
        array = array.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        raise SpecError(f"{name} must be real numbers, not {given!r}") from None
    if array.ndim != 1:
        raise SpecError(f"{name} must be one-dimensional, but has the shape {array.shape}")
    if not np.isfinite(array).all():
        raise SpecError(f"{name} has a value that is not finite ({array[~np.isfinite(array)][0]}); remove that size")
    return array


def _sizes(cells: ArrayLike) -> NDArray[np.int64]:
    n = _numbers("cells", cells)
    if n.size < 3:
        raise SpecError(f"{n.size} point(s) given: an exponent with an interval needs at least 3 sizes, better 6")
    if (n != np.round(n)).any() or (n < 1).any():
        raise SpecError(f"cells must be positive integers, but one is {n[(n != np.round(n)) | (n < 1)][0]:g}")
    whole = n.astype(np.int64)
    values, times = np.unique(whole, return_counts=True)
    if (times > 1).any():
        raise SpecError(f"N = {values[times > 1][0]} is given more than once: average repetitions before the fit")
    return whole


def _positive(name: str, given: ArrayLike, size: int) -> Array:
    array = _numbers(name, given)
    if array.size != size:
        raise SpecError(f"{name} has {array.size} entries for {size} sizes; give one for each")
    if (array <= 0).any():
        raise SpecError(f"{name} has the value {array[array <= 0][0]:g}: a power law needs positive values only")
    return array


# -- comparisons ---------------------------------------------------------------------------------------------


def _against_count(name: str, n: Array, y: Array, count: Array, confidence: float) -> CountComparison:
    growth, growth_limit = slope_of(n, count, confidence)[0], limit_of(n, count, confidence)
    ratio, ratio_limit = slope_of(n, y / count, confidence)[0], limit_of(n, y / count, confidence)
    # The limits decide, not the slopes: N^1.5/(N-1) has slope 0.04 on N = 2..6 and still grows as N^0.5.
    outgrown = ratio_limit.low > MARGIN or ratio_limit.value > WIDE
    return CountComparison(
        name,
        growth,
        growth_limit,
        ratio,
        ratio_limit,
        accounts=_at_most_linear(growth_limit) and not outgrown,
    )


def _against_bound(n: Array, y: Array, ceiling: Array, confidence: float) -> BoundComparison:
    growth, limit = slope_of(n, ceiling, confidence)[0], limit_of(n, ceiling, confidence)
    tightest = float((y / ceiling).max())
    return BoundComparison(growth, limit, tightest, forbids=_at_most_linear(limit), violated=tightest > 1 + 1e-6)


def _at_most_linear(limit: Estimate) -> bool:
    return limit.low <= 1 + MARGIN and limit.value <= 1 + WIDE


# -- verdict -------------------------------------------------------------------------------------------------


def _verdict(
    n: Array,
    slope: Estimate,
    scatter: float,
    local: tuple[LocalExponent, ...],
    limit: Estimate,
    counts: tuple[CountComparison, ...],
    bound: BoundComparison | None,
    confidence: float,
) -> tuple[str, tuple[str, ...]]:
    level = f"{100 * confidence:g} %"
    reasons = [
        f"the slope of log y on log N is {slope} ({level}) over N = {n[0]:.0f} to {n[-1]:.0f}",
        f"the local exponent goes from {local[0].exponent:.3f} at N = {local[0].cells:.1f} to "
        f"{local[-1].exponent:.3f} at N = {local[-1].cells:.1f} and extrapolates to {limit} for infinite N",
    ]
    steps = np.diff([point.exponent for point in local])
    if n.size >= 5 and (np.diff(n) == 1).all() and (steps[1:] * steps[:-1] < 0).all() and scatter > 1e-6:
        reasons.append(f"odd and even N alternate: residual scatter {scatter:.3f} of log y is in the intervals")
    against = _objections(counts, bound)
    reasons += against[1]
    if bound is not None and bound.violated:
        return "inconclusive", tuple(reasons)
    verdict, sentence = _decide(n.size, scatter, slope, limit, against[0])
    return verdict, (*reasons, sentence)


def _objections(counts: tuple[CountComparison, ...], bound: BoundComparison | None) -> tuple[bool, list[str]]:
    lines = []
    for c in counts:
        end = "so the count accounts for the growth" if c.accounts else "so the count does not account for the growth"
        lines.append(
            f"{c.name} grows with exponent {c.growth_limit} for infinite N and figure / {c.name} with "
            f"{c.ratio_limit} (slope {c.ratio}), {end}"
        )
    if bound is not None:
        if bound.violated:
            end = f"but a value reaches {bound.tightest:.6g} of it: the bound or the data are wrong"
        elif bound.forbids:
            end = f"and the data reach {bound.tightest:.3f} of it, so growth above linear cannot persist"
        else:
            end = f"and the data reach {bound.tightest:.3f} of it, so it permits growth above linear"
        lines.append(f"the bound has slope {bound.growth} and exponent {bound.growth_limit} for infinite N, {end}")
    refuted = any(c.accounts for c in counts) or (bound is not None and bound.forbids)
    return refuted, lines


def _decide(points: int, scatter: float, slope: Estimate, limit: Estimate, refuted: bool) -> tuple[str, str]:
    drifts = points > 3 and slope.value > limit.high + MARGIN and limit.low <= 1 + MARGIN
    if slope.value > 1 + LINEAR and (refuted or drifts):
        cause = "the comparison above" if refuted else "the drift"
        return (
            "no asymptotic advantage shown",
            f"the slope {slope.value:.3f} lies above 1, but {cause} removes it",
        )
    verdict, sentence = _from_exponents(points, scatter, slope, limit)
    if refuted and verdict in ("super-extensive", "inconclusive"):
        return (
            "no asymptotic advantage shown",
            f"{sentence}, but the comparison above rules out growth above linear",
        )
    return verdict, sentence


def _from_exponents(points: int, scatter: float, slope: Estimate, limit: Estimate) -> tuple[str, str]:
    half = (limit.high - limit.low) / 2
    if points < 4 and scatter > 1e-9:  # a power law to rounding needs no more points
        return (
            "inconclusive",
            f"{points} points cannot tell an exponent from a drift; give at least 4, better 6",
        )
    if slope.low > 1 + MARGIN and limit.low > 1 + MARGIN:
        return (
            "super-extensive",
            f"slope and limit both lie above 1 ({slope.low:.3f} and {limit.low:.3f} at least)",
        )
    if limit.high < 1 - MARGIN:
        return "sub-extensive", f"the limit lies below 1 ({limit.high:.3f} at most)"
    if half <= WIDE and limit.low <= 1 + MARGIN and slope.low <= 1 + LINEAR:
        return "extensive", f"the limit {limit} holds 1 within {WIDE:g} and the slope is {slope.value:.3f}"
    return "inconclusive", f"slope {slope} and limit {limit} do not decide between linear growth and another"


# -- print ---------------------------------------------------------------------------------------------------


def _headline(s: Scaling) -> str:
    return f"{s.figure} against the number of cells at equal {s.resource}: {s.verdict}"


def _table(s: Scaling) -> list[str]:
    windows = list(s.windows[1:])
    shown = windows if len(windows) <= 4 else [*windows[:3], windows[-1]]
    ends = list(s.local) if len(s.local) <= 6 else [*s.local[:2], *s.local[-3:]]
    rows = [(f"slope, N = {s.cells[0]} to {s.cells[-1]}", f"{s.exponent}  scatter {s.scatter:.2g} of log y")]
    rows += [(f"slope, N >= {w.smallest}", f"{w.exponent}  {w.points} points") for w in shown]
    rows.append(("local exponents", ", ".join(f"{p.exponent:.3f} at {p.cells:.1f}" for p in ends)))
    rows.append(("N to infinity", str(s.limit)))
    rows += [(f"per {c.name}", f"{c.ratio}  limit {c.ratio_limit}; count's limit {c.growth_limit}") for c in s.counts]
    if s.bound is not None:
        rows.append(("bound", f"{s.bound.growth}  limit {s.bound.growth_limit}; reached {s.bound.tightest:.3f}"))
    width = max(len(name) for name, _ in rows)
    return [f"  {name:<{width}}  {text}" for name, text in rows]
