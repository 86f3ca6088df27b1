"""A finished run as it was recorded: what ran on what, the figures that resulted, and the fills on request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pipeline.ticks import Float64s, Int8s, Int64s

Value: TypeAlias = "str | int | float | bool | Mapping[str, float] | None"


@dataclass(frozen=True, slots=True)
class RecordedFills:
    """One security's fills in execution order, one array a column.

    timestamp: ms, exchange-local. side: +1 buy, -1 sell. price: AED. quantity: shares.
    """

    timestamp: Int64s
    side: Int8s
    price: Float64s
    quantity: Int64s

    def __len__(self) -> int:
        return len(self.timestamp)


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of one security or several: fills; P&L before and after fees and the largest fall of equity, AED.

    max_drawdown: None for securities put together whose common equity was not recorded.
    """

    fills: int
    gross_pnl: float
    net_pnl: float
    max_drawdown: float | None

    def minus(self, other: Figures) -> Figures:
        """Return these figures less others."""
        known = self.max_drawdown is not None and other.max_drawdown is not None
        return Figures(
            fills=self.fills - other.fills,
            gross_pnl=self.gross_pnl - other.gross_pnl,
            net_pnl=self.net_pnl - other.net_pnl,
            max_drawdown=(self.max_drawdown or 0.0) - (other.max_drawdown or 0.0) if known else None,
        )


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """One run: its settings by name, and by ticker parameters, digests of the ticks, figures or the error instead.

    total: the whole run's figures, its drawdown that of the portfolio. read_fills: reads one security's fills; raises
    DamagedRun or NewerRun. warnings: what it told of itself and of its ticks.
    """

    folder: Path
    strategy: str
    config: str
    execution_name: str
    execution: Mapping[str, Value]
    versions: Mapping[str, str]
    parameters: Mapping[str, Mapping[str, Value]]
    digests: Mapping[str, str]
    figures: Mapping[str, Figures]
    errors: Mapping[str, str]
    total: Figures
    read_fills: Callable[[str], RecordedFills]
    warnings: tuple[str, ...] = ()

    def warnings_about(self, ticker: str) -> list[str]:
        """Return the warnings that name a security, and those that name none of the run's."""
        names = {name: re.compile(rf"(?<![\w.&-]){re.escape(name)}(?![\w&-])") for name in self.parameters}
        return [
            text
            for text in self.warnings
            if names[ticker].search(text) or not any(name.search(text) for name in names.values())
        ]
