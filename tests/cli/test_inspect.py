"""`pipeline inspect` on the command line: tables, blocks, warnings, and how it ends."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.markets.facts import facts_of
from pipeline.ticks import Ticks
from tests.console.screens import to_pipe
from tests.inspection.plain_counts import plain_counts
from tests.made import HOUR, SECOND, make_store, random_ticks, write_ticks

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, ticker: str, ticks: Ticks) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    metadata = {"exchange": "ADX", "fingerprint": "made"}
    write_ticks(folder / f"{ticker}.parquet", ticks, metadata)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with ticks as they should be, but for their clock in one of the securities."""
    folder = tmp_path_factory.mktemp("desk")
    make_store(folder / "data" / "parquet", ("EMAAR", "FAB"))
    ticks = random_ticks(5)
    late = Ticks(ticks.timestamp - 4 * HOUR, ticks.kind, ticks.price, ticks.volume)
    write(folder / "data" / "parquet", "AVERYLONGTICKEROFFORTYCHARACTERSORMORE-12", late)
    return folder


def test_the_tables_have_every_security_and_stay_within_80_columns(desk: Path) -> None:
    output = to_pipe("inspect", cwd=desk)
    assert (output.status, output.err) == (0, "")
    for words in (
        "Ticks in data/parquet",
        "missing",
        "Rows",
        "repeated",
        "In continuous trading",
        "by phase",
        "crossed",
        "longest gap",
    ):
        assert words in output.out
    assert output.out.count(" FAB ") == output.out.count(" EMAAR ") == 7  # the long name leaves room for half of them
    assert max(map(len, output.out.splitlines())) <= 80
    assert "4 hours early, as if in UTC." in " ".join(output.out.split())
    assert output.out.splitlines()[-1].startswith(
        "data/parquet: 3 securities, 9,006 ticks, 2025-01-12 to 2025-01-13; 13 warnings"
    )


def test_a_security_that_is_named_is_shown_in_full(desk: Path) -> None:
    output = to_pipe("inspect", "fab", cwd=desk)
    labels = [line[:24].strip() for line in output.out.splitlines() if line.startswith("  ") and line[2] != " "]
    assert output.out.startswith("FAB (ADX)\n")
    assert labels[:5] == ["ticks", "time", "hours", "days", "longest gap"]
    said = " ".join(output.out.split())
    assert "14:55:01.000 (Asia/Dubai) hours pre-open 09:30-10:00, continuous 10:00-14:45, closing auction" in said
    assert {"ticks by phase", "crossed book", "locked book", "prints off the touch", "off the tick grid"} <= set(labels)
    assert max(map(len, output.out.splitlines())) <= 80


@pytest.mark.parametrize("words", [("fab,EMAAR",), ("fab", "EMAAR"), ("fab, ", "EMAAR,fab")])
def test_securities_are_named_with_commas_or_apart(desk: Path, words: tuple[str, ...]) -> None:
    assert list(json.loads(to_pipe("inspect", *words, "--json", cwd=desk).out)["securities"]) == ["EMAAR", "FAB"]
    assert to_pipe("inspect", ",", cwd=desk).status == 2


def test_the_json_has_the_counts(desk: Path) -> None:
    printed: dict[str, Any] = json.loads(to_pipe("inspect", "FAB", "--json", cwd=desk).out)
    counted, expected = printed["securities"]["FAB"], plain_counts(random_ticks(1), facts_of("ADX"))
    assert counted["first"] == f"2025-01-12T{dt.timedelta(seconds=expected['first'] // SECOND % 86_400)!s:0>8}.000"
    assert counted["types"] == {"BID": expected["bids"], "ASK": expected["asks"], "TRADE": expected["trades"]}
    for ours, theirs in (("steps_back", "steps_back"), ("repeated", "repeated"), ("off_tick_grid", "off_grid")):
        assert counted[ours] == expected[theirs]
    phases = {name: {"ticks": ticks, "prints": prints} for name, (ticks, prints) in expected["phases"].items()}
    assert (counted["time_zone"], counted["phases"]) == ("Asia/Dubai", phases)
    session = counted["session"]
    assert session["crossed_events"] == expected["crossed_events"]
    assert session["crossed_seconds"] == pytest.approx(expected["crossed"] / 1e9)
    assert session["prints_outside_touch"] == expected["prints_outside"]


def test_warnings_are_the_exit_status_only_when_that_is_asked_for(desk: Path) -> None:
    usual, strict = (to_pipe("inspect", *more, cwd=desk) for more in ([], ["--strict"]))
    assert (usual.status, strict.status) == (0, 1)
    assert usual.out == strict.out
    printed = json.loads(to_pipe("inspect", "--strict", "--json", cwd=desk).out)
    assert (printed["exit_status"], printed["error"], printed["failed"]) == (1, None, {})
    assert [text for text in printed["warnings"] if "4 hours early" in text]


def test_of_the_sample_nothing_is_warned_of_but_its_rejects_and_without_them_strict_is_content(tmp_path: Path) -> None:
    assert to_pipe("sample", "data/raw/ticks.xlsx", cwd=tmp_path).status == 0
    assert to_pipe("convert", cwd=tmp_path).status == 0
    output = to_pipe("inspect", "--strict", "--json", cwd=tmp_path)
    assert output.status == 1
    assert [text[:41] for text in json.loads(output.out)["warnings"]] == ["SPINNEYS: rejected rows: 4 of 12,005 (1 p"]
    output = to_pipe("inspect", "--strict", "FAB", "MODON", "EMAAR", cwd=tmp_path)
    assert output.status == 0, output.out
    assert output.out.endswith(", no warnings\n")
