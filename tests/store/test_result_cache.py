"""Result cache: whole or not at all, bounded, and never worse than none, whatever happens to their file."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING, Final

import pytest

from pipeline.store.result_cache import FILE_NAME, ResultCache, clear, limit_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MB: Final = 2**20
SOME: Final = {f"{number:040x}": bytes([number]) * (400 + number) for number in range(60)}


def written(folder: Path, results: Mapping[str, bytes] = SOME, limit: int = 64 * MB) -> Path:
    cache = ResultCache(folder, limit)
    cache.put(results)
    cache.close()
    return folder / FILE_NAME


def read(folder: Path, limit: int = 64 * MB, *keys: str) -> dict[str, bytes]:
    cache = ResultCache(folder, limit)
    results = cache.get(list(keys or SOME))
    cache.close()
    return results


def test_what_is_kept_is_found_by_its_key_and_nothing_else_is(tmp_path: Path) -> None:
    written(tmp_path)
    assert read(tmp_path) == SOME
    assert read(tmp_path, 64 * MB, "no such key") == {}


def test_a_result_kept_again_replaces_the_one_before(tmp_path: Path) -> None:
    written(tmp_path)
    written(tmp_path, {next(iter(SOME)): b"other"})
    assert read(tmp_path) == SOME | {next(iter(SOME)): b"other"}


def test_ten_thousand_results_are_looked_up_at_once(tmp_path: Path) -> None:
    many = {f"{number:040x}": b"%d" % number for number in range(10_000)}
    written(tmp_path, many)
    cache = ResultCache(tmp_path, 64 * MB)
    wanted = [f"{number:040x}" for number in range(1, 20_000, 2)]
    assert cache.get(wanted) == {key: many[key] for key in wanted[:5_000]}
    assert cache.count() == 10_000
    cache.close()


def test_the_longest_unused_go_first_and_what_stays_is_below_the_limit(tmp_path: Path) -> None:
    for name in "abcd":
        written(tmp_path, {name: bytes(1_000)}, 4_000)
    assert set(read(tmp_path, 4_000, "a")) == {"a"}
    written(tmp_path, {"e": bytes(1_000)}, 4_000)
    assert set(read(tmp_path, 4_000, *"abcde")) == set("acde")
    cache = ResultCache(tmp_path, 4_000)
    assert (cache.size(), cache.count()) == (4_000, 4)
    cache.close()


def test_what_goes_makes_the_file_smaller(tmp_path: Path) -> None:
    file = written(tmp_path, {str(number): bytes(MB) for number in range(8)}, 64 * MB)
    assert file.stat().st_size > 8 * MB
    written(tmp_path, {"last": b"x"}, MB)
    assert file.stat().st_size < 2 * MB


@pytest.mark.parametrize(
    ("size", "limit"), [(None, 2048 * MB), ("5", 5 * MB), ("0", 0), ("-1", 0), ("many", 2048 * MB)]
)
def test_the_limit_is_what_the_variable_says(monkeypatch: pytest.MonkeyPatch, size: str | None, limit: int) -> None:
    monkeypatch.delenv("PIPELINE_RESULTS_MB")
    if size is not None:
        monkeypatch.setenv("PIPELINE_RESULTS_MB", size)
    assert limit_bytes() == limit


def test_at_a_limit_of_nothing_nothing_is_kept_and_no_file_is_made(tmp_path: Path) -> None:
    assert not written(tmp_path, limit=0).exists()
    assert read(tmp_path, 0) == {}


def test_clearing_removes_the_file_and_says_how_large_it_was(tmp_path: Path) -> None:
    size = written(tmp_path).stat().st_size
    (tmp_path / "results-1.sqlite").write_bytes(b"of an earlier version")
    assert clear(tmp_path) == size + 21
    assert list(tmp_path.iterdir()) == []
    assert clear(tmp_path / "nowhere") == 0


def test_what_earlier_versions_kept_goes_when_the_file_is_made(tmp_path: Path) -> None:
    for name in ("results-1.sqlite", "results-2.sqlite", "results-2.sqlite-journal", "notes.txt"):
        (tmp_path / name).write_bytes(b"old")
    written(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", FILE_NAME]
    assert read(tmp_path) == SOME


@pytest.mark.parametrize("flips", [1, 40])
def test_whatever_bits_flip_a_result_is_as_it_was_or_not_there(tmp_path: Path, flips: int) -> None:
    file = written(tmp_path)
    whole, chance = file.read_bytes(), random.Random(3)  # noqa: S311 - which bits flip is no secret
    outcomes = set()
    for trial in range(120):
        flipped = bytearray(whole)
        for _ in range(flips):
            page = chance.randrange(len(whole) // 4096) * 4096
            flipped[page + chance.randrange(120 if trial % 2 else 4096)] ^= 1 << chance.randrange(8)
        file.write_bytes(flipped)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = read(tmp_path)
        assert results.items() <= SOME.items()
        outcomes.add(len(results) == len(SOME))
    assert outcomes == {True, False} if flips == 1 else {False}


def test_damage_that_is_come_upon_late_is_healed_by_beginning_anew(tmp_path: Path) -> None:
    file = written(tmp_path)
    whole = bytearray(file.read_bytes())
    whole[4096:] = bytes(len(whole) - 4096)
    file.write_bytes(whole)
    with pytest.warns(UserWarning, match="begins anew"):
        assert read(tmp_path) == {}
    written(tmp_path)
    assert read(tmp_path) == SOME


def test_a_result_that_rotted_is_let_go_of_when_it_is_looked_up_and_can_be_kept_again(tmp_path: Path) -> None:
    key, content = next(iter(SOME)), b"rot" * 2000
    file = written(tmp_path, {key: content})
    whole = file.read_bytes()
    at = whole.rindex(b"rotrot")
    file.write_bytes(whole[:at] + b"rut" + whole[at + 3 :])
    assert read(tmp_path) == {}
    written(tmp_path, {key: content})
    assert read(tmp_path) == {key: content}


FOREIGN: Final = {
    "a text": b"this is no database, and long enough to have a page of its own" * 100,
    "nothing but zeros": bytes(8192),
    "cut short": None,
    "tables of somebody else": None,
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_that_is_not_ours_costs_a_warning_once_and_keeping_begins_anew(tmp_path: Path, kind: str) -> None:
    file = written(tmp_path)
    if kind == "tables of somebody else":
        file.unlink()
        other = sqlite3.connect(file)
        other.execute("CREATE TABLE results (name TEXT)")
        other.close()
    else:
        file.write_bytes(FOREIGN[kind] or file.read_bytes()[:6_000])
    with pytest.warns(UserWarning, match=r"results-3.sqlite was damaged \(.*\); keeping results begins anew"):
        assert read(tmp_path) == {}
    written(tmp_path)
    assert read(tmp_path) == SOME


def test_a_folder_that_cannot_be_made_costs_a_warning(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.warns(UserWarning, match="Results cannot be kept in"):
        written(tmp_path / "file" / "results")


WRITER: Final = """
import sys
from pathlib import Path
from pipeline.store.result_cache import ResultCache
kept = ResultCache(Path(sys.argv[1]), 2**26)
for number in range(60):
    kept.put({f"{sys.argv[2]} {number} {part}": b"%d" % number for part in range(5)})
    kept.get([f"a {number} 0", f"b {number} 0", "both"])
    kept.put({"both": b"same"})
kept.close()
"""


def test_two_processes_at_once_both_keep_all_of_theirs(tmp_path: Path) -> None:
    both = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", WRITER, str(tmp_path), name], stderr=subprocess.PIPE)
        for name in "ab"
    ]
    said = [process.communicate(timeout=60)[1] for process in both]
    assert ([process.returncode for process in both], said) == ([0, 0], [b"", b""])
    cache = ResultCache(tmp_path, 64 * MB)
    assert cache.count() == 2 * 60 * 5 + 1
    assert (
        len(cache.get([f"{name} {number} {part}" for name in "ab" for number in range(60) for part in range(5)])) == 600
    )
    cache.close()
