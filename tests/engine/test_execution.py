"""The table of execution switches: presets, single changes, what is refused, and the models of the assumption check."""

from __future__ import annotations

from typing import Any, Final

import pytest

from pipeline.engine.execution import make_execution, variants
from pipeline.errors import ConfigError

CLASSIC: Final = {
    "fill_price": "print",
    "overnight_orders": "kept",
    "shared_print_volume": "each",
    "same_event_fill": "yes",
    "trade_through": "queue",
    "self_cross": "allowed",
    "crossed_book": "quoted",
    "open_delay": "none",
    "flatten": "auction",
    "queue": "prints",
    "touch": "ignored",
    "shown_size": "again",
    "marketable": "rest",
    "order_price": "any",
    "stale_orders": "kept",
    "latency_ms": 0.0,
    "fees_bps": 0.0,
}
STRICT: Final = {
    "fill_price": "order",
    "overnight_orders": "cancelled",
    "shared_print_volume": "once",
    "same_event_fill": "no",
    "trade_through": "clears",
    "self_cross": "cancel_older",
    "crossed_book": "wait",
    "open_delay": "10:05",
    "flatten": "touch",
    "queue": "capped",
    "touch": "fills",
    "shown_size": "once",
    "marketable": "take",
    "order_price": "grid",
    "stale_orders": "kept",
    "latency_ms": 0.0,
    "fees_bps": 0.0,
}


@pytest.mark.parametrize(("preset", "settings"), [("classic", CLASSIC), (None, CLASSIC), ("strict", STRICT)])
def test_a_preset_sets_every_switch(preset: str | None, settings: dict[str, Any]) -> None:
    execution = make_execution(preset, {}, "here")
    assert execution.settings == settings
    assert execution.name == (preset or "classic")


@pytest.mark.parametrize(
    ("preset", "changes", "name"),
    [
        ("classic", {"fill_price": "order"}, "classic fill_price=order"),
        ("classic", {"fill_price": "print", "latency_ms": "0"}, "classic"),
        ("strict", {"fees_bps": {"DFM": 3, "ADX": 2.5}}, "strict fees_bps=ADX:2.5,DFM:3"),
        ("strict", {"fees_bps": "dfm:3, ADX:2.5"}, "strict fees_bps=ADX:2.5,DFM:3"),
        ("classic", {"latency_ms": 2.5, "flatten": "touch"}, "classic flatten=touch latency_ms=2.5"),
        ("strict", {"open_delay": "none"}, "strict open_delay=none"),
        ("strict", {"fees_bps": "1.5"}, "strict fees_bps=1.5"),
        ("strict", {"open_delay": "10:05"}, "strict"),
    ],
)
def test_a_model_is_named_by_its_preset_and_what_differs(preset: str, changes: dict[str, Any], name: str) -> None:
    assert make_execution(preset, changes, "here").name == name


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fil_price": "order"}, "here: unknown switch 'fil_price'. Did you mean 'fill_price'?"),
        ({"zzz": 1}, "here: unknown switch 'zzz'. It is one of: fill_price, overnight_orders, shared_print_volume, "),
        ({"fill_price": "ordr"}, "here: fill_price is \"ordr\"; it takes print or order. Did you mean 'order'?"),
        ({"fill_price": True}, "here: fill_price is true; it takes print or order."),
        ({"fill_price": None}, "here: fill_price is null; it takes print or order."),
        ({"open_delay": "10:06"}, "here: open_delay is \"10:06\"; it takes none or 10:05. Did you mean '10:05'?"),
        ({"fees_bps": "ADX:2.5,DFM"}, 'here: fees_bps is ""; it takes a number from 0 to 1,000,000,000.'),
        ({"latency_ms": -1}, "here: latency_ms is -1; it takes a number from 0 to 1,000,000,000."),
        ({"latency_ms": "soon"}, 'here: latency_ms is "soon"; it takes a number from 0 to 1,000,000,000.'),
        ({"latency_ms": True}, "here: latency_ms is true; it takes a number from 0 to 1,000,000,000."),
        ({"latency_ms": "nan"}, 'here: latency_ms is "nan"; it takes a number from 0 to 1,000,000,000.'),
        ({"latency_ms": 1e300}, "here: latency_ms is 1e+300; it takes a number from 0 to 1,000,000,000."),
        ({"latency_ms": "1e12"}, 'here: latency_ms is "1e12"; it takes a number from 0 to 1,000,000,000.'),
        ({"fees_bps": 1e30}, "here: fees_bps is 1e+30; it takes a number from 0 to 1,000,000,000, or {"),
        ({"latency_ms": {"ADX": 1}}, 'here: latency_ms is {"ADX": 1}; it takes a number from 0 to 1,000,000,000.'),
        (
            {"fees_bps": -0.1},
            'here: fees_bps is -0.1; it takes a number from 0 to 1,000,000,000, or {"ADX": 2.5, "DFM": 3}.',
        ),
        (
            {"fees_bps": "two"},
            'here: fees_bps is "two"; it takes a number from 0 to 1,000,000,000, or {"ADX": 2.5, "DFM": 3}.',
        ),
        ({"fees_bps": "ADX:1,adx:2"}, "here: fees_bps names ADX twice; keep one."),
        ({"fees_bps": {"ADX": "much"}}, 'here: fees_bps is "much"; it takes a number from 0 to 1,000,000,000.'),
        (
            {"fees_bps": [1]},
            'here: fees_bps is [1]; it takes a number from 0 to 1,000,000,000, or {"ADX": 2.5, "DFM": 3}.',
        ),
    ],
)
def test_a_switch_that_cannot_be_meant_is_refused_by_name(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        make_execution("classic", changes, "here")
    assert str(refused.value).startswith(words)


def test_an_unknown_preset_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError) as refused:
        make_execution("strikt", {}, "here")
    assert str(refused.value) == "--execution is 'strikt'; it takes classic or strict. Did you mean 'strict'?"


