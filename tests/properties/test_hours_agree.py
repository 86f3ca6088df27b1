"""Random markets: days of other hours, breaks that keep or cancel orders, no auction; all engines and the reference."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from pipeline.engine.execution import make_execution
from pipeline.markets.facts import facts_of
from pipeline.markets.phases import EVER, WORKING_WEEK, Hours, Sessions
from pipeline.markets.tick_tables import TickTable
from pipeline.replay.batch import Setting
from pipeline.strategies.loading.load import load_strategy
from tests.engine.replays import SECOND
from tests.engine.walks import alone, together
from tests.properties.agreement import check_engines, check_reference
from tests.properties.seeded import for_seeded_cases
from tests.properties.streams import NAMES, Case

if TYPE_CHECKING:
    from pipeline.markets.market import MarketFacts

CUTS: Final = (35_999, 36_000, 36_050, 36_101, 36_299, 36_310, 36_400, 45_000, 50_000, 52_205, 52_230, 53_005, 53_095)
"""Where spans begin and end: about the times at which the streams are dense."""

AUCTIONS: Final = (53_100, 53_150, 53_700)
GRIDS: Final = (((10.0, 0.01), (float("inf"), 0.05)), ((float("inf"), 0.02),))


def random_hours(random: np.random.Generator) -> Hours:
    """Draw one to three spans, and an auction or none."""
    cuts = np.sort(random.choice(CUTS, 2 * int(random.integers(1, 4)), replace=False)) * SECOND
    ends = cuts.tolist()
    auction = int(random.choice(AUCTIONS)) * SECOND
    closing = (ends[-1], auction) if random.integers(3) else None
    return Hours(tuple(zip(ends[::2], ends[1::2], strict=True)), closing_auction=closing)


def random_market(exchange: str, number: int, *, grids: bool = False) -> MarketFacts:
    """Draw a market of two sessions and a half day within the streams' days; grids: with tick sizes that change."""
    random = np.random.Generator(np.random.PCG64([77, number]))
    first, second, half = (random_hours(random) for _ in range(3))
    since = dt.date(2025, 1, int(random.integers(1, 6)))
    sessions = (Sessions(EVER, WORKING_WEEK, first), Sessions(since, WORKING_WEEK, second))
    half_days = ((dt.date(2025, 1, int(random.integers(1, 6))), half),) if random.integers(2) else ()
    tables = (TickTable(EVER, GRIDS[0]), TickTable(since, GRIDS[1])) if grids else facts_of(exchange).tick_tables
    cancels = bool(random.integers(2))
    return replace(
        facts_of(exchange), sessions=sessions, half_days=half_days, tick_tables=tables, cancels_over_break=cancels
    )


def in_market(case: Case, *, grids: bool = False) -> Case:
    """Return a case in a market of its own, drawn by what its ticks are."""
    number = len(case.ticks) + int(case.ticks.volume.sum())
    rule = ("market", "kept", "cancelled")[number % 3]
    changes = {**case.execution.changed, "break_orders": rule}
    execution = make_execution(case.execution.preset, changes, "here")
    return replace(case, own_market=random_market(case.exchange, number, grids=grids), execution=execution)


@pytest.mark.parametrize("count", [60, pytest.param(1_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", NAMES)
def test_the_reference_finds_the_same_in_any_market(name: str, count: int) -> None:
    for_seeded_cases([name], count, lambda case: check_reference(in_market(case)))


@pytest.mark.parametrize("count", [60, pytest.param(500, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["v1_baseline", "v2_1_stop_loss", "closing_auction"])
def test_both_engines_find_the_same_in_any_market(name: str, count: int) -> None:
    for_seeded_cases([name], count, lambda case: check_engines(in_market(case, grids=True)))


@pytest.mark.parametrize("count", [30, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["v1_baseline", "closing_auction"])
def test_settings_that_walk_together_find_the_same_in_any_market(name: str, count: int) -> None:
    strategy = load_strategy(name)

    def agree(case: Case) -> None:
        own = in_market(case, grids=True)
        executions = [own.execution, make_execution("strict", {"break_orders": "cancelled"}, "here")]
        settings = [Setting(own.parameters, execution) for execution in executions]
        for setting, one in zip(settings, together(own.ticks, strategy, settings, own.market), strict=True):
            assert one == alone(own.ticks, strategy, setting, own.market)

    for_seeded_cases([name], count, agree)
