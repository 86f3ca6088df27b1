"""The tasks of a sweep, as a worker runs them: many settings of one security, replayed and encoded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import ReplayError
from pipeline.metrics.setting_figures import book
from pipeline.replay.batch import simulate_blocks, simulate_many
from pipeline.replay.signals import load_signals
from pipeline.replay.simulate import ignored_prints
from pipeline.replay.task import Task, task_error
from pipeline.store.tick_file import read_ticks
from pipeline.strategies.loading.load import load_strategy, undeclared_files
from pipeline.ticks import union_of
from pipeline.times import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.engine.batch_outcome import BatchBlock
    from pipeline.engine.costs import Costs
    from pipeline.engine.execution import Execution
    from pipeline.engine.strategy import Strategy
    from pipeline.errors import WorkerDied
    from pipeline.markets.market import MarketFacts
    from pipeline.metrics.setting_figures import BookedSettings
    from pipeline.replay.batch import Setting
    from pipeline.replay.simulate import Engine, Replayed
    from pipeline.sweeps.trials import TrialColumns
    from pipeline.ticks import Int64s, Ticks


@dataclass(frozen=True, slots=True, eq=False)
class Replays:
    """The replays of settings on one security, to be gone through once, one by one or many at a time.

    ended: which came to an end, in the order in which they did. errors: those of the others.
    """

    ticks: Ticks
    strategy: type[Strategy]
    settings: Sequence[Setting]
    market: MarketFacts
    engine: Engine
    ended: list[int] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)

    def each(self) -> Iterator[Replayed]:
        """Yield what each setting gave."""
        for number, outcome in simulate_many(self.ticks, self.strategy, self.settings, self.market, self.engine):
            if isinstance(outcome, ReplayError):
                self.errors[number] = str(outcome)
            else:
                self.ended.append(number)
                yield outcome

    def booked(self) -> Iterator[BookedSettings]:
        """Yield the figures and the days of some settings at a time."""
        for rows, block in simulate_blocks(self.ticks, self.strategy, self.settings, self.market, self.engine):
            numbers = [number for row in rows for number in row]
            if isinstance(block, ReplayError):
                self.errors.update(dict.fromkeys(numbers, str(block)))
                continue
            executions = [self.settings[number].execution for number in numbers]
            every = [place for place, row in enumerate(rows) for _ in row]
            days, costs = self._market_days(block, executions[0]), self._costs(executions)
            booked = book(block, every, costs, self.strategy, self.market, days)
            del block
            self.ended.extend(numbers)
            yield booked

    def _costs(self, executions: Sequence[Execution]) -> list[Costs]:
        costs = {id(execution): execution.costs(self.market.exchange) for execution in executions}
        return [costs[id(execution)] for execution in executions]

    def _market_days(self, block: BatchBlock, execution: Execution) -> Int64s:
        """Return the days with a print, ignored or not."""
        ignored = ignored_prints(self.ticks, execution, self.strategy)
        return union_of([block.market_days, self.ticks.timestamp[ignored] // DAY])


Encode = Callable[[Replays], Any]
"""Makes what is sent back of the replays of a task, the settings in the order of their numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class SweepTask:
    """Many settings of one security, whose task says what to read; the worker reads its file once for all of them."""

    security: Task
    trials: TrialColumns
    encode: Encode


@dataclass(frozen=True, slots=True, eq=False)
class TaskResult:
    """What a task found: what was encoded of the settings `numbers`, ascending, and the errors of the others.

    opened: data files that the strategy opened and does not declare.
    """

    ticker: str
    numbers: Any
    encoded: Any
    errors: Mapping[int, str]
    opened: tuple[str, ...] = ()


def run_sweep_task(task: SweepTask) -> TaskResult:
    """Read one security's ticks and encode every setting on them; a failure becomes the settings' error."""
    try:
        return _replayed(task)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the others' results stand whatever a strategy raises
        return _failed(task, task_error(task.security, error))


def sweep_worker_died(task: SweepTask, error: WorkerDied) -> TaskResult:
    """Return the settings whose worker cannot tell any more."""
    return _failed(task, str(error))


def _failed(task: SweepTask, error: str) -> TaskResult:
    numbers = task.trials.numbers
    return TaskResult(task.security.ticker, numbers[:0], (), dict.fromkeys(numbers.tolist(), error))


def _replayed(task: SweepTask) -> TaskResult:
    security, numbers = task.security, task.trials.numbers
    strategy, market = load_strategy(security.strategy), security.market
    ticks = load_signals(security.signals, market).on(read_ticks(security.path, security.digest, market.clock_shift))
    settings = task.trials.settings(security.parameters)
    if not market.tick_tables:
        settings = [replace(setting, execution=setting.execution.off_grid) for setting in settings]
    replays = Replays(ticks, strategy, settings, market, security.engine)
    encoded = task.encode(replays)
    return TaskResult(
        security.ticker,
        numbers[np.sort(np.array(replays.ended, np.int64))],
        encoded,
        {int(numbers[at]): error for at, error in replays.errors.items()},
        undeclared_files(strategy),
    )
