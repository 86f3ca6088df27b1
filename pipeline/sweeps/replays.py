"""Replays the settings of a sweep, many of one security a task, and puts what they gave where results are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.compiler.batch_groups import BATCH_SIZE
from pipeline.engine.strategy import fields_of
from pipeline.replay.batch import prepare
from pipeline.replay.identities import identities
from pipeline.replay.result_key import value_digests
from pipeline.replay.workers import run_all
from pipeline.store.result_parts import NAMES
from pipeline.sweeps.codec import encode_figures
from pipeline.sweeps.plan import MOST_A_TASK, strategy_of
from pipeline.sweeps.results import OWN
from pipeline.sweeps.tasks import SweepTask, run_sweep_task, sweep_worker_died

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pipeline.replay.simulate import Engine
    from pipeline.replay.task import Task
    from pipeline.sweeps.plan import SweepPlan
    from pipeline.sweeps.results import SweepResults
    from pipeline.sweeps.tasks import Encode, TaskResult
    from pipeline.sweeps.trials import TrialColumns

EVENTS_A_TASK: Final = 300_000_000
"""Ticks x settings of one task, about a second: what a lost worker or a kill costs."""

PLAIN_TICKS: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class ReadyResults:
    """How many results of a security are ready: cached by an earlier sweep, or computed now, failed ones among them."""

    ticker: str
    count: int
    cached: bool


def run_sweep(
    results: SweepResults,
    trials: Sequence[TrialColumns],
    model: str,
    *,
    arrays: Sequence[str],
    fresh: bool,
    on_compile: Callable[[str], None] | None,
) -> Iterator[ReadyResults]:
    """Replay settings on every security, and say how many are ready: first what fails at once or is cached.

    Args:
        results: Where the results go.
        trials: The settings.
        model: The model of the band they are replayed under, OWN for their own.
        arrays: Those of the results' arrays that will be read, which cached ones are looked at for.
        fresh: Whether what is cached is computed all the same.
        on_compile: Called with the strategy's class when its loop is compiled now.
    """
    several = [_Named(results.plan, columns if model == OWN else columns.under(model)) for columns in trials]
    missing: list[tuple[Task, TrialColumns]] = []
    for named in several:
        columns = named.columns
        for task in named.base.tasks:
            if task.error is not None:
                results.fail(task.ticker, dict.fromkeys(columns.numbers.tolist(), task.error), model)
                yield ReadyResults(task.ticker, len(columns), cached=False)
                continue
            known = np.zeros(len(columns), bool)
            if not fresh:
                kind, names = named.of(task.ticker)
                parts, rows = results.parts.find(kind, names, (NAMES, "figures", "days", "market", *arrays))
                known = parts >= 0
                results.put(task.ticker, columns.numbers[known], parts[known], rows[known], model)
            count = int(known.sum())
            if count:
                results.cached += count if model == OWN else 0
                yield ReadyResults(task.ticker, count, cached=True)
            if count < len(columns):
                missing.append((task, columns.take(~known) if count else columns))
    for done in replays(results.plan, missing, encode_figures, on_compile):
        if len(done.numbers):
            named = next(named for named in several if named.has(int(done.numbers[0])))
            kind, names = named.of(done.ticker, done.numbers)
            part = results.parts.put(kind, {NAMES: names, **done.encoded}, cached=not done.opened)
            results.put(done.ticker, done.numbers, part, np.arange(len(done.numbers)), model)
        results.fail(done.ticker, done.errors, model)
        results.opened.update(done.opened)
        yield ReadyResults(done.ticker, len(done.numbers) + len(done.errors), cached=False)


class _Named:
    """Settings of one strategy, and the names of their results on each security."""

    def __init__(self, plan: SweepPlan, columns: TrialColumns) -> None:
        self.columns = columns
        self.base = plan.bases[columns.strategy]
        purpose = f"{encode_figures.__module__}.{encode_figures.__qualname__}"
        self._identities = identities(self.base, purpose, (run_sweep_task.__module__, encode_figures.__module__))
        self._parameters = {task.ticker: task.parameters for task in self.base.tasks}
        fields = fields_of(strategy_of(self.base)).parameters
        self._digests = {
            parameter.key: value_digests(name, parameter, columns.changes[parameter.key])
            for name, parameter in fields.items()
            if parameter.key in columns.changes
        }

    def has(self, number: int) -> bool:
        """Return whether a setting is one of these."""
        return bool(self.columns.numbers[0] <= number <= self.columns.numbers[-1])

    def of(self, ticker: str, numbers: Any = None) -> tuple[str, Any]:
        """Return the kind and the names of what settings, by default all, give on a security."""
        places = slice(None) if numbers is None else numbers - self.columns.numbers[0]
        codes = self.columns.codes_by_key()
        varied = {key: digests[codes[key][places]] for key, digests in self._digests.items()}
        identity = self._identities[ticker]
        models = self.columns.models[places]
        return identity.kind, identity.names(self._parameters[ticker], varied, self.columns.executions, models)


def replays(
    plan: SweepPlan,
    wanted: Sequence[tuple[Task, TrialColumns]],
    encode: Encode,
    on_compile: Callable[[str], None] | None = None,
) -> Iterator[TaskResult]:
    """Yield what is encoded of settings on securities as tasks of a second or so end, the longest first."""
    for base in plan.bases.values():
        executions = [model for task, columns in wanted if task in base.tasks for model in columns.executions]
        if executions:
            prepare(strategy_of(base), base.engine, on_compile, executions)
    ticks = {security.ticker: security.ticks for base in plan.bases.values() for security in base.securities}
    tasks = [
        SweepTask(task, some, encode)
        for task, columns in wanted
        for some in _parted(columns, _settings_a_task(task.engine, ticks[task.ticker]))
    ]

    def order(task: SweepTask) -> tuple[int, str, str, int]:
        work = ticks[task.security.ticker] * len(task.trials)
        return -work, task.trials.strategy, task.security.ticker, int(task.trials.numbers[0])

    return run_all(
        run_sweep_task,
        sorted(tasks, key=order),
        plan.backend,
        plan.workers,
        address=plan.address,
        isolated=plan.shortage is not None,
        on_death=sweep_worker_died,
    )


def _parted(columns: TrialColumns, size: int) -> Iterator[TrialColumns]:
    for start in range(0, len(columns), size):
        yield columns.take(slice(start, start + size))


def _settings_a_task(engine: Engine, ticks: int) -> int:
    if engine == "python":
        return max(1, min(MOST_A_TASK, PLAIN_TICKS // max(1, ticks)))
    return max(BATCH_SIZE, min(MOST_A_TASK, EVENTS_A_TASK // max(1, ticks)) // BATCH_SIZE * BATCH_SIZE)
