"""What a broker bills, as a config declares it: what is taken, what is refused with the nearest right key."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.engine.costs import Costs, Tier, checked_costs, costs_of
from pipeline.engine.execution import make_execution
from pipeline.errors import ConfigError

BY_EXCHANGE: dict[str, Any] = {
    "per_trade": 1,
    "ADX": {"maker_bps": 2, "taker_bps": "4.5", "minimum_per_order": 10},
    "dfm": {"bps": 3, "per_trade": 0, "tiers": [{"monthly_turnover": 5e6, "maker_bps": 1}]},
}


@pytest.mark.parametrize(
    ("declared", "exchange", "costs"),
    [
        ({}, "ADX", Costs()),
        ({"bps": 2.5, "_comment": "all alike"}, "DFM", Costs(tiers=(Tier(0.0, 2.5, 2.5),))),
        (BY_EXCHANGE, "ADX", Costs(tiers=(Tier(0.0, 2.0, 4.5),), per_trade=1.0, minimum_per_order=10.0)),
        (BY_EXCHANGE, "DFM", Costs(tiers=(Tier(0.0, 3.0, 3.0), Tier(5e6, 1.0, 3.0)))),
        (BY_EXCHANGE, "OTHER", Costs(per_trade=1.0)),
        ({"maker_bps": -0.5, "taker_bps": 3}, "ADX", Costs(tiers=(Tier(0.0, -0.5, 3.0),))),
        ({"maker_bps": 1, "taker_bps": 3, "ADX": {"bps": 2}}, "ADX", Costs(tiers=(Tier(0.0, 2.0, 2.0),))),
        (
            {"bps": 4, "other_monthly_turnover": 9e6},
            "ADX",
            Costs(tiers=(Tier(0.0, 4.0, 4.0),), other_monthly_turnover=9e6),
        ),
    ],
)
def test_an_exchange_pays_what_its_block_says_over_what_holds_for_all(
    declared: object, exchange: str, costs: Costs
) -> None:
    assert costs_of(checked_costs(declared, "here"), exchange, 0.0) == costs


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        (3, ("here is 3", "a block")),
        ({"ADX": 3}, ("unknown key 'ADX'", "an exchange with a block")),
        ({"makr_bps": 3}, ("unknown key 'makr_bps'", "Did you mean 'maker_bps'?")),
        ({"ADX": {"minimum_per_ordr": 3}}, ("here: ADX: ", "Did you mean 'minimum_per_order'?")),
        ({"taker_bps": -1}, ("taker_bps is -1", "0 to 10,000 basis points")),
        ({"bps": 10_001}, ("bps is 10001", "basis points")),
        ({"bps": {"ADX": 3}}, ('bps is {"ADX": 3}', "basis points")),
        ({"per_trade": True}, ("per_trade is true", "currency")),
        ({"minimum_per_order": "ten"}, ('minimum_per_order is "ten"', "currency")),
        ({"minimum_per_order": float("nan")}, ("minimum_per_order is NaN", "currency")),
        ({"tiers": {"monthly_turnover": 1}}, ("a list of blocks",)),
        ({"tiers": [{"bps": 1}]}, ("tiers, number 1", "monthly_turnover")),
        ({"tiers": [{"monthly_turnover": 5}]}, ("tiers, number 1", "maker_bps")),
        ({"tiers": [{"monthly_turnver": 5, "bps": 1}]}, ("Did you mean 'monthly_turnover'?",)),
        ({"tiers": [{"monthly_turnover": 0, "bps": 1}]}, ("above 0",)),
        ({"tiers": [{"monthly_turnover": at, "bps": 1} for at in (9, 5)]}, ("[9.0, 5.0]", "above the one before")),
    ],
)
def test_what_cannot_be_billed_is_refused_in_words(declared: object, words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as refused:
        checked_costs(declared, "here")
    assert [word for word in words if word not in str(refused.value)] == []


def test_one_key_is_set_over_what_is_declared() -> None:
    changes = {"costs": BY_EXCHANGE, "costs.adx.taker_bps": 9, "costs.per_trade": 2}
    execution = make_execution("strict", changes, "here")
    assert execution.name == "strict costs"
    assert execution.costs("ADX") == Costs(0.0, (Tier(0.0, 2.0, 9.0),), per_trade=2.0, minimum_per_order=10.0)
    assert execution.charged_exchanges == {"ADX": "costs", "DFM": "costs"}


@pytest.mark.parametrize(
    ("changes", "needs"),
    [
        ({}, []),
        ({"fees_bps": 3}, []),
        ({"costs": {"bps": 3, "per_trade": 1, "tiers": [{"monthly_turnover": 5, "bps": 1}]}}, []),
        ({"costs": {"minimum_per_order": 1}}, ["ADX", "DFM"]),
        ({"costs": {"DFM": {"minimum_per_order": 1}}}, ["DFM"]),
        ({"costs": {"bps": 2, "tiers": [{"monthly_turnover": 5, "taker_bps": 1}]}}, []),
    ],
)
def test_orders_are_asked_for_only_where_charges_depend_on_them(changes: dict[str, object], needs: list[str]) -> None:
    execution = make_execution("classic", changes, "here")
    assert [exchange for exchange in ("ADX", "DFM") if execution.costs(exchange).needs_orders] == needs
    assert execution.needs_orders is bool(needs)
