"""Replays one security under many settings, decoding its ticks once and running as many per pass as possible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from pipeline.engine.batch_outcome import BatchBlock
from pipeline.engine.strategy import Strategy, fields_of
from pipeline.errors import ReplayError
from pipeline.replay.simulate import CLASSIC, Engine, engine_facts, loop_constants, matched_ticks, replayed_of, replayer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pipeline.engine.execution import Execution
    from pipeline.engine.outcome import Totals
    from pipeline.markets.market import MarketFacts
    from pipeline.replay.simulate import Replayed
    from pipeline.settings import Values
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
    one depend on its orders, of which a batch keeps no account, all are replayed one by one.
    """
    for rows, block in simulate_blocks(ticks, strategy, settings, market, engine):
        for at, numbers in enumerate(rows):
            outcome = block if isinstance(block, ReplayError) else block.outcome(at)
            for number in numbers:
                if isinstance(outcome, ReplayError):
                    yield number, outcome
                else:
                    execution = settings[number].execution
                    yield number, replayed_of(ticks, outcome, strategy, execution, market.exchange)


def simulate_totals(
    ticks: Ticks, strategy: type[Strategy], settings: Sequence[Setting], market: MarketFacts, engine: Engine
) -> Iterator[tuple[int, Totals | ReplayError]]:
    """Yield each setting's number and what it comes to, as `simulate_many` does, in less time."""
    for rows, block in simulate_blocks(ticks, strategy, settings, market, engine):
        for at, numbers in enumerate(rows):
            totals = block if isinstance(block, ReplayError) else block.totals(at)
            yield from ((number, totals) for number in numbers)


def simulate_blocks(
    ticks: Ticks, strategy: type[Strategy], settings: Sequence[Setting], market: MarketFacts, engine: Engine
) -> Iterator[tuple[Rows, BatchBlock | ReplayError]]:
    """Yield what `simulate_many` does as blocks: the numbers of the settings that are each row of one, and the block.

    Settings that are one row differ in fees only. A block has to go before the next is asked for.
    """
    for group in _batches(strategy, settings):
        yield from _blocks(ticks, strategy, settings, group, market, engine)


def prepare(
    strategy: type[Strategy],
    engine: Engine,
    on_compile: Callable[[str], None] | None = None,
    executions: Sequence[Execution] = (),
) -> None:
    """Compile or load the loops for settings under these models, so that no worker waits for another to compile one."""
    if engine == "python":
        return
    by_order = [execution for execution in executions if execution.needs_orders]
    for execution in {repr(loop_constants(execution)): execution for execution in by_order}.values():
        replayer(strategy, execution, engine, on_compile)
    if not by_order or len(by_order) < len(executions):
        from pipeline.engine.batch import batch_runner  # the plain engine does without LLVM

        batch_runner(strategy, on_compile)


def _batches(strategy: type[Strategy], settings: Sequence[Setting]) -> list[list[list[int]]]:
    """Part settings into what one batch can hold, each a list of the numbers that are one replay."""
    fields = fields_of(strategy)
    switches = [setting.execution.fields() for setting in settings]
    batches: dict[object, dict[object, list[int]]] = {}
    for number in sorted(range(len(settings)), key=lambda number: [switches[number][name] for name in ORDER]):
        batch = batches.setdefault(settings[number].execution.ignored, {})
        exact = map(repr, fields.field_values(settings[number].parameters).values())  # 0.0 equals -0.0 and is another
        batch.setdefault((*exact, *switches[number].values()), []).append(number)
    return [list(batch.values()) for batch in batches.values()]


def _blocks(
    ticks: Ticks,
    strategy: type[Strategy],
    settings: Sequence[Setting],
    group: Rows,
    market: MarketFacts,
    engine: Engine,
) -> Iterator[tuple[Rows, BatchBlock | ReplayError]]:
    fields = fields_of(strategy)
    ticks = matched_ticks(ticks, settings[group[0][0]].execution, strategy)
    replays = [
        (setting.execution, engine_facts(market, setting.execution), fields.field_values(setting.parameters))
        for setting in (settings[numbers[0]] for numbers in group)
    ]

    def alone(at: int) -> tuple[Rows, BatchBlock | ReplayError]:
        execution, facts, values = replays[at]
        replay = replayer(strategy, execution, engine)
        try:
            return [group[at]], BatchBlock.of(ticks, replay.run(ticks, facts, values))
        except ReplayError as error:
            return [group[at]], error

    by_order = any(setting.execution.needs_orders for setting in settings)
    is_one = len(replays) == 1 and replays[0][0].fields() == CLASSIC.fields()
    if engine == "python" or by_order or is_one:
        yield from map(alone, range(len(replays)))
        return
    from pipeline.engine.batch import BatchSetting, batch_runner

    wanted = [BatchSetting(facts, values) for _, facts, values in replays]
    for places, block in batch_runner(strategy).blocks(ticks, wanted):
        if block is None:
            yield from map(alone, places)
        else:
            yield [group[at] for at in places], block
