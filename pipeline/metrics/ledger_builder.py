"""Builds the ledger of one security from its fills, all at once or by batches of days, with the same result."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.rules.account import NO_ORDER
from pipeline.markets.exchange_clock import UTC
from pipeline.metrics.clock import ClockWalk
from pipeline.metrics.figures import figures_of, numbers_of
from pipeline.metrics.fill_kinds import KINDS, NO_CODE, NO_PRINT
from pipeline.metrics.ledger import RECORDS, Ledger
from pipeline.metrics.loop_fills import (
    AMOUNTS,
    COUNTS,
    DAY_FIELDS,
    FILL_FIELDS,
    GROUP_AMOUNTS,
    GROUP_COUNTS,
    MARK_FIELDS,
    NO_DAY,
    STATE,
    VALUES,
    book_fills,
    end_day,
)
from pipeline.metrics.metrics_json import figures_json
from pipeline.metrics.portfolio import Portfolio
from pipeline.metrics.records_file import IN_MEMORY, GrowingRecords
from pipeline.metrics.registry import SUMMARY_FIGURES
from pipeline.metrics.sessions import is_in_session, session_table
from pipeline.native.functions import compiled
from pipeline.times import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.engine.outcome import Fills
    from pipeline.metrics.accounts import AccountHistory
    from pipeline.replay.observe import Observed
    from pipeline.replay.simulate import Replayed
    from pipeline.ticks import Float64s, Int64s

REPLAY_COUNTS: Final = ("rows", "events", "session_rows", "bid_count", "ask_count", "trade_count", "last_price")
"""What a ledger has of the replay's own counts."""

HOURS: Final = 24
FILL_COLUMNS: Final = {
    "timestamp": np.int64,
    "side": np.int8,
    "price": np.float64,
    "quantity": np.int64,
    "realized": np.float64,
    "position": np.int64,
    "how": np.int8,
}
OBSERVED_COLUMNS: Final = {
    "placed": np.int64,
    "mid": np.float64,
    "mid_later": np.float64,
    "traits": np.int8,
    "beyond_shown": np.int64,
}
PATH_COLUMNS: Final = {"path_time": np.int64, "path_mid": np.float64, "path_last": np.float64}
NOTHING: Final = np.empty(0, np.int64)
NO_COLUMNS: Final = [NOTHING] * (len(FILL_COLUMNS) + 3 + len(OBSERVED_COLUMNS) + 1 + len(PATH_COLUMNS))


