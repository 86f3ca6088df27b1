"""The settings of a sweep as columns: which value of each axis a setting has, from which it is made when asked for."""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.engine.execution import band_models
from pipeline.errors import SweepError
from pipeline.replay.batch import Setting
from pipeline.sweeps.axes import Axis, is_assumption

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.engine.execution import Execution
    from pipeline.settings import Parameter, Value, Values

MOST_SETTINGS: Final = 5_000_000


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting of a sweep: its number from 1 on, its strategy, the value of each axis by name.

    changes: what these change, parameters by config key, checked. execution: the model all its replays run under.
    """

    number: int
    strategy: str
    combination: Mapping[str, Any]
    changes: Values
    execution: Execution


@dataclass(frozen=True, slots=True, eq=False)
class TrialColumns:
    """Settings of one strategy.

    numbers: of the settings, shape (settings,). axes: what is varied; codes: which value of each axis a setting has,
    shape (axes, settings). changes: the values of the axes that are parameters, checked, by config key. executions: the
    models; models: which of them a setting has, shape (settings,).
    """

    strategy: str
    numbers: Any
    axes: tuple[Axis, ...]
    codes: Any
    changes: Mapping[str, tuple[Value, ...]]
    executions: tuple[Execution, ...]
    models: Any

    def __len__(self) -> int:
        """Return the number of settings."""
        return len(self.numbers)

    def trial(self, at: int) -> Trial:
        """Return one setting."""
        codes = self.codes[:, at].tolist()
        values = {axis.name: axis.values[code] for axis, code in zip(self.axes, codes, strict=True)}
        execution = self.executions[self.models[at]]
        return Trial(int(self.numbers[at]), self.strategy, values, self._changes(codes), execution)

    def settings(self, parameters: Values) -> list[Setting]:
        """Return what each replay is asked for, `parameters` being what is not varied."""
        models = self.models.tolist()
        return [
            Setting({**parameters, **self._changes(codes)}, self.executions[model])
            for codes, model in zip(self.codes.T.tolist(), models, strict=True)
        ]

    def codes_by_key(self) -> dict[str, Any]:
        """Return which of its values each parameter that is varied has in the settings."""
        return {
            axis.name: codes for axis, codes in zip(self.axes, self.codes, strict=True) if axis.name in self.changes
        }

    def take(self, places: Any) -> TrialColumns:
        """Return some of the settings."""
        return replace(self, numbers=self.numbers[places], codes=self.codes[:, places], models=self.models[places])

    def under(self, model: str) -> TrialColumns:
        """Return the settings under a model of the band, each with the charges of its own model."""
        return replace(self, executions=tuple(band_models(execution)[model] for execution in self.executions))

    def having(self, values: Mapping[str, Any]) -> Any:
        """Return which settings have these values on the axes that they have."""
        have = np.ones(len(self), bool)
        for axis, codes in zip(self.axes, self.codes, strict=True):
            if axis.name in values:
                have &= np.array([value == values[axis.name] for value in axis.values])[codes]
        return have

    def _changes(self, codes: Sequence[int]) -> dict[str, Value]:
        return {
            axis.name: self.changes[axis.name][code]
            for axis, code in zip(self.axes, codes, strict=True)
            if axis.name in self.changes
        }


class Trials(Mapping[int, Trial]):
    """All settings of a sweep by their numbers, which count from 1; parts: their columns."""

    def __init__(self, parts: Sequence[TrialColumns] = ()) -> None:
        self.parts = [*parts]

    def __len__(self) -> int:
        """Return the number of settings."""
        return sum(map(len, self.parts))

    def __iter__(self) -> Iterator[int]:
        """Yield the numbers."""
        return iter(range(1, len(self) + 1))

    def __getitem__(self, number: int) -> Trial:
        """Return the setting of a number."""
        part, at = self.place(number)
        return part.trial(at)

    def place(self, number: int) -> tuple[TrialColumns, int]:
        """Return the columns that have a number, and its place in them."""
        if not 1 <= number <= len(self):
            raise KeyError(number)
        part = self.parts[bisect_right([int(part.numbers[0]) for part in self.parts], number) - 1]
        return part, number - int(part.numbers[0])


def even_sample(numbers: Any, most: int) -> Any:
    """Return the places of at most so many settings, ascending: spread over all, in step with no axis of the grid.

    Source: D. Knuth, The Art of Computer Programming 3, 6.4: multiplicative hashing by the golden ratio.
    """
    if len(numbers) <= most:
        return np.arange(len(numbers))
    keys = numbers.astype(np.uint64) * np.uint64(2_654_435_761) % np.uint64(2**32)
    places: Any = np.sort(np.argpartition(keys, most)[:most])  # no two keys are equal
    return places


def every_combination(axes: Sequence[Axis]) -> Any:
    """Return the codes of every combination, the last axis changing fastest; raise SweepError for too many."""
    shape = tuple(len(axis.values) for axis in axes)
    size = math.prod(shape)
    if size > MOST_SETTINGS:
        raise SweepError(
            f"The grid has {size:,} settings; at most {MOST_SETTINGS:,}. Take fewer values, or --trials N."
        )
    codes = np.empty((len(shape), size), np.int32)
    for at, row in enumerate(np.unravel_index(np.arange(size), shape) if shape else ()):
        codes[at] = row
    return codes


def columns_of(
    strategy: str,
    known: Mapping[str, Parameter],
    model_of: Callable[[Mapping[str, Any]], Execution],
    axes: Sequence[Axis],
    codes: Any,
    first: int,
) -> TrialColumns:
    """Return settings as columns, numbered from `first` on; raise ConfigError for a value that is not taken.

    known: the parameters of the strategy by key. model_of: makes an execution model of the values of axes.
    """
    changes = {
        axis.name: tuple(known[axis.name].check(value, "the sweep") for value in axis.values)
        for axis in axes
        if not is_assumption(axis.name)
    }
    assumptions = [at for at, axis in enumerate(axes) if is_assumption(axis.name)]
    shape = tuple(len(axes[at].values) for at in assumptions)
    flat = np.ravel_multi_index(tuple(codes[assumptions]), shape) if shape else np.zeros(codes.shape[1], np.int64)
    used, models = np.unique(flat, return_inverse=True)
    places = np.unravel_index(used, shape) if shape else ()
    of_models = [
        {axes[at].name: axes[at].values[row[model]] for at, row in zip(assumptions, places, strict=True)}
        for model in range(len(used))
    ]
    numbers = np.arange(first, first + codes.shape[1], dtype=np.int32)
    executions = tuple(model_of(combination) for combination in of_models)
    return TrialColumns(strategy, numbers, tuple(axes), codes, changes, executions, models.astype(np.int32))


def coded(combinations: Sequence[Mapping[str, Any]]) -> tuple[list[Axis], Any]:
    """Return combinations as axes of the values that occur, and codes."""
    axes: list[Axis] = []
    codes = np.empty((len(combinations[0]), len(combinations)), np.int32)
    for at, name in enumerate(combinations[0]):
        places: dict[str, int] = {}
        values = [combination[name] for combination in combinations]
        codes[at] = [places.setdefault(json.dumps(value, sort_keys=True), len(places)) for value in values]
        axes.append(Axis(name, tuple(json.loads(text) for text in places)))
    return axes, codes
