"""The commands that look at what is there and change nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import complete
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
