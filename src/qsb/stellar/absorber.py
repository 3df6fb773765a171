r"""Three notions of a good absorber, each with its own budget; their answers must not be mixed.

* `bathtub_filter`: a budget of *bandwidth*; the best absorptance is 1 where the light is strongest and 0 elsewhere.
* `matched_filter`: a budget :math:`\int a^2`; by Cauchy-Schwarz the best response is proportional to the light.
  A gain, not an absorptance: it may exceed 1.
* `selective_absorber`: no budget, but a hot absorber emits what it can absorb (Kirchhoff), so it absorbs only where
  the light is brighter than its own emission; its temperature is then chosen for the most work.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsb import checks
from qsb.errors import SpecError
from qsb.stellar.bands import Banded
from qsb.stellar.blackbody import BlackbodyStar, planck_exitance
from qsb.stellar.constants import WIEN
from qsb.stellar.light import Light, concentrated, is_light
from qsb.stellar.si import si
from qsb.stellar.spectrum import Spectrum
from qsb.stellar.status import Status
from qsb.units import BOLTZMANN, PLANCK, SPEED_OF_LIGHT

__all__ = [
    "BathtubFilter",
    "MatchedFilter",
    "SelectiveAbsorber",
    "bathtub_filter",
    "matched_filter",
    "selective_absorber",
]

_ZETA = {6: 1.0173430619844491, 7: 1.0083492773819228, 8: 1.0040773561979443, 9: 1.0020083928260822}
_HC = PLANCK * SPEED_OF_LIGHT


@dataclass(frozen=True)
class BathtubFilter(Banded):
    """Absorptance 1 in its bands, 0 elsewhere: the most power for a width; made by `bathtub_filter`.

    Attributes:
        bands: (low, high) in m, rising.
        width: sum of the bands' widths, m.
        level: spectral irradiance at their edges, W/m^2/m.
        power: absorbed, W/m^2.
        fraction: of the light.
        status: exact for the spectrum given.
    """

    bands: tuple[tuple[float, float], ...]
    width: float
    level: float
    power: float
    fraction: float
    status: Status = Status.ESTABLISHED


@dataclass(frozen=True)
class MatchedFilter:
    r"""Response :math:`a \propto I` of the largest :math:`\int aI` at a given :math:`\int a^2`.

    Attributes:
        budget: the given integral of a^2, in m or in Hz.
        measure: "wavelength" or "frequency": the integrals' variable, which changes the answer.
        gain: a over the spectral irradiance in that variable.
        captured: integral of aI, W/m^2; an absorbed power only where `realisable`.
        peak: largest a.
        status: the inequality is exact; that a device costs the integral of a^2 is an assumption.
    """

    budget: float
    measure: str
    gain: float
    captured: float
    peak: float
    status: Status = Status.ENGINEERING

    @property
    def realisable(self) -> bool:
        """Whether the response is an absorptance, nowhere above 1."""
        return self.peak <= 1.0


@dataclass(frozen=True)
class SelectiveAbsorber(Banded):
    """A flat absorber that emits what it absorbs, at the temperature of most work; made by `selective_absorber`.

    Attributes:
        bands: (low, high) in m where the light outshines the absorber: it takes all there, and nothing elsewhere.
        temperature: of the absorber, K.
        heat: net heat that it takes up, W/m^2.
        incoming: concentrated light, W/m^2.
        concentration: times the light as it arrives.
        sink: K.
        status: exact under its assumptions: one face, Carnot engine, no other losses.
    """

    bands: tuple[tuple[float, float], ...]
    temperature: float
    heat: float
    incoming: float
    concentration: float
    sink: float
    status: Status = Status.ESTABLISHED

    @property
    def cutoff(self) -> float:
        """End of the last band, m; infinite where the light outshines it everywhere."""
        return self.bands[-1][1]

    @property
    def heat_fraction(self) -> float:
        """Net heat over the concentrated light."""
        return self.heat / self.incoming

    @property
    def work_fraction(self) -> float:
        """Heat fraction times Carnot's between the absorber and the sink."""
        return self.heat_fraction * (1 - self.sink / self.temperature)

    def emission(self) -> float:
        """What it sends back from its bands over the area that collects the light, W/m^2."""
        own = BlackbodyStar(self.temperature, 1.0, 1.0)
        return self.absorbed(own)[0] / self.concentration


