"""The commands that show what is there, or make a run's page anew: compare, report, show, explain and inspect."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import complete
from pipeline.cli.options import ParquetDir
from pipeline.console.output import CommandResult
from pipeline.errors import BadRequest

Security = Annotated[str, typer.Argument(metavar="SECURITY", help="Its ticker.", autocompletion=complete.ticker)]
Run = Annotated[
    str | None,
    typer.Option(
        metavar="RUN",
        help="A run: its folder, or its name below --output-dir. Default: the one written last.",
        autocompletion=complete.runs,
    ),
]
OutputDir = Annotated[Path, typer.Option(help="Where runs are looked for by name.")]


def compare(
    a: Annotated[
        str,
        typer.Argument(
            metavar="A", help="A run: its folder, or its name below --output-dir.", autocompletion=complete.runs
        ),
    ],
    b: Annotated[str, typer.Argument(metavar="B", help="The run to compare it with.", autocompletion=complete.runs)],
    output_dir: OutputDir = Path("output"),
) -> CommandResult:
    """Put two runs side by side: settings, P&L, fills, drawdown, and the first fill where they part.

    Example: pipeline compare v1_baseline output/another
    """
    from pipeline import api
    from pipeline.console.compare import show_comparison
    from pipeline.console.progress import Progress

    with Progress("Reading the runs"):
        found = api.compare(a, b, output_dir)
    return show_comparison(found)


def report(
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN]",
            help="A run or a sweep: its folder, or its name below --output-dir. Default: the run written last.",
            autocompletion=complete.runs,
        ),
    ] = None,
    png: Annotated[
        bool, typer.Option("--png", help="Draw each chart into charts/ as well; needs the extra png.")
    ] = False,
    output_dir: OutputDir = Path("output"),
) -> CommandResult:
    """Make the page of a finished run anew, from its files.

    Example: pipeline report v1_baseline
    """
    from pipeline import api
    from pipeline.console.progress import Progress
    from pipeline.runs.layout import RUN_FILE
    from pipeline.runs.read_file import recorded_warnings
    from pipeline.sweeps.writer import SWEEP_FILE

    with Progress("Making the page"):
        page = api.report(run, png=png, output_dir=output_dir)
        path = next(file for name in (SWEEP_FILE, RUN_FILE) if (file := page.parent / name).is_file())
        warnings = recorded_warnings(path)
    facts = {"report": page, "charts": sorted(page.parent.glob("charts/*.png")) if png else []}
    line = f"Page: {page}" + (f"; charts: {page.parent / 'charts'}" if png else "")
    return CommandResult(line, facts, warnings=warnings)


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
) -> CommandResult:
    """Show one security of a run: its figures, or its fills.

    Example: pipeline show FAB --fills --from 14:55
    """
    from pipeline import api
    from pipeline.console.progress import Progress
    from pipeline.console.show import show_fills, show_security
    from pipeline.runs.recorded_security import Selection

    selection = Selection(first, last, start, end, side)
    if not fills and selection != Selection():
        raise BadRequest("--first, --last, --from, --to and --side choose fills: add --fills.")
    with Progress("Reading the run"):
        found = api.recorded_security(security, run, output_dir=output_dir)
    return show_fills(found, selection) if fills else show_security(found)


def explain(
    security: Security,
    fill: Annotated[int, typer.Option(help="The fill's number, counted from 1, as `show --fills` has it.")],
    run: Run = None,
    parquet_dir: ParquetDir = "data/parquet",
    strategy: Annotated[str | None, typer.Option(help="The file of a strategy that is not the project's.")] = None,
    output_dir: OutputDir = Path("output"),
) -> CommandResult:
    """Say why a fill happened: the event, the book, our order and its queue, the arithmetic, the rule.

    Example: pipeline explain FAB --fill 3 --run v1_baseline
    """
    from pipeline import api
    from pipeline.console.show import ExplainProgress, show_explanation

    with ExplainProgress("Reading the run") as progress:
        told = api.explain(
            security,
            fill,
            run,
            parquet_dir=parquet_dir,
            output_dir=output_dir,
            strategy=strategy,
            on_progress=progress.at,
        )
    return show_explanation(told)


def inspect(
    tickers: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TICKER]...", help="Show these in full. Default: all.", autocompletion=complete.ticker),
    ] = None,
    parquet_dir: ParquetDir = "data/parquet",
    strict: Annotated[bool, typer.Option("--strict", help="End with status 1 when there is a warning.")] = False,
) -> CommandResult:
    """Show what is in the store: rows, days, gaps, odd prices and books, and warn of what is likely wrong.

    Example: pipeline inspect FAB
    """
    from pipeline.console.inspect import show_inspection
    from pipeline.console.progress import Progress
    from pipeline.inspection.store import inspect_store
    from pipeline.store.path import path_of

    with Progress("Listing the store") as progress:
        found = inspect_store(
            path_of(parquet_dir),
            tickers or (),
            on_plan=lambda total: progress.stage("Counting", total),
            on_security=progress.step,
        )
    return show_inspection(found, in_full=bool(tickers), strict=strict)
