from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any, Final

import pyarrow.parquet as pq
import pytest
from pyarrow import csv as arrow_csv

from pipeline import api
from pipeline.engine.strategy import fields_of
from pipeline.errors import OutputNotWritable
from pipeline.markets.facts import facts_of
from pipeline.replay.simulate import CLASSIC, simulate
from pipeline.runs.writer import SUMMARY_COLUMNS
from pipeline.settings import read_config
from pipeline.store.tick_file import read_ticks
from pipeline.strategies.loading.load import load_strategy
from pipeline.ticks import Ticks
from tests.made import PARAMETERS, contents, make_store, random_ticks, results, write_ticks

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.runs.backtest import BacktestRun


def run_into(output: Path, inputs: tuple[Path, Path], **options: Any) -> BacktestRun:
    return api.backtest(config=inputs[1], parquet_dir=inputs[0], output_dir=output, **options)


def test_a_run_folder_has_the_files_the_design_names(inputs: Any, tmp_path: Path) -> None:
    run_into(tmp_path / "run", inputs)
    assert sorted(contents(tmp_path / "run")) == [
        "backtest_summary.csv",
        "daily.csv",
        "emaar_trades_timeseries.csv",
        "fab_trades_timeseries.csv",
        "marks/EMAAR.parquet",
        "marks/FAB.parquet",
        "marks/MODON.parquet",
        "metrics.json",
        "modon_trades_timeseries.csv",
        "prices/EMAAR.parquet",
        "prices/FAB.parquet",
        "prices/MODON.parquet",
        "report.html",
        "run.json",
        "sensitivity.csv",
        "trades/EMAAR.parquet",
        "trades/FAB.parquet",
        "trades/MODON.parquet",
    ]


def test_trades_are_exact_in_execution_order_with_the_columns_users_know(inputs: Any, tmp_path: Path) -> None:
    run_into(tmp_path / "run", inputs)
    table = pq.read_table(tmp_path / "run" / "trades" / "FAB.parquet")
    assert [f"{field.name} {field.type}" for field in table.schema] == [
        "timestamp timestamp[ms]",
        "side string",
        "fill_price double",
        "fill_qty int64",
        "realized_pnl double",
        "position int64",
        "pnl double",
    ]
    strategy, config = load_strategy("v1_baseline"), inputs[1]
    parameters = read_config(config, fields_of(strategy).by_key(), {}).of(["FAB"])["FAB"]
    fills = simulate(read_ticks(inputs[0] / "FAB.parquet"), strategy, parameters, facts_of("ADX"), CLASSIC).fills
    assert table["pnl"].to_numpy().tobytes() == fills.pnl.tobytes()
    assert table["timestamp"].to_numpy().astype("datetime64[ns]").astype("int64").tolist() == fills.timestamp.tolist()
    assert {1: "buy", -1: "sell"}[int(fills.side[0])] == table["side"][0].as_py()


def test_the_csv_says_the_same_as_the_parquet_file_to_the_last_bit(inputs: Any, tmp_path: Path) -> None:
    run_into(tmp_path / "run", inputs)
    exact = pq.read_table(tmp_path / "run" / "trades" / "MODON.parquet")
    text = arrow_csv.read_csv(tmp_path / "run" / "modon_trades_timeseries.csv")
    assert text.column_names == exact.column_names
    for name in ("fill_price", "realized_pnl", "pnl"):
        assert [float(value) for value in text[name].to_pylist()] == exact[name].to_pylist()