def bathtub_filter(light: Light, width: Any) -> BathtubFilter:
    r"""The bands of total width W that hold the most power: a super-level set of :math:`I_\lambda`.

    Args:
        light: a table (linear between nodes) or a blackbody star.
        width: m, positive and, for a table, at most its span.

    Raises:
        SpecError: a width that is not positive or wider than the table.
    """
    is_light(light)
    wide = si("the width", width, "m", positive=True)
    if isinstance(light, BlackbodyStar):
        peak = _HC / (WIEN * BOLTZMANN * light.temperature)
        low, high = max(peak - wide, 0.0), peak
        for _ in range(200):  # the lower edge rises until both edges are equally bright
            middle = 0.5 * (low + high)
            if light.irradiance(middle) < light.irradiance(middle + wide):
                low = middle
            else:
                high = middle
        bands: tuple[tuple[float, float], ...] = ((high, high + wide),)
        level = float(light.irradiance(high))
    else:
        span = float(light.wavelength[-1] - light.wavelength[0])
        if wide > span:
            raise SpecError(f"the width {wide:g} m is wider than the table, {span:g} m.")
        level, bands = _super_level(light, wide)
    power = sum(light.band(low, high) for low, high in bands)
    return BathtubFilter(bands, wide, level, power, power / light.total)


def _super_level(light: Spectrum, wide: float) -> tuple[float, tuple[tuple[float, float], ...]]:
    """Level and bands of a table; a plateau that holds the level is filled from short wavelengths."""
    w, v = light.wavelength, light.values
    step = np.diff(w)
    bottom, top = np.minimum(v[:-1], v[1:]), np.maximum(v[:-1], v[1:])

    def share(level: float) -> NDArray[np.float64]:
        """Part of each cell that lies above a level."""
        slope = np.where(top > bottom, top - bottom, 1.0)
        return np.asarray(np.where(top > bottom, np.clip((top - level) / slope, 0.0, 1.0), bottom > level))

    low, high = 0.0, float(v.max())
    for _ in range(200):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        low, high = (low, middle) if step @ share(middle) <= wide else (middle, high)
    part = share(high)
    spare = wide - float(step @ part)
    flat = np.flatnonzero((part < 1) & (share(low) > part)) if spare > 0 else np.array([], int)
    for cell in flat:
        more = min(1.0 - part[cell], spare / step[cell], float(share(low)[cell] - part[cell]))
        part[cell] += more
        spare -= more * step[cell]
    bands: list[tuple[float, float]] = []
    for cell in np.flatnonzero(part > 0):
        length = part[cell] * step[cell]
        falling = v[cell] >= v[cell + 1]
        start = w[cell] if falling else w[cell + 1] - length
        end = w[cell] + length if falling else w[cell + 1]
        if bands and start <= bands[-1][1] * (1 + 1e-15):
            bands[-1] = (bands[-1][0], float(end))
        else:
            bands.append((float(start), float(end)))
    return high, tuple(bands)


