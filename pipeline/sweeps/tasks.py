"""The tasks of a sweep, as a worker runs them: many settings of one security, replayed and encoded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import ReplayError
from pipeline.markets.facts import facts_of
from pipeline.replay.batch import simulate_many
from pipeline.replay.simulate import Replayed
from pipeline.replay.task import Task, task_error
from pipeline.store.tick_file import read_ticks
from pipeline.strategies.loading.load import load_strategy, undeclared_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.errors import WorkerDied
    from pipeline.sweeps.trials import TrialColumns

Encode = Callable[[Iterable[Replayed]], Any]
"""Makes what is sent back of the replays of a task; what it returns has `take`, as an array has."""


@dataclass(frozen=True, slots=True, eq=False)
class SweepTask:
    """Many settings of one security, whose task says what to read; the worker reads its file once for all of them."""

    security: Task
    trials: TrialColumns
    encode: Encode

    def __reduce__(self) -> tuple[Any, ...]:
        """Send no values that none of the settings has."""
        return SweepTask, (self.security, self.trials.compact(), self.encode)


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
    return TaskResult(task.security.ticker, numbers[:0], None, dict.fromkeys(numbers.tolist(), error))


def _replayed(task: SweepTask) -> TaskResult:
    security, numbers = task.security, task.trials.numbers
    strategy, market = load_strategy(security.strategy), facts_of(security.exchange)
    ticks = read_ticks(security.path, security.digest)
    settings = task.trials.settings(security.parameters)
    good: list[int] = []
    errors: dict[int, str] = {}

    def ended() -> Iterator[Replayed]:
        for at, outcome in simulate_many(ticks, strategy, settings, market, security.engine):
            if isinstance(outcome, ReplayError):
                errors[int(numbers[at])] = str(outcome)
            else:
                good.append(at)
                yield outcome

    encoded = task.encode(ended())
    order = np.argsort(np.array(good, np.int64))
    return TaskResult(
        security.ticker,
        numbers[np.sort(np.array(good, np.int64))],
        encoded.take(order) if good else None,
        errors,
        undeclared_files(strategy),
    )
