"""Commands started as a user starts them, in a process group of their own; what they say, how they end, who is left."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT: Final = Path(__file__).resolve().parents[2]
PATIENCE: Final = 180.0
LINGERING: Final = 10.0


@dataclass(frozen=True)
class Ended:
    """How a command ended: status, what it said, how long that took since it was asked to, who outlived it."""

    status: int
    out: str
    error: str
    seconds: float
    left: list[str]


class Started:
    """A `pipeline` command under way; everything it says is kept in files, so that no pipe can block it."""

    def __init__(self, folder: Path, *words: str | Path, program: str | None = None, **environment: str) -> None:
        self._out, self._error = (folder / f"{name} {os.urandom(4).hex()}.txt" for name in ("out", "error"))
        how = ["-m", "pipeline"] if program is None else ["-c", program]
        with self._out.open("wb") as out, self._error.open("wb") as error:
            self.process = subprocess.Popen(
                [sys.executable, *how, *map(str, words)],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80", **environment},
                stdout=out,
                stderr=error,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    @property
    def out(self) -> str:
        """What it has said on stdout so far."""
        return self._out.read_text(encoding="utf-8")

    @property
    def error(self) -> str:
        """What it has said on stderr so far."""
        return self._error.read_text(encoding="utf-8")

    def reach(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds while the command runs."""
        give_up = time.monotonic() + PATIENCE
        while not condition():
            assert self.process.poll() is None, self.error
            assert time.monotonic() < give_up, self.error
            time.sleep(0.005)

    def say(self, *words: str) -> bool:
        """Return whether it has said all these words."""
        return all(word in self.error for word in words)

    def cpu_seconds(self) -> float:
        """Return the CPU time that the command and its workers have taken so far."""
        total = 0.0
        for process in self._members():
            with contextlib.suppress(psutil.Error):
                total += process.cpu_times().user
        return total

    def end(self, number: signal.Signals | None = None, *, group: bool = False, again_after: float = -1) -> Ended:
        """Send a signal, to its group as a terminal does or to it alone, perhaps again, and wait for its end."""
        started = time.monotonic()
        sends = 0 if number is None else 1 if again_after < 0 else 2
        for send in range(sends):
            time.sleep(again_after if send else 0)
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if group else os.kill)(self.process.pid, signal.Signals(number or 0))
        status = self.process.wait(PATIENCE)
        seconds = time.monotonic() - started
        return Ended(status, self._out.read_text(encoding="utf-8"), self.error, seconds, self._left())

    def _left(self) -> list[str]:
        """Return the commands of its group that are alive; what tidies up behind it gets the time to do so."""
        give_up = time.monotonic() + LINGERING
        while True:
            members = self._members()
            if not members or time.monotonic() > give_up:
                for member in members:
                    with contextlib.suppress(psutil.Error):
                        member.kill()
                return [" ".join(member.info["cmdline"] or ()) for member in members]
            time.sleep(0.02)

    def _members(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter(["cmdline", "status"]):
            with contextlib.suppress(OSError, psutil.Error):
                if os.getpgid(process.pid) == self.process.pid and process.info["status"] != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found


def done(folder: Path, *words: str | Path, program: str | None = None, **environment: str) -> Ended:
    """Run a command to its end."""
    return Started(folder, *words, program=program, **environment).end()


def leftovers(folder: Path) -> list[str]:
    """Return the names of what only a run under way, or a killed one, has in a folder."""
    return sorted(file.name for file in folder.rglob(".*") if file.is_file())