def matched_filter(light: Light, budget: float, *, measure: str = "wavelength") -> MatchedFilter:
    r"""Cauchy-Schwarz: :math:`\int aI \le \sqrt{\int a^2\int I^2}`, met by :math:`a = I\sqrt{Q/\int I^2}`.

    For a blackbody :math:`\int x^k/(e^x-1)^2dx = k!\,(\zeta(k)-\zeta(k+1))` with k = 8 in wavelength and 6 in
    frequency.

    Args:
        light: a table or a blackbody star.
        budget: Q, the integral of a^2: m for "wavelength", Hz for "frequency".
        measure: variable of the integrals.

    Raises:
        SpecError: a budget that is not positive, another measure, or a spectrum without light.
    """
    is_light(light)
    q = si("the budget", budget, "m" if measure == "wavelength" else "Hz", positive=True)
    in_wavelength = checks.one_of("measure", measure, ("wavelength", "frequency")) == "wavelength"
    if isinstance(light, BlackbodyStar):
        norm, brightest = _blackbody_norm(light, in_wavelength)
    else:
        w, v = light.wavelength, light.values
        nodes, weights = np.polynomial.legendre.leggauss(3)  # exact: the integrand is at most quartic in a cell
        s = 0.5 * (nodes + 1)
        inside = v[:-1, None] * (1 - s) + v[1:, None] * s
        at = w[:-1, None] * (1 - s) + w[1:, None] * s
        density = inside**2 if in_wavelength else inside**2 * at**2 / SPEED_OF_LIGHT
        norm = float(0.5 * np.diff(w) @ (density @ weights))
        # Between nodes I times wavelength squared is a cubic: the largest of fine samples stands for its peak.
        fine = np.linspace(0, 1, 9)
        shape = v[:-1, None] * (1 - fine) + v[1:, None] * fine
        where = w[:-1, None] * (1 - fine) + w[1:, None] * fine
        brightest = float((shape if in_wavelength else shape * where**2 / SPEED_OF_LIGHT).max())
    if norm <= 0:
        raise SpecError("the spectrum holds no light to match.")
    gain = math.sqrt(q / norm)
    return MatchedFilter(q, measure, gain, math.sqrt(q * norm), gain * brightest)


def _blackbody_norm(star: BlackbodyStar, in_wavelength: bool) -> tuple[float, float]:
    """Integral of the squared spectrum and its peak, in wavelength or in frequency."""
    kt = BOLTZMANN * star.temperature
    if in_wavelength:
        scale = star.dilution * 2 * math.pi * PLANCK * SPEED_OF_LIGHT**2 * (kt / _HC) ** 5
        shape, width, x, k = 8, _HC / kt, WIEN, 5
        norm = scale**2 * width * math.factorial(shape) * (_ZETA[8] - _ZETA[9])
    else:
        scale = star.dilution * 2 * math.pi * kt**3 / (PLANCK**2 * SPEED_OF_LIGHT**2)
        width, x, k = kt / PLANCK, 2.8214393721220787, 3
        norm = scale**2 * width * math.factorial(6) * (_ZETA[6] - _ZETA[7])
    return norm, scale * x**k / math.expm1(x)


def selective_absorber(light: Light, *, sink: Any = 300.0, concentration: float = 1.0) -> SelectiveAbsorber:
    r"""The absorber that absorbs where the light outshines it, at the temperature of most work.

    .. math:: \eta = \max_T \left(1-\frac{T_0}{T}\right)
              \frac{\int \max(X I_\lambda - \pi B_\lambda(T),\,0)\,d\lambda}{X\int I_\lambda\,d\lambda}.

    Args:
        light: a table or a blackbody star.
        sink: T_0, K.
        concentration: X; at most :math:`(d/R)^2` for a star.

    Raises:
        SpecError: more concentration than optics allow, a sink as hot as the light, or no light.
    """
    from scipy.optimize import brentq, minimize_scalar

    x = concentrated(light, concentration)
    cold = si("the sink", sink, "K", positive=True)
    if isinstance(light, BlackbodyStar):
        top = light.temperature
    else:
        # No absorber hotter than the brightness temperature of the brightest wavelength gains anything.
        lit = light.values > 0
        if not lit.any():
            raise SpecError("the spectrum holds no light to absorb.")
        at, bright = light.wavelength[lit], x * light.values[lit]
        radiance = 2 * math.pi * PLANCK * SPEED_OF_LIGHT**2 / (bright * at**5)
        top = float((_HC / (at * BOLTZMANN * np.log1p(radiance))).max())
    if top <= cold:
        raise SpecError(f"the sink at {cold:g} K is not colder than the light at {top:g} K.")

    def work(kelvin: float) -> float:
        """Minus the work fraction at an absorber temperature."""
        return -(1 - cold / kelvin) * _net(light, x, kelvin)[0] / (x * light.total)

    grid = np.geomspace(cold, top, 202)[1:-1]
    best = int(np.argmin([work(kelvin) for kelvin in grid]))
    bracket = (grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)])
    if isinstance(light, BlackbodyStar):  # a search knows the place of a flat maximum to half of the digits only
        kelvin = float(brentq(lambda t: _slope(light, x, t, cold), *bracket, xtol=1e-12, rtol=1e-14))
    else:
        kelvin = float(minimize_scalar(work, bounds=bracket, method="bounded", options={"xatol": 1e-9}).x)
    heat, bands = _net(light, x, kelvin)
    return SelectiveAbsorber(bands, kelvin, heat, x * light.total, x, cold)


