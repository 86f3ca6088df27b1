"""A name may say another exchange than a security is on: listings and tick sizes tell, and a config decides."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from pipeline import api
from pipeline.inspection.counting import count
from pipeline.inspection.warn import of_counts
from pipeline.markets import codes
from pipeline.markets.facts import facts_of
from pipeline.store.catalog import open_store, read_catalog
from pipeline.store.parquet import read_footer
from tests.made import PARAMETERS, usual_days

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FITS: Final = 'They fit those of DFM: where it is listed there, a config\'s "exchange": "DFM" decides.'
NEITHER: Final = "Is it listed elsewhere"


@pytest.mark.parametrize(
    ("exchange", "step", "share", "words"),
    [
        ("ADX", 0.05, 1.0, FITS),  # a Dubai share at 12 under Abu Dhabi's code: every second of its ticks is none there
        ("ADX", 0.05, 0.2, FITS),
        ("ADX", 0.05, 0.09, None),  # some quotes off the grid are not worth a word: a correction, an old table
        ("ADX", 0.02, 1.0, None),
        ("ADX", 0.01, 1.0, NEITHER),
        ("DFM", 0.05, 1.0, None),
        ("DFM", 0.02, 1.0, "They fit those of ADX"),
        ("LSE", 0.01, 1.0, None),  # whose tick sizes are not known
    ],
)
def test_quotes_that_fit_the_ticks_of_another_exchange_are_told_from_one_in_twenty_on(
    exchange: str, step: float, share: float, words: str | None
) -> None:
    ticks = usual_days(price=12.0)
    number = (ticks.timestamp // 30_000_000_000) % 1_000
    of_step = 12.3 + step * (number % 7)
    is_moved = number * 7 % 1_000 < share * 1_000
    ticks.price[:] = np.where(is_moved, of_step, 12.0).round(2)
    market = facts_of(exchange)
    told = [text for text in of_counts("EMAAR", count(ticks, market), market) if "do not fit" in text]
    assert len(told) == (words is not None)
    assert all(words in text for text in told if words)


ROWS: Final = [
    (f"2025-04-{day} 1{at // 60}:{at % 60:02}:00", ("BID", "ASK", "TRADE")[at % 3], (12.35, 12.45, 12.4)[at % 3], 5_000)
    for day in (14, 15)
    for at in range(5, 280)
]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    codes.read_markets_anew()
    yield tmp_path
    codes.read_markets_anew()


def converted(desk: Path, name: str, **options: Any) -> list[str]:
    lines = ["Dates,Type,Price,Size", *(",".join(map(str, row)) for row in ROWS)]
    (desk / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return list(api.convert(desk / f"{name}.csv", desk / "store", **options).warnings)


def run_warnings(desk: Path, **of_emaar: Any) -> list[str]:
    config = desk / "v1_baseline.json"
    config.write_text(json.dumps({ticker: PARAMETERS | more for ticker, more in of_emaar.items()}), encoding="utf-8")
    run = api.backtest(
        config=config, parquet_dir=desk / "store", output_dir=desk / "run", sensitivity=False, report=False
    )
    return list(run.warnings)


def test_a_dubai_share_under_abu_dhabis_code_is_told_at_its_conversion_until_a_config_says_its_exchange(
    desk: Path,
) -> None:
    assert any(FITS in text for text in converted(desk, "EMAAR UH Equity"))
    assert any(FITS in text for text in run_warnings(desk, EMAAR={}))
    decided = run_warnings(desk, EMAAR={"exchange": "DFM"})
    assert not any("do not fit" in text or "once more" in text for text in decided)
    assert (
        "Not checked by the hours and tick sizes of DFM, since at their conversion only their names spoke, which say "
        "ADX: EMAAR."
    ) in decided
    summary = (desk / "run" / "backtest_summary.csv").read_text(encoding="utf-8")
    assert "EMAAR,DFM" in summary


def test_what_the_shipped_file_of_dubai_lists_is_told_whatever_its_prices(desk: Path) -> None:
    assert any("its name says ADX, and DFM is known to list it" in text for text in converted(desk, "EMAAR UH Equity"))
    assert not any("known to list" in text for text in run_warnings(desk, EMAAR={"exchange": "DFM"}))


def test_ticks_of_a_code_that_no_file_knows_are_converted_and_found_when_one_does(desk: Path) -> None:
    said = converted(desk, "PETR4 BZ Equity")
    assert (
        sum("no market file knows its exchange, 'BZ', which `pipeline backtest` asks for" in text for text in said) == 1
    )
    stored = {"exchange": "BZ", "code": "BZ", "time_zone": "", "currency": ""}
    assert {key: read_footer(desk / "store" / "PETR4.parquet").metadata[key] for key in stored} == stored
    (desk / "configs" / "markets").mkdir(parents=True)
    market = {"exchange": "B3", "codes": ["BZ"], "time_zone": "America/Sao_Paulo", "currency": "BRL"}
    hours = {"sessions": [{"continuous": [["10:00", "16:55"]]}]}
    (desk / "configs" / "markets" / "B3.json").write_text(json.dumps(market | hours), encoding="utf-8")
    codes.read_markets_anew()
    run_warnings(desk, PETR4={})
    assert "PETR4,B3" in (desk / "run" / "backtest_summary.csv").read_text(encoding="utf-8")
    converted(desk, "PETR4 BZ Equity")
    entry = read_catalog(desk / "store")["PETR4"]
    assert (entry.exchange, entry.code, entry.time_zone, entry.currency) == ("B3", "BZ", "America/Sao_Paulo", "BRL")
    [security] = open_store(desk / "store").securities
    assert (security.exchange, security.code) == ("B3", "BZ")


def test_files_say_code_clock_and_the_unit_of_their_prices(desk: Path) -> None:
    converted(desk, "VOD LN Equity")
    wanted = {"exchange": "LSE", "code": "LN", "time_zone": "Europe/London", "currency": "GBp", "format_version": "2"}
    metadata = read_footer(desk / "store" / "VOD.parquet").metadata
    assert {key: metadata[key] for key in wanted} == wanted
