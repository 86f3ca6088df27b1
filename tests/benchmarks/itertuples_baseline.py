"""The yardstick: v1 as a quant writes it first, a loop over the rows of a DataFrame, one security at a time.

Usage: python tests/benchmarks/itertuples_baseline.py PARQUET_DIR CONFIG.json
"""

from __future__ import annotations

import argparse
import json
import sys
import time as clock
from datetime import time
from pathlib import Path
from typing import Any

import pandas as pd

OPEN = time(10, 0)
QUOTING_END = time(14, 45)
AUCTION = time(14, 55)


class Strategy:
    """State of one security under v1; its rules are sections 3 to 6 of the strategy document."""

    def __init__(self, config: dict[str, Any]) -> None:
        size = config.get("quote_size", 50_000)
        self.quote_size = {"bid": config.get("quote_size_bid", size), "ask": config.get("quote_size_ask", size)}
        self.refill = config.get("refill_interval_sec", 60)
        self.max_position = config.get("max_position", 2_000_000)
        self.max_notional = config.get("max_notional")
        self.threshold = config.get("min_local_currency_before_quote", 25_000)

        self.position = 0
        self.entry = 0.0
        self.pnl = 0.0
        self.fills: list[dict[str, Any]] = []
        self.book: dict[str, Any] = {"bid": None, "ask": None}
        self.quote: dict[str, Any] = {"bid": None, "ask": None}
        self.ahead = {"bid": 0, "ask": 0}
        self.remaining = {"bid": 0, "ask": 0}
        self.last_time: dict[str, Any] = {"bid": None, "ask": None}
        self.last_date: Any = None
        self.flat_date: Any = None
        self.closed = False
        self.pending = False

    def fill(self, ts: pd.Timestamp, side: str, price: float, quantity: int) -> None:
        """Book a fill: close what is open on the other side, then open or add."""
        realized = 0.0
        left = quantity
        sign = 1 if side == "bid" else -1
        if self.position * sign < 0:
            closed = min(left, abs(self.position))
            realized = (self.entry - price if side == "bid" else price - self.entry) * closed
            self.pnl += realized
            self.position += sign * closed
            left -= closed
        if left > 0:
            held = abs(self.position)
            self.entry = price if held == 0 else (self.entry * held + price * left) / (held + left)
            self.position += sign * left
        self.fills.append(
            {
                "timestamp": ts,
                "side": "buy" if side == "bid" else "sell",
                "price": price,
                "quantity": quantity,
                "realized_pnl": realized,
                "position": self.position,
                "pnl": self.pnl,
            }
        )
        self.last_time[side] = ts

    def flatten(self, ts: pd.Timestamp, price: float) -> None:
        """Close the whole position."""
        self.fill(ts, "ask" if self.position > 0 else "bid", price, abs(self.position))

    def refresh_quotes(self, ts: pd.Timestamp) -> None:
        """Place every side whose refill timer has expired at the touch."""
        bid, ask = self.book["bid"], self.book["ask"]
        if bid is None and ask is None:
            return
        limit = self.max_position
        if self.max_notional is not None:
            mid = (bid[0] + ask[0]) / 2 if bid and ask else (bid or ask)[0]
            limit = min(limit, int(self.max_notional / mid))
        room = {"bid": limit - self.position, "ask": limit + self.position}
        for side in ("bid", "ask"):
            level = self.book[side]
            if level is None:
                continue
            last = self.last_time[side]
            if last is not None and (ts - last).total_seconds() < self.refill:
                continue
            price, displayed = level
            size = max(0, min(self.quote_size[side], room[side]))
            self.ahead[side] = int(displayed)
            if price * displayed >= self.threshold and size > 0:
                self.quote[side] = price
                self.remaining[side] = size
                self.last_time[side] = ts
            else:
                self.quote[side] = None
                self.remaining[side] = 0

    def match_side(self, ts: pd.Timestamp, side: str, price: float, volume: int) -> None:
        """Let a print use up the queue ahead of our order, then fill the order."""
        queue = min(self.ahead[side], volume)
        self.ahead[side] -= queue
        volume -= queue
        if volume > 0 and self.remaining[side] > 0:
            quantity = min(self.remaining[side], volume)
            self.remaining[side] -= quantity
            self.fill(ts, side, price, quantity)
            if self.remaining[side] == 0:
                self.quote[side] = None

    def closes(self, ts: pd.Timestamp, kind: str, price: float) -> bool:
        """Flatten at the first print of the closing auction; tell whether the tick is used up by that."""
        if ts.time() >= AUCTION and not self.closed:
            self.closed = True
            self.flat_date = ts.date()
            self.pending = self.position != 0
        if not self.pending:
            return False
        if kind == "TRADE":
            self.flatten(ts, price)
            self.pending = False
        return True

    def on_row(self, ts: pd.Timestamp, kind: str, price: float, volume: float) -> None:
        """Take one tick through the day's rules."""
        date, tod = ts.date(), ts.time()
        if date != self.last_date:
            self.book = {"bid": None, "ask": None}
            self.last_date = date
        if self.flat_date is not None and date != self.flat_date:
            self.closed = self.pending = False

        if self.closes(ts, kind, price) or tod < OPEN or tod >= QUOTING_END:
            return

        if kind == "BID":
            self.book["bid"] = (price, volume) if volume > 0 else None
        elif kind == "ASK":
            self.book["ask"] = (price, volume) if volume > 0 else None
        self.refresh_quotes(ts)
        if kind == "TRADE":
            ask, bid = self.quote["ask"], self.quote["bid"]
            if ask is not None and price >= ask:
                self.match_side(ts, "ask", price, int(volume))
            if bid is not None and price <= bid:
                self.match_side(ts, "bid", price, int(volume))


def run(path: Path, config: dict[str, Any]) -> Strategy:
    """Read one security's ticks and replay them."""
    ticks = pd.read_parquet(path, columns=["timestamp", "type", "price", "volume"])
    ticks = ticks[ticks["price"] > 0]
    strategy = Strategy(config)
    row: Any
    for row in ticks.itertuples(index=False):
        strategy.on_row(row.timestamp, row.type, row.price, row.volume)
    return strategy


def main() -> None:
    """Run every security of a directory, in turn."""
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("parquet_dir", type=Path)
    args.add_argument("config", type=Path)
    given = args.parse_args()
    configs = json.loads(given.config.read_text(encoding="utf-8"))

    start = clock.perf_counter()
    for path in sorted(given.parquet_dir.glob("*.parquet")):
        if path.name.endswith(".rejects.parquet"):
            continue
        if path.stem not in configs:
            raise SystemExit(f"{given.config.name} has no parameters for {path.stem}")
        strategy = run(path, configs[path.stem])
        sys.stdout.write(f"{path.stem}: {len(strategy.fills)} fills, P&L {strategy.pnl!r}\n")
    sys.stdout.write(f"total: {clock.perf_counter() - start:.2f} s\n")


if __name__ == "__main__":
    main()
