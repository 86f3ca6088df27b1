"""Fills and moments of a market whose trading day begins on the evening before, on its own clock, over weekends."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from pipeline import api
from pipeline.errors import UnknownMoment
from pipeline.ticks import TICK_TYPES, Ticks
from pipeline.tracing import moment_rendering
from pipeline.tracing.explanation import Explanation
from pipeline.tracing.moment import Moment
from pipeline.tracing.rendering import lines_of
from tests.made import write_ticks

if TYPE_CHECKING:
    from pathlib import Path

PARAMETERS: Final = {"quote_size": 100, "refill_interval_sec": 60, "min_local_currency_before_quote": 0}
SPRING, AUTUMN = dt.date(2025, 3, 7), dt.date(2025, 10, 31)
"""The Fridays before Chicago's clocks go forward, and back."""

WEEKEND: Final = (
    (0, "15:58:00", "BID", 10.00, 50),
    (0, "15:58:01", "ASK", 10.02, 50),
    # Both sides are placed anew behind 50; the print has 30 left for our bid. Nothing closes that day.
    (0, "15:59:59", "TRADE", 10.00, 80),
    # On Sunday evening Monday's book is empty; the 70 that are left of Friday's bid are first in their queue.
    (2, "17:00:05", "TRADE", 10.00, 500),
    (2, "23:59:50", "BID", 10.00, 50),
    # Friday's ask, behind 50.
    (3, "00:00:02", "TRADE", 10.02, 60),
    # Trading is over: the first print closes the day.
    (3, "16:00:03", "TRADE", 10.01, 1),
)
FILLS: Final = (
    (0, "15:59:59", "buy", 10.00, 30, 0),
    (2, "17:00:05", "buy", 10.00, 70, 3),
    (3, "00:00:02", "sell", 10.02, 10, 3),
    (3, "16:00:03", "sell", 10.01, 90, 3),
)
REPEATED_HOUR: Final = (
    (2, "01:50:00", "BID", 10.00, 50),
    (2, "01:50:01", "ASK", 10.02, 50),
    (2, "01:59:59", "TRADE", 10.00, 80),
    # An hour that comes twice: the clock steps back, no timer has run out, and the bid is first in its queue.
    (2, "01:00:01", "TRADE", 10.00, 30),
)
OF_REPEATED_HOUR: Final = ((2, "01:59:59", "buy", 10.00, 30, 2), (2, "01:00:01", "buy", 10.00, 30, 2))


