"""Absorbers, junctions and ceilings against literature values; what exceeds a ceiling is refused."""

import math

import numpy as np
import pytest
from scipy import constants
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from oracle import printed
from qsb.errors import PhysicsBoundError, SpecError
from qsb.stellar.absorber import bathtub_filter, matched_filter, selective_absorber
from qsb.stellar.blackbody import BlackbodyStar
from qsb.stellar.ceilings import carnot, ceilings, curzon_ahlborn, endoreversible, enforce, infinite_tandem, landsberg
from qsb.stellar.junction import FACES, shockley_queisser
from qsb.stellar.spectrum import Spectrum, astm_e490, astm_g173
from qsb.stellar.status import Status

SUN = BlackbodyStar.sun()


@pytest.mark.parametrize(
    ("x", "work", "kelvin", "cutoff"),
    [
        (1.0, "0.5290600803", "841.97757", "1.381923e-6"),
        (100.0, "0.6421509299", "1088.7824", "1.836017e-6"),
        (1e4, "0.7971471", "1834.5052", "7.716757e-6"),
    ],
)
def test_selective_absorber(x, work, kelvin, cutoff):
    best = selective_absorber(SUN, concentration=x)
    assert best.work_fraction == printed(work)
    assert best.temperature == printed(kelvin)
    assert best.cutoff == printed(cutoff)
    assert best.work_fraction < landsberg(5772.0, 300.0)


def test_selective_absorber_of_a_table_is_that_of_its_star():
    at = np.geomspace(1e-7, 1e-4, 8001)
    table = Spectrum(at, SUN.irradiance(at), "sampled", "Planck", Status.ESTABLISHED)
    best = selective_absorber(table)
    assert best.work_fraction == pytest.approx(0.5290600803, rel=1e-5)
    assert best.cutoff == pytest.approx(1.381923e-6, rel=2e-3)


def test_full_concentration_is_the_endoreversible_engine():
    best = selective_absorber(BlackbodyStar(6000.0, 1.0, 1.0))
    assert best.cutoff == np.inf
    assert best.work_fraction == printed("0.8535673181")
    assert best.temperature == printed("2544.3415")


def test_bathtub():
    best = bathtub_filter(SUN, 400e-9)
    ((low, high),) = best.bands
    assert (low, high) == pytest.approx((352.928515e-9, 752.928515e-9), rel=1e-8)
    assert SUN.irradiance(low) == pytest.approx(SUN.irradiance(high), rel=1e-10)
    assert best.fraction == printed("0.4675459696")
    assert best.absorptance([low - 1e-9, 5e-7, high + 1e-9]).tolist() == [0.0, 1.0, 0.0]


def test_bathtub_of_a_table_beats_every_single_band():
    light = astm_e490()
    best = bathtub_filter(light, 400e-9)
    assert sum(high - low for low, high in best.bands) == pytest.approx(400e-9, rel=1e-12)
    assert max(light.band(a, a + 400e-9) for a in np.linspace(2e-7, 9e-7, 141)) < best.power


def test_bathtub_fills_a_plateau():
    flat = Spectrum([1e-6, 2e-6, 3e-6], [5.0, 5.0, 5.0], "flat", "made up", Status.SPECULATIVE)
    best = bathtub_filter(flat, 1.5e-6)
    assert best.bands[0] == pytest.approx((1e-6, 2.5e-6))
    assert best.fraction == pytest.approx(0.75)
    with pytest.raises(SpecError, match="wider"):
        bathtub_filter(flat, 3e-6)


@pytest.mark.parametrize(("measure", "budget"), [("wavelength", 1e-7), ("frequency", 1e14)])
def test_matched_filter(measure, budget):
    best = matched_filter(SUN, budget, measure=measure)
    at = np.geomspace(5e-8, 3e-4, 40001)
    table = matched_filter(
        Spectrum(at, SUN.irradiance(at), "sampled", "Planck", Status.ESTABLISHED), budget, measure=measure
    )
    assert table.captured == pytest.approx(best.captured, rel=1e-6)
    assert table.peak == pytest.approx(best.peak, rel=1e-5)
    assert best.realisable
    assert not matched_filter(SUN, 100 * budget, measure=measure).realisable


