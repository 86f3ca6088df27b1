"""The assumption check as a page shows it: what it comes to, its band drawn, and the way from classic to strict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.metrics.assumptions import BETWEEN, in_words, verdict_of, waterfall
from pipeline.metrics.daily import TOTAL
from pipeline.pages.cells import Cell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pipeline.metrics.assumptions import Step, Verdict
    from pipeline.pages.run_reader import Contents

EDGE: Final = 2.0
"""Per cent of a drawing's width left free at both ends."""

NEAR_AN_END: Final = 30.0
"""Per cent of the width within which a label beside a mark goes inwards."""


@dataclass(frozen=True, slots=True)
class Label:
    """Where something stands, per cent of the width, and the side of its label (an SVG text-anchor)."""

    at: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar from one value to another, per cent of the width."""

    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Band:
    """Where nought, classic, strict and the band of strict stand beside each other."""

    zero: Label
    classic: Label
    strict: Label
    bar: Bar


@dataclass(frozen=True, slots=True)
class Way:
    """The way from classic to strict: a sentence, each step with its bar, and where nought stands."""

    sentence: str
    steps: Sequence[tuple[Step, Bar]]
    zero: float


@dataclass(frozen=True, slots=True)
class Check:
    """The check of a run. totals: net P&L, money, by execution model, the steps of the way left out.

    by_security: the same of each security, in the order of `totals`. band, way: None where an older version made it.
    """

    verdict: Verdict
    totals: Mapping[str, float]
    by_security: Sequence[tuple[str, list[Cell]]]
    band: Band | None
    way: Way | None


def assumption_check(contents: Contents, shown: Sequence[str]) -> Check | None:
    """Return what a run's check comes to, with the rows of the securities shown; None where it was not made."""
    every = {model: by_security[TOTAL] for model, by_security in contents.sensitivity.items() if TOTAL in by_security}
    verdict = verdict_of(every)
    if verdict is None:
        return None
    totals = {model: value for model, value in every.items() if model not in BETWEEN}
    rows = [(ticker, [Cell(contents.sensitivity[model].get(ticker), "money") for model in totals]) for ticker in shown]
    return Check(verdict, totals, rows, band_of(verdict), way_of(every))


def band_of(verdict: Verdict) -> Band | None:
    """Return where the parts of the band's drawing stand; None without a band."""
    low, high = verdict.band_low, verdict.band_high
    if low is None or high is None:
        return None
    across = _across([verdict.classic, low, high])
    zero, classic, strict = (_label(across(value)) for value in (0.0, verdict.classic, verdict.strict))
    return Band(zero, classic, strict, _bar(across, low, high))


def way_of(totals: Mapping[str, float]) -> Way | None:
    """Return the way from classic to strict; None where a model of it was not replayed."""
    steps = waterfall(totals)
    if not steps:
        return None
    across = _across([totals["classic"], *(step.net_pnl for step in steps)])
    bars = [(step, _bar(across, step.net_pnl - step.change, step.net_pnl)) for step in steps]
    return Way(in_words(steps), bars, across(0.0))


def _across(values: Iterable[float]) -> Callable[[float], float]:
    every = [0.0, *values]
    low, spread = min(every), max(every) - min(every) or 1.0
    return lambda value: round(EDGE + (value - low) / spread * (100.0 - 2.0 * EDGE), 2)


def _bar(across: Callable[[float], float], first: float, second: float) -> Bar:
    start, end = sorted((across(first), across(second)))
    return Bar(start, round(end - start, 2))


def _label(at: float) -> Label:
    return Label(at, "start" if at < NEAR_AN_END else "end" if at > 100.0 - NEAR_AN_END else "middle")
