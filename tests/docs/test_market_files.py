"""configs/markets: every closed day is a weekday, says why, and has a source."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from pipeline.markets.facts import facts_of

MARKETS: Final = Path(__file__).parents[2] / "configs" / "markets"


def market_file(exchange: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((MARKETS / f"{exchange}.json").read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("exchange", ["ADX", "DFM"])
def test_closed_days_are_weekdays_in_order_each_with_its_reason(exchange: str) -> None:
    days = [dt.date.fromisoformat(entry["day"]) for entry in market_file(exchange)["closed_days"]]
    assert days == sorted(set(days))
    assert max(day.weekday() for day in days) < 5
    assert all(entry["why"] for entry in market_file(exchange)["closed_days"])


@pytest.mark.parametrize("exchange", ["ADX", "DFM"])
def test_each_closed_day_has_a_source(exchange: str) -> None:
    sources = market_file(exchange)["sources"]["closed_days"]
    sourced = {day for source in sources for day in re.findall(r"\d{4}-\d\d-\d\d(?=[,;)])", source)}
    assert sourced == {entry["day"] for entry in market_file(exchange)["closed_days"]}


@pytest.mark.parametrize("exchange", ["ADX", "DFM"])
def test_a_strategy_can_ask_for_them(exchange: str) -> None:
    facts = facts_of(exchange)
    days = [dt.date(2024, 6, 18), dt.date(2024, 6, 19), dt.date(2024, 6, 22), dt.date(2030, 6, 19)]
    assert [facts.trades_on(day) for day in days] == [False, True, False, None]
