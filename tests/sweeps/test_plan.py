"""Each row of a sweep is what a backtest with its settings gives, wherever and in whatever order it is computed."""

from __future__ import annotations

import csv
import datetime as dt
import json
import random
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline import api
from pipeline.store.parquet import read_table
from pipeline.sweeps import replays as sweeping
from pipeline.ticks import Ticks
from tests.made import DIVIDES, contents, make_config, make_store, make_strategy, random_ticks, write_ticks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

TICKERS: Final = ("EMAAR", "FAB")
UNTIL: Final = dt.date(2025, 1, 14)
EQUAL: Final = (
    *("fills", "closing_fills", "realized_pnl", "fees", "net_pnl", "turnover", "max_drawdown", "sharpe"),
    *("win_rate", "profit_factor", "average_win", "average_loss", "market_days", "strategy_days"),
)
PLAIN: Final = """
size: Shares = parameter(300, minimum=1)
patient: bool = parameter(False)
recent: list = []

def on_tick(self, m):
    self.recent = [*self.recent[-20:], m.price]
    if m.bid_size > 0 and m.bid < fmean(self.recent):
        m.quote_bid(m.bid, self.size)
    if m.ask_size > 0 and m.ask > fmean(self.recent) and not self.patient:
        m.quote_ask(m.ask, self.size)
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make days whose auctions print away from their late VWAP, below it and above it in turn."""
    folder = make_store(tmp_path_factory.mktemp("made") / "parquet", TICKERS)
    for seed, ticker in enumerate(TICKERS):
        random = random_ticks(5 + seed, days=6, a_day=500)
        price = random.price.copy()
        price[500::1_002] = 9.5
        price[1_001::1_002] = 10.5
        ticks = Ticks(random.timestamp, random.kind, price, random.volume + 10_000)
        exchange = "ADX" if ticker == "FAB" else "DFM"
        metadata = {"exchange": exchange, "fingerprint": "made"}
        write_ticks(folder / f"{ticker}.parquet", ticks, metadata)
    return folder


def options_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a grid's point as a backtest takes it."""
    return {
        "execution": values.get("execution"),
        "parameters": {key: value for key, value in values.items() if key != "execution"},
    }


def told_by_backtest(folder: Path, ticker: str) -> dict[str, Any]:
    metrics = json.loads((folder / "metrics.json").read_text())["securities"][ticker]
    return {name: metrics[name] for name in EQUAL} | {"days_not_flat": len(metrics["days_not_flat"])}


SWEEPS: Final[dict[str, tuple[tuple[str, ...], dict[str, Any]]]] = {
    "presets and a parameter": (
        ("v1_baseline",),
        {"refill_interval_sec": {"from": 30, "to": 90, "step": 30}, "execution": ["classic", "strict"]},
    ),
    "switches and fees": (
        ("v3_liquidity_monitor",),
        {"execution.fill_price": ["print", "order"], "execution.fees_bps": [0, 1.5, {"ADX": 2.5, "DFM": 3}]},
    ),
    "null and a number": (("v1_baseline",), {"quote_size_bid": [None, 500], "execution.latency_ms": [0, 500]}),
    "an auction": (("closing_auction",), {"spread_vwap_pct": [0.2, 0.5, 5], "execution.fees_bps": [0, 4]}),
    "two strategies": (
        ("v1_baseline", "v3_liquidity_monitor"),
        {"refill_interval_sec": [30, 90], "execution.fees_bps": [2], "execution.trade_through": ["queue", "clears"]},
    ),
    "strategies of two markets": (
        ("v3_liquidity_monitor", "closing_auction"),
        {"spread_vwap_pct": [0.5, 1], "execution": ["classic", "strict"]},
    ),
    "a file of one's own": (("own.py",), {"size": [100, 900], "patient": [True, False], "execution": ["strict"]}),
}


