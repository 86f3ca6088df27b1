"""Every figure that a sweep's page shows, defined once: its name in the files, label, format and stored precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a setting. form: how it is shown; digits: how exactly a page holds it; better: 1 high, -1 low."""

    name: str
    label: str
    form: str
    digits: int
    better: int

    @property
    def is_signed(self) -> bool:
        """Whether 0 parts good from bad."""
        return self.better > 0 and self.form in ("money", "ratio")


FIGURES: Final = (
    Figure("net_pnl", "Net P&L (AED)", "money", 2, 1),
    Figure("sharpe", "Sharpe ratio after fees", "ratio", 3, 1),
    Figure("train_net_pnl", "Net P&L on train (AED)", "money", 2, 1),
    Figure("test_net_pnl", "Net P&L on test (AED)", "money", 2, 1),
    Figure("drawdown", "Drawdown (AED)", "money", 2, -1),
    Figure("train_sharpe", "Sharpe ratio on train", "ratio", 3, 1),
    Figure("test_sharpe", "Sharpe ratio on test", "ratio", 3, 1),
    Figure("fills", "Fills", "count", 0, 0),
    Figure("win_rate", "Winning closes", "share", 4, 1),
    Figure("fees", "Fees (AED)", "money", 2, -1),
    Figure("realized_pnl", "Gross P&L (AED)", "money", 2, 1),
    Figure("turnover", "Turnover (AED)", "whole_money", 0, 0),
)
"""In the order a page gives them up when they do not fit, the last first."""

BY_NAME: Final = {figure.name: figure for figure in FIGURES}
