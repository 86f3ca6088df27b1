"""Many settings that walk the ticks together find, each of them, what it finds alone: to the last bit."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from pipeline.backtest.many import Setting
from pipeline.engine import lanes
from pipeline.market.facts import facts_of
from pipeline.strategies.load import load_strategy
from tests.engine.replays import strategy_of
from tests.engine.walks import alone, plainly_alone, settings_of, together, walked_by_python
from tests.properties.programs import PARAMETERS, auction_program, program
from tests.properties.seeded import LARGER, for_seeded_cases, many_of, seeded_case
from tests.properties.streams import NAMES, Case

if TYPE_CHECKING:
    from collections.abc import Callable

TENFOLD: Final = 2 if LARGER > 1 else 1
"""The thorough profile makes five times as many streams of each strategy; here it makes ten."""

MOST_SETTINGS: Final = 40


@pytest.mark.parametrize("count", [60, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", NAMES)
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


@pytest.mark.parametrize("count", [8, pytest.param(30, marks=pytest.mark.slow)])
@pytest.mark.parametrize("make", [program, auction_program])
def test_every_random_program_does_in_a_walk_what_python_does(
    make: Callable[[int], str], count: int, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "SMALL", 0)
    filled = 0
    for seed in range(count * LARGER * TENFOLD):
        text = make(seed)
        strategy = strategy_of(tmp_path_factory.mktemp("own"), text)
        random = np.random.Generator(np.random.PCG64([30, seed]))
        values = [{key: row[int(random.integers(len(row)))] for key, row in PARAMETERS.items()} for _ in range(4)]
        case = seeded_case("v1_baseline", seed)
        models = [one.execution for one in many_of(case, 30) if _walks_with_classic(one)][:2]
        settings = [settings_of(strategy, [given], [model])[0] for given in values for model in models]
        found = walked_by_python(case.ticks, strategy, settings)
        for setting, one, wanted in zip(settings, found, plainly_alone(case.ticks, strategy, settings), strict=True):
            assert one is None or one == wanted, f"{make.__name__}({seed}), {setting}:\n{text}"
            filled += len(wanted["event"]) > len("<i8")
    assert filled > count * LARGER


def _walks_with_classic(case: Case) -> bool:
    return (case.execution.settings["same_event_fill"], case.execution.settings["open_delay"]) == ("yes", "none")
