"""The Arrow tables of one security in a run folder: its fills, the marks around them, the price path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pipeline.engine.outcome import SIDES
from pipeline.engine.rules.replay_state import BUY, SELL
from pipeline.replay.observe import HORIZONS, NO_TIME
from pipeline.store.columns import number_array, text_of_codes
from pipeline.store.parquet import table_bytes
from pipeline.times import MILLISECOND

if TYPE_CHECKING:
    from pipeline.engine.outcome import Fills
    from pipeline.replay.observe import Observed
    from pipeline.replay.simulate import Replayed
    from pipeline.ticks import Float64s


def trades_table(replayed: Replayed, shift: int) -> Any:
    """Return fills as the Arrow table of the run folder, in execution order, nothing rounded.

    shift: how far the clock of the fills is ahead of the exchange's own, which the table has, ns. A column `fee` where
    fees are charged; an auction strategy's also `trade_type` and `vwap_reference`.
    """
    fills = replayed.fills
    columns = {
        "timestamp": number_array((fills.timestamp - shift) // MILLISECOND, pa.timestamp("ms")),
        "side": text_of_codes((fills.side == SELL).astype(np.int8), (SIDES[BUY], SIDES[SELL])),
        "fill_price": number_array(fills.price, pa.float64()),
        "fill_qty": number_array(fills.quantity, pa.int64()),
        "realized_pnl": number_array(fills.realized, pa.float64()),
        "position": number_array(fills.position, pa.int64()),
        "pnl": number_array(fills.pnl, pa.float64()),
    }
    if replayed.charges is not None:
        columns["fee"] = number_array(replayed.charges, pa.float64())
    if fills.trade_type is not None and fills.reference is not None:
        columns["trade_type"] = text_of_codes(fills.trade_type, replayed.trade_types)
        columns["vwap_reference"] = number_array(fills.reference, pa.float64())
    return pa.table(columns)


def encode_trades(replayed: Replayed, shift: int) -> bytes:
    """Return fills as the bytes of a Parquet file, as `trades/<TICKER>.parquet` has them."""
    return table_bytes(trades_table(replayed, shift), delta_columns=["timestamp"])


def marks_table(fills: Fills, observed: Observed, shift: int) -> Any:
    """Return one row a fill, in execution order: its event, where and when its order was placed, the mids.

    A column `order` of several orders a side.
    """
    assert fills.placed is not None  # noqa: S101 - only a replay of its own is observed
    known = observed.placed != NO_TIME
    columns = {
        "event": number_array(fills.event, pa.int64()),
        "placed_event": number_array(fills.placed, pa.int64(), known),
        "placed": number_array((observed.placed - shift) // MILLISECOND, pa.timestamp("ms"), known),
        "mid": _prices(observed.mid),
    }
    if fills.order is not None:
        columns["order"] = number_array(abs(fills.order), pa.int64(), fills.order != 0)
    columns |= {f"mid_{name}": _prices(observed.mid_later[number]) for number, name in enumerate(HORIZONS)}
    return pa.table(columns)


def prices_table(observed: Observed, shift: int) -> Any:
    """Return the price path: every five minutes of each session and each day's last print; mid and last print."""
    return pa.table(
        {
            "timestamp": number_array((observed.path_time - shift) // MILLISECOND, pa.timestamp("ms")),
            "mid": _prices(observed.path_mid),
            "last": _prices(observed.path_last),
        }
    )


def _prices(values: Float64s) -> Any:
    return number_array(values, pa.float64(), ~np.isnan(values))
