"""Prints what was counted in a store on stdout: tables, or one block per security, and then the warnings."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Final

from pipeline.console.output import WARNING, WIDTH, CommandResult, console
from pipeline.console.tables import Column, show_table
from pipeline.inspection.counts import FAR
from pipeline.inspection.day_parts import PARTS
from pipeline.inspection.warn import span
from pipeline.numbers import counted
from pipeline.times import SECOND, iso

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.inspection.counts import Counts
    from pipeline.inspection.store import Inspected, Inspection

LABEL: Final = 22
SHORT: Final = {"opening_auction": "opening", "closing_auction": "closing", "trade_at_last": "at last"}
"""Headings of phases where there is little room."""


def show_inspection(inspection: Inspection, *, in_full: bool, strict: bool) -> CommandResult:
    """Print what was found: in tables, or in full a block a security; `strict` makes a warning the exit status 1."""
    found = [(inspected, inspected.counts) for inspected in inspection.securities if inspected.counts is not None]
    if console().shows:
        if in_full:
            for inspected, counts in found:
                _show_block(inspected, counts)
        elif found:
            _show_tables(inspection, found)
    for ticker, error in inspection.failed.items():
        console().error(f"{ticker}: {error}")
    if console().shows:  # they are what was found; else they are said on stderr, as every command's
        for warning in inspection.warnings:
            console().show(_wrapped(warning, "  "), WARNING)
        console().warnings += inspection.warnings
        if found and inspection.warnings:
            console().show()
    facts = {
        "parquet_dir": inspection.parquet_dir,
        "securities": {inspected.ticker: _facts(inspected) for inspected in inspection.securities},
        "ticks": sum(counts.ticks for _, counts in found),
    }
    status = 1 if strict and inspection.warnings else 0
    return CommandResult(
        _line(inspection, [counts for _, counts in found]),
        facts,
        inspection.failed,
        status,
        () if console().shows else inspection.warnings,
    )


def _line(inspection: Inspection, counts: list[Counts]) -> str:
    ticks = f"{sum(count.ticks for count in counts):,} ticks"
    parts = [counted(len(inspection.securities), "security"), ticks]
    if counts:
        first, last = min(count.first for count in counts), max(count.last for count in counts)
        parts.append(f"{_time(first)[:10]} to {_time(last)[:10]}")
    if not inspection.warnings:  # else they are counted as those of every command
        parts.append("no warnings")
    return f"{inspection.parquet_dir}: {', '.join(parts)}"


def _show_tables(inspection: Inspection, counted: list[tuple[Inspected, Counts]]) -> None:
    security = Column("security", "name")
    show_table(
        f"Ticks in {inspection.parquet_dir}",
        [security, *map(Column, ("rows", "ticks", "days", "missing", "first", "last"))],
        [
            [
                inspected.ticker,
                f"{inspected.entry.rows:,}" if inspected.entry else "-",
                *(f"{value:,}" for value in (counts.ticks, len(counts.days), len(inspected.missing_days))),
                *(_time(value)[:10] for value in (counts.first, counts.last)),
            ]
            for inspected, counts in counted
        ],
    )
    titles = ("rejects", "zero price", "zero size", "clock back", "repeated", "off grid", "off hours")
    show_table(
        "Rows",
        [security, *map(Column, titles)],
        [
            [
                inspected.ticker,
                f"{sum(inspected.entry.rejects.values()):,}" if inspected.entry else "-",
                *(f"{value:,}" for value in (counts.zero_prices, counts.zero_sizes, counts.steps_back)),
                *(f"{value:,}" for value in (counts.repeated, counts.off_grid)),
                _share(counts.outside_hours, counts.ticks),
            ]
            for inspected, counts in counted
        ],
    )
    _show_phases(counted)
    show_table(
        "In continuous trading",
        [
            security,
            *map(Column, ("events", "crossed", "locked", "prints", "outside touch", f"by {FAR:.0%}", "longest gap")),
        ],
        [
            [
                inspected.ticker,
                f"{counts.session_events:,}",
                _share(counts.crossed, counts.session),
                _share(counts.locked, counts.session),
                f"{counts.session_prints:,}",
                f"{counts.prints_outside:,}",
                f"{counts.prints_far:,}",
                span(counts.gap.length) if counts.gap else "-",
            ]
            for inspected, counts in counted
        ],
    )


def _show_phases(counted: list[tuple[Inspected, Counts]]) -> None:
    """Print which share of each security's ticks is in which phase of its days, those that have any."""
    named = [part for part in PARTS if any(part in counts.phases for _, counts in counted)]
    show_table(
        "Ticks by phase of the market's day",
        [Column("security", "name"), *(Column(SHORT.get(part, _words(part))) for part in named)],
        [
            [inspected.ticker, *(_share(counts.phases.get(part, (0, 0))[0], counts.ticks) for part in named)]
            for inspected, counts in counted
        ],
    )


def _show_block(inspected: Inspected, counts: Counts) -> None:
    console().show(f"{inspected.ticker} ({inspected.exchange})")
    for label, value in _lines(inspected, counts):
        console().show(_wrapped(value, " " * (LABEL + 2), f"  {label:<{LABEL}}"))
    console().show()


