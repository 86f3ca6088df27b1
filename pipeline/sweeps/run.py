"""Drives a sweep from its request to its folder: plan, run or search, choose, write; and what notebooks get back."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import BadRequest, nearest
from pipeline.runs.fill_tables import encode_trades
from pipeline.runs.layout import REPORT_FILE, TRADES_FOLDER
from pipeline.runs.manifest import COMPLETE, RUNNING, json_bytes, written_folder
from pipeline.store.atomic import write_bytes
from pipeline.store.parquet import write_table
from pipeline.store.result_cache import ResultCache, results_folder
from pipeline.sweeps.choice import (
    ALL,
    BAND_LOW,
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
from pipeline.sweeps.plan import OWN, plan_sweep, run_sweep, under_model, with_band
from pipeline.sweeps.search import check_search, search
from pipeline.sweeps.sweep_warnings import warnings_of_sweep
from pipeline.sweeps.writer import (
    FORMAT_VERSION,
    SUMMARY_FILE,
    SWEEP_FILE,
    TABLE_FILE,
    TOGETHER_FILE,
    WALK_FILE,
    repeating,
    summary_csv,
    sweep_json,
    sweep_table,
    together_table,
    walk_csv,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    import pandas as pd

    from pipeline.replay.plan import Request
    from pipeline.store.path import AnyPath
    from pipeline.sweeps.axes import Grid
    from pipeline.sweeps.date_windows import Window
    from pipeline.sweeps.plan import SweepPlan, Trial, TrialResult

KEEP_TRADES: Final = ("best", "all")


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """What is asked of a sweep beyond what runs where.

    trials: how many settings a search may try instead of the whole grid; seed: of that search. fresh: compute what is
    cached, too. keep_trades: write the fills of the best settings, or of all. report: make the folder's page;
    png: and an image of each of its charts. band: replay each setting under the models of the band as well.
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
    band: bool = False


@dataclass(frozen=True, slots=True)
class Listeners:
    """Callbacks for the progress of a sweep."""

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
    seconds: float = 0.0
    cache_bytes: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def frame(self) -> pd.DataFrame:
        """One row a setting and security: parameters, execution, figures."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    @property
    def failed(self) -> dict[str, str]:
        """The errors of settings that failed, by setting and security."""
        errors = {key: result.error for key, result in self.results.trial_results.items() if result.error is not None}
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
    if options.band or options.choose_by == BAND_LOW:
        plan = with_band(plan)
    with nullcontext() if output_dir is None else _begun(output_dir):
        cache = ResultCache(results_folder())
        try:
            results = _run(plan, grid, options, cache, listeners)
            split = split_at(results, options.train_until)
            best = best_settings(results, options.choose_by, split)
            folds = [] if options.walk_forward is None else folds_of(results, options.choose_by, options.walk_forward)
            run = SweepRun(
                results,
                tuple(best),
                tuple(folds),
                sweep_table(results, split),
                output_dir,
                warnings=tuple(warnings_of_sweep(results, best)),
            )
            if output_dir is not None:
                _write(output_dir, run, options, split, _trades(run, options, cache))
                if make_page:
                    make_page(output_dir)
            size = cache.size()
        finally:
            cache.close()
    return replace(run, seconds=time.perf_counter() - started, cache_bytes=size)


def _run(plan: SweepPlan, grid: Grid, options: SweepOptions, cache: ResultCache, listeners: Listeners) -> SweepResults:
    results = SweepResults(plan)
    count = len(plan.trials) if options.trials is None else options.trials
    if listeners.on_plan:
        listeners.on_plan(plan, count * len(plan.tickers) * (1 + len(plan.band)))

    def run_trials(trials: Sequence[Trial]) -> None:
        for model in (OWN, *plan.band):
            for result in run_sweep(
                plan,
                encode_figures,
                cache,
                under_model(trials, model),
                fresh=options.fresh,
                on_compile=listeners.on_compile,
            ):
                results.add(result, model)
                if listeners.on_result:
                    listeners.on_result(result)

    def scores(trials: Sequence[Trial]) -> list[float | None]:
        results.add_trials(trials)
        run_trials(trials)
        split = split_at(results, options.train_until)
        return [score_of_all(results, trial, options.choose_by, split) for trial in trials]

    if options.trials is None:
        run_trials(plan.trials)
    else:
        search(plan, grid, options.trials, options.seed, scores)
    return results


def _begun(folder: AnyPath) -> AbstractContextManager[None]:
    def begun(earlier: list[str]) -> bytes:
        return json_bytes({"format_version": FORMAT_VERSION, "status": RUNNING, "files": sorted(earlier)})

    return written_folder(folder, SWEEP_FILE, "pipeline sweep", (TRADES_FOLDER,), begun)


def _write(
    folder: AnyPath,
    run: SweepRun,
    options: SweepOptions,
    split: tuple[Window, Window] | None,
    trades: Sequence[TrialResult],
) -> None:
    """Write the folder; what lists its files is there before any other, and says after them that it is complete."""
    results = run.results
    contents = {SUMMARY_FILE: summary_csv(results, run.best, options.choose_by)}
    if run.folds:
        contents[WALK_FILE] = walk_csv(results, run.folds)
    contents |= {f"{TRADES_FOLDER}/{fills.number}_{fills.ticker}.parquet": fills.encoded or b"" for fills in trades}
    together = together_table(results, split)
    files = [*contents, TABLE_FILE, *([] if together is None else [TOGETHER_FILE])]
    choices = {
        "chosen_by": options.choose_by,
        "train": None if split is None else str(split[0]),
        "test": None if split is None else str(split[1]),
        "searched": options.trials,
        "seed": options.seed if options.trials is not None else None,
        "files": sorted([*files, *([REPORT_FILE] if options.report or options.png else [])]),
        "warnings": list(run.warnings),
    }
    write_bytes(folder / SWEEP_FILE, sweep_json(results, choices, RUNNING), durable=False)
    write_table(folder / TABLE_FILE, run.table, dictionary_columns=repeating(run.table), durable=False)
    if together is not None:
        write_table(folder / TOGETHER_FILE, together, durable=False)
    for name, content in contents.items():
        write_bytes(folder / name, content, durable=False)
    write_bytes(folder / SWEEP_FILE, sweep_json(results, choices, COMPLETE), durable=False)


def _trades(run: SweepRun, options: SweepOptions, cache: ResultCache) -> list[TrialResult]:
    """Return the fills of chosen settings as Parquet bytes, by setting and security."""
    if options.keep_trades is None:
        return []
    results = run.results
    chosen = {
        (choice.trial.number, ticker)
        for choice in run.best
        for ticker in results.plan.tickers
        if choice.security in (ALL, ticker)
    }
    trials = [*results.trials.values()]
    if options.keep_trades == "all":
        fills = run_sweep(results.plan, encode_trades, None, trials, fresh=options.fresh)
    else:
        fills = run_sweep(results.plan, encode_trades, cache, trials, only=chosen, fresh=options.fresh)
    good = (result for result in fills if result.encoded is not None)
    return sorted(good, key=lambda result: (result.number, result.ticker))
