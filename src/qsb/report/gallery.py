"""The gallery of the documentation: one page a paper with its verdicts and figures, made by running it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from qsb.plots import save
from qsb.report.figures import draw
from qsb.report.markdown import grid
from qsb.report.page import BASES, SIGNS
from qsb.report.reproduce import check_key
from qsb.studies.papers import PAPERS, study
from qsb.studies.study import Study


def gallery(
    folder: str | Path,
    keys: Sequence[str] | None = None,
    *,
    quick: bool = True,
    tell: Callable[[str, str], None] = lambda paper, what: None,
) -> list[Path]:
    """Recompute papers and write a Markdown page for each, with its figures beside it, and an index.

    Args:
        folder: where the pages go; it is made if it is missing.
        keys: of `qsb.studies.papers.PAPERS`; all of them if None, but without `quick` none that takes minutes.
        quick: fewer and smaller sizes; the pages say so.
        tell: called with (paper, what starts now).

    Returns:
        The pages, the index first.
    """
    chosen = [k for k, p in PAPERS.items() if quick or not p.slow] if keys is None else list(keys)
    for key in chosen:
        check_key(key)
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    pages = []
    for key in chosen:
        made = study(key, quick=quick, tell=lambda step, what, k=key: tell(k, f"{step} {what}"))  # type: ignore[misc]
        for panel in made.panels:
            save(draw(panel, made.datasets), target / f"{key}-{panel.id}.png", dpi=120)
        path = target / f"{key}.md"
        path.write_text(_page(made, quick), encoding="utf-8")
        pages.append(path)
    index = target / "index.md"
    index.write_text(_index(chosen), encoding="utf-8")
    return [index, *pages]


def _page(made: Study, quick: bool) -> str:
    command = f"qsb reproduce {made.key}" + (" --quick" if quick else "")
    claims = [
        (
            f"{j.claim.statement} ({j.claim.section}, {BASES[j.claim.basis]})",
            f"{SIGNS[j.verdict]} {j.verdict.value}",
            j.conclusion,
        )
        for j in made.judgements
    ]
    readings = [(r.label, f"`{r.hamiltonian}`", r.why) for r in made.readings]
    blocks = [
        f"# {PAPERS[made.key].title}",
        made.reference,
        *made.summary,
        f"Made by `{command}` when this documentation was built.",
        *(["## Convention", grid(("In words", "Model", "What speaks for it"), readings)] if readings else []),
        "## Verdicts",
        grid(("Claim", "Verdict", "Numbers"), claims),
        "## Figures",
        *(f"### {p.title}\n\n![{p.alt}]({made.key}-{p.id}.png)\n\n{p.caption}" for p in made.panels),
    ]
    return "\n\n".join(blocks) + "\n"


def _index(keys: Sequence[str]) -> str:
    listed = "\n".join(f"- [{PAPERS[k].title}]({k}.md)" for k in keys)
    hidden = "\n".join(keys)
    left = [f"`{k}`" for k, p in PAPERS.items() if k not in keys and p.slow]
    slow = f"\nNot run here, because they take minutes: {', '.join(left)} (`qsb reproduce KEY`).\n" if left else ""
    return (
        "# Published results, recomputed\n\n"
        "Each page states a paper's claims in the paper's own convention, computes the numbers and draws a figure.\n"
        "The verdicts are computed from the numbers; nothing on these pages is typed by hand.\n\n"
        f"{listed}\n{slow}\n"
        "```{toctree}\n:hidden:\n\n"
        f"{hidden}\n```\n"
    )


__all__ = ["gallery"]
