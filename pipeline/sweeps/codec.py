"""Sweep codec: a setting's figures and daily results as a few kilobytes, all that a sweep stores of a replay."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.metrics.formulas import first_of_each_day
from pipeline.metrics.ledger_builder import replay_figures
from pipeline.metrics.registry import SWEEP_FIGURES
from pipeline.times import DAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.replay.simulate import Replayed
    from pipeline.ticks import Float64s, Int64s

FIGURES: Final = tuple(figure.name for figure in SWEEP_FIGURES)
"""The figures of one setting on one security. NaN: cannot be computed."""

COUNTS: Final = tuple(figure.name for figure in SWEEP_FIGURES if figure.form in ("count", "shares"))
FIGURE_TYPE: Final = np.dtype([(name, "<f8") for name in FIGURES])
SPAN_TYPE: Final = np.dtype([("first_day", "<i4"), ("span", "<i4")])
DAY_TYPE: Final = np.dtype(
    [("day", "<i4"), ("fills", "<i4"), ("closing", "<i4"), ("wins", "<i4")]
    + [(name, "<f8") for name in ("realized", "fees", "turnover")]
)
"""One day with fills: its number since 1970-01-01, counts of fills, closing fills and winning ones, and AED."""


@dataclass(frozen=True, slots=True)
class Days:
    """What one setting did day by day: market_days (days since 1970-01-01) and the days with fills (DAY_TYPE)."""

    market_days: Int64s
    traded: Any


def encode_figures(replayed: Replayed) -> bytes:
    """Return a replay's figures and days as bytes."""
    fills, market_days = replayed.fills, replayed.market_days
    values = replay_figures(replayed, SWEEP_FIGURES).values()
    figures = np.array([tuple(np.nan if value is None else value for value in values)], FIGURE_TYPE)
    traded = _traded(
        np.maximum.accumulate(fills.timestamp) // DAY, fills.realized, replayed.fill_fees, fills.price * fills.quantity
    )
    return b"".join([figures.tobytes(), _days_as_bits(market_days), traded.tobytes()])


def figures_of(contents: Sequence[bytes]) -> Any:
    """Return the figures of many settings as one structured array (FIGURE_TYPE), in the order given."""
    return np.frombuffer(b"".join(content[: FIGURE_TYPE.itemsize] for content in contents), FIGURE_TYPE)


def days_of(content: bytes) -> Days:
    """Return what one setting did day by day."""
    start = FIGURE_TYPE.itemsize
    span = np.frombuffer(content, SPAN_TYPE, 1, start)[0]
    end = start + SPAN_TYPE.itemsize - (-int(span["span"]) // 8)
    return Days(_days_of_bits(content[start:end]), np.frombuffer(content, DAY_TYPE, -1, end))


@functools.lru_cache(maxsize=1024)
def _days_of_bits(content: bytes) -> Int64s:
    """Return the market days that `_days_as_bits` put; all settings of a security share theirs."""
    span = np.frombuffer(content, SPAN_TYPE, 1)[0]
    bits = np.unpackbits(np.frombuffer(content, np.uint8, -1, SPAN_TYPE.itemsize), count=int(span["span"]))
    days: Int64s = np.flatnonzero(bits).astype(np.int64) + int(span["first_day"])
    return days


def _days_as_bits(days: Int64s) -> bytes:
    first = int(days[0]) if len(days) else 0
    bits = np.zeros(int(days[-1]) - first + 1 if len(days) else 0, np.uint8)
    bits[days - first] = 1
    return np.array([(first, len(bits))], SPAN_TYPE).tobytes() + np.packbits(bits).tobytes()


def _traded(day: Int64s, realized: Float64s, fees: Float64s, value: Float64s) -> Any:
    starts = first_of_each_day(day)
    rows = np.zeros(len(starts), DAY_TYPE)
    if len(starts):
        rows["day"] = day[starts]
        rows["fills"][:-1] = starts[1:] - starts[:-1]
        rows["fills"][-1] = len(day) - starts[-1]
        rows["closing"] = np.add.reduceat(realized != 0.0, starts, dtype=np.int32)
        rows["wins"] = np.add.reduceat(realized > 0.0, starts, dtype=np.int32)
        rows["realized"] = np.add.reduceat(realized, starts)
        rows["fees"] = np.add.reduceat(fees, starts)
        rows["turnover"] = np.add.reduceat(value, starts)
    return rows
