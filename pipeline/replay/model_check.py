"""The assumption check of one security: its replay under other execution models, part by part of its ticks."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.errors import LoopsDisagree, ReplayError
from pipeline.native.functions import compiled
from pipeline.replay.batch import Setting, SettingsRun
from pipeline.replay.charges import Traded, charges_of
from pipeline.replay.loop_sum import add_up
from pipeline.replay.task import Alternative
from pipeline.ticks import NO_TICKS
from pipeline.times import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pipeline.engine.batch_outcome import BatchBlock
    from pipeline.engine.execution import Execution
    from pipeline.engine.outcome import Fills, Span
    from pipeline.engine.strategy import Strategy
    from pipeline.markets.market import MarketFacts
    from pipeline.replay.task import Task
    from pipeline.ticks import Float64s, Ticks


@dataclass(slots=True, eq=False)
class _Seen:
    """Fills that were gone through: how many, and the digests of their events and of their running P&L."""

    count: int = 0
    events: Any = field(default_factory=blake2b)
    pnl: Any = field(default_factory=blake2b)

    def add(self, fills: Fills) -> None:
        self.count += len(fills)
        self.events.update(np.ascontiguousarray(fills.event))
        self.pnl.update(np.ascontiguousarray(fills.pnl))

    @property
    def digests(self) -> tuple[bytes, bytes]:
        return self.events.digest(), self.pnl.digest()


@dataclass(slots=True, eq=False)
class _Total:
    """What a model comes to so far: P&L, fills, and charges with what their rounding lost.

    converted_pnl, converted_fees: in the currency of the run, likewise, where that is another.
    """

    realized_pnl: float = 0.0
    fills: int = 0
    fees: Any = field(default_factory=lambda: np.zeros(2))
    converted_pnl: Any = field(default_factory=lambda: np.zeros(2))
    converted_fees: Any = field(default_factory=lambda: np.zeros(2))
    traded: Traded = field(default_factory=Traded)


class ModelCheck:
    """A security on the way through its ticks under each model of the assumption check.

    span: of all its ticks.
    seconds: what it took so far, wall clock.
    """

    def __init__(self, task: Task, strategy: type[Strategy], market: MarketFacts, span: Span) -> None:
        self._task, self._strategy, self._market, self._span = task, strategy, market, span
        self._settings = [Setting(task.parameters, model) for model in task.alternatives.values()]
        fields = task.execution.fields()
        self._own = {number for number, one in enumerate(self._settings) if one.execution.fields() == fields}
        wanted = {number for number, one in enumerate(self._settings) if self._needs_fills(one.execution)} | self._own
        self._run = SettingsRun(
            span, strategy, self._settings, market, task.engine, of_any_model=True, keeps_fills=wanted
        )
        self._totals = [_Total() for _ in self._settings]
        self._of_run, self._of_batch = _Seen(), {number: _Seen() for number in self._own}
        self._again: list[int] = []
        self._error: ReplayError | None = None
        self.seconds = 0.0

    def _needs_fills(self, execution: Execution) -> bool:
        return self._task.conversion is not None or not execution.costs(self._market.exchange).is_free

    def feed(self, ticks: Ticks, fills: Fills) -> None:
        """Replay the next ticks; fills: those of the run's own model, which the loop for many settings has to give."""
        with self._timed():
            self._of_run.add(fills)
            self._feed(self._run, range(len(self._settings)), ticks, ends=False, expected_fills=len(fills))

    def finish(self, batches: Callable[[], Iterable[Ticks]]) -> dict[str, Alternative]:
        """Return what the models give; raises what the first to fail raised, or LoopsDisagree.

        batches: returns all ticks once more, for models that had to be replayed from the first tick on.
        """
        with self._timed():
            self._feed(self._run, range(len(self._settings)), NO_TICKS, ends=True)
            if self._again:
                self._replay_alone(batches())
        if self._error is not None:
            raise self._error
        for seen in self._of_batch.values():
            _check_agreement(self._of_run, seen)
        return {
            name: Alternative(total.realized_pnl, float(total.fees.sum()), total.fills, self._converted(total))
            for name, total in zip(self._task.alternatives, self._totals, strict=True)
        }

    @contextmanager
    def _timed(self) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - started

    def _converted(self, total: _Total) -> list[float] | None:
        both = total.converted_pnl, total.converted_fees
        return None if self._task.conversion is None else [float(amount.sum()) for amount in both]

    def _convert(self, fills: Fills, charges: Float64s | None, total: _Total) -> None:
        """Add fills in the currency of the run, each at its day's rate."""
        if self._task.conversion is None:
            return
        rates = self._task.conversion.at(fills.clock // DAY)
        for amounts, sums in ((fills.realized, total.converted_pnl), (charges, total.converted_fees)):
            if amounts is not None:
                compiled(add_up)(len(rates), amounts * rates, sums)

    def _replay_alone(self, batches: Iterable[Ticks]) -> None:
        again = self._again
        for number in again:
            self._totals[number] = _Total()
        self._of_batch |= {number: _Seen() for number in self._own & {*again}}
        settings = [self._settings[number] for number in again]
        run = SettingsRun(
            self._span, self._strategy, settings, self._market, self._task.engine, alone=True, of_any_model=True
        )
        for ticks in batches:
            self._feed(run, again, ticks, ends=False)
        self._feed(run, again, NO_TICKS, ends=True)

    def _feed(
        self, run: SettingsRun, numbers: Sequence[int], ticks: Ticks, *, ends: bool, expected_fills: int = 0
    ) -> None:
        for rows, block in run.feed(ticks, ends=ends, expected_fills=expected_fills):
            for at, row in enumerate(rows):
                every = [numbers[place] for place in row]
                if block is None:
                    self._again += every
                elif isinstance(block, ReplayError):
                    self._error = self._error or block
                else:
                    self._add(block, at, every)
            del block

    def _add(self, block: BatchBlock, at: int, numbers: Sequence[int]) -> None:
        """Add the fills of settings that differ in fees only."""
        realized_pnl = self._market.in_currency(float(block.of_each("m_realized_pnl")[at]))
        for number in numbers:
            total = self._totals[number]
            total.realized_pnl = realized_pnl
            total.fills = int(block.of_each("m_fills")[at])
            costs = self._settings[number].execution.costs(self._market.exchange)
            if number in self._own:
                self._of_batch[number].add(block.fills(at))
            charges = None
            if not costs.is_free:
                charges = charges_of(block.fills(at), self._strategy, costs, self._market, total.traded)
            if charges is not None:
                compiled(add_up)(len(charges), charges, total.fees)
            if self._task.conversion is not None:
                self._convert(block.fills(at), charges, total)


def _check_agreement(of_run: _Seen, of_batch: _Seen) -> None:
    """Raise LoopsDisagree where the loop for many settings gives other fills than the loop for one."""
    if of_run.digests != of_batch.digests:
        raise LoopsDisagree(
            f"The loop for one setting found {of_run.count:,} fills and the loop for many {of_batch.count:,}, or "
            "others. That is a fault of this project, not of the strategy: use --no-sensitivity, no sweep, and "
            "report it."
        )
