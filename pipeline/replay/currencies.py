"""What the amounts of a plan's securities are in, what converts them, and what is said where they do not add up."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.errors import StoreError
from pipeline.numbers import OWN_CURRENCY, unit_of
from pipeline.store.tick_file import TickFile
from pipeline.ticks import union_of
from pipeline.times import DAY, date_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.replay.fx import Conversion, Rates
    from pipeline.replay.task import Task
    from pipeline.store.catalog import Security
    from pipeline.ticks import Int64s


@dataclass(frozen=True)
class Currencies:
    """The currencies of a plan.

    of: by ticker what the amounts of each security that can run are in. rates: those asked for, None without.
    """

    of: Mapping[str, str]
    rates: Rates | None = None

    @property
    def of_all(self) -> str:
        """What amounts of all securities together are in: OWN_CURRENCY where they do not add up."""
        return unit_of(self.of.values()) if self.rates is None else self.rates.currency

    @property
    def is_mixed(self) -> bool:
        """Whether they do not add up."""
        return self.of_all == OWN_CURRENCY

    @property
    def warning(self) -> str:
        """What is to be said where securities are in several currencies and nothing converts them, else empty."""
        tickers = self._tickers
        if len(tickers) <= 1 or self.rates is not None:
            return ""
        each = ", ".join(f"{unit} {len(tickers[unit])}" for unit in tickers)
        fewest = min(tickers, key=lambda unit: len(tickers[unit]))
        return (
            f"The securities are in several currencies ({each}), which do not add up: there are no totals, drawdown "
            f"and ratios of all together. Give rates (--fx rates.csv --currency {next(iter(tickers))}), or run one "
            f"currency at a time, {fewest} with --securities {','.join(sorted(tickers[fewest]))}."
        )

    @property
    def _tickers(self) -> dict[str, list[str]]:
        tickers: dict[str, list[str]] = {}
        for ticker, unit in sorted(self.of.items(), key=lambda pair: (pair[1], pair[0])):
            tickers.setdefault(unit, []).append(ticker)
        return tickers

    def carried(self, tasks: Sequence[Task], market_days: Mapping[str, Int64s]) -> dict[str, list[str]]:
        """Return by currency the market days of its securities that have no rate of their own, as ISO dates."""
        days: dict[str, list[Int64s]] = {}
        for task in tasks:
            if task.conversion is not None and task.ticker in market_days:
                without = task.conversion.carried(market_days[task.ticker])
                days.setdefault(task.market.currency, []).append(without)
        return {code: [date_of(day).isoformat() for day in union_of(some).tolist()] for code, some in days.items()}


def conversion_of(task: Task, security: Security, rates: Rates | None) -> Conversion | None:
    """Return what converts the amounts of a task that can run; raises RatesError where a rate is missing."""
    if rates is None or task.error is not None:
        return None
    market, first_day = task.market, None
    with (
        suppress(StoreError),
        TickFile(security.path, security.digest, market.clock_shift) as file,
    ):  # the replay says it
        first_day = None if file.span is None else file.span[0] // DAY
    return rates.conversion(market.currency, task.ticker, first_day)


def stale_words(carried: Mapping[str, Sequence[str]], rates: Rates | None) -> list[str]:
    """Return a sentence for each currency of which the last known rate stands for days without one."""
    return [
        f"{code}: {len(days):,} market days have no rate of their own in {rates.source if rates else ''} and are "
        f"converted at the last one before, the first {days[0]} and the last {days[-1]}."
        for code, days in sorted(carried.items())
        if days
    ]