def recorded(folder: Path, exchange: str, session: list[str], friday: dt.date, rows: Any) -> dict[str, Any]:
    """Run v1 on ticks by days since a Friday, and return what names the run."""
    market = {
        "exchange": exchange,
        "codes": [],
        "time_zone": "America/Chicago",
        "currency": "USD",
        "sessions": [
            {"week": ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri"], "day_starts": "17:00", "continuous": session}
        ],
    }
    (folder / "configs" / "markets").mkdir(parents=True)
    (folder / "configs" / "markets" / f"{exchange}.json").write_text(json.dumps(market), encoding="utf-8")
    (folder / "v1.json").write_text(json.dumps({"ES1": PARAMETERS}), encoding="utf-8")
    times = [np.datetime64(f"{friday + dt.timedelta(days=day)}T{clock}", "ns") for day, clock, *_ in rows]
    ticks = Ticks(
        np.array(times).astype(np.int64),
        np.array([TICK_TYPES.index(kind) for _, _, kind, _, _ in rows], np.int8),
        np.array([price for *_, price, _ in rows]),
        np.array([size for *_, size in rows], np.int64),
    )
    (folder / "parquet").mkdir()
    write_ticks(folder / "parquet" / "ES1.parquet", ticks, {"exchange": exchange})
    paths = {"parquet_dir": folder / "parquet", "output_dir": folder / "run"}
    api.backtest(config=folder / "v1.json", sensitivity=False, backend="sequential", **paths)
    return {"run": folder / "run", "parquet_dir": folder / "parquet", "output_dir": folder}


def joined(lines: list[str]) -> str:
    return " ".join(line.strip() for line in lines)


@pytest.mark.parametrize(
    ("exchange", "session", "friday", "rows", "fills"),
    [
        ("CHI1", ["17:00", "16:00"], SPRING, WEEKEND, FILLS),
        ("CHI2", ["17:00", "16:00"], AUTUMN, WEEKEND, FILLS),
        ("CHI3", ["17:00", "17:00"], AUTUMN, REPEATED_HOUR, OF_REPEATED_HOUR),
    ],
)
def test_fills_are_explained_on_the_exchanges_own_clock(
    tmp_path: Path, monkeypatch: Any, exchange: str, session: list[str], friday: dt.date, rows: Any, fills: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    named = recorded(tmp_path, exchange, session, friday, rows)
    for number, (day, clock, side, price, quantity, trading_day) in enumerate(fills, 1):
        fill = api.explain("ES1", number, **named)
        assert isinstance(fill, Explanation)
        assert (fill.side, fill.price, fill.quantity, fill.fills) == (side, price, quantity, len(fills))
        date, of = (str(friday + dt.timedelta(days=days)) for days in (day, trading_day))
        assert fill.as_json()["tick"]["time"] == f"{date}T{clock}.000"
        assert fill.day == fill.as_json()["day"] == of
        assert (f"{date} {clock} (trading day {of})" in joined(lines_of(fill))) == (date != of)


def test_the_parts_of_an_explanation_are_on_that_clock_too(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    named = recorded(tmp_path, "CHI4", ["17:00", "16:00"], SPRING, WEEKEND)
    over_weekend, close = (api.explain("ES1", number, **named).as_json() for number in (2, 4))
    order = over_weekend["order"]
    assert order["placed"]["time"] == "2025-03-07T15:58:00.000"
    assert order["taken"]["time"] == order["prints"][0]["tick"]["time"] == "2025-03-07T15:59:59.000"
    assert any("survive" in rule["text"] or "night" in rule["text"] for rule in over_weekend["rules"])
    assert any("16:00" in rule["text"] for rule in close["rules"])


def test_moments_are_asked_for_and_told_on_that_clock(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    named = recorded(tmp_path, "CHI5", ["17:00", "16:00"], SPRING, WEEKEND)

    def at(time: str, side: str) -> Moment:
        moment = api.explain("ES1", at=time, side=side, **named)
        assert isinstance(moment, Moment)
        return moment

    filled = at("2025-03-09 17:00:05", "buy")
    assert (filled.position, filled.order, filled.day) == (100, None, "2025-03-10")
    assert filled.ended is not None
    assert filled.as_json()["ended"]["tick"]["time"] == "2025-03-09T17:00:05.000"
    assert "2025-03-09 17:00:05 (trading day 2025-03-10)" in joined(moment_rendering.lines_of(filled))
    standing = at("2025-03-10 00:00:01", "sell")
    assert standing.order is not None
    assert standing.wanted is not None
    assert (standing.order.price, standing.ahead, standing.remaining, standing.wanted.first) == (10.02, 50, 100, 51)
    assert standing.as_json()["order"]["taken"]["time"] == "2025-03-07T15:59:59.000"
    assert standing.as_json()["tick"]["time"] == "2025-03-09T23:59:50.000"
    assert (standing.as_json()["asked_at"], standing.day) == ("2025-03-10T00:00:01.000", "2025-03-10")
    for time, words in (
        ("2025-03-10 16:30:00", "outside the continuous session, 17:00 to 16:00. The nearest .* 2025-03-10 00:00:02"),
        ("2025-03-08 12:00:00", "on a day without ticks in the session. The nearest .* at 2025-03-07 15:59:59"),
    ):
        with pytest.raises(UnknownMoment, match=f"at {time} is {words}"):
            at(time, "buy")
