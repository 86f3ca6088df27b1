"""Drives a sweep from its request to its folder: plan, run or search, choose, write; and what notebooks get back."""

from __future__ import annotations

import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import BadRequest, nearest
from pipeline.runs.fill_tables import encode_trades
from pipeline.runs.layout import CHARTS_FOLDER, REPORT_FILE, TRADES_FOLDER
from pipeline.runs.manifest import COMPLETE, RUNNING, end_noted, files_of, remove_files
from pipeline.store.atomic import not_written, remove_abandoned, write_bytes
from pipeline.store.lock import sole_writer
from pipeline.store.parquet import write_table
from pipeline.store.result_cache import ResultCache, results_folder
from pipeline.sweeps.choice import (
    ALL,
    Best,
    Fold,
    SweepResults,
    best_settings,
    check_objective,
    folds_of,
    score_of_all,
    split_at,
)
from pipeline.sweeps.codec import encode_figures
from pipeline.sweeps.date_windows import check_folds
from pipeline.sweeps.plan import plan_sweep, run_sweep
from pipeline.sweeps.search import check_search, search
from pipeline.sweeps.sweep_warnings import warnings_of_sweep
from pipeline.sweeps.writer import (
    SUMMARY_FILE,
    SWEEP_FILE,
    TABLE_FILE,
    TOGETHER_FILE,
    WALK_FILE,
    begun_json,
    repeating,
    summary_csv,
    sweep_json,
    sweep_table,
    together_table,
    walk_csv,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd

    from pipeline.replay.plan import Request
    from pipeline.store.path import AnyPath
    from pipeline.sweeps.axes import Grid
    from pipeline.sweeps.date_windows import Window
    from pipeline.sweeps.plan import SweepPlan, TrialResult

KEEP_TRADES: Final = ("best", "all")


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """What is asked of a sweep beyond what runs where.

    trials: how many settings a search may try instead of the whole grid; seed: of that search. fresh: compute what is
    cached, too. keep_trades: write the fills of the best settings, or of all. report: make the folder's page;
    png: and an image of each of its charts.
    """

    train_until: dt.date | None = None
    walk_forward: int | None = None
    choose_by: str = "net_pnl"
    keep_trades: str | None = None
    trials: int | None = None
    seed: int = 1
    fresh: bool = False
    report: bool = True
    png: bool = False


@dataclass(frozen=True, slots=True)
class Listeners:
    """Whom a sweep tells how it goes on."""

    on_plan: Callable[[SweepPlan, int], None] | None = None
    on_result: Callable[[TrialResult], None] | None = None
    on_compile: Callable[[str], None] | None = None


@dataclass(frozen=True)
class SweepRun:
    """A finished sweep. seconds: wall clock. cache_bytes: what all cached results on this machine take.

    warnings: what is to be known before a setting is believed, as sweep.json and the page have it.
    """

    results: SweepResults
    best: tuple[Best, ...]
    folds: tuple[Fold, ...]
    table: Any = field(repr=False)
    output_dir: AnyPath | None
    seconds: float
    cache_bytes: int
    warnings: tuple[str, ...] = ()

    @property
    def frame(self) -> pd.DataFrame:
        """One row a setting and security: parameters, execution, figures."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    @property
    def failed(self) -> dict[str, str]:
        """The errors of settings that failed, by setting and security."""
        errors = {key: one.error for key, one in self.results.trial_results.items() if one.error is not None}
        return {f"setting {number} on {ticker}": errors[number, ticker] for number, ticker in sorted(errors)}


def make_sweep(
    grid: Grid,
    request: Request,
    options: SweepOptions,
    output_dir: AnyPath | None,
    listeners: Listeners,
    make_page: Callable[[AnyPath], object] | None,
) -> SweepRun:
    """Run a sweep and write its folder, if there is to be one; raises a PipelineError for a request that cannot be.

    make_page: called with the finished folder, while other runs are still kept out of it.
    """
    started = time.perf_counter()
    check_objective(options.choose_by)
    if options.keep_trades is not None and options.keep_trades not in KEEP_TRADES:
        raise BadRequest(
            f"--keep-trades is '{options.keep_trades}'; it takes {' or '.join(KEEP_TRADES)}."
            f"{nearest(options.keep_trades, KEEP_TRADES)}"
        )
    strategies = grid.strategies or (request.strategy,)
    if options.trials is not None:
        check_search(grid, options.trials, strategies)
    if options.walk_forward is not None:
        check_folds(options.walk_forward)
    plan = plan_sweep(grid, request, strategies, enumerate_all=options.trials is None)
    with nullcontext() if output_dir is None else _opened(output_dir):
        cache = ResultCache(results_folder())
        try:
            results = _run(plan, grid, options, cache, listeners)
            split = split_at(results, options.train_until)
            best = best_settings(results, options.choose_by, split)
            folds = [] if options.walk_forward is None else folds_of(results, options.choose_by, options.walk_forward)
            table = sweep_table(results, split)
            warnings = warnings_of_sweep(results, best)
            if output_dir is not None:
                trades = _trades(results, best, options, cache)
                _write(output_dir, results, best, folds, table, options, split, trades, warnings)
                if make_page:
                    make_page(output_dir)
            size = cache.size()
        finally:
            cache.close()
    seconds = time.perf_counter() - started
    return SweepRun(results, tuple(best), tuple(folds), table, output_dir, seconds, size, tuple(warnings))


def _run(plan: SweepPlan, grid: Grid, options: SweepOptions, cache: ResultCache, listeners: Listeners) -> SweepResults:
    results = SweepResults(plan)
    trials = len(plan.trials) if options.trials is None else options.trials
    if listeners.on_plan:
        listeners.on_plan(plan, trials * len(plan.tickers))

    def take(result: TrialResult) -> None:
        results.add(result)
        if listeners.on_result:
            listeners.on_result(result)

    def ran(some: Any) -> None:
        for result in run_sweep(
            plan, encode_figures, cache, some, fresh=options.fresh, on_compile=listeners.on_compile
        ):
            take(result)

    if options.trials is None:
        ran(plan.trials)
        return results

    def scored(some: Any) -> list[float | None]:
        results.add_trials(some)
        ran(some)
        split = split_at(results, options.train_until)
        return [score_of_all(results, trial, options.choose_by, split) for trial in some]

    search(plan, grid, options.trials, options.seed, scored)
    return results


@contextmanager
def _opened(folder: AnyPath) -> Iterator[None]:
    """Make the folder, keep other runs out of it meanwhile, and remove what an earlier sweep says it left in it."""
    with sole_writer(folder, "pipeline sweep", "--output-dir"):
        try:
            (folder / TRADES_FOLDER).mkdir(parents=True, exist_ok=True)
            for part in ("", TRADES_FOLDER, CHARTS_FOLDER):
                remove_abandoned(folder / part)
            earlier = files_of(folder / SWEEP_FILE)
            write_bytes(folder / SWEEP_FILE, begun_json(earlier), durable=False)
        except OSError as error:
            raise not_written(folder, error) from error
        with end_noted(folder / SWEEP_FILE):
            remove_files(folder, earlier)
            yield


def _write(
    folder: AnyPath,
    results: SweepResults,
    best: list[Best],
    folds: list[Fold],
    table: Any,
    options: SweepOptions,
    split: tuple[Window, Window] | None,
    trades: Sequence[TrialResult],
    warnings: Sequence[str],
) -> None:
    """Write the folder; what lists its files is there before any other, and says after them that it is complete."""
    together = together_table(results, split)
    files = [TABLE_FILE, SUMMARY_FILE, *([WALK_FILE] if folds else []), *([] if together is None else [TOGETHER_FILE])]
    files += [*(_trades_name(one) for one in trades), *([REPORT_FILE] if options.report or options.png else [])]
    told = {
        "chosen_by": options.choose_by,
        "train": None if split is None else str(split[0]),
        "test": None if split is None else str(split[1]),
        "searched": options.trials,
        "seed": options.seed if options.trials is not None else None,
        "files": sorted(files),
        "warnings": list(warnings),
    }
    write_bytes(folder / SWEEP_FILE, sweep_json(results, told, RUNNING), durable=False)
    write_table(folder / TABLE_FILE, table, dictionary_columns=repeating(table), durable=False)
    if together is not None:
        write_table(folder / TOGETHER_FILE, together, durable=False)
    write_bytes(folder / SUMMARY_FILE, summary_csv(results, best, options.choose_by), durable=False)
    if folds:
        write_bytes(folder / WALK_FILE, walk_csv(results, folds), durable=False)
    for one in trades:
        if one.encoded is not None:
            write_bytes(folder / _trades_name(one), one.encoded, durable=False)
    write_bytes(folder / SWEEP_FILE, sweep_json(results, told, COMPLETE), durable=False)


def _trades_name(one: TrialResult) -> str:
    return f"{TRADES_FOLDER}/{one.number}_{one.ticker}.parquet"


def _trades(results: SweepResults, best: list[Best], options: SweepOptions, cache: ResultCache) -> list[TrialResult]:
    """Return the fills of chosen settings as Parquet bytes, by setting and security."""
    plan = results.plan
    if options.keep_trades is None:
        return []
    wanted = {
        (choice.trial.number, ticker) for choice in best for ticker in plan.tickers if choice.security in (ALL, ticker)
    }
    fills: list[TrialResult] = []
    for ticker in plan.tickers:
        trials = [
            trial
            for number, trial in results.trials.items()
            if options.keep_trades == "all" or (number, ticker) in wanted
        ]
        cache_of_fills = cache if options.keep_trades == "best" else None
        fills += run_sweep(plan, encode_trades, cache_of_fills, trials, tickers=(ticker,), fresh=options.fresh)
    good = (result for result in fills if result.encoded is not None)
    return sorted(good, key=lambda result: (result.number, result.ticker))
