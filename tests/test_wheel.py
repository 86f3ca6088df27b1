"""The wheel, in an environment that has what it declares and nothing else, does everything in an empty folder."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import venv
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.requirements import Requirement

ROOT: Final = Path(__file__).parents[1]
CONFIGS: Final = sorted(file.relative_to(ROOT).as_posix() for file in (ROOT / "configs").rglob("*.json"))

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="the environment is made of links")]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    [made] = folder.iterdir()
    return made


def needed(wheel: Path) -> set[str]:
    """Return the names of all that the wheel declares and what that declares in turn, extras aside."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        wanted = re.findall(r"^Requires-Dist: (.*)$", archive.read(name).decode(), flags=re.MULTILINE)
    found: set[str] = set()
    while wanted:
        one = Requirement(wanted.pop())
        if one.name not in found and (one.marker is None or one.marker.evaluate({"extra": ""})):
            found.add(one.name)
            wanted += metadata.requires(one.name) or []
    return found


@pytest.fixture(scope="module")
def bare(wheel: Path, loops: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an environment of the wheel and of links to what it needs, a user's home as well; return its `pipeline`."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, symlinks=True)
    scripts = folder / "bin"
    pip = [sys.executable, "-m", "pip", "--python", scripts / "python", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "--no-index", "--no-deps", wheel], check=True)
    [libraries] = folder.glob("lib/python*/site-packages")
    for name in needed(wheel):
        of_one = metadata.distribution(name)
        for top in {file.parts[0] for file in of_one.files or ()} - {"..", "__pycache__"}:
            (libraries / top).symlink_to(Path(str(of_one.locate_file(top))))
    cache = folder / ".cache" / "tick-pipeline"
    cache.mkdir(parents=True)
    (loops / "loops").mkdir(parents=True, exist_ok=True)
    (cache / "loops").symlink_to(loops / "loops", target_is_directory=True)
    return scripts / "pipeline"


def run(program: Path, folder: Path, words: str) -> dict[str, Any]:
    """Run a command in a folder as a user would who has the wheel alone; return what it says as JSON."""
    taken = ("PATH", "LANG", "SYSTEMROOT", "OPENBLAS_CORETYPE")
    environment = {name: os.environ[name] for name in taken if name in os.environ}
    environment["HOME"] = str(program.parents[1])
    done = subprocess.run(
        [program, *words.split(), "--json"], capture_output=True, text=True, check=False, cwd=folder, env=environment
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.fixture(scope="module")
def desk(bare: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the demo in an empty folder."""
    folder = tmp_path_factory.mktemp("desk")
    told = run(bare, folder, "demo")
    assert list(told["backtest"]["securities"]) == ["EMAAR", "FAB", "MODON", "SPINNEYS"]
    return folder


def test_it_goes_the_whole_way_where_there_is_nothing_else(bare: Path, desk: Path) -> None:
    parquet = "--parquet-dir data/sample/parquet"
    assert run(bare, desk, f"backtest {parquet}")["total"]["fills"] > 0
    assert run(bare, desk, f"sweep configs/sweeps/v1_baseline.json {parquet}")["settings"] == 50
    assert (desk / run(bare, desk, "report v1_baseline")["report"]).is_file()
    assert run(bare, desk, f"explain FAB --fill 1 {parquet}")["number"] == 1
    assert run(bare, desk, f"validate {parquet}")["checks"]
    assert sorted(one.name for one in desk.iterdir()) == ["data", "output"]


def test_init_writes_what_is_shipped_and_what_is_edited_comes_first(bare: Path, desk: Path, tmp_path: Path) -> None:
    backtest = f"backtest --parquet-dir {desk / 'data' / 'sample' / 'parquet'}"
    shipped = {name: (ROOT / name).read_bytes() for name in CONFIGS}
    assert run(bare, tmp_path, "init")["written"] == CONFIGS
    assert {name: (tmp_path / name).read_bytes() for name in CONFIGS} == shipped
    edited, removed = tmp_path / "configs" / "v1_baseline.json", tmp_path / "configs" / "markets" / "ADX.json"
    edited.write_text('{"_defaults": {"max_position": 0}}', encoding="utf-8")
    removed.unlink()
    assert run(bare, tmp_path, backtest)["total"]["fills"] == 0
    again = run(bare, tmp_path, "init")
    assert again["written"] == ["configs/markets/ADX.json"]
    assert again["left"] == [name for name in CONFIGS if name not in again["written"]]
    assert edited.read_text(encoding="utf-8") == '{"_defaults": {"max_position": 0}}'


def test_what_an_index_shows_leads_nowhere_that_is_not_there(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        [told] = [archive.read(name).decode() for name in archive.namelist() if name.endswith("/METADATA")]
    assert "Classifier: Typing :: Typed" in told
    assert len(told) > 2_000
    assert re.findall(r"\]\((?!https://)[^)]*\)", told) == []
