"""Memory of several numbers for strategies: arrays, windows of the last values, means that forget.

They are plain Python, which the plain engine runs as it stands; a loop is made of the same text. A figure of a window
is computed anew from its values, the oldest first, when they have changed: nothing is carried on that could drift.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Final

from pipeline.engine.field_kinds import exact_float, hints_of, whole
from pipeline.errors import StrategyError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal, TypeAlias

    Kind: TypeAlias = Literal["int", "float"]
    FloatColumn: TypeAlias = list[float]
    IntColumn: TypeAlias = list[int]

COLUMNS: Final[Mapping[str, Kind]] = {"FloatColumn": "float", "IntColumn": "int"}
"""The annotations of columns, with the kind of their numbers."""

SHOWN: Final = ("size", "count", "dropped", "span", "half_life", "value", "time")
"""The fields that a strategy may read."""

FIRST: Final = 8
"""How many numbers are shown."""

MOST: Final = 10_000
"""The most numbers that one array or window holds: a sweep holds as many for each of its settings."""


class Compound:
    """Memory of several numbers: its annotated fields, of which `size` never changes, and its columns.

    actions: the methods that a strategy may call.
    """

    actions: ClassVar[tuple[str, ...]] = ()
    size: int

    def __init__(self, size: int) -> None:
        if not hasattr(size, "__index__") or not 1 <= size <= MOST:
            raise StrategyError(f"{type(self).__name__}({size}): it holds 1 to {MOST:,} numbers, set by no parameter.")
        self.size = size

    def __repr__(self) -> str:
        """Show what it is made with and the first of what it holds."""
        values = self.held()
        more = ", ..." if len(values) > FIRST else ""
        return f"{self.made_with()}: [{', '.join(map(repr, values[:FIRST]))}{more}]"

    def made_with(self) -> str:
        """Return how it is written."""
        return f"{type(self).__name__}({self.size})"

    def held(self) -> list[float]:
        """Return its values in their order, the newest of a window first."""
        return list(getattr(self, "values", ()))

    @classmethod
    def hints(cls) -> dict[str, str]:
        """Return the annotations of its fields, `size` left out: "int" or "float" of one number, else of a column."""
        hints = hints_of(cls).items()
        return {name: hint for name, hint in hints if name != "size" and not hint.startswith("ClassVar")}

    def numbers(self) -> dict[str, tuple[Kind, int | float]]:
        """Return the kind and the present value of each of its numbers: of a field, then of the elements of columns."""
        hints = self.hints()
        numbers: dict[str, tuple[Kind, int | float]] = {
            name: ("int" if hint == "int" else "float", getattr(self, name))
            for name, hint in hints.items()
            if hint not in COLUMNS
        }
        for name, hint in hints.items():
            for at, value in enumerate(getattr(self, name) if hint in COLUMNS else ()):
                numbers[f"{name}[{at}]"] = COLUMNS[hint], value
        return numbers

    def put(self, number: str, value: float) -> None:
        """Set one of `numbers` by its name."""
        name, _, at = number.partition("[")
        if at:
            getattr(self, name)[int(at[:-1])] = value
        else:
            setattr(self, name, value)


class Array(Compound):
    """So many floats, 1 to 10,000, 0.0 at first: `self.steps[3] += m.price`.

    An index below 0 or not below its size fails, as does a whole number that no float is.
    """

    values: FloatColumn

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.values = [0.0] * size

    def __getitem__(self, at: int) -> float:
        """Return the number at an index."""
        return self.values[_index(at, self.size)]

    def __setitem__(self, at: int, value: float) -> None:
        """Store a number at an index."""
        self.values[_index(at, self.size)] = exact_float(value)


class IntArray(Compound):
    """So many whole numbers, 0 at first, otherwise as `Array`."""

    values: IntColumn

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.values = [0] * size

    def __getitem__(self, at: int) -> int:
        """Return the number at an index."""
        return self.values[_index(at, self.size)]

    def __setitem__(self, at: int, value: int) -> None:
        """Store a number at an index; raises TypeError for a float."""
        if not isinstance(value, int):
            raise TypeError(f"{value!r} is no whole number; write int(...)")
        self.values[_index(at, self.size)] = value


class _Ring(Compound):
    """The last values, `count` of at most `size`; the next goes to `at`. known: 1 when `total`, 2 when `squares` is."""

    actions: ClassVar[tuple[str, ...]] = (
        *("value", "oldest", "newest", "sum", "mean", "variance", "lowest", "highest", "clear"),
    )

    count: int = 0
    at: int = 0
    known: int = 0
    total: float = 0.0
    squares: float = 0.0
    values: FloatColumn

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.values = [0.0] * size

    def held(self) -> list[float]:
        """Return its values, the newest first."""
        return [self.value(ago) for ago in range(self.count)]

    def append(self, value: float) -> None:
        """Take a value in, for the oldest where there are `size` already."""
        self.values[self.at] = float(value)
        self.at = self.at + 1 if self.at + 1 < self.size else 0
        self.known = 0
        if self.count < self.size:
            self.count += 1

    def value(self, ago: int) -> float:
        """Return the value so many before the newest, which is 0 ago; NaN where there is none."""
        if ago < 0 or ago >= self.count:
            return math.nan
        place = self.at - 1 - ago
        return self.values[place if place >= 0 else place + self.size]

    def newest(self) -> float:
        """Return the value taken in last; NaN where there is none."""
        return self.value(0)

    def oldest(self) -> float:
        """Return the value taken in first of those that are there; NaN where there is none."""
        return self.value(self.count - 1)

    def sum(self) -> float:
        """Return the sum, added up from the oldest on; 0.0 of none."""
        if self.known == 0:
            self.known = 1
            self.total = 0.0
            place = self.first()
            for _ in range(self.count):
                self.total += self.values[place]
                place = place + 1 if place + 1 < self.size else 0
        return self.total

    def mean(self) -> float:
        """Return the sum divided by the count; NaN of none."""
        return self.sum() / self.count if self.count > 0 else math.nan

    def variance(self) -> float:
        """Return the sum of squared distances from the mean, oldest first, by count - 1; NaN of fewer than two."""
        if self.count < 2:  # noqa: PLR2004 - a distance between values
            return math.nan
        if self.known < 2:  # noqa: PLR2004 - not both
            mean = self.sum() / self.count
            self.known = 2
            self.squares = 0.0
            place = self.first()
            for _ in range(self.count):
                self.squares += (self.values[place] - mean) * (self.values[place] - mean)
                place = place + 1 if place + 1 < self.size else 0
        return self.squares / (self.count - 1)

    def first(self) -> int:
        """Return where the oldest value stands."""
        return self.at - self.count if self.at >= self.count else self.at - self.count + self.size

    def lowest(self) -> float:
        """Return the least value; NaN of none."""
        least = self.newest()
        for ago in range(1, self.count):
            least = min(least, self.value(ago))
        return least

    def highest(self) -> float:
        """Return the largest value; NaN of none."""
        most = self.newest()
        for ago in range(1, self.count):
            most = max(most, self.value(ago))
        return most

    def clear(self) -> None:
        """Forget all values."""
        self.count = 0
        self.known = 0


class Window(_Ring):
    """The last values: `recent: Window = Window(20)`, `self.recent.add(m.price)`.

    `count` says how many there are so far. Figures of too few values are NaN, which no comparison holds for.

    Args:
        size: How many are kept, 1 to 10,000.
    """

    actions = (*_Ring.actions, "add")

    def add(self, value: float) -> None:
        """Take a value in; where there are `size` already the oldest leaves."""
        self.append(value)


class TimeWindow(_Ring):
    """The values of the last nanoseconds: `self.recent.add(m.price, m.now)`, then `self.recent.sum()`.

    A value of exactly `span` ago has left. Where more than `size` values come in that time the oldest leave early;
    `dropped` counts them.

    Args:
        span: Nanoseconds that a value stays, 0 to be set in `on_start` by `set_span`.
        size: How many are kept at most, 1 to 10,000.
    """

    actions = (*_Ring.actions, "add", "expire", "set_span")

    span: int = 0
    dropped: int = 0
    times: IntColumn

    def __init__(self, span: int = 0, size: int = 1_000) -> None:
        super().__init__(size)
        self.span = whole(span, "TimeWindow")
        self.times = [0] * size

    def made_with(self) -> str:
        """Return how it is written."""
        return f"TimeWindow({self.span}, {self.size})"

    def set_span(self, span: int) -> None:
        """Set how long a value stays, ns, as from a parameter of `Duration`."""
        self.span = span

    def expire(self, now: int) -> None:
        """Let the values leave that are `span` old or older, as before a figure is asked for without a new value."""
        place = self.first()
        while self.count > 0 and now - self.times[place] >= self.span:
            self.count -= 1
            self.known = 0
            place = place + 1 if place + 1 < self.size else 0

    def add(self, value: float, now: int) -> None:
        """Take a value of a time in, ns, and let those leave that are too old by then."""
        self.expire(now)
        if self.count == self.size:
            self.dropped += 1
        self.times[self.at] = now
        self.append(value)


class Ewma(Compound):
    """An exponentially weighted mean by time: half as much weight for what is a half-life older.

    The first value is the mean at first; `count` says how many there were. With d the half-lives since the last value,
    mean = value + 0.5 ** d * (mean - value). `now` may count anything, as events do; where it falls, d is 0.

    Args:
        half_life: In what `now` counts, as ns; 0 to be set in `on_start` by `set_half_life`.
    """

    actions = ("add", "mean", "set_half_life")

    half_life: int = 0
    count: int = 0
    last: int = 0
    average: float = 0.0

    def __init__(self, half_life: int = 0) -> None:
        super().__init__(1)
        self.half_life = whole(half_life, "Ewma")

    def made_with(self) -> str:
        """Return how it is written."""
        return f"Ewma({self.half_life})"

    def held(self) -> list[float]:
        """Return its mean, where there is one."""
        return [self.average] if self.count else []

    def set_half_life(self, half_life: int) -> None:
        """Set the half-life, as from a parameter of `Duration`; 0 forgets all but the last value."""
        self.half_life = half_life

    def add(self, value: float, now: int) -> None:
        """Take a value of a time in."""
        if self.count == 0 or self.half_life <= 0:
            self.average = float(value)
        else:
            weight = math.pow(0.5, 1.0 * max(now - self.last, 0) / self.half_life)
            self.average = value + weight * (self.average - value)
        self.last = now
        self.count += 1

    def mean(self) -> float:
        """Return the mean; NaN before the first value."""
        return self.average if self.count > 0 else math.nan


KINDS: Final = (Array, IntArray, Window, TimeWindow, Ewma)


def _index(at: int, size: int) -> int:
    if at < 0 or at >= size:
        raise IndexError
    return at
