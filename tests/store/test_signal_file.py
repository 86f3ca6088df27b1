"""Files of signals: what is read of Parquet and CSV, and each mistake with what to do about it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import SignalError
from pipeline.store.signal_file import read_signals, signal_digest, signal_file

if TYPE_CHECKING:
    from pathlib import Path

TEN: Final = 1_736_157_600_000_000_000
"""2025-01-06 10:00:00."""

SECOND: Final = 10**9


def read(path: Path, *names: str) -> tuple[list[int], list[list[float]]]:
    times, columns = read_signals(path, signal_digest(path), names, "Asia/Dubai")
    return times.tolist(), [column.tolist() for column in columns]


def of_csv(folder: Path, text: str) -> Path:
    path = folder / "FAB.csv"
    path.write_text(text, encoding="utf-8")
    return path


def of_parquet(folder: Path, **columns: Any) -> Path:
    path = folder / "FAB.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def test_a_csv_file_is_read_with_its_empty_cells_as_nan(tmp_path: Path) -> None:
    path = of_csv(tmp_path, "\ufefftime, alpha,beta\n2025-01-06 10:00,0.5,1\n2025-01-06T10:00:01.25,,-2e3\n\n")
    times, [beta, alpha] = read(path, "beta", "alpha")
    assert times == [TEN, TEN + 1_250_000_000]
    assert beta == [1.0, -2000.0]
    assert alpha[0] == 0.5
    assert math.isnan(alpha[1])


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_parquet_times_of_any_unit_are_read(unit: str, tmp_path: Path) -> None:
    stamps = pa.array(np.array([TEN, TEN + SECOND], "datetime64[ns]").astype(f"datetime64[{unit}]"))
    path = of_parquet(tmp_path, timestamp=stamps, alpha=pa.array([1, 2]), up=pa.array([True, None]))
    times, [alpha, up] = read(path, "alpha", "up")
    assert (times, alpha, up[0]) == ([TEN, TEN + SECOND], [1.0, 2.0], 1.0)
    assert math.isnan(up[1])


CSV: Final = {
    "no time": ("at,alpha\n2025-01-06 10:00:00,1\n", "has no column 'time': it has at, alpha"),
    "no column": (
        "time,alhpa\n2025-01-06 10:00:00,1\n",
        "no column 'alpha': its signals are alhpa. Did you mean 'alhpa'",
    ),
    "twice": ("time,alpha,alpha\n2025-01-06 10:00:00,1,1\n", "two columns 'alpha'; rename one"),
    "unsorted": (
        "time,alpha\n2025-01-06 10:00:01,1\n2025-01-06 10:00:00,1\n",
        "row 2: 2025-01-06T10:00:00.000 is before row 1, 2025-01-06T10:00:01.000. Sort the rows",
    ),
    "equal": (
        "time,alpha\n2025-01-06 10:00:00,1\n2025-01-06 10:00:00,2\n",
        "row 2: .* is the same time as row 1, .*keep one of each time",
    ),
    "zulu": ("time,alpha\n2025-01-06T06:00:00Z,1\n", "row 1: .*names a zone.*the exchange's clock, Asia/Dubai"),
    "offset": ("time,alpha\n2025-01-06 06:00:00+00:00,1\n", "row 1: .*names a zone"),
    "a date alone": ("time,alpha\n2025-01-06,1\n", "row 1: '2025-01-06' is no time; write date and time of day"),
    "the desk's way": ("time,alpha\n06/01/2025 10:00,1\n", "row 1: '06/01/2025 10:00' is no time"),
    "no day": ("time,alpha\n2025-02-30 10:00:00,1\n", "a time is none"),
    "another age": ("time,alpha\n1725-01-06 10:00:00,1\n", "a time is outside 1825 to 2114"),
    "words": ("time,alpha\n2025-01-06 10:00:00,high\n", "column 'alpha' is not of numbers"),
    "ragged": ("time,alpha\n2025-01-06 10:00:00,1,2\n", "row 1: 3 cells where the first line names 2"),
    "no row": ("time,alpha\n", "has no row"),
    "nothing": ("", "has no column 'time': it has none"),
}


@pytest.mark.parametrize("name", CSV)
def test_a_wrong_csv_file_is_refused_with_what_to_do(name: str, tmp_path: Path) -> None:
    text, said = CSV[name]
    with pytest.raises(SignalError, match=said):
        read(of_csv(tmp_path, text), "alpha")


STAMPS: Final = pa.array([TEN], pa.timestamp("ns"))
PARQUET: Final = {
    "a zone": (
        {"time": pa.array([TEN], pa.timestamp("ns", "UTC")), "alpha": pa.array([1.0])},
        r"of the zone UTC. .*tz_convert\('Asia/Dubai'\).dt.tz_localize\(None\)",
    ),
    "dates": ({"time": pa.array([20_000], pa.date32()), "alpha": pa.array([1.0])}, "of the type date32"),
    "texts": ({"time": pa.array(["2025-01-06 10:00:00"]), "alpha": pa.array([1.0])}, "of the type string"),
    "no time": (
        {"time": pa.array([TEN, None], pa.timestamp("ns")), "alpha": pa.array([1.0, 2.0])},
        "1 times are empty",
    ),
    "words": ({"time": STAMPS, "alpha": pa.array(["high"])}, "column 'alpha' is string; write it as float64"),
    "the time itself": ({"time": STAMPS}, "no column 'alpha': its signals are none"),
    "far away": ({"time": pa.array([2**60], pa.timestamp("ms")), "alpha": pa.array([1.0])}, "outside 1825 to 2114"),
}


@pytest.mark.parametrize("name", PARQUET)
def test_a_wrong_parquet_file_is_refused_with_what_to_do(name: str, tmp_path: Path) -> None:
    columns, said = PARQUET[name]
    with pytest.raises(SignalError, match=said):
        read(of_parquet(tmp_path, **columns), "alpha")


def test_a_file_that_is_cut_short_or_replaced_is_refused(tmp_path: Path) -> None:
    path = of_parquet(tmp_path, time=STAMPS, alpha=pa.array([1.0]))
    digest = signal_digest(path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(SignalError, match="no whole Parquet file"):
        read(path, "alpha")
    with pytest.raises(SignalError, match="was replaced after its digest was taken"):
        read_signals(path, digest, ["alpha"], "UTC")


def test_a_security_has_one_file_of_signals(tmp_path: Path) -> None:
    with pytest.raises(SignalError, match=r"no file of signals of FAB in .*FAB\.parquet or FAB\.csv.*--signals"):
        signal_file(tmp_path, "FAB")
    path = of_csv(tmp_path, "time,alpha\n")
    assert signal_file(tmp_path, "FAB") == path
    of_parquet(tmp_path, time=STAMPS)
    with pytest.raises(SignalError, match="There are both"):
        signal_file(tmp_path, "FAB")
