"""Turns counts into warnings in plain sentences: what is wrong, in which file, sheet or day, and what to do.

A sentence about one security begins with its ticker and, before any figure, with the words that all of its kind share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pipeline.inspection import counts as counted
from pipeline.inspection.counts import FAR
from pipeline.inspection.sessions import closed_days, missing_days, unswapped
from pipeline.markets.codes import exchanges_listing
from pipeline.markets.facts import facts_or_open, how_to_add
from pipeline.store.catalog import changed_sources
from pipeline.store.layout import rejects_name
from pipeline.ticks import TICK_TYPES
from pipeline.times import DAY, HOUR, MINUTE, SECOND, date_of, moment_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pipeline.inspection.counts import Counts, Shift
    from pipeline.markets.market import MarketFacts
    from pipeline.store.catalog import Entry, Security

EXCEL_ROWS: Final = 1_048_576
"""Where an Excel sheet ends, header rows included."""

MANY_OUTSIDE: Final = 0.05
MUCH_CROSSED: Final = 0.01
MUCH_LOCKED: Final = 0.10
MANY_OFF_GRID: Final = 0.01
MANY_REPEATED: Final = 0.20
MANY_DAYS: Final = 0.2
LONG_GAP: Final = HOUR
LONG_STEP: Final = MINUTE
DAYS_SHOWN: Final = 4
LONGEST_HOLIDAY: Final = 7
"""Weekdays in a row for which an exchange may be closed; beyond, ticks were not exported."""

ZONES: Final = {-4: "UTC", -3: "London's summer time", -8: "New York's summer time", -9: "New York's winter time"}
"""Clocks that are that many hours away from the UAE's (UTC+4, all year), as exports have them."""


def counts_of(security: Security) -> Counts | None:
    """Return what was counted of a security's ticks; None for none, or not by this version and today's facts."""
    return counted.from_text(security.inspection) if is_inspected(security) else None


def is_inspected(security: Security) -> bool:
    """Return whether a security's ticks were counted by this version and today's facts of the market."""
    return counted.is_current(security.inspection, facts_or_open(security.exchange))


def warnings_of(used: Iterable[str], stored: Iterable[Security]) -> list[str]:
    """Return what is likely wrong with the securities `used`, by ticker, of all that a store holds.

    What concerns several comes first, then each in the order of its ticker. The days on which an exchange traded are
    known from all others. Raises MarketFactsError for a market file that is not usable.
    """
    wanted = set(used)
    securities = sorted(stored, key=lambda security: security.ticker)
    common: list[str] = []
    own: list[str] = []
    for exchange in sorted({security.exchange for security in securities if security.ticker in wanted}):
        facts = facts_or_open(exchange)
        of_exchange = [security for security in securities if security.exchange == exchange]
        counts = {security.ticker: counts_of(security) for security in of_exchange}
        missed = _missed({ticker: of for ticker, of in counts.items() if of and not unswapped(of.days)}, facts)
        common += _of_no_prints(facts, sorted({day for ticker in wanted for day in missed.closed.get(ticker, ())}))
        for security in of_exchange:
            if security.ticker in wanted:
                missing = missed.alone.get(security.ticker, ())
                own += _of_security(security, counts[security.ticker], facts, missing)
    return common + sorted(own, key=lambda warning: warning.partition(":")[0])


def _of_security(
    security: Security, counts: Counts | None, facts: MarketFacts, missing: Sequence[int]
) -> Iterator[str]:
    ticker, entry = security.ticker, security.entry
    if entry is not None:
        yield from _of_sources(entry)
    by_rule = {} if entry is None else entry.rejects
    rows, rejected = (security.rows, security.rejected) if entry is None else (entry.rows, sum(by_rule.values()))
    if rejected:
        rules = ", ".join(f"{count:,} {rule}" for rule, count in sorted(by_rule.items()))
        yield (
            f"{ticker}: rejected rows: {rejected:,} of {rows:,}{f' ({rules})' if rules else ''}. "
            f"{rejects_name(ticker)} has them with their row numbers."
        )
    if counts is not None:
        yield from of_counts(ticker, counts, facts, missing)
    elif is_inspected(security):
        yield f"{ticker}: no ticks."
    else:
        yield (
            f"{ticker}: its ticks were not inspected by this version with these facts of the market. Run "
            "`pipeline convert` once more, which says what is likely wrong with them."
        )


def _of_sources(entry: Entry) -> Iterator[str]:
    for source in entry.sources:
        where = f" (sheet '{source.sheet}' of {source.workbook})" if len(entry.sources) > 1 else ""
        yield from (f"{entry.ticker}: {remark}{where}." for remark in source.remarks)
        header = int(source.record.get("header_row", 0))
        is_of_rows = not source.record.get("columns", {}).get("quotes")  # else they are events, of which a row has many
        if is_of_rows and source.rows + header == EXCEL_ROWS:  # a CSV file may be longer
            yield (
                f"{entry.ticker}: a full sheet: '{source.sheet}' of {source.workbook} ends in row {EXCEL_ROWS:,}, "
                "Excel's last, so later ticks are missing. Export them to a second workbook; convert joins both."
            )


