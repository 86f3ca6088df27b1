"""Two runs side by side: what differs, what it came to, where the fills part; checked against fills read by hand."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline import api, compare
from pipeline.runs.compare import first_parting
from pipeline.runs.differences import ABSENT
from pipeline.runs.reader import RecordedFills
from tests.made import PARAMETERS, make_config, make_store, random_ticks, write_ticks

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.runs.compare import Comparison

TICKERS = ("EMAAR", "FAB", "MODON")
AUCTION = {"strategy": "closing_auction", "config": None}
NEAR = {"spread_vwap_pct": 0.01, "trend_filter_sell_enabled": False}
OPTIONS: dict[str, dict[str, Any]] = {
    "base": {},
    "again": {"workers": 2, "backend": "threading", "sensitivity": True},
    "quick": {"parameters": {"refill_interval_sec": 5}},
    "charged": {"parameters": {"execution.fees_bps": {"ADX": 5, "DFM": 2.5}}},
    "strict": {"execution": "strict"},
    "few": {"securities": ["FAB"]},
    "auction": AUCTION | {"parameters": NEAR},
    "auction_charged": AUCTION | {"parameters": NEAR | {"execution.fees_bps": 5}},
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the runs that tests compare: in `failed` EMAAR's ticks are damaged, in `other` FAB's are new."""
    folder = tmp_path_factory.mktemp("made")
    store, config = make_store(folder / "parquet"), make_config(folder / "v1.json")
    common = {"config": config, "parquet_dir": store, "sensitivity": False}
    for name, options in OPTIONS.items():
        api.backtest(**common | {"output_dir": folder / name} | options)
    ticks = random_ticks(0)
    ticks.price[-1_000:] = np.round(ticks.price[-1_000:] + 0.02, 2)
    metadata = {"exchange": "ADX", "fingerprint": "made anew"}
    write_ticks(store / "FAB.parquet", ticks, metadata)
    api.backtest(**common, output_dir=folder / "other")
    broken = store / "EMAAR.parquet"
    broken.write_bytes(broken.read_bytes()[:2_000] + b"[red]" + broken.read_bytes()[2_005:])
    api.backtest(**common, output_dir=folder / "failed")
    return folder


def found(runs: Path, a: str, b: str) -> Comparison:
    return compare(a, b, runs)


