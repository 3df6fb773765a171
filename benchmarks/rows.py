"""The table as data: which problem, how ours and the peer's are solved, what the goal is. Nothing is imported here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: error of E per cell up to which an answer counts as exact
EQUAL = 1e-8
#: cores that other processes may use during a measurement that counts as undisturbed
QUIET = 0.2
CORES = 2


@dataclass(frozen=True)
class Task:
    """One thing that is timed.

    Attributes:
        name: ``module.function``, called with `args`; it returns arrays and what it tells about itself.
        args: sizes and settings.
        small: the same at a size that costs nothing: called once before, so that imports and compiled code are there.
        blas: threads of BLAS; numba and OpenMP have `CORES`.
        cap: seconds after which it is stopped and counts as not finished.
        tenpy: whether it runs in the interpreter that has TeNPy.
    """

    name: str
    args: dict[str, Any]
    small: dict[str, Any] = field(default_factory=dict)
    blas: int = CORES
    cap: float = 240.0
    tenpy: bool = False


@dataclass(frozen=True)
class Goal:
    """What is asked for: ``speed`` (peer's time over ours at least), ``seconds`` or ``megabytes`` (at most)."""

    kind: str
    value: float


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        key: its name; the part before the first dash is its group.
        problem: what is solved.
        peer: name of the best peer's method.
        ours: contestant -> task; ``run`` (or the first) is what the goals are about.
        theirs: the peer's task, if it is run.
        goals: in the order in which they are shown.
        cells: number that errors are divided by.
        reference: file in `references/` and the arrays to compare, or the peer's own answer (``peer``).
        floor: function of `floor.py` and its arguments.
        remark: what a reader has to know.
        exact: whether the error of E per cell has to be `EQUAL` at most.
    """

    key: str
    problem: str
    peer: str
    ours: dict[str, Task]
    theirs: Task | None
    goals: tuple[Goal, ...]
    cells: int
    reference: str = ""
    floor: tuple[str, dict[str, Any]] | None = None
    remark: str = ""
    exact: bool = True

    @property
    def group(self) -> str:
        """W1, W2, ..."""
        return self.key.split("-")[0]


def _both(problem: str, small: dict[str, Any], cap: float = 240.0, **args: Any) -> dict[str, Task]:
    """The whole run with its checks and peaks, and the bare solution."""
    return {
        how: Task(f"ours.{how}", {"problem": problem, **args}, {"problem": problem, **args, **small}, cap=cap)
        for how in ("run", "solve")
    }


def _chain(n: int, spectra: bool, goals: tuple[Goal, ...]) -> Row:
    what = "E, P and half-chain ergotropy" if spectra else "E and P"
    return Row(
        f"W1-{n}{'-ergotropy' if spectra else ''}",
        f"interacting chain, N = {n}: {what} at 201 times",
        "QuSpin ExpmMultiplyParallel, parity sector" + (" + numpy" if spectra else ""),
        _both("chain", {"n": 12}, n=n, spectra=spectra),
        Task("peers.chain_quspin", {"n": n, "spectra": spectra}, {"n": 6, "spectra": spectra}, blas=1, cap=400),
        goals,
        n,
        f"W1_n{n}",
        ("chain", {"n": n, "spectra": spectra}),
    )


def _dicke(n: int, variant: str, n_max: int, speed: float) -> Row:
    scaled = "g = 0.5/sqrt(N)" if variant == "norm" else "g = 0.5"
    small = {"n": 4, "n_max": 160}
    return Row(
        f"W2-{n}-{variant}",
        f"Dicke, N = {n}, {scaled}, {n_max} quanta: E and ergotropy at 101 times",
        "QuSpin ExpmMultiplyParallel on CSR + numpy",
        _both("dicke", small, n=n, variant=variant, n_max=n_max),
        Task(
            "peers.dicke_quspin",
            {"n": n, "variant": variant, "n_max": n_max},
            {"variant": variant, **small},
            blas=1,
            cap=300,
        ),
        (Goal("speed", speed),),
        n,
        f"W2_n{n}_{variant}",
        ("dicke", {"n": n, "n_max": n_max, "variant": variant}),
    )


def _noisy(n: int, representation: str, speed: float) -> Row:
    hidden = ", in `density`" if representation == "density" else ""
    return Row(
        f"W3-{n}{'-density' if hidden else ''}",
        f"all to all with local noise, N = {n}{hidden}: E, P and ergotropy at 101 times",
        "QuTiP mesolve (vern9, matrix_form) + numpy",
        _both("noisy", {"n": 5}, n=n, representation=representation),
        Task("peers.noisy_qutip", {"n": n}, {"n": 2}, blas=1),
        (Goal("speed", speed),),
        n,
        f"W3_n{n}",
        ("noisy", {"n": n, "dense": bool(hidden)}),
    )


def _alike(n: int, speed: float | None, tried: bool, reference: str, cap: float = 240.0) -> Row:
    """PIQS solves for the energy alone; ours gives the exact ergotropy with it."""
    return Row(
        f"piqs-{n}",
        f"all to all with local noise, N = {n}: E at 101 times, ours with P and the exact ergotropy",
        "qutip.piqs (E only)",
        _both("noisy", {"n": 5}, n=n, representation="auto"),
        Task("peers.noisy_piqs", {"n": n}, {"n": 2}, blas=1, cap=cap) if tried else None,
        (Goal("speed", speed),) if speed else (),
        n,
        reference,
        ("noisy", {"n": n, "dense": False}),
        "" if tried else f"the peer is not run: it does not finish within {cap:.0f} s",
        exact=bool(reference) and reference != "peer",
    )


def _jumps(n: int, samples: int) -> Row:
    return Row(
        f"trajectories-{n}",
        f"all to all with local noise, N = {n}, {samples} trajectories: E at 101 times",
        "QuTiP mcsolve (2 processes)",
        _both("jumps", {"n": 3, "samples": 10}, n=n, samples=samples),
        Task("peers.noisy_mcsolve", {"n": n, "samples": samples}, {"n": 3, "samples": 10}, blas=1),
        (Goal("speed", 5.0),),
        n,
        "exact",
        ("jumps", {"n": n, "samples": samples}),
        "errors are those of a sample: shown beside the standard error that each states",
        exact=False,
    )


def _grid(side: int, peaks: bool) -> Row:
    args: dict[str, Any] = {"n": 4, "side": side, "peaks": peaks}
    return Row(
        f"W4-{'peaks' if peaks else 'series'}",
        f"{side * side} noise rates, N = 4: E and ergotropy at 101 times, `peaks = {str(peaks).lower()}`",
        "QuTiP mesolve (adams), parallel_map(2) + numpy",
        {"sweep": Task("ours.grid", args, {**args, "n": 2})},
        Task("peers.grid_qutip", {"n": 4, "side": side}, {"n": 2, "side": 2}, blas=1),
        (Goal("speed", 100.0),),
        4,
        "W4_n4",
        ("grid", {"side": side}),
    )


def _levels(n: int) -> Row:
    return Row(
        f"W5-{n}",
        f"open transverse-field Ising chain, N = {n}, critical: ground energy and gap",
        "TeNPy DMRG, both parities",
        {"levels": Task("ours.levels", {"n": n}, {"n": 6})},
        Task("peers_tenpy.levels", {"n": n}, {"n": 6}, blas=1, tenpy=True),
        (Goal("seconds", 0.01),),
        n,
        f"W5_n{n}",
    )


def _long_chain(n: int) -> Row:
    return Row(
        f"W6-{n}",
        f"interacting chain, N = {n}: E at 21 times up to t = 4",
        "TeNPy TEBD4, dt 0.1, svd_min 1e-8",
        _both("long_chain", {"n": 6, "window": 0.2}, n=n, window=4.0),
        Task("peers_tenpy.chain", {"n": n, "window": 4.0}, {"n": 6, "window": 0.2}, blas=1, tenpy=True),
        (Goal("speed", 1 / 1.5),),
        n,
        "long",
        None,
        "the reference is the exact energy of shorter chains, continued linearly in N" if n > 20 else "",
        exact=False,
    )


def _starts() -> Row:
    return Row(
        "start-import",
        "start-up: `import qsb`, without the bare interpreter",
        "`import qutip`",
        {"import": Task("start.code", {"code": "import qsb"})},
        Task("start.code", {"code": "import qutip"}),
        (Goal("seconds", 0.3),),
        1,
        exact=False,
    )


def _help() -> Row:
    return Row(
        "start-help",
        "start-up: `qsb --help`",
        "",
        {"help": Task("start.module", {"words": ["--help"]})},
        None,
        (Goal("seconds", 0.5),),
        1,
        exact=False,
    )


def _cold(name: str, source: str) -> Row:
    """How much longer a command takes whose kernels were never compiled on this machine."""
    return Row(
        f"cold-{name}",
        f"first `qsb run` of {source}: what compiling adds",
        "",
        {"added": Task("start.cold", {"name": name})},
        None,
        (Goal("seconds", 10.0),),
        1,
        exact=False,
    )


#: specs that are run with an empty cache: those of examples/, and those of the table that are made in `start.py`
COLD = {
    "ising-quench": "examples/ising-quench.toml",
    "four-cells": "examples/four-cells.toml",
    "noise-grid": "examples/noise-grid.toml",
    "chain": "a chain of 14 cells",
    "noisy": "8 cells with local noise, all to all",
    "jumps": "20 trajectories of 6 cells",
}


def table(quick: bool = False) -> list[Row]:
    """All rows; quick ones are sized to try the harness, and tell nothing."""
    if quick:
        return [
            *(_chain(n, s, (Goal("speed", 5.0),)) for n in (8, 10) for s in (False, True)),
            _dicke(10, "full", 300, 10.0),
            _noisy(4, "auto", 50.0),
            _noisy(4, "density", 5.0),
            _alike(4, 100.0, True, "W3_n4"),
            _alike(6, None, False, "W3_n6"),
            _jumps(4, 20),
            *(_grid(3, peaks) for peaks in (False, True)),
            _levels(12),
            _long_chain(8),
            _starts(),
            _help(),
            _cold("four-cells", COLD["four-cells"]),
        ]
    limits = {16: 254.0, 18: 362.0, 20: 723.0}
    return [
        *(_chain(n, False, (Goal("speed", 5.0), Goal("megabytes", m))) for n, m in limits.items()),
        *(_chain(n, True, (Goal("speed", 6.0), Goal("megabytes", m))) for n, m in limits.items()),
        _dicke(100, "norm", 400, 20.0),
        _dicke(300, "norm", 1200, 20.0),
        _dicke(30, "full", 1800, 10.0),
        *(_noisy(n, "auto", 50.0) for n in (6, 8)),
        *(_noisy(n, "density", 5.0) for n in (6, 8)),
        _alike(16, None, True, "peer"),
        _alike(32, 100.0, True, "peer"),
        _alike(64, None, False, ""),
        _jumps(10, 200),
        *(_grid(21, peaks) for peaks in (False, True)),
        _levels(200),
        _long_chain(40),
        _starts(),
        _help(),
        *(_cold(name, source) for name, source in COLD.items()),
    ]
