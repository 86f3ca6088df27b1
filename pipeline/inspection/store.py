"""Inspects a Parquet directory: what was counted of each security, and what to warn of."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from os import cpu_count
from typing import TYPE_CHECKING

from pipeline.errors import CorruptParquet, PipelineError, in_words
from pipeline.inspection.counting import counted_batches
from pipeline.inspection.sessions import closed_days, missing_days
from pipeline.inspection.warn import counts_of, is_inspected, of_changes, warnings_of
from pipeline.inspection.warn_market import clock_of
from pipeline.markets.facts import facts_or_open
from pipeline.markets.timetable import phases_of
from pipeline.store.catalog import check_known, open_store
from pipeline.store.layout import CATALOG_NAME
from pipeline.store.tick_file import TickFile
from pipeline.times import date_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

    from pipeline.inspection.counts import Counts
    from pipeline.store.catalog import Entry, Security
    from pipeline.store.path import AnyPath


@dataclass(frozen=True, slots=True)
class Inspected:
    """One security: its counts, or the error that ended the counting, and its catalog entry if that is of this file."""

    ticker: str
    exchange: str = ""
    entry: Entry | None = None
    counts: Counts | None = None
    error: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def missing_days(self) -> list[dt.date]:
        """The weekdays between the first and the last without a tick, those left out that are known to be closed."""
        return [date_of(day) for day in missing_days(self._days, facts_or_open(self.exchange))]

    @property
    def closed_days(self) -> list[dt.date]:
        """The days with ticks on which the exchange does not trade."""
        return [date_of(day) for day in closed_days(self._days, facts_or_open(self.exchange))]

    @property
    def time_zone(self) -> str:
        """The clock of its times, by the name of the tz database; empty where no file knows the market."""
        return facts_or_open(self.exchange).known_zone

    @property
    def hours(self) -> str:
        """The phases of its last day with ticks, and on how many of its days they were others; empty where unknown."""
        facts, dates = facts_or_open(self.exchange), [date_of(day) for day in self._days]
        if not dates or not facts.is_known:
            return ""
        last = facts.hours_on(dates[-1])
        phases = (f"{name} {'-'.join(clock_of(time, facts) for time in span)}" for name, span in phases_of(last))
        others = sum(facts.hours_on(day) != last for day in dates)
        return ", ".join(phases) + (f"; others on {others:,} of {len(dates):,} days" if others else "")

    @property
    def _days(self) -> Sequence[int]:
        return () if self.counts is None else self.counts.days


@dataclass(frozen=True, slots=True)
class Inspection:
    """A whole directory, securities sorted by ticker; `common` warns of what concerns several."""

    parquet_dir: AnyPath
    securities: tuple[Inspected, ...]
    common: tuple[str, ...] = field(default=())

    @property
    def warnings(self) -> list[str]:
        """Every warning, those of several securities first."""
        return [*self.common, *(warning for security in self.securities for warning in security.warnings)]

    @property
    def failed(self) -> dict[str, str]:
        """The errors of the securities that could not be counted, by ticker."""
        return {security.ticker: security.error for security in self.securities if security.error is not None}


def inspect_store(
    parquet_dir: AnyPath,
    tickers: Sequence[str] = (),
    *,
    on_plan: Callable[[int], None] = lambda _: None,
    on_security: Callable[[str], None] = lambda _: None,
) -> Inspection:
    """Return what was counted of each security (or each of `tickers`), and warn of what is likely wrong.

    What was not counted when it was converted is counted now. A file that cannot be read is that security's error.
    Raises NoStore, BadCatalog, NewerFormat, UnknownSecurity or PathError.
    """
    store = open_store(parquet_dir)
    names = [security.ticker for security in store.securities]
    wanted = sorted({ticker.upper() for ticker in tickers})
    check_known(parquet_dir, wanted, names)
    chosen = wanted or names
    on_plan(len(chosen))
    listed = {entry.ticker for entry in store.entries}
    inspected: dict[str, Inspected] = {}
    stored: list[Security] = []

    def inspect(security: Security) -> tuple[Security | None, Inspected]:
        ticker = security.ticker
        try:
            return _inspected(security, chosen=ticker in chosen, listed=ticker in listed)
        except (PipelineError, MemoryError) as error:
            return None, Inspected(ticker, error=in_words(error))

    with ThreadPoolExecutor(cpu_count() or 1) as threads:
        for current, result in threads.map(inspect, store.securities):
            stored += [current] if current else []
            if result.ticker in chosen:
                inspected[result.ticker] = result
                on_security(result.ticker)
    warnings = warnings_of([ticker for ticker, result in inspected.items() if result.error is None], stored)
    securities = [
        replace(result, warnings=(*result.warnings, *(text for text in warnings if text.startswith(f"{ticker}: "))))
        for ticker, result in inspected.items()
    ]
    own = {text for result in securities for text in result.warnings}
    return Inspection(parquet_dir, tuple(securities), tuple(text for text in warnings if text not in own))


def _inspected(security: Security, *, chosen: bool, listed: bool) -> tuple[Security, Inspected]:
    """Return a security, counted now where that is asked for and was not done, and what to say of it."""
    if security.error is not None:
        raise CorruptParquet(security.error)
    ticker, entry = security.ticker, security.entry
    warnings: list[str] = []
    if chosen:
        with TickFile(security.path, security.digest, facts_or_open(security.exchange).clock_shift) as file:
            batches = file.batches()
            if not is_inspected(security):
                last = file.span[1] if file.span else 0
                text = counted_batches(batches, last, facts_or_open(security.exchange))
                security = replace(security, inspection=text)
            for _ in batches:  # counted or not, it is to be whole
                pass
        if entry is not None:
            warnings += of_changes(entry)
        elif listed:
            warnings.append(f"{ticker}: its file is not the one that {CATALOG_NAME} lists. Run `pipeline convert`.")
        else:
            warnings.append(f"{ticker}: its file is not in {CATALOG_NAME}, so nothing is known of its workbook.")
    return security, Inspected(ticker, security.exchange, entry, counts_of(security), warnings=tuple(warnings))