@pytest.mark.parametrize("named", SWEEPS)
def test_a_row_is_what_a_backtest_with_its_settings_gives(store: Path, tmp_path: Path, named: str) -> None:
    strategies, grid = SWEEPS[named]
    make_strategy(tmp_path / "own.py", PLAIN)
    own = tmp_path / "own.json" if strategies == ("own.py",) else None
    paths = tuple(str(tmp_path / name) if name.endswith(".py") else name for name in strategies)
    run = api.sweep(grid=grid | {"strategy": [*paths]}, config=own, parquet_dir=store, output_dir=tmp_path / "out")
    rows = run.table.to_pylist()
    assert read_table(tmp_path / "out" / "sweep.parquet").to_pylist() == rows
    assert len(rows) == len(TICKERS) * len(run.results.trials)
    assert {row["strategy"] for row in rows} == {name.removesuffix(".py") for name in strategies}
    assert max(row["fills"] for row in rows) > 5
    for trial in run.results.trials.values():
        output = tmp_path / f"backtest {trial.number}"
        done = api.backtest(
            trial.strategy,
            config=own,
            parquet_dir=store,
            output_dir=output,
            sensitivity=False,
            **options_of(trial.combination),
        )
        for row in (row for row in rows if row["setting"] == trial.number):
            expected = told_by_backtest(output, row["security"])
            assert {name: row[name] for name in expected} == expected
            result = next(result for result in done.results if result.ticker == row["security"])
            assert result.ledger is not None
            assert (row["position"], row["exchange"]) == (result.ledger.position, result.task.exchange)
            assert (row["execution"], row["error"]) == (done.plan.execution.name, None)
            parameters = {key: row[key] for key in result.task.parameters}
            assert parameters == dict(result.task.parameters)
            for axis, value in trial.combination.items():
                column = "execution.preset" if axis == "execution" else axis
                assert row[column] in (value, json.dumps(value))


@pytest.mark.slow
def test_the_axes_of_another_strategy_do_not_multiply_the_settings_of_this_one(store: Path) -> None:
    run = api.sweep(
        grid={"strategy": ["v1_baseline", "closing_auction"], "spread_vwap_pct": [0.5, 1, 2], "quote_size": [50, 60]},
        parquet_dir=store,
    )
    of = [trial.strategy for trial in run.results.trials.values()]
    assert of == ["v1_baseline"] * 2 + ["closing_auction"] * 3
    assert run.frame.groupby("strategy")["spread_vwap_pct"].count().to_dict() == {
        "closing_auction": 6,
        "v1_baseline": 0,
    }


HOW: Final[dict[str, dict[str, Any]]] = {
    "one by one": {"backend": "sequential"},
    "one thread": {"backend": "threading", "workers": 1},
    "two threads": {"backend": "threading", "workers": 2},
    "four threads": {"backend": "threading", "workers": 4},
    "one process": {"backend": "loky", "workers": 1},
    "two processes": {"backend": "loky", "workers": 2},
    "four processes": {"backend": "loky", "workers": 4},
    "by itself": {},
    "shuffled": {"backend": "threading", "workers": 2},
    "shuffled by processes": {"backend": "loky", "workers": 2},
}
A_FEW: Final = ("one by one", "two threads", "shuffled by processes")


@pytest.fixture(scope="module")
def dask_address(loops: Path) -> Iterator[str]:
    """Start two workers, which inherit the folder of compiled loops."""
    assert loops
    distributed = pytest.importorskip("distributed")
    options: dict[str, Any] = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with distributed.LocalCluster(host="127.0.0.1", silence_logs="CRITICAL", **options) as cluster:
        yield cluster.scheduler_address


def same_everywhere(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ways: Mapping[str, dict[str, Any]], **sweep: Any
) -> None:
    in_order = sweeping.run_all

    def shuffled(run: Any, tasks: list[Any], *options: Any, **more: Any) -> Iterator[Any]:
        random.Random(1).shuffle(tasks)  # noqa: S311 - an order like any other
        shuffled_tasks.append(len(tasks))
        return in_order(run, tasks, *options, **more)

    shuffled_tasks: list[int] = []
    folders: dict[str, dict[str, bytes]] = {}
    until: dict[str, Any] = {"train_until": UNTIL, "walk_forward": 2, "keep_trades": "best"}
    for name, how in ways.items():
        monkeypatch.setattr(sweeping, "run_all", shuffled if "shuffled" in name else in_order)
        api.sweep(**sweep, **how, parquet_dir=store, output_dir=tmp_path / name, **until)
        folders[name] = contents(tmp_path / name)
    assert {"sweep.parquet", "sweep_summary.csv", "walk_forward.csv", "sweep.json"} < folders["one by one"].keys()
    assert {name for name, content in folders.items() if content != folders["one by one"]} == set()
    assert max(shuffled_tasks) >= 4


