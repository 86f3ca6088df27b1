"""Checks that every way of running gives the same bytes and that the Parquet store matches the workbooks."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline import api
from pipeline.conversion.verify import verify_each
from pipeline.runs.layout import RUN_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pipeline.store.path import AnyPath

WAYS: Final = (
    ("two threads", "threading", "compiled", 2),
    ("four threads", "threading", "compiled", 4),
    ("two processes", "loky", "compiled", 2),
    ("plain Python, one process", "sequential", "python", 1),
    ("plain Python, two processes", "loky", "python", 2),
)
STRICT_WAYS: Final = (WAYS[0], WAYS[3])


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was compared: whether it held, and what was compared or what differed."""

    name: str
    passed: bool
    detail: str


def validate(
    parquet_dir: AnyPath,
    *,
    strategy: str = "v1_baseline",
    config: Path | None = None,
    read_workbooks: bool = True,
    on_stage: Callable[[str], None] = lambda _: None,
    on_warnings: Callable[[Sequence[str]], None] = lambda _: None,
) -> Iterator[Check]:
    """Yield each check as it is made.

    Args:
        parquet_dir: Directory of the Parquet files.
        strategy: Name of a shipped strategy, or path of a .py file.
        config: Config file; by default `configs/<strategy>.json`.
        read_workbooks: Read the workbooks again and compare them with the Parquet files, cell by cell.
        on_stage: Called with what is done for the next check.
        on_warnings: Called with the warnings of a run under each execution model.

    Raises:
        PipelineError: There is nothing to run. A security that fails is a check that fails, and must fail in every way.
    """
    replay = partial(
        api.backtest,
        strategy,
        fresh=True,
        config=config,
        parquet_dir=parquet_dir,
        sensitivity=False,
        allow_stale=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        for execution, ways in (("classic", WAYS), ("strict", STRICT_WAYS)):
            on_stage(f"Replaying: {execution}, sequential compiled")
            first = Path(folder) / execution
            run = replay(output_dir=first, execution=execution, backend="sequential", engine="compiled", workers=1)
            on_warnings(run.warnings)
            for ticker, error in run.failed.items():
                yield Check(f"{execution}, {ticker} is replayed", passed=False, detail=error)
            expected = _contents(first)
            for name, backend, engine, workers in ways:
                on_stage(f"Replaying: {execution}, {name}")
                other = Path(folder) / f"{execution}-{backend}-{engine}-{workers}"
                replay(output_dir=other, execution=execution, backend=backend, engine=engine, workers=workers)
                yield _same_bytes(f"{execution}, sequential compiled = {name}", expected, _contents(other))
    if read_workbooks:
        for security in verify_each(parquet_dir, lambda ticker: on_stage(f"Reading the workbook again: {ticker}")):
            detail = security.problem or f"{security.rows:,} rows, cell by cell"
            yield Check(f"Parquet = workbook, {security.ticker}", security.problem is None, detail)


def _contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a run by name; of `run.json` all but how it was run and how long that took."""
    contents = {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()
    }
    run: dict[str, Any] = json.loads(contents[RUN_FILE])
    del run["how"]
    return contents | {RUN_FILE: json.dumps(run).encode()}


def _same_bytes(name: str, expected: dict[str, bytes], found: dict[str, bytes]) -> Check:
    different = sorted(file for file in expected.keys() | found.keys() if expected.get(file) != found.get(file))
    if different:
        return Check(name, passed=False, detail=f"{len(different)} files differ, first {different[0]}")
    return Check(name, passed=True, detail=f"{len(expected)} files, {sum(map(len, expected.values())):,} bytes")
