"""The page of a backtest, made from the files of its run folder: one security after the other, and limited in size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pipeline.metrics.exposure import Exposure
from pipeline.numbers import amounts_in, currency
from pipeline.pages import backtest_record as record
from pipeline.pages import backtest_sections as sections
from pipeline.pages import backtest_settings as settings
from pipeline.pages import backtest_tables as tables
from pipeline.pages import by_security, charts, own_series, timelines
from pipeline.pages.assumption_check import assumption_check
from pipeline.pages.equity_curve import EquityCurve
from pipeline.pages.html import NOTHING, Piece, amount, html, joined, section
from pipeline.pages.market_hours import drawn_span, exchange_of, in_utc, markets_of, one_of, zones_of
from pipeline.pages.page import MOST_BYTES, Parts, embedded, library, page_of
from pipeline.pages.record_charts import BYTES_OF_A_DAY, record_charts
from pipeline.pages.run_reader import read_contents
from pipeline.pages.time_axis import UTC, Clock, ClockBuilder, sketch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.pages.assumption_check import Check
    from pipeline.pages.equity_curve import Curve
    from pipeline.pages.run_reader import Contents
    from pipeline.store.path import AnyPath
    from pipeline.ticks import Int64s

MOST_SECURITIES: Final = 1_000
FEWEST_BYTES: Final = 1_500
"""What each panel has room for at least, so many hundred points."""

OPEN_PANELS: Final = 1
PATH_MARKS: Final = 58
"""Prices of a path that a market day usually has."""

_OWN: Final = 120_000
"""Bytes of style, scripts, and of what a page says of its fills, at most."""

_NAME: Final = 400
"""Bytes of a panel besides its chart's columns, at most."""

_PORTFOLIO: Final = 4
"""Of the room for drawings one part in so many is the portfolio's, if it needs it."""

_CURVE: Final = 20_000


def backtest_page(directory: AnyPath) -> bytes:
    """Return the page of a run folder whose other files are written; under 8 MB whatever the run.

    Each security on it has a row and a panel, the largest by turnover where there are very many. Where not every fill
    of all of them fits, each panel has an equal share of the room, what one leaves being the others', and says how many
    of its fills it has. Memory holds one security's fills at a time. Raises DamagedRun, NewerRun, UnknownRun or
    UnfinishedRun.
    """
    contents = read_contents(directory)
    with amounts_in(contents.money.together):
        return _page_of(contents)


def _page_of(contents: Contents) -> bytes:
    most = min(MOST_SECURITIES, len(contents.figures))
    while True:
        frame = _frame(contents, sorted(_largest(contents, most)))
        parts = most * (FEWEST_BYTES + _NAME) + own_series.reserved(contents, most)
        room = MOST_BYTES - frame.size - parts - BYTES_OF_A_DAY * len(contents.total.days)
        if room >= 0 or most <= 1:
            return _page(contents, frame, room + most * FEWEST_BYTES)
        most = most * 2 // 3


@dataclass(frozen=True, slots=True)
class _Frame:
    """What a page has besides the charts over time. before, tables, after: its sections around equity and panels."""

    shown: Sequence[str]
    check: Check | None
    charts: Mapping[str, Any]
    before: Piece
    between: Piece
    tables: Piece
    after: Piece

    @property
    def size(self) -> int:
        """How many bytes of the page it takes at most, with scripts and the library."""
        pieces = (self.before, self.between, self.tables, self.after)
        return sum(len(piece.encode()) for piece in pieces) + len(embedded(self.charts)) + len(library()[1]) + _OWN


def _frame(contents: Contents, shown: Sequence[str]) -> _Frame:
    check = assumption_check(contents, shown)
    bars, left_out = charts.by_security({ticker: contents.net_in_total(ticker) for ticker in shown})
    largest = [ticker for ticker in _largest(contents, charts.CURVES) if ticker in set(shown)]
    drawn = {
        "securities": bars,
        "hours": charts.by_hour(contents.portfolio["pnl_by_hour"] or {}),
        "weekdays": charts.by_weekday(contents.portfolio["pnl_by_weekday"] or {}),
        "markouts": charts.mark_outs(contents.portfolio, {ticker: contents.figures[ticker] for ticker in largest}),
    }
    if check:
        drawn["assumptions"] = charts.lying_bars(
            check.totals, f"Net P&L, {currency()}", [contents.run["execution"]["name"]]
        )
    heights = {name: chart["layout"].get("height", 320) for name, chart in drawn.items()}
    same, differing = tables.same_parameters(contents)
    reasons = by_security.Reasons()
    open_days = by_security.not_flat(contents, shown)
    every = by_security.tables_of(contents, shown, check, differing, reasons)
    return _Frame(
        shown=shown,
        check=check,
        charts=drawn,
        before=joined([sections.result(contents, check), sections.warnings(contents)]),
        between=NOTHING
        if contents.money.is_mixed
        else joined(
            [
                sections.assumptions(check, heights.get("assumptions", 0)),
                sections.where(contents, heights, len(largest), left_out),
            ]
        ),
        tables=joined(
            [
                _left_out(contents, shown),
                every,
                html('<div id="missing">\n%s%s</div>\n', reasons.listed(len(shown) + 1), open_days),
            ]
        ),
        after=joined([settings.settings(contents, same), settings.data_used(contents), settings.glossary()]),
    )


