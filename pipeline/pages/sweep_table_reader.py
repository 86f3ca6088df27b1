"""Reads a sweep's tables by row groups: settings, their values and errors, and how many market days there are."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pipeline.errors import DamagedRun
from pipeline.metrics.figure import are_few_days
from pipeline.store.columns import coded, float_values
from pipeline.store.parquet import GroupReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipeline.store.path import AnyPath
    from pipeline.ticks import Int64s

AGAIN: Final = "Run that sweep again."
DAYS: Final = tuple(f"{part}market_days" for part in ("", "train_", "test_"))


@dataclass(frozen=True, slots=True)
class Failure:
    """One error of settings: its text, how many results it ended, and the first of them."""

    text: str
    count: int
    setting: int
    security: str


class TableNotes:
    """What is noted of a sweep's table besides its figures while it is read, a row group after the other."""

    def __init__(self, tickers: list[str], names: list[str]) -> None:
        self._tickers = tickers
        self._failures: dict[str, Failure] = {}
        self._values: dict[str, dict[Any, int]] = {name: {} for name in ("strategy", *names)}
        self._codes: dict[str, list[Any]] = {name: [] for name in self._values}
        self.settings: list[Int64s] = []

    def add(self, path: AnyPath, group: Any) -> None:
        """Note the settings, their values and their errors in a row group, which has whole settings."""
        count = len(self._tickers)
        numbers = float_values(group["setting"]).reshape(-1, count)
        if (numbers != numbers[:, :1]).any() or not _tiled(group["security"], self._tickers):
            raise DamagedRun(f"{path} does not have a row for each setting and security. {AGAIN}")
        self.settings.append(numbers[:, 0].astype(np.int64))
        for name, values in self._values.items():
            codes, texts = coded(group[name])
            places = [values.setdefault((type(text), text), len(values)) for text in texts]
            self._codes[name].append(np.array([*places, -1], np.int32)[codes[::count]])
        codes, texts = coded(group["error"])
        failed = np.flatnonzero(codes >= 0)
        used, first, counts = np.unique(codes[failed], return_index=True, return_counts=True)
        for code, at, of in zip(used.tolist(), failed[first].tolist(), counts.tolist(), strict=True):
            new = Failure(texts[code], of, int(numbers[at // count, 0]), self._tickers[at % count])
            known = self._failures.get(texts[code])
            self._failures[texts[code]] = new if known is None else replace(known, count=known.count + of)

    def column(self, name: str) -> tuple[Any, list[Any]]:
        """Return which value each setting has in a column, -1 for none, and the values."""
        return np.concatenate(self._codes[name]), [value for _, value in self._values[name]]

    def failures(self) -> tuple[Failure, ...]:
        """Return the errors, the commonest first."""
        failures = self._failures.values()
        return tuple(sorted(failures, key=lambda failure: (-failure.count, failure.setting, failure.security)))


class DayCounts:
    """How many market days there are of each view, in all and in both parts, as far as the tables say."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.names = [name for name in DAYS if name in columns]
        self._most: dict[tuple[str, str], float] = {}

    def add(self, view: str, group: Any, step: int) -> None:
        """Note the days of a view from each so many rows of a group."""
        for name in self.names:
            of = view, name.removesuffix("market_days")
            known = np.nan_to_num(float_values(group[name])[::step])
            self._most[of] = max(self._most.get(of, 0.0), float(known.max(initial=0.0)))

    def few(self) -> frozenset[tuple[str, str]]:
        """Return the views and parts whose days are too few to make a year of."""
        return frozenset(of for of, days in self._most.items() if are_few_days(days))


def groups(path: AnyPath, columns: Iterable[str]) -> Iterator[tuple[int, Any]]:
    """Yield the row groups of a table of which no more than one is held, each with the number of its first row."""
    start = 0
    with closing(GroupReader(path)) as file:
        for group in file.groups(list(dict.fromkeys(columns))):
            yield start, group
            start += len(group)


def _tiled(column: Any, tickers: list[str]) -> bool:
    codes, texts = coded(column)
    return texts == tickers and bool((codes.reshape(-1, len(tickers)) == np.arange(len(tickers))).all())
