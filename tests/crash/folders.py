"""Three commands that write a folder, each asked for one thing and then another; what may be found if that goes wrong.

Every file is the old one or the new one, to the byte, and what says that it is complete is.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from pipeline.conversion.sample import write_sample
from pipeline.errors import UnfinishedRun
from pipeline.pages.sweep_reader import read_sweep
from pipeline.runs.reader import read_run
from pipeline.store.catalog import open_store
from pipeline.store.parquet import read_table
from tests.crash.started import leftovers
from tests.crash.steps import Outcome, command
from tests.made import contents

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN: Final = ("--engine", "python", "--backend", "sequential")
READERS: Final[dict[str, Callable[[Path], object]]] = {"run.json": read_run, "sweep.json": read_sweep}
PAGE: Final = "report.html"
"""Made from a complete folder, with the time it took in it; it can be made again."""

CATALOG: Final = "catalog.json"
"""Lists also what a conversion found in the folder and left there."""


def convert(made: Path, folder: Path, which: int) -> list[str | Path]:
    # The second has other rows and other rejects, and a security more.
    only = ("EMAAR,FAB,SPINNEYS", "EMAAR,MODON,SPINNEYS")[which]
    words = ["convert", made / f"{which}" / "ticks.xlsx", "--parquet-dir", folder, "--workers", "1", "--only", only]
    return list(words)


def backtest(made: Path, folder: Path, which: int) -> list[str | Path]:
    settings = ["--set", f"refill_interval_sec={(30, 60)[which]}", "--securities", ("EMAAR,FAB", "EMAAR,MODON")[which]]
    return ["backtest", "--parquet-dir", made / "parquet", "--output-dir", folder, *settings, *PLAIN]


def sweep(made: Path, folder: Path, which: int) -> list[str | Path]:
    grid = ["--grid", f"refill_interval_sec={('30,60', '20,40')[which]}", "--keep-trades", "best"]
    some = ["--securities", ("EMAAR,FAB", "EMAAR,MODON")[which]]
    return ["sweep", "--parquet-dir", made / "parquet", "--output-dir", folder, *grid, *some, *PLAIN]


EVERY: Final = 1 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 4
"""Of the steps of writing, every which one is looked at: in the thorough profile each."""

WORDS: Final[dict[str, Callable[[Path, Path, int], list[str | Path]]]] = {
    "convert": convert,
    "backtest": backtest,
    "sweep": sweep,
}


def run(made: Path, name: str, folder: Path, which: int, **how: Any) -> Outcome:
    return command(WORDS[name](made, folder, which), made, **how)


def make(folder: Path) -> Path:
    """Make what the commands read, and what each leaves when nothing goes wrong: `<name>/0` and `<name>/1`."""
    for which in (0, 1):
        write_sample(folder / f"{which}" / "ticks.xlsx", seed=which, rows=400)
    words: list[str | Path] = ["convert", folder / "0" / "ticks.xlsx", "--parquet-dir", folder / "parquet"]
    assert command(words, folder).status == 0
    for name in WORDS:
        for which in (0, 1):
            outcome = run(folder, name, folder / name / f"{which}", which)
            assert outcome.status == 0, outcome.said
    return folder


def held(folder: Path) -> dict[str, bytes]:
    """Return what a folder's files hold, but for what a run under way hides, its page, how long all took, and which
    sweeps the folder had before."""
    found = {name: content for name, content in contents(folder).items() if not Path(name).name.startswith(".")}
    found.pop(PAGE, None)
    for file, key in (("run.json", "how"), ("sweep.json", "replaced")):
        if file in found:
            told = json.loads(found[file])
            del told[key]
            found[file] = json.dumps(told).encode()
    return found


def check_nothing_torn(made: Path, name: str, folder: Path) -> None:
    """Every file is the old one or the new one; what says that it is complete is; what is under way says so."""
    found, old, new = (held(each) for each in (folder, made / name / "0", made / name / "1"))
    state = next((one for one in READERS if one in old), None)
    unfinished = state is not None and state in found and json.loads(found[state])["status"] != "complete"
    for file, content in found.items():
        if file.endswith(".parquet"):
            read_table(folder / file)
        if file.endswith(".json"):
            json.loads(content)
        if file not in (CATALOG, state):
            assert content in (old.get(file), new.get(file)), file
    page = folder / PAGE
    assert not page.exists() or page.read_text(encoding="utf-8").rstrip().endswith("</html>")
    if state is None:
        open_store(folder)
    elif unfinished:
        with pytest.raises(UnfinishedRun, match=r"was interrupted|failed: "):
            READERS[state](folder)
    elif state in found:
        whole = old if found[state] == old[state] else new
        assert {file: found.get(file) for file in whole} == whole
        READERS[state](folder)


def check_rerun(made: Path, name: str, folder: Path) -> None:
    """Run again what went wrong: it leaves what it would have left, and nothing of what went wrong."""
    outcome = run(made, name, folder, 1)
    assert outcome.status == 0, outcome.said
    assert leftovers(folder) == []
    check_complete(made, name, folder)
    assert name == "convert" or (folder / PAGE).exists()


def check_complete(made: Path, name: str, folder: Path) -> None:
    """The folder holds what the second command leaves; of a store, beside what it held before."""
    found, new = held(folder), held(made / name / "1")
    if name == "convert":  # other securities that were there stay
        assert {file: found[file] for file in new if file != CATALOG} == {
            file: content for file, content in new.items() if file != CATALOG
        }
        assert [one.ticker for one in open_store(folder).securities] == ["EMAAR", "FAB", "MODON", "SPINNEYS"]
    else:
        assert found == new