@dataclass(frozen=True, slots=True)
class _Drawings:
    """The charts over time: the portfolio's equity, the panels of the securities shown, and what was held.

    clock: of the panels, each on its exchange's hours. together: of all securities, in UTC where these are in several
    time zones, else the same.
    """

    curve: Curve
    panels: Mapping[str, timelines.Panel]
    exposure: Exposure
    clock: Clock
    together: Clock


def _page(contents: Contents, frame: _Frame, room: int) -> bytes:
    drawn = _drawings(contents, frame.shown, room)
    clock, together = drawn.clock, drawn.together
    capital = contents.portfolio.get("peak_capital")
    is_mixed = contents.money.is_mixed
    has_days = len(contents.total.days) and not is_mixed
    of_days = record_charts(contents.total, drawn.exposure, together, capital) if has_days else {}
    names = {ticker: f"panel-{number}" for number, ticker in enumerate(frame.shown)}
    shared = {each.name: each.axis() for each in (clock, together)}
    shared |= {panel.chart["shared"]: timelines.panel_figure(panel.lines) for panel in drawn.panels.values()}
    data: dict[str, Any] = {
        "charts": {
            **_of_portfolio(contents, frame, drawn, of_days),
            **{names[ticker]: panel.chart for ticker, panel in drawn.panels.items()},
        },
        "shared": shared | timelines.PARTS,
        **clock.days_and_hours(),
        **({UTC: together.days_and_hours()} if together.name == UTC else {}),
        "currency": contents.money.together,
        "markets": markets_of(contents.run),
    }
    every = joined(
        _panel(contents, ticker, name, drawn.panels[ticker], is_open=number < OPEN_PANELS)
        for number, (ticker, name) in enumerate(names.items())
    )
    panels = html('<div class="panels">\n%s</div>\n', every or _NO_SECURITY)
    content = joined(
        [
            frame.before,
            NOTHING if is_mixed else _over_time(contents, drawn, of_days),
            frame.between,
            section("securities", "Security by security", _tools(), frame.tables, panels),
            frame.after,
        ]
    )
    parts = Parts(
        header=sections.header(contents),
        nav=sections.nav(contents),
        content=content,
        footer=html(sections.FOOTER),
    )
    return page_of(f"{contents.run['strategy']}: backtest", parts, data)


def _of_portfolio(contents: Contents, frame: _Frame, drawn: _Drawings, of_days: Mapping[str, Any]) -> dict[str, Any]:
    """Return the charts of all securities together; none where their currencies do not add up."""
    if contents.money.is_mixed:
        return {}
    portfolio = timelines.portfolio(drawn.curve, contents.total, drawn.together)
    return {"portfolio": portfolio | {"market": one_of(markets_of(contents.run))}, **frame.charts, **of_days}


def _over_time(contents: Contents, drawn: _Drawings, of_days: Mapping[str, Any]) -> Piece:
    is_utc = drawn.together.name == UTC
    still = sketch(drawn.curve.stamps, drawn.curve.equity, drawn.together)
    return joined(
        [
            sections.equity(_note(drawn.curve), still, is_utc=is_utc),
            record.record(contents, of_days),
            record.held(contents, drawn.exposure.growth(), is_utc=is_utc),
        ]
    )


