"""What the closing-auction strategy keeps: its trades, its exit order, and the state of one day (section 10)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .records import Fill

if TYPE_CHECKING:
    from .records import Direction


@dataclass
class Exit:
    """The order that closes an auction position."""

    price: float
    remaining: int
    side: Direction
    entry_price: float
    target_day: int


@dataclass
class Day:
    """What is forgotten every night."""

    sum_pv: float = 0.0
    sum_v: int = 0
    orders: dict[Direction, tuple[float, int]] = field(default_factory=dict)  # price, quantity
    vwap: float = 0.0
    placed: bool = False
    done: bool = False
    auction_volume: int = 0
    trend: list[tuple[float, float]] = field(default_factory=list)
    close: tuple[float, int, int] | None = None  # price, timestamp, event


class Ledger:
    """The position, the running P&L, and the fills so far."""

    def __init__(self) -> None:
        self.position = 0
        self.pnl = 0.0
        self.fills: list[Fill] = []

    def trade(
        self,
        event: int,
        ts: int,
        *,
        side: Direction,
        price: float,
        quantity: int,
        realized: float,
        trade_type: str,
        reference: float,
    ) -> None:
        """Move the position and keep the fill."""
        self.position += quantity if side == "buy" else -quantity
        self.pnl += realized
        self.fills.append(
            Fill(event, ts, side, price, quantity, realized, self.position, self.pnl, trade_type, reference)
        )
