"""Prints of ignored conditions fill nothing and reach no strategy, and their days are market days all the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pytest

from pipeline.engine.execution import make_execution, variants
from pipeline.errors import ConfigError
from pipeline.markets.facts import facts_of
from pipeline.replay.batch import Setting, simulate_many
from pipeline.replay.observe import observe
from pipeline.replay.simulate import simulate
from pipeline.strategies.loading.load import load_strategy
from pipeline.ticks import ASK, BID, TRADE, Ticks
from tests.made import DAY, HOUR, MONDAY, SECOND

ADX: Final = facts_of("ADX")
V1: Final = load_strategy("v1_baseline")
PARAMETERS: Final = {
    "quote_size": 100,
    "quote_size_bid": None,
    "quote_size_ask": None,
    "refill_interval_sec": 60,
    "max_position": 10_000,
    "max_notional": None,
    "min_local_currency_before_quote": 0,
}
CODES: Final = ("", "AB/OB", "OB", "XT")
ROWS: Final = (
    (0, 0, BID, 10.00, 10, ""),
    (0, 1, TRADE, 10.00, 50, "OB"),
    (0, 2, TRADE, 10.00, 30, ""),
    (0, 3, ASK, 10.04, 10, "OB"),
    (0, 4, TRADE, 9.98, 40, "XT"),
    (1, 0, TRADE, 10.00, 40, "AB/OB"),
)


def ticks() -> Ticks:
    day, second, kind, price, volume, codes = zip(*ROWS, strict=True)
    times = MONDAY + np.array(day, np.int64) * DAY + 10 * HOUR + np.array(second, np.int64) * SECOND
    return Ticks(
        times,
        np.array(kind, np.int8),
        np.array(price, np.float64),
        np.array(volume, np.int64),
        np.array([CODES.index(code) for code in codes], np.int32),
        CODES,
    )


@pytest.mark.parametrize(
    ("codes", "fills", "ignored"),
    [
        ("", [(1, 40), (2, 30), (4, 30)], 0),
        ("XT", [(1, 40), (2, 30)], 1),
        ("ob", [(2, 20), (4, 40)], 2),
        ("OB, XT", [(2, 20)], 3),
        ("AB", [(1, 40), (2, 30), (4, 30)], 1),
        ("O", [(1, 40), (2, 30), (4, 30)], 0),
    ],
)
def test_what_is_left_out_and_what_is_filled_then(codes: str, fills: list[tuple[int, int]], ignored: int) -> None:
    every = ticks()
    execution = make_execution("classic", {"ignore_conditions": codes, "overnight_orders": "cancelled"}, "")
    replayed = simulate(every, V1, PARAMETERS, ADX, execution, "python")
    filled = list(zip(replayed.fills.event.tolist(), replayed.fills.quantity.tolist(), strict=True))
    assert filled == fills
    assert replayed.ignored == ignored
    assert replayed.market_days.tolist() == [MONDAY // DAY, MONDAY // DAY + 1]
    observed = observe(every, replayed.fills, replayed.market_days, ADX, execution, 0, {}, ())[0]
    assert observed.condition.tolist() == [ROWS[event][-1] for event, _ in fills]


def test_settings_that_ignore_others_are_replayed_each_for_itself() -> None:
    models = [make_execution("classic", {"ignore_conditions": codes}, "") for codes in ("", "OB", "OB,XT", "OB")]
    settings = [Setting(PARAMETERS, model) for model in models]
    together = dict(simulate_many(ticks(), V1, settings, ADX, "python"))
    for number, model in enumerate(models):
        alone: Any = simulate(ticks(), V1, PARAMETERS, ADX, model, "python")
        other: Any = together[number]
        assert (other.fills.event.tolist(), other.realized_pnl, other.ignored) == (
            alone.fills.event.tolist(),
            alone.realized_pnl,
            alone.ignored,
        )


def test_ticks_without_conditions_are_left_as_they_are() -> None:
    execution = make_execution("classic", {"ignore_conditions": "OB"}, "")
    without = replace(ticks(), condition=None, conditions=())
    assert simulate(without, V1, PARAMETERS, ADX, execution, "python").ignored == 0


@pytest.mark.parametrize(
    "changes",
    [{"ignore_conditions": ""}, {"ignore_conditions": " , "}, {"ignore_conditions": []}, {"break_orders": "market"}],
)
@pytest.mark.parametrize("preset", ["classic", "strict"])
def test_to_ignore_nothing_and_to_leave_a_rule_to_the_market_is_the_preset_itself(
    preset: str, changes: dict[str, object]
) -> None:
    plain, said = make_execution(preset, {}, ""), make_execution(preset, changes, "")
    assert (said.name, said.settings) == (plain.name, plain.settings)
    assert (said.ignored, said.break_rule) == (frozenset(), "market")


def test_codes_are_checked_and_kept_by_every_model_of_the_assumption_check() -> None:
    execution = make_execution("strict", {"ignore_conditions": " xt,OB ,XT"}, "")
    assert execution.name == "strict ignore_conditions=OB,XT"
    assert {model.ignored for model in variants(execution).values()} == {frozenset({"OB", "XT"})}
    assert make_execution("classic", {"ignore_conditions": ["xt", "OB"]}, "").ignored == {"OB", "XT"}
    with pytest.raises(ConfigError, match="ignore_conditions"):
        make_execution("classic", {"ignore_conditions": 7}, "")
    with pytest.raises(ConfigError, match="ignore_conditions"):
        make_execution("classic", {"ignore_condition": "XT"}, "")
