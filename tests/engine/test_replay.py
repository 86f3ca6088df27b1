"""What holds for every replay: room for any number of fills, threads side by side, ticks left as they were."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from pipeline.engine.compiled import compiled_replay
from pipeline.engine.outcome import buffer_sizes
from pipeline.engine.plain import PlainReplay
from pipeline.replay.simulate import CLASSIC
from pipeline.strategies.loading.load import load_strategy
from pipeline.ticks import Ticks
from tests.engine.replays import DAY, FACTS, FIRST_DAY, SECOND, bits, both, compiled, field_values, plain, random_ticks

if TYPE_CHECKING:
    from pathlib import Path

QUOTES: Final = {"quote_size": 40, "min_local_currency_before_quote": 0, "refill_interval_sec": 0}


def every_print_fills_both_sides(count: int) -> Ticks:
    """Make a bid and an ask of one share at one price, then nothing but prints of 41 shares at it."""
    index = np.arange(count)
    return Ticks(
        FIRST_DAY + 40_000 * SECOND + index * SECOND // 4,
        np.where(index < 2, index, 2).astype(np.int8),
        np.full(count, 10.0),
        np.where(index < 2, 1, 41),
    )


def test_a_stream_that_fills_at_nearly_every_event_finds_room() -> None:
    ticks = every_print_fills_both_sides(6_000)
    fills = both(load_strategy("v1_baseline"), ticks, QUOTES).fills
    assert len(fills) == 2 * 5_998 > 4 * next(buffer_sizes(len(ticks)))
    assert fills.event.tolist() == [event for event in range(2, 6_000) for _ in range(2)]
    assert fills.position.tolist() == [-40, 0] * 5_998


@pytest.mark.parametrize("count", [1_000, 1_171, 1_172, 1_173, 1_300])
def test_the_first_room_may_be_outgrown_by_one_fill_or_by_none(count: int) -> None:
    fills = both(load_strategy("v1_baseline"), every_print_fills_both_sides(count), QUOTES).fills
    assert len(fills) == 2 * (count - 2)


def test_replays_in_several_threads_give_what_one_gives() -> None:
    strategy = load_strategy("v1_baseline")
    streams = [random_ticks(4_000, seed) for seed in range(4)] + [every_print_fills_both_sides(3_000)]
    replay, values = compiled_replay(strategy, CLASSIC.fields()), field_values(strategy, QUOTES)
    alone = [bits(replay.run(ticks, FACTS, values)) for ticks in streams]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda ticks: bits(replay.run(ticks, FACTS, values)), streams * 40))
    assert together == alone * 40
    assert len({outcome["m_realized_pnl"] for outcome in alone}) > 1


def test_threads_that_need_one_strategy_at_once_compile_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPELINE_CACHE_DIR", str(tmp_path / "loops"))
    monkeypatch.setattr("pipeline.engine.compiled.loaded", {})
    compilations: list[str] = []
    strategy = load_strategy("v1_baseline")
    with ThreadPoolExecutor(4) as pool:
        replays = list(pool.map(lambda _: compiled_replay(strategy, None, compilations.append), range(4)))
    assert compilations == ["V1Baseline"]
    assert all(replay is replays[0] for replay in replays)


@pytest.mark.parametrize("engine", [compiled, plain])
def test_a_replay_leaves_its_ticks_as_they_are_and_takes_views_of_larger_arrays(engine: object) -> None:
    assert callable(engine)
    ticks = random_ticks(300)
    columns = [np.repeat(column, 2) for column in (ticks.timestamp, ticks.kind, ticks.price, ticks.volume)]
    strided = Ticks(*(column[::2] for column in columns))
    for column in (strided.timestamp, strided.kind, strided.price, strided.volume):
        column.flags.writeable = False
    strategy = load_strategy("v1_baseline")
    assert bits(engine(strategy, strided, QUOTES)) == bits(engine(strategy, ticks, QUOTES))


def test_one_replay_object_starts_anew_each_time() -> None:
    strategy = load_strategy("v1_baseline")
    for replay in (compiled_replay(strategy, CLASSIC.fields()), PlainReplay(strategy)):
        first = replay.run(random_ticks(900), FACTS, field_values(strategy, QUOTES))
        replay.run(random_ticks(300, seed=3), FACTS, field_values(strategy, {}))
        assert bits(replay.run(random_ticks(900), FACTS, field_values(strategy, QUOTES))) == bits(first)


def test_ticks_before_1970_and_days_far_apart_are_replayed_alike() -> None:
    ticks = random_ticks(400)
    shift = np.where(np.arange(400) < 200, -30_000 * DAY, 0)
    outcome = both(load_strategy("v1_baseline"), Ticks(ticks.timestamp + shift, *rest(ticks)), QUOTES)
    assert outcome.market_days.tolist() == [20_089 - 30_000, 20_090]


def rest(ticks: Ticks) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return ticks.kind, ticks.price, ticks.volume
