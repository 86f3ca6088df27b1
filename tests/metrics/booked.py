"""Makes an account from fills, mids and a price path written by hand, for figures worked out by hand."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.outcome import Fills
from pipeline.metrics.accounts import AccountHistory
from pipeline.metrics.daily import daily_columns
from pipeline.metrics.ledger_builder import LedgerBuilder
from pipeline.replay.observe import NO_TIME, Observed
from pipeline.replay.simulate import Replayed
from tests.made import DAY, HOUR, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.metrics.ledger import Ledger
    from pipeline.metrics.portfolio import Portfolio

MINUTE: Final = 60 * SECOND
SESSION: Final = (10 * HOUR, 14 * HOUR + 45 * MINUTE)
SESSIONS: Final = ((-100_000, (SESSION,)),)
FIRST: Final = 20_094
"""2025-01-06, a Monday: day 1."""

NONE: Final = math.nan
NEVER: Final = (NONE, NONE, NONE, NONE)


@dataclass(frozen=True)
class Fill:
    """A fill: when, what it realised before fees, the event its order was placed on and when, the mid then and later.

    shares: below 0 sells. limit: its order's price, its own by default. The last three are as `Observed` has them.
    """

    time: str
    shares: int
    price: float
    realized: float = 0.0
    placed: tuple[int, str] | None = None
    mid: float = NONE
    later: Sequence[float] = NEVER
    how: int = 0
    limit: float | None = None
    traits: int = 0
    beyond_shown: int = 0
    condition: str = ""


def at(text: str) -> int:
    """Return `2 10:00:05`, a day from 1 and a time of day, as ns since 1970."""
    day, clock = text.split()
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    return (FIRST + int(day) - 1) * DAY + ((hours * 60 + minutes) * 60 + seconds) * SECOND


def days(*numbers: int) -> Any:
    """Return days from 1 as days since 1970."""
    return np.array([FIRST + number - 1 for number in numbers], np.int64)


def booked(
    fills: Sequence[Fill] = (),
    market_days: Sequence[int] = (1,),
    path: Sequence[tuple[str, float, float]] = (),
    *,
    ticker: str = "FAB",
    fees_bps: float = 0.0,
    orders: int | None = 0,
    sessions: Any = SESSIONS,
    **limits: Any,
) -> AccountHistory:
    """Return the account of fills and of a price path (time, mid, last print); market days from 1."""
    shares = np.array([fill.shares for fill in fills], np.int64)
    realized = np.array([fill.realized for fill in fills], np.float64)
    executed = Fills(
        event=np.arange(len(fills)) + 1_000,
        timestamp=np.array([at(fill.time) for fill in fills], np.int64),
        side=np.sign(shares).astype(np.int8),
        price=np.array([fill.price for fill in fills], np.float64),
        quantity=np.abs(shares),
        realized=realized,
        position=np.cumsum(shares),
        pnl=np.cumsum(realized),
        how=np.array([fill.how for fill in fills], np.int8),
        placed=np.array([fill.placed[0] if fill.placed else -1 for fill in fills], np.int64),
        limit=np.array([fill.price if fill.limit is None else fill.limit for fill in fills], np.float64),
    )
    observed = Observed(
        placed=np.array([at(fill.placed[1]) if fill.placed else NO_TIME for fill in fills], np.int64),
        mid=np.array([fill.mid for fill in fills], np.float64),
        mid_later=np.array([fill.later for fill in fills], np.float64).reshape(-1, 4).T,
        traits=np.array([fill.traits for fill in fills], np.int8),
        beyond_shown=np.array([fill.beyond_shown for fill in fills], np.int64),
        condition=np.array([fill.condition for fill in fills] or [""])[: len(fills)],
        path_time=np.array([at(time) for time, _, _ in path], np.int64),
        path_mid=np.array([mid for _, mid, _ in path], np.float64),
        path_last=np.array([last for _, _, last in path], np.float64),
    )
    return AccountHistory(
        ticker, replayed(executed, days(*market_days), fees_bps, orders), observed, sessions, **limits
    )


def replayed(fills: Fills, market_days: Any, fees_bps: float = 0.0, orders: int | None = 0) -> Replayed:
    """Return what a replay gave that had these fills."""
    counts: dict[str, Any] = dict.fromkeys((fill.name for fill in dataclasses.fields(Replayed)), 0)
    own = {
        "fills": fills,
        "market_days": market_days,
        "days_not_flat": market_days[:0],
        "position": int(fills.position[-1]) if len(fills) else 0,
        "realized_pnl": float(fills.pnl[-1]) if len(fills) else 0.0,
        "orders": orders,
        "charges": fills.price * fills.quantity * (fees_bps / 10_000) if fees_bps else None,
        "counters": {},
        "final": {},
        "trade_types": (),
        "last_price": None,
    }
    return Replayed(**(counts | own))


def ledger_of(account: AccountHistory) -> Ledger:
    """Return the ledger of a replay in one part."""
    builder = LedgerBuilder(account)
    builder.add(account)
    return builder.finish(account.replayed)


def daily_rows(ledgers: Sequence[Ledger], totals: Mapping[str, Sequence[Ledger]]) -> Iterator[dict[str, Any]]:
    """Yield the rows of daily.csv, without what a row has not."""
    for security, columns in daily_columns(ledgers, totals):
        values = {name: column.tolist() for name, column in (columns | {"day": columns["day"].astype(str)}).items()}
        for row in zip(*values.values(), strict=True):
            yield {"security": security} | dict(zip(values, row, strict=True))


def replay_portfolio(replayed: Replayed) -> Portfolio:
    """Return what figures of one security's replay that need no mid are computed from."""
    account = AccountHistory("", replayed, None, ())
    builder = LedgerBuilder(account)
    builder.add(account)
    return builder.portfolio(replayed)
