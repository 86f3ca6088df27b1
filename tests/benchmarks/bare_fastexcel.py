"""The least that can be done: fastexcel to pyarrow.parquet.write_table, unchecked, on so many threads."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fastexcel
import pyarrow as pa
import pyarrow.parquet as pq


def convert(workbook: str, folder: Path, sheets: list[str]) -> None:
    reader = fastexcel.read_excel(workbook)
    for sheet in sheets:
        batch = reader.load_sheet(sheet, header_row=2).to_arrow()
        pq.write_table(pa.Table.from_batches([batch]), folder / f"{sheet}.parquet")


def main() -> None:
    workbook, folder, threads = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    folder.mkdir(exist_ok=True)
    sheets = fastexcel.read_excel(workbook).sheet_names
    with ThreadPoolExecutor(threads) as pool:
        shares = [sheets[start::threads] for start in range(threads)]
        list(pool.map(lambda share: convert(workbook, folder, share), shares))


if __name__ == "__main__":
    main()
