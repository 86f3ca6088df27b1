"""A sweep that chooses by a figure of its strategy's own: what each setting has of it, and for whom one is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from pipeline import backtest, sweep
from pipeline.errors import BadRequest
from tests.made import make_store, make_strategy

if TYPE_CHECKING:
    from pathlib import Path

FUNCTION: Final = '''
def evenness(fills, series):
    """Minus the mean of the largest positions, shares."""
    return -float(abs(fills["position"]).mean()) + len(series["fair"].value) / 1_000_000
'''
BODY: Final = """
figures = {"evenness": evenness}
lot: Shares = parameter(100)
fair: Series = Series(every=60)

def on_tick(self, m):
    if m.bid_size > 0 and m.ask_size > 0:
        self.fair.record(m, (m.bid + m.ask) / 2)
        m.quote_bid(m.bid, self.lot)
        m.quote_ask(m.ask, self.lot)
"""
LOTS: Final = (50, 150, 450)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    make_store(tmp_path / "parquet", ("FAB", "EMAAR"), days=3, a_day=400)
    file = make_strategy(tmp_path / "own.py", BODY)
    text = file.read_text(encoding="utf-8").replace("class Own", f"{FUNCTION}\nclass Own")
    file.write_text(f"from pipeline.engine.series import Series\n{text}", encoding="utf-8")
    return tmp_path


def test_a_setting_is_chosen_for_each_security_by_what_whole_replays_give(desk: Path) -> None:
    of_lot: dict[tuple[str, int], float] = {}
    for lot in LOTS:
        config = desk / f"{lot}.json"
        config.write_text(f'{{"_defaults": {{"lot": {lot}}}}}', encoding="utf-8")
        run = backtest(
            str(desk / "own.py"), parquet_dir=desk / "parquet", config=config, output_dir=desk / str(lot), report=False
        )
        values = run.metrics["evenness"].to_dict()
        of_lot |= {(ticker, lot): values[ticker] for ticker in ("FAB", "EMAAR")}
    assert len({*of_lot.values()}) == len(of_lot)
    swept = sweep(
        strategy=str(desk / "own.py"),
        parquet_dir=desk / "parquet",
        config=desk / "own.json",
        grid={"lot": list(LOTS)},
        choose_by="evenness",
        output_dir=desk / "swept",
    )
    frame = swept.frame
    scores = {(row.security, row.lot): row.score for row in frame.itertuples()}
    assert {key: scores[key] for key in of_lot} == of_lot
    chosen = {best.security: best.trial.changes["lot"] for best in swept.best}
    assert chosen == {
        ticker: max(LOTS, key=lambda lot, ticker=ticker: of_lot[ticker, lot])  # type: ignore[misc]
        for ticker in ("FAB", "EMAAR")
    }
    assert any("all: no setting could be chosen" in text for text in swept.warnings)
    assert (desk / "swept" / "report.html").exists()


def test_a_name_that_is_nearly_one_is_told_it(desk: Path) -> None:
    with pytest.raises(BadRequest, match="Did you mean 'evenness'"):
        sweep(
            strategy=str(desk / "own.py"),
            parquet_dir=desk / "parquet",
            config=desk / "own.json",
            grid={"lot": list(LOTS)},
            choose_by="eveness",
            output_dir=desk / "swept",
        )
