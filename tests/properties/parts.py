"""A replay cut into parts, by either engine, and joined again, so that it can be held against one in one piece."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.engine.compiled import compiled_replay
from pipeline.engine.outcome import Outcome, Span, join_fills
from pipeline.engine.plain import PlainReplay
from pipeline.markets.facts import facts_of
from pipeline.replay.simulate import engine_facts, loop_constants, matched_ticks
from pipeline.strategies.loading.load import load_strategy
from tests.engine.replays import DAY, field_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.engine.compiled import CompiledReplay
    from pipeline.replay.simulate import Engine
    from pipeline.ticks import Ticks
    from tests.properties.streams import Case


def engine_of(case: Case, engine: Engine) -> tuple[CompiledReplay | PlainReplay, tuple[Any, ...]]:
    """Return what replays a case, and what it is given beside the ticks."""
    strategy = load_strategy(case.name)
    plain = engine == "python"
    replay = PlainReplay(strategy) if plain else compiled_replay(strategy, loop_constants(case.execution))
    return replay, (engine_facts(facts_of(case.exchange), case.execution), field_values(strategy, case.parameters))


def ticks_of(case: Case) -> Ticks:
    """Return a case's ticks as its engine gets them."""
    return matched_ticks(case.ticks, case.execution, load_strategy(case.name))


def in_one_piece(case: Case, engine: Engine) -> Outcome:
    """Replay a case at once."""
    replay, given = engine_of(case, engine)
    return replay.run(ticks_of(case), *given)


def in_parts(case: Case, engine: Engine, cuts: Sequence[int]) -> Outcome:
    """Replay a case in the parts that end at these ticks, then what is left of it, and join what they gave."""
    ticks = ticks_of(case)
    replay, given = engine_of(case, engine)
    run = replay.begin(Span.of(ticks), *given)
    fills = [run.feed(ticks[start:end]) for start, end in zip([0, *cuts], [*cuts, len(ticks)], strict=False)]
    outcome = run.end()
    return dataclasses.replace(outcome, fills=join_fills([*fills, outcome.fills]))


def between_days(ticks: Ticks) -> list[int]:
    """Return the numbers of the ticks with which days begin, but the first."""
    return (np.flatnonzero(np.diff(ticks.timestamp // DAY)) + 1).tolist()
