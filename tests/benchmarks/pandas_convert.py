"""What a quant writes first: pandas.read_excel sheet by sheet, to_parquet."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd


def main() -> None:
    workbook, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(exist_ok=True)
    for sheet in pd.ExcelFile(workbook).sheet_names:
        pd.read_excel(workbook, sheet_name=sheet, header=2).to_parquet(folder / f"{sheet}.parquet")


if __name__ == "__main__":
    main()
