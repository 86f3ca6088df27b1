"""The commands that validate, benchmark and clear the cache."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pipeline import options as take
from pipeline.console.output import CommandResult
from pipeline.errors import BadRequest
from pipeline.option_values import counts_of
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
        str | None,
        Option("With --scale: how many securities, separated by commas.", default="10,100,1000", metavar="N,N"),
    ] = None,
    ticks: Annotated[int | None, Option("With --scale: ticks of each.", default="386000", metavar="N")] = None,
    long_ticks: Annotated[
        int | None, Option("With --scale: ticks of one long security; 0 for none.", default="10000000", metavar="N")
    ] = None,
    chart: Annotated[str | None, Option("With --scale: a file for its chart, an SVG.", metavar="PATH")] = None,
) -> CommandResult:
    """Time sequential against parallel work, stage by stage.

    With --scale, times whole backtests of many securities and of one long one, by workers, against the least they
    could take.

    Example: pipeline benchmark data/raw/ticks.xlsx --runs 3
    """
    from pipeline.console.progress import Progress

    of_scale = {"--securities": securities, "--ticks": ticks, "--long-ticks": long_ticks, "--chart": chart}
    if scale:
        if workbooks:
            raise BadRequest(f"--scale makes its own ticks; leave out {workbooks[0]}.")
        sizes = {"ticks": ticks, "long_ticks": long_ticks, "workers": workers}
        counts = None if securities is None else counts_of(securities, "--securities")
        return _scale({"runs": runs, "securities": counts, **sizes}, chart)
    for option, value in of_scale.items():
        if value is not None:
            raise BadRequest(f"{option} is for --scale: give both, or neither.")
    from pipeline.bench.stages import benchmark as measure
    from pipeline.console.checks import show_benchmark

    paths = [Path(workbook) for workbook in workbooks] or None
    warnings: list[str] = []
    with Progress() as progress:
        timings = measure(paths, runs=runs, workers=workers, on_stage=progress.stage, on_warnings=warnings.extend)
    return show_benchmark(timings, runs, warnings)


def _scale(sizes: Mapping[str, Any], chart: str | None) -> CommandResult:
    """Measure scale; sizes: what was given of what `Scale` takes, None for the rest."""
    from pipeline.bench.chart import scale_chart
    from pipeline.bench.scale import Scale, measure_scale
    from pipeline.console.checks import show_scale
    from pipeline.console.progress import Progress
    from pipeline.store.atomic import write_bytes

    scale = Scale(**{name: value for name, value in sizes.items() if value is not None})
    with Progress() as progress:
        stores = measure_scale(scale, progress.stage)
    if chart is not None:
        write_bytes(Path(chart), scale_chart(stores).encode())
    return show_scale(stores, scale.runs, chart)


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
