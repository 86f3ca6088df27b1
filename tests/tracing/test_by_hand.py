"""What is explained agrees with docs/reference/rules.md on fills worked out by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final, get_args

import pytest

from pipeline.tracing.explain import explain_fill
from pipeline.tracing.explanation import How
from pipeline.tracing.rendering import lines_of
from tests.engine.replays import written
from tests.tracing import of_exchange, of_others, of_v1
from tests.tracing.scenario import setting_of, value_at
from tests.tracing.ticks_at_hand import TicksAtHand

if TYPE_CHECKING:
    from pipeline.tracing.explanation import Explanation
    from tests.tracing.scenario import Scenario

SCENARIOS: Final = (*of_v1.SCENARIOS, *of_others.SCENARIOS, *of_exchange.SCENARIOS)


def explained(scenario: Scenario) -> Explanation:
    setting = setting_of(scenario.strategy, scenario.parameters, scenario.switches)
    explanation, _ = explain_fill(TicksAtHand(written(scenario.ticks)), setting, scenario.fill)
    assert explanation is not None
    return replace(
        explanation,
        security="FAB",
        run="output/x",
        strategy=scenario.strategy,
        execution=setting.execution.name,
        fills=9,
    )


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_fill_is_explained_as_the_rules_say(scenario: Scenario) -> None:
    explanation = explained(scenario)
    found = {path: value_at(explanation, path) for path in scenario.facts}
    wanted = {
        path: pytest.approx(value, abs=1e-9) if isinstance(value, float) else value
        for path, value in scenario.facts.items()
    }
    assert found == wanted
    assert tuple(rule.section for rule in explanation.rules) == scenario.rules


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_it_is_said_in_words_within_80_columns(scenario: Scenario, verbose: bool) -> None:  # noqa: FBT001
    lines = lines_of(explained(scenario), verbose=verbose)
    assert max(map(len, lines)) <= 80
    said = " ".join(line.strip() for line in lines)
    assert [words for words in scenario.words if words not in said] == []


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_as_json_it_is_the_same_facts_with_times_as_text(scenario: Scenario) -> None:
    explanation = explained(scenario)
    found = json.loads(json.dumps(explanation.as_json(), allow_nan=False))
    assert found["quantity"] == explanation.quantity
    assert found["account"]["pnl"] == explanation.account.pnl
    assert found["tick"]["time"].startswith("2025-01-0")
    assert [rule["section"] for rule in found["rules"]] == list(scenario.rules)


def test_ten_fills_and_more_are_worked_out_by_hand_for_every_strategy_and_every_way_to_fill() -> None:
    assert len(SCENARIOS) >= 10
    assert {one.strategy for one in SCENARIOS} == {
        "v1_baseline",
        "v2_price_follow_qty_cooldown",
        "v2_1_stop_loss",
        "v3_liquidity_monitor",
        "closing_auction",
    }
    assert {one.facts.get("how") for one in SCENARIOS} >= set(get_args(How))
