"""The exchanges' facts are those their rules state, and a file that states none is refused."""

from __future__ import annotations

import datetime as dt
import json
import math
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline.errors import MarketFactsError
from pipeline.folders import config_file
from pipeline.market import facts
from pipeline.market.facts import MarketFacts, facts_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MINUTE: Final = 60_000_000_000
SESSIONS: Final = {
    "pre_open": (570 * MINUTE, 600 * MINUTE),
    "continuous": (600 * MINUTE, 885 * MINUTE),
    "closing_auction": (885 * MINUTE, 895 * MINUTE),
    "trade_at_last": (895 * MINUTE, 900 * MINUTE),
}
ADX_TICKS: Final = ((1.0, 0.001), (10.0, 0.01), (50.0, 0.02), (100.0, 0.05), (math.inf, 0.1))
DFM_TICKS: Final = ((1.0, 0.001), (10.0, 0.01), (math.inf, 0.05))


@pytest.mark.parametrize(("exchange", "ticks"), [("ADX", ADX_TICKS), ("DFM", DFM_TICKS)])
def test_an_exchange_has_its_sessions_and_tick_sizes(exchange: str, ticks: tuple[tuple[float, float], ...]) -> None:
    found = facts_of(exchange)
    assert found == MarketFacts(exchange=exchange, tick_sizes=ticks, closed_days=found.closed_days, **SESSIONS)


@pytest.mark.parametrize("exchange", ["ADX", "DFM"])
def test_every_fact_has_its_source(exchange: str) -> None:
    told = json.loads(config_file(facts.FOLDER / f"{exchange}.json").read_text(encoding="utf-8"))
    assert told["exchange"] == exchange
    assert told["sources"].keys() == {"sessions", "tick_sizes", "closed_days"}
    sources = [told["sources"]["sessions"], told["sources"]["tick_sizes"], *told["sources"]["closed_days"]]
    assert all(source.startswith("https://") for source in sources)
    assert not [closed["day"] for closed in told["closed_days"] if closed["day"] not in str(sources)]


def test_it_trades_from_monday_to_friday_but_on_closed_days() -> None:
    known = facts_of("ADX")
    closed = MarketFacts(exchange="X", tick_sizes=ADX_TICKS, closed_days=frozenset({dt.date(2025, 6, 6)}), **SESSIONS)
    week = [dt.date(2025, 6, day) for day in range(2, 9)]
    assert [closed.is_trading_day(day) for day in week] == [True, True, True, True, False, False, False]
    assert not any(known.is_trading_day(day) for day in week[5:])


def test_an_unknown_exchange_is_named_with_those_there_are() -> None:
    with pytest.raises(MarketFactsError) as refused:
        facts_of("DFX")
    message = str(refused.value)
    assert message.startswith("No market facts for exchange 'DFX'; there are ADX, DFM. Did you mean 'DFM'? Add ")
    assert message.endswith("DFX.json.")


GOOD: Final[dict[str, Any]] = {
    "sessions": {
        "pre_open": ["09:30", "10:00"],
        "continuous": ["10:00", "14:45"],
        "closing_auction": ["14:45", "14:55"],
        "trade_at_last": ["14:55", "15:00"],
    },
    "tick_sizes": [{"below": 1, "tick": 0.001}, {"below": None, "tick": 0.01}],
    "closed_days": [{"day": "2025-06-06", "source": "https://"}],
}
WRONG: Final[dict[str, Callable[[dict[str, Any]], object]]] = {
    "no sessions": lambda told: told.pop("sessions"),
    "a session missing": lambda told: told["sessions"].pop("closing_auction"),
    "a session without an end": lambda told: told["sessions"].update(continuous=["10:00"]),
    "a session that ends before it begins": lambda told: told["sessions"].update(continuous=["14:45", "10:00"]),
    "a session of no length": lambda told: told["sessions"].update(continuous=["10:00", "10:00"]),
    "a time in words": lambda told: told["sessions"].update(continuous=["ten", "two"]),
    "a time that is none": lambda told: told["sessions"].update(continuous=["10:00", "25:00"]),
    "no tick sizes": lambda told: told.update(tick_sizes=[]),
    "tick sizes that end": lambda told: told["tick_sizes"].pop(),
    "tick sizes out of order": lambda told: told["tick_sizes"].reverse(),
    "one limit twice": lambda told: told["tick_sizes"].insert(0, {"below": 1, "tick": 0.5}),
    "a tick of zero": lambda told: told["tick_sizes"][0].update(tick=0),
    "a tick that is missing": lambda told: told["tick_sizes"][0].update(tick=None),
    "a negative tick": lambda told: told["tick_sizes"][0].update(tick=-0.01),
    "a tick in words": lambda told: told["tick_sizes"][0].update(tick="small"),
    "a closed day that is none": lambda told: told.update(closed_days=[{"day": "2025-02-30"}]),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Read facts from a folder of this test, and not from those already read."""
    monkeypatch.setattr(facts, "FOLDER", tmp_path)
    monkeypatch.setattr(facts, "facts_of", facts_of.__wrapped__)
    return tmp_path


def test_facts_that_are_whole_are_read(folder: Path) -> None:
    (folder / "XYZ.json").write_text(json.dumps(GOOD), encoding="utf-8")
    found = facts.facts_of("XYZ")
    assert found.tick_sizes == ((1.0, 0.001), (math.inf, 0.01))
    assert found.closed_days == {dt.date(2025, 6, 6)}


@pytest.mark.parametrize("name", WRONG)
def test_facts_that_cannot_be_are_refused_by_file(name: str, folder: Path) -> None:
    told = deepcopy(GOOD)
    WRONG[name](told)
    (folder / "XYZ.json").write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(MarketFactsError, match=r"XYZ\.json: the facts of the market cannot be read \("):
        facts.facts_of("XYZ")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\ufeff{}"])
def test_a_file_that_is_no_block_is_refused_by_name(text: str, folder: Path) -> None:
    (folder / "XYZ.json").write_text(text, encoding="utf-8")
    with pytest.raises(MarketFactsError, match=r"XYZ\.json: the facts of the market cannot be read \("):
        facts.facts_of("XYZ")