@pytest.mark.parametrize(
    ("fees", "of_adx", "of_dfm"),
    [
        (0, 0.0, 0.0),
        (1.5, 1.5, 1.5),
        ("2.25", 2.25, 2.25),
        ({"ADX": 1.5}, 1.5, 0.0),
        ({"DFM": "3", "ADX": 1}, 1.0, 3.0),
    ],
)
def test_fees_are_one_number_or_one_an_exchange(fees: object, of_adx: float, of_dfm: float) -> None:
    execution = make_execution("classic", {"fees_bps": fees}, "here")
    assert (execution.fees_bps("ADX"), execution.fees_bps("DFM")) == (of_adx, of_dfm)


SET_BY: Final = {
    ("fill_price", "order"): {"order_price_fills": True},
    ("overnight_orders", "cancelled"): {"cancel_overnight": True},
    ("shared_print_volume", "once"): {"print_used_once": True},
    ("same_event_fill", "no"): {"match_first": True},
    ("trade_through", "clears"): {"through_clears": True},
    ("self_cross", "cancel_older"): {"no_self_cross": True},
    ("crossed_book", "wait"): {"wait_while_crossed": True},
    ("open_delay", "10:05"): {"open_delay": 300_000_000_000},
    ("flatten", "touch"): {"flatten_at_touch": True},
    ("flatten", "none"): {"carries_position": True},
    ("queue", "capped"): {"queue_model": 1},
    ("queue", "front"): {"queue_model": 2},
    ("queue", "power1"): {"queue_model": 3},
    ("queue", "power3"): {"queue_model": 5},
    ("touch", "fills"): {"touch_fills": True},
    ("shown_size", "once"): {"shown_once": True},
    ("marketable", "take"): {"takes_marketable": True},
    ("marketable", "reject"): {"rejects_marketable": True},
    ("order_price", "grid"): {"prices_on_grid": True},
    ("stale_orders", "cancel"): {"cancel_stale": True},
    ("latency_ms", 2.5): {"latency": 2_500_000},
    ("fees_bps", 9): {},
}


@pytest.mark.parametrize("switch", SET_BY)
def test_a_switch_sets_its_own_field_of_the_market_and_no_other(switch: tuple[str, object]) -> None:
    off = make_execution("classic", {}, "here").fields()
    assert set(off.values()) == {0}
    assert make_execution("classic", dict([switch]), "here").fields() == off | SET_BY[switch]


def test_the_assumption_check_keeps_the_runs_fees_and_nothing_else_of_its_model() -> None:
    models = variants(make_execution("strict", {"latency_ms": 3, "fees_bps": 2}, "here"))
    assert list(models) == [
        *("classic", "strict", "fill_price=order", "overnight_orders=cancelled", "shared_print_volume=once"),
        *("same_event_fill=no", "trade_through=clears", "self_cross=cancel_older", "crossed_book=wait"),
        *("open_delay=10:05", "flatten=touch", "queue=capped", "touch=fills", "shown_size=once", "marketable=take"),
        *("order_price=grid", "stale_orders=cancel", "latency_ms=1000", "fees_bps=1"),
        *("strict queue=front", "strict queue=power1", "strict queue=power2", "strict queue=power3"),
        *("strict up to fill_price", "strict up to overnight_orders", "strict up to shared_print_volume"),
        *("strict up to same_event_fill", "strict up to trade_through", "strict up to self_cross"),
        *("strict up to crossed_book", "strict up to open_delay", "strict up to flatten", "strict up to queue"),
        *("strict up to touch", "strict up to shown_size", "strict up to marketable"),
    ]
    assert {name: model.settings["fees_bps"] for name, model in models.items() if model.settings["fees_bps"] != 2} == {
        "fees_bps=1": 1.0
    }
    for name, model in models.items():
        preset, _, key = name.partition("=")[0].rpartition(" ")
        expected = STRICT if name.startswith("strict") else CLASSIC
        differing = {of for of, value in model.settings.items() if value != expected[of]} - {"fees_bps"}
        if preset == "strict up to":
            in_order = [of for of in CLASSIC if CLASSIC[of] != STRICT[of]]
            assert differing == set(in_order[in_order.index(key) + 1 :])
        else:
            assert differing == ({key} - {"classic", "strict", "fees_bps"})
