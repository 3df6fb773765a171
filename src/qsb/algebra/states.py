"""Start states and their small representations: Bloch vectors, spin-coherent states, thermal states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, gammaln

from qsb import checks
from qsb.algebra.copies import log_binomial
from qsb.errors import PlanError, SpecError, StructureError
from qsb.units import format_bytes

StartKind = Literal["ground", "down", "up", "thermal", "product", "state"]


ModeKind = Literal["vacuum", "fock", "coherent", "thermal", "squeezed"]

#: what each kind of start is given by
_PARAMETERS = (("fock", "quanta"), ("coherent", "amplitude"), ("thermal", "nbar"), ("squeezed", "squeezing"))
#: population of a coherent, thermal or squeezed start beyond the cutoff that is refused
_BEYOND = 1e-9
#: highest Fock state that is ever written down: one ket of 1 GiB
MOST_FOCK = 2**26


@dataclass(frozen=True)
class ModeStart:
    r"""How a charger begins.

    Attributes:
        kind: ``vacuum`` (default), ``fock`` (`quanta` of them), ``coherent`` (`amplitude`), ``thermal`` (`nbar`) or
            ``squeezed`` (the vacuum, by `squeezing`); a group of charger spins takes ``vacuum`` (all down) and
            ``fock`` (the Dicke state with so many up).
        quanta: n of a Fock state.
        amplitude: alpha of a coherent state, mean number |alpha|^2.
        nbar: mean number of a thermal state.
        squeezing: zeta = r exp(i theta) of :math:`\exp[(\zeta^* a^2 - \zeta a^{\dagger 2})/2]\,|0\rangle`; mean number
            :math:`\sinh^2 r`, and for theta = 0 the variance of :math:`a + a^\dagger` is :math:`e^{-2r}`.
    """

    kind: ModeKind = "vacuum"
    quanta: int | None = None
    amplitude: complex | None = None
    nbar: float | None = None
    squeezing: complex | None = None

    def __post_init__(self) -> None:
        """Refuse impossible states by name and value."""
        if not isinstance(self.kind, str) or self.kind not in get_args(ModeKind):
            raise SpecError(f"A charger's start is one of {', '.join(get_args(ModeKind))}, but it is {self.kind!r}.")
        for kind, name in _PARAMETERS:
            value = getattr(self, name)
            if (self.kind == kind) != (value is not None):
                verb = "needs" if self.kind == kind else "takes no"
                raise SpecError(f"A {self.kind} start of the charger {verb} {name}, but {name} is {value!r}.")
        if self.quanta is not None:
            checks.whole("quanta", self.quanta)
        for name in ("amplitude", "squeezing"):
            if (value := getattr(self, name)) is not None:
                checks.complex_number(name, value)
        if self.nbar is not None:
            checks.number("nbar", self.nbar, least=0.0)

    @property
    def pure(self) -> bool:
        """Whether it is a ket."""
        return self.kind != "thermal" or self.nbar == 0

    @property
    def reach(self) -> float:
        """A number of quanta that holds the state but for 1e-9 of a mixture's or a squeezed state's slow tail.

        Of a coherent state it is the mean: its own width comes on top.
        """
        r = abs(complex(self.squeezing or 0.0))
        nbar = float(self.nbar or 0.0)
        # populations fall as tanh(r)^n with even n, those of a thermal state as (nbar/(nbar + 1))^n; e^-22 is 3e-10
        tail = 22.0 / -np.log(np.tanh(r)) if r > 0 else 0.0
        tail += 22.0 / np.log1p(1 / nbar) if nbar > 0 else 0.0
        return float(float(self.quanta or 0) + abs(complex(self.amplitude or 0.0)) ** 2 + tail)

    def ket(self, cutoff: int) -> NDArray[np.complex128]:
        r"""Amplitudes (cutoff+1,), :math:`e^{-|\alpha|^2/2}\alpha^n/\sqrt{n!}` of a coherent state.

        Of a squeezed one, :math:`(-e^{i\theta}\tanh r)^m\sqrt{(2m)!}/(2^m m!\sqrt{\cosh r})` at n = 2m.

        Raises:
            SpecError: if the state does not fit below the cutoff, with one that is large enough.
        """
        _writable(cutoff)
        n = np.arange(cutoff + 1)
        if self.kind in ("vacuum", "fock", "thermal"):
            at = self.quanta or 0
            if at > cutoff:
                raise SpecError(f"A Fock state of {at} quanta does not fit a cutoff of {cutoff}; raise the cutoff.")
            return np.asarray(n == at, dtype=complex)
        if self.kind == "squeezed":
            return self._squeezed(cutoff)
        alpha = complex(self.amplitude or 0.0)
        if alpha == 0:
            return np.asarray(n == 0, dtype=complex)
        log = -(abs(alpha) ** 2) / 2 + n * np.log(abs(alpha)) - gammaln(n + 1.0) / 2
        # powers of the unit phase by multiplication would drift; a real alpha keeps exactly real amplitudes
        phase = np.where(n % 2, np.sign(alpha.real), 1.0) if alpha.imag == 0 else np.exp(1j * n * np.angle(alpha))
        out = np.exp(log) * phase
        beyond = float(gammainc(cutoff + 1.0, abs(alpha) ** 2))
        _fits(beyond, f"coherent start of mean number {abs(alpha) ** 2:g}", cutoff, abs(alpha) ** 2)
        return np.asarray(out / np.linalg.norm(out))

    def _squeezed(self, cutoff: int) -> NDArray[np.complex128]:
        zeta = complex(self.squeezing or 0.0)
        r = abs(zeta)
        out = np.zeros(cutoff + 1, dtype=complex)
        if r == 0:
            out[0] = 1.0
            return out
        m = np.arange(cutoff // 2 + 1)
        log = m * np.log(np.tanh(r)) + gammaln(2 * m + 1.0) / 2 - m * np.log(2.0) - gammaln(m + 1.0)
        phase = (-1.0) ** m * (np.sign(zeta.real) ** m if zeta.imag == 0 else np.exp(1j * m * np.angle(zeta)))
        out[::2] = np.exp(log - np.log(np.cosh(r)) / 2) * phase
        held = float(np.vdot(out, out).real)
        _fits(max(0.0, 1 - held), f"squeezed start of mean number {np.sinh(r) ** 2:g}", cutoff, np.sinh(r) ** 2)
        return np.asarray(out / np.sqrt(held))

    def populations(self, cutoff: int) -> NDArray[np.float64]:
        r"""Occupation probabilities (cutoff+1,); :math:`\bar n^n/(\bar n+1)^{n+1}` of a thermal state.

        Raises:
            SpecError: if the state does not fit below the cutoff.
        """
        if self.pure:
            return np.asarray(np.abs(self.ket(cutoff)) ** 2)
        _writable(cutoff)
        nbar = float(self.nbar or 0.0)
        ratio = nbar / (nbar + 1)
        _fits(ratio ** (cutoff + 1), f"thermal start of mean number {nbar:g}", cutoff, nbar)
        p = ratio ** np.arange(cutoff + 1)
        return np.asarray(p / p.sum())


def _writable(cutoff: int) -> None:
    """Refuse a mode whose Fock states do not fit into memory one by one."""
    if cutoff > MOST_FOCK:
        needed = 16 * (cutoff + 1)
        raise PlanError(
            f"A mode with a cutoff of {cutoff} needs {format_bytes(needed)} for each ket of its Fock states; lower the "
            f"cutoff, to {MOST_FOCK} at most, or start with fewer quanta.",
            needed,
        )


def _fits(beyond: float, what: str, cutoff: int, mean: float) -> None:
    if beyond > _BEYOND:
        raise SpecError(
            f"A {what} has the population {beyond:.2g} beyond the cutoff of {cutoff}; raise the cutoff, "
            f"e.g. to {max(2 * cutoff, int(2 * mean) + 20)}."
        )


@dataclass(frozen=True, eq=False)
class Start:
    """How a run begins.

    Attributes:
        kind: ``ground`` of the battery Hamiltonian (default), ``down``, ``up``, ``thermal`` (Gibbs state of
            the battery Hamiltonian), ``product`` (Bloch vectors), ``state`` (a ket or density matrix of the
            whole space).
        temperature: of a thermal start, in units of energy (k_B = 1).
        bloch: (3,) for all cells alike or (N, 3); length at most 1.
        array: (D,) ket or (D, D) density matrix.
        charger: the charger's start, where there is one beside the battery; vacuum by default.
    """

    kind: StartKind = "ground"
    temperature: float | None = None
    bloch: NDArray[np.float64] | None = None
    array: NDArray[Any] | None = None
    charger: ModeStart | None = None

    def __post_init__(self) -> None:
        """Refuse impossible states by name and value."""
        if not isinstance(self.kind, str) or self.kind not in get_args(StartKind):
            raise SpecError(f"A start is one of {', '.join(get_args(StartKind))}, but it is {self.kind!r}.")
        if self.charger is not None:
            checks.made_of("The charger's start", self.charger, ModeStart, "a qsb.ModeStart, e.g. ModeStart('vacuum')")
        for kind, name in (("product", "bloch"), ("state", "array")):
            if self.kind == kind and getattr(self, name) is None:
                raise SpecError(f"A {kind} start needs {name}.")
        for kind, name in (("thermal", "temperature"), ("product", "bloch"), ("state", "array")):
            if self.kind != kind and getattr(self, name) is not None:
                raise SpecError(f"A {self.kind} start takes no {name}; it belongs to a {kind} start.")
        if self.kind == "thermal":
            if self.temperature is None:
                raise SpecError("A thermal start needs a positive finite temperature, but there is none.")
            checks.number("The temperature of a thermal start", self.temperature, positive=True)
        if self.kind == "product":
            r = checks.numbers("The Bloch vectors of a product start", self.bloch)
            if r.shape[-1:] != (3,) or r.ndim > 2:
                raise SpecError(f"A product start needs finite Bloch vectors (3,) or (N, 3), but has {self.bloch!r}.")
            if np.any(np.linalg.norm(r, axis=-1) > 1 + 1e-12):
                raise SpecError("A Bloch vector is longer than 1: that is no state; shorten it.")
        if self.kind == "state":
            _check_state(_array(self.array))
            if self.charger is not None:
                raise SpecError("A start that is a state of the whole space already says how the charger begins.")

    @property
    def pure_by_kind(self) -> bool:
        """Whether the start is surely a ket."""
        if self.charger is not None and not self.charger.pure:
            return False
        if self.kind in ("ground", "down", "up"):
            return True
        if self.kind == "product":
            return bool(np.all(np.abs(np.linalg.norm(np.asarray(self.bloch), axis=-1) - 1) < 1e-12))
        return self.kind == "state" and np.asarray(self.array).ndim == 1


def begun(start: Start | None, kind: StartKind = "ground") -> Start:
    """The start of a battery that a user may give, of the kind that a model names if not.

    Raises:
        SpecError: if it is no `Start`.
    """
    if start is None:
        return Start(kind)
    checks.made_of("start", start, Start, "a qsb.Start, e.g. Start('down')")
    return start


def _array(given: Any) -> NDArray[Any]:
    """The start state as numbers."""
    try:
        a = np.asarray(given)
    except ValueError as error:
        raise SpecError("The start state must be numbers in rows of one length.") from error
    if a.dtype.kind not in "iufc":
        raise SpecError(f"The start state must be numbers, a ket or a density matrix, but it is {given!r}.")
    return a


def _check_state(a: NDArray[Any]) -> None:
    if not np.all(np.isfinite(a)):
        raise SpecError("The start state holds NaN or infinity.")
    if a.ndim == 1:
        if abs(np.linalg.norm(a) - 1) > 1e-9:
            raise SpecError(f"The start ket must have norm 1, but its norm is {np.linalg.norm(a):.12g}.")
        return
    if a.ndim != 2 or a.shape[0] != a.shape[1]:
        raise SpecError(f"The start state must be a ket or a square matrix, but its shape is {a.shape}.")
    if np.abs(a - a.conj().T).max() > 1e-9:
        raise StructureError("The start density matrix is not Hermitian.")
    if abs(np.trace(a).real - 1) > 1e-9:
        raise SpecError(f"The start density matrix must have trace 1, but its trace is {np.trace(a).real:.12g}.")
    lowest = float(np.linalg.eigvalsh(a)[0])
    if lowest < -1e-9:
        raise StructureError(f"The start density matrix has a negative eigenvalue, {lowest:.3g}.")


def bloch_density(r: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Density matrices (..., 2, 2) of Bloch vectors (..., 3)."""
    r = np.asarray(r, dtype=float)
    out = np.empty((*r.shape[:-1], 2, 2), dtype=complex)
    out[..., 0, 0] = (1 + r[..., 2]) / 2
    out[..., 1, 1] = (1 - r[..., 2]) / 2
    out[..., 0, 1] = (r[..., 0] - 1j * r[..., 1]) / 2
    out[..., 1, 0] = (r[..., 0] + 1j * r[..., 1]) / 2
    return out


