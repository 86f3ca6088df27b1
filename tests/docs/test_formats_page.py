"""docs/reference/formats.md names every column of a run folder's files, with the type that it has, and no other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq
import pytest

from pipeline import api
from tests.made import make_config, make_store, make_strategy

PAGE: Final = (Path(__file__).parents[2] / "docs" / "reference" / "formats.md").read_text(encoding="utf-8")
RUN: Final = PAGE.split("\n## The run folder\n")[1].split("\n## ")[0]
PARTS: Final = dict(re.findall(r"^### `([\w<>./]+)`\n(.*?)(?=^### |\Z)", RUN, flags=re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("run")
    store = make_store(base / "parquet", ("FAB",))
    fees: dict[str, Any] = {"parquet_dir": store, "parameters": {"execution.fees_bps": 2}}
    api.backtest(config=make_config(base / "v1.json", ("FAB",)), output_dir=base / "maker", sensitivity=True, **fees)
    (base / "auction.json").write_text('{"_defaults": {}}')
    api.backtest("closing_auction", config=base / "auction.json", output_dir=base / "auction", report=False, **fees)
    ladder = make_strategy(base / "own.py", "levels = 2\n\ndef on_tick(self, m):\n    m.place(1, 10.0, 5)")
    own: dict[str, Any] = {"strategy": str(ladder), "config": base / "own.json", "engine": "python", "report": False}
    api.backtest(output_dir=base / "ladder", **own, **fees)
    return base


@pytest.mark.parametrize("part", ["trades", "marks", "prices"])
def test_every_column_of_a_parquet_file_is_named_with_its_type(folder: Path, part: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\S+?)(, null)? \|", PARTS[f"{part}/<TICKER>.parquet"], flags=re.MULTILINE)
    written = {run: pq.read_table(folder / run / part / "FAB.parquet") for run in ("maker", "auction", "ladder")}
    schema = {field.name: str(field.type) for table in written.values() for field in table.schema}
    assert {name: kind for name, kind, _ in rows} == schema
    empty = {name for table in written.values() for name in table.column_names if table[name].null_count}
    assert empty <= {name for name, _, null in rows if null}


def test_every_column_of_daily_csv_is_named_in_its_order(folder: Path) -> None:
    rows = re.findall(r"^\| (`.*?`) \|", PARTS["daily.csv"], flags=re.MULTILINE)
    header = (folder / "maker" / "daily.csv").read_text().splitlines()[0]
    assert ",".join(name for row in rows for name in re.findall(r"`(\w+)`", row)) == header


def test_every_file_of_a_run_is_named(folder: Path) -> None:
    table = RUN.split("\n### ")[0]
    named = re.findall(r"^\| `([\w<>./]+)` \|", table, flags=re.MULTILINE)
    written = {
        file.relative_to(folder / "maker").as_posix() for file in (folder / "maker").rglob("*") if file.is_file()
    }
    assert {name.replace("<TICKER>", "FAB").replace("<ticker>", "fab") for name in named} == written
