"""Turns counts into warnings in plain sentences: what is wrong, in which file, sheet or day, and what to do.

A sentence about one security begins with its ticker and, before any figure, with the words that all of its kind share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.inspection import counts as counted
from pipeline.inspection.counts import FAR
from pipeline.inspection.sessions import missing_days, unswapped
from pipeline.inspection.warn_market import days_in_words, of_days, of_grid, of_market
from pipeline.markets.facts import facts_or_open, how_to_add
from pipeline.store.catalog import changed_sources
from pipeline.store.layout import rejects_name
from pipeline.ticks import TICK_TYPES
from pipeline.times import MINUTE, SECOND, date_of, moment_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pipeline.inspection.counts import Counts
    from pipeline.markets.market import MarketFacts
    from pipeline.store.catalog import Entry, Security

EXCEL_ROWS: Final = 1_048_576
"""Where an Excel sheet ends, header rows included."""

MUCH_CROSSED: Final = 0.01
MUCH_LOCKED: Final = 0.10
MANY_REPEATED: Final = 0.20
LONG_STEP: Final = MINUTE
LONGEST_HOLIDAY: Final = 7
"""Weekdays in a row for which an exchange may be closed; beyond, ticks were not exported."""


def counts_of(security: Security) -> Counts | None:
    """Return what was counted of a security's ticks; None for none, or not by this version and today's facts."""
    return counted.from_text(security.inspection) if is_inspected(security) else None


def is_inspected(security: Security) -> bool:
    """Return whether a security's ticks were counted by this version and today's facts of the market."""
    return counted.is_current(security.inspection, facts_or_open(security.exchange))


def warnings_of(
    used: Iterable[str], stored: Iterable[Security], exchanges: Mapping[str, str] | None = None
) -> list[str]:
    """Return what is likely wrong with the securities `used`, by ticker, of all that a store holds.

    What concerns several comes first, then each in the order of its ticker. The days on which an exchange traded are
    known from all others. `exchanges`: those that a config says, by ticker; else a security is of the one that its name
    says, by whose hours and tick sizes it was counted. Raises MarketFactsError for a market file that is not usable.
    """
    wanted = set(used)
    of_ticker = exchanges or {}
    securities = [
        (security, of_ticker.get(security.ticker, security.exchange))
        for security in sorted(stored, key=lambda security: security.ticker)
    ]
    common: list[str] = []
    own: list[str] = []
    for exchange in sorted({exchange for security, exchange in securities if security.ticker in wanted}):
        facts = facts_or_open(exchange)
        of_exchange = [security for security, its in securities if its == exchange]
        common += _of_other_names(exchange, [one for one in of_exchange if one.ticker in wanted])
        counts = {security.ticker: counts_of(security) for security in of_exchange}
        alone, closed = _missed({ticker: of for ticker, of in counts.items() if of and not unswapped(of.days)}, facts)
        common += _of_no_prints(facts, sorted({day for ticker in wanted for day in closed.get(ticker, ())}))
        for security in of_exchange:
            if security.ticker in wanted:
                missing = alone.get(security.ticker, ())
                own += _of_security(security, counts[security.ticker], facts, missing)
    return common + sorted(own, key=lambda warning: warning.partition(":")[0])


def _of_other_names(exchange: str, securities: Iterable[Security]) -> Iterator[str]:
    """Yield which securities were counted by the hours and tick sizes of another exchange, which their names say."""
    by_name: dict[str, list[str]] = {}
    for security in securities:
        if security.exchange != exchange:
            by_name.setdefault(security.exchange, []).append(security.ticker)
    for name, tickers in sorted(by_name.items()):
        yield (
            f"Not checked by the hours and tick sizes of {exchange}, since at their conversion only their names "
            f"spoke, which say {name}: {', '.join(tickers)}."
        )


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
        yield from of_counts(ticker, counts, facts, missing, has_other_name=security.exchange != facts.exchange)
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


def of_counts(
    ticker: str, counts: Counts, facts: MarketFacts, missing: Sequence[int] = (), *, has_other_name: bool = False
) -> Iterator[str]:
    """Yield what is wrong with a security's ticks.

    missing: Days on which others of its exchange have prints. has_other_name: Whether its name says another exchange,
    by whose hours and tick sizes it was counted.
    """
    yield from _of_kinds(ticker, counts)
    yield from _of_order(ticker, counts)
    if has_other_name:
        yield from of_days(ticker, counts, facts, missing)
    elif not facts.is_known:
        yield (
            f"{ticker}: no market file knows its exchange, '{facts.exchange}', which `pipeline backtest` asks for; "
            f"hours, closed days and tick sizes were not checked. {how_to_add(facts.exchange)}"
        )
    else:
        yield from of_market(ticker, counts, facts, missing)
    if counts.repeated > MANY_REPEATED * counts.ticks:
        yield (
            f"{ticker}: rows repeat an earlier row: {counts.repeated:,} of {counts.ticks:,}. "
            "Was a stretch pasted twice?"
        )
    if not has_other_name:
        yield from of_grid(ticker, counts, facts)
    yield from _of_book(ticker, counts)


def _missed(by_ticker: Mapping[str, Counts], facts: MarketFacts) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Return which days securities of one exchange miss, by ticker, those left out that are known to be closed.

    Weekdays without its ticks on which others have prints, and weekdays on which none has a print.
    """
    printed = {day for counts in by_ticker.values() for day in set(counts.days) - set(counts.days_without_print)}
    alone, closed = {}, {}
    for ticker, counts in by_ticker.items():
        missing = missing_days(counts.days, facts)
        alone[ticker] = [day for day in missing if day in printed]
        # Of one security alone, a day with quotes and no print is a quiet day.
        silent = [] if len(by_ticker) == 1 else [*counts.days_without_print]
        closed[ticker] = [day for day in (*missing, *silent) if day not in printed and facts.may_trade_on(date_of(day))]
    return alone, closed


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
            f"No security of {facts.exchange} has a print on {days_in_words(some)}: probably closed, though "
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


def _of_book(ticker: str, counts: Counts) -> Iterator[str]:
    for what, events, length, much in (
        ("crossed", counts.crossed_events, counts.crossed, MUCH_CROSSED),
        ("locked", counts.locked_events, counts.locked, MUCH_LOCKED),
    ):
        if length > much * counts.session:
            yield (
                f"{ticker}: the book is {what} for {span(length)} ({length / counts.session:.0%} of the session, "
                f"{events:,} events). Orders quoted at such times fill in ways no market would allow."
            )
    if counts.first_far is not None:
        far = counts.first_far
        sides = ", ".join(f"{name} {price:g}" for name, price in (("bid", far.bid), ("ask", far.ask)) if price)
        yield (
            f"{ticker}: prints far from the touch, by more than {FAR:.0%}: {counts.prints_far:,}, the first at "
            f"{moment_of(far.timestamp):%Y-%m-%d %H:%M:%S}: {far.price:g} ({sides})."
        )


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
