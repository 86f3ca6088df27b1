"""Lock that gives a directory one writer: it ends with the process that holds it, and a note says who that is."""

from __future__ import annotations

import json
import os
import platform
import time
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from pipeline.errors import InUse
from pipeline.store.atomic import not_written
from pipeline.store.path import AnyPath, ObjectStorePath

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK_NAME: Final = ".lock"
HOLDER_NAME: Final = ".holder"
"""The note stands beside the lock, since Windows lets nobody read a file that is locked."""

PATIENCE_SECONDS: Final = 0.2
"""Long enough for a run that has just begun to have said who it is."""

FOR_ALL: Final = 0o666
"""The lock holds nothing; whoever may write in the directory has to be able to take it."""


@contextmanager
def sole_writer(directory: AnyPath, command: str, option: str) -> Iterator[None]:
    """Make `directory` when needed and keep other runs out of it meanwhile; readers are not kept out.

    command: what holds it, as its user called it; option: what chooses another directory. The lock is the system's, so
    a killed process holds none. A bucket has no lock. Raises InUse or OutputNotWritable.
    """
    if isinstance(directory, ObjectStorePath):
        yield
        return
    from filelock import FileLock, Timeout  # 10 ms that a run without files does without

    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = FileLock(directory / LOCK_NAME, mode=FOR_ALL)
        lock.acquire(timeout=PATIENCE_SECONDS)
    except Timeout:
        raise InUse(
            f"{directory} is in use by {_holder(directory)}. Wait for it, or use {option} to choose another directory."
        ) from None
    except NotImplementedError:
        warnings.warn(f"There are no locks where {directory} is: do not start a second run in it.", stacklevel=3)
        yield
        return
    except OSError as error:
        raise not_written(directory, error) from error
    try:
        _note_holder(directory, command)
        yield
    finally:
        # Where an open file can be removed, it is while the lock is held: whoever waits at the old one then tries anew.
        _remove(directory / HOLDER_NAME, directory / LOCK_NAME)
        lock.release()
        if os.name == "nt":
            _remove(directory / LOCK_NAME)


@contextmanager
def in_turn(lock_file: Path, seconds: float) -> Iterator[None]:
    """Let those who change what a lock stands for do so one after the other; it ends with the process that holds it.

    Where the system has no locks nothing waits. Raises InUse when the others take longer than so many seconds, or
    OutputNotWritable.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(lock_file, mode=FOR_ALL)
    try:
        lock.acquire(timeout=seconds, poll_interval=0.01)
    except Timeout:
        raise InUse(f"{lock_file.parent} is being written by other runs, for {seconds:g} s by now.") from None
    except NotImplementedError:
        yield
        return
    except OSError as error:
        raise not_written(lock_file, error) from error
    try:
        yield
    finally:
        lock.release()


def holder_of(directory: AnyPath) -> str | None:
    """Return who writes in a directory now: empty when nobody does, None where that cannot be told, as in a bucket."""
    if isinstance(directory, ObjectStorePath):
        return None
    path = directory / LOCK_NAME
    if not path.exists():
        return ""
    from filelock import FileLock, Timeout

    try:
        with FileLock(path, timeout=0, mode=FOR_ALL):
            return ""
    except Timeout:
        return _holder(directory)
    except (OSError, NotImplementedError):
        return None


def _note_holder(directory: Path, command: str) -> None:
    since = time.strftime("%Y-%m-%d %H:%M")
    holder = {"command": command, "process": os.getpid(), "host": platform.node(), "since": since}
    with suppress(OSError):  # the lock holds without it
        (directory / HOLDER_NAME).write_text(json.dumps(holder), encoding="utf-8")


def _remove(*paths: Path) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _holder(directory: Path) -> str:
    try:
        holder = json.loads((directory / HOLDER_NAME).read_text(encoding="utf-8"))
        return f"`{holder['command']}` (process {holder['process']} on {holder['host']}, since {holder['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another run"
