"""The commands that make data: a synthetic workbook, workbooks to Parquet, and the whole way at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import (
    SOME_FAILED,
    Debug,
    ParquetDir,
    Workers,
    names_in,
)
from pipeline.cli.replay import backtest


def convert(
    workbooks: Annotated[list[Path] | None, typer.Argument(help="Default: every workbook in data/raw.")] = None,
    parquet_dir: ParquetDir = "data/parquet",
    header_row: Annotated[int, typer.Option(help="The row with the column names, counted from 1.")] = 3,
    only: Annotated[str, typer.Option(help="Only these tickers or sheets, separated by commas.")] = "",
    max_sheets: Annotated[int | None, typer.Option(help="Only the first sheets, for a quick try.")] = None,
    workers: Workers = None,
    force: Annotated[bool, typer.Option("--force", help="Convert again what has not changed, too.")] = False,
    debug: Debug = False,
) -> None:
    """Stage 1: workbook to one Parquet file a security. Only what changed is converted again.

    Example: pipeline convert data/raw/ticks.xlsx --only FAB,EMAAR
    """
    from pipeline import api, terminal  # noqa: PLC0415

    with terminal.convert_progress() as progress:
        result = api.convert(
            workbooks or None,
            parquet_dir,
            header_row=header_row,
            only=names_in(only) or None,
            max_sheets=max_sheets,
            workers=workers,
            force=force,
            on_event=progress,
        )
    terminal.show_conversion(result)
    if result.failed:
        raise typer.Exit(SOME_FAILED)


def sample(
    path: Annotated[Path, typer.Argument(help="The workbook to make.")] = Path("data/sample/sample_ticks.xlsx"),
    seed: Annotated[int, typer.Option(help="Another seed makes other ticks.")] = 7,
    debug: Debug = False,
) -> None:
    """Make a workbook of synthetic ticks, for trying things out.

    Example: pipeline sample data/sample/sample_ticks.xlsx
    """
    from pipeline.convert.sample import write_sample  # noqa: PLC0415

    path.parent.mkdir(parents=True, exist_ok=True)
    write_sample(path, seed=seed)
    typer.echo(f"Synthetic ticks (no real market data): {path}")


def demo(debug: Debug = False) -> None:
    """Make the synthetic workbook, convert it, backtest it, and say where the results are.

    Example: pipeline demo
    """
    workbook, parquet_dir, output_dir = (
        Path("data/sample/sample_ticks.xlsx"),
        "data/sample/parquet",
        "output/demo",
    )
    sample(workbook)
    convert([workbook], parquet_dir)
    backtest(parquet_dir=parquet_dir, output_dir=output_dir)
    typer.echo("These ticks are synthetic. For your own: put a workbook in data/raw, then make convert, make backtest.")
