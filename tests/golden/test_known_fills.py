"""Real securities, where the files are at hand: the known fills bit for bit, and what each switch is worth."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from pipeline.conversion.stage import convert
from pipeline.engine.execution import make_execution
from pipeline.engine.strategy import fields_of
from pipeline.markets.facts import facts_of
from pipeline.replay.simulate import simulate
from pipeline.settings import read_config
from pipeline.store.layout import ticks_name
from pipeline.store.tick_file import read_ticks
from pipeline.strategies.loading.load import load_strategy

if TYPE_CHECKING:
    from pipeline.ticks import Ticks

ROOT: Final = Path(__file__).parents[2]
GOLDEN: Final = Path(os.environ.get("GOLDEN_DIR") or ROOT.parent / "shared" / "golden")
EXCHANGES: Final = {"FAB": "ADX", "MODON": "ADX", "SPINNEYS": "DFM"}
RUNS: Final = (
    *("closing_auction_2m_cap", "v1_baseline", "v1_refill_30", "v1_refill_300", "v2_1_stop_0.5", "v2_1_stop_loss"),
    *("v2_price_follow_qty_cooldown", "v3_liquidity_monitor"),
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (GOLDEN / "check.py").exists(), reason="the golden files are not part of the project"),
]


def test_all_strategies_give_the_known_fills_bit_for_bit() -> None:
    done = subprocess.run(
        [sys.executable, str(GOLDEN / "check.py")],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"PIPELINE_PYTHON": sys.executable},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == [*(f"ok   {run}" for run in RUNS), "8 passed, 0 failed"]


WORTH: Final = {
    ("fill_price", "print"): (-4_838.80, 13_860.48, 4_985.31),
    ("fill_price", "order"): (-273_467.88, -59_155.49, -5_905.32),
    ("overnight_orders", "cancelled"): (-5_629.26, 13_909.46, 4_761.80),
    ("shared_print_volume", "once"): (-1_612.56, 13_650.74, 4_857.65),
    ("same_event_fill", "no"): (-5_430.30, 13_549.29, 3_795.84),
    ("trade_through", "clears"): (-5_108.48, 17_631.22, 9_186.71),
    ("self_cross", "cancel_older"): (-413.70, 16_763.95, 5_480.78),
    ("open_delay", "10:05"): (-5_780.32, 17_280.13, 4_237.60),
    ("flatten", "touch"): (-12_455.74, 6_729.71, -152.53),
}
"""P&L of FAB, MODON and SPINNEYS in AED when only that switch leaves `classic`, from an independent implementation."""


@pytest.fixture(scope="module")
def ticks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ticks]:
    """Convert the golden workbook and read its three securities."""
    folder = tmp_path_factory.mktemp("golden")
    convert([GOLDEN / "TickData_golden.xlsx"], folder)
    return {ticker: read_ticks(folder / ticks_name(ticker)) for ticker in EXCHANGES}


@pytest.mark.parametrize("switch", WORTH, ids="=".join)
def test_a_switch_alone_is_worth_what_the_table_says(switch: tuple[str, str], ticks: dict[str, Ticks]) -> None:
    strategy = load_strategy("v1_baseline")
    config = read_config(GOLDEN / "v1_baseline" / "config.json", fields_of(strategy).by_key())
    execution = make_execution("classic", dict([switch]), "here")
    found = [
        simulate(ticks[ticker], strategy, config.securities[ticker], facts_of(exchange), execution).realized_pnl
        for ticker, exchange in EXCHANGES.items()
    ]
    assert tuple(round(pnl, 2) for pnl in found) == WORTH[switch]
