"""The public functions, one for each command's work, for notebooks and for the command line.

Those about finished runs stand in `pipeline.recorded`, `sample` in `pipeline.sampled`. They take paths and options and
return results. They print
nothing, and import heavy modules only when called.
Annotations are not postponed, since the command line is made from them.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import option_values as values
from pipeline import options as take
from pipeline.recorded import (
    all_runs,
    compare,
    compare_page,
    explain,
    reconcile,
    recorded_security,
    report,
    update_index,
)
from pipeline.sampled import sample

if TYPE_CHECKING:
    from pipeline.conversion.result import ConvertResult, SheetEvent
    from pipeline.replay.plan import Plan
    from pipeline.runs.backtest import BacktestRun
    from pipeline.runs.security import SecurityResult
    from pipeline.store.path import AnyPath
    from pipeline.sweeps.plan import SweepPlan
    from pipeline.sweeps.replays import ReadyResults
    from pipeline.sweeps.run import SweepRun

__all__ = [
    "all_runs",
    "backtest",
    "compare",
    "compare_page",
    "convert",
    "explain",
    "reconcile",
    "recorded_security",
    "report",
    "sample",
    "sweep",
]


@values.checked
def convert(
    workbooks: take.Workbooks = None,
    parquet_dir: take.ParquetDir = take.PARQUET_DIR,
    *,
    header_row: take.HeaderRow = None,
    security: take.SheetSecurity = None,
    date_order: take.DateOrderOption = None,
    only: take.Only = (),
    max_sheets: take.MaxSheets = None,
    workers: take.SheetWorkers = None,
    force: take.Force = False,
    strict: take.Strict = False,
    max_rejects: take.MaxRejects = None,
    limits: take.Limits = None,
    on_event: "Callable[[SheetEvent], None] | None" = None,
    on_compile: Callable[[], None] | None = None,
) -> "ConvertResult":
    """Convert workbooks to one Parquet file per security; sheets that have not changed are left as they are.

    Args:
        workbooks: Path or paths of .xlsx, .xlsm, .csv, .csv.gz or .parquet files; by default every one in `data/raw`.
        parquet_dir: Directory for the Parquet files, or a URI such as `s3://bucket/ticks`.
        header_row: Row that holds the column names, counted from 1; by default the first that has all of them.
        security: Security of a single sheet that names none, as "FAB UH Equity".
        date_order: How to read times as 05/06/2025: "dmy" or "mdy"; by default the sheet's own days tell.
        only, max_sheets: Tickers or sheet names to convert, and how many securities at most; by default all.
        workers: Sheets read at a time; by default the number of CPUs.
        force, strict: Convert unchanged sheets as well; allow no rejected row, which excludes `max_rejects`.
        max_rejects: Share of a sheet's rows that may be rejected, 0 to 1, by default 0.1. A sheet with more, or without
            a tick, fails, and what the store holds of its security stays.
        limits: How large a workbook may be, by the names of `Limits`, as {"unpacked_gb": 32}, or texts `KEY=VALUE`.
        on_event: Called with each event of a sheet, from worker threads, one at a time.
        on_compile: Called when the reader of large workbooks is compiled, once per machine.

    Returns:
        One row per sheet, in workbook order. A sheet that cannot be converted is a failed row with its error.

    Raises:
        PipelineError: The request or a workbook cannot be used.
    """
    from pipeline.conversion.plan import find_workbooks, not_taken
    from pipeline.conversion.stage import convert as convert_stage
    from pipeline.store.path import path_of

    named = [workbooks] if isinstance(workbooks, (str, Path)) else workbooks
    result = convert_stage(
        find_workbooks(take.RAW_DIR) if named is None else list(map(Path, named)),
        path_of(parquet_dir),
        header_row=header_row,
        security=security,
        date_order=date_order,
        only=values.names_of(only, "only") or None,
        max_sheets=max_sheets,
        workers=workers,
        force=force,
        strict=strict,
        max_rejects=max_rejects,
        limits=limits or None,
        on_event=on_event,
        on_compile=on_compile,
    )
    others = not_taken(take.RAW_DIR) if named is None else []
    return replace(result, warnings=(*result.warnings, *others))


@values.checked
def backtest(
    strategy: take.Strategy = take.STRATEGY,
    *,
    config: take.Config = None,
    parquet_dir: take.ParquetDir = take.PARQUET_DIR,
    signals: take.SignalsDir = None,
    output_dir: take.RunFolder = None,
    workers: take.Workers = None,
    backend: take.Backend = None,
    address: take.Address = None,
    engine: take.Engine = None,
    execution: take.ExecutionModel = None,
    parameters: take.Parameters = (),
    ignore_conditions: take.IgnoreConditions = None,
    securities: take.Securities = (),
    max_sheets: take.MaxSheets = None,
    market: take.Market = None,
    fx: take.FxRates = (),
    currency: take.Currency = None,
    sensitivity: take.Sensitivity = None,
    fresh: take.Fresh = False,
    report: take.Report = True,
    excel: take.Excel = False,
    png: take.Png = False,
    note: take.Note = "",
    allow_stale: take.AllowStale = False,
    on_plan: "Callable[[Plan], None] | None" = None,
    on_result: "Callable[[SecurityResult], None] | None" = None,
    on_compile: Callable[[str], None] | None = None,
) -> "BacktestRun":
    """Replay a strategy over the securities of a Parquet directory and return the run.

    Args:
        strategy: Name of a shipped strategy, or path of a .py file.
        config: Config file; by default `configs/<strategy>.json`.
        parquet_dir, signals: Directory of the Parquet files, or a URI as `s3://bucket/ticks`; that of files of signals.
        output_dir: Folder or URI for the run's files; by default nothing is written.
        workers: Securities replayed at a time; by default what CPUs and memory allow.
        backend, address: `threading`, `loky`, `sequential`, by default the quickest; or `dask` or `ray` at an address.
        engine: `compiled` or `python`; by default compiled, or plain Python for a strategy that cannot be compiled.
        execution: `classic` or `strict`; by default the config's `_execution`, else `classic`.
        sensitivity: Replay under the other execution models as well; by default with the compiled engine.
        parameters: Config keys set for all securities, over the config, and switches as `execution.fill_price`.
        ignore_conditions: Condition codes, as `XT,OB`, of prints that fill nothing, over the config's; empty for none.
        securities, max_sheets: Tickers to replay, and how many at most; by default all in the directory.
        market: Market of the securities whose names give no known one; the config's `exchange` comes before it.
        fx, currency: Rates, as a file, {"USD": 3.6725} or texts as `--fx` takes, and what they convert totals to.
        allow_stale: Run although a workbook has changed since it was converted, with a warning.
        fresh: Replay also the securities whose ticks, strategy, parameters and execution are those of a cached result.
        report, png: Write `report.html`, and each of its charts as an image, into `output_dir` (png: on this machine).
        excel: Write the results as a workbook, `results.xlsx`, into `output_dir`.
        note: What to remember of the run; it stands in its `run.json`, on its page and in the list of all runs.
        on_plan, on_result, on_compile: Called with the checked plan, each result, and the strategy being compiled.

    Returns:
        The run, sorted by ticker. A security that fails is a row of its summary with the error.

    Raises:
        PipelineError: The request cannot be run.
    """
    from pipeline.replay.plan import Request
    from pipeline.runs.backtest import Listeners, run_backtest
    from pipeline.store.path import path_of

    folder = values.results_folder(output_dir, path_of(parquet_dir), png=png)
    request = Request(
        strategy=strategy,
        config=None if config is None else Path(config),
        parquet_dir=path_of(parquet_dir),
        signals=None if signals is None else path_of(signals),
        workers=workers,
        backend=backend,
        address=address,
        engine=engine,
        execution=execution,
        sensitivity=sensitivity,
        overrides=values.overrides_of(parameters)
        | ({} if ignore_conditions is None else {"execution.ignore_conditions": ignore_conditions}),
        overridden_by=values.origin_of(parameters),
        securities=values.names_of(securities, "securities"),
        max_sheets=max_sheets,
        market=market,
        allow_stale=allow_stale,
        fx=fx,
        currency=currency,
    )

    def finish(finished: "AnyPath") -> None:
        if report or png:
            from pipeline.pages.remake import write_run_page

            write_run_page(finished, png=png)
        if excel:
            from pipeline.workbook.results import write_run_workbook

            write_run_workbook(finished)

    said = Listeners(on_plan, on_result, on_compile)
    run = run_backtest(request, folder, said, finish, fresh=fresh, page=report or png, note=note)
    if folder is not None:
        update_index(folder, page=report or png)
    return run


@values.checked
def sweep(
    sweep_file: take.SweepFile = None,
    *,
    grid: take.Grid = (),
    strategy: take.SweepStrategy = None,
    config: take.Config = None,
    parquet_dir: take.ParquetDir = take.PARQUET_DIR,
    signals: take.SignalsDir = None,
    output_dir: take.SweepFolder = None,
    train_until: take.TrainUntil = None,
    walk_forward: take.WalkForward = None,
    train_days: take.TrainDays = None,
    purge: take.Purge = 0,
    embargo: take.Embargo = 0,
    choose_by: take.ChooseBy = "net_pnl",
    band: take.Band = False,
    own_figures: take.OwnFigures = False,
    keep_trades: take.KeepTrades = None,
    trials: take.Trials = None,
    seed: take.Seed = 1,
    fresh: take.Fresh = False,
    report: take.Report = True,
    png: take.Png = False,
    workers: take.Workers = None,
    backend: take.Backend = None,
    address: take.Address = None,
    engine: take.Engine = None,
    execution: take.ExecutionModel = None,
    parameters: take.Parameters = (),
    securities: take.Securities = (),
    max_sheets: take.MaxSheets = None,
    market: take.Market = None,
    fx: take.FxRates = (),
    currency: take.Currency = None,
    allow_stale: take.AllowStale = False,
    on_plan: "Callable[[SweepPlan, int], None] | None" = None,
    on_result: "Callable[[ReadyResults], None] | None" = None,
    on_compile: Callable[[str], None] | None = None,
    on_whole: "Callable[[int, int], None] | None" = None,
) -> "SweepRun":
    """Try out many settings of a strategy on every security; results that are cached are not computed again.

    Args:
        sweep_file: A file of `configs/sweeps`.
        grid: Axes by name, lists of values or ranges, or texts as `--grid` takes; they replace axes of the sweep file.
        strategy: Name or .py file; by default those of the sweep file, else `v1_baseline`.
        config, securities, fresh, report, png: As in `backtest`; config and securities first as in the sweep file.
        parquet_dir, signals, output_dir, workers, backend, address, engine: As in `backtest`.
        execution, max_sheets, market, allow_stale: As in `backtest`.
        fx, currency: As in `backtest`; settings are chosen for all together by converted days.
        train_until: Last training day, as a date or as text (2025-08-29): settings are chosen on the days up to it.
        walk_forward: Number of walk-forward folds, before each of which settings are chosen anew.
        train_days: Market days before each fold that it is chosen on, rolling; by default all (expanding).
        purge, embargo: Market days left out of the end of a training and of the beginning of a test.
        choose_by: A figure, as `net_pnl`, `sharpe` or `sortino`; `band_low`, the lower end of the band; or a function
            of a setting's days (`pipeline.sweeps.date_windows.SettingDays`), or FILE.py:FUNCTION; more is better then.
        band: Replay each setting under `strict` with every model of the queue too; `choose_by="band_low"` does.
        own_figures: Replay each setting whole too, for the strategy's own figures (`own.NAME` in `frame`); choosing by
            a figure that needs whole replays has them of the settings that these are made of.
        keep_trades: Write the fills of the `best` settings, or of `all`.
        trials, seed: How many settings a search by Optuna may try instead of the whole grid, and its seed.
        parameters: Config keys and switches set for all settings; axes of the same names win.
        on_plan, on_result, on_compile: Called with the plan and its number of results, results, what is compiled.
        on_whole: Called with how many settings are replayed whole, and of how many.

    Returns:
        The finished sweep; its `frame` has one row per setting and security.

    Raises:
        PipelineError: The request cannot be run.
    """
    from pipeline.replay.plan import Request
    from pipeline.store.path import path_of
    from pipeline.sweeps.axes import joined
    from pipeline.sweeps.folds import Parting
    from pipeline.sweeps.grid import grid_of, read_sweep
    from pipeline.sweeps.run import Listeners, SweepOptions, make_sweep

    if trials is None:
        values.check_varies(sweep_file, grid)
    axes = joined(read_sweep(Path(sweep_file)), grid_of(grid)) if sweep_file is not None else grid_of(grid)
    chosen = config if config is not None else axes.config
    request = Request(
        strategy=strategy or take.STRATEGY,
        config=None if chosen is None else Path(chosen),
        parquet_dir=path_of(parquet_dir),
        signals=None if signals is None else path_of(signals),
        workers=workers,
        backend=backend,
        address=address,
        engine=engine,
        execution=execution,
        overrides=values.overrides_of(parameters),
        overridden_by=values.origin_of(parameters),
        securities=values.names_of(securities, "securities") or axes.securities,
        max_sheets=max_sheets,
        market=market,
        allow_stale=allow_stale,
        fx=fx,
        currency=currency,
    )
    axes = replace(axes, strategies=(strategy,) if strategy is not None else axes.strategies)
    folder = values.results_folder(output_dir, path_of(parquet_dir), png=png)
    options = SweepOptions(
        parting=Parting(values.date_of(train_until, "--train-until"), walk_forward, train_days, purge, embargo),
        choose_by=choose_by,
        band=band,
        own_figures=own_figures,
        keep_trades=keep_trades,
        trials=trials,
        seed=seed,
        fresh=fresh,
        report=report,
        png=png,
    )

    def make_page(finished: "AnyPath") -> None:
        from pipeline.pages.remake import write_sweep_page

        write_sweep_page(finished, png=png)

    listeners = Listeners(on_plan, on_result, on_compile, on_whole)
    run = make_sweep(axes, request, options, folder, listeners, make_page if report or png else None)
    if folder is not None:
        update_index(folder, page=report or png)
    return run
