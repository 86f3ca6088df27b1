"""What each fill is charged, worked out by hand, and that every way of replaying charges the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from pipeline import api
from pipeline.engine.costs import checked_costs, costs_of
from pipeline.engine.execution import make_execution
from pipeline.engine.outcome import Fills
from pipeline.engine.strategy import fields_of
from pipeline.errors import ConfigError
from pipeline.replay.batch import Setting, simulate_many
from pipeline.replay.charges import charges_of
from pipeline.replay.simulate import simulate
from pipeline.strategies.loading.load import load_strategy
from tests.engine.walks import ADX
from tests.made import PARAMETERS, make_config, random_ticks

if TYPE_CHECKING:
    from pathlib import Path

TAKE: Final = -1
"""Where a fill's order was placed that is of none."""

DAY_OF: Final = {"Jan": "2025-01-15", "Feb": "2025-02-03"}
TIERS: Final = {"bps": 10, "tiers": [{"monthly_turnover": 3_000, "bps": 4}, {"monthly_turnover": 5_000, "bps": 1}]}

# Each fill: its month, its side, its price, its shares, the event its order was placed on; then what it is charged.
CASES: Final[dict[str, tuple[dict[str, Any], float, list[tuple[str, str, float, int, int]], list[float] | None]]] = {
    "nothing": ({}, 0, [("Jan", "buy", 10, 100, 1)], None),
    "basis points alone": ({}, 5, [("Jan", "buy", 10, 100, 1), ("Jan", "sell", 20, 100, 2)], [0.5, 1.0]),
    "no fills": ({"bps": 3, "minimum_per_order": 5}, 0, [], []),
    "one rate": ({"bps": 20}, 0, [("Jan", "buy", 10, 100, 1)], [2.0]),
    "beside basis points": ({"bps": 20, "per_trade": 1.5}, 5, [("Jan", "buy", 10, 100, 1)], [2.0 + 0.5 + 1.5]),
    "a fixed amount a trade": ({"per_trade": 2}, 0, [("Jan", "buy", 10, 1, 1), ("Jan", "buy", 10, 9, 1)], [2, 2]),
    "maker and taker": (
        {"maker_bps": 10, "taker_bps": 30},
        0,
        [("Jan", "buy", 10, 100, 1), ("Jan", "sell", 10, 100, TAKE)],
        [1.0, 3.0],
    ),
    "a maker's rebate": ({"maker_bps": -5}, 0, [("Jan", "buy", 10, 100, 1)], [-0.5]),
    "an order above the minimum": ({"bps": 100, "minimum_per_order": 5}, 0, [("Jan", "buy", 10, 100, 1)], [10.0]),
    "an order below it": ({"bps": 10, "minimum_per_order": 5}, 0, [("Jan", "buy", 10, 100, 1)], [5.0]),
    # One order: 1 + 2 + 4 + 8 by rate: 5 at once, nothing while 1 + 2 is covered, 7 - 5, then 8.
    "the fills of an order together": (
        {"bps": 10, "minimum_per_order": 5},
        0,
        [("Jan", "buy", 10, shares, 1) for shares in (100, 200, 400, 800)],
        [5.0, 0.0, 2.0, 8.0],
    ),
    "bid and ask of one event are two orders": (
        {"minimum_per_order": 5},
        0,
        [("Jan", "buy", 10, 100, 1), ("Jan", "sell", 10, 100, 1), ("Jan", "buy", 10, 100, 1)],
        [5.0, 5.0, 0.0],
    ),
    "each take is an order": (
        {"minimum_per_order": 5},
        0,
        [("Jan", "sell", 10, 100, TAKE), ("Jan", "sell", 10, 100, TAKE)],
        [5.0, 5.0],
    ),
    "a fixed amount comes on top of the minimum": (
        {"bps": 10, "minimum_per_order": 5, "per_trade": 1},
        0,
        [("Jan", "buy", 10, 100, 1), ("Jan", "buy", 10, 100, 1)],
        [6.0, 1.0],
    ),
    # Before each fill the month has turned over 0, 2,000, 3,000, 5,000; in February nothing yet.
    "tiers by what the month has turned over": (
        TIERS,
        0,
        [
            ("Jan", "buy", 10, 200, 1),
            ("Jan", "buy", 10, 100, 2),
            ("Jan", "sell", 20, 100, 3),
            ("Jan", "sell", 10, 100, 4),
            ("Feb", "buy", 10, 100, 5),
        ],
        [2.0, 1.0, 0.8, 0.1, 1.0],
    ),
    "the turnover of the account beside": (
        TIERS | {"other_monthly_turnover": 3_000},
        0,
        [("Jan", "buy", 10, 200, 1), ("Jan", "buy", 10, 100, 2), ("Feb", "buy", 10, 100, 3)],
        [0.8, 0.1, 0.4],
    ),
}