def _drawings(contents: Contents, shown: Sequence[str], room: int) -> _Drawings:
    """Read one security after the other, and draw each in its share of so many bytes; the least first."""
    equity, exposure, panels = EquityCurve(), Exposure(contents.total.days), {}
    own, of_all = ClockBuilder(contents.total.days, drawn_span(contents.run)), ClockBuilder(contents.total.days)
    is_utc = len(zones_of([contents.run])) > 1
    of_portfolio = min(room // _PORTFOLIO, _CURVE + timelines.COST_OF_FILL * int(contents.portfolio["fills"] or 0))
    left, waiting = room - of_portfolio, set(shown)

    def cost(ticker: str) -> tuple[int, str]:
        figures = contents.figures[ticker]
        return timelines.cost_of(int(figures["fills"]), PATH_MARKS * int(figures["market_days"])), ticker

    for ticker in sorted(contents.figures, key=cost):
        track = contents.track(ticker)
        rates, of_marks = (contents.rate(ticker, stamps) for stamps in (track.stamps, track.price_stamps))
        on_one: Callable[[Int64s], Int64s] = partial(in_utc, contents.run, ticker) if is_utc else lambda stamps: stamps
        moments = on_one(track.stamps)
        equity.add(ticker, moments, track.net * rates)
        prices, marks = (contents.money.in_currency(ticker, each) for each in (track.price, track.marks))
        exposure.add(track.stamps, track.position, prices * rates, track.price_stamps, marks * of_marks, on_one)
        recorded = own_series.read_own_series(contents, ticker, track) if ticker in waiting else []
        for stamps in (track.stamps, track.price_stamps, *(each.stamps for each in recorded)):
            own.add(stamps)
        of_all.add(moments)
        if ticker in waiting:
            exchange = exchange_of(contents.run, ticker)
            panels[ticker] = timelines.panel(track, recorded, contents.daily[ticker], exchange, left // len(waiting))
            waiting.remove(ticker)
            left -= len(embedded(panels[ticker].chart))
    curve = equity.curve((left + of_portfolio - _CURVE) // timelines.COST_OF_FILL)
    clock = own.clock()
    return _Drawings(curve, panels, exposure, clock, of_all.clock(UTC) if is_utc else clock)


def _note(curve: Curve) -> str:
    if len(curve.stamps) == curve.fills:
        return ""
    return f"{len(curve.stamps):,} of {curve.fills:,} fills are on this page, with the extremes of each stretch."


_NO_SECURITY: Final = html("<p>No security was replayed.</p>\n")


def _tools() -> Piece:
    return html(
        '<p class="note">A row and a panel each: price with our fills, position, equity and drawdown. <span '
        'class="on-screen">Zoom in to see fills one by one, and click one for the command that explains it. A heading '
        "sorts all tables.</span> A dash is a "
        'figure that cannot be computed: <a href="#missing">why</a>. <a href="#glossary">What each figure means.</a> '
        "Coordinates are rounded for drawing; tables and files are exact.</p>\n"
        '<div class="fields on-screen"><label>Only securities with<input type="search" data-filter="securities" '
        'placeholder="FAB"></label><p class="note" role="status" data-filtered="securities"></p>\n'
        '<div class="tools"><button type="button" data-open-all="true">Open all</button>\n'
        '<button type="button" data-open-all="false">Close all</button></div></div>\n'
    )


def _left_out(contents: Contents, shown: Sequence[str]) -> Piece:
    if len(shown) == len(contents.figures):
        return NOTHING
    return html(
        '<p class="note">%s of %s securities are on this page, those with the largest turnover; all are in '
        "metrics.json. The portfolio is of all.</p>\n",
        *(f"{len(shown):,}", f"{len(contents.figures):,}"),
    )


def _panel(contents: Contents, ticker: str, name: str, panel: timelines.Panel, *, is_open: bool) -> Piece:
    figures, unit = contents.figures[ticker], contents.money.of(ticker)
    fills = int(figures["fills"])
    thinned = own_series.notes(ticker, panel.lines, panel.others)
    if panel.fills < fills:
        thinned += html(
            '<p class="note">%s of the %s fills are on this page, with the extremes of each stretch; all are in '
            "trades/%s.parquet.</p>\n",
            *(f"{panel.fills:,}", f"{fills:,}", ticker),
        )
    said = own_series.said(panel.lines)
    series = html(' <span class="sum">%s</span>', said) if said else NOTHING
    return html(
        '<details class="panel" id="%s" data-row="%s"%s><summary><span class="name">%s</span> <span class="sum">net '
        'P&amp;L %s %s</span> <span class="sum">%s fills</span>%s</summary>\n<div class="chart" data-chart="%s" '
        'data-currency="%s" data-prices="%s" data-ticker="%s" role="group" aria-label="Chart: %s, price with fills, '
        'position, equity and drawdown%s" style="height:%spx"></div>\n%s<p class="note" data-seen></p>\n'
        '<p class="note" data-fill role="status"></p>\n'
        "</details>\n",
        *(by_security.anchor(ticker), ticker, html(" open") if is_open else NOTHING, ticker),
        *(amount(figures["net_pnl"]), unit, f"{fills:,}", series, name, unit, contents.money.prices_in(ticker)),
        *(ticker, ticker, f"; {said}" if said else "", timelines.panel_height(panel.lines), thinned),
    )


def _largest(contents: Contents, most: int) -> list[str]:
    """Return the securities with the largest turnover, so many at most."""
    by_turnover = sorted(contents.figures, key=lambda ticker: (-contents.figures[ticker]["turnover"], ticker))
    return by_turnover[:most]
