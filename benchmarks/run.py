"""Run the benchmarks and write the table: `python benchmarks/run.py [--quick] [--out FILE]`."""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from floor import bytes_per_second, flops_per_second
from workloads import everything


def import_times() -> list[str]:
    """Seconds of a fresh interpreter for what a user types, the smallest of five, less the bare interpreter."""

    def spent(*words: str) -> float:
        times = []
        for _ in range(5):
            began = time.perf_counter()
            subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
            times.append(time.perf_counter() - began)
        return min(times)

    bare = spent("-c", "pass")
    named = {
        "import qsb": spent("-c", "import qsb") - bare,
        "qsb --help": spent("-m", "qsb", "--help"),
        "import qutip": spent("-c", "import qutip") - bare,
    }
    return [f"`{name}` {1e3 * seconds:.0f} ms" for name, seconds in named.items()]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the chains above 10 cells")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("results.md"))
    chosen = parser.parse_args()
    bandwidth, rate = bytes_per_second(), flops_per_second()
    names = ["qsb", "numpy", "scipy", "numba", "qutip", *(["quspin"] if importlib.util.find_spec("quspin") else [])]
    used = ", ".join(f"{n} {version(n)}" for n in names)
    lines = [
        "# Results",
        "",
        f"{os.cpu_count()} cores of {platform.machine()}, Python {platform.python_version()}, {used}.",
        f"Measured here: copy {bandwidth / 1e9:.1f} GB/s, complex matrix product {rate / 1e9:.0f} Gflop/s.",
        "Times are of one call with compiled kernels; in parentheses the largest error of the energy per cell.",
        f"Start-up: {', '.join(import_times())}.",
        "",
        "| problem | qsb | peer | its time | ratio | qsb above the floor |",
        "|---|---|---|---|---|---|",
    ]
    for rows in everything(chosen.quick, bandwidth, rate):
        for row in rows:
            lines.append(row.markdown())
            print(lines[-1], flush=True)
    part = chosen.out.with_name(f".{chosen.out.name}.part")
    part.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(part, chosen.out)


if __name__ == "__main__":
    main()
