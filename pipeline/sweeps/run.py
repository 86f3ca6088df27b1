"""Drives a sweep from its request to its folder: plan, run or search, choose, write; and what notebooks get back."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pipeline.engine.own_figures import FORM
from pipeline.errors import BadRequest
from pipeline.numbers import amounts_in, counted
from pipeline.store.result_cache import ResultCache, parts_folder, results_folder
from pipeline.store.result_parts import ResultParts
from pipeline.strategies.loading.load import strategy_label
from pipeline.sweeps.choice import UNPARTED, Best, Choice, Fold, split_at
from pipeline.sweeps.codec import DAY_TYPES
from pipeline.sweeps.date_windows import WHOLE
from pipeline.sweeps.fills import check_kept
from pipeline.sweeps.folder import begun, table_writers, write_folder
from pipeline.sweeps.folds import check_parted
from pipeline.sweeps.luck import Luck, luck_of
from pipeline.sweeps.objectives import BAND_LOW, Objective, objective_of
from pipeline.sweeps.plan import own_names, plan_sweep, with_band
from pipeline.sweeps.replays import run_sweep
from pipeline.sweeps.results import ALL, OWN, SweepResults
from pipeline.sweeps.search import check_search, search
from pipeline.sweeps.shortlist import finished, shortlist, whole_figures
from pipeline.sweeps.sweep_warnings import warnings_of_sweep
from pipeline.sweeps.tables import SweepTables
from pipeline.sweeps.tried import settings_digest, sweeps_beside, tried_before

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from pipeline.replay.plan import Request
    from pipeline.store.path import AnyPath
    from pipeline.sweeps.axes import Grid
    from pipeline.sweeps.choice import Windows
    from pipeline.sweeps.folds import Parting
    from pipeline.sweeps.objectives import Own
    from pipeline.sweeps.plan import SweepPlan
    from pipeline.sweeps.replays import ReadyResults
    from pipeline.sweeps.trials import TrialColumns
    from pipeline.ticks import Float64s


@dataclass(frozen=True, slots=True)
class SweepOptions:
    """What is asked of a sweep beyond what runs where.

    parting: on which days settings are chosen, and on which they are judged.
    trials: how many settings a search may try instead of the whole grid; seed: of that search. fresh: compute what is
    cached, too. keep_trades: write the fills of the best settings, or of all. report: make the folder's page;
    png: and an image of each of its charts. band: replay each setting under the models of the band as well.
    own_figures: replay each setting whole for the figures of the strategy's own.
    """

    parting: Parting = UNPARTED
    choose_by: str | Own = "net_pnl"
    keep_trades: str | None = None
    trials: int | None = None
    seed: int = 1
    fresh: bool = False
    report: bool = True
    png: bool = False
    band: bool = False
    own_figures: bool = False


@dataclass(frozen=True, slots=True)
class Listeners:
    """Callbacks for the progress of a sweep."""

    on_plan: Callable[[SweepPlan, int], None] | None = None
    on_result: Callable[[ReadyResults], None] | None = None
    on_compile: Callable[[str], None] | None = None
    on_whole: Callable[[int, int], None] | None = None


@dataclass(frozen=True)
class SweepRun:
    """A finished sweep. seconds: wall clock. cache_bytes: what all cached results on this machine take.

    objective: what settings were chosen by.
    split: the days settings were chosen on, and the others, where these were parted. warnings: what is to be known
    before a setting is believed, as sweep.json and the page have it. luck: how much of the best setting is luck, None
    where nothing can be said of it. luck_by_security: the same of each of several securities by itself.
    """

    results: SweepResults
    objective: Objective
    best: tuple[Best, ...]
    folds: tuple[Fold, ...]
    split: Windows | None
    output_dir: AnyPath | None
    seconds: float = 0.0
    cache_bytes: int = 0
    warnings: tuple[str, ...] = ()
    luck: Luck | None = None
    luck_by_security: Mapping[str, Luck | None] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return in a line what was tried, which setting was chosen, and where it is."""
        view = self.results.views[-1]
        chosen = [f"setting {each.trial.number:,} chosen" for each in self.best if each.security == view]
        tried = (
            f"{counted(len(self.results.trials), 'setting')} on {counted(len(self.results.plan.tickers), 'security')}"
        )
        where = "" if self.output_dir is None else f", in {self.output_dir}"
        strategies = ", ".join(map(strategy_label, self.results.plan.bases))
        return f"<SweepRun: {strategies}, {tried}, {''.join(chosen) or 'no setting chosen'}{where}>"

    @property
    def shown_in(self) -> str:
        """What amounts are in, in words."""
        return self.results.plan.money.shown

    @cached_property
    def table(self) -> Any:
        """One row a setting and security, as an Arrow table; made of the cached results when it is asked for."""
        tables = SweepTables(self.results, self.objective, self.split)
        blocks = self.results.blocks(by_day=self.split is not None or self.objective.by_day)
        return pa.concat_tables([tables.each(block) for block in blocks]).combine_chunks()

    @property
    def frame(self) -> pd.DataFrame:
        """One row a setting and security: parameters, execution, figures."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    def heatmap(
        self, across: str, up: str, *, figure: str | None = None, security: str | None = None, others: str = "best"
    ) -> Any:
        """Return a map of a figure over two axes as a Plotly figure.

        Args:
            across: An axis, as `refill_interval_sec` or `execution.fees_bps`; each cell is of the settings under the
                execution model that settings are chosen under, but for such axes of the map.
            up: Another one.
            figure: What `choose_by` takes by name, of all days; by default what settings were chosen by, on the days
                they were chosen on.
            security: A ticker, or `all`; by default all together, or the only one.
            others: What a cell has of several settings: their `best`, or their `median`.

        Raises:
            BadRequest: There is no such axis, figure or security, or its days are too few for an annualised figure.
        """
        from pipeline.sweeps.in_notebook import sweep_heatmap

        money = self.results.plan.money
        with amounts_in(money.of(security) if security in self.results.plan.tickers else money.together):
            return sweep_heatmap(self, across, up, figure, security, others)

    def _repr_html_(self) -> str:
        """Show the sweep in a notebook: the best setting of each security and of all, and what it made."""
        from pipeline.sweeps.in_notebook import sweep_html

        with amounts_in(self.shown_in):
            return sweep_html(self)

    @cached_property
    def failed(self) -> dict[str, str]:
        """The errors of settings that failed, by setting and security."""
        return {f"setting {number} on {ticker}": error for number, ticker, error in self.results.errors()}


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
    check_kept(options.keep_trades)
    strategies = grid.strategies or (request.strategy,)
    own = _own_names(strategies, options)
    objective = objective_of(options.choose_by, own)
    if options.trials is not None:
        check_search(grid, options.trials, options.seed, strategies)
    options.parting.check()
    parted = options.parting.train_until is not None or options.parting.folds is not None
    objective.check(parted=parted, searched=options.trials is not None)
    plan = plan_sweep(grid, request, strategies, enumerate_all=options.trials is None)
    if (days := plan.counted_days() if parted else None) is not None:
        check_parted(days, options.parting)
    if options.band or objective.name == BAND_LOW:
        plan = with_band(plan)
    with ExitStack() as stack:
        stack.enter_context(amounts_in(plan.money.together))
        remove_earlier = None if output_dir is None else stack.enter_context(begun(output_dir))
        cache = ResultCache(results_folder())
        stack.callback(cache.keep_within_limit)
        parts = ResultParts(parts_folder())
        results = _run(plan, grid, options, objective, parts, listeners)
        split = split_at(results, options.parting)
        if objective.needs_replay or options.own_figures:
            whole = _whole(results, objective, own, options, cache, listeners)
            results.own = {name: whole[name] for name in own}
            if objective.needs_replay:
                objective = replace(objective, whole=whole[objective.name], of_every=options.own_figures)
        choice = Choice(results, objective, split, options.parting)
        tables = table_writers(results, objective, split, output_dir, stack)
        by_day = len(plan.tickers) > 1 or parted or objective.by_day
        for block in results.blocks(by_day=by_day):
            choice.see(block)
            for table in tables.values():
                table.append(block)
        best = choice.best()
        warnings = tuple(warnings_of_sweep(results, best, objective, choice.unscored(), split and split[0]))
        folds = choice.folds()
        luck = _luck(results, best, folds, split, objective, output_dir)
        of_all = luck.pop(results.views[-1])
        run = SweepRun(results, objective, tuple(best), tuple(folds), split, output_dir)
        run = replace(run, warnings=warnings, luck=of_all, luck_by_security=luck)
        if output_dir is not None and remove_earlier is not None:
            remove_earlier()
            write_folder(output_dir, run, options, tables, choice.medians())
            if make_page:
                make_page(output_dir)
        size = cache.size() + parts.size()
        parts.close()
    return replace(run, seconds=time.perf_counter() - started, cache_bytes=size)


def _run(
    plan: SweepPlan,
    grid: Grid,
    options: SweepOptions,
    objective: Objective,
    parts: ResultParts,
    listeners: Listeners,
) -> SweepResults:
    results = SweepResults(plan, parts)
    count = len(plan.trials) if options.trials is None else options.trials
    if listeners.on_plan:
        listeners.on_plan(plan, count * len(plan.tickers) * (1 + len(plan.band)))
    parted = options.parting.train_until is not None or options.parting.folds is not None
    arrays = [*DAY_TYPES] if parted or options.trials is not None or objective.by_day else ["net"]

    def run_trials(trials: Sequence[TrialColumns]) -> None:
        for model in (OWN, *plan.band):
            ready = run_sweep(
                results, trials, model, arrays=arrays, fresh=options.fresh, on_compile=listeners.on_compile
            )
            for some in ready:
                if listeners.on_result:
                    listeners.on_result(some)

    def scores(columns: TrialColumns) -> Float64s:
        results.add_trials(columns)
        run_trials([columns])
        split, block = split_at(results, options.parting), results.block(columns)
        score = objective.ranked(block, ALL, split[0] if split else WHOLE)
        return np.where(block.good(ALL), score, np.nan)

    if options.trials is None:
        run_trials(plan.trials.parts)
    else:
        search(plan, grid, options.trials, options.seed, scores)
    return results


def _own_names(strategies: Sequence[str], options: SweepOptions) -> list[str]:
    """Return the names of strategies' own figures; raise BadRequest where they are asked for and there are none."""
    own = own_names(strategies)
    if options.own_figures and not own:
        raise BadRequest(
            f"--own-figures: {' and '.join(map(strategy_label, strategies))} has no figures of its own. Write {FORM}."
        )
    return own


def _whole(
    results: SweepResults,
    objective: Objective,
    own: Sequence[str],
    options: SweepOptions,
    cache: ResultCache,
    listeners: Listeners,
) -> dict[str, dict[tuple[str, int], float]]:
    """Return what whole replays give, of settings on the shortlist or of all, for the objective and the own figures."""
    names = dict.fromkeys([objective.name, *own] if objective.needs_replay else own)
    numbers = finished(results) if options.own_figures else shortlist(results)
    return whole_figures(results, [*names], numbers, cache, fresh=options.fresh, on_whole=listeners.on_whole)


def _luck(
    results: SweepResults,
    best: Sequence[Best],
    folds: Sequence[Fold],
    split: Windows | None,
    objective: Objective,
    folder: AnyPath | None,
) -> dict[str, Luck | None]:
    """Return how much of the best setting of each security, and of all together, is luck."""
    by_view = {each.security: each for each in best}
    beside, own = sweeps_beside(folder), settings_digest(results)
    return {
        view: luck_of(
            results,
            by_view.get(view),
            [fold for fold in folds if fold.security == view],
            objective,
            split[0] if split else None,
            tried_before(beside, own, results, results.plan.tickers if view == ALL else (view,)),
        )
        for view in results.views
    }
