"""A security replayed in parts gives what it gives in one piece, bit for bit: fills, days and final state."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from pipeline.engine.batch_outcome import BatchBlock
from pipeline.engine.compiled import compiled_replay
from pipeline.engine.outcome import Outcome, Span, buffer_sizes, join_fills
from pipeline.engine.plain import PlainReplay
from pipeline.errors import ReplayError
from pipeline.markets.facts import facts_of
from pipeline.replay.batch import Setting, SettingsRun
from pipeline.replay.simulate import CLASSIC, simulate
from pipeline.strategies.loading.load import load_strategy
from tests.engine.replays import FACTS, bits, compiled, field_values, plain, random_ticks, strategy_of
from tests.engine.test_replay import QUOTES, every_print_fills_both_sides
from tests.properties.parts import between_days, engine_of, in_one_piece, in_parts, ticks_of
from tests.properties.seeded import for_seeded_cases, many_of
from tests.properties.streams import MAKERS, NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.engine.outcome import Fills
    from pipeline.replay.simulate import Engine
    from pipeline.ticks import Ticks
    from tests.properties.streams import Case


LATE_TRADE: Final = """
from pipeline.engine.market import AuctionMarket


class Own(Strategy):
    rules = AuctionMarket
    trade_types = ("late",)

    def on_day_end(self, m):
        m.trade(1, 10.0, 1, 0.0, 0, 10.0, 5)
"""
STARTS: Final = """
class Own(Strategy):
    starts: int = 3

    def on_start(self):
        self.starts += 4
"""


def cuts_of(case: Case, places: list[int]) -> list[int]:
    """Choose some of these places, by what the ticks are; one may be chosen twice, for a part without ticks."""
    random = np.random.default_rng(int(case.ticks.volume.sum()))
    return sorted(random.choice(places, random.integers(1, 4)).tolist()) if places else []


@pytest.mark.parametrize("count", [200, pytest.param(500, marks=pytest.mark.slow)])
@pytest.mark.parametrize("engine", ["compiled", "python"])
@pytest.mark.parametrize("name", NAMES)
def test_parts_of_whole_days_give_what_the_whole_gives(name: str, engine: Engine, count: int) -> None:
    parts = []

    def agrees(case: Case) -> None:
        cuts = cuts_of(case, [0, *between_days(case.ticks)])
        parts.append(len(cuts) + 1)
        assert bits(in_parts(case, engine, cuts)) == bits(in_one_piece(case, engine))

    for_seeded_cases([name], count, agrees)
    assert max(parts) > 3


@pytest.mark.parametrize("count", [100, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize("engine", ["compiled", "python"])
@pytest.mark.parametrize("name", MAKERS)
def test_a_quoting_strategy_may_be_cut_within_a_day(name: str, engine: Engine, count: int) -> None:
    def agrees(case: Case) -> None:
        cuts = cuts_of(case, list(range(len(case.ticks) + 1)))
        assert bits(in_parts(case, engine, cuts)) == bits(in_one_piece(case, engine))

    for_seeded_cases([name], count, agrees)


@pytest.mark.parametrize("count", [100, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", NAMES)
def test_the_plain_engine_goes_on_from_what_the_compiled_loop_left(name: str, count: int) -> None:
    starts = []

    def agrees(case: Case) -> None:
        ticks = ticks_of(case)
        cut = [0, *between_days(ticks)][-1]
        fast, given = engine_of(case, "compiled")
        first = fast.begin(Span.of(ticks), *given)
        before = first.feed(ticks[:cut])
        second = PlainReplay(load_strategy(name)).begin(Span.of(ticks), *given, first.checkpoint())
        rest = second.end(ticks[cut:])
        whole = in_one_piece(case, "compiled")
        days = np.union1d(first.buffers.market_days, rest.market_days)
        assert bits(Outcome(join_fills([before, rest.fills]), days, rest.final)) == bits(whole)
        starts.append(len(before) and len(rest.fills))

    for_seeded_cases([name], count, agrees)
    assert any(starts)


@pytest.mark.parametrize("count", [15, pytest.param(150, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["v1_baseline", "closing_auction"])
def test_settings_together_may_be_cut_as_one_may(name: str, count: int) -> None:
    fills = []

    def agrees(case: Case) -> None:
        strategy, market = load_strategy(name), facts_of(case.exchange)
        settings = [Setting(one.parameters, one.execution) for one in many_of(case, 12)]
        places = list(range(len(case.ticks) + 1)) if name in MAKERS else [0, *between_days(case.ticks)]
        run = SettingsRun(Span.of(case.ticks), strategy, settings, market, "compiled")
        parts: dict[int, list[Fills]] = {number: [] for number in range(len(settings))}
        states: dict[int, Any] = {}
        for ticks, ends in cut_up(case.ticks, cuts_of(case, places)):
            for rows, block in run.feed(ticks, ends=ends):
                for at, row in enumerate(rows):
                    for number in row:
                        if isinstance(block, BatchBlock):
                            outcome = block.outcome(at)
                            parts[number].append(outcome.fills)
                            states[number] = dict(outcome.final)
                        else:
                            parts.pop(number)
        for number, found in parts.items():
            one = settings[number]
            whole = simulate(case.ticks, strategy, one.parameters, market, one.execution)
            joined = dataclasses.replace(join_fills(found), placed=None, limit=None)
            assert same(joined) == same(dataclasses.replace(whole.fills, placed=None, limit=None))
            assert states[number]["m_realized_pnl"] == whole.realized_pnl
            assert states[number]["m_position"] == whole.position
            fills.append(len(joined))

    for_seeded_cases([name], count, agrees)
    assert sum(fills) > count * 3


def cut_up(ticks: Ticks, cuts: list[int]) -> Iterator[tuple[Ticks, bool]]:
    """Yield the parts that end at these ticks, then what is left, then nothing, as the end."""
    for start, end in zip([0, *cuts], [*cuts, len(ticks)], strict=False):
        yield ticks[start:end], False
    yield ticks[:0], True


def same(fills: Fills) -> list[bytes | None]:
    """Return fills as what differs when a bit of them does."""
    columns = [getattr(fills, column.name) for column in dataclasses.fields(fills)]
    return [None if column is None else column.tobytes() for column in columns]


FAILS: Final = """
class Own(Strategy):
    count: int = 0

    def on_tick(self, m):
        self.count += 10 // (m.event - {event})
