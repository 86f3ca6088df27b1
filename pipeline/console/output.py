"""Decides what a command prints and where: --quiet, --verbose, --json and the terminal's colours.

Progress, warnings and errors go to stderr as they happen. Tables and then the closing line go to stdout.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from pipeline.console.warnings import grouped, with_count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console as RichConsole

WIDTH: Final = 80
ERROR: Final = "bold red"
WARNING: Final = "yellow"
SOME_FAILED: Final = 1
"""The exit status when some securities failed and the others stand."""

ESCAPED: Final = {code: repr(chr(code))[1:-1] for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}
"""Control characters as text, so that no cell of a workbook and no file's name can command a terminal."""


@dataclass(frozen=True, slots=True, eq=False)
class CommandResult:
    """How a command ended: a closing line for the reader, facts for --json, errors by name, warnings.

    printed: what is printed of the warnings, where that is not all of them.
    """

    line: str
    facts: Mapping[str, Any]
    failed: Mapping[str, str] = field(default_factory=dict)
    status: int = 0
    warnings: Sequence[str] = ()
    printed: Sequence[str] | None = None

    @property
    def exit_status(self) -> int:
        """The exit status of the command."""
        return SOME_FAILED if self.failed else self.status


@dataclass(slots=True, eq=False)
class Console:
    """Prints what a command reports, as far as its options ask for it.

    quiet: errors, warnings and the closing line only. verbose: also what was chosen, what came from the cache, timings.
    json: nothing on stdout but one JSON object in place of the closing line. debug: tracebacks.
    """

    command: str = ""
    quiet: bool = False
    verbose: bool = False
    json: bool = False
    debug: bool = False
    warnings: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)
    _printed: set[str] = field(default_factory=set)

    @property
    def seconds(self) -> float:
        """Seconds since the command began, for its closing line."""
        return time.perf_counter() - self.started

    def info(self, text: str) -> None:
        """Print progress on stderr, at once."""
        if not self.quiet:
            write(sys.stderr, text)

    def detail(self, text: str) -> None:
        """Print on stderr what only --verbose asks for."""
        if self.verbose:
            write(sys.stderr, text)

    def warn(self, text: str) -> None:
        """Print a warning on stderr, even with --quiet."""
        self.warnings.append(text)
        self._print_warning(text)

    def warn_early(self, text: str) -> None:
        """Print a warning that the command result will have as well, so that it is not printed again."""
        self._printed.add(text)
        self._print_warning(text)

    def error(self, text: str) -> None:
        """Print an error on stderr, even with --quiet."""
        write(sys.stderr, f"Error: {text}", ERROR)

    def show(self, text: str = "", style: str = "") -> None:
        """Print a line of the result on stdout."""
        if self.shows:
            write(sys.stdout, text, style)

    @property
    def shows(self) -> bool:
        """Whether tables and the like are printed."""
        return not (self.quiet or self.json)

    def close(self, result: CommandResult) -> int:
        """Print the warnings and the closing line, which counts them, and return the exit status."""
        printed = result.warnings if result.printed is None else result.printed
        for text in grouped(text for text in printed if text not in self._printed):
            self._print_warning(text)
        self.warnings += result.warnings
        if self.json:
            self._print_object(result.exit_status, None, result.failed, result.facts)
        else:
            write(sys.stdout, with_count(result.line, len(self.warnings)) if self.warnings else result.line)
        self.warnings = []
        self._printed.clear()
        return result.exit_status

    def fail(self, text: str, exit_status: int, *, is_error: bool = True) -> int:
        """Print why the command ended, as an error unless it was the user's wish; return its exit status."""
        if is_error:
            self.error(text)
        else:
            write(sys.stderr, text)
        if self.json:
            self._print_object(exit_status, text, {}, {})
        return exit_status

    @staticmethod
    def _print_warning(text: str) -> None:
        write(sys.stderr, f"Warning: {text}", WARNING)

    def _print_object(
        self, exit_status: int, error: str | None, failed: Mapping[str, str], facts: Mapping[str, Any]
    ) -> None:
        members = {
            **facts,
            "command": self.command,
            "error": error,
            "exit_status": exit_status,
            "failed": failed,
            "warnings": self.warnings,
        }
        stream = _json_stdout[0] if _json_stdout else sys.stdout
        stream.write(json.dumps(_plain(members), sort_keys=True, allow_nan=False) + "\n")
        stream.flush()


_json_stdout: list[TextIO] = []
"""Stdout where it is for the JSON object alone."""

_current: list[Console] = [Console()]


def console() -> Console:
    """Return the console of this process: it has one stdout and one stderr."""
    return _current[0]


def set_console(new: Console) -> None:
    """Print as `new` says from now on; warnings given so far stay counted."""
    new.warnings = [*console().warnings, *new.warnings]
    _current[0] = new


def reserve_stdout_for_json() -> None:
    """Send to stderr everything, as what a strategy or a library prints, but the JSON object from now on."""
    if _json_stdout:
        return
    try:
        terminal = sys.stdout.isatty()
        own = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="ascii")
        if not terminal:
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    except (OSError, ValueError):  # one of the two is no file, as in a test
        return
    _json_stdout.append(own)
    sys.stdout = sys.stderr


def write(stream: TextIO, text: str, style: str = "") -> None:
    """Print a line as it stands: brackets are no markup, and control characters are shown, not sent."""
    text = text.translate(ESCAPED)
    if style and uses_colour(stream):
        from rich.text import Text  # rich is loaded by what prints with it

        printer = rich_console(stream)
        with printer.capture() as line:  # a bar that is drawn meanwhile moves aside for what is written to the stream
            printer.print(Text(text, style), soft_wrap=True)
        stream.write(line.get())
    else:
        stream.write(text + "\n")
    stream.flush()


def uses_colour(stream: TextIO) -> bool:
    """Tell whether colours are wanted: on a terminal, never with NO_COLOR, anywhere with FORCE_COLOR."""
    variables = os.environ
    if variables.get("NO_COLOR"):
        return False
    if any(variables.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return is_live_terminal(stream) and variables.get("CLICOLOR") != "0"


def is_live_terminal(stream: TextIO) -> bool:
    """Tell whether a stream is a terminal on which a bar can be drawn."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def rich_console(stream: TextIO) -> RichConsole:
    """Return what prints with colours, or without: as wide as the terminal, and 80 columns elsewhere and at least."""
    from rich.console import Console as RichConsole  # loaded only by what prints with it

    coloured = uses_colour(stream)
    terminal = stream.isatty()
    printer = RichConsole(
        file=stream,
        force_terminal=coloured or terminal,
        color_system=("auto" if is_live_terminal(stream) else "standard") if coloured else None,
        no_color=not coloured,
        highlight=False,
        markup=False,
        emoji=False,
    )
    printer.width = max(WIDTH, printer.width) if terminal else WIDTH
    return printer


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
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return _plain(value.item()) if hasattr(value, "item") else str(value)
