"""Block-diagonal states with multiplicities: what every readout returns and every figure of merit takes.

A state that the physics keeps block diagonal is written

    rho = (+)_b  block_b (x) 1_{m_b}   (+)   0 on `null` further dimensions,

so that the number of stored entries follows the reduced problem while every nonlinear figure (ergotropy,
capacity, purity, entropy) still sees all dimensions of the battery. Multiplicities are exact Python integers;
beyond what a float can hold (2^1023) they are used through their logarithms.

`Spectrum` is what is left when only eigenvalues matter: values and how often each occurs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qsb import checks
from qsb.errors import SpecError

__all__ = ["Blocks", "Factor", "RealArray", "Spectrum"]

RealArray = NDArray[np.float64]
Array = NDArray[Any]

# exp(690) is about 2^995: below it a multiplicity is a plain float, above it only its logarithm is used.
_LARGEST_LOG = 690.0


def _counts(multiplicity: Sequence[Any], owner: str) -> tuple[int, ...]:
    """Return the multiplicities as Python integers, refusing anything that is not a whole number >= 1."""
    counts = []
    for item in checks.several(f"{owner}: multiplicity", multiplicity, "a list of whole numbers"):
        if isinstance(item, bool) or not isinstance(item, (int, np.integer)) or item < 1:
            raise SpecError(
                f"{owner}: multiplicity {item!r} is not a whole number >= 1; leave a level out instead of "
                "giving it multiplicity 0"
            )
        counts.append(int(item))
    return tuple(counts)


def _signed_exp(log_factor: ArrayLike, values: RealArray) -> RealArray:
    """Return exp(log_factor) * values without forming exp(log_factor), which may overflow."""
    with np.errstate(divide="ignore"):
        magnitude = np.exp(np.asarray(log_factor) + np.log(np.abs(values)))
    return np.asarray(np.sign(values) * magnitude, dtype=np.float64)


def _times(multiplicity: int, values: RealArray) -> RealArray:
    """Return multiplicity * values for an integer of any size."""
    log = math.log(multiplicity)
    return float(multiplicity) * values if log < _LARGEST_LOG else _signed_exp(log, values)


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Real eigenvalues with multiplicities.

    Use the constructors `simple`, `counted` and `logged`; they check and convert.

    Attributes:
        values: eigenvalues, shape (..., K); leading axes are a batch, e.g. over times.
        multiplicity: exact multiplicities, K integers >= 1, or None if only logarithms are known.
        log_multiplicity: natural logarithms of the multiplicities, shape (K,).
        log_values: natural logarithms of the values, shape (..., K), for eigenvalues too small for a float
            (p^k with k of the order of 10^6); None otherwise. Where given, they rule: `values` may be 0.
    """

    values: RealArray
    multiplicity: tuple[int, ...] | None
    log_multiplicity: RealArray
    log_values: RealArray | None = None

    def __post_init__(self) -> None:
        """Check shapes and reject values that are not numbers."""
        for name in ("values", "log_multiplicity", "log_values"):
            if not (isinstance(getattr(self, name), np.ndarray) or (name == "log_values" and self.log_values is None)):
                raise SpecError(f"Spectrum: {name} is no array; use Spectrum.simple, counted or logged, which convert")
        exact = self.multiplicity
        if exact is not None and (not isinstance(exact, tuple) or len(exact) != self.log_multiplicity.size):
            raise SpecError("Spectrum: multiplicity must be a tuple of one whole number a value; use Spectrum.counted")
        count = self.values.shape[-1] if self.values.ndim else 0
        if count == 0:
            raise SpecError("Spectrum: there are no values; give an array of shape (..., K) with K >= 1")
        if self.log_multiplicity.shape != (count,):
            raise SpecError(
                f"Spectrum: {count} values but multiplicities of shape {self.log_multiplicity.shape}; "
                "give one multiplicity a value"
            )
        if not np.isfinite(self.values).all():
            raise SpecError("Spectrum: the values contain NaN or infinity; check what produced them")
        if np.isnan(self.log_multiplicity).any() or (self.log_multiplicity < 0).any():
            raise SpecError("Spectrum: a log-multiplicity is NaN or below 0; multiplicities must be >= 1")
        if self.log_values is not None:
            if self.log_values.shape != self.values.shape:
                raise SpecError(
                    f"Spectrum: log_values has shape {self.log_values.shape}, values {self.values.shape}; "
                    "they must agree"
                )
            if np.isnan(self.log_values).any() or np.isposinf(self.log_values).any():
                raise SpecError("Spectrum: log_values contains NaN or +infinity; use -inf for the value 0")

    @classmethod
    def simple(cls, values: ArrayLike) -> "Spectrum":
        """Return a spectrum whose K values all have multiplicity 1.

        Args:
            values: real, shape (..., K).

        Raises:
            SpecError: if the values are complex, empty, NaN or infinite.
        """
        array = _real(values)
        count = array.shape[-1] if array.ndim else 0
        return cls(array, (1,) * count, np.zeros(count))

    @classmethod
    def counted(cls, values: ArrayLike, multiplicity: Sequence[int]) -> "Spectrum":
        """Return a spectrum with exact integer multiplicities of any size.

        Args:
            values: real, shape (..., K).
            multiplicity: K whole numbers >= 1.

        Raises:
            SpecError: on a shape mismatch or a multiplicity that is not a whole number >= 1.
        """
        counts = _counts(multiplicity, "Spectrum.counted")
        logs = np.array([math.log(count) for count in counts], dtype=np.float64)
        return cls(_real(values), counts, logs)

    @classmethod
    def logged(cls, values: ArrayLike, log_multiplicity: ArrayLike, log_values: ArrayLike | None = None) -> "Spectrum":
        """Return a spectrum of which only the logarithms of the multiplicities are known.

        Args:
            values: real, shape (..., K); may be zeros where `log_values` rules.
            log_multiplicity: natural logarithms, shape (K,).
            log_values: natural logarithms of (non-negative) values, shape (..., K), if the values underflow.

        Raises:
            SpecError: on a shape mismatch or NaN.
        """
        logs = None if log_values is None else np.asarray(log_values, dtype=np.float64)
        return cls(_real(values), None, np.asarray(log_multiplicity, dtype=np.float64), logs)

    @property
    def is_simple(self) -> bool:
        """Whether every multiplicity is 1."""
        return not self.log_multiplicity.any()

    @cached_property
    def dimension(self) -> int | None:
        """Exact total dimension, or None if only logarithms are known."""
        return None if self.multiplicity is None else sum(self.multiplicity)

    @cached_property
    def log_dimension(self) -> float:
        """Natural logarithm of the total dimension."""
        if self.dimension is not None:
            return math.log(self.dimension)
        return float(np.logaddexp.reduce(self.log_multiplicity))

    def moment(self, power: int) -> RealArray:
        """Return sum_k m_k v_k^power: the trace at 1, the purity of a state at 2.

        Args:
            power: a whole number >= 0.

        Returns:
            Array of the batch shape (...,).
        """
        if power < 0:
            raise SpecError(f"Spectrum.moment: power is {power}; it must be >= 0")
        if self.log_values is not None:
            if power == 0:
                terms = np.broadcast_to(np.exp(self.log_multiplicity), self.values.shape)
            else:
                terms = np.exp(self.log_multiplicity + power * self.log_values)
        elif self.log_multiplicity.max() < _LARGEST_LOG:
            terms = self._floats * self.values**power
        else:
            with np.errstate(divide="ignore"):
                logs = self.log_multiplicity + power * np.log(np.abs(self.values))
            terms = np.sign(self.values) ** power * np.exp(logs)
        return np.asarray(terms.sum(axis=-1), dtype=np.float64)

    def weights(self) -> RealArray:
        """Return m_k v_k, the total weight of each level, shape (..., K), finite where m_k alone is not."""
        if self.log_values is not None:
            return np.asarray(np.exp(self.log_multiplicity + self.log_values), dtype=np.float64)
        if self.log_multiplicity.max() < _LARGEST_LOG:
            return np.asarray(self._floats * self.values, dtype=np.float64)
        return _signed_exp(self.log_multiplicity, self.values)

    @cached_property
    def _floats(self) -> RealArray:
        """Multiplicities as floats; only asked for where all of them fit."""
        if self.multiplicity is not None:
            return np.array([float(count) for count in self.multiplicity])
        return np.asarray(np.exp(self.log_multiplicity), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Factor:
    """A low-rank block F F^+, kept as F of shape (..., d, r); a pure state has r = 1."""

    array: Array

    def __post_init__(self) -> None:
        """Check the shape."""
        if np.ndim(self.array) < 2 or 0 in np.shape(self.array)[-2:]:
            raise SpecError(
                f"Factor: the array has shape {np.shape(self.array)}; it must be (..., d, r) with d, r >= 1"
            )

    def dense(self) -> Array:
        """Return F F^+, shape (..., d, d)."""
        return np.asarray(self.array @ np.conj(np.swapaxes(self.array, -1, -2)))

    def gram(self) -> Array:
        """Return F^+ F, shape (..., r, r): the same nonzero eigenvalues as F F^+."""
        return np.asarray(np.conj(np.swapaxes(self.array, -1, -2)) @ self.array)


@dataclass(frozen=True, eq=False)
class Blocks:
    """A Hermitian operator  (+)_b block_b (x) 1_{m_b}  (+)  0  with exact multiplicities.

    Attributes:
        blocks: Hermitian arrays (..., d_b, d_b), or a `Factor` for a block kept as F F^+.
        multiplicity: how often each block occurs, exact integers >= 1.
        null: number of further dimensions on which the operator vanishes.
    """

    blocks: tuple[Array | Factor, ...]
    multiplicity: tuple[int, ...]
    null: int = 0

    def __post_init__(self) -> None:
        """Check shapes, counts and that the batch axes of all blocks agree."""
        object.__setattr__(self, "blocks", checks.several("Blocks: blocks", self.blocks, "a list of arrays"))
        for block in self.blocks:
            checks.made_of("A block", block, (np.ndarray, Factor), "an array or a Factor")
        checks.several("Blocks: multiplicity", self.multiplicity, "a list of whole numbers")
        if len(self.blocks) == 0 or len(self.blocks) != len(self.multiplicity):
            raise SpecError(
                f"Blocks: {len(self.blocks)} blocks and {len(self.multiplicity)} multiplicities; give "
                "at least one block and one multiplicity a block"
            )
        object.__setattr__(self, "multiplicity", _counts(self.multiplicity, "Blocks"))
        checks.whole("Blocks: null, a number of dimensions,", self.null)
        for block in self.blocks:
            if isinstance(block, Factor):
                continue
            if block.ndim < 2 or block.shape[-1] != block.shape[-2] or block.shape[-1] == 0:
                raise SpecError(f"Blocks: a block has shape {block.shape}; it must be (..., d, d), d >= 1")
        try:
            _ = self.batch
        except ValueError as error:
            raise SpecError(f"Blocks: the batch axes of the blocks do not agree: {error}") from error

    @classmethod
    def dense(cls, rho: ArrayLike) -> "Blocks":
        """Return one dense block of multiplicity 1 from an array of shape (..., d, d)."""
        return cls((np.asarray(rho),), (1,))

    @classmethod
    def pure(cls, psi: ArrayLike) -> "Blocks":
        """Return the rank-one state |psi><psi| from amplitudes of shape (..., d)."""
        amplitudes = np.asarray(psi)
        if amplitudes.ndim < 1:
            raise SpecError("Blocks.pure: psi is a single number; it must have shape (..., d)")
        return cls((Factor(amplitudes[..., None]),), (1,))

    @property
    def sizes(self) -> tuple[int, ...]:
        """The dimensions d_b of the blocks, without multiplicities."""
        return tuple(_array(block).shape[-2] for block in self.blocks)

    @property
    def batch(self) -> tuple[int, ...]:
        """Shape of the leading axes."""
        return np.broadcast_shapes(*(_array(block).shape[:-2] for block in self.blocks))

    @property
    def dimension(self) -> int:
        """Exact dimension of the whole space, null part included."""
        return sum(m * d for m, d in zip(self.multiplicity, self.sizes, strict=True)) + int(self.null)

    def trace(self) -> RealArray:
        """Return the trace, shape (...,)."""
        total = np.zeros(self.batch)
        for block, count in zip(self.blocks, self.multiplicity, strict=True):
            if isinstance(block, Factor):
                part = np.sum(np.abs(block.array) ** 2, axis=(-2, -1))
            else:
                part = np.trace(block, axis1=-2, axis2=-1).real
            total = total + _times(count, np.asarray(part))
        return np.asarray(total, dtype=np.float64)

    def purity(self) -> RealArray:
        """Return the trace of the square, shape (...,)."""
        total = np.zeros(self.batch)
        for block, count in zip(self.blocks, self.multiplicity, strict=True):
            matrix = block.gram() if isinstance(block, Factor) else block
            total = total + _times(count, np.sum(np.abs(matrix) ** 2, axis=(-2, -1)))
        return np.asarray(total, dtype=np.float64)

    def expectation(self, operator: "Blocks") -> RealArray:
        """Return tr(self operator) for an operator with the same leading blocks, shape (...,).

        Blocks that `operator` has beyond those of the state must fill the state's null dimensions.

        Raises:
            SpecError: if sizes or multiplicities of the blocks differ.
        """
        self.match(operator)
        total = np.zeros(np.broadcast_shapes(self.batch, operator.batch))
        for block, other, count in zip(self.blocks, operator.blocks, self.multiplicity, strict=False):
            matrix = other.dense() if isinstance(other, Factor) else other
            if isinstance(block, Factor):
                part = np.sum(np.conj(block.array) * _apply(matrix, block.array), axis=(-2, -1)).real
            else:
                part = np.einsum("...ij,...ji->...", block, matrix).real
            total = total + _times(count, np.asarray(part))
        return np.asarray(total, dtype=np.float64)

    def match(self, operator: "Blocks") -> None:
        """Check that `operator` acts on the same decomposition; its extra blocks sit on the null part.

        Raises:
            SpecError: naming the sizes and multiplicities of both sides.
        """
        count = len(self.blocks)
        same = self.sizes == operator.sizes[:count] and self.multiplicity == operator.multiplicity[:count]
        if not same:
            raise SpecError(
                f"the state has blocks {_describe(self)} and the operator {_describe(operator)}; "
                "both must be written in the same decomposition"
            )
        if self.dimension != operator.dimension:
            raise SpecError(
                f"the state has dimension {self.dimension} and the operator {operator.dimension}; "
                "give both on the whole space of the battery, null dimensions included"
            )

    def spectrum(self) -> Spectrum:
        """Return all eigenvalues with multiplicities, the zeros of the null part included."""
        values: list[RealArray] = []
        counts: list[int] = []
        zeros = int(self.null)
        for block, count in zip(self.blocks, self.multiplicity, strict=True):
            if isinstance(block, Factor):
                size, rank = block.array.shape[-2:]
                # The smaller of F F^+ and F^+ F carries all nonzero eigenvalues.
                matrix = block.gram() if rank < size else block.dense()
                zeros += count * max(size - rank, 0)
            else:
                matrix = block
            found = _eigenvalues(matrix)
            values.append(np.broadcast_to(found, (*self.batch, found.shape[-1])))
            counts.extend([count] * found.shape[-1])
        if zeros:
            values.append(np.zeros((*self.batch, 1)))
            counts.append(zeros)
        return Spectrum.counted(np.concatenate(values, axis=-1), counts)


def _real(values: ArrayLike) -> RealArray:
    """Return the values as floats, refusing complex input."""
    array = np.asarray(values)
    if np.iscomplexobj(array):
        raise SpecError("Spectrum: the values are complex; eigenvalues of a Hermitian operator are real")
    return np.asarray(array, dtype=np.float64)


def _eigenvalues(matrix: Array) -> RealArray:
    """Return the eigenvalues of Hermitian matrices, in no particular order; diagonal ones cost no solve."""
    if _is_diagonal(matrix):
        return np.asarray(np.diagonal(matrix, axis1=-2, axis2=-1).real, dtype=np.float64)
    return np.asarray(np.linalg.eigvalsh(matrix), dtype=np.float64)


def _is_diagonal(matrix: Array) -> bool:
    """Whether all entries off the diagonal are exactly zero."""
    return bool(np.count_nonzero(matrix) == np.count_nonzero(np.diagonal(matrix, axis1=-2, axis2=-1)))


def _apply(matrix: Array, columns: Array) -> Array:
    """Return matrix @ columns; one matrix on a batch of columns is one product, not one a batch entry."""
    if matrix.ndim > 2:
        return np.asarray(matrix @ columns)
    if _is_diagonal(matrix):
        return np.asarray(np.diagonal(matrix)[:, None] * columns)
    rows = np.swapaxes(columns, -1, -2)
    product = rows.reshape(-1, rows.shape[-1]) @ matrix.T
    return np.swapaxes(product.reshape(rows.shape), -1, -2)


def _array(block: Array | Factor) -> Array:
    """Return the stored array of a block."""
    return block.array if isinstance(block, Factor) else block


def _describe(blocks: Blocks) -> str:
    """Return e.g. '3x1 + 2x4': sizes times multiplicities, shortened after six blocks."""
    pairs = list(zip(blocks.sizes, blocks.multiplicity, strict=True))
    text = " + ".join(f"{size}x{count}" for size, count in pairs[:6])
    return text + (f" + ... ({len(pairs)} blocks)" if len(pairs) > 6 else "")
