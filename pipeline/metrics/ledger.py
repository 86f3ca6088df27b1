"""A ledger: what is left of one security's fills once they are booked, small enough to keep of every security."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from pipeline.markets.exchange_clock import ExchangeClock
from pipeline.metrics.loop_fills import DAY_FIELDS, FILL_FIELDS, MARK_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.metrics.records_file import StoredRecords, StoredText
    from pipeline.metrics.sessions import SessionHours
    from pipeline.ticks import Int64s

DAYS: Final = ("market_days", "days_not_flat")
RECORDS: Final = {"fills": len(FILL_FIELDS), "marks": len(MARK_FIELDS), "waits": 1, "days": len(DAY_FIELDS), "rates": 2}
"""The fields of a ledger that are records, and how many fields each record has."""

LENGTH_BYTES: Final = 8


Records: TypeAlias = "Int64s | StoredRecords"
"""Records of whole numbers and amounts, shape (records, fields), in memory or in a file.

They are whole numbers of 64 bits, of which those of amounts are the bits of floats.
"""

Text: TypeAlias = "bytes | StoredText"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Ledger:
    """What one security adds to the figures of a run; money in its market's currency, times in ns on its clock.

    Attributes:
        ticker: The security.
        sessions: Its hours of continuous trading, by day.
        exchange_clock: The clock that its times are on.
        notional_limit: The strategy's largest position in money, None without such a limit.
        market_days: Days with a print, as days since 1970-01-01, ascending.
        days_not_flat: Those that ended with a position.
        position: Shares after the last event.
        realized_pnl: Realised P&L before fees.
        orders: How many were placed; None where the strategy keeps its own.
        charged: Whether anything is charged.
        ignored: How many prints were left out of matching.
        counts: What the replay counted: rows, events and quotes by kind, and the price of the last print.
        sums: Sums over the fills, by the names of `loop_fills.COUNTS` and `loop_fills.AMOUNTS`.
        hours: Net P&L by hour of day, hours without a fill left out.
        kinds: Sums by kind of fill, each by `loop_fills.GROUP_COUNTS` and `loop_fills.GROUP_AMOUNTS`.
        conditions: The same by condition code, prints without one and fills of no print among them.
        fills: A record a fill, by `loop_fills.FILL_FIELDS`.
        marks: A record a mark of the price path, by `loop_fills.MARK_FIELDS`.
        waits: How long each order that was filled had stood by its first fill, ns of continuous session, shape (n, 1).
        days: A record a calendar day with a fill or a mark, by `loop_fills.DAY_FIELDS`.
        rates: The rate at which each of `days` was converted, its days and bits; empty where none was, or all at one.
        figures_json: The security's figures as the JSON text that metrics.json has.
        summary: Its figures of backtest_summary.csv by the figure's name.
    """

    ticker: str
    sessions: SessionHours
    exchange_clock: ExchangeClock
    notional_limit: float | None
    market_days: Int64s
    days_not_flat: Int64s
    position: int
    realized_pnl: float
    orders: int | None
    charged: bool
    ignored: int
    counts: Mapping[str, float | None]
    sums: Mapping[str, Any]
    hours: Mapping[str, float]
    kinds: Mapping[str, list[float]]
    conditions: Mapping[str, list[float]]
    fills: Records
    marks: Records
    waits: Records
    days: Records
    rates: Records
    figures_json: Text
    summary: Mapping[str, Any]

    @property
    def figures(self) -> dict[str, Any]:
        """The security's figures as metrics.json has them."""
        figures: dict[str, Any] = json.loads(self.figures_json[:])
        return figures

    def to_bytes(self) -> bytes:
        """Return the ledger as bytes: exact numbers, and nothing executable."""
        head = {name: getattr(self, name) for name in PLAIN}
        arrays = (np.ascontiguousarray(getattr(self, name)[:]).tobytes() for name in (*DAYS, *RECORDS))
        return b"".join(framed(head, [self.figures_json[:], *arrays]))

    @classmethod
    def of_bytes(cls, content: bytes) -> Ledger:
        """Return the ledger that `to_bytes` made these of; raises ValueError where they are not whole."""
        head, (figures, *parts) = unframed(content)
        arrays: dict[str, Any] = {
            name: np.frombuffer(part, np.int64) for name, part in zip((*DAYS, *RECORDS), parts, strict=True)
        }
        arrays |= {name: arrays[name].reshape(-1, width) for name, width in RECORDS.items()}
        head["sessions"] = tuple((since, tuple(map(tuple, spans))) for since, spans in head["sessions"])
        head["exchange_clock"] = ExchangeClock(*head["exchange_clock"])
        return cls(**arrays, **head, figures_json=figures)


def framed(head: Mapping[str, Any], parts: Sequence[bytes]) -> list[bytes]:
    """Return plain values and some bytes as bytes in parts."""
    text = json.dumps({"head": head, "lengths": [*map(len, parts)]}).encode()
    return [len(text).to_bytes(LENGTH_BYTES, "little"), text, *parts]


def unframed(content: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Return what `framed` was given, its parts joined; raises ValueError where they are not whole."""
    start = LENGTH_BYTES + int.from_bytes(content[:LENGTH_BYTES], "little")
    values = json.loads(content[LENGTH_BYTES:start])
    ends = [*accumulate(values["lengths"], initial=start)]
    if ends[-1] != len(content):
        raise ValueError(f"{len(content):,} bytes of {ends[-1]:,}.")
    return values["head"], [content[first:last] for first, last in pairwise(ends)]


PLAIN: Final = tuple(field.name for field in fields(Ledger) if field.name not in (*DAYS, *RECORDS, "figures_json"))
