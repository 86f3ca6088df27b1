"""Writes the tables of docs/reference/metrics.md from the registry: `python -m tests.docs.metrics_tables`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipeline.metrics.registry import FIGURES, GROUPS, METRICS, OBJECTIVES, SUMMARY_FIGURES, SWEEP_FIGURES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.metrics.figure import Figure

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
BEGIN: Final = "<!-- generated from pipeline/metrics/registry.py: begin -->\n"
END: Final = "<!-- generated: end -->\n"
HEAD: Final = "| figure | shown as | meaning | formula | unit | null when |\n|---|---|---|---|---|---|\n"
UNITS: Final = {"count": "count", "shares": "shares", "ratio": "ratio"}


def with_tables(page: str) -> str:
    """Return the page with its tables made anew."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + tables() + END + rest.partition(END)[2]


def tables() -> str:
    """Return a table a group of figures, their sources, and which of them other files have."""
    sources = list(dict.fromkeys(figure.source for figure in METRICS if figure.source))
    texts = []
    for group in GROUPS:
        figures = {figure.general_name: figure for figure in reversed(METRICS) if figure.group == group}
        rows = "".join(_row(figure, sources) for figure in reversed(figures.values()))
        texts.append(f"\n## {group}\n\n{HEAD}{rows}")
    numbered = "\n".join(f"{number}. {source}" for number, source in enumerate(sources, 1))
    summary = ", ".join(
        f"`{heading}`" + ("" if heading == figure.name else f" (`{figure.name}`)")
        for heading, figure in SUMMARY_FIGURES.items()
    )
    others = ", ".join(f"`{figure.name}` ({figure.meaning[0].lower()}{figure.meaning[1:-1]})" for figure in _others())
    return "".join(texts) + (
        f"\n## Sources\n\n{numbered}\n\n## Which other files have them\n\n"
        f"* `sweep.parquet`, of every setting: {_named(SWEEP_FIGURES)}. "
        f"A sweep chooses by {' or '.join(f'`{name}`' for name in OBJECTIVES)}.\n"
        f"* `backtest_summary.csv`, under these headings: {summary}.\n"
        f"* Only these two have {others}.\n"
    )


def _row(figure: Figure, sources: list[str]) -> str:
    note = f" [{sources.index(figure.source) + 1}]" if figure.source else ""
    missing = "; ".join(f"{reason.text[0].lower()}{reason.text[1:-1]}" for reason in figure.missing)
    unit = "0 to 1, shown in %" if figure.form == "share" else figure.unit or UNITS[figure.form]
    cells = (f"`{figure.general_name}`", figure.general_label, figure.meaning, figure.formula + note, unit, missing)
    return f"| {' | '.join(cells)} |\n".replace("|  |", "| |")


def _others() -> Iterable[Figure]:
    return (figure for figure in FIGURES if not figure.in_metrics)


def _named(figures: Iterable[Figure]) -> str:
    return ", ".join(f"`{figure.name}`" for figure in figures)


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
