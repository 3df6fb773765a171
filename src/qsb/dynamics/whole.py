"""Readouts that need the whole density matrix: a cut of the battery, and the energy that each channel gives.

`flows` are tr[D_c^+(A) rho] for every jump c of the problem and every part A of H: H_B, H_C, V and the further drives,
each at unit envelope. They are linear in the state, so that the adjoint dissipator is applied to A once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from qsb.algebra import build
from qsb.algebra.opsum import OpSum
from qsb.charging.problem import Problem
from qsb.dynamics.full import FullFrame, partial_density
from qsb.dynamics.readouts import Functional, hermitian, hermitian_spectra, padded
from qsb.dynamics.representation import Array, Readout, Request
from qsb.dynamics.series import Value

#: readouts that are read off a whole density matrix, or a product of cells, and nothing else
WHOLE = frozenset({"flows", "rest", "transposed"})


def parts(problem: Problem) -> list[OpSum]:
    """The parts of H that have an envelope each: H_B, H_C, V, and the further drives."""
    b = problem.battery
    return [b.battery, b.charger, b.interaction, *(op for op, _ in b.drives)]


@dataclass(frozen=True)
class WholeReadout:
    """A readout of density matrices (T, D, D) with what only the whole state tells.

    Attributes:
        inner: the readout of everything else.
        frame: the product basis.
        request: what is asked.
    """

    inner: Readout
    frame: FullFrame
    request: Request

    def observe(self, needs: frozenset[str], x: Array, unitary: Array, dissipative: Array) -> dict[str, Value]:
        """See `Readout`."""
        out = self.inner.observe(needs - WHOLE, x, unitary, dissipative)
        if "flows" in needs:
            flows = np.empty((len(x), len(self._flows), len(parts(self.frame.problem))))
            for c, row in enumerate(self._flows):
                for a, functional in enumerate(row):
                    flows[:, c, a] = functional(x)
            out["flows"] = flows
        if needs & {"rest", "transposed"}:
            self._across(needs, x, out)
        return out

    def _across(self, needs: frozenset[str], x: Array, out: dict[str, Value]) -> None:
        """The battery's state without the subset, and its partial transpose on the subset."""
        frame, space = self.frame, self.frame.cells_space
        rho = frame.battery_density(hermitian(x)) if frame.charged else hermitian(x)
        sites = frame.space.sites_of("battery") if frame.charged else range(space.sites)
        inside = [list(sites).index(i) for i in self.request.subset]
        dims, n = space.dimensions(), space.sites
        if "rest" in needs:
            rest = tuple(i for i in range(n) if i not in inside)
            out["rest"] = padded(np.linalg.eigvalsh(partial_density(rho, dims, rest))[:, ::-1], 0)
        if "transposed" in needs:
            axes = list(range(1 + 2 * n))
            for i in inside:
                axes[1 + i], axes[1 + n + i] = axes[1 + n + i], axes[1 + i]
            turned = rho.reshape(len(rho), *dims, *dims).transpose(axes).reshape(rho.shape)
            out["transposed"] = padded(hermitian_spectra(turned)[:, ::-1], 0)

    @cached_property
    def _flows(self) -> list[list[Functional]]:
        """rho -> tr[D_c^+(A) rho] of every jump and part."""
        problem, space = self.frame.problem, self.frame.space
        operators = [build.csr(op, space) for op in parts(problem)]
        jumps = [[(rate, build.csr(op, space)) for rate, op in j.operators(space)] for j in problem.jumps]
        return [[Functional.of(_adjoint(pairs, a)) for a in operators] for pairs in jumps]

    def statics(self, needs: frozenset[str]) -> dict[str, Any]:
        """See `Readout`."""
        return self.inner.statics(needs)

    def check(self, x: Array) -> dict[str, float]:
        """See `Readout`."""
        return self.inner.check(x)


def _adjoint(pairs: list[tuple[float, Any]], a: Any) -> NDArray[Any]:
    """D^+(A) = sum rate (L^+ A L - {L^+ L, A}/2), dense."""
    total = sp.csr_array(a.shape, dtype=complex)
    for rate, op in pairs:
        n = op.conj().T @ op
        total = total + rate * (op.conj().T @ a @ op - (n @ a + a @ n) / 2)
    return np.asarray(total.toarray())


def whole_only(needs: frozenset[str]) -> str | None:
    """The reason of a representation that keeps less than the whole density matrix."""
    lacking = sorted(needs & WHOLE)
    if not lacking:
        return None
    return f"{lacking} are read off whole density matrices (density) or cells that never meet (product)"
