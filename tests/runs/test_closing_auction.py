"""The closing-auction strategy in the run folder and on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from pipeline import api
from pipeline.console import backtest as screens
from pipeline.console.output import console
from pipeline.console.sensitivity import show_sensitivity
from pipeline.ticks import Ticks
from tests.made import make_store, random_ticks, results, write_ticks

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make days whose auctions print well away from their late VWAP, below it and above it in turn."""
    folder = make_store(tmp_path_factory.mktemp("made") / "parquet", ("EMAAR",))
    random = random_ticks(5, days=6)
    price = random.price.copy()
    price[1_500::3_002] = 9.5
    price[3_001::3_002] = 10.5
    ticks = Ticks(random.timestamp, random.kind, price, random.volume + 10_000)
    metadata = {"exchange": "ADX", "fingerprint": "made"}
    write_ticks(folder / "FAB.parquet", ticks, metadata)
    return folder


def run(store: Path, output: Path | None = None, **options: Any) -> Any:
    return api.backtest("closing_auction", parquet_dir=store, output_dir=output, **options)


def test_its_trades_have_their_type_and_the_price_they_are_measured_against(store: Path, tmp_path: Path) -> None:
    run(store, tmp_path / "run")
    table = pq.read_table(tmp_path / "run" / "trades" / "FAB.parquet")
    assert [f"{field.name} {field.type}" for field in table.schema][-2:] == [
        "trade_type string",
        "vwap_reference double",
    ]
    types = set(table["trade_type"].to_pylist())
    assert "auction_entry" in types
    assert types <= {"auction_entry", "vwap_exit", "stop_loss", "eod_flatten"}
    assert min(table["vwap_reference"].to_pylist()) > 9.0


def test_fees_stand_between_the_figures_and_the_types(store: Path, tmp_path: Path) -> None:
    run(store, tmp_path / "run", parameters={"execution.fees_bps": 5})
    columns = pq.read_table(tmp_path / "run" / "trades" / "FAB.parquet").column_names
    assert columns[-4:] == ["pnl", "fee", "trade_type", "vwap_reference"]


def test_it_gives_equal_bytes_compiled_and_plain(store: Path, tmp_path: Path) -> None:
    run(store, tmp_path / "compiled")
    run(store, tmp_path / "plain", engine="python", backend="loky", workers=2)
    assert results(tmp_path / "compiled") == results(tmp_path / "plain")


def test_the_switches_change_nothing_of_it_and_it_says_so(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(store, tmp_path / "classic")
    with screens.BacktestProgress() as progress:
        run(store, tmp_path / "strict", execution="strict", on_plan=progress.planned)
    assert results(tmp_path / "classic") == results(tmp_path / "strict")
    assert "closing_auction keeps its own orders: the execution switches do not apply to it" in capsys.readouterr().err


def test_there_is_no_check_of_it_and_sensitivity_says_so(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run(store, tmp_path / "run", sensitivity=True)
    assert done.sensitivity.empty
    assert not (tmp_path / "run" / "sensitivity.csv").exists()
    console().close(screens.show_backtest(done))
    assert "Net P&L, AED:" not in capsys.readouterr().out
    console().close(show_sensitivity(done))
    assert "the execution switches do not apply to it" in capsys.readouterr().out


def test_what_it_counted_is_among_the_metrics(store: Path) -> None:
    counters = run(store).results[1].ledger.figures["counters"]
    assert set(counters) == {"filtered_sell_entries", "filtered_buy_entries"}
