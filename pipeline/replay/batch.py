"""Replays one security under many settings, decoding its ticks once and running as many per pass as possible."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pipeline.engine.batch_outcome import BatchBlock
from pipeline.engine.outcome import Span
from pipeline.engine.replay import PartTimes
from pipeline.engine.strategy import Strategy, fields_of
from pipeline.errors import ReplayError
from pipeline.replay.simulate import CLASSIC, Engine, engine_facts, loop_constants, matched_ticks, replayed_of, replayer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from pipeline.engine.execution import Execution
    from pipeline.engine.outcome import Facts
    from pipeline.engine.replay import Replay
    from pipeline.markets.market import MarketFacts
    from pipeline.replay.simulate import Replayed, Replayer
    from pipeline.settings import Value, Values
    from pipeline.ticks import Ticks

ORDER: Final = ("touch_fills", "match_first", "queue_model", "latency", "takes_marketable")
"""By which switches settings are ordered: those that act at the same turn of an event stand together."""

Found: TypeAlias = "Replayed | ReplayError"
Rows: TypeAlias = "Sequence[Sequence[int]]"
"""Settings by their numbers: those of a row are one replay."""


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What one replay is asked for: parameters by config key in config units, checked, and an execution model."""

    parameters: Values
    execution: Execution


def simulate_many(
    ticks: Ticks, strategy: type[Strategy], settings: Sequence[Setting], market: MarketFacts, engine: Engine
) -> Iterator[tuple[int, Found]]:
    """Yield each setting's number and what it gives, bit for bit what `simulate` gives; in no order that matters.

    A setting whose replay fails gives its error. Settings that differ in fees only are replayed once; where the fees of
    one depend on its orders, of which a batch keeps no account, or a side has several of them, all are replayed one by
    one.
    """
    for rows, block in simulate_blocks(ticks, strategy, settings, market, engine):
        for at, numbers in enumerate(rows):
            outcome = block if isinstance(block, ReplayError) else block.outcome(at)
            for number in numbers:
                if isinstance(outcome, ReplayError):
                    yield number, outcome
                else:
                    execution = settings[number].execution
                    yield number, replayed_of(ticks, outcome, strategy, execution, market)


def simulate_blocks(
    ticks: Ticks, strategy: type[Strategy], settings: Sequence[Setting], market: MarketFacts, engine: Engine
) -> Iterator[tuple[Rows, BatchBlock | ReplayError]]:
    """Yield what `simulate_many` does as blocks: the numbers of the settings that are each row of one, and the block.

    Settings that are one row differ in fees only. A block's fills are gone when the next is asked for.
    """
    try:
        span = Span.of(ticks)
    except ReplayError as error:
        yield [[number] for number in range(len(settings))], error
        return
    for rows, block in SettingsRun(span, strategy, settings, market, engine).feed(ticks, ends=True):
        if block is not None:
            yield rows, block
            continue
        numbers = [number for row in rows for number in row]
        again = SettingsRun(span, strategy, [settings[number] for number in numbers], market, engine, alone=True)
        for own_rows, own in again.feed(ticks, ends=True):
            assert own is not None  # noqa: S101 - each is alone
            yield [[numbers[at] for at in row] for row in own_rows], own
            del own


class SettingsRun:
    """Settings under way through one security's ticks, which come in parts: many a pass over them, or each by itself.

    span: of all ticks. alone: whether each is replayed by itself. of_any_model: as `replayer` has it, of each that is.
    keeps_fills: the numbers of the settings whose fills are wanted, None for all; of others only the counts are right.
    """

    def __init__(
        self,
        span: Span,
        strategy: type[Strategy],
        settings: Sequence[Setting],
        market: MarketFacts,
        engine: Engine,
        *,
        alone: bool = False,
        of_any_model: bool = False,
        keeps_fills: AbstractSet[int] | None = None,
    ) -> None:
        self._strategy = strategy
        self._lanes: list[_Alone | _Together] = []
        alone |= engine == "python" or any(_needs_orders(strategy, setting.execution) for setting in settings)
        for group in _batches(strategy, settings):
            replays = []
            for numbers in group:
                execution, parameters = settings[numbers[0]].execution, settings[numbers[0]].parameters
                values = fields_of(strategy).field_values(parameters, market.price_units_per_currency)
                replays.append((execution, engine_facts(market, execution), values))
            is_one = len(replays) == 1 and replays[0][0].fields() == CLASSIC.fields()
            if alone or is_one:
                for numbers, (execution, facts, values) in zip(group, replays, strict=True):
                    replay = partial(replayer, strategy, execution, engine, of_any_model=of_any_model)
                    self._lanes.append(_Alone([numbers], execution, replay, span, facts, values))
            else:
                kept = [keeps_fills is None or not keeps_fills.isdisjoint(numbers) for numbers in group]
                self._lanes.append(_Together(group, strategy, span, replays, kept))

    def feed(
        self, ticks: Ticks, *, ends: bool, expected_fills: int = 0
    ) -> Iterator[tuple[Rows, BatchBlock | ReplayError | None]]:
        """Replay the next ticks, and yield what `simulate_blocks` does, the fills being those of these ticks.

        None: settings that have to be replayed alone, from the first tick on; after that and after an error they are
        left out. To be gone through to its end. expected_fills: about how many a setting has, where that is known.
        """
        matched: dict[object, Ticks] = {}
        for lane in self._lanes:
            ignored = lane.execution.ignored
            if ignored not in matched:
                matched[ignored] = matched_ticks(ticks, lane.execution, self._strategy)
            yield from lane.feed(matched[ignored], ends, expected_fills)