def _wrapped(text: str, rest: str, first: str = "") -> str:
    """Return a text in lines of 80 columns, behind `first` and then `rest`; a long name stays whole."""
    return textwrap.fill(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def _lines(inspected: Inspected, counts: Counts) -> Iterator[tuple[str, str]]:
    if inspected.entry is not None:
        for source in inspected.entry.sources:
            yield "sheet", f"{source.sheet} of {source.workbook}"
        rejects = ", ".join(f"{many:,} {rule}" for rule, many in inspected.entry.rejects.items()) or "no rejects"
        yield "rows", f"{inspected.entry.rows:,}: {counts.ticks:,} ticks, {inspected.entry.blank:,} blank, {rejects}"
    yield "ticks", f"{counts.ticks:,}: {counts.bids:,} BID, {counts.asks:,} ASK, {counts.trades:,} TRADE"
    zone = f" ({inspected.time_zone})" if inspected.time_zone else ""
    yield "time", f"{_time(counts.first)} to {_time(counts.last)}{zone}"
    if inspected.hours:
        yield "hours", f"{inspected.hours}{zone}"
    yield "days", f"{len(counts.days):,}, {len(inspected.missing_days) or 'none'} missing"
    if counts.gap is not None:
        yield "longest gap", f"{span(counts.gap.length)} within continuous trading, from {_time(counts.gap.start)}"
    yield "zero price, zero size", f"{counts.zero_prices:,} and {counts.zero_sizes:,} rows"
    back = f", by up to {span(counts.largest_step)}" if counts.steps_back else ""
    yield "clock steps back", f"{counts.steps_back:,} rows{back}"
    yield "repeated rows", f"{counts.repeated:,}"
    yield (
        "ticks by phase",
        ", ".join(
            f"{_words(part)} {many:,} ({_share(many, counts.ticks)})" for part, (many, _) in counts.phases.items()
        ),
    )
    yield "outside the hours", f"{counts.outside_hours:,} ({_share(counts.outside_hours, counts.ticks)})"
    yield "off the tick grid", f"{counts.off_grid:,}"
    yield "in continuous trading", f"{counts.session_events:,} events, {counts.session_prints:,} of them prints"
    for what, events, length in (
        ("crossed book", counts.crossed_events, counts.crossed),
        ("locked book", counts.locked_events, counts.locked),
    ):
        yield what, f"{events:,} events, {span(length)} ({_share(length, counts.session)} of trading)"
    yield "prints off the touch", f"{counts.prints_outside:,}, {counts.prints_far:,} by more than {FAR:.0%}"


def _facts(inspected: Inspected) -> dict[str, Any]:
    if inspected.counts is None:
        return {"exchange": inspected.exchange, "error": inspected.error, "warnings": inspected.warnings}
    counts, entry = inspected.counts, inspected.entry
    return {
        "exchange": inspected.exchange,
        "rows": entry.rows if entry else None,
        "blank": entry.blank if entry else None,
        "rejects": entry.rejects if entry else None,
        "ticks": counts.ticks,
        "types": {"BID": counts.bids, "ASK": counts.asks, "TRADE": counts.trades},
        "time_zone": inspected.time_zone or None,
        "first": iso(counts.first),
        "last": iso(counts.last),
        "days": len(counts.days),
        "missing_days": inspected.missing_days,
        "closed_days": inspected.closed_days,
        "longest_gap": {"start": iso(counts.gap.start), "seconds": counts.gap.length / SECOND} if counts.gap else None,
        "zero_prices": counts.zero_prices,
        "zero_sizes": counts.zero_sizes,
        "steps_back": counts.steps_back,
        "steps_forward": counts.steps_forward,
        "largest_step_seconds": counts.largest_step / SECOND,
        "repeated": counts.repeated,
        "outside_hours": counts.outside_hours,
        "prints_outside_hours": counts.prints_outside_hours,
        "clock_shifts": [{"hours": shift.hours, "days": shift.days} for shift in counts.shifts],
        "off_tick_grid": counts.off_grid,
        "quotes_off_tick_grid": counts.quotes_off_grid,
        "quotes_on_other_grids": counts.quotes_elsewhere,
        "phases": {part: {"ticks": ticks, "prints": prints} for part, (ticks, prints) in counts.phases.items()},
        "session": {
            "events": counts.session_events,
            "seconds": counts.session / SECOND,
            "crossed_events": counts.crossed_events,
            "crossed_seconds": counts.crossed / SECOND,
            "locked_events": counts.locked_events,
            "locked_seconds": counts.locked / SECOND,
            "prints": counts.session_prints,
            "prints_outside_touch": counts.prints_outside,
            "prints_far_from_touch": counts.prints_far,
        },
        "error": None,
        "warnings": inspected.warnings,
    }


def _time(timestamp: int) -> str:
    return iso(timestamp).replace("T", " ")


def _words(part: str) -> str:
    return part.replace("_", " ").replace("pre open", "pre-open")


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else "-"