def bloch_ket(r: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Kets (..., 2) of unit Bloch vectors (..., 3), with a real non-negative larger component."""
    rho = bloch_density(r)
    up = rho[..., 0, 0].real >= 0.5
    column = np.where(up[..., None], rho[..., :, 0], rho[..., :, 1])
    return np.asarray(column / np.linalg.norm(column, axis=-1, keepdims=True))


def cell_ground(h: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Ground kets (C, 2) of cell Hamiltonians (C, 2, 2).

    Raises:
        StructureError: if a cell is degenerate, so that its ground state is not unique.
    """
    e, v = np.linalg.eigh(h)
    if np.any(e[:, 1] - e[:, 0] <= 1e-12 * np.maximum(np.abs(e).max(), 1e-300)):
        raise StructureError(
            "The ground level of the battery Hamiltonian is degenerate, so the ground state is not unique; name a "
            "start: "
            "'down', 'up', 'product' or 'thermal'."
        )
    ground = v[:, :, 0]
    # A smooth phase: real positive larger component, so that uniform cells give uniform kets.
    big = np.take_along_axis(ground, np.abs(ground).argmax(axis=1)[:, None], axis=1)
    return np.asarray(ground * (np.abs(big) / big))


def cell_gibbs(h: NDArray[np.complex128], temperature: float) -> NDArray[np.complex128]:
    """Gibbs states (C, 2, 2) of cell Hamiltonians (C, 2, 2)."""
    e, v = np.linalg.eigh(h)
    p = np.exp(-(e - e[:, :1]) / temperature)
    p /= p.sum(axis=1, keepdims=True)
    return np.asarray(np.einsum("cik,ck,cjk->cij", v, p, v.conj()))


def product_ket(kets: NDArray[np.complex128], count: int) -> NDArray[np.complex128]:
    """Tensor product (2^N,) of cell kets (N, 2), or of one ket (1, 2) repeated."""
    out = np.ones(1, dtype=complex)
    for i in range(count):
        out = np.kron(out, kets[i if len(kets) > 1 else 0])
    return out


def product_density(cells: NDArray[np.complex128], count: int) -> NDArray[np.complex128]:
    """Tensor product (2^N, 2^N) of cell states (N, 2, 2), or of one state repeated."""
    out = np.ones((1, 1), dtype=complex)
    for i in range(count):
        out = np.kron(out, cells[i if len(cells) > 1 else 0])
    return out


def spin_coherent(ket: NDArray[np.complex128], count: int) -> NDArray[np.complex128]:
    """The product of `count` equal cell kets in the Dicke basis m = N/2 .. -N/2: sqrt(C(N,k)) a^(N-k) b^k."""
    k = np.arange(count + 1)
    with np.errstate(divide="ignore"):
        la, lb = np.log(np.abs(ket[0])), np.log(np.abs(ket[1]))
    weight = 0.5 * log_binomial(count)
    with np.errstate(invalid="ignore"):
        weight = weight + np.where(count - k > 0, (count - k) * la, 0.0) + np.where(k > 0, k * lb, 0.0)
    phase = np.exp(1j * ((count - k) * np.angle(ket[0]) + k * np.angle(ket[1])))
    return np.asarray(np.exp(weight) * phase)
