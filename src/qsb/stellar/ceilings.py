r"""How much of starlight can be absorbed, and how much of it can become work: one table, enforced.

With :math:`x = T_0/T_\star`: an absorptance is at most 1 (Kirchhoff); work is at most :math:`1-x` (Carnot) and, for
radiation, :math:`1-\tfrac43x+\tfrac13x^4` (Landsberg and Tonge, J. Appl. Phys. 51, R1 (1980)); a table of another
spectrum has its own exergy (`qsb.stellar.light`). A single junction has the limit of Shockley and Queisser, which
depends on where the cell emits: from the front alone, or from both faces. The endoreversible figures are properties of
particular engines and bound nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from qsb import checks
from qsb.errors import PhysicsBoundError, SpecError
from qsb.stellar.blackbody import BlackbodyStar
from qsb.stellar.junction import FACES, shockley_queisser
from qsb.stellar.light import Light, exergy_factor
from qsb.stellar.limits import LANDSBERG, landsberg_efficiency
from qsb.stellar.si import si
from qsb.stellar.spectrum import Spectrum
from qsb.stellar.status import Status

__all__ = [
    "Ceiling",
    "any_device",
    "carnot",
    "ceilings",
    "curzon_ahlborn",
    "endoreversible",
    "enforce",
    "infinite_tandem",
    "landsberg",
]

_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Ceiling:
    """One line of the table of ceilings.

    Attributes:
        name: of the limit.
        value: the largest fraction.
        bounds: what it limits: "absorptance", "work", or "nothing".
        claimed: the fraction compared with it; None where none was given.
        assumption: under which it holds.
        source: where it is derived.
        status: how far it can be trusted.
    """

    name: str
    value: float
    bounds: str
    claimed: float | None
    assumption: str
    source: str
    status: Status = Status.ESTABLISHED

    @property
    def is_bound(self) -> bool:
        """Whether exceeding it is ruled out under its assumption."""
        return self.bounds != "nothing"

    @property
    def margin(self) -> float | None:
        """Limit less claim; negative where the claim is above it. None where nothing is limited or claimed."""
        return None if self.claimed is None or not self.is_bound else self.value - self.claimed

    def __str__(self) -> str:
        """The limit, what it bounds and the margin."""
        tail = "" if self.margin is None else f", margin {self.margin:+.4f}"
        return f"{self.name}: {self.value:.6f} bounds {self.bounds}{tail} ({self.assumption})"


def _ratio(star: Any, sink: Any) -> float:
    """Sink over star temperature, below 1."""
    hot = si("the star's temperature", star, "K", positive=True)
    cold = si("the sink's temperature", sink, "K", positive=True)
    if cold >= hot:
        raise SpecError(f"the sink at {cold:g} K is not colder than the star at {hot:g} K: no work can be had.")
    return cold / hot


def carnot(star: Any, sink: Any) -> float:
    r""":math:`1-x`: of heat drawn at the star's temperature in K."""
    return 1 - _ratio(star, sink)


def landsberg(star: Any, sink: Any) -> float:
    r""":math:`1-\tfrac43x+\tfrac13x^4`: of blackbody radiation, by energy and entropy balance."""
    _ratio(star, sink)
    return landsberg_efficiency(sink, star)


def curzon_ahlborn(star: Any, sink: Any) -> float:
    r""":math:`1-\sqrt x`: an engine at its own largest power; no bound on anything else."""
    return 1 - math.sqrt(_ratio(star, sink))


def endoreversible(star: Any, sink: Any) -> tuple[float, float]:
    r"""Work fraction and temperature in K of a black absorber at full concentration that drives a Carnot engine.

    :math:`\max_T(1-(T/T_\star)^4)(1-T_0/T)`, at the root of :math:`4y^5-3xy^4-x=0`, :math:`y=T/T_\star`. It is what
    one converter reaches: a selective or a tandem one exceeds it.
    """
    x = _ratio(star, sink)
    y = 1.0
    for _ in range(100):  # Newton from the right of a convex branch falls onto the root
        y -= (4 * y**5 - 3 * x * y**4 - x) / (20 * y**4 - 12 * x * y**3)
    return (1 - y**4) * (1 - x / y), y * si("the star's temperature", star, "K", positive=True)


