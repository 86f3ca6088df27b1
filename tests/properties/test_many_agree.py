"""Many settings that walk the ticks together find, each of them, what it finds alone: to the last bit."""

from __future__ import annotations

import zlib
from typing import Final

import pytest

from pipeline.markets.facts import facts_of
from pipeline.replay.batch import Setting
from pipeline.strategies.loading.load import load_strategy
from tests.engine.walks import alone, together
from tests.properties.seeded import LARGER, for_seeded_cases, many_of
from tests.properties.streams import NAMES, Case

TENFOLD: Final = 2 if LARGER > 1 else 1
"""The thorough profile makes five times as many streams of each strategy; here it makes ten."""

MOST_SETTINGS: Final = 40
A_FEW: Final = ("v1_baseline", "closing_auction")
"""Of each market one, whose loop over settings is compiled for other tests too."""


@pytest.mark.parametrize(
    ("name", "count"),
    [*((name, 30) for name in A_FEW), *(pytest.param(name, 300, marks=pytest.mark.slow) for name in NAMES)],
)
def test_each_of_many_settings_finds_what_it_finds_alone(name: str, count: int) -> None:
    strategy = load_strategy(name)
    reached = {"fills": 0, "models": 0}

    def agree(case: Case) -> None:
        cases = many_of(case, MOST_SETTINGS)
        settings = [Setting(one.parameters, one.execution) for one in cases]
        market = facts_of(case.exchange)
        found = together(case.ticks, strategy, settings, market)
        for at, (setting, one) in enumerate(zip(settings, found, strict=True)):
            assert one == alone(case.ticks, strategy, setting, market), (at, cases[at].given, cases[at].execution.name)
        if zlib.crc32(case.ticks.price.tobytes()) % 8 == 0:
            assert found[0] == alone(case.ticks, strategy, settings[0], market, "python")
        reached["fills"] += sum(not isinstance(one, str) and len(one["event"]) > len("<i8") for one in found)
        reached["models"] += len({one.execution.name for one in cases})

    for_seeded_cases([name], count * TENFOLD, agree)
    assert min(reached.values()) > count * 5 / 3 * LARGER
