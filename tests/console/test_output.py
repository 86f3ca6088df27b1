"""Where words go, in which colour, and what a machine reads."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pipeline.console.output import CommandResult, Console, console, is_live_terminal, set_console, uses_colour, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VARIABLES = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "CLICOLOR", "TERM")


@pytest.fixture
def speaking() -> Iterator[Callable[..., Console]]:
    """Speak as asked until the test ends."""

    def asked(**how: bool) -> Console:
        set_console(Console("backtest", **how))  # type: ignore[arg-type]
        return console()

    console().warnings.clear()
    yield asked
    console().warnings.clear()
    set_console(Console())


class Stream(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize(
    ("terminal", "variables", "coloured"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": "0"}, False),
        (False, {"CLICOLOR_FORCE": "1"}, True),
        (False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (True, {"CLICOLOR": "0"}, False),
        (True, {"TERM": "dumb"}, False),
        (True, {"TERM": "dumb", "FORCE_COLOR": "1"}, True),
    ],
)
def test_colours_are_for_terminals_and_for_who_asks_for_them(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], *, terminal: bool, coloured: bool
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    stream = Stream(terminal=terminal)
    assert uses_colour(stream) == coloured
    assert is_live_terminal(stream) == (terminal and variables.get("TERM") != "dumb")
    write(stream, "Error: [red] \x1b[2J", "bold red")
    text = stream.getvalue()
    assert ("\x1b[1;31m" in text) == coloured
    assert "Error: [red] \\x1b[2J" in text
    assert "\x1b[2J" not in text


@pytest.mark.parametrize(
    ("how", "out", "err"),
    [
        ({}, "a table's line\nThe end. 1 warning.\n", "going on\nWarning: odd\nError: bad\n"),
        ({"quiet": True}, "The end. 1 warning.\n", "Warning: odd\nError: bad\n"),
        ({"verbose": True}, "a table's line\nThe end. 1 warning.\n", "going on\nin detail\nWarning: odd\nError: bad\n"),
    ],
)
def test_quiet_leaves_errors_warnings_and_the_closing_line_and_verbose_adds_details(
    speaking: Any, capsys: pytest.CaptureFixture[str], how: dict[str, bool], out: str, err: str
) -> None:
    speaker = speaking(**how)
    speaker.info("going on")
    speaker.detail("in detail")
    speaker.warn("odd")
    speaker.error("bad")
    speaker.show("a table's line")
    assert speaker.close(CommandResult("The end.", {})) == 0
    assert capsys.readouterr() == (out, err)


def test_the_json_object_is_one_sorted_line_of_plain_values(speaking: Any, capsys: pytest.CaptureFixture[str]) -> None:
    speaker = speaking(json=True)
    speaker.show("a table's line")
    speaker.warn("odd")
    facts = {
        "pnl": np.float64(1.5),
        "fills": np.int64(3),
        "sharpe": float("nan"),
        "folder": Path("output"),
        "x": (1, None),
    }
    assert speaker.close(CommandResult("The end.", facts, {"FAB": "bad"})) == 1
    out = capsys.readouterr().out
    assert out == (
        '{"command": "backtest", "error": null, "exit_status": 1, "failed": {"FAB": "bad"}, "fills": 3, '
        '"folder": "output", "pnl": 1.5, "sharpe": null, "warnings": ["odd"], "x": [1, null]}\n'
    )


def test_an_error_is_said_and_is_in_the_json_object(speaking: Any, capsys: pytest.CaptureFixture[str]) -> None:
    speaker = speaking(json=True)
    assert speaker.fail("no such thing.", 2) == 2
    out, err = capsys.readouterr()
    assert err == "Error: no such thing.\n"
    variables = {"command": "backtest", "error": "no such thing.", "exit_status": 2, "failed": {}, "warnings": []}
    assert json.loads(out) == variables


def test_what_was_warned_of_before_the_options_were_read_is_not_forgotten(speaking: Any) -> None:
    speaking().warn("early")
    assert speaking(json=True).warnings == ["early"]


@pytest.mark.parametrize(("failed", "status", "ends"), [({}, 0, 0), ({}, 1, 1), ({"FAB": "bad"}, 0, 1)])
def test_a_failed_security_is_the_exit_status_1(failed: dict[str, str], status: int, ends: int) -> None:
    assert CommandResult("", {}, failed, status).exit_status == ends
