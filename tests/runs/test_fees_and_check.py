"""Fees beside the gross figures, and the assumption check in the run folder."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline import api
from pipeline.engine.execution import make_execution, variants
from tests.made import PARAMETERS, contents, make_config

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.runs.backtest import BacktestRun

FEES = {"execution.fees_bps": {"ADX": 5, "DFM": 2.5}}
THREE_STEPS = {
    "execution.fill_price": "order",
    "execution.overnight_orders": "cancelled",
    "execution.shared_print_volume": "once",
}


@pytest.fixture
def run_into(store: Path, tmp_path: Path) -> Callable[..., BacktestRun]:
    def run(name: str, **options: Any) -> BacktestRun:
        config = make_config(tmp_path / "v1.json")
        return api.backtest(**{"config": config, "parquet_dir": store, "output_dir": tmp_path / name} | options)

    return run


def table(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.read_text())))


def test_each_fill_has_its_fee_and_gross_figures_stay_as_they_are(run_into: Any, tmp_path: Path) -> None:
    run_into("free")
    run_into("charged", parameters=FEES)
    for ticker, bps in (("FAB", 5), ("EMAAR", 2.5)):
        free = pq.read_table(tmp_path / "free" / "trades" / f"{ticker}.parquet")
        charged = pq.read_table(tmp_path / "charged" / "trades" / f"{ticker}.parquet")
        assert "fee" not in free.column_names
        assert charged.drop_columns(["fee"]).equals(free)
        value = charged["fill_price"].to_numpy() * charged["fill_qty"].to_numpy()
        assert np.allclose(charged["fee"].to_numpy(), value * bps / 10_000, rtol=1e-15)
    header = (tmp_path / "charged" / "fab_trades_timeseries.csv").read_text().splitlines()[0]
    assert header.endswith(',"pnl","fee"')


def test_summary_and_metrics_have_gross_and_net_apart(run_into: Any, tmp_path: Path) -> None:
    free, charged = run_into("free"), run_into("charged", parameters=FEES)
    rows = table(tmp_path / "charged" / "backtest_summary.csv")
    metrics = json.loads((tmp_path / "charged" / "metrics.json").read_text())
    assert [row["realized_pnl"] for row in rows] == [str(value) for value in free.summary["realized_pnl"]]
    for row in rows:
        fees = float(row["fees"])
        assert fees == math.fsum(charged.trades(row["security"])["fee"]) > 0
        assert float(row["net_pnl"]) == float(row["realized_pnl"]) - fees
        own = metrics["securities"][row["security"]]
        assert (own["fees"], own["net_pnl"]) == (fees, float(row["net_pnl"]))
    assert metrics["portfolio"]["fees"] == pytest.approx(sum(float(row["fees"]) for row in rows), rel=1e-15)
    assert metrics["portfolio"]["net_pnl"] == pytest.approx(sum(float(row["net_pnl"]) for row in rows), rel=1e-12)


def test_an_exchange_that_the_config_overrides_pays_its_own_fees(run_into: Any, tmp_path: Path) -> None:
    config = make_config(tmp_path / "moved.json", FAB=PARAMETERS | {"exchange": "DFM"})
    run = run_into("moved", config=config, parameters=FEES)
    for ticker, bps in (("EMAAR", 2.5), ("FAB", 2.5), ("MODON", 5.0)):
        fills = run.trades(ticker)
        value = fills["fill_price"] * fills["fill_qty"]
        assert np.allclose(fills["fee"], value * bps / 10_000, rtol=1e-15)
    assert run.summary["exchange"].tolist() == ["DFM", "DFM", "ADX"]


def test_the_check_has_every_model_by_security_and_totals_that_are_their_sums(run_into: Any, tmp_path: Path) -> None:
    run_into("run")
    rows = table(tmp_path / "run" / "sensitivity.csv")
    models = list(variants(make_execution("classic", {}, "")))
    assert [row["security"] for row in rows[:: len(models)]] == ["EMAAR", "FAB", "MODON", "total"]
    for at, model in enumerate(models):
        *parts, total = rows[at :: len(models)]
        assert {row["execution"] for row in parts} == {model} == {total["execution"]}
        for column in ("fills", "realized_pnl", "fees", "net_pnl"):
            assert float(total[column]) == sum(float(row[column]) for row in parts)
    assert {float(row["fees"]) > 0 for row in rows if row["execution"] == "fees_bps=1"} == {True}


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("classic", {}),
        ("strict", {"execution": "strict"}),
        ("flatten=touch", {"parameters": {"execution.flatten": "touch"}}),
        ("latency_ms=1000", {"parameters": {"execution.latency_ms": 1000}}),
        ("fees_bps=1", {"parameters": {"execution.fees_bps": 1}}),
        ("strict queue=power2", {"execution": "strict", "parameters": {"execution.queue": "power2"}}),
        ("strict up to shared_print_volume", {"parameters": THREE_STEPS}),
    ],
)
def test_a_model_of_the_check_gives_what_a_run_under_it_gives(run_into: Any, model: str, options: Any) -> None:
    check = run_into("check").sensitivity
    alone = run_into("alone", sensitivity=False, **options).summary
    rows = check[(check["execution"] == model) & (check["security"] != "total")]
    assert rows["fills"].tolist() == alone["trades"].tolist()
    assert rows["realized_pnl"].tolist() == alone["realized_pnl"].tolist()
    assert rows["net_pnl"].tolist() == alone["net_pnl"].tolist()


def test_the_check_changes_nothing_else_of_a_run(run_into: Any, tmp_path: Path) -> None:
    run_into("with")
    run_into("without", sensitivity=False)
    with_check, without = contents(tmp_path / "with"), contents(tmp_path / "without")
    assert "sensitivity.csv" in json.loads(with_check.pop("run.json"))["files"]
    assert "sensitivity.csv" not in json.loads(without.pop("run.json"))["files"]
    del with_check["sensitivity.csv"]
    assert with_check.pop("report.html") != without.pop("report.html")
    assert with_check == without


def test_run_json_has_what_the_check_comes_to(run_into: Any, tmp_path: Path) -> None:
    run_into("run")
    rows = table(tmp_path / "run" / "sensitivity.csv")
    total = {row["execution"]: float(row["net_pnl"]) for row in rows if row["security"] == "total"}
    verdict = json.loads((tmp_path / "run" / "run.json").read_text())["assumption_check"]
    queues = [total["strict"], *(total[f"strict queue={queue}"] for queue in ("front", "power1", "power2", "power3"))]
    assert {key: verdict[key] for key in ("classic", "strict", "band_low", "band_high")} == {
        "classic": total["classic"],
        "strict": total["strict"],
        "band_low": min(queues),
        "band_high": max(queues),
    }
    run_into("run", sensitivity=False)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["assumption_check"] is None


def test_a_run_without_the_check_leaves_none_of_an_earlier_one(run_into: Any, tmp_path: Path) -> None:
    run_into("run")
    assert run_into("run", sensitivity=False).sensitivity.empty
    assert not (tmp_path / "run" / "sensitivity.csv").exists()


def test_run_json_names_the_model_and_every_switch(run_into: Any, tmp_path: Path) -> None:
    run_into("run", execution="strict", parameters={"execution.latency_ms": 20} | FEES, sensitivity=False)
    execution = json.loads((tmp_path / "run" / "run.json").read_text())["execution"]
    assert execution["name"].startswith("strict latency_ms=20 fees_bps=")
    assert execution["settings"]["fill_price"] == "order"
    assert execution["settings"]["fees_bps"] == {"ADX": 5.0, "DFM": 2.5}
