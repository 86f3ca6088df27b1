"""docs/reference/metrics.md explains every figure that a run has: its tables are made from the registry of figures."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

import pyarrow.parquet as pq
import pytest

from pipeline import api
from tests.docs.generated import DOCS
from tests.made import make_config, make_store

if TYPE_CHECKING:
    from pathlib import Path

TEXT: Final = (DOCS / "reference" / "metrics.md").read_text(encoding="utf-8")
TABLES, FILES = TEXT.split("\n## The files behind them\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("run")
    tickers = ("FAB",)
    config = make_config(base / "config.json", tickers)
    api.backtest(
        config=config, parquet_dir=make_store(base / "parquet", tickers), output_dir=base / "out", report=False
    )
    return base / "out"


def test_every_figure_of_a_run_is_explained_with_its_formula(folder: Path) -> None:
    figures = json.loads((folder / "metrics.json").read_text())["portfolio"]
    rows = dict(re.findall(r"^\| `([\w.τ]+)` \| .+? \| (.+?) \| .+? \| .+? \| .*\|$", TABLES, flags=re.MULTILINE))
    names = {name.partition(".")[0] for name in rows}
    assert names == figures.keys() - {"reasons"}
    assert {name.split(".")[-1] for name in rows if "." in name} == figures["markouts"]["1s"].keys()


def test_every_column_of_the_files_is_named(folder: Path) -> None:
    rows = dict(re.findall(r"^\| `(\w+)[^|]*\| (.*) \|$", FILES, flags=re.MULTILINE))
    for part in ("marks", "prices"):
        assert set(pq.read_schema(folder / part / "FAB.parquet").names) <= set(re.findall(r"`(\w+)`", rows[part]))
    header = (folder / "daily.csv").read_text().splitlines()[0].split(",")
    assert header == [name for name in re.findall(r"`(\w+)`", rows["daily"]) if name != "total"]
