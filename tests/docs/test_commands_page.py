"""The commands page: every verb, option and key is named, none that there is not, and every example runs as printed."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline.conversion.sample import write_sample
from pipeline.options import SHARED
from tests.docs.generated import COMMANDS, DOCS
from tests.forked import pipeline

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (DOCS / "reference" / "commands.md").read_text(encoding="utf-8")
SECTIONS: Final = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL))
EVERY: Final = "What every verb takes"

PAGE_EXAMPLES: Final = [line for line in PAGE.splitlines() if line.startswith("pipeline ")]
EXAMPLES: Final = list(dict.fromkeys([*PAGE_EXAMPLES, *(command.example for command in COMMANDS.values())]))


def named(text: str) -> set[str]:
    """Return what the tables' first columns name."""
    firsts = re.findall(r"^\| (.*?) \|", text, flags=re.MULTILINE)
    return {word for first in firsts for word in re.findall(r"`([^`]+)`", first)}


def test_the_page_has_a_section_for_each_verb_and_no_other() -> None:
    assert list(SECTIONS) == [EVERY, *COMMANDS]
    for verb in COMMANDS:
        assert f"[{verb}](#{verb})" in PAGE


def test_the_options_of_every_verb_are_named() -> None:
    assert {f"--{name}" for name in SHARED} | {"--help"} <= named(SECTIONS[EVERY])


@pytest.mark.parametrize("name", COMMANDS)
def test_a_verb_has_one_example_that_is_on_the_page(name: str) -> None:
    assert COMMANDS[name].example in PAGE_EXAMPLES
    assert len(f"Example: {COMMANDS[name].example}") <= 80


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with a workbook where it is looked for, and with the desk's own fills."""
    folder = tmp_path_factory.mktemp("desk")
    write_sample(folder / "data" / "raw" / "ticks.xlsx", days=2, rows=400)
    (folder / "desk").mkdir()
    fills = "time,security,side,price,quantity\n2025-01-06 10:00:05,FAB,buy,14,100\n"
    (folder / "desk" / "fills.csv").write_text(fills)
    return folder


def run(example: str, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    program, *words = shlex.split(example)
    assert program == "pipeline"
    environment = dict(os.environ)
    if "clean-cache" in words:  # not that of the other tests
        environment["PIPELINE_CACHE_DIR"] = str(folder / "cache")
    return pipeline(*words, *more, cwd=folder, environment=environment)


def keys(value: object, *, deep: bool) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            if deep:
                yield from keys(inner, deep=True)
    elif isinstance(value, list) and deep:
        for inner in value:
            yield from keys(inner, deep=True)


@pytest.fixture(scope="module")
def ran(desk: Path) -> dict[str, subprocess.CompletedProcess[str]]:
    """Run every example once, in the order of the page, on synthetic ticks."""
    return {example: run(example, desk) for example in EXAMPLES}


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_runs_as_printed(ran: dict[str, Any], example: str) -> None:
    done = ran[example]
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr


NAMES_OF_THINGS: Final = re.compile(r"[A-Z]+|classic|strict|\S+=\S+|.*\s.*|refill_interval_sec")
"""Tickers, types, execution models, rules and parameters stand as keys, and are not the page's to name."""


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("benchmark", "validate")])
def test_every_key_of_a_verbs_json_is_named(ran: dict[str, Any], desk: Path, name: str) -> None:
    assert ran
    for written in (desk / "desk").glob("my_strategy.*"):  # by the example before: nothing is written over
        written.unlink()
    done = run(COMMANDS[name].example, desk, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    printed = json.loads(done.stdout)
    assert json.dumps(printed, sort_keys=True) + "\n" == done.stdout
    common = {"command", "error", "exit_status", "failed", "warnings"}
    assert common <= printed.keys()
    assert (printed["command"], printed["error"], printed["exit_status"], printed["failed"]) == (name, None, 0, {})
    for key in common:
        assert f"`{key}`" in SECTIONS[EVERY]
    for key in {
        *keys(
            {key: printed[key] for key in printed.keys() - common},
            deep=name not in ("demo", "compare", "show", "explain", "reconcile"),
        )
    }:
        if not NAMES_OF_THINGS.fullmatch(key):
            assert f"`{key}`" in SECTIONS[name], key
