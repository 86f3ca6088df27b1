"""The cases of `streams`, from the same tables, each made from its number alone: thousands a second, to be repeated.

A property that fails names the strategy and the number: `seeded_case("v1_baseline", 17)` is the case again.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.execution import PRESETS, make_execution
from tests.properties.streams import (
    EXCHANGES,
    MOST_DAYS,
    MOST_DAYS_LATER,
    NAMES,
    PARTS,
    PHASES,
    ROW,
    ROWS_A_PHASE,
    SETTINGS,
    Case,
    columns,
    ticks_of_days,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.engine.execution import Execution
    from tests.properties.streams import Choices, Day

LARGER: Final = 5 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 1


def for_seeded_cases(
    names: Sequence[str], count: int, check: Callable[[Case], None], execution: Execution | None = None
) -> None:
    """Check `count` cases of each strategy, five times as many in the thorough profile; a failure says which it is."""
    for name in names:
        for seed in range(count * LARGER):
            case = seeded_case(name, seed, execution)
            try:
                check(case)
            except Exception as error:
                error.add_note(f"seeded_case({name!r}, {seed}): {case!r}")
                raise


def seeded_case(name: str, seed: int, execution: Execution | None = None) -> Case:
    """Make a strategy's case of this number, under its own execution model or under the one given."""
    random = np.random.Generator(np.random.PCG64([NAMES.index(name), seed]))
    days = [_day(random) for _ in range(_whole(random, 1, MOST_DAYS))]
    given = _some_of(random, PARTS[name])
    preset = _one_of(random, PRESETS)
    changes = _some_of(random, SETTINGS) if _whole(random, 0, 7) else {}
    model = execution or make_execution(preset, changes, "here")
    return Case(name, ticks_of_days(days), given, model, _one_of(random, EXCHANGES))


def _day(random: np.random.Generator) -> Day:
    phases = [(_one_of(random, starts), _rows(random)) for starts in PHASES]
    return _whole(random, 1, MOST_DAYS_LATER), phases


def _rows(random: np.random.Generator) -> list[list[int]]:
    count = _whole(random, *ROWS_A_PHASE)
    rows: list[list[int]] = random.integers(0, ROW, (count, len(ROW))).tolist()
    return rows


def _some_of(random: np.random.Generator, choices: Choices) -> dict[str, Any]:
    given = random.integers(0, 2, len(choices)).tolist()
    return {key: _one_of(random, values) for (key, values), on in zip(choices.items(), given, strict=True) if on}


def _one_of(random: np.random.Generator, values: Sequence[Any]) -> Any:
    return values[_whole(random, 0, len(values) - 1)]


def _whole(random: np.random.Generator, least: int, most: int) -> int:
    return int(random.integers(least, most + 1))


def many_of(case: Case, most: int) -> list[Case]:
    """Make a few to `most` cases of one strategy, stream and exchange, each with parameters and a model of its own."""
    seed = zlib.crc32(b"".join(column.tobytes() for column in columns(case.ticks)))
    random = np.random.Generator(np.random.PCG64([NAMES.index(case.name), seed]))
    return [_another(random, case) for _ in range(_whole(random, 2, most))]


def _another(random: np.random.Generator, case: Case) -> Case:
    changes = _some_of(random, SETTINGS) if _whole(random, 0, 3) else {}
    model = make_execution(_one_of(random, PRESETS), changes, "here")
    return replace(case, given=_some_of(random, PARTS[case.name]), execution=model)
