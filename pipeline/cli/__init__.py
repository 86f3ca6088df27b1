"""The commands: options in, exit status out. No logic and nothing heavy; each command imports what it runs."""

from __future__ import annotations

import gc
import os
import sys
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pipeline.cli.options import (
    SOME_FAILED,
    Address,
    AllowStale,
    Backend,
    Config,
    Debug,
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
from pipeline.cli.sweep import sweep
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from typing import TextIO

INTERRUPTED: Final = 130

app = typer.Typer(
    name="pipeline",
    help="Bloomberg tick workbooks to Parquet once; exact, fast strategy replays as often as you like.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
def convert(
    workbooks: Annotated[list[Path] | None, typer.Argument(help="Default: every workbook in data/raw.")] = None,
    parquet_dir: ParquetDir = "data/parquet",
    header_row: Annotated[int, typer.Option(help="The row with the column names, counted from 1.")] = 3,
    only: Annotated[str, typer.Option(help="Only these tickers or sheets, separated by commas.")] = "",
    max_sheets: Annotated[int | None, typer.Option(help="Only the first sheets, for a quick try.")] = None,
    workers: Workers = None,
    force: Annotated[bool, typer.Option("--force", help="Convert again what has not changed, too.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="A row that is no tick is an error of its sheet.")] = False,
    limit: Annotated[list[str] | None, typer.Option(help="KEY=NUMBER: how large a workbook may be.")] = None,
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
            strict=strict,
            limits=limit,
            on_event=progress,
        )
    terminal.show_conversion(result)
    if result.failed:
        raise typer.Exit(SOME_FAILED)


@app.command()
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
    allow_stale: AllowStale = False,
    debug: Debug = False,
) -> None:
    """Stage 2: replay a strategy over the Parquet files, one security a task. Never opens a workbook.

    Example: pipeline backtest --strategy v1_baseline --set refill_interval_sec=30 --securities FAB
    """
    from pipeline import api, terminal  # noqa: PLC0415

    folder = output_dir or Path("output") / Path(strategy).stem
    with terminal.BacktestProgress() as progress:
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
            on_plan=progress.planned,
            on_result=progress.finished,
            on_compile=progress.compiling,
        )
    terminal.show_backtest(run, debug=debug)
    if run.failed:
        raise typer.Exit(SOME_FAILED)


@app.command()
def sensitivity(
    strategy: Strategy = "v1_baseline",
    config: Config = None,
    parquet_dir: ParquetDir = "data/parquet",
    workers: Workers = None,
    sets: Sets = None,
    securities: Securities = "",
    allow_stale: AllowStale = False,
    debug: Debug = False,
) -> None:
    """Show what the P&L owes to how orders are assumed to fill: classic, strict, each switch alone.

    Example: pipeline sensitivity --securities FAB
    """
    from pipeline import api, terminal  # noqa: PLC0415

    with terminal.BacktestProgress() as progress:
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
    terminal.show_sensitivity(run)
    if run.failed:
        raise typer.Exit(SOME_FAILED)


app.command()(sweep)


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
def clean_cache(debug: Debug = False) -> None:
    """Remove the compiled strategies and the results kept on this machine; the next run makes them again.

    Example: pipeline clean-cache
    """
    from pipeline.engine import codecache  # noqa: PLC0415
    from pipeline.store import kept  # noqa: PLC0415

    codecache.clear()
    freed = kept.clear(kept.results_folder())
    typer.echo(f"Removed {codecache.folder()} and {freed / 2**20:.1f} MB of results in {kept.results_folder()}")


def main() -> None:
    """Run the command line; a failure is one plain sentence on stderr and its exit status."""
    # numpy's BLAS starts a thread a CPU when it is loaded, 50 ms for linear algebra that nothing here does.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Loading modules makes many objects and no garbage; looking for it is 5 % of a short run.
    gc.set_threshold(50_000)
    warnings.showwarning = _warn
    try:
        app(prog_name="pipeline")
    except PipelineError as error:
        _explain(error)
        sys.exit(error.exit_status)
    except SystemExit as end:  # typer makes one of an interrupt, without a word
        if end.code == INTERRUPTED:
            typer.echo("Interrupted. What is finished stands; run the same command again to go on.", err=True)
        raise


def _warn(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Say a warning as the sentence it is; where in our code it arose helps nobody at the desk."""
    typer.echo(f"Warning: {message}", err=True)


def _explain(error: PipelineError) -> None:
    if "--debug" in sys.argv:
        traceback.print_exception(error)
    typer.echo(f"Error: {error}", err=True)
