"""The verbs that look at one security of a run, from the command line: what they print, and how they end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pipeline import api
from tests.forked import pipeline
from tests.made import make_config, make_store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    store = make_store(folder / "data" / "parquet", ("FAB", "EMAAR"))
    content = bytearray((store / "EMAAR.parquet").read_bytes())
    content[200] ^= 0xFF  # EMAAR fails
    (store / "EMAAR.parquet").write_bytes(content)
    api.backtest(
        config=make_config(folder / "v1.json"),
        parquet_dir=store,
        output_dir=folder / "output" / "v1_baseline",
        sensitivity=False,
        report=False,
    )
    return folder


def test_show_and_explain_take_the_run_written_last(desk: Path) -> None:
    shown = pipeline("show", "fab", "--fills", "--first", "3", cwd=desk)
    assert shown.returncode == 0
    lines = shown.stderr.replace("Reading the run ...\n", "").splitlines()
    warned = json.loads(pipeline("show", "FAB", "--json", cwd=desk).stdout)["warnings"]
    own = [f"Warning: {text}" for text in warned if "FAB" in text]
    assert 0 < len(own) < len(warned)
    whole = f"Warning: {len(warned) - len(own)} more of the run as a whole (--json has them)."
    assert lines == [*own, whole]
    assert f"{len(warned)} warnings" in shown.stdout.splitlines()[-1]
    assert shown.stdout.startswith("FAB, output/v1_baseline\n")
    assert shown.stdout.splitlines()[-1].startswith("3 of ")
    printed = pipeline("explain", "FAB", "--fill", "3", cwd=desk)
    assert printed.returncode == 0
    assert printed.stdout.startswith("FAB, fill 3 of ")
    assert [line for line in printed.stderr.splitlines() if line.startswith("Warning: ")] == [*own, whole]
    assert max(map(len, printed.stdout.splitlines())) <= 80
    assert "P&L" in pipeline("show", "FAB", cwd=desk).stdout


def test_with_json_there_is_one_object_on_stdout(desk: Path) -> None:
    shown = json.loads(pipeline("show", "FAB", "--fills", "--side", "sell", "--json", cwd=desk).stdout)
    assert {fill["side"] for fill in shown["fills"]} == {"sell"}
    printed = json.loads(pipeline("explain", "FAB", "--fill", "3", "--json", cwd=desk).stdout)
    assert (printed["command"], printed["number"], printed["exit_status"]) == ("explain", 3, 0)
    refused = pipeline("explain", "FAB", "--fill", "0", "--json", cwd=desk)
    assert refused.returncode == json.loads(refused.stdout)["exit_status"] == 2


def test_verbose_explains_with_what_the_strategy_knew_and_quiet_in_one_line(desk: Path) -> None:
    verbose = pipeline("explain", "FAB", "--fill", "3", "--verbose", cwd=desk).stdout
    assert "refill_interval = 60000000000" in verbose
    quiet = pipeline("explain", "FAB", "--fill", "3", "--quiet", cwd=desk).stdout.splitlines()
    assert len(quiet) == 1
    assert quiet[0].startswith("FAB fill 3: ")


@pytest.mark.parametrize(
    ("words", "printed", "status"),
    [
        (("show", "FABB"), "Did you mean 'FAB'?", 2),
        (("show", "FAB", "--run", "v1_basline"), "Did you mean 'v1_baseline'?", 2),
        (("show", "FAB", "--first", "3"), "choose fills: add --fills.", 2),
        (("show", "FAB", "--fills", "--from", "noon"), "--from is 'noon'; it takes a date, a time or both", 2),
        (
            ("show", "FAB", "--fills", "--from", "2025-06-01", "--to", "2025-05-01"),
            "--from 2025-06-01 is after --to 2025-05-01; put the earlier one after --from.",
            2,
        ),
        (("show", "FAB", "--output-dir", "none"), "There are no runs in none.", 2),
        (("show", "EMAAR"), "EMAAR failed in output/v1_baseline, so it has neither figures nor fills", 1),
        (("explain", "EMAAR", "--fill", "1"), "EMAAR failed in output/v1_baseline", 1),
        (("explain", "FAB", "--fill", "1", "--at", "10:30"), "Give --fill or --at, not both.", 2),
        (("explain", "FAB"), "Say what is to be explained: --fill N, or --at TIME --side buy or sell.", 2),
        (("explain", "FAB", "--fill", "99999"), "--fill is 99,999 and takes 1 to ", 2),
        (("explain", "FAB", "--fill", "1", "--parquet-dir", "none"), "FAB.parquet is not there", 2),
        (("explain", "FAB", "--fill", "1", "--strategy", "v3_liquidity_monitor"), "is a run of 'v1_baseline'", 2),
    ],
)
def test_what_cannot_be_shown_or_explained_is_one_plain_error(
    desk: Path, words: tuple[str, ...], printed: str, status: int
) -> None:
    done = pipeline(*words, cwd=desk)
    assert done.returncode == status
    assert printed in done.stderr.replace("\\", "/")
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "words", [("--from", "2099-01-01"), ("--to", "1999-12-31", "--last", "5"), ("--from", "23:59")]
)
def test_a_time_without_a_fill_is_told_with_those_that_have_some(desk: Path, words: tuple[str, ...]) -> None:
    fills = json.loads(pipeline("show", "FAB", "--fills", "--json", cwd=desk).stdout)["fills"]
    first, last = (fill["time"][:19].replace("T", " ") for fill in (fills[0], fills[-1]))
    done = pipeline("show", "FAB", "--fills", *words, cwd=desk)
    assert done.returncode == 0
    closing = f"0 of {len(fills)} fills of FAB in output/v1_baseline; they are from {first} to {last}"
    assert done.stdout.splitlines()[-1].startswith(closing)