def of_changes(entry: Entry) -> Iterator[str]:
    """Yield that workbooks were changed after a security was converted from them."""
    for name in sorted({source.path for source in changed_sources(entry)}):
        yield f"{entry.ticker}: a workbook was changed after it was converted: '{name}'. Run `pipeline convert`."


def of_counts(ticker: str, counts: Counts, facts: MarketFacts, missing: Sequence[int] = ()) -> Iterator[str]:
    """Yield what is wrong with a security's ticks; `missing`: days on which others of its exchange have prints."""
    yield from _of_kinds(ticker, counts)
    yield from _of_order(ticker, counts)
    if not facts.is_known:
        yield (
            f"{ticker}: no market file knows its exchange, '{facts.exchange}', which `pipeline backtest` asks for; "
            f"hours, closed days and tick sizes were not checked. {how_to_add(facts.exchange)}"
        )
    else:
        yield from _of_market(ticker, counts, facts, missing)
    if counts.repeated > MANY_REPEATED * counts.ticks:
        yield (
            f"{ticker}: rows repeat an earlier row: {counts.repeated:,} of {counts.ticks:,}. "
            "Was a stretch pasted twice?"
        )
    yield from _of_prices(ticker, counts, facts)


def _of_market(ticker: str, counts: Counts, facts: MarketFacts, missing: Sequence[int]) -> Iterator[str]:
    """Yield what is wrong by the hours and days of an exchange, and whether another is known to list the security."""
    listing = exchanges_listing(ticker)
    if listing and facts.exchange not in listing:
        yield (
            f"{ticker}: its name says {facts.exchange}, and {' and '.join(listing)} is known to list it. A config's "
            f'"exchange": "{listing[0]}" decides.'
        )
    hours = list(_of_hours(ticker, counts, facts))
    yield from hours or _of_gaps(ticker, counts, facts)
    if counts.prints_outside_hours and not counts.shifts:
        yield (
            f"{ticker}: prints outside all sessions: {counts.prints_outside_hours:,} of {counts.trades:,}. "
            f"{facts.exchange} trades {_span_of(facts)}; no strategy sees them."
        )
    if turned := unswapped(counts.days):
        yield (
            f"{ticker}: days and months look swapped, as Excel does where its locale is not the export's: "
            f"{_between(counts.days)}, swapped {_between(turned)}. Export dates as yyyy-mm-dd."
        )
    elif missing:
        yield f"{ticker}: no ticks on {_days(missing)}, when others of {facts.exchange} have prints."
    if closed := closed_days(counts.days, facts):
        yield (
            f"{ticker}: ticks on days when {facts.exchange} is closed, {_days(closed)}. Are the dates right, "
            "or days and months swapped?"
        )


class _Missed(NamedTuple):
    """By ticker, weekdays without its ticks on which others have prints, and weekdays on which none has a print."""

    alone: Mapping[str, list[int]]
    closed: Mapping[str, list[int]]


def _missed(by_ticker: Mapping[str, Counts], facts: MarketFacts) -> _Missed:
    """Return which days securities of one exchange miss, those left out that are known to be closed."""
    printed = {day for counts in by_ticker.values() for day in set(counts.days) - set(counts.days_without_print)}
    alone, closed = {}, {}
    for ticker, counts in by_ticker.items():
        missing = missing_days(counts.days, facts)
        alone[ticker] = [day for day in missing if day in printed]
        # Of one security alone, a day with quotes and no print is a quiet day.
        silent = [] if len(by_ticker) == 1 else [*counts.days_without_print]
        closed[ticker] = [day for day in (*missing, *silent) if day not in printed and facts.may_trade_on(date_of(day))]
    return _Missed(alone, closed)


def _of_no_prints(facts: MarketFacts, days: Sequence[int]) -> Iterator[str]:
    runs: list[list[int]] = []
    for day in days:
        if runs and not any(facts.is_of_week(date_of(between)) for between in range(runs[-1][-1] + 1, day)):
            runs[-1].append(day)
        else:
            runs.append([day])
    for run in runs:
        if len(run) > LONGEST_HOLIDAY:
            yield (
                f"No security of {facts.exchange} has a print from {date_of(run[0])} to {date_of(run[-1])}: too long "
                "for a holiday, so these ticks were not exported."
            )
    if some := [day for run in runs if len(run) <= LONGEST_HOLIDAY for day in run]:
        yield (
            f"No security of {facts.exchange} has a print on {_days(some)}: probably closed, though "
            f"configs/markets/{facts.exchange}.json does not list {'it' if len(some) == 1 else 'them'}."
        )


def span(length: int) -> str:
    """Return a duration in ns as h:mm:ss."""
    seconds = length // SECOND
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _of_kinds(ticker: str, counts: Counts) -> Iterator[str]:
    many = (counts.bids, counts.asks, counts.trades)
    lacking = [kind for kind, number in zip(TICK_TYPES, many, strict=True) if not number]
    if lacking:
        yield f"{ticker}: no {' and no '.join(lacking)} rows at all."