"""


@pytest.mark.parametrize("engine", [compiled, plain])
def test_a_line_that_fails_in_a_later_part_is_told_with_the_number_of_its_tick(engine: Any, tmp_path: Path) -> None:
    strategy, ticks = strategy_of(tmp_path, FAILS.format(event=451)), random_ticks(600)
    with pytest.raises(ReplayError) as whole:
        engine(strategy, ticks)
    replay = compiled_replay(strategy, CLASSIC.fields()) if engine is compiled else PlainReplay(strategy)
    run = replay.begin(Span.of(ticks), FACTS, field_values(strategy))
    run.feed(ticks[:300])
    with pytest.raises(ReplayError) as part:
        run.feed(ticks[300:])
    assert str(part.value) == str(whole.value)
    assert "at tick 451." in str(part.value)


def test_a_part_that_outgrows_its_room_is_replayed_again_and_the_next_goes_on_from_it() -> None:
    strategy, ticks = load_strategy("v1_baseline"), every_print_fills_both_sides(9_000)
    replay, values = compiled_replay(strategy, CLASSIC.fields()), field_values(strategy, QUOTES)
    run = replay.begin(Span.of(ticks), FACTS, values)
    parts = [run.feed(ticks[start : start + 3_000]) for start in range(0, 9_000, 3_000)]
    assert min(map(len, parts)) > 2 * next(buffer_sizes(3_000))
    outcome = dataclasses.replace(run.end(), fills=join_fills(parts))
    assert bits(outcome) == bits(replay.run(ticks, FACTS, values))


def test_a_trade_of_a_day_that_is_no_longer_at_hand_is_an_error(tmp_path: Path) -> None:
    strategy, ticks = strategy_of(tmp_path, LATE_TRADE), random_ticks(600)
    for replay in (compiled_replay(strategy, CLASSIC.fields()), PlainReplay(strategy)):
        run = replay.begin(Span.of(ticks), FACTS, {})
        run.feed(ticks[:100])
        assert run.feed(ticks[100:300]).timestamp.tolist() == []
        with pytest.raises(ReplayError, match="tick 5 is booked when that is no longer at hand"):
            run.feed(ticks[300:])
        assert replay.run(ticks, FACTS, {}).fills.timestamp.tolist() == [int(ticks.timestamp[5])] * 2


def test_a_replay_without_ticks_in_its_first_part_starts_once(tmp_path: Path) -> None:
    strategy, ticks = strategy_of(tmp_path, STARTS), random_ticks(100)
    for replay in (compiled_replay(strategy, CLASSIC.fields()), PlainReplay(strategy)):
        run = replay.begin(Span.of(ticks), FACTS, {})
        for part in (ticks[:0], ticks[:0], ticks):
            run.feed(part)
        assert run.end().final["s_starts"] == 7
