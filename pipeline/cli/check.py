"""The commands that validate, benchmark and clear the cache."""

from pathlib import Path
from typing import Annotated

from pipeline import options as take
from pipeline.console.output import CommandResult
from pipeline.errors import BadRequest
from pipeline.options import Option


def validate(
    parquet_dir: take.ParquetDir = take.PARQUET_DIR,
    strategy: take.Strategy = take.STRATEGY,
    config: take.Config = None,
    workbook: Annotated[bool, Option("Read the workbooks again and compare them cell by cell.")] = True,
) -> CommandResult:
    """Check that every way of running gives the same bytes.

    Sequential = parallel, compiled = plain Python, Parquet = workbook.

    Example: pipeline validate --no-workbook
    """
    from pipeline.console.checks import show_checks
    from pipeline.console.progress import Progress
    from pipeline.store.path import path_of
    from pipeline.validation import validate as run_validation

    warnings: list[str] = []
    with Progress() as progress:
        checks = run_validation(
            path_of(parquet_dir),
            strategy=strategy,
            config=None if config is None else Path(config),
            read_workbooks=workbook,
            on_stage=progress.stage,
            on_warnings=warnings.extend,
        )
        return show_checks(checks, warnings)


def benchmark(
    workbooks: Annotated[
        tuple[str, ...],
        Option("Workbooks to measure with.", default="every one in data/raw", repeatable=True, argument=True),
    ] = (),
    runs: Annotated[int, Option("How often each is measured; the median is shown.", metavar="N")] = 5,
    workers: take.Workers = None,
    scale: Annotated[bool, Option("Measure how a backtest scales instead, on synthetic ticks.")] = False,
    securities: Annotated[
        str, Option("With --scale: how many securities, separated by commas.", metavar="N,N")
    ] = "10,100,1000",
    ticks: Annotated[int, Option("With --scale: ticks of each of them.", metavar="N")] = 386_000,
    long_ticks: Annotated[
        int, Option("With --scale: ticks of one long security; 0 for none.", metavar="N")
    ] = 10_000_000,
    chart: Annotated[str | None, Option("With --scale: a file for its chart, an SVG.", metavar="PATH")] = None,
) -> CommandResult:
    """Time sequential against parallel work, stage by stage.

    With --scale whole backtests of many and of long securities, by workers, beside what cannot be saved.

    Example: pipeline benchmark data/raw/ticks.xlsx --runs 3
    """
    from pipeline.console.progress import Progress

    if scale:
        return _scale(workbooks, runs, workers, securities, ticks, long_ticks, chart)
    from pipeline.bench.stages import benchmark as measure
    from pipeline.console.checks import show_benchmark

    paths = [Path(workbook) for workbook in workbooks] or None
    warnings: list[str] = []
    with Progress() as progress:
        timings = measure(paths, runs=runs, workers=workers, on_stage=progress.stage, on_warnings=warnings.extend)
    return show_benchmark(timings, runs, warnings)


def _scale(
    workbooks: tuple[str, ...],
    runs: int,
    workers: int | None,
    securities: str,
    ticks: int,
    long_ticks: int,
    chart: str | None,
) -> CommandResult:
    from pipeline.bench.chart import scale_chart
    from pipeline.bench.scale import Scale, measure_scale
    from pipeline.console.checks import show_scale
    from pipeline.console.progress import Progress
    from pipeline.store.atomic import write_bytes

    if workbooks:
        raise BadRequest(f"--scale makes its own ticks; leave out {workbooks[0]}.")
    with Progress() as progress:
        size = Scale(take.counts_of(securities, "--securities"), ticks, long_ticks, runs, workers)
        stores = measure_scale(size, progress.stage)
    if chart is not None:
        write_bytes(Path(chart), scale_chart(stores).encode())
    return show_scale(stores, runs, chart)


def clean_cache() -> CommandResult:
    """Remove compiled code and cached results; the next run rebuilds them.

    Example: pipeline clean-cache
    """
    from pipeline.native import codecache
    from pipeline.store import result_cache

    codecache.clear()
    freed = result_cache.clear(result_cache.results_folder())
    line = f"Removed {codecache.folder()} and {freed / 2**20:.1f} MB of results in {result_cache.results_folder()}"
    facts = {"loops": codecache.folder(), "results": result_cache.results_folder(), "freed_bytes": freed}
    return CommandResult(line, facts)
