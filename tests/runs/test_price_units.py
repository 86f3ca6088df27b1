"""A London security from its ticks in pence to a run in pounds, worked out by hand."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from pipeline import backtest, explain, reconcile, sweep
from pipeline.folders import config_file
from pipeline.markets.facts import FOLDER
from pipeline.store.parquet import read_table
from pipeline.ticks import ASK, BID, TRADE, Ticks
from pipeline.tracing.rendering import lines_of
from tests.made import DAY, HOUR, MONDAY, SECOND, contents, make_strategy, random_ticks, write_ticks
from tests.made import PARAMETERS as MADE
from tests.pages.reading import read_page

if TYPE_CHECKING:
    from pathlib import Path

NINE: Final = MONDAY + DAY + 9 * HOUR
ROWS: Final = (
    (0, BID, 350.0, 1_000),
    (1, ASK, 352.0, 1_000),
    (10, TRADE, 350.0, 1_100),
    (20, TRADE, 352.0, 1_100),
)
"""Seconds after nine, and prices in pence: the prints leave our bid and our ask 100 shares each behind the queue."""

PARAMETERS: Final = {
    "quote_size": 500,
    "max_notional": 351,  # pounds: 100 shares at 350 pence and at the mid of 351
    "min_local_currency_before_quote": 3_500,  # pounds: what the bid is worth, 1,000 shares at 350 pence
}
COSTS: Final = {"bps": 10, "per_trade": 0.5}
"""A thousandth of 350 and of 352 pounds, and half a pound each."""

BY_HAND: Final = {
    "realized_pnl": 2.0,
    "fees": 1.702,
    "net_pnl": 0.298,
    "turnover": 702.0,
    "spread_captured": 2.0,
    "peak_capital": 350.0,
    "max_drawdown": 0.85,
    "return_on_limit": 0.298 / 351,
}

OWN: Final = """
target: AED = parameter(2.0)
reached: int = 0
counters = ("reached",)
figures = {
    "highest": lambda fills, series: fills["fill_price"].max(),
    "earned": lambda fills, series: fills["realized_pnl"].sum(),
}

def on_tick(self, m):
    if m.bid_size > 0 and not m.bid_live and m.position == 0:
        m.quote_bid(m.bid, 100)
    if m.ask_size > 0 and not m.ask_live:
        m.quote_ask(m.ask, 100)

def on_fill(self, m, side, price, quantity):
    if m.realized_pnl >= self.target:
        self.reached += 1
"""
"""Two pounds are reached by 2 pence a share of 100 shares."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("pence")
    seconds, kinds, prices, sizes = zip(*ROWS, strict=True)
    ticks = Ticks(
        NINE + np.array(seconds, np.int64) * SECOND,
        np.array(kinds, np.int8),
        np.array(prices, np.float64),
        np.array(sizes, np.int64),
    )
    (folder / "store").mkdir()
    write_ticks(folder / "store" / "VOD.parquet", ticks, {"exchange": "LSE", "fingerprint": "made"})
    config = {"_costs": COSTS, "VOD": PARAMETERS}
    (folder / "v1.json").write_text(json.dumps(config), encoding="utf-8")
    return {"parquet_dir": folder / "store", "config": folder / "v1.json", "backend": "sequential"}


