"""The page of two or more runs side by side: equity over one another, figures, settings, where their fills part."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, replace
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import numpy as np

from pipeline.errors import BadRequest
from pipeline.metrics.assumptions import CHECKED
from pipeline.metrics.exposure import DAY_MS
from pipeline.metrics.registry import GROUPS
from pipeline.numbers import FORMS, MONEY, amounts_in, currency, unit_of
from pipeline.pages.backtest_tables import cell_of
from pipeline.pages.cells import Cell, Lines, clipped, lines
from pipeline.pages.compare_charts import equity_chart
from pipeline.pages.market_hours import in_utc, zones_of
from pipeline.pages.page import render
from pipeline.pages.run_reader import read_contents
from pipeline.pages.time_axis import Clock
from pipeline.runs.compare import MOST_RUNS, compare
from pipeline.runs.differences import shown_changes
from pipeline.runs.reader import read_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pipeline.metrics.figure import Figure
    from pipeline.pages.run_reader import Contents, Track
    from pipeline.runs.compare import Comparison, Fill
    from pipeline.runs.reader import RecordedRun

TEMPLATE: Final = "compare.html.j2"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the runs: its letter on the page, what it recorded, and where its own page is, if it has one."""

    letter: str
    run: RecordedRun
    contents: Contents
    link: str | None

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.run.folder.name

    @property
    def note(self) -> str:
        """What its user noted of it."""
        return clipped(self.contents.run.get("note") or "")

    @property
    def title(self) -> str:
        """Letter and name."""
        return f"{self.letter}: {self.name}"


@dataclass(frozen=True, slots=True)
class Parted:
    """Where the fills of a security part from those of A: the run, the fill's number, what is said, what explains it.

    number: counted from 1; None where nothing parts, or it was not compared.
    """

    letter: str
    number: int | None
    says: Sequence[str]
    commands: Sequence[str] = ()


def compare_page(folders: Sequence[Path], page: Path) -> bytes:
    """Return the page of runs, the first of which the others are compared with.

    Args:
        folders: Two run folders to six.
        page: Where it will stand, for its links.

    Raises:
        BadRequest: There are fewer than two runs, or more than six.
        UnknownRun, UnfinishedRun, NewerRun, DamagedRun: One is no whole run.
    """
    if not 1 < len(folders) <= MOST_RUNS:
        raise BadRequest(f"A page compares 2 to {MOST_RUNS} runs; these are {len(folders)}.")
    sides = [_side(letter, folder, page) for letter, folder in zip(ascii_uppercase, folders, strict=False)]
    with amounts_in(unit_of(side.run.money.shown for side in sides)):
        return _page_of(sides)


