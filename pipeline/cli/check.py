"""The commands that prove, measure and clear."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import (
    SOME_FAILED,
    Debug,
    ParquetDir,
    Workers,
)


def validate(
    parquet_dir: ParquetDir = "data/parquet",
    strategy: Annotated[str, typer.Option(help="The strategy to replay.")] = "v1_baseline",
    config: Annotated[Path | None, typer.Option(help="Default: configs/STRATEGY.json.")] = None,
    workbook: Annotated[bool, typer.Option(help="Read the workbooks again and compare, cell by cell.")] = True,
    debug: Debug = False,
) -> None:
    """Prove it: sequential = parallel, compiled = plain Python, Parquet = workbook, byte for byte.

    Example: pipeline validate --no-workbook
    """
    from pipeline import terminal  # noqa: PLC0415
    from pipeline.store.place import place_of  # noqa: PLC0415
    from pipeline.validation import validate as run_validation  # noqa: PLC0415

    checks = terminal.show_checks(
        run_validation(place_of(parquet_dir), strategy=strategy, config=config, read_workbooks=workbook)
    )
    if not all(check.passed for check in checks):
        raise typer.Exit(SOME_FAILED)


def benchmark(
    workbooks: Annotated[list[Path] | None, typer.Argument(help="Default: every workbook in data/raw.")] = None,
    runs: Annotated[int, typer.Option(help="How often each is measured; the median is shown.")] = 5,
    workers: Workers = None,
    debug: Debug = False,
) -> None:
    """Measure sequential against parallel for the same work, stage by stage.

    Example: pipeline benchmark data/raw/ticks.xlsx --runs 3
    """
    from pipeline import terminal  # noqa: PLC0415
    from pipeline.bench import benchmark as measure  # noqa: PLC0415

    terminal.show_benchmark(measure(workbooks or None, runs=runs, workers=workers))


def clean_cache(debug: Debug = False) -> None:
    """Remove the compiled strategies and the results kept on this machine; the next run makes them again.

    Example: pipeline clean-cache
    """
    from pipeline.engine import codecache  # noqa: PLC0415
    from pipeline.store import kept  # noqa: PLC0415

    codecache.clear()
    freed = kept.clear(kept.results_folder())
    typer.echo(f"Removed {codecache.folder()} and {freed / 2**20:.1f} MB of results in {kept.results_folder()}")
