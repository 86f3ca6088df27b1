"""The commands that validate, benchmark and clear the cache."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import Config, ParquetDir, Strategy, Workers
from pipeline.console.output import CommandResult


def validate(
    parquet_dir: ParquetDir = "data/parquet",
    strategy: Strategy = "v1_baseline",
    config: Config = None,
    workbook: Annotated[bool, typer.Option(help="Read the workbooks again and compare, cell by cell.")] = True,
) -> CommandResult:
    """Prove that results and ticks are the same, byte for byte.

    Sequential = parallel, compiled = plain Python, Parquet = workbook.

    Example: pipeline validate --no-workbook
    """
    from pipeline.console.checks import show_checks
    from pipeline.console.progress import Progress
    from pipeline.store.path import path_of
    from pipeline.validation import validate as run_validation

    with Progress() as progress:
        checks = run_validation(
            path_of(parquet_dir),
            strategy=strategy,
            config=config,
            read_workbooks=workbook,
            on_stage=progress.stage,
        )
        return show_checks(checks)


def benchmark(
    workbooks: Annotated[list[Path] | None, typer.Argument(help="Default: every workbook in data/raw.")] = None,
    runs: Annotated[int, typer.Option(help="How often each is measured; the median is shown.")] = 5,
    workers: Workers = None,
) -> CommandResult:
    """Measure sequential against parallel, stage by stage.

    Example: pipeline benchmark data/raw/ticks.xlsx --runs 3
    """
    from pipeline.bench import benchmark as measure
    from pipeline.console.checks import show_benchmark
    from pipeline.console.progress import Progress

    with Progress() as progress:
        timings = measure(workbooks or None, runs=runs, workers=workers, on_stage=progress.stage)
    return show_benchmark(timings, runs)


def clean_cache() -> CommandResult:
    """Remove compiled code and cached results; the next run makes them again.

    Example: pipeline clean-cache
    """
    from pipeline.native import codecache
    from pipeline.store import result_cache

    codecache.clear()
    freed = result_cache.clear(result_cache.results_folder())
    line = f"Removed {codecache.folder()} and {freed / 2**20:.1f} MB of results in {result_cache.results_folder()}"
    facts = {"loops": codecache.folder(), "results": result_cache.results_folder(), "freed_bytes": freed}
    return CommandResult(line, facts)
