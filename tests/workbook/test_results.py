"""results.xlsx read again by openpyxl: every sheet has what the files of the run have; charts, options, refusals."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import openpyxl
import pyarrow.parquet as pq
import pytest

from pipeline import api
from pipeline.errors import BadRequest
from pipeline.metrics.registry import GROUPS, METRICS
from pipeline.numbers import amounts_in
from pipeline.workbook.results import write_run_workbook
from tests.made import make_config, make_store
from tests.pages.invented import invent

if TYPE_CHECKING:
    from pathlib import Path

WARNED = '=HYPERLINK("http://x","y")'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a run with fees of which MODON failed, and its workbook."""
    made = tmp_path_factory.mktemp("made")
    store, config = make_store(made / "parquet", days=12, a_day=250), make_config(made / "v1.json")
    broken = store / "MODON.parquet"
    broken.write_bytes(broken.read_bytes()[:2_000] + b"[red]" + broken.read_bytes()[2_005:])
    run = made / "run"
    fees = {"execution.fees_bps": 5}
    api.backtest(
        config=config, parquet_dir=store, output_dir=run, parameters=fees, note="=1+1", report=False, excel=True
    )
    manifest = json.loads((run / "run.json").read_bytes())
    assert "results.xlsx" in manifest["files"]
    assert "report.html" not in manifest["files"]
    (run / "run.json").write_text(json.dumps(manifest | {"warnings": [*manifest["warnings"], WARNED]}))
    write_run_workbook(run)
    return run


@pytest.fixture(scope="module")
def book(folder: Path) -> Any:
    return openpyxl.load_workbook(folder / "results.xlsx")


def rows(sheet: Any) -> list[dict[str, Any]]:
    heads, *others = sheet.iter_rows(values_only=True)
    return [dict(zip(heads, row, strict=True)) for row in others]


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_sheets_are_there_with_frozen_heads(book: Any) -> None:
    tables = ["Figures", "Equity", "Daily", "Assumptions", "Warnings", "Settings", "Fills EMAAR", "Fills FAB"]
    assert book.sheetnames == ["Summary", *tables]
    assert all(book[name].freeze_panes in ("B2", "C2") for name in tables)


def test_figures_are_those_of_metrics_json(book: Any, folder: Path) -> None:
    metrics = json.loads((folder / "metrics.json").read_bytes())
    by_name = {row["security"]: row for row in rows(book["Figures"])}
    assert list(by_name) == ["EMAAR", "FAB", "portfolio"]
    for name, of_security in (*metrics["securities"].items(), ("portfolio", metrics["portfolio"])):
        for figure in (one for of_group in GROUPS.values() for one in of_group):
            value: Any = of_security
            for key in figure.name.split("."):
                value = value.get(key)
            expected = len(value) if isinstance(value, list) else value
            with amounts_in("AED"):
                assert by_name[name][figure.heading] == expected, figure.name


def test_the_summary_is_that_of_the_files(book: Any, folder: Path) -> None:
    portfolio = json.loads((folder / "metrics.json").read_bytes())["portfolio"]
    run = json.loads((folder / "run.json").read_bytes())
    days = [row["day"] for row in read_csv(folder / "daily.csv") if row["security"] == "total"]
    every = [row for row in book["Summary"].iter_rows(values_only=True) if any(cell is not None for cell in row)]
    heads = next(at for at, row in enumerate(every) if row[1] == "Value")
    facts = {row[0]: row[1] for row in every[1:heads]}
    assert (facts["Config"], facts["Note"], facts["Execution"]) == (run["config"], "=1+1", run["execution"]["name"])
    assert facts["Securities"] == "2 replayed, 1 failed"
    assert facts["Warnings"] == f"{len(run['warnings'])}, on the sheet Warnings"
    assert all(day in facts["Days"] for day in (days[0], days[-1]))
    numbers = {row[0]: row[1:4] for row in every[heads + 1 :]}
    figures = {
        figure.label: figure for figure in METRICS if figure.is_headline or figure.name in portfolio["intervals"]
    }
    checked = run["assumption_check"]
    models = {"classic": "classic", "strict": "strict", "band_low": "strict, lowest by queue"}
    models |= {"band_high": "strict, highest by queue", "worst": f"worst switch alone: {checked['worst_switch']}"}
    assert {*numbers} == {*figures, *(f"Net P&L, {label}" for label in models.values())}
    for label, figure in figures.items():
        held = portfolio[figure.name]
        ends = portfolio["intervals"].get(figure.name) or (None, None)
        assert numbers[label] == (len(held) if isinstance(held, list) else held, *ends), label
    for name, label in models.items():
        assert numbers[f"Net P&L, {label}"] == (checked[name], None, None)


