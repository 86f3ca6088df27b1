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
    one = random_ticks(5)
    late = Ticks(one.timestamp - 4 * HOUR, one.kind, one.price, one.volume)
    write(folder / "data" / "parquet", "AVERYLONGTICKEROFFORTYCHARACTERSORMORE-12", late)
    return folder


def test_the_tables_have_every_security_and_stay_within_80_columns(desk: Path) -> None:
    said = to_pipe("inspect", cwd=desk)
    assert (said.status, said.err) == (0, "")
    for words in ("Ticks in data/parquet", "missing", "Rows", "repeated", "In the session", "crossed", "longest gap"):
        assert words in said.out
    assert said.out.count(" FAB ") == said.out.count(" EMAAR ") == 6  # the long name leaves room for half of them
    assert max(map(len, said.out.splitlines())) <= 80
    assert "4 hours early, as if in UTC." in " ".join(said.out.split())
    assert said.out.splitlines()[-1].startswith(
        "data/parquet: 3 securities, 9,006 ticks, 2025-01-12 to 2025-01-13; 13 warnings"
    )


def test_a_security_that_is_named_is_shown_in_full(desk: Path) -> None:
    said = to_pipe("inspect", "fab", cwd=desk)
    labels = [line[:24].strip() for line in said.out.splitlines() if line.startswith("  ") and line[2] != " "]
    assert said.out.startswith("FAB (ADX)\n")
    assert labels[:4] == ["ticks", "time", "days", "longest gap"]
    assert {"crossed book", "locked book", "prints off the touch", "off the tick grid"} <= set(labels)
    assert max(map(len, said.out.splitlines())) <= 80


def test_the_json_has_the_counts(desk: Path) -> None:
    told: dict[str, Any] = json.loads(to_pipe("inspect", "FAB", "--json", cwd=desk).out)
    found, expected = told["securities"]["FAB"], plain_counts(random_ticks(1), facts_of("ADX"))
    assert found["first"] == f"2025-01-12T{dt.timedelta(seconds=expected['first'] // SECOND % 86_400)!s:0>8}.000"
    assert found["types"] == {"BID": expected["bids"], "ASK": expected["asks"], "TRADE": expected["trades"]}
    for ours, theirs in (("steps_back", "steps_back"), ("repeated", "repeated"), ("off_tick_grid", "off_grid")):
        assert found[ours] == expected[theirs]
    session = found["session"]
    assert session["crossed_events"] == expected["crossed_events"]
    assert session["crossed_seconds"] == pytest.approx(expected["crossed"] / 1e9)
    assert session["prints_outside_touch"] == expected["prints_outside"]


def test_warnings_are_the_exit_status_only_when_that_is_asked_for(desk: Path) -> None:
    usual, strict = (to_pipe("inspect", *more, cwd=desk) for more in ([], ["--strict"]))
    assert (usual.status, strict.status) == (0, 1)
    assert usual.out == strict.out
    told = json.loads(to_pipe("inspect", "--strict", "--json", cwd=desk).out)
    assert (told["exit_status"], told["error"], told["failed"]) == (1, None, {})
    assert [one for one in told["warnings"] if "4 hours early" in one]


def test_of_the_sample_nothing_is_warned_of_but_its_rejects_and_without_them_strict_is_content(tmp_path: Path) -> None:
    assert to_pipe("sample", "data/raw/ticks.xlsx", cwd=tmp_path).status == 0
    assert to_pipe("convert", cwd=tmp_path).status == 0
    said = to_pipe("inspect", "--strict", "--json", cwd=tmp_path)
    assert said.status == 1
    assert [one[:41] for one in json.loads(said.out)["warnings"]] == ["SPINNEYS: rejected rows: 4 of 12,005 (1 p"]
    said = to_pipe("inspect", "--strict", "FAB", "MODON", "EMAAR", cwd=tmp_path)
    assert said.status == 0, said.out
    assert said.out.endswith(", no warnings\n")
