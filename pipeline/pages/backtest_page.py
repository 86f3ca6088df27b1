"""The page of a backtest, made from the files of its run folder alone and limited in size."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.assumptions import NO_WORSE
from pipeline.metrics.chance import in_words
from pipeline.metrics.fill_kinds import COLUMNS, through_words
from pipeline.pages import backtest_tables as tables
from pipeline.pages import charts, timelines
from pipeline.pages.assumption_check import assumption_check
from pipeline.pages.cells import clipped, lines
from pipeline.pages.page import MOST_BYTES, embedded, library, render
from pipeline.pages.run_reader import read_contents
from pipeline.pages.sketch import sketch
from pipeline.pages.time_axis import DAY_MS, Clock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.pages.run_reader import Contents, Track
    from pipeline.store.path import AnyPath

TEMPLATE: Final = "backtest.html.j2"
MOST_SECURITIES: Final = 180
OPEN_PANELS: Final = 1
_MARKUP: Final = 50_000
_MARKUP_A_SECURITY: Final = 5_000
_FOR_PORTFOLIO: Final = 4
"""Of the room for drawings one part in so many is the portfolio's."""


def backtest_page(directory: AnyPath) -> bytes:
    """Return the page of a run folder whose other files are written; under 6 MB whatever the run.

    Every fill of every security is on it. Where that does not fit, the securities with the smallest turnover have no
    panel, then no row, and the page says so. Raises DamagedRun, NewerRun, UnknownRun or UnfinishedRun.
    """
    contents = read_contents(directory)
    tracks = {ticker: contents.track(ticker) for ticker in contents.figures}
    clock = _clock(contents, tracks)
    most = min(MOST_SECURITIES, len(contents.figures))
    portfolio = _portfolio(contents, tracks, clock, most)
    while True:
        shown = _shown(contents, most)
        drawn = {"portfolio": portfolio.on_page()} | _of_the_run(contents, shown)
        context = _context(contents, tracks, clock, shown, drawn) | {"portfolio_note": portfolio.note}
        data = {
            "shared": _shared(clock),
            "days": np.diff(clock.days, prepend=0).tolist(),
            "hours": [clock.opens, clock.closes],
        }
        names = {ticker: f"panel-{number}" for number, ticker in enumerate(shown)}
        empty = render(TEMPLATE, data | {"charts": drawn}, **context, names=names, panels=names.values())
        room = MOST_BYTES - len(empty)
        if room >= 0:
            panels = _panels(contents, tracks, clock, names, room)
            return render(TEMPLATE, data | {"charts": drawn | panels}, **context, names=names, panels=panels)
        most = most * 2 // 3


def _context(
    contents: Contents, tracks: Mapping[str, Track], clock: Clock, shown: Sequence[str], drawn: dict[str, Any]
) -> dict[str, Any]:
    """Return what the template shows beside the charts; a bar for each execution model is added to those drawn."""
    run = contents.run
    check = assumption_check(contents, shown)
    if check:
        drawn["assumptions"] = charts.lying_bars(check.totals, "Net P&L, AED", [run["execution"]["name"]])
    return {
        "title": f"{run['strategy']}: backtest",
        "run": run,
        "clipped": clipped,
        "versions": sorted(run["versions"].items()),
        "period": tables.period(contents),
        "replayed": tables.replayed(contents),
        "securities": len(contents.figures),
        "shown": shown,
        "left_out": len(contents.figures) - len(shown),
        "errors": lines((ticker, clipped(error)) for ticker, error in contents.errors.items()),
        "warnings": lines(clipped(warning) for warning in run.get("warnings") or []),
        "headline": tables.headline(contents),
        "chance": in_words(contents.portfolio),
        "intervals": tables.intervals(contents),
        "topics": tables.topics(contents, shown),
        "counters": tables.counters(contents, shown),
        "fills_by": tables.fills_by(contents),
        "kind_columns": COLUMNS,
        "through": through_words(contents.portfolio),
        "missing": tables.missing(contents, shown),
        "check": check,
        "no_worse": NO_WORSE,
        "parameters": tables.parameters(contents, shown),
        "switches": tables.switches(contents),
        "data_rows": tables.data_rows(contents, shown),
        "rejected": tables.rejected(contents),
        "not_flat": tables.not_flat(contents, shown),
        "glossary": tables.glossary(),
        "titles": charts.TITLES,
        "still": sketch(*timelines.together(list(tracks.values())), clock),
        "figures": contents.figures,
        "heights": {name: chart["layout"].get("height", 320) for name, chart in drawn.items()}
        | {"panel": timelines.PANEL_HEIGHT},
        "open_panels": OPEN_PANELS,
        "curves": [ticker for ticker in _largest(contents, charts.CURVES) if ticker in shown],
    }


def _portfolio(contents: Contents, tracks: Mapping[str, Track], clock: Clock, shown: int) -> timelines.Timeline:
    """Return the portfolio's chart in its part of the room for drawings, which says what fills it leaves out."""
    room = max(0, MOST_BYTES - len(library()[1]) - _MARKUP - _MARKUP_A_SECURITY * shown) // _FOR_PORTFOLIO
    every = list(tracks.values())
    whole = timelines.portfolio(every, contents.total, clock, sys.maxsize)
    size = len(embedded(whole.on_page()))
    if size <= room:
        return whole
    return timelines.portfolio(every, contents.total, clock, len(whole.columns["stamps"][0]) * room // size)


def _panels(
    contents: Contents, tracks: Mapping[str, Track], clock: Clock, names: Mapping[str, str], room: int
) -> dict[str, dict[str, Any]]:
    """Return the panels of the securities with the largest turnover, as many as so many bytes hold."""
    panels: dict[str, dict[str, Any]] = {}
    for ticker in _largest(contents, len(names)):
        panel = {names[ticker]: timelines.panel(ticker, tracks[ticker], contents.daily[ticker], clock).on_page()}
        room -= len(embedded(panel))
        if room < 0:
            break
        panels |= panel
    return panels


def _of_the_run(contents: Contents, shown: Sequence[str]) -> dict[str, Any]:
    """Return the charts of the whole run that are not over time."""
    net = {ticker: contents.figures[ticker]["net_pnl"] for ticker in shown}
    by_size = dict(sorted(net.items(), key=lambda pair: (-pair[1], pair[0])))
    return {
        "securities": charts.lying_bars(by_size, "Net P&L, AED"),
        "hours": charts.by_hour(contents.portfolio["pnl_by_hour"]),
        "weekdays": charts.by_weekday(contents.portfolio["pnl_by_weekday"]),
        "markouts": charts.mark_outs(
            contents.portfolio, {ticker: contents.figures[ticker] for ticker in _largest(contents, charts.CURVES)}
        ),
    }


def _shared(clock: Clock) -> dict[str, Any]:
    return {"clock": clock.axis(), "panel": timelines.panel_layout(), **timelines.PARTS}


def _clock(contents: Contents, tracks: Mapping[str, Track]) -> Clock:
    stamps = [stamps for track in tracks.values() for stamps in (track.stamps, track.price_stamps)]
    together = np.concatenate(stamps) if stamps else np.empty(0, np.int64)
    days = np.concatenate([contents.total.days, together // DAY_MS])
    return Clock(np.unique(days), together % DAY_MS)


def _shown(contents: Contents, most: int) -> list[str]:
    """Return the securities the page has room for, those with the largest turnover, by name."""
    return sorted(_largest(contents, most))


def _largest(contents: Contents, most: int) -> list[str]:
    by_turnover = sorted(contents.figures, key=lambda ticker: (-contents.figures[ticker]["turnover"], ticker))
    return by_turnover[:most]