def test_the_summary_has_a_row_a_security_sorted_and_exact(inputs: Any, tmp_path: Path) -> None:
    run = run_into(tmp_path / "run", inputs)
    with (tmp_path / "run" / "backtest_summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == SUMMARY_COLUMNS
    assert [row["security"] for row in rows] == ["EMAAR", "FAB", "MODON"]
    for row, result in zip(rows, run.results, strict=True):
        assert result.ledger is not None
        assert float(row["realized_pnl"]) == result.ledger.realized_pnl
        assert int(row["trades"]) == result.fills
        assert row["error"] == ""
        assert row["currency"] == "AED"


def test_run_json_says_what_was_run_on_what(inputs: Any, tmp_path: Path) -> None:
    run_into(tmp_path / "run", inputs, parameters={"refill_interval_sec": 30})
    content = json.loads((tmp_path / "run" / "run.json").read_text())
    assert content["status"] == "complete"
    assert content["strategy"] == "v1_baseline"
    assert content["execution"]["name"] == "classic"
    assert content["execution"]["settings"]["fill_price"] == "print"
    assert content["parameters"]["FAB"]["refill_interval_sec"] == 30
    assert content["data"]["FAB"]["fingerprint"] == "made 0"
    assert content["currencies"] == {"EMAAR": "AED", "FAB": "AED", "MODON": "AED"}
    assert set(content["how"]) == {"engine", "backend", "workers", "strategy_file", "seconds", "finished"}


@pytest.mark.parametrize("execution", ["classic", "strict"])
@pytest.mark.parametrize(
    "options",
    [
        {"backend": "threading", "workers": 2},
        {"backend": "threading", "workers": 4},
        {"backend": "loky", "workers": 2},
        {"engine": "python", "backend": "sequential", "sensitivity": True},
    ],
)
def test_equal_inputs_give_equal_bytes_however_it_is_run(
    inputs: Any, tmp_path: Path, options: Any, execution: str
) -> None:
    run_into(tmp_path / "one", inputs, backend="sequential", execution=execution)
    run_into(tmp_path / "other", inputs, execution=execution, **options)
    first, other = contents(tmp_path / "one"), contents(tmp_path / "other")
    manifest, told_other = json.loads(first.pop("run.json")), json.loads(other.pop("run.json"))
    assert first == other
    del manifest["how"], told_other["how"]
    assert manifest == told_other


HOW: Final[dict[str, dict[str, Any]]] = {
    "kept from the first": {},
    "fresh, by two processes": {"fresh": True, "backend": "loky", "workers": 2},
    "fresh, by four threads": {"fresh": True, "backend": "threading", "workers": 4},
    "plain": {"engine": "python", "backend": "sequential"},
}


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["v1_baseline", "v2_1_stop_loss", "closing_auction"])
def test_what_is_kept_gives_the_bytes_of_what_is_fresh_without_fills_too(
    kept_results: Path, tmp_path: Path, strategy: str
) -> None:
    store = make_store(tmp_path / "parquet")
    ticks = random_ticks(9)
    quotes = Ticks(*(column[ticks.kind != 2] for column in (ticks.timestamp, ticks.kind, ticks.price, ticks.volume)))
    write_ticks(store / "MODON.parquet", quotes, {"exchange": "ADX"})
    defaults = (
        {"stop_loss_threshold_pct": 0.2, "spread_vwap_pct": 0.01} if strategy == "closing_auction" else PARAMETERS
    )
    (tmp_path / "config.json").write_text(json.dumps({"_defaults": defaults}))
    options: dict[str, Any] = {"strategy": strategy, "config": tmp_path / "config.json", "parquet_dir": store}
    options |= {"parameters": {"execution.fees_bps": 2}, "sensitivity": True}
    api.backtest(**options, backend="sequential", output_dir=tmp_path / "first")
    first = results(tmp_path / "first")
    assert {"daily.csv", "metrics.json", "marks/MODON.parquet", "prices/FAB.parquet"} < set(first)
    assert json.loads(first["metrics.json"])["portfolio"]["fees"] > 0
    for how, changes in HOW.items():
        run = api.backtest(**(options | changes), output_dir=tmp_path / "again")
        assert {result.cached for result in run.results} == {"kept" in how}, how
        assert results(tmp_path / "again") == first, how
    assert kept_results.exists()


def test_a_smaller_run_leaves_nothing_of_the_larger_one_before_it(inputs: Any, tmp_path: Path) -> None:
    run_into(tmp_path / "run", inputs)
    (tmp_path / "run" / "my notes.txt").write_text("keep me")
    run_into(tmp_path / "run", inputs, securities=["FAB"])
    left = sorted(contents(tmp_path / "run"))
    assert [name for name in left if "modon" in name.lower() or "emaar" in name.lower()] == []
    assert "my notes.txt" in left
    assert "trades/FAB.parquet" in left


def test_a_run_file_from_elsewhere_cannot_make_a_run_delete_other_files(inputs: Any, tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("mine")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text(json.dumps({"files": ["../precious.txt", str(precious)]}))
    run_into(tmp_path / "run", inputs)
    assert precious.read_text() == "mine"


def test_an_interrupted_run_is_not_taken_for_a_complete_one(inputs: Any, tmp_path: Path) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_into(tmp_path / "run", inputs, backend="sequential", on_result=interrupt)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "interrupted"
    assert not (tmp_path / "run" / "backtest_summary.csv").exists()


def test_an_output_directory_that_cannot_be_made_is_named(inputs: Any, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    with pytest.raises(OutputNotWritable, match="cannot be written"):
        run_into(in_the_way / "run", inputs)


def test_a_failed_security_has_its_error_in_the_summary_and_no_fills(inputs: Any, tmp_path: Path) -> None:
    store = make_store(tmp_path / "parquet")
    run_into(tmp_path / "run", (store, inputs[1]))
    planned: list[Any] = []
    broken = store / "FAB.parquet"

    def break_one(plan: object) -> None:
        planned.append(plan)
        content = bytearray(broken.read_bytes())
        content[len(content) // 2] ^= 0x10
        broken.write_bytes(content)

    run = run_into(tmp_path / "run", (store, inputs[1]), on_plan=break_one)
    assert list(run.failed) == ["FAB"]
    assert not (tmp_path / "run" / "trades" / "FAB.parquet").exists()
    with (tmp_path / "run" / "backtest_summary.csv").open(newline="") as file:
        rows = {row["security"]: row for row in csv.DictReader(file)}
    assert "FAB.parquet" in rows["FAB"]["error"]
    assert rows["FAB"]["realized_pnl"] == ""
    assert rows["MODON"]["error"] == ""
    assert list(json.loads((tmp_path / "run" / "metrics.json").read_text())["securities"]) == ["EMAAR", "MODON"]
