"""Days of P&L that a formula gives, so that other libraries can be asked about the very same ones."""

from __future__ import annotations

import numpy as np


def wobbling_days(setting: int, days: int = 120) -> np.ndarray:
    """Return whole numbers from -50 to 50, other ones for each setting."""
    return np.array([float((7_919 * (day + 1) * (setting + 3) + 31 * day * day) % 101 - 50) for day in range(days)])
