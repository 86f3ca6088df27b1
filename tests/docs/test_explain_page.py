"""The page of explain: its commands print what it prints, and it names every rule and every key of the JSON objects."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from pipeline.tracing import rules, strategy_reasons

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "use" / "explain.md").read_text(encoding="utf-8")
BLOCKS: Final = re.findall(r"^```\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
HOURS: Final = {"auction": "14:55", "close": "14:45", "latency": "…", "queue": "…", "power": "N"}


def python(*words: str, cwd: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, encoding="utf-8", check=False, cwd=cwd, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    assert "make demo\n" in BLOCKS[0]
    python("-m", "pipeline", "demo", cwd=folder)
    return folder


@pytest.mark.slow
def test_a_ladder_is_made_and_explained_as_printed(desk: Path) -> None:
    commands, printed = BLOCKS[6:8]
    *first, last = re.findall(r"^python (-m pipeline .*)$", commands, flags=re.MULTILINE)
    for command in first:
        quick = " --no-sensitivity --no-report --securities FAB" if "backtest" in command else ""
        python(*shlex.split(command + quick), cwd=desk)
    assert python(*shlex.split(last), cwd=desk) == printed
    moment = last.replace("--fill 130", "--at 2025-01-08T11:40:05 --side buy")
    for words in (last, moment):
        explanation = json.loads(python(*shlex.split(words), "--json", cwd=desk))
        assert keys_not_named(explanation) == []
    assert [order["order"]["price"] for order in explanation["orders"]][:2] == [13.94, 13.92]


@pytest.mark.parametrize("block", [0, 2, 4])
def test_a_command_prints_what_stands_below_it(desk: Path, block: int) -> None:
    [command] = re.findall(r"^python (-m pipeline .*)$", BLOCKS[block], flags=re.MULTILINE)
    assert python(*shlex.split(command), cwd=desk) == BLOCKS[block + 1]


def test_every_rule_stands_in_the_table_word_by_word_and_no_other() -> None:
    known = [
        *rules.RULES.values(),
        *strategy_reasons.PLACING.values(),
        *strategy_reasons.STOP,
        *strategy_reasons.OF_TRADE.values(),
    ]
    wanted = {(reason.section.format(**HOURS), reason.text.format(**HOURS)) for reason in known}
    section = PAGE.split("\n## The rules\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")][1:]
    assert {tuple(row) for row in rows} == wanted


def keys(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            if key not in ("details", "memory", "figures"):
                yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


@pytest.mark.parametrize(
    "command",
    [
        "show FAB --run demo",
        "show FAB --run demo --fills",
        "explain FAB --fill 87 --run demo --parquet-dir data/sample/parquet",
        "explain FAB --fill 93 --run demo --parquet-dir data/sample/parquet",
        "explain FAB --at 2025-01-07T14:27:23 --side buy --run demo --parquet-dir data/sample/parquet",
    ],
)
def test_every_key_of_the_json_objects_is_named(desk: Path, command: str) -> None:
    assert keys_not_named(json.loads(python("-m", "pipeline", *command.split(), "--json", cwd=desk))) == []


def keys_not_named(explanation: object) -> list[str]:
    section = PAGE.split("\n## As JSON\n")[1].split("\n## ")[0]
    of_every_verb = {"command", "error", "exit_status", "failed", "warnings"}
    return [key for key in sorted({*keys(explanation)} - of_every_verb) if f"`{key}`" not in section]


def test_the_notebook_runs_as_printed(desk: Path) -> None:
    [block] = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    *lines, last = block.strip().splitlines()
    assert python("-c", "\n".join([*lines, f"print({last})"]), cwd=desk).startswith("1002 2119 ")
