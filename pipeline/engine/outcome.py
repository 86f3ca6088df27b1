"""What one replay leaves behind: the fills as columns, the final state, and the buffers both engines write into."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from pipeline.engine.day_tables import day_tables
from pipeline.engine.moments import moment_columns
from pipeline.engine.rules.replay_state import BUY, SELL
from pipeline.errors import ReplayError
from pipeline.times import DAY, FARTHEST_DAY, date_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from pipeline.engine.strategy import Strategy
    from pipeline.markets.market import MarketFacts
    from pipeline.ticks import Float64s, Int8s, Int64s, Ticks

COLUMN_TYPES: Final = {
    "failed": np.int64,
    "market_days": np.int8,
    "moment_times": np.int64,
    "moment_kinds": np.int64,
    "moment_days": np.int64,
    "fill_event": np.int64,
    "fill_side": np.int8,
    "fill_price": np.float64,
    "fill_quantity": np.int64,
    "fill_realized": np.float64,
    "fill_position": np.int64,
    "fill_pnl": np.float64,
    "fill_placed": np.int64,
    "fill_how": np.int8,
    "fill_limit": np.float64,
    "fill_order": np.int64,
    "fill_type": np.int8,
    "fill_reference": np.float64,
    "day_table": np.int64,
    "span_times": np.int64,
    "tick_below": np.float64,
    "tick_size": np.float64,
}
SIDES: Final = {BUY: "buy", SELL: "sell"}
"""The sides of fills as people write them."""

AMOUNTS: Final = ("realized", "pnl")
"""The columns of `Fills` that are money, which a loop has as prices times shares."""

MOST_SHARES: Final = 2**62
MOST_FILLS: Final = 2**27

Number: TypeAlias = int | float


@dataclass(frozen=True, slots=True, eq=False)
class Fills:
    """Our fills in execution order, one array a column.

    event: index of the tick that filled us. timestamp: ns, exchange-local. side: +1 buy, -1 sell.
    price: of a share, in the market's price unit. quantity, position (after the fill): shares. realized (by this fill),
    pnl (running total): money, in the market's currency.
    how: how each came about, by the numbers PRINT, TOUCH, TAKE, CLOSE, OWN of `rules/account.py`.
    placed: index of the tick at which the order that was filled was placed, -1 where no order of ours stood; limit: the
    price of that order, the fill's own where there was none. Both are None where the setting was replayed in a
    batch.
    order: where a side has several, the number of the order filled, counted from 1 on as they were placed, below 0 when
    that had a fill before; 0 where no order of ours stood.
    trade_type (index into the strategy's trade_types) and reference: of an auction strategy's trades, else None.
    """

    event: Int64s
    timestamp: Int64s
    side: Int8s
    price: Float64s
    quantity: Int64s
    realized: Float64s
    position: Int64s
    pnl: Float64s
    how: Int8s
    placed: Int64s | None = None
    limit: Float64s | None = None
    order: Int64s | None = None
    trade_type: Int8s | None = None
    reference: Float64s | None = None

    def __len__(self) -> int:
        return len(self.event)

    @property
    def clock(self) -> Int64s:
        """When each was, on a clock that never steps back, ns."""
        return np.maximum.accumulate(self.timestamp) if len(self) else self.timestamp

    def at(self, rows: slice | Int64s) -> Fills:
        """Return some of the fills, by a slice or by their numbers."""
        some: list[Any] = [None if column is None else column[rows] for column in self.columns()]
        return Fills(*some)

    def columns(self) -> list[Any]:
        """Return its columns in the order of their declaration, None for those it lacks."""
        return [getattr(self, field.name) for field in fields(self)]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """The result of one replay.

    market_days: int64, days since 1970-01-01 with a print, ascending. final: every field of the market and of the
    strategy's memory after the last event, by its name in the layout; its amounts are prices times shares.
    """

    fills: Fills
    market_days: Int64s
    final: Mapping[str, Number]


@dataclass(frozen=True, slots=True)
class Span:
    """What a replay is told of all its ticks before the first: their first and last day, and how many there are.

    Days since 1970-01-01; raises ReplayError for days that a replay does not take.
    """

    first_day: int
    last_day: int
    ticks: int

    def __post_init__(self) -> None:
        if self.first_day < -FARTHEST_DAY or self.last_day > FARTHEST_DAY:
            years = f"ticks from {date_of(self.first_day)} to {date_of(self.last_day)}"
            raise ReplayError(f"{years}; a replay takes 1825 to 2114. Correct the times in the workbook.")

    @classmethod
    def of(cls, ticks: Ticks) -> Span:
        """Return the span of these ticks; of none it is one day."""
        if not len(ticks):
            return cls(0, 0, 0)
        return cls(int(ticks.timestamp.min()) // DAY, int(ticks.timestamp.max()) // DAY, len(ticks))


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What a replay is told of its market, which has the hours and tick sizes of each day, and switches by field."""

    fields: Mapping[str, int]
    market: MarketFacts


class Buffers:
    """The columns of a replay: those it is given, and those it fills, sized for `capacity` fills."""

    def __init__(self, strategy: type[Strategy], span: Span, facts: Facts, names: Collection[str]) -> None:
        self._first_day = span.first_day
        days = day_tables(facts.market, span.first_day, span.last_day)
        self.fill_columns = [name for name in names if name.startswith("fill_")]
        self.market = market = facts.market
        self.inputs: dict[str, Any] = {
            **facts.fields,
            "ticker": market.ticker,
            "currency": market.currency,
            "lot": int(market.lot_sizes[-1].size) if market.lot_sizes else 0,
            "levels": strategy.levels,
            "first_day": span.first_day,
            "last_day": span.last_day,
            "day_step": days.step,
            "varies": days.varies,
            "batched": False,
            "keeps_fills": True,
            "before": 0,
            "begins": True,
            "ends": True,
        }
        zeros = {"market_days": span.last_day - span.first_day + 1, "failed": 2}
        self.columns: dict[str, Any] = {name: np.zeros(size, COLUMN_TYPES[name]) for name, size in zeros.items()}
        self.columns |= {name: getattr(days, name) for name in ("day_table", "span_times", "tick_below", "tick_size")}
        if "moment_times" in names:
            self.columns |= moment_columns(strategy, market, span.first_day, span.last_day)
        self.make_room(0)

    def make_room(self, capacity: int) -> None:
        """Have room for so many fills at least, none of them there yet."""
        if capacity > self.inputs.get("capacity", -1):
            self.inputs["capacity"] = capacity
            self.columns |= {name: np.empty(capacity, COLUMN_TYPES[name]) for name in self.fill_columns}

    @property
    def market_days(self) -> Int64s:
        """The days with a print so far, since 1970-01-01, ascending."""
        days: Int64s = np.flatnonzero(self.columns["market_days"]).astype(np.int64) + self._first_day
        return days


def fills_of(buffers: Buffers, count: int, timestamps: Callable[[Int64s], Int64s]) -> Fills:
    """Cut columns to the first `count` fills and give them their names; `timestamps` returns those of events."""
    cut: dict[str, Any] = {
        field_of(name): np.array(buffers.columns[name][:count], COLUMN_TYPES[name]) for name in buffers.fill_columns
    }
    cut |= {name: buffers.market.in_currency(cut[name]) for name in AMOUNTS}
    return Fills(timestamp=timestamps(cut["event"]), **cut)


def field_of(column: str) -> str:
    """Return what a column that a loop writes fills into is in `Fills`."""
    name = column.removeprefix("fill_")
    return "trade_type" if name == "type" else name


def join_fills(parts: Sequence[Fills]) -> Fills:
    """Return the fills of several parts of one replay, which are at least one, one after the other."""
    columns = zip(*(part.columns() for part in parts), strict=True)
    whole: list[Any] = [None if several[0] is None else np.concatenate(several) for several in columns]
    return Fills(*whole)


def shares_of(quantity: Int64s) -> float:
    """Return how many shares fills of these quantities come to."""
    return float(np.abs(quantity.astype(np.float64)).sum())


def check_shares(shares: float) -> None:
    """Raise ReplayError for more shares than a position can be told of."""
    if shares > MOST_SHARES:
        raise ReplayError(f"fills of more than {MOST_SHARES:,} shares; no position can be told of them.")


def buffer_sizes(count: int) -> Iterator[int]:
    """Yield sizes of the buffers for so many ticks, in fills: seldom outgrown at first, then more.

    Raises ReplayError at the end.
    """
    size = count // 8 + 1024
    while size <= MOST_FILLS:
        yield size
        size *= 8
    raise too_many_fills(size // 8, count)


def too_many_fills(fills: int, count: int) -> ReplayError:
    """Return the error of a strategy that has more fills of so many ticks than there is room for."""
    return ReplayError(f"more than {fills:,} fills of {count:,} ticks; does the strategy trade with itself?")


def side_names(side: Int8s) -> list[str]:
    """Return 'buy' or 'sell' for each fill."""
    return [SIDES[one] for one in side.tolist()]


def failure(where: str, event: int, what: str) -> ReplayError:
    """Return the error of a line that did at a tick what no line may."""
    return ReplayError(f"{where}: {what}, at tick {event:,}. Test for it before this line.")
