"""What `pipeline markets` prints: the markets there are, or one of them and its day on two clocks."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipeline.console.output import CommandResult
from pipeline.console.tables import Column, show_table
from pipeline.markets.calendars import PACKAGE, library_version
from pipeline.markets.timetable import Phase, phases_on, trading_day
from pipeline.system import installing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipeline.markets.market import MarketFacts

COLUMNS = [
    *(Column(title, "name") for title in ("market", "codes")),
    *(Column(title, "text") for title in ("currency", "hours", "auction", "ticks", "calendar")),
]


def show_markets(markets: Sequence[MarketFacts], files: Sequence[Path]) -> CommandResult:
    """Print a line a market; files: theirs."""
    rows = [
        [
            market.exchange,
            ", ".join(market.codes),
            market.price_unit or market.currency,
            _hours(market),
            "close" if market.hours.closing_auction else "no",
            "known" if market.tick_tables else "not known",
            market.calendar or "its file",
        ]
        for market in markets
    ]
    show_table("Markets", COLUMNS, rows)
    facts = {
        "markets": {
            market.exchange: {**_facts(market), "file": str(file)} for market, file in zip(markets, files, strict=True)
        }
    }
    return CommandResult(f"{len(markets)} markets; `pipeline markets NAME` explains one.", facts)


def show_market(market: MarketFacts, file: Path, now: dt.datetime) -> CommandResult:
    """Print one market and the phases of its trading day at a moment, on its own clock and on that of the moment."""
    day = trading_day(market, now)
    phases = phases_on(market, day)
    trades = {True: "a trading day", False: "no trading day", None: "not known whether a trading day"}[
        market.trades_on(day)
    ]
    rows = [[phase.name, _span(phase), _span(phase, now)] for phase in phases]
    own, other = market.time_zone, now.tzname() or "your clock"
    columns = [Column("phase", "name"), Column(own, "text"), Column(f"your clock ({other})", "text")]
    show_table(f"{market.name} ({market.exchange}), {day:%A %Y-%m-%d}: {trades}", columns, rows)
    at = next((phase.name for phase in phases if phase.start <= now < phase.end), "closed")
    ticks = market.ticks_on(day)
    lines = [
        f"Now: {at}." if market.trades_on(day) is not False else "Now: closed.",
        f"Names: {', '.join(f'… {code} Equity' for code in market.codes) or 'none carry a code of it'}.",
        f"Prices in {market.price_unit or market.currency}"
        + (f", {market.price_units_per_currency:g} a {market.currency}" if market.price_unit else "")
        + "; ticks "
        + ("not known: a file of your own may say them." if ticks is None else _ticks(ticks)),
        f"Orders over a break are {'cancelled' if market.cancels_over_break else 'kept'}."
        if len(market.hours_on(day).continuous) > 1
        else "",
        _closed_days(market),
    ]
    facts = {
        "market": {
            **_facts(market),
            "file": str(file),
            "day": str(day),
            "trades": market.trades_on(day),
            "now": at,
            "phases": [
                {"phase": phase.name, "start": phase.start.isoformat(), "end": phase.end.isoformat()}
                for phase in phases
            ],
        }
    }
    return CommandResult(" ".join(filter(None, [*lines, f"File: {file}."])), facts)


def _facts(market: MarketFacts) -> dict[str, Any]:
    names = ("name", "time_zone", "currency", "price_unit", "calendar")
    known = {name: getattr(market, name) or None for name in names}
    return {**known, "codes": [*market.codes], "tick_sizes": bool(market.tick_tables)}


def _hours(market: MarketFacts) -> str:
    latest = replace(market, sessions=market.sessions[-1:], half_days=())
    phases = phases_on(latest, dt.date(2000, 1, 3))
    return ", ".join(_span(phase) for phase in phases if phase.name == "continuous")


def _span(phase: Phase, on: dt.datetime | None = None) -> str:
    start, end = (at if on is None else at.astimezone(on.tzinfo) for at in (phase.start, phase.end))
    return f"{start:%H:%M}-{end:%H:%M}"


def _ticks(levels: Sequence[tuple[float, float]]) -> str:
    last = len(levels) - 1
    several = [f"{tick:g}" + ("" if at == last else f" below {below:g}") for at, (below, tick) in enumerate(levels)]
    return f"{', '.join(several)}."


def _closed_days(market: MarketFacts) -> str:
    if market.calendar and library_version() is None:
        return f"Its closed days are those of the calendar {market.calendar}; to know them: {installing(PACKAGE)}."
    if market.known_from > market.known_to:
        return "Closed days: not all known."
    source = f"calendar {market.calendar}" if market.calendar else "its file"
    return f"Closed days are known from {market.known_from} to {market.known_to} ({source})."
