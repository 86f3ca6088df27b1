"""What a command says to a pipe and to a real pseudo-terminal, with the keys a user may press."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.forked import ROOT, pipeline

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
ASKED = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "CLICOLOR", "TERM", "COLUMNS", "TTY_COMPATIBLE")


@dataclass(frozen=True)
class Said:
    """What came out, raw, and how the command ended."""

    out: str
    err: str
    status: int


def without_stretches(err: str) -> str:
    """Return stderr without the lines about stretches that took more than a second, as anything may when it is busy."""
    return "".join(line for line in err.splitlines(keepends=True) if not line.endswith(" ...\n"))


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment, with nothing about terminals but what is told."""
    inherited = {name: value for name, value in os.environ.items() if name not in ASKED}
    return {**inherited, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **variables}


def to_pipe(*words: str | Path, cwd: Path = ROOT, **variables: str) -> Said:
    """Run `pipeline` with both streams in pipes."""
    done = pipeline(*words, cwd=cwd, environment=environment(variables))
    return Said(done.stdout, done.stderr, done.returncode)


def to_terminal(
    *words: str | Path,
    cwd: Path = ROOT,
    press_when: str = "",
    columns: int = 80,
    stdout: Path | None = None,
    **variables: str,
) -> Said:
    """Run `pipeline` on a pseudo-terminal, all of it in `out`; press Ctrl-C when something is seen.

    stdout: a file that stdout goes to, while stderr stays on the terminal.
    """
    import fcntl  # there is none on Windows, where these tests are skipped
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    command = [sys.executable, "-m", "pipeline", *map(str, words)]
    file = stdout.open("wb") if stdout else None
    with subprocess.Popen(
        command,
        stdin=theirs,
        stdout=file or theirs,
        stderr=theirs,
        cwd=cwd,
        env=environment(variables),
        start_new_session=True,
    ) as process:
        os.close(theirs)
        seen = b""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                some = os.read(ours, 1 << 16)
            except OSError:  # Linux says so when the other end is closed
                break
            if not some:
                break
            seen += some
            if press_when and press_when.encode() in seen:
                press_when = ""
                process.send_signal(signal.SIGINT)
    os.close(ours)
    if file:
        file.close()
    return Said(seen.decode().replace("\r\n", "\n"), "", process.returncode)


def left_on_screen(raw: str) -> list[str]:
    """Return the lines a terminal shows in the end, after the cursor has moved up and lines were erased."""
    lines, row, column = [""], 0, 0
    for piece in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", raw):
        if piece == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif piece == "\r":
            column = 0
        elif piece.startswith("\x1b"):
            number = int(re.sub(r"\D", "", piece) or 1)
            if piece.endswith("A"):
                row = max(0, row - number)
            elif piece.endswith("K"):
                lines[row] = ""
        else:
            lines[row] = lines[row][:column].ljust(column) + piece + lines[row][column + len(piece) :]
            column += len(piece)
    return [line.rstrip() for line in lines]
