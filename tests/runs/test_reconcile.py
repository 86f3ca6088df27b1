"""A broker's fills made from a run with noise are found again, and the value that they were made under fits best."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline import backtest, reconcile
from pipeline.engine.execution import SWITCHES
from pipeline.errors import BadDeskFills, BadRequest, ChangedSinceRun, OtherFills
from pipeline.folders import config_file
from tests.made import PARAMETERS, make_config, make_store

TICKERS: Final = ("FAB", "EMAAR")
DROPPED: Final = 0.1
LATEST_MS: Final = 900
VALUES: Final = [
    (name, value)
    for name, switch in SWITCHES.items()
    if name in ("trade_through", "queue")
    for value in switch.words or ()
]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, loops: Path) -> Path:  # noqa: ARG001 - compiled loops are shared
    """Return a folder with ticks, a config, and a run under the classic model."""
    folder = tmp_path_factory.mktemp("desk")
    make_store(folder / "store", TICKERS)
    make_config(folder / "v1.json", TICKERS)
    backtest(config=folder / "v1.json", parquet_dir=folder / "store", output_dir=folder / "run", sensitivity=False)
    return folder


def write_broker_fills(desk: Path, path: Path, **execution: Any) -> int:
    """Write what a broker would say of a run under another model: times late, some fills dropped; return how many."""
    run = backtest(config=desk / "v1.json", parquet_dir=desk / "store", parameters=execution, sensitivity=False)
    chance = np.random.default_rng(7)
    rows = []
    for ticker in TICKERS:
        for fill in run.trades(ticker).to_dict("records"):
            if chance.random() >= DROPPED:
                late = np.timedelta64(int(chance.integers(0, LATEST_MS)), "ms")
                time = str(np.datetime64(fill["timestamp"].tz_localize(None), "ms") + late)
                rows.append([time, f"{ticker} UH Equity", fill["side"], fill["fill_price"], fill["fill_qty"]])
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["Exec Time", "Symbol", "Side", "Price", "Qty"], *rows])
    return len(rows)


@pytest.mark.parametrize(("switch", "value"), VALUES)
def test_the_value_the_fills_were_made_under_fits_best(desk: Path, tmp_path: Path, switch: str, value: str) -> None:
    count = write_broker_fills(desk, tmp_path / "fills.csv", **{f"execution.{switch}": value})
    found = reconcile(
        tmp_path / "fills.csv", desk / "run", switch=switch, parquet_dir=desk / "store", output=tmp_path / "matches.csv"
    )
    assert found.best is not None
    assert found.best.value == value
    best = found.best.agreement
    assert best.desk_fills == count
    assert best.found >= count * 0.99  # the time of one that is late may be nearer to another's
    assert best.fit > 1 - 2 * DROPPED
    assert best.prices.p90 == 0.0
    assert -LATEST_MS / 1_000 <= (best.run_later or 0.0) <= 0.0
    others = [fit.agreement.fit for fit in found.fits if fit.value != value]
    assert max(others) < best.fit
    assert [fit.value for fit in found.fits] == list(SWITCHES[switch].words or ())
    own = SWITCHES[switch].classic
    assert [fit.value for fit in found.fits if fit.of_run] == [own]
    if value == own:
        assert found.total == best


def test_matches_say_of_every_fill_what_became_of_it(desk: Path, tmp_path: Path) -> None:
    count = write_broker_fills(desk, tmp_path / "fills.csv")
    options: dict[str, Any] = {"switch": "trade_through", "parquet_dir": desk / "store"}
    found = reconcile(tmp_path / "fills.csv", desk / "run", **options)
    rows = list(csv.DictReader((desk / "run" / "reconciliation.csv").read_text().splitlines()))
    assert "reconciliation.csv" in json.loads((desk / "run" / "run.json").read_text())["files"]
    number = {status: sum(row["status"] == status for row in rows) for status in ("found", "missed", "invented")}
    assert number == {"found": found.total.found, "missed": found.total.missed, "invented": found.total.invented}
    assert number["found"] + number["missed"] == count
    fills = {(row["security"], row["run_fill"]): row for row in rows}
    trades = pq.read_table(desk / "run" / "trades" / "FAB.parquet").to_pylist()
    for at, trade in enumerate(trades, 1):
        row = fills["FAB", str(at)]
        assert (row["side"], float(row["run_price"]), int(row["run_quantity"])) == (
            trade["side"],
            trade["fill_price"],
            trade["fill_qty"],
        )
    reconcile(tmp_path / "fills.csv", desk / "run", output=tmp_path / "m.parquet", **options)
    table = pq.read_table(tmp_path / "m.parquet")
    assert table.column_names == list(rows[0])
    assert table["run_fill"].to_pylist() == [int(row["run_fill"]) for row in rows]


def test_fills_of_other_days_and_securities_are_left_out(desk: Path, tmp_path: Path) -> None:
    trades = pq.read_table(desk / "run" / "trades" / "FAB.parquet").to_pylist()
    first = trades[0]
    on_day = sum(trade["timestamp"].date() == first["timestamp"].date() for trade in trades)
    fills = tmp_path / "fills.csv"
    rows = [
        f"{first['timestamp']},{name},{first['side']},{first['fill_price']},{first['fill_qty']}"
        for name in ("FAB", "XYZ")
    ]
    fills.write_text("\n".join(["time,security,side,price,quantity", *rows]))
    found = reconcile(fills, desk / "run", switch="trade_through", parquet_dir=desk / "store", window=0)
    assert list(found.securities) == ["FAB"]
    assert (found.total.found, found.total.run_fills) == (1, on_day)
    assert [text for text in found.warnings if text.startswith("XYZ")] == [
        "XYZ: not in the run, so its fills are left out."
    ]


def test_prices_are_a_tick_of_their_own_day_apart_at_most(desk: Path, tmp_path: Path) -> None:
    """From 10 on Hong Kong had ticks of 0.02 until August 2025, and has 0.01 since."""
    config = make_config(tmp_path / "v1.json", ("FAB",), FAB={**PARAMETERS, "exchange": "HKEX"})
    backtest(config=config, parquet_dir=desk / "store", output_dir=tmp_path / "run", securities=["FAB"])
    trades = pq.read_table(tmp_path / "run" / "trades" / "FAB.parquet").to_pylist()
    at = next(trade for trade in trades if trade["fill_price"] >= 10)
    for apart, found in ((0.02, 1), (0.03, 0)):
        fill = f"{at['timestamp']},FAB,{at['side']},{at['fill_price'] + apart},{at['fill_qty']}"
        (tmp_path / "fills.csv").write_text(f"time,security,side,price,quantity\n{fill}\n")
        matches = reconcile(tmp_path / "fills.csv", tmp_path / "run", window=0, parquet_dir=desk / "store")
        assert matches.total.found == found


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"window": -1}, BadRequest, "window"),
        ({"price_tolerance": -0.1}, BadRequest, "price_tolerance"),
        ({"switch": "trade_thru"}, BadRequest, "Did you mean 'trade_through'?"),
        ({"switch": "latency_ms"}, BadRequest, "named values"),
        ({"output": "matches.txt"}, BadRequest, "output"),
        ({"parquet_dir": "other"}, ChangedSinceRun, "parquet_dir"),
        ({"ticker": "FABB"}, BadDeskFills, "Did you mean 'FAB'?"),
    ],
)
def test_what_cannot_be_reconciled_is_refused(
    desk: Path, tmp_path: Path, options: dict[str, Any], error: type[Exception], words: str
) -> None:
    ticker = options.pop("ticker", "FAB")
    if "parquet_dir" in options:
        make_store(tmp_path / "other", ("EMAAR", "FAB"))
        options["parquet_dir"] = tmp_path / "other"
    (tmp_path / "fills.csv").write_text(f"time,security,side,price,quantity\n2025-01-12 10:00:05,{ticker},buy,10,100\n")
    with pytest.raises(error) as refused:
        reconcile(
            tmp_path / "fills.csv", desk / "run", **{"switch": "trade_through", "parquet_dir": desk / "store"} | options
        )
    assert words in str(refused.value)


def test_a_replay_that_is_not_the_runs_own_any_more_is_refused(
    desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_broker_fills(desk, tmp_path / "fills.csv")
    shipped = config_file(Path("configs/markets/ADX.json")).read_text("utf-8")
    monkeypatch.chdir(tmp_path)
    Path("configs/markets").mkdir(parents=True)
    Path("configs/markets/ADX.json").write_text(shipped.replace('[["10:00"', '[["13:00"'), "utf-8")
    with pytest.raises(OtherFills, match=r"The replay of FAB does not find the fills of the run in .* again"):
        reconcile("fills.csv", desk / "run", parquet_dir=desk / "store", output="matches.csv")