def compiled_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(sweeping, "EVENTS_A_TASK", 1)
    grid = {"refill_interval_sec": range(10, 110), "execution": ["classic", "strict"]}
    return {"grid": grid, "config": make_config(tmp_path / "v1.json")}


def plain_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(sweeping, "PLAIN_TICKS", 1)
    own = make_strategy(tmp_path / "own.py", PLAIN)
    return {"grid": {"size": [100, 200, 300]}, "strategy": str(own), "config": own.with_suffix(".json")}


@pytest.mark.parametrize("settings", [compiled_settings, plain_settings])
def test_settings_give_the_same_bytes_on_threads_and_shuffled_on_processes(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Callable[..., dict[str, Any]]
) -> None:
    few = {name: HOW[name] for name in A_FEW}
    same_everywhere(store, tmp_path, monkeypatch, few, **settings(tmp_path, monkeypatch))


@pytest.mark.slow
@pytest.mark.parametrize("settings", [compiled_settings, plain_settings])
def test_settings_give_the_same_bytes_everywhere(
    store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    dask_address: str,
    settings: Callable[..., dict[str, Any]],
) -> None:
    every = {**HOW, "elsewhere": {"backend": "dask", "address": dask_address}}
    same_everywhere(store, tmp_path, monkeypatch, every, **settings(tmp_path, monkeypatch))


@pytest.mark.parametrize(
    "memory", [pytest.param("recent: list = []", id="plain"), pytest.param("", id="compiled", marks=pytest.mark.slow)]
)
def test_a_setting_that_fails_is_a_row_with_its_error_and_the_others_stand(
    store: Path, tmp_path: Path, memory: str
) -> None:
    own = make_strategy(tmp_path / "own.py", DIVIDES.replace("recent: list = []", memory))
    sweep: dict[str, Any] = {"strategy": str(own), "config": own.with_suffix(".json"), "parquet_dir": store}
    run = api.sweep(grid={"limit": [3, 0, 2]}, **sweep, backend="sequential")
    frame = run.frame.set_index(["limit", "security"])
    line = 1 + own.read_text().splitlines().index("            m.quote_bid(m.bid, 600 // self.limit)")
    assert set(run.failed) == {"setting 2 on EMAAR", "setting 2 on FAB"}
    assert frame.loc[0, "error"].str.contains(f"{own}, line {line}: a division by zero").all()
    assert frame.loc[0, "fills"].isna().all()
    assert (run.results.failed, run.results.computed, run.results.cached) == (2, 4, 0)
    without = api.sweep(grid={"limit": [3, 2]}, **sweep, backend="sequential")
    stand = [row | {"setting": 0} for row in run.table.to_pylist() if row["error"] is None]
    assert stand == [row | {"setting": 0} for row in without.table.to_pylist()]
    assert [choice.security for choice in run.best] == ["EMAAR", "FAB", "all"]


def test_where_every_setting_fails_the_table_says_how_whatever_was_asked(store: Path, tmp_path: Path) -> None:
    own = make_strategy(tmp_path / "own.py", DIVIDES)
    run = api.sweep(
        grid={"limit": [0]},
        strategy=str(own),
        config=own.with_suffix(".json"),
        parquet_dir=store,
        output_dir=tmp_path / "out",
        backend="sequential",
        train_until=UNTIL,
        walk_forward=2,
        keep_trades="all",
    )
    assert (run.best, run.folds, len(run.failed)) == ((), (), 2)
    assert read_table(tmp_path / "out" / "sweep.parquet")["error"].null_count == 0


