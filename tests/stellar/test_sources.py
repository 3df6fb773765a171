"""Every number says where it comes from in a way that can be followed: a paper, a data set, a law, or a choice."""

import re

from qsb.stellar.accretion import AccretionDisk
from qsb.stellar.bounds import bounds_report
from qsb.stellar.ceilings import ceilings
from qsb.stellar.constants import SOLAR_MASS
from qsb.stellar.flare_process import SUPERFLARES, FlareProcess
from qsb.stellar.flare_shape import FLARE_SHAPES
from qsb.stellar.fuel import reactions
from qsb.stellar.kerr import BlandfordZnajek, KerrHole, Penrose
from qsb.stellar.ladders import kardashev_ladder, power_ladder, specific_energy_ladder
from qsb.stellar.matter import known_matter
from qsb.stellar.observed import flare_catalogue, goes, tess_flare
from qsb.stellar.presets import known_losses
from qsb.stellar.pulsar import Pulsar
from qsb.stellar.spectrum import astm_e490, astm_g173
from qsb.stellar.star import Star
from qsb.stellar.status import Status

#: what can be followed: an identifier, a year, a release, a formula, or a statement that it is a choice or a memory
FOLLOWED = re.compile(
    r"doi:10\.|arXiv:|\b(1[89]|20)\d\d\b|\b\d+\.\d+\.\d+\b|\blaws?\b|relativity|definition|derived|pi G M|condition|"
    r"energy and momentum|chosen here|round number|what the beams leave|the rest|from memory, not checked|the paper|"
    r"exact in the SI|an assumption|(Facts and Figures|fact sheet):|entry '|ENDF/B-VIII\.0"
)


def sources():
    """Name and source of everything that has one."""
    hole = KerrHole(10 * SOLAR_MASS, 0.5)
    givers = [
        Penrose(hole, 1e10),
        BlandfordZnajek(hole, 1e4),
        AccretionDisk.at_eddington(hole, 0.1, 1e27),
        Pulsar.known("crab"),
        Star.sun(),
        *reactions(),
    ]
    claims = {"energy": 1e14, "mass": 2.0, "radius": 1.0, "power": 1e9, "work": 1e13, "temperature": 300.0}
    claims |= {"loss_rate": 1e-9, "efficiency": 0.3, "source_temperature": 5772.0, "information": 1.0}
    claims |= {"operation_rate": 1.0, "stress": 1.0, "density": 1e3, "energy_density": 1e9, "electric_field": 1e6}
    ladders = (specific_energy_ladder, power_ladder, kardashev_ladder)
    found = [(row.bound, row.reference, row.status) for row in bounds_report(**claims).rows]
    found += [(rung.name, rung.source, rung.status) for ladder in ladders for rung in ladder()]
    found += [(row.name, row.source, Status.ESTABLISHED) for row in ceilings(6000, 300)]
    found += [(channel.name, channel.source, channel.status) for giver in givers for channel in giver.channels]
    processes = (FlareProcess.solar(), FlareProcess.m_dwarf())
    kinds = [*SUPERFLARES.values(), *(kind for process in processes for kind in process.populations)]
    records = [goes(date) for date in ("2017-09-10", "2025-03-28", "2021-01-01", "2012-06-01")]
    named = [*known_matter(), *known_losses(), *reactions(), *kinds, *records, tess_flare(), flare_catalogue()]
    found += [(each.name, each.source, each.status) for each in [*named, astm_e490(), astm_g173()]]
    found += [(name, shape.source, shape().status) for name, shape in FLARE_SHAPES.items()]
    return {(name, source): status for name, source, status in found}


def test_every_source_can_be_followed():
    found = sources()
    assert len(found) > 80
    assert [key for key in found if not FOLLOWED.search(key[1])] == []
    assert all(isinstance(status, Status) for status in found.values())


def test_the_name_of_an_institution_is_no_source():
    assert not FOLLOWED.search("NASA")
    assert not FOLLOWED.search("ATNF catalogue")