class LedgerBuilder:
    """Books one security's fills and marks, batch by batch of whole days.

    Every sum is taken fill by fill, so the ledger is the same however the days are parted. account: the first batch,
    for the security, its session and its limits; it is not booked yet. in_memory: bytes of one kind of records beyond
    which they go to a temporary file.
    """

    def __init__(self, account: AccountHistory, in_memory: int = IN_MEMORY) -> None:
        self._ticker, self._sessions, self._notional_limit = account.ticker, account.sessions, account.notional_limit
        self._exchange_clock = account.exchange_clock
        self._walk = ClockWalk(1, *_limits(account))
        self._counts, self._amounts = np.zeros(len(COUNTS), np.int64), np.zeros((2, len(AMOUNTS)))
        self._hour_fills, self._hour_net = np.zeros(HOURS, np.int64), np.zeros(HOURS)
        self._kinds, self._codes = _Groups(KINDS), _Groups((NO_CODE, NO_PRINT))
        self._state = np.zeros(len(STATE), np.int64)
        self._state[[STATE.index(name) for name in ("clock", "day", "day_end")]] = NO_DAY
        self._state[[STATE.index(name) for name in ("bought", "sold")]] = NO_ORDER
        self._values = np.zeros(len(VALUES))
        self._values[VALUES.index("mark")] = math.nan
        self._records = {name: GrowingRecords(width, in_memory) for name, width in RECORDS.items()}
        self._market_days, self._days_not_flat = NOTHING, NOTHING
        self._realized_pnl, self._charged = 0.0, False

    def add(self, account: AccountHistory) -> None:
        """Book the fills and the marks of some days, which come after all that were booked."""
        replayed, observed = account.replayed, account.observed
        self._market_days = np.concatenate([self._market_days, replayed.market_days])
        self._days_not_flat = np.concatenate([self._days_not_flat, replayed.days_not_flat])
        self._charged |= replayed.charges is not None
        if len(replayed.fills):
            self._realized_pnl = float(replayed.fills.pnl[-1])
        self._book(replayed.fills, replayed.fill_fees, observed)

    def finish(self, replayed: Replayed) -> Ledger:
        """Return the ledger; nothing is added after it.

        Args:
            replayed: What the whole replay came to; its fills and days are not looked at.
        """
        portfolio = self.portfolio(replayed)
        return replace(
            portfolio.ledgers[0],
            figures_json=figures_json(figures_of(portfolio) | {"counters": dict(replayed.counters)}),
            summary=numbers_of(portfolio, SUMMARY_FIGURES.values()),
        )

    def portfolio(self, replayed: Replayed) -> Portfolio:
        """Return what the security's figures are computed from; nothing is added after it."""
        days = np.empty((1, len(DAY_FIELDS)), np.int64)
        ended = end_day(0, self._state, self._values, days[0], days[0].view(np.float64))
        self._records["days"].add(days[:ended])
        walked = self._walk.finish(self._spans())
        return Portfolio([self._ledger(replayed)], self._market_days, walked, is_one_security=True)

    def _spans(self) -> Int64s:
        return session_table([(self._sessions, UTC)], self._market_days)

    def _ledger(self, replayed: Replayed) -> Ledger:
        hours = np.flatnonzero(self._hour_fills).tolist()
        return Ledger(
            ticker=self._ticker,
            sessions=self._sessions,
            exchange_clock=self._exchange_clock,
            notional_limit=self._notional_limit,
            market_days=self._market_days,
            days_not_flat=self._days_not_flat,
            position=replayed.position,
            realized_pnl=self._realized_pnl,
            orders=replayed.orders,
            charged=self._charged,
            ignored=replayed.ignored,
            counts={name: getattr(replayed, name) for name in REPLAY_COUNTS},
            sums={
                **dict(zip(COUNTS, self._counts.tolist(), strict=True)),
                **dict(zip(AMOUNTS, self._amounts.sum(axis=0).tolist(), strict=True)),
            },
            hours={str(hour): self._hour_net[hour].item() for hour in hours},
            kinds=self._kinds.sums(),
            conditions=self._codes.sums(),
            fills=self._records["fills"].joined(),
            marks=self._records["marks"].joined(),
            waits=self._records["waits"].joined(),
            days=self._records["days"].joined(),
            rates=self._records["rates"].joined(),
            figures_json=b"{}",
            summary={},
        )

    def _book(self, fills: Fills, fees: Float64s, observed: Observed | None) -> None:
        columns = [_column(getattr(fills, name), kind) for name, kind in FILL_COLUMNS.items()]
        columns.append(_orders_of(fills))
        columns += [columns[2] if fills.limit is None else _column(fills.limit, np.float64), _column(fees, np.float64)]
        if observed is None:
            columns += NO_COLUMNS[len(columns) :]
        else:
            columns += [_column(getattr(observed, name), kind) for name, kind in OBSERVED_COLUMNS.items()]
            columns.append(self._codes_of(observed.condition))
            columns += [_column(getattr(observed, name), kind) for name, kind in PATH_COLUMNS.items()]
        self._run_loop(columns, is_observed=observed is not None)

    def _codes_of(self, conditions: Any) -> Int64s:
        """Return the number of each fill's condition code, none where no fill has one."""
        if not np.ascontiguousarray(conditions).view(np.uint32).any():
            return NOTHING
        return self._codes.numbers(NO_CODE if text == "" else text for text in conditions.tolist())

    def _run_loop(self, columns: Sequence[Any], *, is_observed: bool) -> None:
        times, codes, path_times = columns[0], columns[-4], columns[-3]
        fills = np.empty((len(times), len(FILL_FIELDS)), np.int64)
        marks = np.empty((len(path_times), len(MARK_FIELDS)), np.int64)
        waits = np.empty((len(times), 1), np.int64)
        days = np.empty((_most_days(times, path_times), len(DAY_FIELDS)), np.int64)
        order = np.empty(len(fills) + len(marks), np.int64)
        facts = [len(fills), len(marks), is_observed, len(codes) > 0]
        spans = self._spans()
        waited = int(self._counts[COUNTS.index("waits")])
        ended = compiled(book_fills)(
            *(np.array(facts, np.int64), spans, *columns, self._counts, self._amounts),
            *(self._hour_fills, self._hour_net, *self._kinds.columns, *self._codes.columns, self._state, self._values),
            *(fills, fills, marks, marks, waits, days, days, order),
        )
        owners = np.zeros(len(order), np.int64)
        self._walk.add_in_order(order, owners, fills, marks, is_in_session(marks[:, 0], self._sessions), spans)
        waits = waits[: int(self._counts[COUNTS.index("waits")]) - waited].copy()
        for name, records in (("fills", fills), ("marks", marks), ("waits", waits), ("days", days[:ended].copy())):
            self._records[name].add(records)


class _Groups:
    """Sums by group of fills; groups are numbered as they come."""

    def __init__(self, names: Iterable[str]) -> None:
        self._numbers = {name: number for number, name in enumerate(names)}
        self._counts = np.zeros((len(self._numbers), len(GROUP_COUNTS)), np.int64)
        self._amounts = np.zeros((len(self._numbers), len(GROUP_AMOUNTS)))

    @property
    def columns(self) -> tuple[Int64s, Float64s]:
        return self._counts, self._amounts

    def numbers(self, names: Iterable[str]) -> Int64s:
        """Return the number of each name's group."""
        numbers = np.array([self._numbers.setdefault(name, len(self._numbers)) for name in names], np.int64)
        more = len(self._numbers) - len(self._counts)
        self._counts = np.concatenate([self._counts, np.zeros((more, len(GROUP_COUNTS)), np.int64)])
        self._amounts = np.concatenate([self._amounts, np.zeros((more, len(GROUP_AMOUNTS)))])
        return numbers

    def sums(self) -> dict[str, list[float]]:
        """Return the sums of each group that has a fill."""
        rows = zip(self._numbers, self._counts.tolist(), self._amounts.tolist(), strict=True)
        return {name: [*counts, *amounts] for name, counts, amounts in rows if counts[0]}


def _orders_of(fills: Fills) -> Int64s:
    """Return what tells the order of each fill from the one before it on its side; NO_ORDER where that has been seen.

    Where a side has several, only the first fill of each is one of an order that is not.
    """
    if fills.order is not None:
        return np.where(fills.order > 0, fills.order, NO_ORDER)
    return NOTHING if fills.placed is None else _column(fills.placed, np.int64)


def _limits(account: AccountHistory) -> list[float]:
    limits = account.shares_limit, account.notional_limit if account.notional_binds else None
    return [math.inf if limit is None else float(limit) for limit in limits]


def _column(values: Any, kind: Any) -> Any:
    return np.ascontiguousarray(values, kind)


def _most_days(times: Int64s, path_times: Int64s) -> int:
    """Return more than how many days some fills and marks are of."""
    ends = [int(each) for some in (times, path_times) if len(some) for each in (some.min(), some.max())]
    return (max(ends) - min(ends)) // DAY + 3 if ends else 1
