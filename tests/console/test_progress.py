"""What is seen while a command works: a bar on a real terminal that goes without a trace, plain lines in a pipe."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final

import pytest

from pipeline.console import progress as module
from pipeline.console.output import Console, set_console
from pipeline.console.progress import Progress
from pipeline.conversion.sample import write_sample
from tests.console.screens import COLOURS, ESCAPES, left_on_screen, to_pipe, to_terminal, without_stretches
from tests.made import make_config, make_strategy

if TYPE_CHECKING:
    from pathlib import Path

POSIX: Final = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals for tests")
SHOW_CURSOR: Final = "\x1b[?25h"
HIDE_CURSOR: Final = "\x1b[?25l"

SLOW: Final = """
seen: list = []

def on_tick(self, m):
    import time
    time.sleep(0.0006)
    if m.bid_size > 0:
        m.quote_bid(m.bid, 100)
"""


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory, store: Path) -> list[str]:
    """Return the words of a backtest that takes some seconds."""
    own = make_strategy(tmp_path_factory.mktemp("own") / "slow.py", SLOW)
    words = ["backtest", "--strategy", own, "--config", own.with_suffix(".json"), "--parquet-dir", store]
    return list(map(str, [*words, "--backend", "sequential"]))


@POSIX
def test_a_bar_is_drawn_on_a_terminal_and_goes_without_a_trace(slow: list[str], tmp_path: Path) -> None:
    output = to_terminal(*slow, cwd=tmp_path)
    assert output.status == 0, output.out
    assert "━" in output.out
    assert "1/3" in output.out
    assert output.out.count(HIDE_CURSOR) == output.out.count(SHOW_CURSOR) == 1
    left = left_on_screen(output.out)
    assert not [line for line in left if "1/3" in line or "━━" in line]
    left = [line for line in left if not line.endswith(" ...")]
    assert left[0].startswith("Backtest slow: 3 securities, 1 worker (sequential), python engine")
    assert [line for line in left if line.startswith("Results: output/slow")]
    assert not [line for line in left if line.startswith("[1/3]")]


@POSIX
def test_ctrl_c_leaves_the_terminal_as_it_was_and_says_how_to_go_on(slow: list[str], tmp_path: Path) -> None:
    output = to_terminal(*slow, cwd=tmp_path, press_when="1/3")
    assert output.status == 130
    assert output.out.count(HIDE_CURSOR) == 1
    assert output.out.rindex(SHOW_CURSOR) > output.out.index(
        HIDE_CURSOR
    )  # shown twice, where a bar ends as time runs out
    left = [line for line in left_on_screen(output.out) if line.strip("^C ")]
    assert left[-1] == "Interrupted. Finished results are kept; run the same command again to resume."
    assert "Traceback" not in output.out
    assert not [line for line in left if "━━" in line]


@pytest.mark.slow
@POSIX
def test_json_stays_alone_in_a_file_while_a_bar_is_drawn_on_the_terminal(slow: list[str], tmp_path: Path) -> None:
    output = to_terminal(*slow, "--json", cwd=tmp_path, stdout=tmp_path / "out.json")
    assert output.status == 0
    assert "━" in output.out
    text = (tmp_path / "out.json").read_text()
    assert (text[0], text[-2:], text.count("\n")) == ("{", "}\n", 1)


@pytest.mark.slow
@POSIX
def test_quiet_draws_nothing(slow: list[str], tmp_path: Path) -> None:
    output = to_terminal(*slow, "--quiet", cwd=tmp_path, NO_COLOR="1")
    assert (output.status, ESCAPES.findall(output.out)) == (0, [])
    *warnings, last = [line.split("  ")[0] for line in output.out.splitlines()]
    assert last == "Results: output/slow"
    assert warnings
    assert all(line.startswith("Warning: ") for line in warnings)


@POSIX
def test_a_conversion_leaves_nothing_but_its_table(tmp_path: Path) -> None:
    write_sample(tmp_path / "ticks.xlsx", days=1, rows=60)
    output = to_terminal("convert", "ticks.xlsx", cwd=tmp_path, TERM="xterm")
    assert output.status == 0
    left = [line for line in left_on_screen(output.out) if line]
    assert left[0] == "Converted into data/parquet"
    assert left[-1].startswith("Ticks: data/parquet  (")
    assert not [line for line in left if "━━" in line]


@POSIX
def test_losses_are_red_and_errors_bold_red_on_a_terminal_and_nothing_is_with_no_color(
    store: Path, tmp_path: Path
) -> None:
    config = make_config(tmp_path / "v1.json")
    words = (
        "backtest",
        "--config",
        config,
        "--parquet-dir",
        store,
        "--set",
        "execution.fees_bps=900",
        "--no-sensitivity",
    )
    output = to_terminal(*words, cwd=tmp_path)
    assert output.status == 0, output.out
    assert "\x1b[31m" in output.out
    plain = to_terminal(*words, cwd=tmp_path, NO_COLOR="1")
    assert COLOURS.findall(plain.out) == []
    wrong = to_terminal("backtest", "--parquet-dir", "nowhere", cwd=tmp_path)
    assert "\x1b[1;31mError: There is no Parquet directory nowhere." in wrong.out
    forced = to_pipe(*words, cwd=tmp_path, FORCE_COLOR="1")
    assert "\x1b[31m" in forced.out
    assert COLOURS.sub("", forced.out) == ESCAPES.sub("", forced.out)
    assert COLOURS.findall(to_pipe(*words, cwd=tmp_path, FORCE_COLOR="1", NO_COLOR="1").out) == []


def test_in_a_pipe_there_is_a_line_a_security_and_no_control_character(slow: list[str], tmp_path: Path) -> None:
    output = to_pipe(*slow, cwd=tmp_path)
    assert output.status == 0
    assert not set("\x1b\r\b") & set(output.out + output.err)
    lines = without_stretches(output.err).splitlines()
    assert lines[0] == "Backtest slow: 3 securities, 1 worker (sequential), python engine"
    assert [line.split(":")[0] for line in lines if line.startswith("[")] == ["[1/3] EMAAR", "[2/3] FAB", "[3/3] MODON"]
    assert len([line for line in lines if not line.startswith("Warning: ")]) <= 8


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    return 0.5


def test_a_stretch_that_takes_long_is_named_once_where_no_bar_can_be(
    impatient: float, capsys: pytest.CaptureFixture[str]
) -> None:
    with Progress("Opening") as progress:
        progress.stage("Reading")
        time.sleep(impatient)
        progress.stage("Writing")
    time.sleep(impatient)
    assert capsys.readouterr().err == "Reading ...\n"


def test_a_sign_of_life_ends_the_waiting(impatient: float, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        progress.stage("Replaying", 3)
        progress.step("FAB")
        time.sleep(impatient)
    assert capsys.readouterr().err == ""


def test_an_error_ends_the_waiting(impatient: float, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="gone wrong"), Progress("Opening"):
        raise ValueError("gone wrong")
    time.sleep(impatient)
    assert capsys.readouterr().err == ""


def test_quiet_says_nothing_and_verbose_says_how_long_each_stretch_took(
    impatient: float, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        for how in (Console(quiet=True), Console(verbose=True)):
            set_console(how)
            with Progress("Opening") as progress:
                time.sleep(impatient if how.quiet else 0)
                progress.stage("Reading")
                progress.stage("Opening")
    finally:
        set_console(Console())
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[0] for line in lines] == ["Opening", "Reading"]
