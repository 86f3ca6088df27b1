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
    from pipeline.store.path import Place
    from pipeline.sweeps.run import Listeners, SweepOptions, SweepRun
    from pipeline.tracing.explanation import Explanation

RAW_DIR: Final = Path("data/raw")
PARQUET_DIR: Final = Path("data/parquet")
OUTPUT_DIR: Final = Path("output")


def convert(
    workbooks: str | Path | Sequence[str | Path] | None = None,
    parquet_dir: str | Place = PARQUET_DIR,
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
    """Convert workbooks (by default all in `data/raw`) to one Parquet file a security.

    parquet_dir may be a URI such as `s3://bucket/ticks`. header_row counts from 1. only: tickers or sheet names. Sheets
    that have not changed are left as they are unless `force`. max_rejects: the share of a sheet's rows that may be
    rejected, by default 0.1; a sheet with more, or without a tick, fails and what the store holds of its security
    stays. strict: none may be rejected. limits: how large a workbook may be, by the names of `Limits`, as
    {"unpacked_gb": 32}. on_compile: called when the reader of large workbooks is compiled, once a machine. Raises a
    PipelineError when the request or a workbook cannot be used; a sheet that cannot be used is a row of the result with
    its error.
    """
    from pipeline.conversion.plan import find_workbooks
    from pipeline.conversion.stage import convert as convert_stage
    from pipeline.store.path import place_of

    if workbooks is None:
        chosen = find_workbooks(RAW_DIR)
    elif isinstance(workbooks, (str, Path)):
        chosen = [Path(workbooks)]
    else:
        chosen = [Path(workbook) for workbook in workbooks]
    return convert_stage(
        chosen,
        place_of(parquet_dir),
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
    parquet_dir: str | Place = PARQUET_DIR,
    output_dir: str | Place | None = None,
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

    strategy: a name or a .py file. config: by default `configs/<strategy>.json`. parameters: config keys set for all
    securities, over the config, and execution switches as `execution.fill_price`. backend: threading, loky, sequential,
    dask or ray, whose cluster is at address. engine: by default compiled, or plain Python for a strategy that cannot
    be. execution: `classic` (default) or `strict`. sensitivity: the same replays under the other execution models; by
    default with the compiled engine. output_dir: where the run's files go; nothing is written without one. report:
    whether `report.html` is one; png: whether each of its charts is one, as an image. parquet_dir and output_dir may be
    URIs such as `s3://bucket/run`.
    A security whose ticks, strategy, parameters and execution are those of an earlier run is not replayed again, unless
    `fresh`. Raises a PipelineError when the request cannot be run; a security that fails is a row of the summary with
    its error.
    """
    from pipeline.replay.plan import Request
    from pipeline.runs.backtest import Listeners, run_backtest
    from pipeline.store.path import place_of

    folder = None if output_dir is None else place_of(output_dir)
    _check_png(folder, png=png)
    request = Request(
        strategy=strategy,
        config=None if config is None else Path(config),
        parquet_dir=place_of(parquet_dir),
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

    def make_page(finished: Place) -> None:
        from pipeline.pages.remake import remake

        remake(finished, png=png)

    listeners = Listeners(on_plan, on_result, on_compile)
    return run_backtest(request, folder, listeners, make_page if report or png else None, fresh=fresh)


def sweep(
    sweep_file: str | Path | None = None,
    *,
    grid: Mapping[str, object] | Sequence[str] = (),
    strategy: str | None = None,
    config: str | Path | None = None,
    parquet_dir: str | Place = PARQUET_DIR,
    output_dir: str | Place | None = None,
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
    """Try out many settings of a strategy on every security; what was computed before is not computed again.

    sweep_file: a file of `configs/sweeps`. grid: axes by name, each a list of values or a range, or texts as `--grid`
    takes them; they replace the file's axes of the same names. parameters: set for all settings, below the axes.
    The rest as in `backtest`. Raises a PipelineError when the request cannot be run.
    """
    from pipeline.replay.plan import Request
    from pipeline.store.path import place_of
    from pipeline.sweeps.axes import joined
    from pipeline.sweeps.grid import grid_of, read_sweep
    from pipeline.sweeps.run import Listeners, SweepOptions, make_sweep

    told = joined(read_sweep(Path(sweep_file)), grid_of(grid)) if sweep_file is not None else grid_of(grid)
    chosen = config if config is not None else told.config
    request = Request(
        strategy=strategy or "v1_baseline",
        config=None if chosen is None else Path(chosen),
        parquet_dir=place_of(parquet_dir),
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
    folder = None if output_dir is None else place_of(output_dir)
    options = options or SweepOptions()
    _check_png(folder, png=options.png)

    def make_page(finished: Place) -> None:
        from pipeline.pages.sweep_remake import remake_sweep

        remake_sweep(finished, png=options.png)

    asked = make_page if options.report or options.png else None
    return make_sweep(replace(told, strategies=named), request, options, folder, listeners or Listeners(), asked)


def compare(a: str | Path, b: str | Path, output_dir: str | Path = OUTPUT_DIR) -> Comparison:
    """Compare two runs: the settings that differ, figures side by side, the first fill where each security parts.

    a, b: run folders, or names of runs below `output_dir`. Nothing is replayed.
    Raises a PipelineError for what is no complete run; a security whose fills cannot be read says so in its row.
    """
    from pipeline.runs.compare import compare as compare_runs
    from pipeline.runs.reader import find_run, read_run

    folders = [find_run(one, Path(output_dir)) for one in (a, b)]
    return compare_runs(*(read_run(folder) for folder in folders))


def report(run: str | Path | None = None, *, png: bool = False, output_dir: str | Path = OUTPUT_DIR) -> Path:
    """Make the page of a finished run or sweep anew, from its files; with png an image of each chart as well.

    run: its folder, or its name below `output_dir`; by default the run written last there. Returns the page's path.
    Raises a PipelineError for what is no complete run, and where images cannot be drawn.
    """
    from pipeline.pages.remake import remake
    from pipeline.pages.sweep_remake import remake_sweep
    from pipeline.sweeps.writer import SWEEP_FILE

    named = () if run is None else (Path(run), Path(output_dir) / run)
    swept = next((folder for folder in named if (folder / SWEEP_FILE).is_file()), None)
    folder = swept or _run_folder(run, output_dir)
    make_page = remake_sweep if swept else remake
    make_page(folder, png=png)
    return folder / "report.html"


def recorded_security(
    security: str, run: str | Path | None = None, *, output_dir: str | Path = OUTPUT_DIR
) -> RecordedSecurity:
    """Return what a run recorded of one security: its figures, and its fills when they are asked for.

    run: a run folder or the name of one below `output_dir`; by default the one written last there.
    Raises a PipelineError for what is no complete run, and for a security that is not in it or failed.
    """
    from pipeline.runs.recorded_security import read_security

    return read_security(_run_folder(run, output_dir), security)


def explain(
    security: str,
    fill: int,
    run: str | Path | None = None,
    *,
    parquet_dir: str | Place = PARQUET_DIR,
    output_dir: str | Path = OUTPUT_DIR,
    strategy: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Explanation:
    """Return why a fill happened, from a plain replay of the security up to it that finds all fills as recorded.

    fill: its number in `trades/<TICKER>.parquet`, counted from 1. run: as in `recorded_security`. strategy: the file of
    one that does not come with the project. on_progress: told how many ticks of how many are replayed.
    Raises a PipelineError for what cannot be explained, also where ticks or strategy have changed since the run.
    """
    from pipeline.store.path import place_of
    from pipeline.tracing.of_run import Wanted, explain_run_fill

    wanted = Wanted(_run_folder(run, output_dir), security, fill, place_of(parquet_dir), strategy)
    return explain_run_fill(wanted, on_progress)


def _check_png(folder: Place | None, *, png: bool) -> None:
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
