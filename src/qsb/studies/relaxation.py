"""Does an ordered phase relax more slowly than uncoupled cells? The Ising storage chain with local baths.

Golden-rule rates (see `qsb.studies.goldenrule`) out of the ordered doublet, and of the energy of states that
store any, beside uncoupled cells at the same field and at the same gap. The chain is eq. (9) of doi
10.20944/preprints202508.2028.v2. Units: hbar = k_B = 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from qsb.errors import PlanError, SpecError
from qsb.studies.goldenrule import Decay, decay, escape_rate, levels

Array = NDArray[np.float64]
Coupling = Literal["sx", "sy", "sz"]
Counterpart = Literal["uncoupled", "equal_gap", "equal_flip", "mean_field"]

_BYTES = 2**30
"""Largest stack of jump operators that is built (N = 12 would need more)."""


class _Bath(TypedDict):
    rate: float
    temperature: float
    exponent: float


@dataclass(frozen=True)
class Comparison:
    """The storage model beside uncoupled cells at one temperature; made by `compare_relaxation`.

    Attributes:
        cells, exchange, field, temperature, coupling, rate, exponent: the request.
        splitting: E_1 - E_0 of the ordered doublet.
        gap: E_2 - E_0, from the doublet to the first excitation.
        levels: how many levels were told apart at the resolution.
        escape_per_cell: thermal rate out of the doublet, averaged over its two states, divided by N.
        escape_uncoupled: the same for one uncoupled cell in its ground state, S(-2h) |<e|A|g>|^2.
        escape_equal_gap, escape_equal_flip, escape_mean_field: the same for the cells named below.
        stored: `Decay` of states of the chain that hold energy, by name.
        uncoupled: `Decay` of one excited uncoupled cell (J = 0, same h, same A); its rate is S(2h)
            |<g|A|e>|^2.
        equal_gap: `Decay` of one excited transverse two-level cell whose gap is that of the chain; rate
            S(gap).
        equal_flip: the same with the gap 4J, which is what flipping one bulk cell costs; rate S(4J).
        mean_field: one excited cell -2J sz - h sx with the same A: what a bulk cell would be if its two
            neighbours were a fixed field, so the counterpart at equal gap and equal axis.
    """

    cells: int
    exchange: float
    field: float
    temperature: float
    coupling: Coupling
    rate: float
    exponent: float
    splitting: float
    gap: float
    levels: int
    escape_per_cell: float
    escape_uncoupled: float
    escape_equal_gap: float
    escape_equal_flip: float
    escape_mean_field: float
    stored: Mapping[str, Decay]
    uncoupled: Decay
    equal_gap: Decay
    equal_flip: Decay
    mean_field: Decay

    def ratio(self, state: str, against: Counterpart = "uncoupled") -> float:
        """Net relaxation rate of a stored state over that of an uncoupled cell: below 1 is a suppression.

        Negative where the baths heat the state instead. Where the uncoupled cell does not relax at all the
        ratio is inf (nan if the state does not either).
        """
        if state not in self.stored:
            raise SpecError(f"no stored state {state!r}; there are {', '.join(self.stored)}")
        return _quotient(self.stored[state].rate, getattr(self, against).rate)

    def escape_ratio(self, against: Counterpart = "uncoupled") -> float:
        """Escape from the ordered doublet per cell over that of an uncoupled cell in its ground state."""
        return _quotient(self.escape_per_cell, getattr(self, f"escape_{against}"))

    def to_dict(self) -> dict[str, Any]:
        """Plain data; the decays as nested dictionaries."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        plain["stored"] = {name: decay.to_dict() for name, decay in self.stored.items()}
        alone = ("uncoupled", "equal_gap", "equal_flip", "mean_field")
        return {**plain, **{name: getattr(self, name).to_dict() for name in alone}}


# -- the chain -----------------------------------------------------------------------------------------------


