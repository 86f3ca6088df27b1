"""The public functions, one for each command's work, for notebooks and for the command line.

They take paths and options and return results. They print nothing, and import heavy modules only when called.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.conversion.result import ConvertResult, SheetEvent
    from pipeline.replay.plan import Plan
    from pipeline.replay.task import SecurityResult
    from pipeline.runs.compare import Comparison
    from pipeline.runs.recorded_security import RecordedSecurity
    from pipeline.runs.run import BacktestRun
    from pipeline.store.path import AnyPath
    from pipeline.sweeps.run import Listeners, SweepOptions, SweepRun
    from pipeline.tracing.explanation import Explanation

RAW_DIR: Final = Path("data/raw")
PARQUET_DIR: Final = Path("data/parquet")
OUTPUT_DIR: Final = Path("output")


def convert(
    workbooks: str | Path | Sequence[str | Path] | None = None,
    parquet_dir: str | AnyPath = PARQUET_DIR,
    *,
    header_row: int = 3,
    only: Sequence[str] | None = None,
    max_sheets: int | None = None,
    workers: int | None = None,
    force: bool = False,
    strict: bool = False,
    max_rejects: float | None = None,
    limits: Mapping[str, float] | Sequence[str] | None = None,
    on_event: Callable[[SheetEvent], None] | None = None,
    on_compile: Callable[[], None] | None = None,
) -> ConvertResult:
    """Convert workbooks to one Parquet file per security; sheets that have not changed are left as they are.

    Args:
        workbooks: Path or paths of .xlsx or .xlsm files; by default every workbook in `data/raw`.
        parquet_dir: Directory for the Parquet files, or a URI such as `s3://bucket/ticks`.
        header_row: Row that holds the column names, counted from 1.
        only, max_sheets: Tickers or sheet names to convert, and how many securities at most; by default all.
        workers: Sheets read at a time; by default the number of CPUs.
        force, strict: Convert unchanged sheets as well; allow no rejected row, which excludes `max_rejects`.
        max_rejects: Share of a sheet's rows that may be rejected, 0 to 1, by default 0.1. A sheet with more, or without
            a tick, fails, and what the store holds of its security stays.
        limits: How large a workbook may be, by the names of `Limits`, as {"unpacked_gb": 32}, or texts `KEY=VALUE`.
        on_event: Called with each event of a sheet, from worker threads, one at a time.
        on_compile: Called when the reader of large workbooks is compiled, once per machine.

    Returns:
        One row per sheet, in workbook order. A sheet that cannot be converted is a failed row with its error.

    Raises:
        PipelineError: The request or a workbook cannot be used.
    """
    from pipeline.conversion.plan import find_workbooks
    from pipeline.conversion.stage import convert as convert_stage
    from pipeline.store.path import path_of

    if workbooks is None:
        chosen = find_workbooks(RAW_DIR)
    elif isinstance(workbooks, (str, Path)):
        chosen = [Path(workbooks)]
    else:
        chosen = [Path(workbook) for workbook in workbooks]
    return convert_stage(
        chosen,
        path_of(parquet_dir),
        header_row=header_row,
        only=only,
        max_sheets=max_sheets,
        workers=workers,
        force=force,
        strict=strict,
        max_rejects=max_rejects,
        limits=limits,
        on_event=on_event,
        on_compile=on_compile,
    )


def backtest(
    strategy: str = "v1_baseline",
    *,
    config: str | Path | None = None,
    parquet_dir: str | AnyPath = PARQUET_DIR,
    output_dir: str | AnyPath | None = None,
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
    fresh: bool = False,
    report: bool = True,
    png: bool = False,
    on_plan: Callable[[Plan], None] | None = None,
    on_result: Callable[[SecurityResult], None] | None = None,
    on_compile: Callable[[str], None] | None = None,
) -> BacktestRun:
    """Replay a strategy over the securities of a Parquet directory and return the run.

    Args:
        strategy: Name of a shipped strategy, or path of a .py file.
        config: Config file; by default `configs/<strategy>.json`.
        parquet_dir: Directory of the Parquet files, or a URI such as `s3://bucket/ticks`.
        output_dir: Folder or URI for the run's files; by default nothing is written.
        workers: Securities replayed at a time; by default what CPUs and memory allow.
        backend, address: `threading`, `loky`, `sequential`, by default the quickest; or `dask` or `ray` at an address.
        engine: `compiled` or `python`; by default compiled, or plain Python for a strategy that cannot be compiled.
        execution: `classic` or `strict`; by default the config's `_execution`, else `classic`.
        sensitivity: Replay under the other execution models as well; by default with the compiled engine.
        parameters: Config keys set for all securities, over the config, and switches as `execution.fill_price`.
        securities, max_sheets: Tickers to replay, and how many at most; by default all in the directory.
        allow_stale: Run although a workbook has changed since it was converted, with a warning.
        fresh: Replay also the securities whose ticks, strategy, parameters and execution are those of a cached result.
        report, png: Write `report.html`, and each of its charts as an image, into `output_dir` (png: on this machine).
        on_plan, on_result, on_compile: Called with the checked plan, each result, and the strategy being compiled.

    Returns:
        The run, sorted by ticker. A security that fails is a row of its summary with the error.

    Raises:
        PipelineError: The request cannot be run.
    """
    from pipeline.replay.plan import Request
    from pipeline.runs.backtest import Listeners, run_backtest
    from pipeline.store.path import path_of

    folder = None if output_dir is None else path_of(output_dir)
    _check_png(folder, png=png)
    request = Request(
        strategy=strategy,
        config=None if config is None else Path(config),
        parquet_dir=path_of(parquet_dir),
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

    def make_page(finished: AnyPath) -> None:
        from pipeline.pages.remake import write_run_page

        write_run_page(finished, png=png)

    listeners = Listeners(on_plan, on_result, on_compile)
    return run_backtest(request, folder, listeners, make_page if report or png else None, fresh=fresh)


def sweep(
    sweep_file: str | Path | None = None,
    *,
    grid: Mapping[str, object] | Sequence[str] = (),
    strategy: str | None = None,
    config: str | Path | None = None,
    parquet_dir: str | AnyPath = PARQUET_DIR,
    output_dir: str | AnyPath | None = None,
    workers: int | None = None,
    backend: str | None = None,
    address: str | None = None,
    engine: str | None = None,
    execution: str | None = None,
    parameters: Mapping[str, object] | None = None,
    securities: Sequence[str] = (),
    max_sheets: int | None = None,
    allow_stale: bool = False,
    options: SweepOptions | None = None,
    listeners: Listeners | None = None,
) -> SweepRun:
    """Try out many settings of a strategy on every security; results that are cached are not computed again.

    Args:
        sweep_file: A file of `configs/sweeps`.
        grid: Axes by name, lists of values or ranges, or texts as `--grid` takes; they replace axes of the sweep file.
        strategy: Name or .py file; by default those of the sweep file, else `v1_baseline`.
        config, securities: As in `backtest`; by default those of the sweep file, if it has any.
        parquet_dir, output_dir, workers, backend, address, engine, execution, max_sheets, allow_stale: As there.
        parameters: Config keys and switches set for all settings; axes of the same names win.
        options, listeners: Split of the days, objective, search and files to write; whom to call as the sweep goes on.

    Returns:
        The finished sweep; its `frame` has one row per setting and security.

    Raises:
        PipelineError: The request cannot be run.
    """
    from pipeline.replay.plan import Request
    from pipeline.store.path import path_of
    from pipeline.sweeps.axes import joined
    from pipeline.sweeps.grid import grid_of, read_sweep
    from pipeline.sweeps.run import Listeners, SweepOptions, make_sweep

    told = joined(read_sweep(Path(sweep_file)), grid_of(grid)) if sweep_file is not None else grid_of(grid)
    chosen = config if config is not None else told.config
    request = Request(
        strategy=strategy or "v1_baseline",
        config=None if chosen is None else Path(chosen),
        parquet_dir=path_of(parquet_dir),
        workers=workers,
        backend=backend,
        address=address,
        engine=engine,
        execution=execution,
        overrides={key: _as_text(value) for key, value in (parameters or {}).items()},
        securities=securities or told.securities,
        max_sheets=max_sheets,
        allow_stale=allow_stale,
    )
    named = (strategy,) if strategy is not None else told.strategies
    folder = None if output_dir is None else path_of(output_dir)
    options = options or SweepOptions()
    _check_png(folder, png=options.png)

    def make_page(finished: AnyPath) -> None:
        from pipeline.pages.remake import write_sweep_page

        write_sweep_page(finished, png=options.png)

    asked = make_page if options.report or options.png else None
    return make_sweep(replace(told, strategies=named), request, options, folder, listeners or Listeners(), asked)


def compare(a: str | Path, b: str | Path, output_dir: str | Path = OUTPUT_DIR) -> Comparison:
    """Compare two runs: settings that differ, figures side by side, the first fill that differs; nothing is replayed.

    Args:
        a, b, output_dir: Two run folders, or the names of two runs below `output_dir`.

    Raises:
        PipelineError: One is not a complete run; a security whose fills cannot be read says so in its row instead.
    """
    from pipeline.runs.compare import compare as compare_runs
    from pipeline.runs.reader import find_run, read_run

    folders = [find_run(one, Path(output_dir)) for one in (a, b)]
    return compare_runs(*(read_run(folder) for folder in folders))


def report(run: str | Path | None = None, *, png: bool = False, output_dir: str | Path = OUTPUT_DIR) -> Path:
    """Make the page of a finished run or sweep anew from its files, and return the page's path.

    Args:
        run, output_dir: Its folder, or its name below `output_dir`; by default the run written last there.
        png: Draw each chart as an image as well.

    Raises:
        PipelineError: It is not a complete run or sweep, or images cannot be drawn.
    """
    from pipeline.pages.remake import write_run_page, write_sweep_page
    from pipeline.sweeps.writer import SWEEP_FILE

    named = () if run is None else (Path(run), Path(output_dir) / run)
    swept = next((folder for folder in named if (folder / SWEEP_FILE).is_file()), None)
    folder = swept or _run_folder(run, output_dir)
    write_page = write_sweep_page if swept else write_run_page
    write_page(folder, png=png)
    return folder / "report.html"


def recorded_security(
    security: str, run: str | Path | None = None, *, output_dir: str | Path = OUTPUT_DIR
) -> RecordedSecurity:
    """Return what a run recorded of one security: its figures, and its fills when they are asked for.

    Args:
        security: Ticker, in any case.
        run, output_dir: A run folder, or the name of one below `output_dir`; by default the one written last there.

    Raises:
        PipelineError: It is not a complete run, or the security is not in it or failed.
    """
    from pipeline.runs.recorded_security import read_security

    return read_security(_run_folder(run, output_dir), security)


def explain(
    security: str,
    fill: int,
    run: str | Path | None = None,
    *,
    parquet_dir: str | AnyPath = PARQUET_DIR,
    output_dir: str | Path = OUTPUT_DIR,
    strategy: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Explanation:
    """Return why a fill happened, from a replay in plain Python that must find every fill up to it as recorded.

    Args:
        security: Ticker, in any case.
        fill: Number of the fill in `trades/<TICKER>.parquet`, counted from 1.
        run, output_dir: As in `recorded_security`.
        parquet_dir: Directory or URI of the ticks that the run replayed.
        strategy: File of the run's strategy if it is not a shipped one.
        on_progress: Called with the number of ticks replayed and the number to replay.

    Raises:
        PipelineError: The fill cannot be explained, for example since ticks or strategy have changed since the run.
    """
    from pipeline.store.path import path_of
    from pipeline.tracing.recorded_fill import FillRequest, explain_run_fill

    request = FillRequest(_run_folder(run, output_dir), security, fill, path_of(parquet_dir), strategy)
    return explain_run_fill(request, on_progress)


def _check_png(folder: AnyPath | None, *, png: bool) -> None:
    if png and not isinstance(folder, Path):
        from pipeline.errors import BadRequest

        raise BadRequest("--png draws into a folder of this machine: name one with --output-dir.")


def _run_folder(run: str | Path | None, output_dir: str | Path) -> Path:
    """Return the folder of a run that is named, or of the one written last below output_dir."""
    from pipeline.runs.reader import find_run
    from pipeline.runs.recorded_security import newest_run

    return newest_run(Path(output_dir)) if run is None else find_run(run, Path(output_dir))


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
