"""Results are kept for the next run only of strategies that read what their key has."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Final

import pytest

from pipeline import api
from tests.made import make_store

if TYPE_CHECKING:
    from pathlib import Path

QUOTES: Final = """\
from pipeline.engine.strategy import Shares, Strategy, parameter
{way}


class Own(Strategy):
    {declared}
    size: Shares = parameter(300)

    def on_tick(self, m):
        if m.bid_size > 0:
            m.quote_bid(m.bid, self.size)
"""
HERE: Final = "from pathlib import Path\n\nHERE = Path(__file__).parent\n"
OPENING: Final = {
    "a text that is run": f'{HERE}exec((HERE / "text.py").read_text())',
    "a module by its file": f'{HERE}import runpy\n\nrunpy.run_path(str(HERE / "text.py"))',
    "data of a loader": f'{HERE}import json\n\njson.__loader__.get_data(str(HERE / "text.py"))',
    "a module by its name": 'from importlib import import_module as load\n\nload("own_" + "away")',
    "what a module elsewhere opens": "import own_away",
    "a variable": 'import os\n\nHOME = os.environ.get("HOME")',
    "a library that opens files itself": "import pyarrow.parquet as pq",
    "a program": "import os\n\nTEXT = os.popen",
}
CLOSED: Final = {
    "a variable that is set": 'import os\n\nos.environ["DESK"] = "1"\nos.environ.setdefault("DESK", "2")',
    "a library that the class answers for": "import pyarrow.parquet as pq",
}


@pytest.mark.parametrize("way", [*OPENING, *CLOSED])
def test_results_are_kept_only_of_what_their_key_says(
    tmp_path: Path, kept_results: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not kept_results.exists()
    for folder in (tmp_path / "elsewhere", tmp_path / "desk"):
        folder.mkdir()
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    monkeypatch.delitem(sys.modules, "own_away", raising=False)
    (tmp_path / "elsewhere" / "own_away.py").write_text(f'{HERE}(HERE.parent / "desk" / "text.py").read_text()\n')
    (tmp_path / "desk" / "text.py").write_text("X = 1\n")
    (tmp_path / "desk" / "own.json").write_text('{"_defaults": {}}')
    declared = "files = ()" if "answers" in way else ""
    strategy = tmp_path / "desk" / "own.py"
    strategy.write_text(QUOTES.format(way=(OPENING | CLOSED)[way], declared=declared))
    store = make_store(tmp_path / "parquet", ("FAB", "EMAAR"))
    for name in ("first", "second"):
        done = api.backtest(
            str(strategy), config=strategy.with_suffix(".json"), parquet_dir=store, output_dir=tmp_path / name
        )
        assert done.failed == {}
        assert [result.cached for result in done.results] == [name == "second" and way in CLOSED] * 2
        warnings = json.loads((tmp_path / name / "run.json").read_text(encoding="utf-8"))["warnings"]
        assert len([text for text in warnings if "not kept" in text]) == (way in OPENING)
