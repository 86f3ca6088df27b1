"""docs/use/calls.md: its class compiles and does what the page says, its fields are those that the market shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from pipeline.engine.called import OF_CALLING
from pipeline.engine.compiler.specialise import market_names
from pipeline.engine.market import CallingMarket, Market
from pipeline.engine.rules.account import PRINT, TAKE
from pipeline.replay.simulate import CLASSIC
from tests.engine.replays import DAY, FACTS, FIRST_DAY, SECOND, field_values, random_ticks, strategy_of
from tests.engine.walks import PythonReplay

PAGE: Final = (Path(__file__).parents[2] / "docs" / "use" / "calls.md").read_text(encoding="utf-8")


def test_the_printed_class_trades_between_its_times_alone(tmp_path: Path) -> None:
    [printed] = re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
    strategy = strategy_of(tmp_path, printed)
    found = PythonReplay(strategy, CLASSIC.fields()).run(random_ticks(1_500), FACTS, field_values(strategy)).fills
    of_day = (found.timestamp - FIRST_DAY) % DAY // SECOND
    quoted = found.how == PRINT
    assert quoted.sum() > 20
    assert 36_060 < of_day[quoted].min() < of_day[quoted].max() < 52_200
    assert (of_day[found.how == TAKE] >= 53_100).tolist() == [True]


def test_the_page_names_what_only_a_market_that_calls_shows() -> None:
    table = PAGE.split("## Auctions and the close before\n")[1]
    named = {name for row in re.findall(r"^\| (`.*?) \|", table, flags=re.MULTILINE) for name in row.split("`")[1::2]}
    assert named | {"phase"} == OF_CALLING == market_names(CallingMarket) - market_names(Market)
    assert "`m.phase`" in PAGE
