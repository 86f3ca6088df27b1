"""Checks a sweep's request and plans it: its settings, and what replays them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.compiler.batch_groups import BATCH_SIZE
from pipeline.engine.execution import BAND, SWITCH, Execution, is_charge, make_execution, preset_settings
from pipeline.engine.strategy import fields_of
from pipeline.errors import BadRequest, SweepError, nearest
from pipeline.inspection.warn import counts_of
from pipeline.numbers import unit_of
from pipeline.replay.exchanges import tick_error
from pipeline.replay.memory import memory_shortage
from pipeline.replay.plan import Plan, Request, asked_backend, check_charged, plan
from pipeline.replay.workers import default_backend, workers_for
from pipeline.runs.own_figures import check_names
from pipeline.runs.run_money import RunMoney
from pipeline.strategies.loading.load import load_strategy, strategy_source
from pipeline.sweeps.axes import PRESET, Axis, Grid, assumed, is_assumption
from pipeline.sweeps.trials import TrialColumns, Trials, columns_of, every_combination
from pipeline.ticks import union_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.engine.strategy import Strategy
    from pipeline.replay.currencies import Currencies
    from pipeline.replay.fx import Conversion, Rates
    from pipeline.replay.simulate import Engine
    from pipeline.replay.workers import Backend
    from pipeline.ticks import Int64s

WORTH_PROCESSES: Final = 4_000
"""Results from which processes are worth their start: making one takes the interpreter, which threads share."""

MOST_A_TASK: Final = 16 * BATCH_SIZE
WALK_BYTES: Final = 500 * 2**20


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """A sweep that has been checked. bases: the plan of each strategy by its name. axes: the names varied.

    assumed: the execution model that settings are chosen under, where several are tried: a value by axis. band: the
    models that each setting is replayed under besides its own. shortage: that memory may not suffice here.
    """

    bases: Mapping[str, Plan]
    trials: Trials
    axes: tuple[str, ...]
    workers: int
    backend: Backend
    address: str | None
    assumed: Mapping[str, Any] = field(default_factory=dict)
    band: tuple[str, ...] = ()
    shortage: str | None = None

    @property
    def tickers(self) -> tuple[str, ...]:
        """The tickers swept, sorted."""
        return tuple(security.ticker for security in next(iter(self.bases.values())).securities)

    @property
    def money(self) -> RunMoney:
        """What amounts are in: of each security, and of all together or of the only one."""
        currencies = next(iter(self.bases.values())).currencies
        return RunMoney(currencies.of, currencies.of_all if len(self.tickers) > 1 else unit_of(currencies.of.values()))

    @property
    def rates(self) -> Rates | None:
        """The rates at which amounts of all together are converted, where they were asked for."""
        return next(iter(self.bases.values())).currencies.rates

    @property
    def conversions(self) -> Mapping[str, Conversion]:
        """What converts the amounts of securities, where it does."""
        tasks = next(iter(self.bases.values())).tasks
        return {task.ticker: task.conversion for task in tasks if task.conversion is not None}

    def counted_days(self) -> Int64s | None:
        """Return the market days of all securities together as their conversion counted them; None where it did not.

        A security of which no setting comes to an end has none in the sweep, so that there may be fewer.
        """
        base = next(iter(self.bases.values()))
        days = []
        for security, task in zip(base.securities, base.tasks, strict=True):
            counts = counts_of(security) if task.market.exchange == security.exchange else None
            if counts is None:
                return None
            days.append(np.setdiff1d(np.array(counts.days, np.int64), counts.days_without_print))
        return union_of(days)


def plan_sweep(grid: Grid, request: Request, strategies: Sequence[str], *, enumerate_all: bool = True) -> SweepPlan:
    """Check a sweep and plan it; every error of the request itself is raised here, before anything runs.

    enumerate_all: whether all combinations of the grid are its trials; a search makes its own.
    """
    bases = {name: plan(replace(request, strategy=name, sensitivity=False)) for name in strategies}
    _check_axes(grid, bases)
    _check_currencies(next(iter(bases.values())).currencies)
    for span in grid.spans:
        if enumerate_all and span.is_for_search:
            raise SweepError(f"{span.name}: a range needs a step or points, unless --trials searches it.")
    trials = Trials()
    for name, base in bases.items():
        axes = [axis for axis in grid.axes if _means_something(axis.name, base)]
        codes = every_combination(axes) if enumerate_all else _corners(axes)
        of_strategy = make_trials(name, base, axes, codes, len(trials) + 1)
        bases[name] = _with_ticks(base, of_strategy.executions)
        trials.parts += [of_strategy] if enumerate_all else []
    securities = [security for base in bases.values() for security in base.securities]
    settings = len(trials) // len(bases) or BATCH_SIZE
    work = sum(security.ticks for security in securities) * settings
    engine: Engine = "python" if any(base.engine == "python" for base in bases.values()) else "compiled"
    many = settings * len(securities) // len(bases) >= WORTH_PROCESSES
    by_default = default_backend(engine, work, request.workers)
    if many and engine == "compiled" and request.workers != 1:
        by_default = "loky"
    backend: Backend = asked_backend(request.backend) or by_default
    need = {security.ticker: WALK_BYTES + security.size for security in securities}
    of_tasks = [*need.values()] * (len(bases) * max(1, len(trials) // MOST_A_TASK))
    workers = workers_for(backend, of_tasks, request.workers, request.address)
    shortage = None if request.address or request.backend else memory_shortage(need, workers)
    if shortage:
        backend = "loky"
    bases = {name: _with_workers(base, workers) for name, base in bases.items()}
    names = tuple(axis.name for axis in grid.axes)
    return SweepPlan(bases, trials, names, workers, backend, request.address, assumed(grid.axes), shortage=shortage)


def _check_currencies(currencies: Currencies) -> None:
    if currencies.is_mixed:
        units = sorted(set(currencies.of.values()))
        raise BadRequest(
            f"The securities are in several currencies ({', '.join(units)}), so that no setting can be chosen for all "
            f"together. Give rates (--fx rates.csv --currency {units[0]}), or sweep one currency at a time with "
            "--securities."
        )


def _with_ticks(base: Plan, executions: Sequence[Execution]) -> Plan:
    """Return a plan whose securities fail where one of the execution models needs tick sizes that are not known."""
    strategy = strategy_of(base)
    tasks = (
        task if task.error else replace(task, error=tick_error(task.market, strategy, base.strategy, executions))
        for task in base.tasks
    )
    return replace(base, tasks=tuple(tasks))


def _with_workers(base: Plan, workers: int) -> Plan:
    return replace(base, tasks=tuple(replace(task, at_a_time=workers) for task in base.tasks))


def make_trials(strategy: str, base: Plan, axes: Sequence[Axis], codes: Any, first: int) -> TrialColumns:
    """Return settings numbered from `first` on, by axes and codes; raise ConfigError for a value that is not taken."""
    known = fields_of(strategy_of(base)).by_key()
    return columns_of(strategy, known, partial(_execution, base.execution), axes, codes, first)


def with_band(plan: SweepPlan) -> SweepPlan:
    """Return a plan in which settings are replayed under the models of the band too; raises BadRequest."""
    for base in plan.bases.values():
        if not base.switches_apply:
            raise BadRequest(f"There is no band: {base.own_orders}")
    return replace(plan, band=tuple(BAND))


def strategy_of(base: Plan) -> type[Strategy]:
    """Return the class of the strategy of a plan."""
    return load_strategy(base.tasks[0].strategy)


def own_names(strategies: Sequence[str]) -> list[str]:
    """Return the names of the figures of strategies' own; raise StrategyError for one that every run has."""
    classes = [load_strategy(strategy_source(name)) for name in strategies]
    for strategy in classes:
        check_names(strategy)
    return sorted({name for strategy in classes for name in strategy.figures})


