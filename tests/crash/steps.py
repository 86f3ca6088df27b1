"""A command in a forked process, each step of its writing numbered; at one of them it is killed, or the disk is full.

A step is what a write asks of the system: open, write (its first half, its second), flush to the disk, rename, make or
remove. They are numbered by standing between Python and the system, and nothing of the project is replaced.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from tests.forked import PATIENCE, forked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Fault = Literal["killed", "full"]

REMOVE: Final = "remove"


@dataclass(frozen=True)
class Outcome:
    """How a command ended: its status, below zero when it was killed, what it said, and the steps that it took."""

    status: int
    said: str
    steps: list[str]


@dataclass
class Steps:
    """Numbers steps from 1, notes each in a file, and goes wrong at one of them; a disk that is full stays full.

    Two threads write: each number is taken by one of them.
    """

    notes: int
    at: int
    fault: Fault | None
    done: int = 0
    taking: threading.Lock = field(default_factory=threading.Lock)

    def take(self, what: str, where: str | Path) -> None:
        with self.taking:
            self.done += 1
            done = self.done
            os.write(self.notes, f"{what} {Path(where).name}\n".encode())
            if self.fault == "killed" and done == self.at:
                os.kill(os.getpid(), signal.SIGKILL)
        if self.fault == "full" and done >= self.at and what != REMOVE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def command(
    words: Sequence[str | Path],
    folder: Path,
    *,
    at: int = 0,
    fault: Fault | None = None,
    kill_after: float | None = None,
    environment: Mapping[str, str] | None = None,
) -> Outcome:
    """Run a command of the command line in a process of its own, until it ends or is made to; `folder` is scratch."""
    name = os.urandom(4).hex()
    said, steps = folder / f"said {name}.txt", folder / f"steps {name}.txt"
    variables = {**os.environ, "COLUMNS": "80", **(environment or {})}
    number = partial(_number, steps, at, fault)
    process = forked([str(word) for word in words], said, said, Path.cwd(), variables, number)
    if kill_after is not None:
        time.sleep(kill_after)
        process.kill()
    process.join(PATIENCE)
    if process.exitcode is None:
        process.kill()
        process.join()
    outcome = Outcome(process.exitcode or 0, _text(said), _text(steps).splitlines())
    process.close()
    for file in (said, steps):
        file.unlink(missing_ok=True)
    return outcome


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _number(notes: Path, at: int, fault: Fault | None) -> None:
    """Stand between Python and the system wherever a file is made, written, flushed, renamed or removed."""
    steps = Steps(os.open(notes, os.O_CREAT | os.O_WRONLY | os.O_APPEND), at, fault)
    _before("fsync", steps, lambda number: Path(f"/proc/self/fd/{number}").readlink())
    _before("replace", steps, lambda source, _target: source)
    _before("mkdir", steps, lambda path, *_: path)
    _before("unlink", steps, lambda path: path, REMOVE)
    plain_open: Any = io.open

    class Raw(io.FileIO):
        def write(self, content: Any) -> int:
            whole = memoryview(content).cast("B")
            steps.take("write", str(self.name))
            half = super().write(whole[: len(whole) // 2])
            steps.take("write on", str(self.name))
            return half + super().write(whole[half:])

    def opened(file: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
        if mode != "wb" or not isinstance(file, (str, Path)):
            return plain_open(file, mode, *rest, **options)
        steps.take("open", file)
        return io.BufferedWriter(Raw(str(file), "wb"))

    io.open = opened


def _before(name: str, steps: Steps, where: Callable[..., str | Path], what: str = "") -> None:
    plain = getattr(os, name)

    def stepped(*given: Any, **options: Any) -> Any:
        steps.take(what or name, where(*given))
        return plain(*given, **options)

    setattr(os, name, stepped)
