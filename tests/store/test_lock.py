from __future__ import annotations

import json
import os
import platform
import threading
from typing import TYPE_CHECKING

import pytest

from pipeline.errors import InUse, OutputNotWritable
from pipeline.store.lock import HOLDER_NAME, LOCK_NAME, sole_writer
from pipeline.store.path import path_of

if TYPE_CHECKING:
    from pathlib import Path


def test_a_second_writer_is_told_who_the_first_is(tmp_path: Path) -> None:
    folder = tmp_path / "output" / "v1"
    with sole_writer(folder, "pipeline backtest", "--output-dir"):
        since = json.loads((folder / HOLDER_NAME).read_text())["since"]
        with (
            pytest.raises(InUse) as refused,
            sole_writer(folder, "pipeline backtest", "--output-dir"),
        ):
            pytest.fail("two writers in one folder")
        assert str(refused.value) == (
            f"{folder} is in use by `pipeline backtest` (process {os.getpid()} on {platform.node()}, since {since}). "
            "Wait for it, or use --output-dir to choose another directory."
        )
        assert refused.value.exit_status == 2
    with sole_writer(folder, "pipeline backtest", "--output-dir"):
        pass


@pytest.mark.parametrize("note", [None, "", "{", "[]", '{"command": "pipeline backtest"}'])
def test_a_writer_that_did_not_say_who_it_is_is_another_run(tmp_path: Path, note: str | None) -> None:
    with sole_writer(tmp_path, "pipeline convert", "--parquet-dir"):
        (tmp_path / HOLDER_NAME).unlink()
        if note is not None:
            (tmp_path / HOLDER_NAME).write_text(note)
        with pytest.raises(InUse, match="by another run"), sole_writer(tmp_path, "pipeline convert", "--parquet-dir"):
            pytest.fail("two writers in one folder")


def test_nothing_is_left_of_a_lock(tmp_path: Path) -> None:
    holders: set[str] = set()

    def fail_inside() -> None:
        with sole_writer(tmp_path / "new", "pipeline convert", "--parquet-dir"):
            holders.update(path.name for path in (tmp_path / "new").iterdir())
            raise KeyError

    with pytest.raises(KeyError):
        fail_inside()
    assert holders == {LOCK_NAME, HOLDER_NAME}
    assert list((tmp_path / "new").iterdir()) == []


def test_what_a_dead_run_left_of_its_lock_hinders_nobody(tmp_path: Path) -> None:
    (tmp_path / LOCK_NAME).touch()
    (tmp_path / HOLDER_NAME).write_text('{"command": "pipeline backtest", "process": 1, "host": "h", "since": "s"}')
    with sole_writer(tmp_path, "pipeline convert", "--parquet-dir"):
        assert json.loads((tmp_path / HOLDER_NAME).read_text())["command"] == "pipeline convert"
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with (
        pytest.raises(
            OutputNotWritable, match=r"file.below cannot be written: .*file is a file, and a folder is needed"
        ),
        sole_writer(tmp_path / "file" / "below", "pipeline convert", "--parquet-dir"),
    ):
        pytest.fail("there is no such directory")


def test_a_file_system_without_locks_costs_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_self: object, **_options: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr("filelock.FileLock.acquire", missing)
    entered = []
    with (
        pytest.warns(UserWarning, match="There are no locks where"),
        sole_writer(tmp_path, "pipeline convert", "--parquet-dir"),
    ):
        entered.append(True)
    assert entered == [True]


def test_a_bucket_has_no_lock_and_is_not_asked() -> None:
    with sole_writer(path_of("s3://nowhere/run"), "pipeline backtest", "--output-dir"):
        pass


def test_of_many_that_want_a_directory_one_at_a_time_has_it(tmp_path: Path) -> None:
    inside: list[int] = []
    together: list[int] = []
    turns: list[int] = []

    def work() -> None:
        for _ in range(20):
            try:
                with sole_writer(tmp_path, "pipeline backtest", "--output-dir"):
                    inside.append(1)
                    together.append(len(inside))
                    inside.pop()
                    turns.append(1)
            except InUse:
                pass

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert set(together) == {1}
    assert len(turns) > 20