class _Alone:
    """One setting under way by itself."""

    def __init__(self, rows: Rows, execution: Execution, of_model: Callable[[], Replayer], *begin: Any) -> None:
        self.execution = execution
        self._rows = rows
        self._of_model = of_model
        self._begin = begin
        self._replay: Replay | None = None
        self._failed = False

    def feed(self, ticks: Ticks, ends: bool, _: int) -> Iterator[tuple[Rows, BatchBlock | ReplayError]]:  # noqa: FBT001
        if self._failed:
            return
        times = PartTimes(0, ticks.timestamp, ticks.timestamp[:0])
        try:
            replay = self._replay or self._of_model().begin(*self._begin)
            self._replay = None if ends else replay
            outcome = replay.end(ticks) if ends else replay.so_far(ticks)
        except ReplayError as error:
            self._failed, self._replay = True, None
            yield self._rows, error
            return
        del replay
        yield self._rows, BatchBlock.of(times, outcome)


class _Together:
    """Settings under way together."""

    def __init__(
        self,
        rows: Rows,
        strategy: type[Strategy],
        span: Span,
        replays: Sequence[tuple[Execution, Facts, Mapping[str, Value]]],
        keeps_fills: Sequence[bool],
    ) -> None:
        from pipeline.engine.batch import BatchSetting, batch_runner  # the plain engine does without LLVM

        self.execution = replays[0][0]
        self._rows = rows
        settings = [
            BatchSetting(facts, values, kept) for (_, facts, values), kept in zip(replays, keeps_fills, strict=True)
        ]
        self._run = batch_runner(strategy).begin(span, settings)

    def feed(self, ticks: Ticks, ends: bool, expected_fills: int) -> Iterator[tuple[Rows, BatchBlock | None]]:  # noqa: FBT001
        for places, block in self._run.feed(ticks, ends=ends, expected_fills=expected_fills):
            yield [self._rows[at] for at in places], block
            del block


def prepare(
    strategy: type[Strategy],
    engine: Engine,
    on_compile: Callable[[str], None] | None = None,
    executions: Sequence[Execution] = (),
    *,
    of_any_model: bool = False,
) -> None:
    """Compile or load the loops for settings under these models, so that no worker waits for another to compile one.

    of_any_model: as `SettingsRun` has it.
    """
    if engine == "python":
        return
    by_order = [execution for execution in executions or [CLASSIC] if _needs_orders(strategy, execution)]
    of_loop = {"" if of_any_model else repr(loop_constants(execution)): execution for execution in by_order}
    for execution in of_loop.values():
        replayer(strategy, execution, engine, on_compile, of_any_model=of_any_model)
    if len(by_order) < len(executions or [CLASSIC]):
        from pipeline.engine.batch import batch_runner

        batch_runner(strategy, on_compile)


def _needs_orders(strategy: type[Strategy], execution: Execution) -> bool:
    """Tell whether an account of our orders is to be kept, which a batch does not do."""
    return strategy.levels > 0 or execution.needs_orders


def _batches(strategy: type[Strategy], settings: Sequence[Setting]) -> list[list[list[int]]]:
    """Part settings into what one batch can hold, each a list of the numbers that are one replay."""
    fields = fields_of(strategy)
    switches = [setting.execution.fields() for setting in settings]
    batches: dict[object, dict[object, list[int]]] = {}
    for number in sorted(range(len(settings)), key=lambda number: [switches[number][name] for name in ORDER]):
        batch = batches.setdefault(settings[number].execution.ignored, {})
        exact = map(repr, fields.field_values(settings[number].parameters).values())  # 0.0 equals -0.0 and is another
        batch.setdefault((*exact, *switches[number].values(), settings[number].execution.break_rule), []).append(number)
    return [list(batch.values()) for batch in batches.values()]
