"""The console of a command: what it prints where, as --quiet, --verbose, --json and the terminal's colours decide.

Progress, warnings and errors go to stderr as they happen. Tables and then the closing line go to stdout.
"""

from __future__ import annotations

import json
import math
import os
import sys
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from pipeline.console.warnings import grouped, with_count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

WIDTH: Final = 80
BAD: Final = "bold red"
ODD: Final = "yellow"
SOME_FAILED: Final = 1
"""The exit status when some securities failed and the others stand."""

ESCAPED: Final = {code: repr(chr(code))[1:-1] for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
"""Control characters as text, so that no cell of a workbook and no file's name can command a terminal."""


@dataclass(frozen=True, slots=True, eq=False)
class Closing:
    """How a command ended: one line for the reader, facts by name for a machine, what failed by name, warnings."""

    line: str
    facts: Mapping[str, Any]
    failed: Mapping[str, str] = field(default_factory=dict)
    status: int = 0
    warnings: Sequence[str] = ()

    @property
    def exit_status(self) -> int:
        """The exit status of the command."""
        return SOME_FAILED if self.failed else self.status


@dataclass(slots=True, eq=False)
class Voice:
    """What may be said.

    quiet: errors, warnings and the closing line only. verbose: what was chosen, kept and how long it took, too. json:
    nothing on stdout but the closing line, which is one JSON object. debug: tracebacks.
    """

    command: str = ""
    quiet: bool = False
    verbose: bool = False
    json: bool = False
    debug: bool = False
    warnings: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Say what is going on, on stderr at once."""
        if not self.quiet:
            write(sys.stderr, text)

    def detail(self, text: str) -> None:
        """Say what only --verbose asks for."""
        if self.verbose:
            write(sys.stderr, text)

    def warn(self, text: str) -> None:
        """Warn of what does not stop the command, whatever was asked for."""
        self.warnings.append(text)
        write(sys.stderr, f"Warning: {text}", ODD)

    def error(self, text: str) -> None:
        """Say what went wrong, whatever was asked for."""
        write(sys.stderr, f"Error: {text}", BAD)

    def show(self, text: str = "", style: str = "") -> None:
        """Print a line of what was found."""
        if self.shows:
            write(sys.stdout, text, style)

    @property
    def shows(self) -> bool:
        """Whether tables and the like are printed."""
        return not (self.quiet or self.json)

    def close(self, closing: Closing) -> int:
        """Print the warnings and the closing line, which counts them, and return the exit status."""
        for text in grouped(closing.warnings):
            write(sys.stderr, f"Warning: {text}", ODD)
        self.warnings += closing.warnings
        if self.json:
            self._print_object(closing.exit_status, None, closing.failed, closing.facts)
        else:
            write(sys.stdout, with_count(closing.line, len(self.warnings)) if self.warnings else closing.line)
        self.warnings = []
        return closing.exit_status

    def fail(self, text: str, exit_status: int, *, said: str | None = None) -> int:
        """Say the error that ended the command, in other words if there are better ones; return its exit status."""
        if said is None:
            self.error(text)
        else:
            write(sys.stderr, said)
        if self.json:
            self._print_object(exit_status, text, {}, {})
        return exit_status

    def _print_object(
        self, exit_status: int, error: str | None, failed: Mapping[str, str], facts: Mapping[str, Any]
    ) -> None:
        told = {
            **facts,
            "command": self.command,
            "error": error,
            "exit_status": exit_status,
            "failed": failed,
            "warnings": self.warnings,
        }
        _machine.write(json.dumps(_plain(told), sort_keys=True, allow_nan=False) + "\n")
        _machine.flush()


class _Machine:
    """The stdout of a machine that reads it: whatever else is printed, by a strategy or a library, goes to stderr."""

    def __init__(self) -> None:
        self._own: TextIO | None = None

    def take(self) -> None:
        """Keep stdout for the JSON object."""
        if self._own is not None:
            return
        try:
            terminal = sys.stdout.isatty()
            own = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii")
            if not terminal:
                os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        except (OSError, ValueError):  # one of the two is no file, as in a test
            return
        self._own, sys.stdout = own, sys.stderr

    def write(self, text: str) -> None:
        (self._own or sys.stdout).write(text)

    def flush(self) -> None:
        (self._own or sys.stdout).flush()


_machine: Final = _Machine()
_speaking: list[Voice] = [Voice()]


def voice() -> Voice:
    """Return the voice of this process: it has one stdout and one stderr."""
    return _speaking[0]


def speak(as_asked: Voice) -> None:
    """Speak so from now on."""
    as_asked.warnings = [*voice().warnings, *as_asked.warnings]
    _speaking[0] = as_asked


def spare_stdout_for_json() -> None:
    """Send to stderr what anything but the closing prints from now on."""
    _machine.take()


def write(stream: TextIO, text: str, style: str = "") -> None:
    """Print a line as it stands: brackets are no markup, and control characters are shown, not sent."""
    text = text.translate(ESCAPED)
    if style and has_colours(stream):
        from rich.text import Text  # rich is loaded by what prints with it

        console(stream).print(Text(text, style), soft_wrap=True)
    else:
        stream.write(text + "\n")
    stream.flush()


def has_colours(stream: TextIO) -> bool:
    """Tell whether colours are wanted: on a terminal, never with NO_COLOR, anywhere with FORCE_COLOR."""
    told = os.environ
    if told.get("NO_COLOR"):
        return False
    if any(told.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return moves(stream) and told.get("CLICOLOR") != "0"


def moves(stream: TextIO) -> bool:
    """Tell whether a stream is a terminal on which a bar can be drawn."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def console(stream: TextIO) -> Console:
    """Return what prints with colours, or without: as wide as the terminal, and 80 columns elsewhere and at least."""
    from rich.console import Console  # rich is loaded by what prints with it

    coloured = has_colours(stream)
    terminal = stream.isatty()
    made = Console(
        file=stream,
        force_terminal=coloured or terminal,
        color_system=("auto" if moves(stream) else "standard") if coloured else None,
        no_color=not coloured,
        highlight=False,
        markup=False,
        emoji=False,
    )
    made.width = max(WIDTH, made.width) if terminal else WIDTH
    return made


def prepare_streams() -> None:
    """Let a character that stdout's encoding lacks be printed as its number, and a closed stream be no error."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - until the process ends


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: numbers of numpy as numbers, what is no number as null, the rest as text."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return _plain(value.item()) if hasattr(value, "item") else str(value)
