"""What is explained from a checkpoint is what is explained from the first tick on, word for word."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest

from pipeline.errors import UnknownMoment
from pipeline.markets.facts import facts_of
from pipeline.replay.simulate import simulate
from pipeline.runs.recorded_setting import Setting
from pipeline.strategies.loading.load import load_strategy
from pipeline.tracing.approach import Approach
from pipeline.tracing.explain import explain_fill
from pipeline.tracing.explain_moment import explain_moment
from pipeline.tracing.moment import Moment
from tests.engine.replays import bits_of_fills, strategy_of
from tests.properties.ladder_cases import SCATTERED, model_of
from tests.properties.parts import between_days, in_one_piece
from tests.properties.seeded import for_seeded_cases, seeded_case
from tests.properties.streams import MAKERS, NAMES
from tests.tracing.ticks_at_hand import TicksAtHand

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.ticks import Ticks
    from tests.properties.streams import Case

WHOLE: Final = 10**9


class DayByDay(TicksAtHand):
    """Ticks that are read a few at a time, as a long file's are."""

    def days(self) -> Iterator[Ticks]:
        """Yield all ticks, a stretch of whole days each."""
        for begin, end in pairwise([0, *between_days(self.ticks), len(self.ticks)]):
            yield self.ticks[begin:end]


def setting_of(case: Case) -> Setting:
    return Setting(load_strategy(case.name), case.parameters, facts_of(case.exchange), case.execution)


def moment_of(
    source: TicksAtHand, setting: Setting, time: int, side: str, stride: int
) -> tuple[Moment, dict[str, bytes]] | tuple[str]:
    """Return what is explained of a moment, with the fills until then, or why nothing is."""
    try:
        moment, fills = explain_moment(source, setting, time, side, stride=stride)
    except UnknownMoment as error:
        return (str(error),)
    return moment, bits_of_fills(fills)


@pytest.mark.parametrize("count", [20, pytest.param(60, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", NAMES)
def test_a_fill_is_explained_alike_from_wherever_the_trace_begins(name: str, count: int) -> None:
    begun = []

    def agrees(case: Case) -> None:
        setting, fills = setting_of(case), in_one_piece(case, "compiled").fills
        for number in {1, len(fills) // 2, len(fills)} - {0} if len(fills) else ():
            near, fills_near = explain_fill(DayByDay(case.ticks), setting, number, stride=1)
            far, fills_far = explain_fill(TicksAtHand(case.ticks), setting, number, stride=WHOLE)
            assert near == far
            assert near is not None
            assert bits_of_fills(fills_near) == bits_of_fills(fills_far)
            windows = Approach(DayByDay(case.ticks), setting, 1).windows_of_fill(number)
            begun.append(next(windows).first)

    for_seeded_cases([name], count, agrees)
    assert any(begun)


@pytest.mark.parametrize("count", [20, pytest.param(60, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", MAKERS)
def test_a_moment_is_explained_alike_from_wherever_the_trace_begins(name: str, count: int) -> None:
    explained = []

    def agrees(case: Case) -> None:
        setting = setting_of(case)
        for time in case.ticks.timestamp[5 :: len(case.ticks) // 4 + 1].tolist():
            for side in ("buy", "sell"):
                near, far = (
                    moment_of(source, setting, time, side, stride)
                    for source, stride in ((DayByDay(case.ticks), 1), (TicksAtHand(case.ticks), WHOLE))
                )
                assert near == far
                explained.append(isinstance(near[0], Moment) and near[0].order is not None)

    for_seeded_cases([name], count, agrees)
    assert sum(explained) > count / 4


@pytest.mark.slow
def test_so_are_fills_and_moments_of_several_orders_a_side(tmp_path: Path) -> None:
    count = 30
    strategy, begun, stood = strategy_of(tmp_path, SCATTERED.format(levels=5)), [], 0
    for seed in range(count):
        case = seeded_case("v1_baseline", seed)
        setting = Setting(strategy, {"seed": seed}, facts_of(case.exchange), model_of(seed))
        by_day, whole = DayByDay(case.ticks), TicksAtHand(case.ticks)
        fills = simulate(case.ticks, strategy, {"seed": seed}, setting.market, setting.execution, "python").fills
        for number in {1, len(fills) // 2, len(fills)} - {0} if len(fills) else ():
            near, fills_near = explain_fill(by_day, setting, number, stride=1)
            far, fills_far = explain_fill(whole, setting, number, stride=WHOLE)
            assert near is not None
            assert far is not None
            assert near.as_json() == far.as_json()
            assert bits_of_fills(fills_near) == bits_of_fills(fills_far)
            begun.append(next(Approach(by_day, setting, 1).windows_of_fill(number)).first)
        for time in case.ticks.timestamp[5 :: len(case.ticks) // 3 + 1].tolist():
            side = ("buy", "sell")[time % 2]
            near_then, *fills_then = moment_of(by_day, setting, time, side, 1)
            far_then, *fills_far_then = moment_of(whole, setting, time, side, WHOLE)
            assert fills_then == fills_far_then
            if isinstance(near_then, Moment) and isinstance(far_then, Moment):
                assert near_then.as_json() == far_then.as_json()
                stood += len(near_then.orders)
    assert any(begun)
    assert stood > count


def test_there_is_no_window_of_a_fill_that_there_is_not() -> None:
    def has_none(case: Case) -> None:
        setting, fills = setting_of(case), in_one_piece(case, "compiled").fills
        for stride in (1, WHOLE):
            explanation, found = explain_fill(DayByDay(case.ticks), setting, len(fills) + 1, stride=stride)
            assert explanation is None
            assert bits_of_fills(found) == bits_of_fills(fills)

    for_seeded_cases(NAMES, 10, has_none)
