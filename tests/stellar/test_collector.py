"""Stars, collectors and absorbers: what is taken up, and the most that it could become."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qsb.errors import PhysicsBoundError, SpecError
from qsb.stellar.absorber import bathtub_filter, selective_absorber
from qsb.stellar.accretion import AccretionDisk
from qsb.stellar.bands import Bands, TableAbsorber
from qsb.stellar.blackbody import BlackbodyStar
from qsb.stellar.ceilings import ceilings, enforce, landsberg
from qsb.stellar.channel import Source
from qsb.stellar.collector import Absorber, Collector
from qsb.stellar.constants import ASTRONOMICAL_UNIT, SOLAR_LUMINOSITY, SOLAR_MASS, YEAR
from qsb.stellar.kerr import KerrHole
from qsb.stellar.light import exergy_factor
from qsb.stellar.spectrum import Spectrum, astm_e490, astm_g173
from qsb.stellar.star import SOLAR_SPECTRA, Star
from qsb.stellar.status import Status
from qsb.units import ELEMENTARY_CHARGE, PLANCK, SPEED_OF_LIGHT

SUN = Star.sun()
BLACK = Star.sun("blackbody")
HC = PLANCK * SPEED_OF_LIGHT
# What a silicon cell takes: photons of 1.12 to 4 eV, all of them.
SILICON = Bands(((HC / (4.0 * ELEMENTARY_CHARGE), HC / (1.12 * ELEMENTARY_CHARGE)),))


def sampled(star, low=5e-8, high=1e-3, points=20001):
    at = np.geomspace(low, high, points)
    return Spectrum(
        at, star.irradiance(at), "sampled", "Planck", Status.ESTABLISHED, star.distance, "", "", star.dilution
    )


@pytest.mark.parametrize(("spectrum", "total"), [("ASTM-E490", 1366.090797), ("ASTM-G173", 1347.934320)])
def test_a_square_metre_at_the_earth(spectrum, total):
    found = Collector(2.0, ASTRONOMICAL_UNIT).uptake(Star.sun(spectrum))
    assert found.power == found.incident == pytest.approx(2 * total, abs=1e-6)
    assert found.fraction == 1.0
    assert found.emitted == 0.0
    assert found.net == found.power
    assert "at most" in str(found)


@pytest.mark.parametrize("spectrum", SOLAR_SPECTRA)
def test_the_sun_is_a_source(spectrum):
    star = Star.sun(spectrum)
    assert isinstance(star, Source)
    assert star.power(0.0) == pytest.approx(SOLAR_LUMINOSITY, rel=0.011)
    assert star.power(2 * star.lifetime) == 0.0
    assert 6e9 < star.lifetime / YEAR < 9e9
    assert star.light(3 * ASTRONOMICAL_UNIT).total == pytest.approx(star.light(ASTRONOMICAL_UNIT).total / 9)
    assert star.light(ASTRONOMICAL_UNIT).dilution == pytest.approx(star.dilution(ASTRONOMICAL_UNIT), rel=1e-14)
    with pytest.raises(SpecError, match="inside the star"):
        star.light(0.5 * star.radius)


def test_a_star_without_a_mass_shines_for_ever():
    star = Star.blackbody(2566.0, 0.1192 * 6.957e8, name="TRAPPIST-1")
    assert star.reservoir == star.lifetime == math.inf
    assert star.power(1e20) == star.luminosity == pytest.approx(star.shine.luminosity, rel=1e-14)
    collector = Collector(1.0, 0.01 * ASTRONOMICAL_UNIT)
    assert collector.power(star) == pytest.approx(star.luminosity / (4 * math.pi * collector.distance**2), rel=1e-13)


def test_photons_of_a_black_surface():
    star = BlackbodyStar.sun()
    assert Collector(3.0, ASTRONOMICAL_UNIT).photon_flux(BLACK) == pytest.approx(3 * star.photon_flux(), rel=1e-14)


def test_bands_take_what_the_light_holds_in_them():
    light = SUN.light(ASTRONOMICAL_UNIT)
    best = bathtub_filter(light, 400e-9)
    power, photons = best.absorbed(light)
    assert power == pytest.approx(best.power, rel=1e-13)
    assert photons == pytest.approx(sum(light.photon_flux(*band) for band in best.bands), rel=1e-13)
    assert Collector(1.0, ASTRONOMICAL_UNIT, best).uptake(SUN).fraction == pytest.approx(best.fraction)


@pytest.mark.parametrize("light", [BlackbodyStar.sun(), sampled(BlackbodyStar.sun())], ids=["closed", "table"])
def test_a_table_that_is_one_in_a_band_is_that_band(light):
    low, high = 3.1e-7, 1.13e-6
    flat = TableAbsorber([low, high], [1.0, 1.0])
    assert flat.absorbed(light) == pytest.approx(Bands(((low, high),)).absorbed(light), rel=1e-11)


def test_a_sloping_table_by_fine_quadrature():
    table = TableAbsorber([3e-7, 4e-7, 1.1e-6, 1.2e-6], [0.2, 1.0, 0.9, 0.0], "cell")
    light = astm_e490()
    at = np.union1d(np.linspace(3e-7, 1.2e-6, 400001), light.wavelength)
    at = at[(at >= 3e-7) & (at <= 1.2e-6)]
    taken = light.irradiance(at) * table.absorptance(at)
    assert table.absorbed(light)[0] == pytest.approx(np.trapezoid(taken, at), rel=1e-9)
    assert table.absorbed(light)[1] == pytest.approx(np.trapezoid(taken * at, at) / HC, rel=1e-9)
    assert isinstance(table, Absorber)
    assert table.absorptance([2e-7, 3.5e-7, 2e-6]).tolist() == pytest.approx([0.0, 0.6, 0.0])


@given(cuts=st.lists(st.floats(2e-7, 5e-6), min_size=2, max_size=2, unique=True), value=st.floats(0, 1))
def test_nothing_takes_more_than_arrives(cuts, value):
    low, high = sorted(cuts)
    light = astm_e490()
    for absorber in (Bands(((low, high),)), TableAbsorber([low, high], [value, 1.0])):
        assert 0 <= absorber.absorbed(light)[0] <= light.total * (1 + 1e-13)


def test_a_selective_absorber_sends_back_what_it_must():
    star = BlackbodyStar.sun()
    best = selective_absorber(star)
    found = Collector(1.0, ASTRONOMICAL_UNIT, best).uptake(BLACK)
    assert found.net == pytest.approx(best.heat, rel=1e-12)
    assert best.absorptance([1e-7, best.cutoff * 0.999, best.cutoff * 1.001]).tolist() == [1.0, 1.0, 0.0]
    focused = selective_absorber(star, concentration=100.0)
    through_lens = Collector(1.0, ASTRONOMICAL_UNIT, focused).uptake(BLACK)
    assert through_lens.net == pytest.approx(focused.heat / 100, rel=1e-12)


def test_a_selective_absorber_of_a_table_has_gaps_where_the_light_has():
    best = selective_absorber(astm_g173())
    assert len(best.bands) > 1
    light = astm_g173()
    assert best.absorbed(light)[0] - best.emission() == pytest.approx(best.heat, rel=1e-5)
    middle = [(low + high) / 2 for low, high in best.bands]
    assert best.absorptance(middle).tolist() == [1.0] * len(middle)


def test_exergy_of_a_sampled_blackbody_is_landsbergs():
    for kelvin in (5772.0, 2566.0):
        star = BlackbodyStar(kelvin)
        assert exergy_factor(star) == pytest.approx(landsberg(kelvin, 300.0), rel=1e-15)
        table = sampled(star, 5e-8 * 5772 / kelvin, 1e-3)
        assert exergy_factor(table) == pytest.approx(landsberg(kelvin, 300.0), abs=1e-7)
        # The same spectrum, scattered into the whole sky, is worth less.
        assert exergy_factor(table, dilution=1.0) < exergy_factor(table)


def test_exergy_of_sunlight():
    assert exergy_factor(astm_e490()) == pytest.approx(0.9309126, abs=5e-8)
    assert exergy_factor(astm_e490().at(5 * ASTRONOMICAL_UNIT)) == pytest.approx(0.9309126, abs=5e-8)
    with pytest.raises(SpecError, match="solid angle"):
        exergy_factor(astm_g173())
    assert 0.9 < exergy_factor(astm_g173(), dilution=SUN.dilution(ASTRONOMICAL_UNIT)) < 0.94


def test_work_of_a_collector_is_enforced():
    collector = Collector(1e6, ASTRONOMICAL_UNIT)
    assert collector.work(SUN, 0.3) == pytest.approx(0.3e6 * 1366.090797)
    with pytest.raises(PhysicsBoundError, match="exergy ceiling") as refusal:
        collector.work(SUN, 0.94)
    assert refusal.value.stamp.startswith("VIOLATES exergy x1.00976")
    with pytest.raises(PhysicsBoundError, match="Landsberg"):
        collector.work(BLACK, 0.9308)
    with pytest.raises(PhysicsBoundError, match="Shockley-Queisser, both"):
        collector.work(SUN, 0.3, converter="both")
    assert collector.work(SUN, 0.3, converter="front") > 0
    with pytest.raises(SpecError, match="blackbody light"):
        collector.work(SUN, 0.3, converter="reciprocal")
    # Half the light may be turned over with the same ergotropy fraction: only the product is bounded.
    half = Collector(1.0, ASTRONOMICAL_UNIT, TableAbsorber([1e-7, 1e-4], [0.5, 0.5]))
    assert half.work(SUN, 1.0) == pytest.approx(0.5 * 1366.09, rel=1e-4)


@pytest.mark.parametrize("star", [SUN, BLACK], ids=["table", "blackbody"])
def test_the_table_of_ceilings_names_both_geometries(star):
    rows = {row.name: row for row in Collector(1.0, ASTRONOMICAL_UNIT, SILICON).ceilings(star, ergotropy=0.2)}
    front, both = rows["Shockley-Queisser, front"], rows["Shockley-Queisser, both"]
    assert "mirror" in front.assumption
    assert "both faces" in both.assumption
    assert 0.29 < both.value < front.value < 0.31
    light = star.light(ASTRONOMICAL_UNIT)
    assert front.margin == pytest.approx(front.value - 0.2 * SILICON.absorbed(light)[0] / light.total)
    assert rows["Kirchhoff"].claimed < 1
    assert ("Landsberg" in rows) == (star is BLACK)


def test_a_temperature_stands_for_full_concentration():
    rows = {row.name: row.value for row in ceilings(6000, 300)}
    assert rows["Shockley-Queisser, front"] == pytest.approx(0.4074033, abs=5e-8)
    assert rows["Shockley-Queisser, both"] < rows["Shockley-Queisser, front"] < rows["infinite tandem"]
    enforce(6000, 300, absorptance=1.0, ergotropy=0.4, converter="front")


def test_a_hot_disc_gives_silicon_next_to_nothing():
    """The laugh test: a disc near 5e6 K shines in X-rays, and a photovoltaic absorber takes almost none of it."""
    disk = AccretionDisk.at_eddington(KerrHole(10 * SOLAR_MASS, 0.0), 0.1, fuel=1e27)
    assert disk.peak_temperature == pytest.approx(4.86e6, rel=1e-3)
    distance = 1e12
    found = Collector(1.0, distance, SILICON).uptake(disk)
    assert found.incident == pytest.approx(disk.power(0.0) / (4 * math.pi * distance**2), rel=2e-3)
    assert found.fraction == pytest.approx(disk.photovoltaic_share, rel=0.01)
    assert found.fraction < 1e-3
    hottest = Star.blackbody(5e6, 1e4)
    assert Collector(1.0, distance, SILICON).uptake(hottest).fraction < 1e-7
    assert Collector(1.0, distance, SILICON).uptake(SUN).fraction > 0.6


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Collector(0.0, 1.0), "area"),
        (lambda: Collector(1.0, 1e11, 0.5), "absorber"),
        (lambda: Collector(1.0, 1e11).power(5772.0), "star"),
        (lambda: Bands(((2e-6, 1e-6),)), "rise"),
        (lambda: Bands(((1e-6, 3e-6), (2e-6, 4e-6))), "overlap"),
        (lambda: TableAbsorber([1e-6, 2e-6], [0.5, 1.1]), "Kirchhoff"),
        (lambda: TableAbsorber([2e-6, 1e-6], [0.5, 0.5]), "rise"),
        (lambda: Star.sun("wehrli"), "spectrum"),
        (lambda: Star(astm_g173(), 1e9), "no stated distance"),
        (lambda: Collector(1.0, 1e11, sink=6000.0).uptake(BLACK), "not colder"),
        (lambda: Spectrum([1.0, 2.0], [1.0, 1.0], "x", "x", dilution=2.0), "dilution"),
        (lambda: exergy_factor(astm_e490(), dilution=1.5), "dilution"),
        (lambda: selective_absorber(astm_e490(), concentration=5e4), "largest that optics allow"),
    ],
)
def test_refusals(call, words):
    with pytest.raises(SpecError, match=words):
        call()