def table(runs: Path, name: str, ticker: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(runs / name / "trades" / f"{ticker}.parquet").to_pylist()
    return rows


def fall(realized: list[float]) -> float:
    equity = peak = deepest = 0.0
    for pnl in realized:
        equity += pnl
        peak = max(peak, equity)
        deepest = max(deepest, peak - equity)
    return deepest


def by_hand(runs: Path, name: str, tickers: tuple[str, ...], bps: dict[str, float]) -> tuple[int, float, float, float]:
    """Count fills, P&L, P&L after fees and the largest fall of equity by going through the fills one by one."""
    rows = [(row, bps.get(ticker, 0.0)) for ticker in tickers for row in table(runs, name, ticker)]
    gross = math.fsum(row["realized_pnl"] for row, _ in rows)
    fees = math.fsum(row["fill_price"] * row["fill_qty"] * rate / 10_000 for row, rate in rows)
    in_time = sorted(rows, key=lambda pair: pair[0]["timestamp"])
    net = [row["realized_pnl"] - row["fill_price"] * row["fill_qty"] * rate / 10_000 for row, rate in in_time]
    return len(rows), gross, gross - fees, fall(net)


def parts_by_hand(runs: Path, a: str, b: str, ticker: str) -> int | None:
    fills = [
        [(row["timestamp"], row["side"], row["fill_price"].hex(), row["fill_qty"]) for row in table(runs, name, ticker)]
        for name in (a, b)
    ]
    for index, (left, other) in enumerate(zip(*fills, strict=False)):
        if left != other:
            return index
    return None if len(fills[0]) == len(fills[1]) else min(map(len, fills))


@pytest.mark.parametrize("other", ["quick", "charged", "strict", "auction"])
def test_figures_are_those_of_the_fills_and_differences_are_b_less_a(runs: Path, other: str) -> None:
    comparison = found(runs, "base", other)
    rates = {"FAB": 5.0, "MODON": 5.0, "EMAAR": 2.5} if other == "charged" else {}
    for security in comparison.securities:
        assert security.a
        assert security.b
        assert security.difference
        a, b = by_hand(runs, "base", (security.ticker,), {}), by_hand(runs, other, (security.ticker,), rates)
        for figures, wanted in ((security.a, a), (security.b, b), (security.difference, np.subtract(b, a))):
            shown = (figures.fills, figures.gross_pnl, figures.net_pnl, figures.max_drawdown)
            assert shown == pytest.approx(tuple(wanted), rel=1e-9, abs=1e-6)
    total = comparison.b.total
    wanted = by_hand(runs, other, TICKERS, rates)
    shown = (total.fills, total.gross_pnl, total.net_pnl, total.max_drawdown)
    assert shown == pytest.approx(wanted, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("other", ["quick", "charged", "strict", "auction", "other"])
@pytest.mark.parametrize("ticker", TICKERS)
def test_they_part_at_the_first_fill_that_is_not_the_same(runs: Path, other: str, ticker: str) -> None:
    security = next(security for security in found(runs, "base", other).securities if security.ticker == ticker)
    index = parts_by_hand(runs, "base", other, ticker)
    if index is None:
        assert security.parting is None
        return
    assert security.parting
    assert security.parting.index == index
    for name, fill in (("base", security.parting.a), (other, security.parting.b)):
        rows = table(runs, name, ticker)
        if index >= len(rows):
            assert fill is None
            continue
        row = rows[index]
        assert fill
        assert (fill.time, fill.side) == (row["timestamp"].isoformat(timespec="milliseconds"), row["side"])
        assert (fill.price, fill.quantity) == (row["fill_price"], row["fill_qty"])


@pytest.mark.slow
def test_new_ticks_part_where_they_begin_to_count_and_not_before(runs: Path) -> None:
    comparison = found(runs, "base", "other")
    assert [(row.subject, row.name, row.security) for row in comparison.differences] == [("data", "digest", "FAB")]
    fab = next(security for security in comparison.securities if security.ticker == "FAB")
    assert fab.parting
    assert fab.parting.index > 10
    assert [security.parting for security in comparison.securities if security.ticker != "FAB"] == [None, None]


def fills(*rows: tuple[int, int, float, int]) -> RecordedFills:
    columns = [np.array([row[at] for row in rows]) for at in range(4)]
    kinds = (np.int64, np.int8, np.float64, np.int64)
    return RecordedFills(*(column.astype(kind) for column, kind in zip(columns, kinds, strict=True)))


FIRST, SECOND = (1_000, 1, 10.02, 300), (2_000, -1, 10.04, 300)


@pytest.mark.parametrize(
    ("a", "b", "index"),
    [
        ((), (), None),
        ((FIRST, SECOND), (FIRST, SECOND), None),
        ((), (FIRST,), 0),
        ((FIRST, SECOND), (FIRST,), 1),
        ((FIRST, SECOND), (FIRST, (2_001, *SECOND[1:])), 1),
        ((FIRST, SECOND), (FIRST, (2_000, 1, 10.04, 300)), 1),
        ((FIRST, SECOND), (FIRST, (2_000, -1, math.nextafter(10.04, 11), 300)), 1),
        ((FIRST, SECOND), (FIRST, (2_000, -1, 10.04, 299)), 1),
        (((0, 1, 0.0, 1),), ((0, 1, -0.0, 1),), 0),
        (((0, 1, math.nan, 1),), ((0, 1, math.nan, 1),), None),
    ],
)
def test_one_bit_is_enough_to_part(a: Any, b: Any, index: int | None) -> None:
    parting = first_parting(fills(*a), fills(*b))
    assert (parting.index if parting else None) == index
    if parting:
        assert (parting.a is None, parting.b is None) == (index == len(a), index == len(b))


def test_a_run_and_the_same_run_done_another_way_are_the_same(runs: Path) -> None:
    for other in ("base", "again"):
        assert found(runs, "base", other).same


def test_a_parameter_that_was_set_differs_for_each_security(runs: Path) -> None:
    differences = found(runs, "base", "quick").differences
    assert [(difference.subject, difference.name, difference.security) for difference in differences] == [
        ("parameter", "refill_interval_sec", ticker) for ticker in TICKERS
    ]
    assert {(difference.a, difference.b) for difference in differences} == {(60, 5)}


def test_every_switch_that_differs_is_named_with_both_values(runs: Path) -> None:
    values = {difference.name: (difference.a, difference.b) for difference in found(runs, "base", "strict").differences}
    settings = [
        json.loads((runs / name / "run.json").read_text())["execution"]["settings"] for name in ("base", "strict")
    ]
    assert values == {
        key: (settings[0][key], settings[1][key]) for key in settings[0] if settings[0][key] != settings[1][key]
    }
    assert values["fill_price"] == ("print", "order")


def test_versions_that_differ_are_named_and_the_fills_are_still_the_same(runs: Path, tmp_path: Path) -> None:
    api.backtest(
        config=make_config(tmp_path / "v1.json"),
        parquet_dir=make_store(tmp_path / "parquet"),
        output_dir=tmp_path / "run",
    )
    file = tmp_path / "run" / "run.json"
    content = json.loads(file.read_text())
    content["versions"]["numpy"] = "1.99"
    file.write_text(json.dumps(content))
    comparison = compare(runs / "base", tmp_path / "run")
    [change] = comparison.differences
    assert (change.subject, change.name, change.security, change.b) == ("version", "numpy", None, "1.99")
    assert comparison.same_fills
    assert not comparison.same


def test_two_strategies_differ_in_name_and_in_the_parameters_of_each(runs: Path) -> None:
    by_name = {row.name: row for row in found(runs, "base", "auction").differences if row.security in (None, "FAB")}
    assert (by_name["strategy"].a, by_name["strategy"].b) == ("v1_baseline", "closing_auction")
    assert (by_name["quote_size"].a, by_name["quote_size"].b) == (PARAMETERS["quote_size"], ABSENT)
    assert by_name["spread_vwap_pct"].a is ABSENT


def test_fees_types_and_references_beside_a_fill_do_not_make_runs_part(runs: Path) -> None:
    columns = [set(table(runs, name, "FAB")[0]) for name in ("base", "auction", "auction_charged")]
    assert columns[1] - columns[0] == {"trade_type", "vwap_reference"}
    assert columns[2] - columns[1] == {"fee"}
    comparison = found(runs, "auction", "auction_charged")
    assert comparison.same_fills
    assert [difference.name for difference in comparison.differences] == ["fees_bps"]
    assert comparison.a.total.gross_pnl == comparison.b.total.gross_pnl
    assert comparison.a.total.net_pnl > comparison.b.total.net_pnl


def test_a_security_of_one_run_only_is_a_row_without_the_other(runs: Path) -> None:
    comparison = found(runs, "base", "few")
    rows = {security.ticker: security for security in comparison.securities}
    assert rows["EMAAR"].a
    assert (rows["EMAAR"].b, rows["EMAAR"].error_b, rows["EMAAR"].difference) == (None, None, None)
    assert rows["FAB"].same
    assert not comparison.same
    assert comparison.like_for_like
    a, b = comparison.like_for_like
    assert a == b
    assert a.gross_pnl == pytest.approx(by_hand(runs, "base", ("FAB",), {})[1])
    assert found(runs, "few", "base").securities[0].a is None


def test_a_failed_security_has_its_error_in_its_place(runs: Path) -> None:
    row = found(runs, "base", "failed").securities[0]
    assert (row.ticker, row.b) == ("EMAAR", None)
    assert "EMAAR.parquet" in (row.error_b or "")
    assert found(runs, "failed", "failed").same


def test_fills_that_cannot_be_read_are_told_in_their_row_and_the_others_stand(runs: Path, tmp_path: Path) -> None:
    make = {"config": make_config(tmp_path / "v1.json"), "parquet_dir": make_store(tmp_path / "parquet")}
    api.backtest(**make, output_dir=tmp_path / "run")  # type: ignore[arg-type]
    (tmp_path / "run" / "trades" / "FAB.parquet").write_bytes(b"PAR1")
    comparison = compare(runs / "base", tmp_path / "run")
    assert list(comparison.unreadable) == ["FAB"]
    assert "FAB.parquet is damaged" in comparison.unreadable["FAB"]
    assert comparison.securities[1].a == comparison.securities[1].b
    assert [security.same for security in comparison.securities] == [True, False, True]
    assert not comparison.same


@pytest.mark.parametrize("other", ["base", "quick", "few", "failed", "auction"])
def test_json_is_plain_and_says_what_the_comparison_says(runs: Path, other: str) -> None:
    comparison = found(runs, "base", other)
    written = json.loads(json.dumps(comparison.as_json(), allow_nan=False))
    assert written["same"] is comparison.same
    assert len(written["differences"]) == len(comparison.differences)
    for security in comparison.securities:
        row = written["securities"][security.ticker]
        assert ("a" in row, "b" in row) == (security.a is not None, security.b is not None)
        assert row.get("error_b") == security.error_b
        if security.parting:
            assert row["parts_at"]["index"] == security.parting.index
    assert ("in_both" in written) == (other in ("few", "failed"))
    absent = [security for security in written["differences"] if "b" not in security]
    assert bool(absent) == (other == "auction")
