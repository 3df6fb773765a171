"""Papers that are recomputed, claim by claim; each module is one paper and knows no other."""

from __future__ import annotations

#: key -> (module, title)
PAPERS: dict[str, tuple[str, str]] = {
    "singh2025": ("qsb.studies.papers.singh2025", "Quantum Stellar Batteries (M. Singh, 2025)"),
}

__all__ = ["PAPERS"]
