"""One file of the store that cannot be used fails its security; the others' results stand, whatever the command."""

from __future__ import annotations

import csv
import json
import shutil
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline import api
from pipeline.conversion.sample import write_sample
from pipeline.store.tick_file import read_ticks
from tests.forked import pipeline
from tests.made import make_config, make_signal_desk, make_store, random_ticks, write_ticks

if TYPE_CHECKING:
    from pathlib import Path

HALF: Final = "is not a whole Parquet file"


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[40] ^= 0xFF
    path.write_bytes(content)


DAMAGES: Final = {
    "cut short": (cut, HALF),
    "empty": (lambda path: path.write_bytes(b""), HALF),
    "no Parquet": (lambda path: path.write_text("PAR1 it is not"), HALF),
    "a flipped bit": (flip, HALF),
    "gone": (lambda path: path.unlink(), "is listed in catalog.json and"),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    write_sample(folder / "t.xlsx", days=2, rows=300)
    api.convert(folder / "t.xlsx", folder / "parquet")
    return folder / "parquet"


def damaged(whole: Path, folder: Path, kind: str) -> str:
    """Copy the store with FAB damaged, and return what is to be said of it."""
    damage, words = DAMAGES[kind]
    shutil.copytree(whole, folder / "data" / "parquet")
    damage(folder / "data" / "parquet" / "FAB.parquet")
    return words


def command(folder: Path, *words: str) -> tuple[int, dict[str, Any]]:
    """Return a command's exit status and its JSON."""
    done = pipeline(*words, "--json", cwd=folder)
    return done.returncode, json.loads(done.stdout)


def summary(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "backtest_summary.csv").open(newline="") as file:
        return {row["security"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_run_over_a_damaged_file_is_complete_and_has_the_others(whole: Path, tmp_path: Path, kind: str) -> None:
    words = damaged(whole, tmp_path, kind)
    assert command(tmp_path, "backtest", "--parquet-dir", str(whole), "--output-dir", "whole")[0] == 0
    status, said = command(tmp_path, "backtest", "--output-dir", "run")
    assert (status, said["error"], list(said["failed"])) == (1, None, ["FAB"])
    assert words in said["failed"]["FAB"]
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (run["status"], run["data"]["FAB"]["ticks"]) == ("complete", None if kind != "a flipped bit" else 300)
    expected, actual = summary(tmp_path / "whole"), summary(tmp_path / "run")
    assert words in actual["FAB"]["error"]
    assert {name: row for name, row in actual.items() if name != "FAB"} == {
        name: row for name, row in expected.items() if name != "FAB"
    }
    assert command(tmp_path, "show", "EMAAR", "--run", "run")[0] == 0
    status, shown = command(tmp_path, "show", "FAB", "--run", "run")
    assert (status, "FAB failed in run" in shown["error"]) == (1, True)


@pytest.mark.parametrize("kind", ["cut short", "gone"])
@pytest.mark.parametrize(
    "words",
    [
        ("sensitivity",),
        ("sweep", "--grid", "refill_interval_sec=30,60"),
        ("inspect",),
        ("validate", "--no-workbook"),
        ("backtest", "--engine", "python", "--backend", "sequential", "--fresh"),
    ],
    ids=lambda words: words[0],
)
def test_a_damaged_file_fails_its_security_and_no_other(
    whole: Path, tmp_path: Path, kind: str, words: tuple[str, ...]
) -> None:
    error_words = damaged(whole, tmp_path, kind)
    status, said = command(tmp_path, *words)
    assert (status, said["error"]) == (1, None)
    assert said["failed"]
    assert all("FAB" in name and error_words in error for name, error in said["failed"].items()), said["failed"]


def test_a_damaged_file_does_not_matter_to_who_does_not_ask_for_it(whole: Path, tmp_path: Path) -> None:
    damaged(whole, tmp_path, "gone")
    assert command(tmp_path, "backtest", "--securities", "EMAAR,MODON")[0] == 0


def test_an_exchange_without_facts_fails_its_security(whole: Path, tmp_path: Path) -> None:
    store = shutil.copytree(whole, tmp_path / "data" / "parquet")
    write_ticks(store / "FAB.parquet", read_ticks(whole / "FAB.parquet"), {"exchange": "XYZ"})
    status, said = command(tmp_path, "backtest")
    assert (status, list(said["failed"])) == (1, ["FAB"])
    assert "No market facts for exchange 'XYZ'" in said["failed"]["FAB"]


def test_ticks_replaced_after_the_plan_fail_their_security_and_are_not_cached(
    tmp_path: Path, kept_results: Path
) -> None:
    assert not kept_results.exists()
    store, config = make_store(tmp_path / "parquet", ("FAB", "MODON")), make_config(tmp_path / "c.json")
    options: dict[str, Any] = {"config": config, "parquet_dir": store, "sensitivity": False}

    def replace_ticks(_: object) -> None:
        write_ticks(store / "FAB.parquet", random_ticks(77), {"exchange": "ADX"})

    run = api.backtest(**options, on_plan=replace_ticks)
    assert list(run.failed) == ["FAB"]
    assert "FAB.parquet was replaced" in run.failed["FAB"]
    again = api.backtest(**options)
    assert [(result.ticker, result.cached) for result in again.results] == [("FAB", False), ("MODON", True)]


def test_a_conversion_makes_a_damaged_file_again_wherever_it_is_damaged(tmp_path: Path) -> None:
    write_sample(tmp_path / "t.xlsx", days=2, rows=9_000)
    api.convert(tmp_path / "t.xlsx", tmp_path / "parquet")
    file = tmp_path / "parquet" / "FAB.parquet"
    whole = file.read_bytes()
    for offset in (40, len(whole) // 4):
        file.write_bytes(whole[:offset] + bytes([whole[offset] ^ 1]) + whole[offset + 1 :])
        rows = api.convert(tmp_path / "t.xlsx", tmp_path / "parquet").rows
        assert [row.ticker for row in rows if row.status == "converted"] == ["FAB"]
        assert file.read_bytes() == whole


def test_a_cached_result_is_not_taken_where_the_ticks_of_its_signal_are_damaged(
    tmp_path: Path, kept_results: Path
) -> None:
    assert not kept_results.exists()
    store = make_store(tmp_path / "parquet", ("FAB", "EMAAR"))
    options: dict[str, Any] = {"strategy": str(make_signal_desk(tmp_path)), "parquet_dir": store, "securities": ["FAB"]}
    options["config"] = tmp_path / "own.json"
    grid = {"execution.latency_ms": [0, 200]}
    assert (api.backtest(**options).failed, api.sweep(grid=grid, **options).failed) == ({}, {})
    flip(store / "EMAAR.parquet")
    assert list(api.backtest(**options).failed) == ["FAB"]
    assert len(api.sweep(grid=grid, **options).failed) == 2
