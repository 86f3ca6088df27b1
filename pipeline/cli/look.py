"""The commands that look at what is there and change nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import (
    SOME_FAILED,
    Debug,
)


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="A run: its folder, or its name below --output-dir.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The run to compare it with.")],
    output_dir: Annotated[Path, typer.Option(help="Where runs are looked for by name.")] = Path("output"),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")] = False,
    debug: Debug = False,
) -> None:
    """Two runs side by side: settings that differ, P&L, fills, drawdown, and the first fill where they part.

    Example: pipeline compare v1_baseline output/another
    """
    from pipeline import api  # noqa: PLC0415
    from pipeline.terminal.compare import show_comparison, show_comparison_json  # noqa: PLC0415

    found = api.compare(a, b, output_dir)
    (show_comparison_json if as_json else show_comparison)(found)
    if found.unreadable:
        raise typer.Exit(SOME_FAILED)
