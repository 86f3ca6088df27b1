"""The commands that look at what is there and change nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import (
    SOME_FAILED,
    Debug,
    ParquetDir,
)
from pipeline.errors import BadRequest

Security = Annotated[str, typer.Argument(metavar="SECURITY", help="Its ticker.")]
Run = Annotated[str | None, typer.Option(metavar="RUN", help="A run's folder or name. Default: the one written last.")]
OutputDir = Annotated[Path, typer.Option(help="Where runs are looked for by name.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="A run: its folder, or its name below --output-dir.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The run to compare it with.")],
    output_dir: OutputDir = Path("output"),
    as_json: AsJson = False,
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


def show(
    security: Security,
    fills: Annotated[bool, typer.Option("--fills", help="Its fills instead of its figures.")] = False,
    run: Run = None,
    first: Annotated[int | None, typer.Option(help="Only the first fills. Default: 20 in a table.")] = None,
    last: Annotated[int | None, typer.Option(help="Only the last fills.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="From a date, a time of day or both on.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Up to a date, a time of day or both, inclusive.")] = None,
    side: Annotated[str | None, typer.Option(help="Only buy, or only sell.")] = None,
    output_dir: OutputDir = Path("output"),
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show one security of a run: its figures, or with --fills its fills.

    Example: pipeline show FAB --fills --from 14:55
    """
    from pipeline import api  # noqa: PLC0415
    from pipeline.results.security import Selection  # noqa: PLC0415
    from pipeline.terminal.look import show_fills, show_security  # noqa: PLC0415

    selection = Selection(first, last, start, end, side)
    if not fills and selection != Selection():
        raise BadRequest("--first, --last, --from, --to and --side choose fills: add --fills.")
    found = api.recorded_security(security, run, output_dir=output_dir)
    if fills:
        show_fills(found, selection, as_json=as_json)
    else:
        show_security(found, as_json=as_json)


def explain(
    security: Security,
    fill: Annotated[int, typer.Option(help="The fill's number, counted from 1, as `show --fills` has it.")],
    run: Run = None,
    parquet_dir: ParquetDir = "data/parquet",
    strategy: Annotated[str | None, typer.Option(help="The file of a strategy that is not the project's.")] = None,
    output_dir: OutputDir = Path("output"),
    as_json: AsJson = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="With every print, and what the strategy knew.")] = False,
    debug: Debug = False,
) -> None:
    """Say why a fill happened: the event, the book, our order and its queue, the arithmetic, the rule.

    Example: pipeline explain FAB --fill 17
    """
    from pipeline import api  # noqa: PLC0415
    from pipeline.terminal.look import ExplainProgress, show_explanation  # noqa: PLC0415

    with ExplainProgress() as progress:
        told = api.explain(
            security,
            fill,
            run,
            parquet_dir=parquet_dir,
            output_dir=output_dir,
            strategy=strategy,
            on_progress=progress.at,
        )
    show_explanation(told, as_json=as_json, verbose=verbose)
