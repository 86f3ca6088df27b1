"""One security's task in, its result or its error in words out: what a worker runs, whatever the backend."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.backtest.simulate import Engine, Replayed, simulate
from pipeline.errors import PipelineError
from pipeline.market.sessions import sessions_of
from pipeline.store.parquet import read_ticks
from pipeline.strategies.load import load_strategy

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.settings import Values


@dataclass(frozen=True, slots=True)
class Task:
    """All that a worker needs to replay one security; it reads the security's own file and shares nothing."""

    ticker: str
    exchange: str
    path: Path
    strategy: str
    parameters: Values
    engine: Engine


@dataclass(frozen=True, slots=True)
class SecurityResult:
    """One security's replay, or the error that ended it; seconds are wall clock."""

    task: Task
    replayed: Replayed | None
    error: str | None = None
    trace: str | None = None
    read_seconds: float = 0.0
    replay_seconds: float = 0.0

    @property
    def ticker(self) -> str:
        """The security's ticker."""
        return self.task.ticker


def run_task(task: Task) -> SecurityResult:
    """Read one security's ticks and replay them; a failure becomes the result's error and takes nobody along."""
    started = time.perf_counter()
    try:
        strategy = load_strategy(task.strategy)
        sessions = sessions_of(task.exchange)
        ticks = read_ticks(task.path)
        read = time.perf_counter()
        replayed = simulate(ticks, strategy, task.parameters, sessions, task.engine)
        return SecurityResult(task, replayed, read_seconds=read - started, replay_seconds=time.perf_counter() - read)
    except PipelineError as error:
        return SecurityResult(task, None, str(error), traceback.format_exc())
    except Exception as error:  # noqa: BLE001 - the others' results stand whatever a strategy raises
        return SecurityResult(task, None, f"{type(error).__name__}: {error}", traceback.format_exc())
