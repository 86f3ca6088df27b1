"""docs/use/compare.md: its commands and its notebook run as printed, and it names every key of the JSON object."""

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

from tests.made import make_store

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "use" / "compare.md").read_text(encoding="utf-8")


def python(*words: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Run the printed commands in a folder with ticks where they are looked for; return it and what was said last."""
    folder = tmp_path_factory.mktemp("desk")
    make_store(folder / "data" / "parquet")
    commands = re.findall(r"^python (-m pipeline .*)$", PAGE, flags=re.MULTILINE)
    assert len(commands) == 3
    return folder, [python(*shlex.split(command), cwd=folder) for command in commands][-1]


def keys(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def test_the_commands_run_as_printed_and_show_the_tables_in_the_order_of_the_page(desk: tuple[Path, str]) -> None:
    _, printed_text = desk
    assert re.search(r"refill_interval_sec +all +\d+\.0 +30\.0", printed_text)
    titles = re.findall(r"^\| ([A-Z][^|]*?) \|", PAGE, flags=re.MULTILINE)
    places = [printed_text.index(f"{title}") for title in titles]
    assert len(places) == 6
    assert places == sorted(places)


def test_the_notebook_runs_as_printed(desk: tuple[Path, str]) -> None:
    folder, _ = desk
    [block] = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    assert python("-c", block, cwd=folder).count("Figures(") == 3


def test_every_key_of_the_json_object_is_named(desk: tuple[Path, str]) -> None:
    folder, _ = desk
    printed = json.loads(python("-m", "pipeline", "compare", "v1_baseline", "refill_30", "--json", cwd=folder))
    section = PAGE.split("\n## As JSON\n")[1].split("\n## ")[0]
    for key in {*keys(printed)} - {"FAB", "EMAAR", "MODON"}:
        assert f"`{key}`" in section
