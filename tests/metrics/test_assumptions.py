"""The band, the worst switch and the way from classic to strict, worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.engine.execution import make_execution, variants
from pipeline.metrics.assumptions import in_words, verdict_of, waterfall
from pipeline.numbers import amounts_in

MODELS = variants(make_execution("classic", {}, ""))
TOTALS = dict.fromkeys(MODELS, 100.0) | {
    "strict": -40.0,
    "touch=fills": -700.0,
    "strict queue=front": -35.5,
    "strict queue=power1": -48.25,
    "strict queue=power2": -44.0,
    "strict queue=power3": -41.0,
    "strict up to fill_price": 60.0,
    "strict up to overnight_orders": 61.0,
    **{f"strict up to {key}": 61.0 for key in ("shared_print_volume", "same_event_fill", "trade_through")},
    **{f"strict up to {key}": 61.0 for key in ("self_cross", "crossed_book", "open_delay", "flatten", "queue")},
    "strict up to touch": -75.0,
    "strict up to shown_size": -45.0,
    "strict up to marketable": -45.0,
}


def test_a_check_comes_to_its_band_and_its_worst_switch() -> None:
    verdict = verdict_of(TOTALS)
    assert verdict is not None
    assert (verdict.classic, verdict.strict) == (100.0, -40.0)
    assert (verdict.band_low, verdict.band_high) == (-48.25, -35.5)
    assert verdict.band == "-48.25 to -35.50"
    assert (verdict.worst_switch, verdict.worst) == ("touch=fills", -700.0)


def test_where_no_switch_alone_leaves_less_there_is_no_worst() -> None:
    verdict = verdict_of(TOTALS | {"touch=fills": 100.0})
    assert verdict is not None
    assert (verdict.worst_switch, verdict.worst) == (None, 100.0)


@pytest.mark.parametrize("missing", ["strict queue=front", "strict up to touch"])
def test_a_check_of_an_older_version_lacks_only_what_it_did_not_replay(missing: str) -> None:
    some = {model: value for model, value in TOTALS.items() if model != missing}
    verdict: Any = verdict_of(some)
    assert verdict.strict == -40.0
    assert (verdict.band_low is None) == (missing == "strict queue=front")
    assert (waterfall(some) == []) == (missing == "strict up to touch")


def test_without_a_check_there_is_nothing_to_say() -> None:
    assert verdict_of({}) is None
    assert waterfall({}) == []


def test_the_way_from_classic_to_strict_has_a_step_a_switch_in_the_tables_order() -> None:
    steps = [(step.switch, step.change, step.net_pnl) for step in waterfall(TOTALS) if step.change]
    assert steps == [
        ("fill_price=order", -40.0, 60.0),
        ("overnight_orders=cancelled", 1.0, 61.0),
        ("touch=fills", -136.0, -75.0),
        ("shown_size=once", 30.0, -45.0),
        ("order_price=grid", 5.0, -40.0),
    ]
    assert len(waterfall(TOTALS)) == 14


def test_the_way_is_told_in_a_sentence() -> None:
    with amounts_in("EGP"):
        said = in_words(waterfall(TOTALS))
    for part in ("100.00 EGP", "-40.00 EGP", "14 steps", "touch=fills", "(-136.00)", "shown_size=once", "(30.00)"):
        assert part in said
    assert "none of them" in in_words(waterfall(dict.fromkeys(TOTALS, 0.0)))
