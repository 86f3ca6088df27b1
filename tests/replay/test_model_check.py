"""The assumption check gives the same of ticks in any parts, and what a replay of each model by itself gives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from pipeline.engine import batch
from pipeline.engine.execution import make_execution, variants
from pipeline.engine.outcome import Span
from pipeline.errors import LoopsDisagree
from pipeline.markets.facts import facts_of
from pipeline.replay.model_check import ModelCheck
from pipeline.replay.simulate import CLASSIC, simulate
from pipeline.replay.task import Task
from pipeline.strategies.loading.load import StrategySource, load_strategy
from tests.engine.test_batch import BACK_INTO_THE_SESSION, written
from tests.engine.test_replay import QUOTES
from tests.engine.walks import settings_of
from tests.metrics.test_setting_figures import busy_days

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.engine.execution import Execution
    from pipeline.ticks import Ticks

V1: Final = load_strategy("v1_baseline")
CHARGED: Final = (
    {},
    {"fees_bps": 3},
    {"costs.ADX.tiers": [{"monthly_turnover": 10_000, "maker_bps": 4, "taker_bps": 5}], "costs.ADX.maker_bps": 2},
    {"costs.ADX.minimum_per_order": 1.0},
)


def task_of(models: Mapping[str, Execution], execution: Execution) -> Task:
    (setting,) = settings_of(V1, [QUOTES])
    source = StrategySource("v1_baseline")
    return Task("FAB", "ADX", Path("none"), "", source, setting.parameters, execution, "compiled", models)


def checked(
    task: Task, ticks: Ticks, cuts: Sequence[int], *, short: int = 0, is_again: bool = False
) -> dict[str, tuple[float, float, int]]:
    """Return what a check gives of ticks cut up at some of them; short: how many fills each part is said to lack.

    is_again: whether the ticks are wanted once more.
    """
    check = ModelCheck(task, V1, facts_of("ADX"), Span.of(ticks))
    fills = simulate(ticks, V1, task.parameters, facts_of("ADX"), task.execution).fills
    parts = [slice(start, end) for start, end in zip([0, *cuts], [*cuts, len(ticks)], strict=True)]
    for part in parts:
        own = np.flatnonzero((fills.event >= part.start) & (fills.event < part.stop))
        check.feed(ticks[part], fills.at(own[: len(own) - short]))
    wanted: list[bool] = []

    def batches() -> list[Ticks]:
        wanted.append(True)
        return [ticks[part] for part in parts]

    found = check.finish(batches)
    assert wanted == [True] * is_again
    return {name: (one.realized_pnl, one.fees, one.fills) for name, one in found.items()}


def by_themselves(task: Task, ticks: Ticks) -> dict[str, tuple[float, float, int]]:
    replays = {
        name: simulate(ticks, V1, task.parameters, facts_of("ADX"), model) for name, model in task.alternatives.items()
    }
    return {name: (one.realized_pnl, float(one.fill_fees.sum()), len(one.fills)) for name, one in replays.items()}


@pytest.mark.parametrize("charges", CHARGED, ids=str)
def test_the_check_is_the_same_however_the_ticks_are_parted(charges: dict[str, Any]) -> None:
    ticks, own = busy_days()[:3_000], make_execution("classic", charges, "")
    task = task_of(variants(own), own)
    whole = checked(task, ticks, [])
    for name, (realized_pnl, fees, fills) in by_themselves(task, ticks).items():
        assert whole[name] == (realized_pnl, pytest.approx(fees, rel=1e-12), fills)
    assert (whole["classic"][1] > 0.0) == (charges != {})
    random = np.random.default_rng(len(charges))
    for parts in (1, 2, 7):
        assert checked(task, ticks, sorted(random.integers(0, len(ticks) + 1, parts).tolist())) == whole


def test_models_that_no_longer_see_one_book_are_replayed_from_the_first_tick() -> None:
    ticks = written(BACK_INTO_THE_SESSION)
    models = {str(size): make_execution(size, {}, "") for size in ("classic", "strict")}
    task = task_of(models, CLASSIC)
    alone = by_themselves(task, ticks)
    for cuts in ([], [4], [6], [2, 5, 8]):
        assert checked(task, ticks, cuts, is_again=True) == alone


def test_a_security_that_fills_often_is_walked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks, task = busy_days()[:3_000], task_of(variants(CLASSIC), CLASSIC)
    fills = simulate(ticks, V1, task.parameters, facts_of("ADX"), CLASSIC).fills
    walked: list[int] = []
    attempt = batch.BatchRun.attempt

    def noted(self: batch.BatchRun, *given: Any) -> Any:
        walked.append(len(given[2]))
        return attempt(self, *given)

    monkeypatch.setattr(batch.BatchRun, "attempt", noted)
    monkeypatch.setattr(batch, "TICKS_A_FILL", len(ticks))
    check = ModelCheck(task, V1, facts_of("ADX"), Span.of(ticks))
    check.feed(ticks, fills)
    assert len(fills) > 100
    assert len(walked) == 1
    ModelCheck(task, V1, facts_of("ADX"), Span.of(ticks)).feed(ticks, fills.at(slice(0, 0)))
    assert len(walked) > 2, "what is not known to fill often is walked again with more room"


def test_a_run_with_other_fills_than_the_loop_for_many_is_refused() -> None:
    with pytest.raises(LoopsDisagree, match="a fault of this project"):
        checked(task_of(variants(CLASSIC), CLASSIC), busy_days()[:400], [100], short=1)
