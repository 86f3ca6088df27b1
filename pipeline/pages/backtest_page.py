"""The page of a backtest, made from the files of its run folder alone and limited in size."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.assumptions import NO_WORSE
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
    most, room = MOST_SECURITIES, None
    while True:
        shown = _shown(contents, most)
        spare = MOST_BYTES - len(library()[1]) - _MARKUP - _MARKUP_A_SECURITY * len(shown)
        room = spare if room is None else room
        page = _page(contents, tracks, clock, shown, max(room, 0))
        over = len(page) - MOST_BYTES
        if over <= 0:
            return page
        if room > 0:
            room -= over + over // 4
        else:
            most, room = min(most, len(shown)) * 2 // 3, None


def _page(contents: Contents, tracks: Mapping[str, Track], clock: Clock, shown: Sequence[str], room: int) -> bytes:
    data, note = _drawings(contents, tracks, clock, shown, room)
    run = contents.run
    check = assumption_check(contents, shown)
    if check:
        bars = charts.lying_bars(check.totals, "Net P&L, AED", [run["execution"]["name"]])
        data["charts"]["assumptions"] = bars
    return render(
        "backtest.html.j2",
        data,
        title=f"{run['strategy']}: backtest",
        run=run,
        versions=sorted(run["versions"].items()),
        period=tables.period(contents),
        replayed=tables.replayed(contents),
        securities=len(contents.figures),
        shown=shown,
        left_out=len(contents.figures) - len(shown),
        errors=lines((ticker, clipped(error)) for ticker, error in contents.errors.items()),
        warnings=lines(clipped(warning) for warning in run.get("warnings") or []),
        headline=tables.headline(contents),
        topics=tables.topics(contents, shown),
        counters=tables.counters(contents, shown),
        fills_by=tables.fills_by(contents),
        kind_columns=COLUMNS,
        through=through_words(contents.portfolio),
        missing=tables.missing(contents, shown),
        check=check,
        no_worse=NO_WORSE,
        parameters=tables.parameters(contents, shown),
        switches=tables.switches(contents),
        data_rows=tables.data_rows(contents, shown),
        rejected=tables.rejected(contents),
        not_flat=tables.not_flat(contents, shown),
        glossary=tables.glossary(),
        portfolio_note=note,
        panels=[name for name in data["charts"] if name.startswith("panel-")],
        titles=charts.TITLES,
        still=sketch(*timelines.together(list(tracks.values())), clock),
        figures=contents.figures,
        names={name: f"panel-{number}" for number, name in enumerate(shown)},
        heights={name: chart["layout"].get("height", 320) for name, chart in data["charts"].items()}
        | {"panel": timelines.PANEL_HEIGHT},
        open_panels=OPEN_PANELS,
        curves=[ticker for ticker in _largest(contents, charts.CURVES) if ticker in shown],
    )


def _drawings(
    contents: Contents, tracks: Mapping[str, Track], clock: Clock, shown: Sequence[str], room: int
) -> tuple[dict[str, Any], str]:
    """Return the page's data in about so many bytes, and what of the portfolio's fills is left out.

    A security whose panel does not fit has none.
    """
    every = list(tracks.values())
    whole = timelines.portfolio(every, contents.total, clock, sys.maxsize)
    of_portfolio, size = whole, len(embedded(whole.on_page()))
    if size > room // _FOR_PORTFOLIO:
        most = len(whole.columns["stamps"][0]) * (room // _FOR_PORTFOLIO) // size
        of_portfolio = timelines.portfolio(every, contents.total, clock, most)
    drawn = {"portfolio": of_portfolio.on_page()} | _of_the_run(contents, shown)
    left = room - len(embedded(drawn["portfolio"]))
    for ticker in _largest(contents, len(contents.figures)):
        if ticker in shown:
            panel = timelines.panel(ticker, tracks[ticker], contents.daily[ticker], clock).on_page()
            left -= len(embedded(panel))
            if left < 0:
                break
            drawn[f"panel-{shown.index(ticker)}"] = panel
    data = {
        "charts": drawn,
        "shared": _shared(clock),
        "days": np.diff(clock.days, prepend=0).tolist(),
        "hours": [clock.opens, clock.closes],
    }
    return data, of_portfolio.note


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
