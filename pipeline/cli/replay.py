"""The commands that replay a strategy: the backtest, and how its P&L depends on how orders are assumed to fill."""

# Annotations are not postponed here: Typer would compile each one's text anew at every start.

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.options import (
    Address,
    AllowStale,
    Backend,
    Config,
    Engine,
    ExecutionModel,
    Fresh,
    MaxSheets,
    ParquetDir,
    Securities,
    Sets,
    Strategy,
    Workers,
    assignments_in,
    names_in,
)
from pipeline.console.output import CommandResult


def backtest(
    strategy: Strategy = "v1_baseline",
    config: Config = None,
    parquet_dir: ParquetDir = "data/parquet",
    output_dir: Annotated[
        str | None, typer.Option(metavar="PATH", help="The run's folder; a URI, too. Default: output/STRATEGY.")
    ] = None,
    workers: Workers = None,
    backend: Backend = None,
    address: Address = None,
    engine: Engine = None,
    execution: ExecutionModel = None,
    sets: Sets = None,
    securities: Securities = "",
    max_sheets: MaxSheets = None,
    sensitivity: Annotated[bool | None, typer.Option(help="The same replays under the other models, too.")] = None,
    fresh: Fresh = False,
    report: Annotated[bool, typer.Option(help="Make the run's page, report.html.")] = True,
    png: Annotated[
        bool, typer.Option("--png", help="Draw its charts into charts/ as well; needs the extra png.")
    ] = False,
    allow_stale: AllowStale = False,
) -> CommandResult:
    """Replay a strategy over the Parquet files (stage 2). Never opens a workbook.

    Example: pipeline backtest --set refill_interval_sec=30 --securities FAB
    """
    from pipeline import api
    from pipeline.console.backtest import BacktestProgress, show_backtest

    folder = output_dir or Path("output") / Path(strategy).stem
    with BacktestProgress() as progress:
        run = api.backtest(
            strategy,
            config=config,
            parquet_dir=parquet_dir,
            output_dir=folder,
            workers=workers,
            backend=backend,
            address=address,
            engine=engine,
            execution=execution,
            sensitivity=sensitivity,
            parameters=assignments_in(sets or []),
            securities=names_in(securities),
            max_sheets=max_sheets,
            allow_stale=allow_stale,
            fresh=fresh,
            report=report,
            png=png,
            on_plan=progress.planned,
            on_result=progress.finished,
            on_compile=progress.compiling,
        )
    return show_backtest(run)


def sensitivity(
    strategy: Strategy = "v1_baseline",
    config: Config = None,
    parquet_dir: ParquetDir = "data/parquet",
    workers: Workers = None,
    sets: Sets = None,
    securities: Securities = "",
    allow_stale: AllowStale = False,
) -> CommandResult:
    """Show what the P&L owes to how orders are assumed to fill: classic, strict, each switch alone.

    Example: pipeline sensitivity --securities FAB
    """
    from pipeline import api
    from pipeline.console.backtest import BacktestProgress, show_sensitivity

    with BacktestProgress() as progress:
        run = api.backtest(
            strategy,
            config=config,
            parquet_dir=parquet_dir,
            workers=workers,
            sensitivity=True,
            parameters=assignments_in(sets or []),
            securities=names_in(securities),
            allow_stale=allow_stale,
            on_plan=progress.planned,
            on_result=progress.finished,
            on_compile=progress.compiling,
        )
    return show_sensitivity(run)