def test_integral_behind_the_matched_filter():
    best = matched_filter(BlackbodyStar(5772.0, 1.0, 1.0), 1.0, measure="frequency")
    kt = 1.380649e-23 * 5772.0
    scale = 2 * np.pi * kt**3 / (6.62607015e-34**2 * 299792458.0**2)
    integral = best.captured**2 / (scale**2 * kt / 6.62607015e-34)
    assert integral == printed("6.475524914")


def test_ceilings_of_the_literature():
    assert landsberg(6000, 300) == printed("0.9333354167")
    assert carnot(6000, 300) == pytest.approx(0.95)
    work, kelvin = endoreversible(6000, 300)
    assert work == printed("0.8535673181")
    assert kelvin == printed("2544.3415")
    assert infinite_tandem(6000, 300) == printed("0.8681962183")
    assert curzon_ahlborn(6000, 300) < work < infinite_tandem(6000, 300) < landsberg(6000, 300) < carnot(6000, 300)


def emitted(gap, bias, kelvin):
    """Photons of a cell by adaptive quadrature over photon energies."""
    kt = constants.k * kelvin
    rule = {"epsabs": 0, "epsrel": 1e-12, "limit": 200}
    found, _ = quad(lambda e: e * e / math.expm1((e - bias) / kt), gap, gap + 60 * kt, **rule)
    return 2 * math.pi / (constants.h**3 * constants.c**2) * found


def work_by_quadrature(gap, photons, kelvin, faces=1):
    """Most work of a cell over its voltage: no code of this package."""
    span = (0.3 * gap, gap - 1e-3 * constants.k * kelvin)
    best = minimize_scalar(
        lambda bias: -bias * (photons - faces * emitted(gap, bias, kelvin)),
        bounds=span,
        method="bounded",
        options={"xatol": 1e-30},
    )
    return -best.fun


def test_shockley_queisser_of_a_blackbody():
    one = shockley_queisser(BlackbodyStar(6000.0))
    assert one.efficiency == pytest.approx(0.30961617, abs=5e-9)
    assert one.gap_eV == printed("1.3059")
    dilution = (6.957e8 / constants.au) ** 2
    x = one.gap / (constants.k * 6000.0)
    photons, _ = quad(lambda t: t * t / math.expm1(t), x, x + 80, epsabs=0, epsrel=1e-13)
    photons *= dilution * 2 * math.pi * (constants.k * 6000.0) ** 3 / (constants.h**3 * constants.c**2)
    light = dilution * constants.sigma * 6000.0**4
    assert work_by_quadrature(one.gap, photons, 300.0) / light == pytest.approx(one.efficiency, abs=1e-10)
    star = BlackbodyStar(6000.0, 1.0, 1.0)
    assert shockley_queisser(star).efficiency == printed("0.4074033")


def test_the_printed_value_at_one_sun_belongs_to_a_larger_sun():
    """0.3096235 was printed; a solar radius of 6.96e8 m, as long in use, gives 0.3096233, the nominal one 0.3096162."""
    assert shockley_queisser(BlackbodyStar(6000.0, 6.96e8)).efficiency == pytest.approx(0.3096235, abs=2.5e-7)
    assert shockley_queisser(BlackbodyStar(6000.0)).efficiency == pytest.approx(0.3096235 - 7.3e-6, abs=1e-7)


def test_shockley_queisser_at_the_ground():
    light = astm_g173()
    front, both = (shockley_queisser(light, cell=298.15, faces=faces) for faces in FACES)
    assert front.efficiency == pytest.approx(0.33773454, abs=5e-9)
    assert front.gap_eV == pytest.approx(1.33643, abs=1e-5)
    assert both.efficiency == pytest.approx(0.33163485, abs=5e-9)
    for found, faces in ((front, 1), (both, 2)):
        photons = light.photon_flux(0.0, constants.h * constants.c / found.gap)
        by_quad = work_by_quadrature(found.gap, photons, 298.15, faces) / light.total
        assert by_quad == pytest.approx(found.efficiency, abs=1e-10)
    # The literature's two values are for the two geometries.
    assert round(100 * front.efficiency, 1) == 33.8
    assert round(100 * both.efficiency, 2) == 33.16


