"""An invented exchange takes a file and no line of code, from workbook to page; its day begins on an evening."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import openpyxl
import pyarrow.parquet as pq
import pytest

from tests.forked import pipeline

if TYPE_CHECKING:
    from pathlib import Path

MARKET: Final[dict[str, Any]] = {
    "exchange": "ZZ",
    "name": "Zz Futures",
    "codes": ["ZZ"],
    "time_zone": "America/Chicago",
    "currency": "USD",
    "sessions": [{"day_starts": "17:00", "continuous": [["17:00", "16:00"]]}],
    "tick_sizes": [{"below": None, "tick": 0.01}],
}
ROWS: Final = (
    ("2025-03-10 17:00:00", "BID", 10.00, 50),
    ("2025-03-10 17:00:01", "ASK", 10.02, 50),
    # Both sides are placed anew behind 50; the print has 30 left for our bid.
    ("2025-03-10 23:59:59", "TRADE", 10.00, 80),
    # Two seconds later the bid stands where it stood: first in its queue.
    ("2025-03-11 00:00:01", "TRADE", 10.00, 30),
    # Two minutes later the ask is placed anew behind 50.
    ("2025-03-11 00:02:00", "TRADE", 10.02, 80),
    # Trading is over, and there is no auction: the first print closes the day.
    ("2025-03-11 16:00:05", "TRADE", 10.05, 5),
    # The next trading day begins on this evening: nobody has quoted in it, but our bid of the day before stands.
    ("2025-03-11 17:00:05", "TRADE", 10.00, 500),
)
FILLS: Final = [
    ("2025-03-10 23:59:59", "buy", 10.00, 30),
    ("2025-03-11 00:00:01", "buy", 10.00, 30),
    ("2025-03-11 00:02:00", "sell", 10.02, 30),
    ("2025-03-11 16:00:05", "sell", 10.05, 30),
    ("2025-03-11 17:00:05", "buy", 10.00, 100),
]
PARAMETERS: Final = {"quote_size": 100, "refill_interval_sec": 60, "min_local_currency_before_quote": 0}


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Have a market's file, a config for each strategy and a workbook."""
    (tmp_path / "configs" / "markets").mkdir(parents=True)
    (tmp_path / "configs" / "markets" / "ZZ.json").write_text(json.dumps(MARKET), encoding="utf-8")
    for name in ("v1_baseline", "v2_price_follow_qty_cooldown", "closing_auction"):
        own = {} if name == "closing_auction" else PARAMETERS
        (tmp_path / "configs" / f"{name}.json").write_text(json.dumps({"ABC": own, "ES1": own}), encoding="utf-8")
    book = openpyxl.Workbook()
    for name in ("ABC ZZ Equity", "ES1 Index"):
        sheet = book.create_sheet(name)
        for row in (("Dates", "Type", "Price", "Size"), *ROWS):
            sheet.append(row)
    del book["Sheet"]
    (tmp_path / "data" / "raw").mkdir(parents=True)
    book.save(tmp_path / "data" / "raw" / "ticks.xlsx")
    return tmp_path


def run(desk: Path, *words: str) -> dict[str, Any]:
    done = pipeline(*words, "--json", cwd=desk)
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed | {"stderr": done.stderr}


def test_an_exchange_is_a_file(desk: Path) -> None:
    assert run(desk, "convert")["exit_status"] == 0
    for name in ("v1_baseline", "v2_price_follow_qty_cooldown"):
        printed = run(desk, "backtest", "--strategy", name, "--market", "ZZ")
        assert printed["exit_status"] == 0, printed
        for ticker in ("ABC", "ES1"):
            table = pq.read_table(desk / "output" / name / "trades" / f"{ticker}.parquet")
            columns = [table[column].to_pylist() for column in ("timestamp", "side", "fill_price", "fill_qty")]
            found = [(str(time), *rest) for time, *rest in zip(*columns, strict=True)]
            assert found == FILLS, (name, ticker)
        summary = (desk / "output" / name / "backtest_summary.csv").read_text(encoding="utf-8").splitlines()
        row = dict(zip(summary[0].split(","), summary[1].split(","), strict=True))
        assert row["market_dates"] == "2"
        assert (desk / "output" / name / "report.html").stat().st_size > 0
    refused = run(desk, "backtest", "--strategy", "closing_auction")
    assert "A name that ends in 'Index' says no exchange: give its market by --market NAME" in json.dumps(refused)
    assert "closing_auction trades in the closing auction, and Zz Futures has none" in json.dumps(refused)
