from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from pipeline import backtest
from pipeline.errors import ReplayError, UnknownSecurity
from tests.made import make_config, make_store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("run")
    return backtest(parquet_dir=make_store(folder / "parquet"), config=make_config(folder / "v1.json"))


def test_summary_is_a_frame_with_a_row_a_security(run: Any) -> None:
    assert run.summary["security"].tolist() == ["EMAAR", "FAB", "MODON"]
    assert run.summary["trades"].min() > 100


def test_trades_are_a_frame_in_execution_order(run: Any) -> None:
    trades = run.trades("fab")
    assert list(trades) == ["timestamp", "side", "fill_price", "fill_qty", "realized_pnl", "position", "pnl"]
    assert set(trades["side"]) == {"buy", "sell"}
    assert trades["realized_pnl"].cumsum().iloc[-1] == pytest.approx(trades["pnl"].iloc[-1])
    signed = trades["fill_qty"].where(trades["side"] == "buy", -trades["fill_qty"])
    assert signed.cumsum().tolist() == trades["position"].tolist()


def test_portfolio_equity_is_the_sum_of_the_securities_on_one_clock(run: Any) -> None:
    equity = run.equity()
    assert list(equity) == ["EMAAR", "FAB", "MODON", "portfolio"]
    assert equity.index.is_monotonic_increasing
    assert equity.index.is_unique
    assert equity["portfolio"].iloc[-1] == pytest.approx(run.summary["realized_pnl"].sum())
    assert equity.iloc[-1][["EMAAR", "FAB", "MODON"]].tolist() == run.summary["realized_pnl"].tolist()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("written")
    output = folder / "out"
    return backtest(
        parquet_dir=make_store(folder / "parquet"), config=make_config(folder / "v1.json"), output_dir=output
    )


def test_metrics_are_a_frame_with_the_figures_of_metrics_json(written: Any) -> None:
    metrics = json.loads((written.output_dir / "metrics.json").read_text())
    frame = written.metrics
    assert frame.index.tolist() == ["EMAAR", "FAB", "MODON", "portfolio"]
    assert set(frame.dtypes.astype(str)) == {"int64", "float64"}
    for name, figures in {**metrics["securities"], "portfolio": metrics["portfolio"]}.items():
        assert figures.pop("intervals", None) is None  # ends by figure; of two days there are none
        numbers = {key: value for key, value in figures.items() if not isinstance(value, (dict, list))}
        for horizon, markout in figures["markouts"].items():
            numbers |= {f"markout_{horizon}_{key}": value for key, value in markout.items()}
        row = frame.loc[name]
        assert set(row.index) == set(numbers)
        assert {key: None if pd.isna(value) else value for key, value in row.items()} == numbers
    assert pd.isna(frame.loc["portfolio", "time_at_limit"])


def test_daily_is_a_frame_with_the_rows_of_daily_csv(written: Any) -> None:
    daily = written.daily
    written_days = pd.read_csv(written.output_dir / "daily.csv", parse_dates=["day"], dtype={"position": "Int64"})
    pd.testing.assert_frame_equal(daily, written_days, check_dtype=False, rtol=1e-12)
    assert daily["security"].unique().tolist() == ["EMAAR", "FAB", "MODON", "total"]
    assert daily.loc[daily["security"] == "total", "position"].isna().all()
    assert daily["day"].dt.year.unique().tolist() == [2025]


def test_a_run_in_which_all_failed_has_frames_all_the_same(tmp_path: Path) -> None:
    store, config = make_store(tmp_path / "parquet", ("FAB",)), make_config(tmp_path / "v1.json", ("FAB",))
    run = backtest(parquet_dir=store, config=config, on_plan=lambda _: (store / "FAB.parquet").unlink())
    assert run.metrics.index.tolist() == ["portfolio"]
    assert run.metrics.drop(columns=[name for name in run.metrics if name.endswith("fills")]).isna().all(axis=None)
    assert run.daily.empty


def test_one_securitys_equity_stands_alone(run: Any) -> None:
    equity = run.equity("MODON")
    assert list(equity) == ["MODON"]
    assert isinstance(equity.index, pd.DatetimeIndex)


def test_an_unknown_ticker_is_answered_with_the_nearest(run: Any) -> None:
    with pytest.raises(UnknownSecurity, match="Did you mean 'FAB'"):
        run.trades("FABB")


def test_a_failed_security_says_why_when_asked(tmp_path: Path) -> None:
    store, config = make_store(tmp_path / "parquet"), make_config(tmp_path / "v1.json")
    run = backtest(
        parquet_dir=store,
        config=config,
        on_plan=lambda _: (store / "FAB.parquet").unlink(),
    )
    with pytest.raises(ReplayError, match="FAB failed in this run"):
        run.trades("FAB")
    assert list(run.equity()) == ["EMAAR", "MODON", "portfolio"]


def test_nothing_is_written_or_printed_unless_asked(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, config = make_store(tmp_path / "parquet"), make_config(tmp_path / "v1.json")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    backtest(parquet_dir=store, config=config)
    assert list((tmp_path / "here").iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_a_run_whose_folder_another_has_taken_does_not_show_that_ones_fills(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "parquet_dir": make_store(tmp_path / "parquet"),
        "config": make_config(tmp_path / "v1.json"),
    }
    first = backtest(**options, output_dir=tmp_path / "run")
    count = int(first.summary.set_index("security").loc["FAB", "trades"])
    assert len(first.trades("FAB")) == count
    second = backtest(**options, output_dir=tmp_path / "run", parameters={"refill_interval_sec": 600})
    assert len(second.trades("FAB")) < count
    for asked in (first.trades, first.equity):
        with pytest.raises(ReplayError, match="has another run by now, or none; give each run a folder of its own"):
            asked("FAB")