def _slope(light: BlackbodyStar, x: float, kelvin: float, cold: float) -> float:
    r"""Temperature times the derivative of the work by it, W/m^2; zero where the work is largest.

    At the cutoff light and emission are equal, so that its motion counts for nothing. The emission is
    :math:`M = T^4\,\phi(\lambda T)`, hence :math:`T\,\partial_TM = 4M + \lambda\,\partial_\lambda M` at a fixed edge.
    """
    heat, ((_, cutoff),) = _net(light, x, kelvin)
    end = None if math.isinf(cutoff) else cutoff
    grown = 4 * BlackbodyStar(kelvin, 1.0, 1.0).band(0.0, end)
    if end is not None:
        grown += end * float(planck_exitance(end, kelvin))
    return cold / kelvin * heat - (1 - cold / kelvin) * grown


def _net(light: Light, x: float, kelvin: float) -> tuple[float, tuple[tuple[float, float], ...]]:
    """Net heat in W/m^2 where the light outshines the absorber, and those bands in m."""
    if isinstance(light, BlackbodyStar):
        cutoff = _cutoff(light.temperature, x * light.dilution, kelvin)
        own = BlackbodyStar(kelvin, 1.0, 1.0)
        end = None if math.isinf(cutoff) else cutoff
        return x * light.band(0.0, end) - own.band(0.0, end), ((0.0, cutoff),)
    excess = x * light.values - planck_exitance(light.wavelength, kelvin)
    a, b = excess[:-1], excess[1:]
    step = np.diff(light.wavelength)
    high, low = np.maximum(a, b), np.minimum(a, b)
    gap = np.where(high > low, high - low, 1.0)
    area = np.where(low >= 0, 0.5 * (high + low), np.where(high > 0, 0.5 * high**2 / gap, 0.0))
    return float(step @ area), _positive(light.wavelength, excess)


def _positive(w: NDArray[np.float64], excess: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    """Intervals in m on which a table, linear between its nodes, is above zero."""
    a, b = excess[:-1], excess[1:]
    crossing = np.flatnonzero((a > 0) != (b > 0))
    roots = w[crossing] + (w[crossing + 1] - w[crossing]) * a[crossing] / (a[crossing] - b[crossing])
    ends = list(roots)
    if excess[0] > 0:
        ends.insert(0, w[0])
    if excess[-1] > 0:
        ends.append(w[-1])
    pairs = zip(ends[::2], ends[1::2], strict=True)
    return tuple((float(low), float(high)) for low, high in pairs if high > low) or ((0.0, 0.0),)


def _cutoff(hot: float, dilution: float, kelvin: float) -> float:
    r"""Wavelength at which :math:`g/(e^{x}-1)` at the star's temperature equals the absorber's own emission."""
    from scipy.optimize import brentq

    ratio = hot / kelvin
    if dilution * ratio >= 1.0:
        return math.inf  # the light is brighter even in the Rayleigh-Jeans limit

    def difference(x: float) -> float:
        """log of absorber's emission over light, falling in x."""
        return (
            math.log(dilution)
            + (math.log(math.expm1(ratio * x)) if ratio * x < 500 else ratio * x)
            - (math.log(math.expm1(x)) if x < 500 else x)
        )

    top = 2 * (1.0 - math.log(dilution)) / (ratio - 1)
    x = float(brentq(difference, 1e-9, max(top, 1.0), xtol=1e-15, rtol=1e-14))
    return _HC / (x * BOLTZMANN * hot)