def test_days_are_those_of_daily_csv_and_the_drawdown_is_of_their_equity(book: Any, folder: Path) -> None:
    expected = read_csv(folder / "daily.csv")
    found = rows(book["Daily"])
    assert len(found) == len(expected)
    by_key = {(row["security"], f"{row['day']:%Y-%m-%d}"): row for row in found}
    for row in expected:
        cells = by_key[row["security"], row["day"]]
        for name in list(row)[2:]:
            assert cells[name] == (float(row[name]) if row[name] else None)
    total = [float(row["equity"]) for row in expected if row["security"] == "total"]
    equity = rows(book["Equity"])
    assert [row["equity"] for row in equity] == pytest.approx(total, rel=1e-12)
    columns = {"net P&L": "net_pnl", "equity with the open position": "marked_equity"}
    for title, name in columns.items():
        assert [row[title] for row in equity] == [float(row[name]) for row in expected if row["security"] == "total"]
    assert [f"{row['day']:%Y-%m-%d}" for row in equity] == [
        row["day"] for row in expected if row["security"] == "total"
    ]
    peaks = [max(0.0, *total[: at + 1]) for at in range(len(total))]
    falls = [value - peak for value, peak in zip(total, peaks, strict=True)]
    assert [row["drawdown"] for row in equity] == pytest.approx(falls, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("ticker", ["EMAAR", "FAB"])
def test_fills_are_those_of_the_parquet_file(book: Any, folder: Path, ticker: str) -> None:
    expected = pq.read_table(folder / "trades" / f"{ticker}.parquet").to_pylist()
    found = rows(book[f"Fills {ticker}"])
    assert len(expected) > 10
    assert [row.pop("fill") for row in found] == list(range(1, len(expected) + 1))
    assert found == expected
    assert "fee" in found[0]


def test_assumptions_warnings_and_settings_are_those_of_the_run(book: Any, folder: Path) -> None:
    expected = read_csv(folder / "sensitivity.csv")
    found = rows(book["Assumptions"])
    assert found == [
        {name: text if name in ("security", "execution") else float(text) for name, text in row.items()}
        for row in expected
    ]
    manifest = json.loads((folder / "run.json").read_bytes())
    warnings = rows(book["Warnings"])
    assert [row["text"] for row in warnings if row["kind"] == "warning"] == manifest["warnings"]
    assert [row["about"] for row in warnings if row["kind"] == "failed"] == ["MODON"]
    settings = {(row["what"], row["security"], row["name"]): row for row in rows(book["Settings"])}
    assert settings["run", None, "note"]["value"] == "=1+1"
    assert settings["execution", None, "fees_bps"]["number"] == 5
    for ticker, parameters in manifest["parameters"].items():
        for name, value in parameters.items():
            row = settings["parameter", ticker, name]
            assert value in (row["number"], row["value"]), name
        for name in ("ticks", "rows"):
            assert settings["data", ticker, name]["number"] == manifest["data"][ticker][name]
        assert settings["data", ticker, "digest"]["value"] == manifest["data"][ticker]["digest"]


def test_no_cell_is_a_formula(book: Any) -> None:
    assert [
        cell.coordinate for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"
    ] == []
    assert WARNED in [row["text"] for row in rows(book["Warnings"])]


def test_the_summary_has_charts_of_equity_and_drawdown(book: Any) -> None:
    charts = book["Summary"]._charts
    assert [chart.tagname for chart in charts] == ["lineChart", "areaChart"]
    ranges = [series.val.numRef.f for chart in charts for series in chart.series]
    assert ranges == [f"'Equity'!${letter}$2:${letter}$13" for letter in "CDE"]
    assert {series.cat.numRef.f for chart in charts for series in chart.series} == {"'Equity'!$A$2:$A$13"}


def test_equal_runs_give_equal_bytes_and_report_makes_it_anew(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "run")
    content = (tmp_path / "run" / "results.xlsx").read_bytes()
    (tmp_path / "run" / "results.xlsx").unlink()
    api.report(tmp_path / "run", excel=True)
    assert (tmp_path / "run" / "results.xlsx").read_bytes() == content


@pytest.mark.parametrize("fills", [None, 0, 60])
def test_a_run_with_little_in_it_has_a_workbook_too(tmp_path: Path, fills: int | None) -> None:
    folder = invent(tmp_path / "run", [] if fills is None else ["FAB"], days=1, fills=fills or 0, failed=["EMAAR"])
    book = openpyxl.load_workbook(write_run_workbook(folder))
    assert [row["about"] for row in rows(book["Warnings"])] == ["EMAAR"]
    assert len(book["Summary"]._charts) == (0 if fills is None else 2)
    assert ("Fills FAB" in book.sheetnames) == (fills is not None)
    if fills is not None:
        assert len(rows(book["Fills FAB"])) == fills
        annualised = [name for name in rows(book["Figures"])[0] if name.endswith("annualised")]
        assert len(annualised) > 2
        assert {row[name] for row in rows(book["Figures"]) for name in annualised} == {None}  # of one day


def test_a_sweep_has_no_workbook(tmp_path: Path) -> None:
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "sweep.json").write_text("{}")
    with pytest.raises(BadRequest, match="is a sweep, and excel writes a run's results"):
        api.report(tmp_path / "sweep", excel=True)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_opens_it_and_saves_what_it_holds(folder: Path, book: Any, tmp_path: Path) -> None:
    words = [
        "soffice",
        f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}",
        "--headless",
        "--convert-to",
        "xlsx",
    ]
    words += ["--outdir", str(tmp_path), str(folder / "results.xlsx")]
    subprocess.run(words, check=True, capture_output=True, timeout=120)
    saved = openpyxl.load_workbook(tmp_path / "results.xlsx")
    assert saved.sheetnames == book.sheetnames
    for sheet in book:
        ours, theirs = (list(each.iter_rows(values_only=True)) for each in (sheet, saved[sheet.title]))
        assert len(theirs) == len(ours)
        for own, other in zip(ours, theirs, strict=True):
            assert [*map(near, other[: len(own)])] == [*map(near, own)]
    assert len(saved["Summary"]._charts) == len(book["Summary"]._charts) == 2


def near(value: Any) -> Any:
    """Return what of a cell LibreOffice saves: 15 digits of a number, a time to the millisecond."""
    if isinstance(value, datetime):
        rounded = value + timedelta(microseconds=500)
        return rounded.replace(microsecond=rounded.microsecond // 1_000 * 1_000)
    return float(f"{value:.12g}") if isinstance(value, (int, float)) and not isinstance(value, bool) else value
