"""Every command that README.md and docs/ print runs as it is printed, on the synthetic workbook."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = {
    page.relative_to(ROOT).as_posix(): page for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))
}
REFERENCE: Final = "docs/reference/commands.md"
"""Its commands run as printed in tests/docs/test_commands_page.py."""

COMMANDS: Final = ("make", "python", "py", "pipeline", "pip", "dask", ".venv")

ELSEWHERE: Final = {
    r"make test.*|make check|make coverage": ("tests/test_house.py", "This run is one."),
    r"make (setup|setup-dev|lock|bench-check|audit).*": (
        ".ci/run",
        "They need the network, or measure; the first starts every run of CI.",
    ),
    r"(py|\.venv\\Scripts\\python) .*": (".ci/run", "Windows; `make setup` is the same two lines elsewhere."),
    r"python tests/benchmarks/.*": ("tests/benchmarks/targets.py", "Measurements, on workbooks of the reader's own."),
    r".*benchmark .*--scale.*": ("tests/bench/test_scale.py", "It takes minutes; there it does with small numbers."),
    r"pip install .*": (".ci/run", "The extras are in the lock file, which CI installs."),
    r"dask (scheduler|worker) .*|.* --backend dask .*": ("tests/replay/test_cluster.py", "A cluster on loopback."),
    r".* --backend ray .*": ("tests/replay/test_cluster.py", "Where Ray is installed."),
    r".*s3://.*": ("tests/test_bucket.py", "A bucket on loopback."),
}
"""Commands that do not run here, where they do, and why."""


def commands_of(page: Path) -> list[str]:
    """Return the commands in the code blocks of a page, lines that go on joined."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    lines = (
        "\n".join(block for language, block in blocks if language in ("", "console", "bash", "sh", "shell"))
        .replace("\\\n", " ")
        .splitlines()
    )
    commands = [re.sub(r"^\$ |\s+# .*$", "", line.strip()) for line in lines]
    return [line for line in commands if line.split(" ")[0].split("\\")[0] in COMMANDS]


def runs_elsewhere(command: str) -> bool:
    return any(re.fullmatch(pattern, command) for pattern in ELSEWHERE)


def files_of(page: Path) -> dict[str, str]:
    """Return the files a page prints whole, by the name that stands before each."""
    text = page.read_text(encoding="utf-8")
    return dict(re.findall(r"`([\w/]+\.\w+)`:\n\n```\w+\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, loops: Path) -> Path:  # noqa: ARG001 - compiled loops are shared
    """Make a folder as a fresh clone is after `make setup`, with a workbook converted and the first runs made."""
    folder = tmp_path_factory.mktemp("clone")
    for name in ("Makefile", "pyproject.toml", "uv.lock", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "configs", folder / "configs")
    (folder / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    (folder / "data" / "raw").mkdir(parents=True)
    for command in (
        "python -m pipeline sample data/raw/ticks.xlsx",
        "make convert",
        "make backtest",
        'make backtest ARGS="--output-dir output/refill_30 --set refill_interval_sec=30"',
    ):
        run(command, folder)
    for page in PAGES.values():
        for name, content in files_of(page).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content, encoding="utf-8")
    return folder


def run(command: str, folder: Path) -> None:
    """Run one command line as a reader's shell would, without what `make setup` would install anew."""
    words = shlex.split(command, comments=True)
    if words[0] == "make":
        words[1:1] = ["-o", "setup", "-o", ".venv/.ready", "-o", "setup-dev"]
    elif words[0] in ("python", "pipeline"):
        words[:1] = [sys.executable] if words[0] == "python" else [sys.executable, "-m", "pipeline"]
    # A reader's make is not inside another, whose ARGS it would take.
    environment = {name: value for name, value in os.environ.items() if name not in ("ARGS", "MAKEFLAGS", "MAKELEVEL")}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=folder, env=environment)
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name for name, page in sorted(PAGES.items()) if commands_of(page) if name != REFERENCE]
)
def test_every_command_of_a_page_runs_as_printed(name: str, project: Path) -> None:
    ran = [command for command in commands_of(PAGES[name]) if not runs_elsewhere(command)]
    for command in ran:
        run(command, project)
    assert ran or all(runs_elsewhere(command) for command in commands_of(PAGES[name]))


@pytest.mark.parametrize("pattern", ELSEWHERE)
def test_what_runs_elsewhere_is_still_printed_and_has_its_place(pattern: str) -> None:
    printed = [command for page in PAGES.values() for command in commands_of(page)]
    optional = pattern.startswith("make (")
    assert optional or any(re.fullmatch(pattern, command) for command in printed)
    assert (ROOT / ELSEWHERE[pattern][0]).exists()
