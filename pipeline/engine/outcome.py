"""What one replay leaves behind: the fills as columns, the final state, and the buffers both engines write into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from pipeline.engine.rules.replay_state import BUY, SELL
from pipeline.errors import ReplayError
from pipeline.times import DAY, FARTHEST_DAY, date_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pipeline.ticks import Float64s, Int8s, Int64s, Ticks

COLUMN_TYPES: Final = {
    "failed": np.int64,
    "market_days": np.int8,
    "fill_setting": np.int16,
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
    "fill_type": np.int8,
    "fill_reference": np.float64,
    "tick_below": np.float64,
    "tick_size": np.float64,
}
SIDES: Final = {BUY: "buy", SELL: "sell"}
"""The sides of fills as people write them."""

MOST_SHARES: Final = 2**62
MOST_FILLS: Final = 2**27
INPUT_COLUMNS: Final = ("tick_below", "tick_size")

Number: TypeAlias = int | float


@dataclass(frozen=True, slots=True, eq=False)
class Fills:
    """Our fills in execution order, one array a column.

    event: index of the tick that filled us. timestamp: ns, exchange-local. side: +1 buy, -1 sell.
    price: AED. quantity, position (after the fill): shares. realized (by this fill), pnl (running total): AED.
    how: how each came about, by the numbers PRINT, TOUCH, TAKE, CLOSE, OWN of `rules/account.py`.
    placed: index of the tick at which the order that was filled was placed, -1 where no order of ours stood; limit: the
    price of that order, AED, the fill's own where there was none. Both are None where the setting was replayed in a
    batch.
    trade_type (index into the strategy's trade_types) and reference (AED): of an auction strategy's trades, else None.
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
    trade_type: Int8s | None = None
    reference: Float64s | None = None

    def __len__(self) -> int:
        return len(self.event)

    def at(self, rows: slice | Int64s) -> Fills:
        """Return some of the fills, by a slice or by their numbers."""
        return Fills(
            event=self.event[rows],
            timestamp=self.timestamp[rows],
            side=self.side[rows],
            price=self.price[rows],
            quantity=self.quantity[rows],
            realized=self.realized[rows],
            position=self.position[rows],
            pnl=self.pnl[rows],
            how=self.how[rows],
            placed=None if self.placed is None else self.placed[rows],
            limit=None if self.limit is None else self.limit[rows],
            trade_type=None if self.trade_type is None else self.trade_type[rows],
            reference=None if self.reference is None else self.reference[rows],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """The result of one replay.

    market_days: int64, days since 1970-01-01 with a print, ascending. final: every field of the market and of the
    strategy's memory after the last event, by its name in the layout.
    """

    fills: Fills
    market_days: Int64s
    final: Mapping[str, Number]


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What a replay is told of its market: session and switches by field, and the tick sizes from which prices on."""

    fields: Mapping[str, int]
    tick_below: Float64s
    tick_size: Float64s


class Buffers:
    """The columns of a replay: those it is given, and those it fills, sized for `capacity` fills."""

    def __init__(self, ticks: Ticks, facts: Facts, names: Iterable[str], capacity: int) -> None:
        first, last = (0, 0)
        if len(ticks):
            first, last = int(ticks.timestamp.min()) // DAY, int(ticks.timestamp.max()) // DAY
            if first < -FARTHEST_DAY or last > FARTHEST_DAY:
                years = f"ticks from {date_of(first)} to {date_of(last)}"
                raise ReplayError(f"{years}; a replay takes 1825 to 2114. Correct the times in the workbook.")
        self._first_day = first
        self.inputs: dict[str, int] = {
            **facts.fields,
            "first_day": first,
            "last_day": last,
            "capacity": capacity,
            "tick_levels": len(facts.tick_size),
            "batched": False,
            "setting": 0,
        }
        days = last - first + 1
        zeros = {"market_days": days, "failed": 2}
        self.columns: dict[str, Any] = {
            name: np.zeros(zeros[name], COLUMN_TYPES[name]) if name in zeros else np.empty(capacity, COLUMN_TYPES[name])
            for name in names
            if name not in INPUT_COLUMNS
        }
        self.columns |= {"tick_below": facts.tick_below, "tick_size": facts.tick_size}

    def outcome(self, ticks: Ticks, final: Mapping[str, Number]) -> Outcome:
        """Cut the columns to what was filled and give them their names."""
        count = int(final["m_fills"])
        cut = {name: column[:count].copy() for name, column in self.columns.items() if name.startswith("fill_")}
        fills = Fills(
            event=cut["fill_event"],
            timestamp=ticks.timestamp[cut["fill_event"]],
            side=cut["fill_side"],
            price=cut["fill_price"],
            quantity=cut["fill_quantity"],
            realized=cut["fill_realized"],
            position=cut["fill_position"],
            pnl=cut["fill_pnl"],
            how=cut["fill_how"],
            placed=cut["fill_placed"],
            limit=cut["fill_limit"],
            trade_type=cut.get("fill_type"),
            reference=cut.get("fill_reference"),
        )
        if float(np.abs(fills.quantity.astype(np.float64)).sum()) > MOST_SHARES:
            raise ReplayError(f"fills of more than {MOST_SHARES:,} shares; no position can be told of them.")
        days = np.flatnonzero(self.columns["market_days"]).astype(np.int64) + self._first_day
        return Outcome(fills, days, final)


def buffer_sizes(ticks: Ticks) -> Iterator[int]:
    """Yield sizes of the buffers, in fills: seldom outgrown at first, then more; raises ReplayError at the end."""
    size = len(ticks) // 8 + 1024
    while size <= MOST_FILLS:
        yield size
        size *= 8
    raise ReplayError(f"more than {size // 8:,} fills of {len(ticks):,} ticks; does the strategy trade with itself?")


def side_names(side: Int8s) -> list[str]:
    """Return 'buy' or 'sell' for each fill."""
    return [SIDES[one] for one in side.tolist()]


def failure(where: str, event: int, what: str) -> ReplayError:
    """Return the error of a line that did at a tick what no line may."""
    return ReplayError(f"{where}: {what}, at tick {event:,}. Test for it before this line.")