def _page_of(sides: Sequence[Side]) -> bytes:
    first, *others = sides
    comparisons = [compare(first.run, other.run) for other in others]
    is_utc = len(zones_of(side.contents.run for side in sides)) > 1
    tracks = [{ticker: _track(side, ticker, is_utc=is_utc) for ticker in side.contents.figures} for side in sides]
    stamps = np.concatenate([np.empty(0, np.int64), *(track.stamps for of in tracks for track in of.values())])
    days = np.concatenate([*(side.contents.total.days for side in sides), stamps // DAY_MS])
    clock = Clock(np.unique(days), stamps % DAY_MS)
    chart = equity_chart(
        [
            (side.title, {ticker: _in_total(side, ticker, track) for ticker, track in of.items()}, side.contents.total)
            for side, of in zip(sides, tracks, strict=True)
            if not side.run.money.is_mixed
        ],
        clock,
    )
    return render(
        TEMPLATE,
        {
            "charts": {"equity": chart},
            "shared": {"clock": clock.axis()},
            **clock.days_and_hours(),
        },
        title=f"{' and '.join(side.name for side in sides)} side by side",
        sides=sides,
        others=others,
        equity=f"Net realised equity, {currency()}",
        currency=currency(),
        on_clock="UTC" if is_utc else "one clock",
        height=chart["layout"]["height"],
        same=[comparison.same for comparison in comparisons],
        settings=[
            (other, shown_changes(one.differences, one.a, one.b))
            for other, one in zip(others, comparisons, strict=True)
        ],
        topics=_topics(sides),
        models=_models(sides),
        securities=list(_securities(sides, comparisons)),
        warnings=_warnings(sides),
    )


def _track(side: Side, ticker: str, *, is_utc: bool) -> Track:
    """Return a security's fills and prices, the fills in UTC where the runs are over several time zones."""
    track = side.contents.track(ticker)
    return replace(track, stamps=in_utc(side.contents.run, ticker, track.stamps)) if is_utc else track


def _in_total(side: Side, ticker: str, track: Track) -> Track:
    """Return fills with amounts as they add up in the run."""
    rates = side.contents.rate(ticker, track.stamps)
    return replace(track, realized=track.realized * rates, fees=track.fees * rates)


def _side(letter: str, folder: Path, page: Path) -> Side:
    report = folder / "report.html"
    link = None
    if report.is_file():
        try:
            link = quote(os.path.relpath(report, page.parent).replace(os.sep, "/"))
        except ValueError:  # on Windows, another drive
            link = report.absolute().as_uri()
    return Side(letter, read_run(folder), read_contents(folder), link)


def _topics(sides: Sequence[Side]) -> list[tuple[str, list[tuple[Figure, list[Cell]]]]]:
    """Return the portfolios' figures by topic: of each its value in every run, and what it is over that of A."""
    portfolios = [side.contents.portfolio for side in sides]
    units = [side.run.money.together for side in sides]
    return [
        (heading, [(figure, _across(figure, portfolios, units)) for figure in figures])
        for heading, figures in GROUPS.items()
    ]


def _across(figure: Figure, values: Sequence[Mapping[str, Any]], units: Sequence[str | None]) -> list[Cell]:
    """Return a figure of every run and what it is over that of A, red where that is worse, and where less than 0 is.

    units: what the amounts of each run are in; those in another than A's have no difference.
    """
    first, *others = (_coloured(cell_of(figure, of_run), max(figure.better, 0)) for of_run in values)
    apart = [figure.unit == MONEY and unit != units[0] for unit in units[1:]]
    pairs = zip(others, apart, strict=True)
    beside = ((other, _coloured(_less(other, first, apart=none), figure.better)) for other, none in pairs)
    return [first, *(cell for pair in beside for cell in pair)]


def _coloured(cell: Cell, better: int) -> Cell:
    """Return a cell that is red where its value, as it is shown, is on the worse side of 0."""
    is_nought = cell.value is not None and FORMS[cell.form](abs(cell.value)) == FORMS[cell.form](0)
    return replace(cell, is_red=not is_nought and (cell.value or 0) * better < 0)


def _less(one: Cell, first: Cell, *, apart: bool = False) -> Cell:
    known = one.value is not None and first.value is not None and not apart
    return Cell((one.value or 0) - (first.value or 0) if known else None, first.form)


def _models(sides: Sequence[Side]) -> list[tuple[str, list[Cell]]]:
    """Return net P&L by execution model of each run's check; empty where no run has one."""
    checks = [side.run.check for side in sides]
    rows = [
        (label, [Cell(getattr(check, name) if check else None, "money") for check in checks])
        for name, label in CHECKED.items()
    ]
    return rows if any(checks) else []


def _securities(
    sides: Sequence[Side], comparisons: Sequence[Comparison]
) -> Iterator[tuple[str, list[Cell], list[Cell], list[Parted]]]:
    """Yield each security of any run: net P&L and what it is over that of A, fills, and where its fills part."""
    tickers = sorted({ticker for side in sides for ticker in side.run.parameters})
    for ticker in tickers:
        figures = [side.run.figures.get(ticker) for side in sides]
        why = [
            "" if known else "failed" if ticker in side.run.errors else "not in this run"
            for known, side in zip(figures, sides, strict=True)
        ]
        first, *others = (
            Cell(known.net_pnl if known else None, "money", reason) for known, reason in zip(figures, why, strict=True)
        )
        unit, *units = (side.run.money.of(ticker) for side in sides)
        beside = ((other, _less(other, first, apart=of != unit)) for other, of in zip(others, units, strict=True))
        net = [first, *(cell for pair in beside for cell in pair)]
        fills = [
            Cell(known.fills if known else None, "count", reason) for known, reason in zip(figures, why, strict=True)
        ]
        parted = [
            _parted(ticker, sides[0], other, comparison)
            for other, comparison in zip(sides[1:], comparisons, strict=True)
        ]
        yield ticker, net, fills, parted


def _parted(ticker: str, first: Side, other: Side, comparison: Comparison) -> Parted:
    security = next((one for one in comparison.securities if one.ticker == ticker), None)
    if security is None or security.a is None or security.b is None:
        return Parted(other.letter, None, ("not replayed in both",))
    if security.unreadable is not None:
        return Parted(other.letter, None, (f"not compared: {clipped(security.unreadable)}",))
    if security.parting is None:
        return Parted(other.letter, None, ("the same fills",))
    index = security.parting.index
    sides = ((first, security.parting.a), (other, security.parting.b))
    says = [f"{side.letter} {_fill(fill, index)}" for side, fill in sides]
    commands = [_explain(ticker, index + 1, side.run.folder) for side, fill in sides if fill is not None]
    return Parted(other.letter, index + 1, says, commands)


def _fill(fill: Fill | None, before: int) -> str:
    if fill is None:
        return f"ends after {before:,}" if before else "has none"
    return f"{fill.time.replace('T', ' ')} {fill.side} {fill.quantity:,} at {fill.price!r}"


def _explain(ticker: str, number: int, folder: Path) -> str:
    return f"python -m pipeline explain {shlex.quote(ticker)} --fill {number} --run {shlex.quote(folder.as_posix())}"


def _warnings(sides: Sequence[Side]) -> list[tuple[str, Lines]]:
    """Return the warnings by the runs that have them, those of all runs last."""
    who: dict[str, list[str]] = {}
    for side in sides:
        for text in dict.fromkeys(side.run.warnings):
            who.setdefault(clipped(text), []).append(side.letter)
    by_runs: dict[tuple[bool, str], list[str]] = {}
    for text, of in who.items():
        every = len(of) == len(sides)
        by_runs.setdefault((every, "all runs" if every else f"only {', '.join(of)}"), []).append(text)
    return [(label, lines(texts)) for (_, label), texts in sorted(by_runs.items())]
