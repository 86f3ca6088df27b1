"""Measured ratios and kept ones in, what got slower out.

A ratio is our time over a yardstick's of the same run, so smaller is faster.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ALLOWED: Final = 1.3
"""How much slower than kept a ratio may be."""


class BadRatios(Exception):
    """The kept ratios cannot be read, or are of other measurements."""


@dataclass(frozen=True)
class Verdict:
    """One ratio beside the kept one."""

    name: str
    measured: float
    kept: float

    @property
    def change(self) -> float:
        """How many times the kept ratio the measured one is; above 1 is slower."""
        return self.measured / self.kept

    @property
    def fails(self) -> bool:
        return self.change > ALLOWED

    @property
    def word(self) -> str:
        if self.fails:
            return "SLOWER"
        return "faster: --keep it" if self.change < 1 / ALLOWED else ""


def read_ratios(file: Path) -> dict[str, float]:
    """Return the kept ratios by name. Raises BadRatios."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))["ratios"]
        ratios = {str(name): float(ratio) for name, ratio in kept.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadRatios(f"{file}: no kept ratios ({error}); --keep writes them.") from error
    if not all(0 < ratio < float("inf") for ratio in ratios.values()):
        raise BadRatios(f"{file}: a ratio is not above 0.")
    return ratios


def write_ratios(file: Path, ratios: Mapping[str, float], machine: str) -> None:
    """Keep ratios, with what they were measured on."""
    rounded = {name: float(f"{ratio:.3g}") for name, ratio in ratios.items()}
    file.write_text(json.dumps({"machine": machine, "ratios": rounded}, indent=2) + "\n", encoding="utf-8")


def judge(measured: Mapping[str, float], kept: Mapping[str, float]) -> list[Verdict]:
    """Return each measured ratio beside the kept one. Raises BadRatios when they are not of the same things."""
    if set(measured) != set(kept):
        odd = ", ".join(sorted(set(measured) ^ set(kept)))
        raise BadRatios(f"Measured and kept are not the same things: {odd}. --keep writes them anew.")
    return [Verdict(name, ratio, kept[name]) for name, ratio in measured.items()]
