"""One security of a run: which run, which figures, which of its fills."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import api
from pipeline.errors import BadRequest, DamagedRun, UnknownRun, UnknownSecurity
from pipeline.pages.run_reader import read_contents
from pipeline.runs.recorded_security import Selection, newest_run, read_security
from pipeline.store.parquet import GrowingTable, read_table, write_table
from tests.made import make_config, make_store

if TYPE_CHECKING:
    from pathlib import Path

TIMES = ("2025-01-06T10:00:00.000", "2025-01-06T14:55:00.250", "2025-01-07T10:30:00.000", "2025-01-07T14:55:01.000")
FILLS: list[dict[str, Any]] = [
    {"fill": number, "time": time, "side": "buy" if number % 2 else "sell"} for number, time in enumerate(TIMES, 1)
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    store, config = make_store(folder / "parquet"), make_config(folder / "v1.json", _execution={"fees_bps": 2})
    api.backtest(config=config, parquet_dir=store, output_dir=folder / "output" / "one", sensitivity=False)
    return folder / "output" / "one"


@pytest.mark.parametrize(
    ("selection", "wanted"),
    [
        (Selection(), [1, 2, 3, 4]),
        (Selection(first=2), [1, 2]),
        (Selection(first=9), [1, 2, 3, 4]),
        (Selection(last=1), [4]),
        (Selection(last=9), [1, 2, 3, 4]),
        (Selection(first=3, last=1), [3]),
        (Selection(side="sell"), [2, 4]),
        (Selection(side="buy", last=1), [3]),
        (Selection(start="2025-01-07"), [3, 4]),
        (Selection(end="2025-01-06"), [1, 2]),
        (Selection(start="2025-01-06", end="2025-01-06", first=1), [1]),
        (Selection(start="14:55"), [2, 4]),
        (Selection(start="10:30", end="14:55"), [3]),
        (Selection(end="14:55:00.250"), [1, 2, 3]),
        (Selection(start="2025-01-06 14:55:00", end="2025-01-07T10:30"), [2, 3]),
        (Selection(start="2025-01-06 14:55:00.251"), [3, 4]),
        (Selection(start="2026-01-01"), []),
        (Selection(start="14:55", end="2025-01-06"), [2]),
    ],
)
def test_fills_are_chosen_by_count_time_and_side(selection: Selection, wanted: list[int]) -> None:
    assert [fill["fill"] for fill in selection.of(FILLS)] == wanted


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (Selection(first=0), "--first is 0; it takes a whole number of at least 1."),
        (Selection(last=-3), "--last is -3; it takes a whole number of at least 1."),
        (Selection(side="sel"), "--side is 'sel'; it takes buy or sell. Did you mean 'sell'?"),
        (Selection(start="2025-01-06T10:00+04:00"), "on the exchange's clock"),
        (Selection(end="10:00Z"), "on the exchange's clock"),
        (Selection(start="6 Jan"), "--from is '6 Jan'; it takes a date, a time or both: 2025-01-06, 14:55:00 or"),
        (Selection(end="25:00"), "--to is '25:00'; it takes a date"),
        (
            Selection(start="2025-06-01", end="2025-05-01"),
            "--from 2025-06-01 is after --to 2025-05-01; put the earlier one after --from.",
        ),
        (
            Selection(start="2025-01-06 12:00", end="2025-01-05"),
            "--from 2025-01-06 12:00 is after --to 2025-01-05; put",
        ),
        (Selection(start="15:00", end="14:00"), "--from 15:00 is after --to 14:00; put"),
        (Selection(end="2025-01-06 noon"), "--to is '2025-01-06 noon'; it takes a date"),
    ],
)
def test_a_choice_that_cannot_be_meant_is_refused(selection: Selection, words: str) -> None:
    with pytest.raises(BadRequest) as error:
        selection.of(FILLS)
    assert words in str(error.value)


def test_fills_are_read_line_by_line_as_they_were_recorded(run: Path) -> None:
    security = read_security(run, "fab")
    exact = pq.read_table(run / "trades" / "FAB.parquet").to_pylist()
    fills = security.fills()
    assert (security.ticker, security.exchange, len(fills)) == ("FAB", "ADX", len(exact))
    assert security.figures["fills"] == len(fills) > 50
    for number, (fill, recorded) in enumerate(zip(fills, exact, strict=True), 1):
        assert fill == {
            "fill": number,
            "time": recorded["timestamp"].isoformat(timespec="milliseconds"),
            "side": recorded["side"],
            "price": recorded["fill_price"],
            "quantity": recorded["fill_qty"],
            **{name: recorded[name] for name in ("realized_pnl", "position", "pnl", "fee")},
        }


def test_an_auction_strategys_fills_have_their_type(run: Path, tmp_path: Path) -> None:
    config = make_config(tmp_path / "none.json")
    config.write_text('{"_defaults": {"spread_vwap_pct": 0.0, "auction_fill_pct": 100}}', encoding="utf-8")
    store = run.parents[1] / "parquet"
    api.backtest("closing_auction", config=config, parquet_dir=store, output_dir=tmp_path / "run")
    fills = [fill for ticker in ("FAB", "EMAAR", "MODON") for fill in read_security(tmp_path / "run", ticker).fills()]
    assert {fill["trade_type"] for fill in fills} >= {"auction_entry", "vwap_exit"}
    assert all(fill["vwap_reference"] > 0 for fill in fills)


@pytest.mark.parametrize("ticker", ["+FAB", "-1", "=A", "@FAB", "'FAB"])
def test_a_ticker_that_a_spreadsheet_would_take_for_a_formula_is_found_as_it_is(ticker: str, tmp_path: Path) -> None:
    store = make_store(tmp_path / "parquet", ("FAB",))
    (store / "FAB.parquet").rename(store / f"{ticker}.parquet")
    config = make_config(tmp_path / "v1.json", (ticker,))
    run = api.backtest(config=config, parquet_dir=store, output_dir=tmp_path / "run")
    security = read_security(tmp_path / "run", ticker)
    assert (security.ticker, security.exchange, run.failed) == (ticker, "ADX", {})
    assert len(security.fills()) == security.figures["fills"] > 0
    assert len(read_contents(tmp_path / "run").daily[ticker].days) == security.figures["market_days"] == 2


def test_a_security_that_is_not_in_the_run_is_told_with_those_that_are(run: Path) -> None:
    with pytest.raises(UnknownSecurity, match=r"FABB is not in .*\. Did you mean 'FAB'\? It has EMAAR, FAB, MODON\."):
        read_security(run, "FABB")


def test_a_column_that_is_not_what_a_run_writes_is_refused(run: Path) -> None:
    file = run / "trades" / "FAB.parquet"
    whole, table = file.read_bytes(), pq.read_table(file)
    at = table.column_names.index("position")
    for damaged, words in (
        (table.drop_columns(["pnl"]), "columns of fills"),
        (table.set_column(at, "position", table["position"].cast(pa.float64())), "columns of fills"),
        (table.set_column(at, "position", pa.nulls(len(table), pa.int64())), "has empty cells"),
    ):
        write_table(file, damaged)
        with pytest.raises(DamagedRun, match=words):
            read_security(run, "FAB").fills()
    file.write_bytes(whole)


def test_the_newest_run_is_the_one_written_last_wherever_it_is(tmp_path: Path) -> None:
    for age, name in enumerate(("new", "deep/er", "old")):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "run.json").write_text("{}", encoding="utf-8")
        os.utime(tmp_path / name / "run.json", (1_000 - age, 1_000 - age))
    assert newest_run(tmp_path) == tmp_path / "new"
    os.utime(tmp_path / "deep" / "er" / "run.json", (2_000, 2_000))
    assert newest_run(tmp_path) == tmp_path / "deep" / "er"


def test_no_run_at_all_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UnknownRun, match=r"There are no runs in .* Run `pipeline backtest` first, or name a run"):
        newest_run(tmp_path)


@pytest.mark.parametrize("rows", [1, 3, 1_000])
def test_the_first_and_the_last_fills_are_those_of_all_whatever_the_row_groups(tmp_path: Path, rows: int) -> None:
    api.backtest(
        config=make_config(tmp_path / "c.json", ("FAB",)),
        parquet_dir=make_store(tmp_path / "store", ("FAB",)),
        output_dir=tmp_path / "run",
    )
    path = tmp_path / "run" / "trades" / "FAB.parquet"
    table, every = read_table(path), read_security(tmp_path / "run", "FAB").fills()
    assert len(every) > 10
    growing = GrowingTable(path)
    for start in range(0, len(table), rows):
        growing.append(table[start : start + rows])
    growing.close({}).commit()
    security = read_security(tmp_path / "run", "FAB")
    assert security.fills() == every
    for count in (1, 2, 5, 10, 5_000):
        assert security.fills(Selection(last=count)) == every[-count:]
        assert security.fills(Selection(first=count)) == every[:count]
        assert security.fills(Selection(first=count, last=2)) == every[:count][-2:]
