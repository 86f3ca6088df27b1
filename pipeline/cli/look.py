"""The commands that look at what is there and change nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import complete
from pipeline.cli.options import ParquetDir
from pipeline.terminal.voice import Closing


def compare(
    a: Annotated[
        str,
        typer.Argument(
            metavar="A", help="A run: its folder, or its name below --output-dir.", autocompletion=complete.runs
        ),
    ],
    b: Annotated[str, typer.Argument(metavar="B", help="The run to compare it with.", autocompletion=complete.runs)],
    output_dir: Annotated[Path, typer.Option(help="Where runs are looked for by name.")] = Path("output"),
) -> Closing:
    """Put two runs side by side: settings, P&L, fills, drawdown, and the first fill where they part.

    Example: pipeline compare v1_baseline output/another
    """
    from pipeline import api  # noqa: PLC0415
    from pipeline.terminal.compare import show_comparison  # noqa: PLC0415
    from pipeline.terminal.progress import Progress  # noqa: PLC0415

    with Progress("Reading the runs"):
        found = api.compare(a, b, output_dir)
    return show_comparison(found)


def inspect(
    tickers: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TICKER]...", help="Show these in full. Default: all.", autocompletion=complete.ticker),
    ] = None,
    parquet_dir: ParquetDir = "data/parquet",
    strict: Annotated[bool, typer.Option("--strict", help="End with status 1 when there is a warning.")] = False,
) -> Closing:
    """Show what is in the store: rows, days, gaps, odd prices and books, and warn of what is likely wrong.

    Example: pipeline inspect FAB
    """
    from pipeline.inspection.store import inspect_store  # noqa: PLC0415
    from pipeline.store.place import place_of  # noqa: PLC0415
    from pipeline.terminal.inspect import show_inspection  # noqa: PLC0415
    from pipeline.terminal.progress import Progress  # noqa: PLC0415

    with Progress("Listing the store") as progress:
        found = inspect_store(
            place_of(parquet_dir),
            tickers or (),
            on_plan=lambda total: progress.stage("Counting", total),
            on_security=progress.step,
        )
    return show_inspection(found, in_full=bool(tickers), strict=strict)