def _of_order(ticker: str, counts: Counts) -> Iterator[str]:
    if counts.steps_back > counts.steps_forward:
        yield (
            f"{ticker}: sorted newest first: the clock steps back in {_rows(counts.steps_back)}. Ticks are replayed in "
            "the workbook's order; sort it by time, oldest first, and convert it again."
        )
    elif counts.largest_step >= LONG_STEP:
        yield (
            f"{ticker}: the clock steps back in {_rows(counts.steps_back)}, by up to {span(counts.largest_step)}. "
            "Ticks are replayed in the workbook's order; is it sorted?"
        )


def _of_hours(ticker: str, counts: Counts, facts: MarketFacts) -> Iterator[str]:
    shifted = sum(shift.days for shift in counts.shifts)
    if shifted > MANY_DAYS * len(counts.days):
        main = [shift for shift in counts.shifts if shift.days > MANY_DAYS * shifted / 2]
        off = "; ".join(_shift(shift, len(counts.days)) for shift in main)
        yield (
            f"{ticker}: {off}. {facts.exchange} trades {_span_of(facts)}; strategies see nothing outside "
            f"{_clock(facts.hours.opens)}-{_clock(facts.hours.closes)}, so export the exchange's own time."
        )
    elif counts.outside_hours > MANY_OUTSIDE * counts.ticks:
        share = counts.outside_hours / counts.ticks
        yield f"{ticker}: ticks outside {facts.exchange}'s hours, {_span_of(facts)}: {share:.0%} of them."


def _of_gaps(ticker: str, counts: Counts, facts: MarketFacts) -> Iterator[str]:
    start, end = facts.hours.opens, facts.hours.closes
    if counts.gap is not None and counts.gap.length >= LONG_GAP:
        gap = f"{moment_of(counts.gap.start):%H:%M} to {moment_of(counts.gap.end):%H:%M}"
        yield f"{ticker}: no tick from {gap} on {date_of(counts.gap.start // DAY)}, within the session."
    cut = []
    if start + LONG_GAP <= (counts.first + facts.clock_shift) % DAY:
        cut.append(f"begin at {moment_of(counts.first):%H:%M on %Y-%m-%d}")
    if (counts.last + facts.clock_shift) % DAY <= end - LONG_GAP:
        cut.append(f"end at {moment_of(counts.last):%H:%M on %Y-%m-%d}")
    if cut:
        yield f"{ticker}: not all of a session was exported: the ticks {' and '.join(cut)}."


def _shift(shift: Shift, days: int) -> str:
    hours = f"{abs(shift.hours)} hour{'s' if abs(shift.hours) > 1 else ''} {'early' if shift.hours < 0 else 'late'}"
    zone = f", as if in {ZONES[shift.hours]}" if shift.hours in ZONES else ""
    on = "" if shift.days == days else f" on {shift.days:,} of {days:,} days"
    first, last = _clock(shift.first_minute * MINUTE), _clock(shift.last_minute * MINUTE)
    return f"ticks run from {first} to {last}{on}: {hours}{zone}"


def _of_prices(ticker: str, counts: Counts, facts: MarketFacts) -> Iterator[str]:
    priced = counts.ticks - counts.zero_prices
    if counts.off_grid > MANY_OFF_GRID * priced:
        yield (
            f"{ticker}: prices that are no multiple of the tick sizes in configs/markets/{facts.exchange}.json: "
            f"{counts.off_grid:,} of {priced:,} ({counts.off_grid / priced:.0%}). Has the exchange changed them?"
        )
    for what, events, length, much in (
        ("crossed", counts.crossed_events, counts.crossed, MUCH_CROSSED),
        ("locked", counts.locked_events, counts.locked, MUCH_LOCKED),
    ):
        if length > much * counts.session:
            yield (
                f"{ticker}: the book is {what} for {span(length)} ({length / counts.session:.0%} of the session, "
                f"{events:,} events). Quotes at such times fill as no market would let them."
            )
    if counts.first_far is not None:
        far = counts.first_far
        sides = ", ".join(f"{name} {price:g}" for name, price in (("bid", far.bid), ("ask", far.ask)) if price)
        yield (
            f"{ticker}: prints far from the touch, by more than {FAR:.0%}: {counts.prints_far:,}, the first at "
            f"{moment_of(far.timestamp):%Y-%m-%d %H:%M:%S}: {far.price:g} ({sides})."
        )


def _days(days: Sequence[int]) -> str:
    more = f" and {len(days) - DAYS_SHOWN} more days" if len(days) > DAYS_SHOWN else ""
    return ", ".join(str(date_of(day)) for day in days[:DAYS_SHOWN]) + more


def _between(days: Sequence[int]) -> str:
    return f"{len(days)} days between {date_of(days[0])} and {date_of(days[-1])}"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _clock(of_day: int) -> str:
    return f"{of_day // HOUR:02}:{of_day // MINUTE % 60:02}"


def _span_of(facts: MarketFacts) -> str:
    return "-".join(_clock(time) for time in facts.hours.whole)