def _execution(base: Execution, values: Mapping[str, Any]) -> Execution:
    switches = {name.removeprefix(SWITCH): value for name, value in values.items() if name.startswith(SWITCH)}
    execution = make_execution(values.get(PRESET) or base.preset, {**base.changed, **switches}, "the sweep")
    check_charged(execution, "the sweep: ")
    return execution


def _corners(axes: Sequence[Axis]) -> Any:
    """Return codes in which every value of every axis occurs, so that all are checked before a search begins."""
    longest = np.arange(max((len(axis.values) for axis in axes), default=0), dtype=np.int32)
    return np.stack([longest % len(axis.values) for axis in axes])


def _means_something(axis: str, base: Plan) -> bool:
    if is_assumption(axis):
        return base.switches_apply or is_charge(axis.removeprefix(SWITCH))
    return axis in fields_of(strategy_of(base)).by_key()


def _check_axes(grid: Grid, bases: Mapping[str, Plan]) -> None:
    keys = list(dict.fromkeys(key for base in bases.values() for key in fields_of(strategy_of(base)).by_key()))
    known = [*keys, PRESET, *(SWITCH + key for key in preset_settings("classic"))]
    for axis in grid.axes:
        if any(_means_something(axis.name, base) for base in bases.values()):
            continue
        if is_assumption(axis.name):
            raise SweepError(f"{axis.name}: {' '.join(base.own_orders for base in bases.values())}")
        hint = nearest(axis.name, known) or f" It is one of: {', '.join(keys)}."
        raise SweepError(f"the sweep: unknown parameter '{axis.name}'.{hint}")
