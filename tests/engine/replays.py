"""Ticks written as text, strategies written as text, and one replay of them by either engine, for all engine tests."""

from __future__ import annotations

import dataclasses
import math
import struct
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.engine.compiled import compiled_replay
from pipeline.engine.plain import PlainReplay
from pipeline.engine.strategy import Strategy, fields_of
from pipeline.markets.facts import facts_of
from pipeline.replay.simulate import CLASSIC, engine_facts, loop_constants
from pipeline.strategies.loading.load import load_strategy
from pipeline.ticks import Ticks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pipeline.engine.execution import Execution
    from pipeline.engine.outcome import Fills, Outcome
    from pipeline.replay.simulate import Replayed
    from pipeline.settings import Value

SECOND: Final = 1_000_000_000
DAY: Final = 86_400 * SECOND
FIRST_DAY: Final = 20_089 * DAY
"""2025-01-01."""

ADX: Final = facts_of("ADX")
FACTS: Final = engine_facts(ADX, CLASSIC)
KINDS: Final = {"bid": 0, "ask": 1, "trade": 2}

HEADER: Final = """\
from __future__ import annotations

import math; from pipeline.engine.series import Series; from pipeline.engine.signal import Signal
from pipeline.engine.memory import Array, Ewma, IntArray, TimeWindow, Window
from pipeline.engine.strategy import AED, Duration, Nanoseconds, Shares, Strategy, parameter
from pipeline.engine.rules.replay_state import BUY, SELL

"""


def ticks_of(rows: Sequence[tuple[int, int, float, int]]) -> Ticks:
    """Make ticks from (ns since 1970, kind, price, volume) rows."""
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    types = (np.int64, np.int8, np.float64, np.int64)
    timestamp, kind, price, volume = (np.array(column, dtype) for column, dtype in zip(columns, types, strict=True))
    return Ticks(timestamp, kind, price, volume)


def written(text: str) -> Ticks:
    """Make ticks from lines such as `2 10:00:05 trade 10.25 300`: day (from 1), time, type, price, volume."""
    rows = []
    for line in text.strip().splitlines():
        day, clock, kind, price, volume = line.split()
        rows.append((moment(day, clock), KINDS[kind], float(price), int(volume)))
    return ticks_of(rows)


def moment(day: str, clock: str) -> int:
    """Return a day (from 1) and a time of day as ns since 1970."""
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    return FIRST_DAY + (int(day) - 1) * DAY + ((hours * 60 + minutes) * 60 + seconds) * SECOND


def random_ticks(count: int = 600, seed: int = 7) -> Ticks:
    """Make ticks of two days, most of them inside the session, prices on a small grid around 10."""
    random = np.random.default_rng(seed)
    seconds = np.sort(random.integers(35_000, 54_500, count)) + np.where(np.arange(count) < count // 2, 0, 86_400)
    seconds = np.concatenate([np.sort(seconds[: count // 2]), np.sort(seconds[count // 2 :])])
    kind = random.integers(0, 3, count).astype(np.int8)
    price = 10 + random.integers(-4, 5, count) * 0.01
    return Ticks(FIRST_DAY + seconds * SECOND, kind, price, random.integers(0, 900, count))


def with_signals(ticks: Ticks, seed: int, count: int) -> Ticks:
    """Give ticks signals around 10: NaN and time 0 at first, later a value of the last minutes."""
    chance, signals = np.random.default_rng(seed), []
    for _ in range(count):
        values = 10.0 + chance.normal(0, 0.03, len(ticks))
        times = ticks.timestamp - chance.integers(0, 10**12, len(ticks))
        values[: len(ticks) // 10], times[: len(ticks) // 10] = math.nan, 0
        signals += [values, times]
    return dataclasses.replace(ticks, signals=tuple(signals))


def strategy_of(folder: Path, body: str, name: str = "own.py") -> type[Strategy]:
    """Write a strategy file and load it as a user's is loaded."""
    path = folder / name
    path.write_text(HEADER + body, encoding="utf-8")
    return load_strategy(str(path))


def field_values(strategy: type[Strategy], values: Mapping[str, Value] | None = None) -> dict[str, Value]:
    """Return a strategy's parameters, defaults for those not given, as its fields hold them."""
    fields = fields_of(strategy)
    defaults = {parameter.key: parameter.default for parameter in fields.parameters.values()}
    return fields.field_values(defaults | dict(values or {}))


def compiled(
    strategy: type[Strategy], ticks: Ticks, values: Mapping[str, Value] | None = None, execution: Execution = CLASSIC
) -> Outcome:
    """Replay with the compiled engine, by the loop that a run takes for this execution model."""
    replay = compiled_replay(strategy, loop_constants(execution))
    return replay.run(ticks, engine_facts(ADX, execution), field_values(strategy, values))


def plain(
    strategy: type[Strategy], ticks: Ticks, values: Mapping[str, Value] | None = None, execution: Execution = CLASSIC
) -> Outcome:
    """Replay with the plain engine."""
    return PlainReplay(strategy).run(ticks, engine_facts(ADX, execution), field_values(strategy, values))


def both(
    strategy: type[Strategy], ticks: Ticks, values: Mapping[str, Value] | None = None, execution: Execution = CLASSIC
) -> Outcome:
    """Replay with both engines, see that they agree bit for bit, and return the outcome."""
    fast, slow = compiled(strategy, ticks, values, execution), plain(strategy, ticks, values, execution)
    assert bits(fast) == bits(slow)
    return fast


def bits(outcome: Outcome | Replayed) -> dict[str, bytes]:
    """Return an outcome's every value as bytes; only the kind of a whole number, int or float, is not told apart."""
    exact = bits_of_fills(outcome.fills)
    exact["market_days"] = outcome.market_days.tobytes()
    for name, value in outcome.final.items():
        whole = float(value).is_integer() and (value != 0 or math.copysign(1, value) > 0)
        exact[name] = str(int(value)).encode() if whole else struct.pack("<d", value)
    return exact


def bits_of_fills(fills: Fills) -> dict[str, bytes]:
    """Return the columns of fills as bytes."""
    columns = {field.name: getattr(fills, field.name) for field in dataclasses.fields(fills)}
    return {
        name: b"" if column is None else column.dtype.str.encode() + column.tobytes()
        for name, column in columns.items()
    }