def infinite_tandem(star: Any, sink: Any) -> float:
    r"""Infinitely many gaps at full concentration: the ceiling for converters that do not break reciprocity.

    .. math:: \frac{15}{\pi^4}\int_0^\infty t^3\max_{u\ge1}(1-xu)
              \left(\frac{1}{e^t-1}-\frac{1}{e^{tu}-1}\right)dt,

    where a cell for one photon energy at voltage :math:`qV=E(1-T_0/T)` emits as a body at T = :math:`T_\star/u`.
    """
    x = _ratio(star, sink)
    nodes, weights = np.polynomial.legendre.leggauss(200)
    # The share beyond t = 60 is below 1e-20.
    t, dt = 30 * (nodes + 1), 30 * weights
    low, high = np.ones_like(t), np.full_like(t, 1 / x)
    light = 1 / np.expm1(t)

    def work(u: Any) -> Any:
        # tu beyond 700 emits nothing that a float could hold
        return (1 - x * u) * (light - 1 / np.expm1(np.minimum(t * u, 700.0)))

    for _ in range(90):
        a, b = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        left = work(a) >= work(b)
        low, high = np.where(left, low, a), np.where(left, b, high)
    return float(15 / math.pi**4 * (dt * t**3) @ work(0.5 * (low + high)))


def ceilings(
    star: Any,
    sink: Any = 300.0,
    *,
    absorptance: float | None = None,
    ergotropy: float | None = None,
    concentration: float = 1.0,
) -> tuple[Ceiling, ...]:
    r"""The table of ceilings for a light and a sink, with margins of a claim.

    Args:
        star: light as it arrives; or a temperature in K, for a blackbody's light at full concentration.
        sink: temperature of the surroundings and of every cell, K.
        absorptance: claimed eta_abs.
        ergotropy: claimed eta_erg, work over absorbed energy; with `absorptance` it claims their product as work.
        concentration: times the light as it arrives.

    Raises:
        SpecError: a negative claim, one of work without an absorptance, a sink as hot as the star.
    """
    light = _arriving(star)
    taken, work = _claimed(absorptance, ergotropy)
    black = _of_a_blackbody(light.temperature, sink, work) if isinstance(light, BlackbodyStar) else ()
    return (_kirchhoff(taken), any_device(light, sink, work), *black, *_junctions(light, sink, work, concentration))


def _arriving(star: Any) -> Light:
    """The light; a temperature stands for a blackbody's that fills the whole sky."""
    if isinstance(star, Spectrum | BlackbodyStar):
        return star
    return BlackbodyStar(si("the star's temperature", star, "K", positive=True), 1.0, 1.0)


def _claimed(absorptance: float | None, ergotropy: float | None) -> tuple[float | None, float | None]:
    """Claimed absorptance and work."""
    taken = None if absorptance is None else si("the absorptance", absorptance, "", least=0.0)
    if ergotropy is None:
        return taken, None
    share = si("the ergotropy fraction", ergotropy, "", least=0.0)
    if taken is None:
        raise SpecError("a claim of ergotropy needs the absorptance too: work is their product.")
    return taken, taken * share


def _kirchhoff(taken: float | None) -> Ceiling:
    """The limit of every absorptance."""
    return Ceiling("Kirchhoff", 1.0, "absorptance", taken, "geometric cross-section", "Kirchhoff (1860)")


def any_device(light: Light, sink: Any = 300.0, work: float | None = None) -> Ceiling:
    """The ceiling of every device: Landsberg's, the exergy of a table, or the energy where no solid angle is known.

    Args:
        light: as it arrives.
        sink: temperature of the surroundings, K.
        work: claimed work over light.

    Raises:
        SpecError: a sink as hot as the star.
    """
    if isinstance(light, BlackbodyStar):
        limit = landsberg(light.temperature, sink)
        return Ceiling("Landsberg", limit, "work", work, "blackbody light, any device", LANDSBERG)
    if light.dilution is None:
        assumption = "first law; the solid angle of this light is unknown, and with it its entropy"
        return Ceiling("energy", 1.0, "work", work, assumption, "first law")
    assumption = "this spectrum from its star's disc, any device"
    return Ceiling("exergy", exergy_factor(light, sink), "work", work, assumption, "derived in `qsb.stellar.light`")


