"""docs/reference/metrics.md names every figure that a run has, and no other."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq
import pytest

from pipeline import api
from pipeline.metrics.figures import OF_DAYS, REASONS
from tests.made import make_config, make_store

PAGE: Final = (Path(__file__).parents[2] / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
TABLES, FILES = PAGE.split("\n## The files behind them\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("run")
    tickers = ("FAB",)
    config = make_config(base / "config.json", tickers)
    api.backtest(
        config=config, parquet_dir=make_store(base / "parquet", tickers), output_dir=base / "out", report=False
    )
    return base / "out"


def test_every_figure_is_named_and_no_other(folder: Path) -> None:
    figures = json.loads((folder / "metrics.json").read_text())["securities"]["FAB"]
    rows = re.findall(r"^\| (.*?) \|", TABLES, flags=re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    inside = {"aed", "bps", "adverse_aed", "adverse_bps"}
    assert named - inside == figures.keys() - {"reasons"}
    assert inside == figures["markouts"]["1s"].keys() - {"fills"}


def test_a_figure_says_when_it_is_null_if_it_can_be(folder: Path) -> None:
    can_be = {*REASONS, *OF_DAYS}
    figures = json.loads((folder / "metrics.json").read_text())["portfolio"]
    assert figures["reasons"].keys() <= can_be
    rows = re.findall(r"^\| `(\w+)`.*\| (.*?) ?\|$", TABLES, flags=re.MULTILINE)
    assert len(rows) > 35
    for name, null_when in rows:
        assert bool(null_when) == (name in can_be), name


def test_every_figure_says_what_it_is_in_words_and_by_formula() -> None:
    rows = [line.split(" | ") for line in TABLES.splitlines() if line.startswith("| `")]
    assert all(len(cells) == 5 and cells[1] and cells[2] for cells in rows), [row for row in rows if len(row) != 5]


def test_every_column_of_the_files_is_named(folder: Path) -> None:
    rows = dict(re.findall(r"^\| `(\w+)[^|]*\| (.*) \|$", FILES, flags=re.MULTILINE))
    for part in ("marks", "prices"):
        assert set(pq.read_schema(folder / part / "FAB.parquet").names) <= set(re.findall(r"`(\w+)`", rows[part]))
    header = (folder / "daily.csv").read_text().splitlines()[0].split(",")
    assert header == [name for name in re.findall(r"`(\w+)`", rows["daily"]) if name != "total"]
