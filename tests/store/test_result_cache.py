"""Result cache: whole or not at all, bounded, and never worse than none, whatever happens to its files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from pipeline.errors import OutputNotWritable
from pipeline.store.result_cache import PARTS, SINGLE, ResultCache, clear, limit_bytes

MB: Final = 2**20
SOME: Final = {f"{number:040x}": bytes([number]) * (400 + number) for number in range(60)}


def written(folder: Path, limit: int = 64 * MB) -> ResultCache:
    cache = ResultCache(folder, limit)
    for key, content in SOME.items():
        cache.put(key, content)
    return cache


def found(cache: ResultCache) -> dict[str, bytes]:
    return {key: content for key in SOME if (content := cache.get(key)) is not None}


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_what_is_cached_is_found_by_its_key_and_nothing_else_is(tmp_path: Path) -> None:
    cache = written(tmp_path)
    assert found(ResultCache(tmp_path, 64 * MB)) == SOME
    assert (cache.get("no such key"), cache.has("no such key")) == (None, False)
    assert all(map(cache.has, SOME))
    assert cache.size() == sum(path.stat().st_size for path in files_of(tmp_path))


def test_a_result_cached_again_replaces_the_one_before(tmp_path: Path) -> None:
    cache = written(tmp_path)
    cache.put(next(iter(SOME)), b"other")
    assert found(cache) == SOME | {next(iter(SOME)): b"other"}


def test_the_longest_unused_go_first_and_what_stays_is_below_the_limit(tmp_path: Path) -> None:
    cache = ResultCache(tmp_path, 4 * 1_032)
    for minute, key in enumerate("abcde"):
        cache.put(key, bytes(1_000))
        os.utime(tmp_path / SINGLE / key / key, (minute, minute))
    assert cache.get("a") == bytes(1_000)
    cache.keep_within_limit()
    assert [key for key in "abcde" if cache.has(key)] == [*"acde"]
    assert cache.size() == 4 * 1_032


@pytest.mark.parametrize(
    ("size", "limit"), [(None, 2048 * MB), ("5", 5 * MB), ("0", 0), ("-1", 0), ("many", 2048 * MB)]
)
def test_the_limit_is_what_the_variable_says(monkeypatch: pytest.MonkeyPatch, size: str | None, limit: int) -> None:
    monkeypatch.delenv("PIPELINE_RESULTS_MB")
    if size is not None:
        monkeypatch.setenv("PIPELINE_RESULTS_MB", size)
    assert limit_bytes() == limit


def test_at_a_limit_of_nothing_nothing_is_cached_or_found_and_no_file_is_made(tmp_path: Path) -> None:
    assert found(written(tmp_path / "none", limit=0)) == {}
    assert files_of(tmp_path) == []
    written(tmp_path)
    cache = ResultCache(tmp_path, 0)
    assert (found(cache), cache.has(next(iter(SOME)))) == ({}, False)


def test_clearing_removes_all_that_is_cached_and_says_how_large_it_was(tmp_path: Path) -> None:
    size = written(tmp_path).size()
    (tmp_path / "results-3.sqlite").write_bytes(b"of an earlier version")
    (tmp_path / PARTS / "kind").mkdir(parents=True)
    (tmp_path / PARTS / "kind" / "part.results").write_bytes(b"part")
    (tmp_path / "notes.txt").write_bytes(b"of somebody else")
    (tmp_path / SINGLE / "notes.txt").write_bytes(b"of somebody else")
    assert clear(tmp_path) == size + 21 + 4
    assert [path.name for path in files_of(tmp_path)] == ["notes.txt", "notes.txt"]
    assert clear(tmp_path / "nowhere") == 0


def test_what_another_process_clears_first_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path)
    unlink = Path.unlink
    monkeypatch.setattr(Path, "unlink", lambda path: [unlink(path), unlink(path)])
    assert clear(tmp_path) == 0
    assert files_of(tmp_path) == []


def test_what_earlier_versions_cached_goes(tmp_path: Path) -> None:
    for name in ("results-1.sqlite", "results-3.sqlite", "results-3.sqlite-journal", "notes.txt"):
        (tmp_path / name).write_bytes(b"old")
    ResultCache(tmp_path, MB).keep_within_limit()
    assert [path.name for path in files_of(tmp_path)] == ["notes.txt"]


def test_whatever_bit_flips_a_result_is_not_there_and_can_be_cached_again(tmp_path: Path) -> None:
    key, cache = next(iter(SOME)), ResultCache(tmp_path, MB)
    cache.put(key, b"result")
    [file] = files_of(tmp_path)
    whole = file.read_bytes()
    for bit in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        file.write_bytes(flipped)
        assert cache.get(key) is None
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        assert cache.get(key) is None
    cache.put(key, b"result")
    assert cache.get(key) == b"result"


def test_a_result_under_the_name_of_another_is_not_taken_for_it(tmp_path: Path) -> None:
    cache = written(tmp_path)
    one, other = files_of(tmp_path)[:2]
    one.replace(other)
    assert cache.get(other.name) is None


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputNotWritable, match="file"):
        written(tmp_path / "file" / "results")


WRITER: Final = """
import sys
from pathlib import Path
from pipeline.store.result_cache import ResultCache
cache = ResultCache(Path(sys.argv[1]), 2**26)
for number in range(300):
    cache.put(f"{sys.argv[2]} {number}", b"%d" % number)
    cache.put("both", b"same")
    assert cache.get("both") == b"same"
    cache.keep_within_limit()
"""


def test_two_processes_at_once_both_cache_all_of_theirs(tmp_path: Path) -> None:
    both = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", WRITER, str(tmp_path), name], stderr=subprocess.PIPE)
        for name in "ab"
    ]
    said = [process.communicate(timeout=60)[1] for process in both]
    assert ([process.returncode for process in both], said) == ([0, 0], [b"", b""])
    cache = ResultCache(tmp_path, 64 * MB)
    for name in "ab":
        assert [cache.get(f"{name} {number}") for number in range(300)] == [b"%d" % number for number in range(300)]
