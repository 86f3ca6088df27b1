"""The commands that replay a strategy: a backtest, how its P&L depends on how orders are assumed to fill, a sweep."""

from pathlib import Path
from typing import Any, Final

from pipeline import api
from pipeline import options as take
from pipeline.cli.command import options_of
from pipeline.console.output import CommandResult


@options_of(api.backtest)
def backtest(**options: Any) -> CommandResult:
    """Replay a strategy over the Parquet files (stage 2). Never opens a workbook.

    Example: pipeline backtest --set refill_interval_sec=30 --securities FAB
    """
    from pipeline.console.backtest import BacktestProgress, show_backtest

    options["output_dir"] = options["output_dir"] or Path("output") / Path(options["strategy"]).stem
    with BacktestProgress() as progress:
        run = api.backtest(
            **options, on_plan=progress.planned, on_result=progress.finished, on_compile=progress.compiling
        )
    return show_backtest(
        run, page=options.get("report", True) or options.get("png", False), workbook=options.get("excel", False)
    )


SENSITIVITY: Final = "strategy config parquet_dir signals workers parameters securities market fx currency allow_stale"


@options_of(api.backtest, SENSITIVITY)
def sensitivity(**options: Any) -> CommandResult:
    """Show how the P&L depends on the fill assumptions: classic, strict, each switch alone.

    Example: pipeline sensitivity --securities FAB
    """
    from pipeline.console.backtest import BacktestProgress
    from pipeline.console.sensitivity import show_sensitivity

    with BacktestProgress() as progress:
        run = api.backtest(
            **options,
            sensitivity=True,
            on_plan=progress.planned,
            on_result=progress.finished,
            on_compile=progress.compiling,
        )
    return show_sensitivity(run)


@options_of(api.sweep)
def sweep(**options: Any) -> CommandResult:
    """Run many parameter settings on every security. Cached results are reused.

    Example: pipeline sweep --grid refill_interval_sec=30,60,120
    """
    from pipeline.console.sweep import SweepProgress, show_sweep

    sweep_file, strategy = options["sweep_file"], options["strategy"]
    options["output_dir"] = (
        options["output_dir"] or f"output/sweeps/{Path(sweep_file or strategy or take.STRATEGY).stem}"
    )
    with SweepProgress() as progress:
        run = api.sweep(
            **options,
            on_plan=progress.planned,
            on_result=progress.finished,
            on_compile=progress.compiling,
            on_whole=progress.whole,
        )
    return show_sweep(run, page=options["report"] or options["png"])
