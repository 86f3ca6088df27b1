"""The command that tries out many settings of a strategy."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import complete
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
    Workers,
    assignments_in,
    names_in,
)
from pipeline.console.output import CommandResult
from pipeline.errors import BadRequest


def sweep(
    sweep_file: Annotated[Path | None, typer.Argument(help="A sweep: a file of configs/sweeps.")] = None,
    grid: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE,VALUE or NAME=FROM:TO:STEP (or :logN). Repeatable.")
    ] = None,
    strategy: Annotated[
        str | None,
        typer.Option(help="A strategy's name or file. Default: the sweep's own.", autocompletion=complete.strategies),
    ] = None,
    config: Config = None,
    parquet_dir: ParquetDir = "data/parquet",
    output_dir: Annotated[
        str | None, typer.Option(metavar="PATH", help="The sweep's folder; a URI, too. Default: output/sweeps/NAME.")
    ] = None,
    train_until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Choose on days up to it.")] = None,
    walk_forward: Annotated[int | None, typer.Option(help="Choose anew for each of N later parts.")] = None,
    choose_by: Annotated[str, typer.Option(help="net_pnl or sharpe.", autocompletion=complete.objectives)] = "net_pnl",
    keep_trades: Annotated[
        str | None, typer.Option(help="best or all: write the fills, too.", autocompletion=complete.fills_kept)
    ] = None,
    report: Annotated[bool, typer.Option(help="Make the sweep's page, report.html.")] = True,
    png: Annotated[
        bool, typer.Option("--png", help="Draw its charts into charts/ as well; needs the extra png.")
    ] = False,
    trials: Annotated[int | None, typer.Option(help="Search for the best with N settings, by Optuna.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed searches elsewhere.")] = 1,
    fresh: Fresh = False,
    workers: Workers = None,
    backend: Backend = None,
    address: Address = None,
    engine: Engine = None,
    execution: ExecutionModel = None,
    sets: Sets = None,
    securities: Securities = "",
    max_sheets: MaxSheets = None,
    allow_stale: AllowStale = False,
) -> CommandResult:
    """Try out many settings on every security. What was computed before is not computed again.

    Example: pipeline sweep --grid refill_interval_sec=30,60,120
    """
    from pipeline import api
    from pipeline.console.sweep import SweepProgress, show_sweep
    from pipeline.sweeps.run import Listeners, SweepOptions

    if sweep_file is None and not grid:
        raise BadRequest("A sweep needs something to vary: give a sweep file, or --grid NAME=VALUE,VALUE.")
    name = sweep_file.stem if sweep_file else Path(strategy or "v1_baseline").stem
    with SweepProgress() as progress:
        run = api.sweep(
            sweep_file,
            grid=grid or (),
            strategy=strategy,
            config=config,
            parquet_dir=parquet_dir,
            output_dir=output_dir or f"output/sweeps/{name}",
            workers=workers,
            backend=backend,
            address=address,
            engine=engine,
            execution=execution,
            parameters=assignments_in(sets or []),
            securities=names_in(securities),
            max_sheets=max_sheets,
            allow_stale=allow_stale,
            options=SweepOptions(
                train_until=train_until.date() if train_until else None,
                walk_forward=walk_forward,
                choose_by=choose_by,
                keep_trades=keep_trades,
                trials=trials,
                seed=seed,
                fresh=fresh,
                report=report,
                png=png,
            ),
            listeners=Listeners(progress.planned, progress.found, progress.compiling),
        )
    return show_sweep(run)
