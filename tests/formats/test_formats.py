"""Old files stay readable: a store, a run and a sweep of each format stand here; a newer format is refused by name."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow.parquet as pq
import pytest

from pipeline import api
from pipeline.conversion.verify import REJECT_COLUMNS
from pipeline.errors import NewerFormat, NewerRun, PipelineError
from pipeline.pages.sweep_reader import read_sweep
from pipeline.runs import writer
from pipeline.runs.reader import read_run
from pipeline.runs.recorded_security import read_security
from pipeline.store import catalog, layout
from pipeline.store.catalog import open_store, read_catalog
from pipeline.store.parquet import read_footer, read_table
from pipeline.store.tick_file import read_ticks
from pipeline.sweeps import writer as sweep_writer
from tests.formats.make import CONFIG
from tests.made import ticks_digest

if TYPE_CHECKING:
    from collections.abc import Callable

HERE: Final = Path(__file__).parent
FOLDERS: Final = sorted(path for path in HERE.iterdir() if re.fullmatch(r"v\d+", path.name))
TODAY: Final = {
    "store": layout.FORMAT_VERSION,
    "catalog": catalog.CATALOG_VERSION,
    "run": writer.FORMAT_VERSION,
    "sweep": sweep_writer.FORMAT_VERSION,
}


@pytest.fixture(params=FOLDERS, ids=lambda path: path.name)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a copy of the files of one format, so that nothing can write to what stands here."""
    folder: Path = shutil.copytree(request.param, tmp_path / "kept")
    return folder


@pytest.fixture
def expected(kept: Path) -> Any:
    return json.loads((kept / "expected.json").read_text(encoding="utf-8"))


def test_there_are_files_of_every_format_there_was() -> None:
    assert [path.name for path in FOLDERS] == [f"v{number}" for number in range(1, max(TODAY.values()) + 1)]


def test_ticks_and_rejects_are_what_they_were(kept: Path, expected: Any) -> None:
    store = open_store(kept / "parquet")
    store.check_fresh()
    assert {one.ticker: ticks_digest(read_ticks(one.path)) for one in store.securities} == expected["ticks"]
    listed = read_catalog(kept / "parquet")
    assert {security.ticker: security.entry for security in store.securities} == listed
    for ticker, entry in listed.items():
        assert entry.rows == entry.ticks + entry.blank + sum(entry.rejects.values())
        if entry.rejects:
            rejects = read_table(kept / "parquet" / f"{ticker}.rejects.parquet", REJECT_COLUMNS)
            assert len(rejects) == sum(entry.rejects.values())
    assert any(entry.rejects for entry in listed.values())


def test_a_run_is_what_it_was(kept: Path, expected: Any) -> None:
    run = read_run(kept / "run")
    assert {ticker: len(run.read_fills(ticker)) for ticker in run.figures} == expected["fills"]
    assert {ticker: one.net_pnl for ticker, one in run.figures.items()} == expected["net_pnl"]
    if run.digests:  # those of version 1 are of other things
        assert run.digests == {one.ticker: one.digest for one in open_store(kept / "parquet").securities}
    for ticker in run.figures:
        figures = read_security(kept / "run", ticker).figures
        assert figures["fills_per_day"] == expected["fills"][ticker] / figures["market_days"]
    assert not api.compare(kept / "run", kept / "run").unreadable
    assert api.report(kept / "run").read_text(encoding="utf-8").rstrip().endswith("</html>")


def test_a_sweep_is_what_it_was(kept: Path, expected: Any) -> None:
    swept = read_sweep(kept / "sweep")
    assert sorted(swept.manifest["data"]) == sorted(expected["ticks"])
    assert swept.results == 2 * len(expected["ticks"])
    assert api.report(kept / "sweep").exists()
    for ticker in expected["fills"]:
        assert len(read_table(kept / "sweep" / "trades" / f"1_{ticker}.parquet")) > 0


def test_a_backtest_reads_an_old_store_and_takes_the_place_of_an_old_run(kept: Path, expected: Any) -> None:
    config = kept / "v1_baseline.json"
    config.write_text(json.dumps(CONFIG), encoding="utf-8")
    api.backtest(config=config, parquet_dir=kept / "parquet", output_dir=kept / "run", sensitivity=False, report=False)
    assert set(read_run(kept / "run").figures) == set(expected["ticks"])


def raised(path: Path, key: str) -> None:
    told = json.loads(path.read_text(encoding="utf-8"))
    told[key] += 1
    path.write_text(json.dumps(told), encoding="utf-8")


def raised_parquet(path: Path) -> None:
    table = pq.read_table(path)
    metadata = {key: value for key, value in (table.schema.metadata or {}).items() if key != b"tick-pipeline.seal"}
    metadata[b"tick-pipeline.format_version"] = str(layout.FORMAT_VERSION + 1).encode()
    pq.write_table(table.replace_schema_metadata(metadata), path)


@pytest.mark.parametrize(
    ("file", "make_newer", "read", "error"),
    [
        ("parquet/FAB.parquet", raised_parquet, lambda kept: read_footer(kept / "parquet/FAB.parquet"), NewerFormat),
        ("parquet/FAB.parquet", raised_parquet, lambda kept: read_ticks(kept / "parquet/FAB.parquet"), NewerFormat),
        ("parquet/catalog.json", lambda path: raised(path, "version"), lambda kept: open_store(kept / "parquet"),
         NewerFormat),
        ("run/run.json", lambda path: raised(path, "format_version"), lambda kept: read_run(kept / "run"), NewerRun),
        ("run/trades/FAB.parquet", raised_parquet, lambda kept: read_run(kept / "run").read_fills("FAB"), NewerRun),
        ("sweep/sweep.json", lambda path: raised(path, "format_version"), lambda kept: read_sweep(kept / "sweep"),
         NewerRun),
        ("sweep/sweep.parquet", raised_parquet, lambda kept: read_sweep(kept / "sweep"), NewerFormat),
    ],
)  # fmt: skip
def test_a_newer_format_is_refused_by_name(
    tmp_path: Path,
    file: str,
    make_newer: Callable[[Path], None],
    read: Callable[[Path], object],
    error: type[PipelineError],
) -> None:
    kept = shutil.copytree(FOLDERS[-1], tmp_path / "kept")
    read(kept)
    make_newer(kept / file)
    with pytest.raises(error, match=rf"{re.escape(Path(file).name)} .*update the project") as refused:
        read(kept)
    assert refused.value.exit_status == 2
