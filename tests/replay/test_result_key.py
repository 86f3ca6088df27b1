"""A result is named by every fact of its market that a replay reads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from pipeline.engine.execution import make_execution
from pipeline.engine.strategy import Strategy
from pipeline.markets.facts import facts_of
from pipeline.replay.batch import Setting
from pipeline.replay.result_key import Identity

READ: Final = {"cancels_over_break": True, "day_starts": 1, "time_zone": "Asia/Dubai", "half_days": ()}
NOT_READ: Final = {"name": "Hong Kong", "codes": ("XX",), "closed_days": frozenset[Any](), "tickers": ("FAB",)}


@pytest.mark.parametrize(("fact", "value"), [*READ.items(), *NOT_READ.items()])
def test_a_result_is_of_every_fact_of_its_market_that_a_replay_reads(fact: str, value: Any) -> None:
    facts = facts_of("HKEX").of_security("FAB")
    setting = Setting({}, make_execution(None, {}, ""))
    one, other = (
        Identity(Strategy, "", "", market, "compiled", "", ()).of(setting)
        for market in (facts, replace(facts, **{fact: value}))
    )
    assert (one != other) is (fact in READ)
