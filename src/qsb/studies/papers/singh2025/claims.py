"""The claims by name: each function measures its sentence and names the rule; `judge` gives the verdict."""

from __future__ import annotations

from qsb.studies.papers.singh2025 import (
    balance,
    charging,
    collector,
    decoherence,
    energies,
    inputs,
    prospects,
    storage,
    swarms,
)
from qsb.studies.papers.singh2025.tolerances import Measure

#: claim id -> its measurement
CLAIMS: dict[str, Measure] = {
    **energies.CLAIMS,
    **collector.CLAIMS,
    **balance.CLAIMS,
    **prospects.CLAIMS,
    **swarms.CLAIMS,
    **inputs.CLAIMS,
    **charging.CLAIMS,
    **decoherence.CLAIMS,
    **storage.CLAIMS,
}
