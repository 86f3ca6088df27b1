"""What is likely wrong with the ticks is said by every command that uses them, in the same words everywhere."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import api
from pipeline.conversion.excel.write import Moment, write_workbook
from pipeline.runs.layout import RUN_FILE
from pipeline.store.parquet import read_footer
from pipeline.store.tick_file import read_ticks
from tests.console.screens import to_pipe
from tests.made import make_config, usual_days, write_ticks

if TYPE_CHECKING:
    from pathlib import Path

KINDS = ("BID", "ASK", "TRADE")
NEWEST_FIRST = "FAB: sorted newest first: the clock steps back in 659 rows."
REJECTED = "MODON: rejected rows: 1 of 661 (1 size missing). MODON.rejects.parquet has them with their row numbers."


def rows_of_a_day() -> list[tuple[object, ...]]:
    """Return a usual day as rows of a sheet, oldest first."""
    ticks = usual_days(1)
    columns = (
        (ticks.timestamp // 1_000_000).tolist(),
        ticks.kind.tolist(),
        ticks.price.tolist(),
        ticks.volume.tolist(),
    )
    return [(Moment(time), KINDS[kind], price, size) for time, kind, price, size in zip(*columns, strict=True)]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder whose workbook has a security sorted newest first, one with a rejected row, and a usual one."""
    folder = tmp_path_factory.mktemp("desk")
    rows = rows_of_a_day()
    head: list[tuple[object, ...]] = [("FAB",), (), ("Dates", "Type", "Price", "Size")]
    sheets: dict[str, Any] = {
        "FAB UH Equity": [*head, *rows[::-1]],
        "MODON UH Equity": [*head, *rows, (rows[-1][0], "BID", 9.98)],
        "ADCB UH Equity": [*head, *rows],
    }
    write_workbook(folder / "ticks.xlsx", sheets)
    make_config(folder / "v1.json", ("FAB", "MODON", "ADCB"))
    api.convert(folder / "ticks.xlsx", folder / "data" / "parquet")
    to_pipe(*BACKTEST, cwd=folder)
    return folder


def json_of(desk: Path, *words: str) -> dict[str, Any]:
    warned: dict[str, Any] = json.loads(to_pipe(*words, "--json", cwd=desk).out)
    return warned


BACKTEST = ("backtest", "--config", "v1.json", "--output-dir", "output/run")
USERS = {
    "convert, nothing changed": ("convert", "ticks.xlsx"),
    "backtest": BACKTEST,
    "sensitivity": ("sensitivity", "--config", "v1.json"),
    "sweep": ("sweep", "--config", "v1.json", "--grid", "refill_interval_sec=60,120"),
    "inspect": ("inspect",),
    "report": ("report", "output/run"),
    "compare": ("compare", "output/run", "output/run"),
}


@pytest.mark.parametrize("how", USERS)
def test_every_command_that_uses_ticks_says_what_is_wrong_with_them(desk: Path, how: str) -> None:
    output = to_pipe(*USERS[how], "--quiet", cwd=desk)
    warned = [line.removeprefix("Warning: ") for line in output.err.splitlines() if line.startswith("Warning: ")]
    assert [text for text in warned if text.startswith(NEWEST_FIRST)]
    assert REJECTED in warned
    assert not [text for text in warned if text.startswith("ADCB: ")]
    assert f"{len(warned)} warnings" in output.out.splitlines()[-1]
    assert json_of(desk, *USERS[how])["warnings"] == warned


def test_the_terminal_the_json_run_json_and_the_page_have_one_list(desk: Path) -> None:
    warned = json_of(desk, *BACKTEST)["warnings"]
    run = json.loads((desk / "output" / "run" / RUN_FILE).read_text())
    page = html.unescape((desk / "output" / "run" / "report.html").read_text())
    assert warned == run["warnings"]
    assert [text for text in warned if text not in page] == []


def test_the_sweeps_file_and_page_have_the_list_that_it_says(desk: Path) -> None:
    warned = json_of(desk, *USERS["sweep"], "--output-dir", "output/swept")["warnings"]
    page = html.unescape((desk / "output" / "swept" / "report.html").read_text())
    assert warned == json.loads((desk / "output" / "swept" / "sweep.json").read_text())["warnings"]
    assert [text for text in warned if text not in page] == []


@pytest.mark.parametrize(
    ("ticker", "own", "others"), [("FAB", NEWEST_FIRST, REJECTED), ("MODON", REJECTED, NEWEST_FIRST)]
)
def test_show_says_what_is_about_its_security_and_the_run_and_nothing_of_others(
    desk: Path, ticker: str, own: str, others: str
) -> None:
    run = json_of(desk, *BACKTEST)["warnings"]
    warned = json_of(desk, "show", ticker, "--run", "output/run")["warnings"]
    assert set(warned) < set(run)
    assert [text for text in warned if text.startswith(own)]
    assert not [text for text in warned if text.startswith(others)]
    assert [text for text in warned if text.startswith("The ticks cover 1 market day")]


def test_only_the_securities_that_are_used_are_spoken_of(desk: Path) -> None:
    warned = json_of(desk, "backtest", "--config", "v1.json", "--securities", "ADCB", "--output-dir", "output/one")
    assert not [text for text in warned["warnings"] if text.startswith(("FAB: ", "MODON: "))]


def test_the_catalogs_loss_loses_no_warning(desk: Path, tmp_path: Path) -> None:
    for file in (desk / "data" / "parquet").glob("*.parquet"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    warned = json_of(desk, *BACKTEST[:3], "--parquet-dir", str(tmp_path), "--output-dir", str(tmp_path / "run"))[
        "warnings"
    ]
    assert [text for text in warned if text.startswith(NEWEST_FIRST)]
    assert [text for text in warned if text.startswith("MODON: rejected rows: 1 of 661. ")]


def test_a_store_of_an_earlier_version_says_so_and_converting_once_more_mends_it(desk: Path, tmp_path: Path) -> None:
    store = tmp_path / "parquet"
    api.convert(desk / "ticks.xlsx", store)
    for file in (store / "FAB.parquet", store / "ADCB.parquet"):
        metadata = read_footer(file).metadata
        write_ticks(file, read_ticks(file), {**metadata, "inspection": ""})
    catalog = json.loads((store / "catalog.json").read_text())
    for entry in catalog["securities"].values():
        del entry["inspection"]
    (store / "catalog.json").write_text(json.dumps(catalog))
    words = (*BACKTEST[:3], "--parquet-dir", str(store), "--output-dir", str(tmp_path / "run"))
    warned = json_of(desk, *words)["warnings"]
    assert [text.partition(":")[0] for text in warned if "its ticks were not inspected" in text] == ["ADCB", "FAB"]
    assert [text for text in json_of(desk, "inspect", "--parquet-dir", str(store))["warnings"] if NEWEST_FIRST in text]
    again = json_of(desk, "convert", "ticks.xlsx", "--parquet-dir", str(store))
    assert (again["converted"], again["unchanged"]) == (3, 0)
    assert [text for text in again["warnings"] if text.startswith(NEWEST_FIRST)]
