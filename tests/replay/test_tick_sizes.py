"""A config's tick size: asked for where a market's are not known, put in force, recorded, and told apart."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline import api
from pipeline.markets.facts import facts_of
from pipeline.replay.plan import Request, plan
from pipeline.runs.compare import compare
from pipeline.runs.reader import read_run
from pipeline.runs.recorded_security import read_security
from pipeline.runs.recorded_setting import setting_of
from pipeline.sweeps.grid import read_grid
from pipeline.sweeps.plan import plan_sweep
from tests.made import make_store, make_strategy

if TYPE_CHECKING:
    from pathlib import Path

ASKS: Final = 'Say the security\'s in the config, beside its parameters or in "_defaults": "tick_size": 0.01.'
UNKNOWN: Final = ", and those of London Stock Exchange are not known. "
BIDS_HIGH: Final = """
def on_tick(self, m):
    if m.ask_size > 0 and m.position == 0:
        m.quote_bid(m.round_up_to_tick(m.ask + 1.3), 10)
"""
ROUNDS: Final = """
def on_tick(self, m):
    m.quote_bid(m.round_down_to_tick(9.87), 100)
"""
TOUCHES: Final = """
def on_tick(self, m):
    m.quote_bid(9.87, 100)
"""


@pytest.fixture
def requested(tmp_path: Path) -> Any:
    store = make_store(tmp_path / "parquet")

    def request(body: str, config: dict[str, Any], **changes: Any) -> Request:
        path = tmp_path / "own.json"
        strategy = make_strategy(tmp_path / "own.py", body)
        path.write_text(json.dumps(config), encoding="utf-8")
        return Request(**{"strategy": str(strategy), "parquet_dir": store, "config": path, **changes})

    return request


@pytest.mark.parametrize(
    ("body", "execution", "needs"),
    [
        (ROUNDS, "classic", f"own asks for tick sizes{UNKNOWN}"),
        (
            TOUCHES,
            "strict",
            f"The execution model rounds order prices to ticks (order_price=grid){UNKNOWN}",
        ),
        (TOUCHES, "classic", None),
    ],
)
def test_what_needs_ticks_asks_for_them_and_has_them(requested: Any, body: str, execution: str, needs: str) -> None:
    bare: dict[str, Any] = {"_defaults": {}, "FAB": {"exchange": "LSE"}}
    error = None if needs is None else needs + ASKS
    found = {task.ticker: task.error for task in plan(requested(body, bare, execution=execution)).tasks}
    assert found == {"EMAAR": None, "FAB": error, "MODON": None}
    for config in (
        {"_defaults": {}, "FAB": {"exchange": "LSE", "tick_size": 0.5}},
        {"_defaults": {"tick_size": 0.5}, "FAB": {"exchange": "LSE"}},
    ):
        tasks = plan(requested(body, config, execution=execution)).tasks
        assert {task.ticker: (task.error, task.tick_size) for task in tasks} == {
            "EMAAR": (None, None),
            "FAB": (None, 0.5),
            "MODON": (None, None),
        }


def test_an_entrys_own_tick_stands_over_what_is_known(requested: Any) -> None:
    config = {"_defaults": {"tick_size": 0.5}, "FAB": {"tick_size": 0.25}}
    tasks = {task.ticker: task for task in plan(requested(ROUNDS, config)).tasks}
    assert {ticker: task.tick_size for ticker, task in tasks.items()} == {"EMAAR": None, "FAB": 0.25, "MODON": None}
    assert tasks["FAB"].market.tick_sizes == ((float("inf"), 0.25),)
    assert tasks["MODON"].market == facts_of("ADX").of_security("MODON")


def test_a_sweep_over_models_asks_where_one_of_them_needs_ticks(requested: Any) -> None:
    grid = read_grid(["execution.order_price=any,grid"])
    for size, errors in ((None, 1), (0.5, 0)):
        config = {"_defaults": {}, "FAB": {"exchange": "LSE"} | ({"tick_size": size} if size else {})}
        request = replace(requested(TOUCHES, config), securities=("FAB",))
        [base] = plan_sweep(grid, request, [request.strategy]).bases.values()
        assert [task.ticker for task in base.tasks if task.error] == ["FAB"][:errors]


@pytest.mark.parametrize(("size", "rounds"), [(None, False), (0.5, True)])
def test_the_assumption_check_rounds_by_it_and_says_where_it_has_none(
    requested: Any, size: float | None, *, rounds: bool
) -> None:
    config = {"_defaults": {}, "FAB": {"exchange": "LSE"} | ({"tick_size": size} if size else {})}
    made = plan(replace(requested(TOUCHES, config), securities=("EMAAR", "FAB")))
    on_grid = {
        task.ticker: {name for name, model in task.alternatives.items() if model.fields()["prices_on_grid"]}
        for task in made.tasks
    }
    assert {"strict", "strict queue=front", "order_price=grid"} <= on_grid["EMAAR"]
    assert on_grid["FAB"] == (on_grid["EMAAR"] if rounds else set())
    said = [text for text in made.warnings if "tick sizes" in text]
    assert len(said) == (not rounds)
    for text in said:
        assert text.startswith("FAB: tick sizes of London Stock Exchange are not known, so the assumption check rounds")
        assert text.endswith(ASKS)


def test_a_run_rounds_by_it_and_records_it(requested: Any, tmp_path: Path) -> None:
    for name, size in (("whole", 1.0), ("half", 0.5)):
        config = {"_defaults": {"tick_size": size}, "_execution": {"fill_price": "order"}, "FAB": {"exchange": "LSE"}}
        request = requested(BIDS_HIGH, config)
        paths = {"config": request.config, "parquet_dir": request.parquet_dir, "output_dir": tmp_path / name}
        api.backtest(request.strategy, securities=["FAB"], **paths)
        fills = read_run(tmp_path / name).read_fills("FAB")
        bought = fills.price[fills.side > 0]
        assert len(bought)
        assert {price % size for price in bought.tolist()} == {0.0}
        content = json.loads((tmp_path / name / "run.json").read_text(encoding="utf-8"))
        assert content["tick_sizes"] == {"FAB": size}
        market = setting_of(read_security(tmp_path / name, "FAB"), request.strategy).market
        assert market == facts_of("LSE").of_security("FAB", size)
    [difference] = compare(*(read_run(tmp_path / name) for name in ("whole", "half"))).differences
    assert (difference.setting, difference.security, difference.a, difference.b) == ("tick_size", "FAB", 1.0, 0.5)
