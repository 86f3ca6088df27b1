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
from pipeline.markets import facts
from pipeline.markets.facts import MarketFacts, facts_of

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
    assert (found.exchange, found.tick_sizes) == (exchange, ticks)
    assert {name: getattr(found, name) for name in SESSIONS} == SESSIONS


@pytest.mark.parametrize("exchange", ["ADX", "DFM"])
def test_every_fact_has_its_source(exchange: str) -> None:
    told = json.loads(config_file(facts.FOLDER / f"{exchange}.json").read_text(encoding="utf-8"))
    assert told["exchange"] == exchange
    assert told["sources"].keys() == {"sessions", "tick_sizes", "week", "known", "closed_days"}
    sources = [*(told["sources"][name] for name in ("sessions", "tick_sizes", "week")), *told["sources"]["closed_days"]]
    assert all(source.startswith(("https://", "DFM circular", "The desk's own ticks")) for source in sources)
    assert not [closed["day"] for closed in told["closed_days"] if closed["day"] not in str(sources)]


def test_it_trades_from_monday_to_friday_but_on_closed_days_as_far_as_they_are_known() -> None:
    march = [dt.date(2026, 3, day) for day in range(1, 32)]
    made = MarketFacts(
        exchange="X",
        tick_sizes=ADX_TICKS,
        closed_days=frozenset({march[2]}),
        known_from=march[1],
        known_to=march[8],
        tentative_days=frozenset({march[4]}),
        **SESSIONS,
    )
    # Sunday 1 March, then the week in which the 3rd is closed and the 5th tentatively, then Monday 9th and 10th
    assert [made.trades_on(day) for day in march[:10]] == [
        False,
        True,
        False,
        True,
        None,
        True,
        False,
        False,
        True,
        None,
    ]
    may_trade = [made.may_trade_on(day) for day in march[:10]]
    assert may_trade == [False, True, False, True, False, True, False, False, True, True]


@pytest.mark.parametrize(
    ("exchange", "day", "trades"),
    [
        ("ADX", "2022-05-03", False),
        ("ADX", "2022-05-05", None),  # before the days that are known
        ("ADX", "2024-06-19", True),
        ("ADX", "2024-12-02", False),
        ("ADX", "2025-06-05", False),
        ("ADX", "2025-06-04", None),  # of 2025 only closed days that ticks prove are known of ADX
        ("ADX", "2025-06-07", False),  # a Saturday
        ("DFM", "2025-01-01", False),
        ("DFM", "2025-03-31", False),
        ("DFM", "2025-06-04", True),
        ("DFM", "2025-12-02", False),
        ("DFM", "2025-12-03", None),  # the holiday was moved after it had been announced
        ("DFM", "2026-03-02", False),
        ("DFM", "2026-03-20", None),
        ("DFM", "2021-12-31", None),  # a Friday of the week before 2022
    ],
)
def test_the_calendars_claim_what_they_have_a_source_for(exchange: str, day: str, *, trades: bool | None) -> None:
    assert facts_of(exchange).trades_on(dt.date.fromisoformat(day)) is trades


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
    "known_from": "2025-01-01",
    "known_to": "2025-12-31",
    "closed_days": [{"day": "2025-06-06"}, {"day": "2025-12-03", "tentative": True}],
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
    "no day since when closed days are known": lambda told: told.pop("known_from"),
    "a day until when that is none": lambda told: told.update(known_to="2025-02-30"),
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
    assert (found.closed_days, found.tentative_days) == ({dt.date(2025, 6, 6)}, {dt.date(2025, 12, 3)})
    assert (found.known_from, found.known_to) == (dt.date(2025, 1, 1), dt.date(2025, 12, 31))


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