@pytest.fixture(scope="module")
def folder(made: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "v1"
    backtest(**made, output_dir=out)
    return out


def test_prices_stay_in_pence_and_amounts_are_in_pounds(folder: Path) -> None:
    fills = read_table(folder / "trades" / "VOD.parquet").to_pydict()
    assert (fills["fill_price"], fills["fill_qty"]) == ([350.0, 352.0], [100, 100])
    assert (fills["realized_pnl"], fills["pnl"]) == ([0.0, 2.0], [0.0, 2.0])
    assert fills["fee"] == pytest.approx([0.85, 0.852])
    figures = json.loads((folder / "metrics.json").read_bytes())
    for found in (figures["securities"]["VOD"], figures["portfolio"]):
        assert {name: found[name] for name in BY_HAND} == pytest.approx(BY_HAND)
    summary = next(csv.DictReader((folder / "backtest_summary.csv").read_text("utf-8").splitlines()))
    assert (summary["currency"], summary["last_price"], float(summary["realized_pnl"])) == ("GBP", "352.0", 2.0)
    check = list(csv.DictReader((folder / "sensitivity.csv").read_text("utf-8").splitlines()))
    for row in check:
        if row["execution"] in ("classic", "strict", "order_price=grid"):
            assert (row["fills"], float(row["realized_pnl"]), float(row["fees"])) == ("2", 2.0, 1.702)
    market = json.loads((folder / "run.json").read_bytes())["markets"]["LSE"]
    assert (market["prices_in"], market["prices_per_currency"]) == ("GBp", 100)


def test_the_page_says_pence_of_prices_and_pounds_of_amounts(folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "amounts in GBP" in page
    assert 'data-currency="GBP" data-prices="GBp"' in page


def test_either_engine_and_a_sweep_come_to_the_same(made: dict[str, Any], folder: Path, tmp_path: Path) -> None:
    backtest(**made, output_dir=tmp_path / "plain", engine="python", report=False)
    name = "trades/VOD.parquet"
    assert contents(tmp_path / "plain")[name] == contents(folder)[name]
    done = sweep(**made, grid={"min_local_currency_before_quote": [3_500, 3_500.01, 3_520.01]}, report=False)
    table = done.table.to_pydict()
    assert table["net_pnl"] == pytest.approx([0.298, -0.852, 0.0])
    assert table["turnover"] == pytest.approx([702.0, 352.0, 0.0])


def test_a_fill_is_explained_in_both_units_and_reconciled_in_pounds(
    made: dict[str, Any], folder: Path, tmp_path: Path
) -> None:
    fill = explain("VOD", 2, str(folder), parquet_dir=made["parquet_dir"])
    assert (fill.prices_in, fill.currency, fill.account.realized, fill.account.pnl) == ("GBp", "GBP", 2.0, 2.0)
    said = " ".join(" ".join(lines_of(fill)).split())
    assert "100 closed: (352.0 - 350.0) x 100 / 100 = 2.00 GBP realised" in said
    assert "P&L 0.00 to 2.00 GBP" in said
    desk = tmp_path / "desk.csv"
    rows = ("2025-01-13 09:00:10,VOD,buy,350,100", "2025-01-13 09:00:20,VOD,sell,351,100")
    desk.write_text("\n".join(("time,security,side,price,quantity", *rows)), encoding="utf-8")
    both = reconcile(desk, str(folder), parquet_dir=made["parquet_dir"], price_tolerance=1.0)
    assert (both.total.desk_pnl, both.total.run_pnl) == (1.0, 2.0)


def test_a_security_quoted_in_parts_has_to_the_bit_what_the_same_one_has_that_is_quoted_in_the_currency(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 128 parts, so that scaling does not round: a gain of nothing would become a loss of next to nothing."""
    monkeypatch.chdir(tmp_path)
    market = json.loads(config_file(FOLDER / "LSE.json").read_text(encoding="utf-8"))
    (tmp_path / FOLDER).mkdir(parents=True)
    ticks = random_ticks(7, days=3, a_day=900)
    found = []
    for exchange, units in (("WHOLE", 1), ("PARTS", 128)):
        own = {"exchange": exchange, "codes": [], "price_unit": "part", "price_units_per_currency": units}
        (tmp_path / FOLDER / f"{exchange}.json").write_text(json.dumps(market | own), encoding="utf-8")
        folder = tmp_path / exchange
        (folder / "store").mkdir(parents=True)
        write_ticks(folder / "store" / "FAB.parquet", replace(ticks, price=ticks.price * units), {"exchange": exchange})
        (folder / "v1.json").write_text(json.dumps({"_costs": COSTS, "FAB": MADE}), encoding="utf-8")
        asked: dict[str, Any] = {"parquet_dir": folder / "store", "config": folder / "v1.json", "backend": "sequential"}
        backtest(**asked, output_dir=folder / "run")
        swept = sweep(**asked, grid={"max_notional": [20_000, 60_000]}, report=False).table.drop_columns(["exchange"])
        page = read_page((folder / "run" / "report.html").read_bytes())
        found.append(
            {
                "metrics": json.loads((folder / "run" / "metrics.json").read_bytes()),
                "swept": swept.to_pydict(),
                "charts": [page.data["charts"][name] for name in ("exposure", "hold", "days")],
                **{name: (folder / "run" / name).read_text("utf-8") for name in ("daily.csv", "sensitivity.csv")},
            }
        )
    assert found[0]["metrics"]["portfolio"]["fills"] > 100
    assert found[0] == found[1]


def test_own_figures_have_prices_in_pence_and_amounts_in_pounds_and_amounts_of_a_config_are_pounds(
    made: dict[str, Any], tmp_path: Path
) -> None:
    make_strategy(tmp_path / "own.py", OWN)
    run = backtest(**made | {"config": tmp_path / "own.json"}, strategy=str(tmp_path / "own.py"))
    assert run.results[0].error is None
    figures = run.results[0].ledger.figures
    assert {name: entry["value"] for name, entry in figures["own"].items()} == {"highest": 352.0, "earned": 2.0}
    assert figures["counters"] == {"reached": 1}