def ising_storage(cells: int, exchange: float, field: float) -> Array:
    r"""Dense Hamiltonian of the open chain, :math:`H = -J\sum_{i<N} s^z_i s^z_{i+1} - h\sum_i s^x_i`.

    Index 0 is all up, cell 0 is the most significant bit. Source: eq. (9) of doi
    10.20944/preprints202508.2028.v2.

    Args:
        cells: N >= 1.
        exchange: J, unit of energy.
        field: h, unit of energy.

    Returns:
        (2^N, 2^N) real symmetric array.
    """
    _check_chain(cells, exchange, field)
    dimension = 2**cells
    spins = _spins(cells)
    matrix = np.zeros((dimension, dimension))
    index = np.arange(dimension)
    for k in range(cells):
        matrix[index, index ^ (1 << k)] = -field
    matrix[index, index] = -exchange * (spins[:-1] * spins[1:]).sum(axis=0)
    return matrix


def local_operators(cells: int, coupling: Coupling) -> NDArray[Any]:
    """The N operators A_i = sx_i, sy_i or sz_i, shape (N, 2^N, 2^N); cell 0 is the most significant bit."""
    if coupling not in ("sx", "sy", "sz"):
        raise SpecError(f"coupling {coupling!r} is none of sx, sy, sz")
    _check_chain(cells, 0.0, 0.0)
    dimension, spins = 2**cells, _spins(cells)
    index = np.arange(dimension)
    out = np.zeros((cells, dimension, dimension), dtype=np.complex128 if coupling == "sy" else np.float64)
    for i in range(cells):
        to = index if coupling == "sz" else index ^ (1 << (cells - 1 - i))
        # sy|up> = i|down>, sy|down> = -i|up>
        out[i, to, index] = {"sx": 1.0, "sy": 1j * spins[i], "sz": spins[i]}[coupling]
    return out


def _spins(cells: int) -> Array:
    """(N, 2^N) eigenvalue of sz_i in every basis state."""
    index = np.arange(2**cells)
    return np.array([1.0 - 2.0 * ((index >> (cells - 1 - i)) & 1) for i in range(cells)])


def _check_chain(cells: int, exchange: float, field: float) -> None:
    if not isinstance(cells, (int, np.integer)) or cells < 1:
        raise SpecError(f"cells is {cells!r}: give a whole number of at least 1")
    if not (math.isfinite(exchange) and math.isfinite(field)):
        raise SpecError(f"exchange {exchange} and field {field} must be finite")
    need = 8 * int(cells) * 4 ** int(cells)
    if need > _BYTES:
        raise PlanError(
            f"{cells} cells need {need / 2**30:.1f} GiB for the jump operators, more than "
            f"{_BYTES / 2**30:.0f} GiB; dense golden-rule rates are meant for N <= 10",
            bytes_needed=need,
        )


# -- the comparison ------------------------------------------------------------------------------------------


def stored_states(cells: int) -> dict[str, Array]:
    """Product states that hold energy in the ordered chain (J > 0), as kets (2^N,).

    ``bulk flip`` one cell in the middle against all others, ``edge flip`` the first cell, ``domain wall`` in
    the middle, ``neel`` alternating (the top state without field), ``inverted`` every cell in sx = -1, which
    is the fully charged state of uncoupled cells in the same field (J = 0).

    Args:
        cells: N >= 4, so that there is a bulk.
    """
    if cells < 4:
        raise SpecError(f"{cells} cells have no bulk: the stored states need at least 4")
    middle = cells // 2
    flipped = {
        "bulk flip": [middle],
        "edge flip": [0],
        "domain wall": list(range(middle)),
        "neel": list(range(0, cells, 2)),
    }
    kets: dict[str, Array] = {}
    for name, sites in flipped.items():
        kets[name] = np.zeros(2**cells)
        kets[name][sum(1 << (cells - 1 - i) for i in sites)] = 1.0
    kets["inverted"] = np.prod(_spins(cells), axis=0) / math.sqrt(2**cells)
    return kets


