"""Result parts: found by name and nothing else, whole or not there, bounded but for what is in use."""

from __future__ import annotations

import os
import random
import warnings
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from pipeline.errors import OutputNotWritable, StoreError
from pipeline.store.result_cache import clear
from pipeline.store.result_parts import ResultParts

if TYPE_CHECKING:
    from pathlib import Path

MB: Final = 2**20
ARRAYS: Final = ("names", "figures", "days")


def part(first: int, count: int = 4, days: int = 3) -> dict[str, Any]:
    """Return a part of results that are numbers, the name of each a number as well."""
    numbers = np.arange(first, first + count)
    return {
        "names": names(*numbers),
        "figures": numbers[:, np.newaxis] * np.array([1.0, 0.5]),
        "days": np.arange(days, dtype="<i4"),
    }


def names(*numbers: int) -> Any:
    low = np.array(numbers, np.uint64)
    return np.stack([low * np.uint64(0x9E3779B97F4A7C15), low], axis=1)


def written(folder: Path, *parts: dict[str, Any], kind: str = "a", limit: int = 64 * MB) -> None:
    cache = ResultParts(folder, limit)
    for each in parts:
        cache.put(kind, each)
    cache.close()


def figures(cache: ResultParts, *numbers: int, kind: str = "a") -> list[float | None]:
    """Return the first figure of each result, None for one that is not there."""
    where, rows = cache.find(kind, names(*numbers), ARRAYS)
    return [
        None if at < 0 else float(cache.read(at, "figures", row, row + 1)[0, 0])
        for at, row in zip(where.tolist(), rows.tolist(), strict=True)
    ]


def test_each_result_is_found_by_its_name_in_whatever_part_it_is(tmp_path: Path) -> None:
    written(tmp_path, part(10), part(20))
    cache = ResultParts(tmp_path, 64 * MB)
    assert figures(cache, 21, 9, 13, 10, 10, 24) == [21.0, None, 13.0, 10.0, 10.0, None]
    assert figures(cache, 10, kind="b") == [None]
    assert cache.read(0, "days").tolist() == [0, 1, 2]
    assert cache.shape(0, "figures") == (4, 2)


def test_of_the_same_name_the_newest_counts(tmp_path: Path) -> None:
    old, new = part(10), part(8)
    old["figures"] += 100
    written(tmp_path, old)
    written(tmp_path, new)
    assert figures(ResultParts(tmp_path, 64 * MB), 13) == [113.0]  # which does not make it newer
    assert figures(ResultParts(tmp_path, 64 * MB), 10, 11, 12) == [10.0, 11.0, 112.0]


def test_rows_are_read_alone(tmp_path: Path) -> None:
    cache = ResultParts(tmp_path, 64 * MB)
    number = cache.put("a", part(10))
    assert cache.read(number, "figures", 1, 3).tolist() == [[11.0, 5.5], [12.0, 6.0]]
    assert cache.read(number, "figures", 2, 2).shape == (0, 2)


@pytest.mark.parametrize("cached", [True, False])
def test_what_is_not_to_be_cached_lives_as_long_as_its_use(tmp_path: Path, *, cached: bool) -> None:
    cache = ResultParts(tmp_path, 0 if cached else 64 * MB)
    numbers = [cache.put("a", part(first), cached=cached) for first in (10, 20)]
    assert [cache.read(number, "figures", 3, 4)[0, 0] for number in numbers] == [13.0, 23.0]
    assert [*tmp_path.iterdir()] == []
    assert figures(ResultParts(tmp_path, 64 * MB), 10) == [None]


@pytest.mark.parametrize("flips", [1, 40])
def test_whatever_bits_flip_a_result_is_as_it_was_or_not_there(tmp_path: Path, flips: int) -> None:
    written(tmp_path, part(10, 30))
    [file] = tmp_path.glob("a/*")
    whole, chance = file.read_bytes(), random.Random(3)  # noqa: S311 - which bits flip is no secret
    for _ in range(120):
        flipped = bytearray(whole)
        for _ in range(flips):
            flipped[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        file.write_bytes(flipped)
        assert figures(ResultParts(tmp_path, 64 * MB), 12, 35) == [None, None]
    file.write_bytes(whole)
    assert figures(ResultParts(tmp_path, 64 * MB), 12, 35) == [12.0, 35.0]


def test_a_part_cut_anywhere_or_of_another_kind_is_not_there(tmp_path: Path) -> None:
    written(tmp_path, part(10))
    [file] = tmp_path.glob("a/*")
    whole = file.read_bytes()
    for length in range(0, len(whole), 7):
        file.write_bytes(whole[:length])
        assert figures(ResultParts(tmp_path, 64 * MB), 10) == [None]
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / file.name).write_bytes(whole)
    assert figures(ResultParts(tmp_path, 64 * MB), 10, kind="b") == [None]


def test_damage_of_what_is_not_read_costs_nothing_and_another_part_takes_over(tmp_path: Path) -> None:
    written(tmp_path, part(10))
    known = {*tmp_path.glob("a/*")}
    written(tmp_path, part(8))
    [file] = {*tmp_path.glob("a/*")} - known
    raw = bytearray(file.read_bytes())
    raw[-1] ^= 1  # of the days
    file.write_bytes(raw)
    cache = ResultParts(tmp_path, 64 * MB)
    where, _ = cache.find("a", names(10, 11), ("names", "figures"))
    assert (where >= 0).all()
    assert figures(cache, 10, 11) == [10.0, 11.0]
    assert len([*tmp_path.glob("a/*")]) == 1


def test_the_longest_unused_go_first_and_what_is_in_use_or_was_of_late_stays(tmp_path: Path) -> None:
    day = 86_400
    for age, first in ((3, 10), (2, 20), (1, 30), (0, 40)):
        known = {*tmp_path.glob("a/*")}
        written(tmp_path, part(first))
        [file] = {*tmp_path.glob("a/*")} - known
        os.utime(file, (file.stat().st_atime, file.stat().st_mtime - age * day))
    each = file.stat().st_size
    cache = ResultParts(tmp_path, each)
    assert figures(cache, 10) == [10.0]
    assert cache.size() == 4 * each
    cache.close()
    assert figures(ResultParts(tmp_path, 64 * MB), 10, 20, 30, 40) == [10.0, None, None, 40.0]
    assert clear(tmp_path.parent) == 0


def test_a_folder_that_cannot_be_made_costs_a_warning_once_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = ResultParts(tmp_path / "file" / "parts", 64 * MB)
    with pytest.warns(UserWarning, match="Results cannot be cached in"):
        first = cache.put("a", part(10))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        second = cache.put("a", part(20))
    assert [cache.read(at, "figures")[0, 0] for at in (first, second)] == [10.0, 20.0]


def test_a_part_that_goes_while_it_is_in_use_is_said_in_words(tmp_path: Path) -> None:
    cache = ResultParts(tmp_path, 64 * MB)
    number = cache.put("a", part(10))
    [file] = tmp_path.glob("a/*")
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(StoreError, match="removed or changed while it was in use; run the sweep again"):
        cache.read(number, "days")
    file.unlink()
    with pytest.raises(StoreError, match="run the sweep again"):
        cache.read(number, "figures")


def test_a_temporary_file_that_cannot_be_written_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = ResultParts(tmp_path, 0)
    cache.put("a", part(10))

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache._uncached, "write", full)
    with pytest.raises(OutputNotWritable, match="temporary file cannot be written: No space left on device"):
        cache.put("a", part(20))
