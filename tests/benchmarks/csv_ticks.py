"""Convert a CSV file of ticks of one security, and of a hundred, whole processes: rows a second and peak memory.

    python tests/benchmarks/csv_ticks.py [--rows 20000000] [--runs 5]

The yardstick, in turn: pandas.read_csv and to_parquet of the same file, by its own C reader, nothing checked.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
from targets import pipeline, timed

WRITE: Final = "--write"
A_DAY: Final = 250_000
PANDAS: Final = (
    "import sys, pandas; frame = pandas.read_csv(sys.argv[1], parse_dates=['Dates']); frame.to_parquet(sys.argv[2])"
)


def write(path: Path, rows: int, securities: int) -> None:
    """Write made-up ticks in time order."""
    rng = np.random.default_rng(7)
    with path.open("w") as file:
        file.write(f"Dates,Type,Price,Size{',Ticker' if securities else ''}\n")
        for day, start in enumerate(range(0, rows, A_DAY)):
            count = min(A_DAY, rows - start)
            midnight = np.datetime64("2020-01-02", "s") + np.timedelta64(day, "D")
            times = (midnight + np.sort(rng.integers(36_000, 53_100, count))).astype(str)
            kinds = np.array(["BID", "ASK", "TRADE"])[rng.integers(0, 3, count)]
            prices = 17 + np.cumsum(rng.integers(-1, 2, count)) % 200 * 0.02
            sizes = rng.integers(1, 400, count) * 500
            names = (
                [f",S{number} UH Equity" for number in rng.integers(0, securities, count)]
                if securities
                else [""] * count
            )
            columns = zip(times, kinds, prices, sizes, names, strict=True)
            file.writelines(f"{t.replace('T', ' ')},{k},{p:.2f},{s}{name}\n" for t, k, p, s, name in columns)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, default=20_000_000)
    arguments.add_argument("--runs", type=int, default=5)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ.setdefault("PIPELINE_CACHE_DIR", f"{name}/cache")
        for securities in (0, 100):
            path = folder / ("export.csv" if securities else "FAB UH Equity.csv")
            subprocess.run([sys.executable, __file__, WRITE, str(path), str(given.rows), str(securities)], check=True)
            ours = pipeline("convert", "--force", "--quiet", "--parquet-dir", folder / "store", path)
            theirs = [sys.executable, "-c", PANDAS, str(path), str(folder / "pandas.parquet")]
            runs = [(timed(ours), timed(theirs)) for _ in range(given.runs)]
            path.unlink()
            taken, yardstick = (statistics.median(run[side][0] for run in runs) for side in (0, 1))
            peak, peak_of_pandas = (max(run[side][1] for run in runs) for side in (0, 1))
            print(
                f"{max(securities, 1):3} securities: {taken:6.2f} s, {given.rows / taken / 1e6:.1f} million rows/s, "
                f"peak {peak:.0f} MiB; pandas {yardstick:.2f} s, peak {peak_of_pandas:.0f} MiB: "
                f"{yardstick / taken:.1f} times faster",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == [WRITE]:
        write(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        sys.exit(main())