def fills_of(rows: list[tuple[str, str, float, int, int]], **of_auction: Any) -> Fills:
    times = [np.datetime64(f"{DAY_OF[month]}T11:00:00", "ns") for month, *_ in rows]
    count = len(rows)
    return Fills(
        event=np.arange(count),
        timestamp=np.array(times, "datetime64[ns]").astype(np.int64),
        side=np.array([1 if side == "buy" else -1 for _, side, *_ in rows], np.int8),
        price=np.array([row[2] for row in rows], np.float64),
        quantity=np.array([row[3] for row in rows], np.int64),
        realized=np.zeros(count),
        position=np.zeros(count, np.int64),
        pnl=np.zeros(count),
        how=np.array([2 if row[4] == TAKE else 0 for row in rows], np.int8),
        placed=np.array([row[4] for row in rows], np.int64),
        **of_auction,
    )


@pytest.mark.parametrize("case", CASES)
def test_charges_by_hand(case: str) -> None:
    declared, fees_bps, rows, expected = CASES[case]
    costs = costs_of(checked_costs(declared, "here"), "ADX", fees_bps)
    charges = charges_of(fills_of(rows), load_strategy("v1_baseline"), costs, ADX)
    assert charges is None if expected is None else charges.tolist() == pytest.approx(expected, abs=1e-12)


def test_the_auctions_stops_and_flattens_take_and_its_exits_of_one_order_share_a_minimum() -> None:
    rows = [("Jan", "buy" if at == 0 else "sell", 10.0, 100, TAKE) for at in range(5)]
    types = [0, 1, 1, 2, 3]  # entry, two exits at one price, stop loss, flatten
    fills = fills_of(rows, trade_type=np.array(types, np.int8), reference=np.array([9.0, 11.0, 11.0, 9.0, 11.0]))
    declared = {"maker_bps": 10, "taker_bps": 40, "minimum_per_order": 1.5}
    charges = charges_of(fills, load_strategy("closing_auction"), costs_of(declared, "ADX", 0.0), ADX)
    assert charges is not None
    assert charges.tolist() == pytest.approx([1.5, 1.5, 0.5, 4.0, 4.0])


BILLED: Final[dict[str, object]] = {
    "ADX": {"maker_bps": 2, "taker_bps": 5, "minimum_per_order": 3, "tiers": [{"monthly_turnover": 1e5, "bps": 1}]}
}


def test_every_way_of_replaying_charges_the_same() -> None:
    ticks, strategy = random_ticks(1), load_strategy("v1_baseline")
    parameters = {name: each.default for name, each in fields_of(strategy).by_key().items()} | PARAMETERS
    models = [make_execution(preset, {"costs": BILLED}, "here") for preset in ("classic", "strict")]
    models.append(make_execution("strict", {"costs": {"maker_bps": 2, "taker_bps": 3, "per_trade": 1}}, "here"))
    many = dict(simulate_many(ticks, strategy, [Setting(parameters, model) for model in models], ADX, "compiled"))
    for number, model in enumerate(models):
        plain = simulate(ticks, strategy, parameters, ADX, model, "python")
        assert plain.charges is not None
        assert plain.charges.sum() > 0
        assert many[number].charges.tobytes() == plain.charges.tobytes()  # type: ignore[union-attr]


def test_costs_reach_net_figures_run_json_explanations_and_sweeps(store: Path, tmp_path: Path) -> None:
    config = make_config(tmp_path / "v1.json", _costs=BILLED)
    options: dict[str, Any] = {"config": config, "parquet_dir": store}
    run = api.backtest(**options, execution="strict", output_dir=tmp_path / "run")
    free = api.backtest(config=make_config(tmp_path / "free.json"), parquet_dir=store, execution="strict")
    summary = run.summary.set_index("security")
    assert summary["realized_pnl"].tolist() == free.summary["realized_pnl"].tolist()
    assert summary.loc["EMAAR", "fees"] == 0.0 < summary.loc["FAB", "fees"]
    recorded = json.loads((tmp_path / "run" / "run.json").read_text())["execution"]
    assert (recorded["name"], recorded["settings"]["costs"]["ADX"]["taker_bps"]) == ("strict costs", 5.0)
    check = run.sensitivity.query("security == 'FAB' and execution == 'strict'")
    assert check["fees"].tolist() == [summary.loc["FAB", "fees"]]
    fees = run.trades("FAB")["fee"].tolist()
    assert sum(fees) == pytest.approx(summary.loc["FAB", "fees"])
    for number in (1, len(fees)):
        found = api.explain("FAB", number, tmp_path / "run", parquet_dir=store)
        assert found.account.fee == fees[number - 1]
    sweep = api.sweep(**options, execution="strict", grid={"execution.costs.ADX.minimum_per_order": [0, 3]})
    frame = sweep.frame.query("security == 'FAB'")
    assert frame["execution.costs.ADX.minimum_per_order"].tolist() == [0.0, 3.0]
    assert frame["fees"].tolist()[1] == pytest.approx(summary.loc["FAB", "fees"])
    assert frame["fees"].tolist()[0] < frame["fees"].tolist()[1]


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ({"_costs": {"ADXX": {"bps": 3}}}, "Did you mean 'ADX'?"),
        ({"_costs": {"ADX": {"bsp": 3}}}, "Did you mean 'bps'?"),
        ({"_cost": {"bps": 3}}, "Did you mean '_costs'?"),
    ],
)
def test_a_config_whose_costs_are_wrong_is_refused(store: Path, tmp_path: Path, blocks: Any, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        api.backtest(config=make_config(tmp_path / "v1.json", **blocks), parquet_dir=store)
    assert words in str(refused.value)
