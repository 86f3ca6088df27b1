"""The fuzzers' kept inputs: each is stood again, and each fuzzer still works; ten minutes each are run by hand."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.settings import read_json
from tests.hostile.fuzz_config import TARGET as CONFIG
from tests.hostile.fuzz_sweep import TARGET as SWEEP
from tests.hostile.fuzz_workbook import TARGET as WORKBOOK
from tests.hostile.fuzz_workbook import archive_of, text_of
from tests.hostile.fuzzing import Target, fails, mutated, seed_files

ROOT = Path(__file__).parents[2]
TARGETS = [WORKBOOK, CONFIG, SWEEP]


def fuzzed(target: Target, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a fuzzer in a process of its own: a hang or a crash ends that, not the tests."""
    command = [sys.executable, "-m", f"tests.hostile.fuzz_{target.name}", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=120)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_every_kept_input_is_stood(target: Target) -> None:
    assert len(target.seeds) >= 5
    done = fuzzed(target, "--seeds")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_fuzzer_finds_nothing_in_two_thousand_inputs(target: Target, tmp_path: Path) -> None:
    done = fuzzed(target, "--inputs", "2000", "--seed", "11", "--keep", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "; 0 bad" in done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_the_same_seed_gives_the_same_inputs(target: Target) -> None:
    first, again = ([mutated(random.Random(3), target.seeds, target.words)] for _ in range(2))  # noqa: S311
    assert first == again
    chance = random.Random(3)  # noqa: S311
    assert len({mutated(chance, target.seeds, target.words) for _ in range(50)}) > 40


def test_a_fuzzer_would_see_a_failure() -> None:
    def broken(data: bytes) -> None:
        assert b"<v>" not in data

    assert "AssertionError" in fails(broken, b"<v>")
    assert fails(broken, b"") == ""


def test_archives_are_among_the_inputs_and_not_texts_alone() -> None:
    assert {path.suffix for path in seed_files("workbook")} == {".txt", ".zip"}


def test_an_archive_and_the_text_of_its_parts_are_one() -> None:
    for path in seed_files("workbook"):
        archive = archive_of(path.read_bytes())
        assert archive.startswith(b"PK")
        assert archive_of(text_of(archive)).startswith(b"PK")
        assert text_of(archive_of(text_of(archive))) == text_of(archive)


def test_a_config_of_a_hundred_thousand_entries_is_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text("{" + ",".join(f'"T{n}": {{}}' for n in range(100_000)) + "}")
    assert len(read_json(path)) == 100_000
