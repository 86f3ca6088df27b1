"""The check of speed: what got slower by more than 30 % fails it, and nothing else does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.benchmarks.ratios import BadRatios, judge, read_ratios, write_ratios

CHECK: Final = Path(__file__).with_name("check.py")
KEPT: Final = Path(__file__).with_name("kept_ratios.json")


@pytest.mark.parametrize(
    ("measured", "kept", "fails", "word"),
    [
        (1.0, 1.0, False, ""),
        (1.29, 1.0, False, ""),
        (1.31, 1.0, True, "SLOWER"),
        (0.9, 0.5, True, "SLOWER"),
        (0.8, 1.0, False, ""),
        (0.5, 1.0, False, "faster: --keep it"),
    ],
)
def test_beyond_thirty_percent_is_slower(measured: float, kept: float, fails: bool, word: str) -> None:  # noqa: FBT001
    (verdict,) = judge({"convert": measured}, {"convert": kept})
    assert (verdict.fails, verdict.word) == (fails, word)


@pytest.mark.parametrize("kept", [{}, {"convert": 1.0, "sweep": 1.0}, {"sweep": 1.0}])
def test_what_is_not_measured_or_not_kept_is_never_passed_over(kept: dict[str, float]) -> None:
    with pytest.raises(BadRatios, match="--keep"):
        judge({"convert": 1.0}, kept)


def test_ratios_are_read_as_they_were_kept(tmp_path: Path) -> None:
    write_ratios(tmp_path / "kept.json", {"convert": 0.12345, "loop": 12.345}, "a machine")
    assert read_ratios(tmp_path / "kept.json") == {"convert": 0.123, "loop": 12.3}


@pytest.mark.parametrize(
    "text", ["", "{}", '{"ratios": 3}', '{"ratios": {"convert": "x"}}', '{"ratios": {"convert": 0}}']
)
def test_kept_ratios_that_are_none_are_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "kept.json").write_text(text)
    with pytest.raises(BadRatios, match=r"kept\.json"):
        read_ratios(tmp_path / "kept.json")


def test_the_kept_ratios_can_be_read() -> None:
    assert len(read_ratios(KEPT)) > 10


@pytest.mark.slow
def test_the_check_fails_for_the_one_thing_that_got_slower(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    assert check(kept, "--keep").returncode == 0
    ratios = json.loads(kept.read_text())
    ratios["ratios"] = dict.fromkeys(ratios["ratios"], 1e6)
    kept.write_text(json.dumps(ratios))
    two = ("--only", "inspect", "--only", "convert, nothing changed")
    assert check(kept, *two).returncode == 0
    ratios["ratios"]["inspect"] = 1e-6
    kept.write_text(json.dumps(ratios))
    done = check(kept, *two)
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines() if "SLOWER" in line] == ["inspect"]
    assert check(kept, "--keep", "--only", "inspect").returncode == 0
    anew = read_ratios(kept)
    assert 1e-3 < anew.pop("inspect") < 1e3
    assert set(anew.values()) == {1e6}


def check(kept: Path, *more: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, str(CHECK), "--rows", "400", "--runs", "1", "--kept", str(kept), *more]
    return subprocess.run(words, capture_output=True, text=True, check=False)
