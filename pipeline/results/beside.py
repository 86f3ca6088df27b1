"""What the market did around one security's fills in, its tables of the run folder out: marks and the price path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pipeline.backtest.observe import HORIZONS, NO_TIME
from pipeline.store.columns import number_array
from pipeline.times import MILLISECOND

if TYPE_CHECKING:
    from pipeline.backtest.observe import Observed
    from pipeline.engine.outcome import Fills
    from pipeline.ticks import Float64s


def marks_table(fills: Fills, observed: Observed) -> Any:
    """Return one row a fill, in execution order: its event, where and when its order was placed, the mids (AED)."""
    assert fills.placed is not None  # noqa: S101 - only a replay of its own is observed
    known = observed.placed != NO_TIME
    columns = {
        "event": number_array(fills.event, pa.int64()),
        "placed_event": number_array(fills.placed, pa.int64(), known),
        "placed": number_array(observed.placed // MILLISECOND, pa.timestamp("ms"), known),
        "mid": _prices(observed.mid),
    }
    columns |= {f"mid_{name}": _prices(observed.mid_later[number]) for number, name in enumerate(HORIZONS)}
    return pa.table(columns)


def prices_table(observed: Observed) -> Any:
    """Return the price path: every five minutes of each session and each day's last print; mid and last print, AED."""
    return pa.table(
        {
            "timestamp": number_array(observed.path_time // MILLISECOND, pa.timestamp("ms")),
            "mid": _prices(observed.path_mid),
            "last": _prices(observed.path_last),
        }
    )


def _prices(values: Float64s) -> Any:
    return number_array(values, pa.float64(), ~np.isnan(values))
