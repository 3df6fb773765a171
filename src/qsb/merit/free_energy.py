r"""Work with a heat bath: free energies bound what energy-conserving operations and one temperature allow.

With :math:`F_T(\rho) = \mathrm{tr}(\rho H) - T\,S(\rho)` (k_B = 1, S in nats) and the Gibbs state tau_T,

.. math:: W_{\mathrm{bath}} \le F_T(\rho) - F_T(\tau_T) = T\,S(\rho\,\|\,\tau_T)

bounds the mean work of every operation that conserves the energy of battery, bath and a weight; a coherent reference
reaches it (Skrzypczyk, Short, Popescu 2014, arXiv 1302.2811). Operations that know no phase, i.e. covariant under
time translation, cannot use coherence between levels: they reach the same of the dephased state alone (Lostaglio,
Jennings, Rudolph 2015, arXiv 1405.2188). At T = 0 both are E - E_0; a unitary without bath gives at most

.. math:: W \le W_\infty = \min_{T\ge 0}\,[F_T(\rho) - F_T(\tau_T)],

the asymptotic ergotropy: the slope in T is S(tau_T) - S(rho), which grows, so the minimum is where entropies agree.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qsb import checks
from qsb.algebra.blocks import RealArray, Spectrum
from qsb.algebra.copies import Copies
from qsb.errors import SpecError
from qsb.merit.ergotropy import extractable_work, pinch
from qsb.merit.gibbs import entropy_deficit, log_partition
from qsb.merit.reading import eigenvalues, energy_scale, read_pair

__all__ = ["bath_work", "free_energy", "free_energy_bound", "incoherent_free_energy_bound"]


def free_energy(rho: Any, hamiltonian: Any, temperature: float) -> Any:
    """Return F = tr(rho H) - T S(rho) of any state, S in nats and k_B = 1; the energy at T = 0.

    Args:
        rho: as for `qsb.ergotropy`.
        hamiltonian: as for `qsb.ergotropy`.
        temperature: T >= 0 in the unit of H.

    Raises:
        SpecError: if the temperature is below 0, NaN or infinite; else as `qsb.ergotropy`.
    """
    state, meter = read_pair(rho, hamiltonian)
    t = _temperature(temperature)
    spectrum = eigenvalues(state)
    return np.asarray(state.expectation(meter) - t * (spectrum.log_dimension - entropy_deficit(spectrum)))[()]


def free_energy_bound(rho: Any, hamiltonian: Any, temperature: float) -> Any:
    """Return F_T(rho) - F_T(tau_T) >= 0: the most mean work with one heat bath and a coherent reference.

    Never below the ergotropy, nor the asymptotic one, which is its minimum over temperatures.

    Args and errors are those of `free_energy`, but the Hamiltonian serves all states of a batch.

    Examples:
        >>> round(float(free_energy_bound([[0.5, 0.0], [0.0, 0.5]], [[0.5, 0.0], [0.0, -0.5]], 1.0)), 8)
        0.12011451
    """
    state, meter = read_pair(rho, hamiltonian)
    return bath_work(state.expectation(meter), eigenvalues(state), meter.spectrum(), temperature)[()]


def incoherent_free_energy_bound(rho: Any, hamiltonian: Any, temperature: float) -> Any:
    """Return F_T(Delta rho) - F_T(tau_T): the bound for operations without a phase reference.

    Delta removes coherence between distinct levels of H. The rest, T (S(Delta rho) - S(rho)), stays locked.

    Args and errors are those of `free_energy_bound`.
    """
    state, meter = read_pair(rho, hamiltonian)
    eigenvalues(state)
    pinched = pinch(state, meter).spectrum()
    return bath_work(state.expectation(meter), pinched, meter.spectrum(), temperature)[()]


def bath_work(energy: ArrayLike, state: Spectrum | Copies, levels: Spectrum | Copies, temperature: float) -> RealArray:
    """Return F_T(rho) - F_T(tau_T) from energies and spectra.

    Args:
        energy: tr(rho H), shape (...,).
        state: eigenvalues of rho, batch (...,).
        levels: all levels of H, (K,).
        temperature: T >= 0 in the unit of the levels.

    Raises:
        SpecError: if the temperature is below 0, NaN or infinite, or the levels have a batch.
        ConvergenceError: if it comes out below zero by more than rounding.
    """
    t = _temperature(temperature)
    state, levels = (item.expand() if isinstance(item, Copies) else item for item in (state, levels))
    if levels.values.ndim != 1:
        raise SpecError(f"the levels have shape {levels.values.shape}; one set of levels (K,) must serve all states")
    above = np.asarray(energy) - levels.values.min()
    scale = energy_scale(levels)
    if t == 0:
        return extractable_work(above, 0.0, scale)
    # F(tau) - e_0 = -T (ln d + ln(Z/d)); ln d cancels against that of S = ln d - D
    gain = t * (entropy_deficit(state) + log_partition(levels, 1.0 / t))
    return extractable_work(above + gain, 0.0, scale + t)


def _temperature(temperature: float) -> float:
    """Return a temperature, refusing what is none."""
    return checks.number("temperature, in the unit of H (k_B = 1),", temperature, least=0.0)
