"""A reconciliation of securities in several currencies: each in its own, none of all together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd

from pipeline import backtest, reconcile
from pipeline.console.reconcile import show_reconciliation
from tests.made import make_config, make_store

if TYPE_CHECKING:
    from pathlib import Path


def test_amounts_of_several_currencies_are_not_added(tmp_path: Path) -> None:
    store, config = make_store(tmp_path / "parquet", a_day=600), make_config(tmp_path / "v1.json")
    content = json.loads(config.read_text(encoding="utf-8"))
    content["MODON"] |= {"exchange": "NYSE", "tick_size": 0.01}
    config.write_text(json.dumps(content), encoding="utf-8")
    folder = tmp_path / "run"
    backtest(parquet_dir=store, config=config, output_dir=folder, sensitivity=False, report=False)
    lines = ["time,security,side,price,quantity"]
    for ticker in ("FAB", "MODON"):
        fills = pd.read_parquet(folder / "trades" / f"{ticker}.parquet")[:4]
        lines += [
            f"{fill.timestamp.isoformat()[:19]},{ticker},{fill.side},{fill.fill_price},{fill.fill_qty}"
            for fill in fills.itertuples()
        ]
    desk = tmp_path / "desk.csv"
    desk.write_text("\n".join(lines), encoding="utf-8")
    found = reconcile(desk, str(folder), parquet_dir=store, price_tolerance=1.0)
    told = found.as_json()
    assert told["fits"]
    for together in (told["total"], *told["fits"].values()):
        assert (together["desk_pnl"], together["run_pnl"]) == (None, None)
        assert together["desk_fills"] == 8
    assert None not in [told["securities"][ticker]["run_pnl"] for ticker in ("FAB", "MODON")]
    assert "P&L is in AED, USD, which do not add up: there is none in total." in found.warnings
    show_reconciliation(found, desk)