def test_a_switch_varied_is_a_column_that_is_empty_where_it_says_nothing(store: Path) -> None:
    run = api.sweep(
        grid={"strategy": ["v1_baseline", "closing_auction"], "execution": ["classic", "strict"], "quote_size": [50]},
        parquet_dir=store,
    )
    assert run.table["execution.preset"].to_pylist() == ["classic", "classic", "strict", "strict", None, None]
    fees = api.sweep(grid={"execution.fees_bps": [0, 2.5]}, parquet_dir=store)
    assert fees.table["execution.fees_bps"].to_pylist() == [0.0, 0.0, 2.5, 2.5]
    mixed = api.sweep(grid={"execution.fees_bps": [0, {"DFM": 2, "ADX": 1}]}, parquet_dir=store)
    assert mixed.table["execution.fees_bps"].to_pylist() == ["0", "0", *['{"ADX": 1, "DFM": 2}'] * 2]


@pytest.mark.slow
def test_together_a_setting_that_failed_on_one_security_is_empty(tmp_path: Path) -> None:
    store = make_store(tmp_path / "parquet", TICKERS)
    damaged = bytearray((store / "FAB.parquet").read_bytes())
    damaged[len(damaged) // 2] ^= 0x10
    (store / "FAB.parquet").write_bytes(damaged)
    out, config = tmp_path / "out", make_config(tmp_path / "v1.json")
    api.sweep(grid={"quote_size": [50, 60]}, config=config, parquet_dir=store, output_dir=out)
    together = read_table(out / "sweep_all.parquet").to_pylist()
    assert [row.pop("setting") for row in together] == [1, 2]
    assert {value for row in together for value in row.values()} == {None}
    alone = api.sweep(grid={"quote_size": [50]}, config=config, parquet_dir=store, output_dir=out, securities=["EMAAR"])
    assert not (alone.output_dir / "sweep_all.parquet").exists() if alone.output_dir else False


def test_a_corrupt_file_is_a_row_a_setting_with_its_error_and_is_not_kept(tmp_path: Path, kept_results: Path) -> None:
    store = make_store(tmp_path / "parquet", TICKERS)
    whole = (store / "FAB.parquet").read_bytes()
    damaged = bytearray(whole)
    damaged[len(damaged) // 2] ^= 0x10
    sweep: dict[str, Any] = {"grid": {"refill_interval_sec": [30, 60]}, "config": make_config(tmp_path / "v1.json")}
    (store / "FAB.parquet").write_bytes(damaged)
    run = api.sweep(**sweep, parquet_dir=store)
    assert set(run.failed) == {"setting 1 on FAB", "setting 2 on FAB"}
    assert run.frame.groupby("security")["fills"].count().to_dict() == {"EMAAR": 2, "FAB": 0}
    (store / "FAB.parquet").write_bytes(whole)
    again = api.sweep(**sweep, parquet_dir=store)
    assert (again.failed, again.results.cached, again.results.computed) == ({}, 2, 2)
    assert kept_results.exists()


def test_a_parameter_by_the_name_of_a_figure_hides_neither(store: Path, tmp_path: Path) -> None:
    own = make_strategy(tmp_path / "own.py", PLAIN.replace("size", "fills").replace("bid_fills", "bid_size"))
    own.write_text(own.read_text().replace("ask_fills", "ask_size"))
    run = api.sweep(
        grid={"fills": [100, 200], "execution.fees_bps": [{"ADX": 2}]},
        strategy=str(own),
        config=own.with_suffix(".json"),
        parquet_dir=store,
        output_dir=tmp_path / "out",
        backend="sequential",
        walk_forward=1,
    )
    rows = run.table.to_pylist()
    assert [row["parameter.fills"] for row in rows] == [100, 100, 200, 200]
    assert min(row["fills"] for row in rows) > 200
    for name in ("sweep_summary.csv", "walk_forward.csv"):
        with (tmp_path / "out" / name).open() as file:
            written_rows = list(csv.DictReader(file))
        assert {row["parameter.fills"] for row in written_rows} <= {"100", "200"}
        assert {row["execution.fees_bps"] for row in written_rows} == {'{"ADX": 2}'}
    assert {int(row["train_fills"]) + int(row["test_fills"]) for row in written_rows} <= {
        *(row["fills"] for row in rows),
        *(rows[at]["fills"] + rows[at + 1]["fills"] for at in (0, 2)),
    }