def compare_relaxation(
    cells: int,
    exchange: float,
    field: float,
    temperatures: Sequence[float],
    *,
    coupling: Coupling = "sz",
    rate: float = 1.0,
    exponent: float = 1.0,
    resolution: float | None = None,
) -> tuple[Comparison, ...]:
    r"""The storage chain against uncoupled cells: escape from the ordered doublet, and loss of stored energy.

    The chain is :math:`H = -J\sum s^z s^z - h\sum s^x`, every cell coupled by A_i = sz_i, sx_i or sy_i to its
    own bath. The uncoupled counterpart is J = 0 at the same h and the same A; a cell :math:`-h s^x` has the
    gap 2h, is flipped by sz and sy with matrix element 1 and by sx not at all. Two further counterparts are
    two-level cells with a transverse coupling of matrix element 1, one with the chain's own gap E_2 - E_0 and
    one with the cost 4J of a bulk flip: they tell a suppression by the collective state from one by another
    frequency alone. The last is a cell -2J s^z - h s^x with the same A, a bulk cell whose neighbours are a
    fixed field: only what is slower than that owes its life to the many cells. The stored states are those of
    `stored_states` and ``top``, the highest eigenstate. The doublet is one for h << J only.

    Args:
        cells: N, from 4 to 10.
        exchange: J > 0.
        field: h >= 0; at 0 the uncoupled counterpart has no gap, stores nothing, and its rate is nan.
        temperatures: of the baths; one `Comparison` for each.
        coupling: the operator A_i.
        rate: strength of every bath.
        exponent: of the spectral density, 1 is ohmic.
        resolution: see `levels`. Above the spacing within a band of equally many domain walls and below the
            distance between bands (0.3 for J = 1, h = 0.1, N = 8; the answer has N levels then), it treats
            each band as one level, which is right for times too short for a wall to move.

    Returns:
        One `Comparison` a temperature.

    Raises:
        SpecError: exchange not positive, a negative field, fewer than 4 cells, or a resolution that joins the
            doublet with the first excitations.
        PlanError: too many cells for dense matrices.
    """
    if not (exchange > 0 and field >= 0):
        raise SpecError(f"exchange is {exchange} and field {field}: the ordered chain needs J > 0 and h >= 0")
    kets = stored_states(cells)
    found = levels(ising_storage(cells, exchange, field), local_operators(cells, coupling), resolution)
    kets["top"] = np.asarray(found.states[:, -1].real)
    single = levels(ising_storage(1, 0.0, field), local_operators(1, coupling))
    gap = float(found.energies[2] - found.energies[0])
    twins = {gap_: levels(np.diag([gap_, 0.0]), local_operators(1, "sx")) for gap_ in (gap, 4.0 * exchange)}
    held = levels(np.array([[-2 * exchange, -field], [-field, 2 * exchange]]), local_operators(1, coupling))
    ground = [0] if field > 0 else [0, 1]  # without field a cell has one level of two states
    up = np.array([1.0, 0.0])
    answers = []
    for temperature in temperatures:
        bath = _Bath(rate=float(rate), temperature=float(temperature), exponent=float(exponent))
        same, flip = twins[gap], twins[4.0 * exchange]
        answers.append(
            Comparison(
                cells=int(cells),
                exchange=float(exchange),
                field=float(field),
                coupling=coupling,
                **bath,
                splitting=float(found.energies[1] - found.energies[0]),
                gap=gap,
                levels=found.centre.size,
                escape_per_cell=escape_rate(found, (0, 1), **bath) / cells,
                escape_uncoupled=escape_rate(single, ground, **bath),
                escape_equal_gap=escape_rate(same, [0], **bath),
                escape_equal_flip=escape_rate(flip, [0], **bath),
                escape_mean_field=escape_rate(held, [0], **bath),
                stored={name: decay(found, ket, **bath, name=name) for name, ket in kets.items()},
                uncoupled=decay(single, single.states[:, 1], **bath, name="uncoupled cell, same field"),
                equal_gap=decay(same, up, **bath, name="uncoupled cell, same gap"),
                equal_flip=decay(flip, up, **bath, name="uncoupled cell, gap of a bulk flip"),
                mean_field=decay(held, held.states[:, 1], **bath, name="uncoupled cell in the mean field"),
            )
        )
    return tuple(answers)


def _quotient(above: float, below: float) -> float:
    if below > 0:
        return above / below
    if math.isnan(below) or math.isnan(above) or above == 0:
        return math.nan
    return math.copysign(math.inf, above)
