"""Kept machine code: found again, compiled again when damaged, never an answer with old code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline.engine import compiled
from pipeline.native import codecache
from pipeline.native.codecache import Code
from pipeline.replay.simulate import CLASSIC
from pipeline.store.cached_file import ABANDONED_AFTER_SECONDS
from tests.engine.replays import HEADER, bits, random_ticks, strategy_of
from tests.engine.replays import compiled as run_compiled

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT: Final = Path(__file__).parents[2]

OWN: Final = """\
class Own(Strategy):
    price: float = 0.0

    def on_tick(self, m):
        self.price += m.price
        if m.bid_size > 0:
            m.quote_bid(m.bid, 50)
"""

IN_A_PROCESS: Final = """
import json, os, sys
from pipeline.replay.simulate import CLASSIC
from tests.engine.replays import compiled, plain, random_ticks
from pipeline.strategies.loading.load import load_strategy
compilations = []
import pipeline.engine.compiled as engine
strategy = load_strategy(sys.argv[1])
engine.compiled_replay(strategy, CLASSIC.fields(), compilations.append)
fast, slow = compiled(strategy, random_ticks(50)), plain(strategy, random_ticks(50))
print(json.dumps({
    "compiled": compilations,
    "fast": {name: value for name, value in fast.final.items() if name.startswith("s_")},
    "slow": {name: value for name, value in slow.final.items() if name.startswith("s_")},
}))
"""

WALKS_IN_A_PROCESS: Final = """
import json, sys
from pipeline.replay.batch import prepare
from pipeline.strategies.loading.load import load_strategy
from tests.engine.replays import random_ticks
from tests.engine.walks import settings_of, together
compilations = []
strategy = load_strategy(sys.argv[1])
prepare(strategy, "compiled", compilations.append)
found = together(random_ticks(80), strategy, settings_of(strategy, [{"size": size} for size in (10, 50)]))
print(json.dumps({
    "compiled": compilations,
    "found": [{name: str(value) for name, value in one.items()} for one in found],
}))
"""


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep loops in a folder of this test alone."""
    monkeypatch.setenv("PIPELINE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "loops"


def in_a_process(strategy: Path, text: str = IN_A_PROCESS, **environment: str) -> dict[str, Any]:
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", text, str(strategy)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=inherited | {"PYTHONPATH": f"{strategy.parent}{os.pathsep}{ROOT}"} | environment,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def forget() -> None:
    """Let this process look at the disk again, as a new one would."""
    compiled.loaded.clear()


def test_a_second_process_finds_the_code(own_folder: Path, tmp_path: Path) -> None:
    strategy_of(tmp_path, OWN)
    first, second = in_a_process(tmp_path / "own.py"), in_a_process(tmp_path / "own.py")
    assert (first["compiled"], second["compiled"]) == (["Own"], [])
    assert first["fast"] == second["fast"]
    assert [file.suffix for file in own_folder.iterdir()] == [".loop"]


@pytest.mark.slow
def test_a_second_process_finds_the_walk_and_makes_a_damaged_one_anew(own_folder: Path, tmp_path: Path) -> None:
    body = OWN.replace("    price:", "    size: Shares = parameter(50)\n    price:").replace(
        "m.bid, 50", "m.bid, self.size"
    )
    strategy_of(tmp_path, body)
    first, second = (in_a_process(tmp_path / "own.py", WALKS_IN_A_PROCESS) for _ in range(2))
    assert (first["compiled"], second["compiled"]) == (["Own"], [])
    (loop_file,) = own_folder.iterdir()
    loop_file.write_bytes(DAMAGES["a flipped byte in the code"](loop_file.read_bytes()))
    third, fourth = (in_a_process(tmp_path / "own.py", WALKS_IN_A_PROCESS) for _ in range(2))
    assert (third["compiled"], fourth["compiled"]) == (["Own"], [])
    assert first["found"] == second["found"] == third["found"] == fourth["found"]
    assert first["found"][0] != first["found"][1]


DAMAGES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "a flipped byte in the code": lambda raw: raw[:-900] + bytes([raw[-900] ^ 1]) + raw[-899:],
    "a flipped byte in the digest": lambda raw: bytes([raw[0] ^ 1]) + raw[1:],
    "cut short": lambda raw: raw[: len(raw) // 2],
    "emptied": lambda _raw: b"",
    "a digest and no more": lambda raw: raw[:32],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_not_taken(damage: str, own_folder: Path) -> None:
    codecache.write("a" * 64, Code("loop", bytes(range(256)) * 8))
    file = own_folder / f"{'a' * 64}.loop"
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    assert codecache.read("a" * 64) is None


@pytest.mark.slow
def test_a_flat_file_with_a_flipped_byte_or_cut_short_is_compiled_again(own_folder: Path, tmp_path: Path) -> None:
    strategy = strategy_of(tmp_path, OWN)
    forget()
    whole = bits(run_compiled(strategy, random_ticks()))
    (loop_file,) = own_folder.iterdir()
    for damage in ("a flipped byte in the code", "cut short"):
        loop_file.write_bytes(DAMAGES[damage](loop_file.read_bytes()))
        forget()
        compilations: list[str] = []
        compiled.compiled_replay(strategy, CLASSIC.fields(), compilations.append)
        assert compilations == ["Own"]
        assert bits(run_compiled(strategy, random_ticks())) == whole
        assert codecache.read(loop_file.stem) is not None


def test_a_file_under_another_key_is_not_taken(own_folder: Path) -> None:
    codecache.write("a" * 64, Code("loop", b"\x7fELF"))
    (own_folder / f"{'a' * 64}.loop").rename(own_folder / f"{'b' * 64}.loop")
    assert codecache.read("b" * 64) is None
    codecache.write("a" * 64, Code("loop", b"\x7fELF"))
    assert codecache.read("a" * 64) == Code("loop", b"\x7fELF")


A_CONSTANT: Final = "a constant imported by name"
EDITS: Final = {
    # what the neighbour says at first, what it says later; the strategy reads it as told
    A_CONSTANT: ("from house import STEP", "STEP", "int", "0", "STEP = 2", "STEP = 3"),
    "where memory starts": ("import house", "2", "int", "house.START", "START = 100", "START = 200"),
    "a kind imported by name": ("from house import Kind", "2", "Kind", "0", "Kind = int", "Kind = float"),
}


@pytest.mark.parametrize("edit", [A_CONSTANT, *(pytest.param(edit, marks=pytest.mark.slow) for edit in [*EDITS][1:])])
def test_an_edited_neighbour_gives_new_code(edit: str, own_folder: Path, tmp_path: Path) -> None:
    imported, step, kind, start, before, after = EDITS[edit]
    body = f"""\
        {imported}

        class Own(Strategy):
            steps: {kind} = {start}

            def on_tick(self, m):
                self.steps += {step}
        """
    (tmp_path / "own.py").write_text(HEADER + textwrap.dedent(body), encoding="utf-8")
    neighbour = tmp_path / "house.py"
    neighbour.write_text(before, encoding="utf-8")
    first = in_a_process(tmp_path / "own.py", PYTHONDONTWRITEBYTECODE="1")
    neighbour.write_text(after, encoding="utf-8")
    second = in_a_process(tmp_path / "own.py", PYTHONDONTWRITEBYTECODE="1")
    assert first["fast"] == first["slow"]
    assert second["fast"] == second["slow"]
    assert second["compiled"] == ["Own"]
    assert len(list(own_folder.iterdir())) == 2


@pytest.mark.slow
def test_an_edit_that_keeps_size_and_time_of_modification_is_seen(own_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    text = HEADER + "class Own(Strategy):\n    n: int = 0\n\n    def on_tick(self, m):\n        self.n += 2\n"
    for number, step in enumerate(("2", "3"), start=1):
        file.write_text(text.replace("+= 2", f"+= {step}"), encoding="utf-8")
        os.utime(file, (1_700_000_000, 1_700_000_000))
        report = in_a_process(file)
        assert report["fast"] == report["slow"]
        assert report["compiled"] == ["Own"]
        assert len(list(own_folder.iterdir())) == number


def test_an_edited_strategy_is_loaded_anew_in_one_process(tmp_path: Path) -> None:
    steps = [
        run_compiled(strategy_of(tmp_path, OWN.replace("+= m.price", f"+= {step}")), random_ticks(80)).final
        for step in ("1.0", "2.50")
    ]
    assert steps[1]["s_price"] == 2.5 * steps[0]["s_price"] > 0


def test_a_folder_that_cannot_be_written_only_warns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "taken").write_text("a file stands where the folder would be", encoding="utf-8")
    monkeypatch.setenv("PIPELINE_CACHE_DIR", str(tmp_path / "taken"))
    strategy = strategy_of(tmp_path, OWN)
    forget()
    with pytest.warns(UserWarning, match="Compiled code cannot be kept in .*taken.*it is compiled anew each run"):
        outcome = run_compiled(strategy, random_ticks(30))
    assert outcome.final["m_events"] == 30


def test_without_a_chosen_folder_it_is_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PIPELINE_CACHE_DIR", str(tmp_path / "mine"))
    assert codecache.folder() == tmp_path / "mine" / "loops"
    monkeypatch.delenv("PIPELINE_CACHE_DIR")
    assert codecache.folder().parts[-2:] == ("tick-pipeline", "loops")


def test_clear_removes_every_kept_loop(own_folder: Path) -> None:
    codecache.write("a" * 64, Code("loop", b"code"))
    codecache.write("b" * 64, Code("loop", b"code"))
    assert len(list(own_folder.iterdir())) == 2
    codecache.clear()
    assert codecache.read("a" * 64) is None
    assert not own_folder.exists()
    codecache.clear()


def test_what_killed_runs_left_of_their_drafts_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_CACHE_DIR", str(tmp_path))
    loops = codecache.folder()
    loops.mkdir()
    for name, age in ((".old.part", 2 * ABANDONED_AFTER_SECONDS), (".new.part", 0)):
        (loops / name).write_bytes(b"half")
        os.utime(loops / name, (time.time() - age,) * 2)
    codecache.write("key", Code("symbol", b"code"))
    assert {file.name for file in loops.iterdir()} == {"key.loop", ".new.part"}
