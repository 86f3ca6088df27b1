"""The two stages as functions for notebooks and for the command line: paths and plain options in, results out.

Nothing is printed; nothing heavy is imported before it is used.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.backtest.stage import Plan
    from pipeline.backtest.task import SecurityResult
    from pipeline.convert.result import ConvertResult, SheetEvent
    from pipeline.results.run import BacktestRun

RAW_DIR: Final = Path("data/raw")
PARQUET_DIR: Final = Path("data/parquet")


def convert(
    workbooks: str | Path | Sequence[str | Path] | None = None,
    parquet_dir: str | Path = PARQUET_DIR,
    *,
    header_row: int = 3,
    only: Sequence[str] | None = None,
    max_sheets: int | None = None,
    workers: int | None = None,
    force: bool = False,
    on_event: Callable[[SheetEvent], None] | None = None,
) -> ConvertResult:
    """Convert workbooks (by default all in `data/raw`) to one Parquet file a security.

    header_row counts from 1. only: tickers or sheet names. Sheets that have not changed are left as they are unless
    `force`. Raises a PipelineError when the request or a workbook cannot be used; a sheet that cannot be used is a row
    of the result with its error.
    """
    from pipeline.convert.plan import find_workbooks  # noqa: PLC0415
    from pipeline.convert.stage import convert as convert_stage  # noqa: PLC0415

    if workbooks is None:
        chosen = find_workbooks(RAW_DIR)
    elif isinstance(workbooks, (str, Path)):
        chosen = [Path(workbooks)]
    else:
        chosen = [Path(workbook) for workbook in workbooks]
    return convert_stage(
        chosen,
        Path(parquet_dir),
        header_row=header_row,
        only=only,
        max_sheets=max_sheets,
        workers=workers,
        force=force,
        on_event=on_event,
    )


def backtest(
    strategy: str = "v1_baseline",
    *,
    config: str | Path | None = None,
    parquet_dir: str | Path = PARQUET_DIR,
    output_dir: str | Path | None = None,
    workers: int | None = None,
    backend: str | None = None,
    address: str | None = None,
    engine: str | None = None,
    execution: str | None = None,
    sensitivity: bool | None = None,
    parameters: Mapping[str, object] | None = None,
    securities: Sequence[str] = (),
    max_sheets: int | None = None,
    allow_stale: bool = False,
    on_plan: Callable[[Plan], None] | None = None,
    on_result: Callable[[SecurityResult], None] | None = None,
    on_compile: Callable[[str], None] | None = None,
) -> BacktestRun:
    """Replay a strategy over the securities of a Parquet directory and return the run.

    strategy: a name or a .py file. config: by default `configs/<strategy>.json`. parameters: config keys set for all
    securities, over the config, and execution switches as `execution.fill_price`. backend: threading, loky, sequential,
    dask or ray, whose cluster is at address. engine: by default compiled, or plain Python for a strategy that cannot
    be. execution: `classic` (default) or `strict`. sensitivity: the same replays under the other execution models; by
    default with the compiled engine. output_dir: where the run's files go; nothing is written without one.
    Raises a PipelineError when the request cannot be run; a security that fails is a row of the summary with its error.
    """
    from pipeline.backtest.stage import Request, plan, run  # noqa: PLC0415
    from pipeline.results.files import RunFolder  # noqa: PLC0415
    from pipeline.results.run import BacktestRun  # noqa: PLC0415

    started = time.perf_counter()
    planned = plan(
        Request(
            strategy=strategy,
            config=None if config is None else Path(config),
            parquet_dir=Path(parquet_dir),
            workers=workers,
            backend=backend,
            address=address,
            engine=engine,
            execution=execution,
            sensitivity=sensitivity,
            overrides={key: _as_text(value) for key, value in (parameters or {}).items()},
            securities=securities,
            max_sheets=max_sheets,
            allow_stale=allow_stale,
        )
    )
    folder = None if output_dir is None else RunFolder(Path(output_dir), planned)
    if folder:
        folder.open()
    if on_plan:
        on_plan(planned)
    results = []
    for result in run(planned, on_compile):
        results.append(result)
        if folder:
            folder.add(result)
        if on_result:
            on_result(result)
    results.sort(key=lambda result: result.ticker)
    seconds = {
        "total": time.perf_counter() - started,
        "reading": sum(result.read_seconds for result in results),
        "replay": sum(result.replay_seconds for result in results),
        "sensitivity": sum(result.check_seconds for result in results),
    }
    if folder:
        folder.close(seconds)
    return BacktestRun(planned, results, folder.directory if folder else None, seconds)


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
