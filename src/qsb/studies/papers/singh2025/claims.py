"""The claims by name: each function measures its sentence and names the rule; `judge` gives the verdict."""

from __future__ import annotations

from qsb.studies.papers.singh2025 import charging, decoherence, energies, storage
from qsb.studies.papers.singh2025.tolerances import Measure

CLAIMS: dict[str, Measure] = {
    **energies.CLAIMS,
    **charging.CLAIMS,
    **decoherence.CLAIMS,
    **storage.CLAIMS,
}