def _of_a_blackbody(star: float, sink: Any, work: float | None) -> tuple[Ceiling, ...]:
    """What is known in closed form, or nearly so, for blackbody light at full concentration."""
    engine, at = endoreversible(star, sink)
    return (
        Ceiling("Carnot", carnot(star, sink), "work", work, "heat at the star's temperature", "second law"),
        _tandem(star, sink, work),
        Ceiling(
            "endoreversible",
            engine,
            "nothing",
            work,
            f"one black absorber at {at:.2f} K, full concentration",
            "derived in `endoreversible`",
        ),
        Ceiling(
            "Curzon-Ahlborn",
            curzon_ahlborn(star, sink),
            "nothing",
            work,
            "an engine at its largest power",
            "Curzon and Ahlborn, Am. J. Phys. 43, 22 (1975), doi:10.1119/1.10023",
        ),
    )


def _tandem(star: float, sink: Any, work: float | None) -> Ceiling:
    """The limit of reciprocal converters."""
    return Ceiling(
        "infinite tandem",
        infinite_tandem(star, sink),
        "work of reciprocal converters",
        work,
        "full concentration; no broken reciprocity",
        "De Vos and Pauwels, Appl. Phys. 25, 119 (1981), doi:10.1007/BF00901283",
    )


def _junctions(light: Light, sink: Any, work: float | None, concentration: float) -> tuple[Ceiling, ...]:
    """Shockley and Queisser's limit, by where the cell emits."""
    return tuple(_junction(light, sink, work, concentration, faces) for faces in FACES)


def _junction(light: Light, sink: Any, work: float | None, concentration: float, faces: str) -> Ceiling:
    """Shockley and Queisser's limit of a cell that emits from one face or from both."""
    best = shockley_queisser(light, cell=sink, faces=faces, concentration=concentration)
    geometry = "emission from the front alone, a mirror behind" if faces == "front" else "emission from both faces"
    return Ceiling(
        f"Shockley-Queisser, {faces}",
        best.efficiency,
        "work of single junctions",
        work,
        f"{geometry}; gap {best.gap_eV:.4f} eV, cell at {best.temperature:g} K, {best.concentration:g} times the light",
        "Shockley and Queisser, J. Appl. Phys. 32, 510 (1961), doi:10.1063/1.1736034",
    )


def enforce(
    star: Any,
    sink: Any = 300.0,
    *,
    absorptance: float,
    ergotropy: float,
    converter: str = "any",
    concentration: float = 1.0,
) -> tuple[Ceiling, ...]:
    r"""The rows that bind a claim, or a refusal where :math:`\eta_\mathrm{abs}>1` or the work is above its ceiling.

    Args:
        star: light as it arrives, or a temperature in K for a blackbody's at full concentration.
        sink: temperature of the surroundings, K.
        absorptance: eta_abs.
        ergotropy: eta_erg, work over absorbed energy; their product is the work.
        converter: "any"; "reciprocal" also holds it to the infinite tandem (blackbody light); "front" or "both" to a
            single junction that emits there.
        concentration: times the light as it arrives; it matters for a junction alone.

    Raises:
        PhysicsBoundError: naming the ceiling, the claim and their ratio.
        SpecError: a wrong argument, or no closed form of the reciprocal limit for a table.
    """
    kind = checks.one_of("converter", converter, ("any", "reciprocal", *FACES))
    light = _arriving(star)
    taken, work = _claimed(absorptance, ergotropy)
    rows = [_kirchhoff(taken), any_device(light, sink, work)]
    if kind == "reciprocal":
        if not isinstance(light, BlackbodyStar):
            raise SpecError("the limit of reciprocal converters is known for blackbody light; ask for converter='any'.")
        rows.append(_tandem(light.temperature, sink, work))
    elif kind != "any":
        rows.append(_junction(light, sink, work, concentration, kind))
    for row in rows:
        # One part in 1e12 lets a claim that was computed as the limit itself pass.
        if row.claimed is not None and row.claimed > row.value * (1 + 1e-12):
            what = row.bounds if row.bounds == "absorptance" else "work over light (eta_abs times eta_erg)"
            raise PhysicsBoundError(
                f"the {what} is {row.claimed:.6g}, above the {row.name} ceiling {row.value:.6g} "
                f"({row.assumption}); lower the absorptance or the ergotropy fraction.",
                f"VIOLATES {row.name} x{row.claimed / row.value:.6g}",
            )
    return tuple(rows)