def test_the_printed_value_at_the_ground_counts_photons_coarsely():
    """0.3377276 was printed: the gap 1.336 eV of a grid, and photons read off the trapezoids' cumulative by a line.

    Within the cell that holds the band edge that is no integral of the light, and it moves the best gap onto a node.
    """
    light = astm_g173()
    density = light.values * light.wavelength / (constants.h * constants.c)
    sums = np.concatenate(([0.0], np.cumsum(0.5 * (density[1:] + density[:-1]) * np.diff(light.wavelength))))
    gap = 1.336 * constants.e
    coarse = float(np.interp(constants.h * constants.c / gap, light.wavelength, sums))
    assert work_by_quadrature(gap, coarse, 298.15) / light.total == pytest.approx(0.3377276, abs=5e-8)
    exact = light.photon_flux(0.0, constants.h * constants.c / gap)
    assert work_by_quadrature(gap, exact, 298.15) / light.total == pytest.approx(0.33772801, abs=5e-9)
    fine = np.linspace(light.wavelength[0], constants.h * constants.c / gap, 1_000_001)
    photons = np.trapezoid(light.irradiance(fine) * fine, fine) / (constants.h * constants.c)
    assert exact == pytest.approx(photons, rel=1e-9)
    assert coarse != pytest.approx(photons, rel=1e-6)


def test_claims_above_a_ceiling_are_refused():
    rows = {row.name: row for row in ceilings(6000, 300, absorptance=0.95, ergotropy=0.9)}
    assert rows["Landsberg"].margin == pytest.approx(0.9333354167 - 0.855)
    assert rows["Curzon-Ahlborn"].margin is None
    assert not rows["endoreversible"].is_bound
    assert all(row.source and row.assumption for row in rows.values())
    assert "bounds work" in str(rows["Carnot"])
    assert [row.name for row in enforce(6000, 300, absorptance=0.95, ergotropy=0.9)] == ["Kirchhoff", "Landsberg"]
    with pytest.raises(PhysicsBoundError, match=r"absorptance is 1\.2") as refusal:
        enforce(6000, 300, absorptance=1.2, ergotropy=0.1)
    assert refusal.value.stamp == "VIOLATES Kirchhoff x1.2"
    with pytest.raises(PhysicsBoundError, match="Landsberg"):
        enforce(6000, 300, absorptance=1.0, ergotropy=0.94)
    enforce(6000, 300, absorptance=1.0, ergotropy=0.9)
    with pytest.raises(PhysicsBoundError, match="infinite tandem"):
        enforce(6000, 300, absorptance=1.0, ergotropy=0.9, converter="reciprocal")
    enforce(6000, 300, absorptance=1.0, ergotropy=landsberg(6000, 300))
    # Light from the ground does not say from where it comes: only energy is conserved then.
    with pytest.raises(PhysicsBoundError, match="energy ceiling"):
        enforce(astm_g173(), absorptance=1.0, ergotropy=1.01)


def test_refusals():
    with pytest.raises(SpecError, match="not colder"):
        carnot(300, 300)
    with pytest.raises(SpecError, match="needs the absorptance"):
        ceilings(6000, ergotropy=0.5)
    with pytest.raises(SpecError, match="largest that optics allow"):
        selective_absorber(SUN, concentration=5e4)
    with pytest.raises(SpecError, match="largest that optics allow"):
        shockley_queisser(SUN, concentration=5e4)
    with pytest.raises(SpecError, match="faces"):
        shockley_queisser(SUN, faces="back")
    with pytest.raises(SpecError, match="the light"):
        bathtub_filter(5772.0, 1e-7)
