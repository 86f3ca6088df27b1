"""The desk's own fills as files have them: which columns are found, what cells may hold, what is refused in words."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

import pytest

from pipeline.conversion.excel.first_sheet import first_sheet
from pipeline.conversion.excel.write import Moment, write_workbook
from pipeline.errors import BadDeskFills
from pipeline.runs.desk_fills import csv_rows, desk_fills

if TYPE_CHECKING:
    from pathlib import Path

MOMENT: Final = int((dt.datetime(2025, 1, 6, 10, 0, 5) - dt.datetime(1970, 1, 1)).total_seconds() * 1_000)  # noqa: DTZ001
OURS: Final = "time,security,side,price,quantity"
GOOD: Final = "2025-01-06 10:00:05,FAB,buy,13.5,1000"


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (OURS, GOOD),
        ("Side;Price;Qty;Ticker;Timestamp", "B;13.50;1000;fab;2025-01-06T10:00:05.000"),
        ("B/S\tLast Px\tSHARES\tsymbol\tExec_Time", 'SLD\t13.5\t"1,000"\tFAB UH Equity\t2025-01-06 10:00:05'),
        ("date,time,security,side,price,quantity", "2025-01-06,10:00:05,FAB,2,13.5,1000.0"),
        (
            "fill id,Trade  Time,Instrument,Buy/Sell,Fill Price,Filled,note",
            "7,2025-01-06 10:00:05,FAB,Bought,13.5,1e3,x",
        ),
    ],
)
def test_columns_are_found_by_their_usual_names(tmp_path: Path, header: str, row: str) -> None:
    path = tmp_path / "fills.csv"
    path.write_text(f"\ufeff{header}\n\n{row}\n", encoding="utf-8")
    [(ticker, desk)] = desk_fills(csv_rows(path), "fills.csv").items()
    fills = desk.fills
    assert (ticker, fills.timestamp.tolist(), fills.price.tolist(), fills.quantity.tolist()) == (
        "FAB",
        [MOMENT],
        [13.5],
        [1000],
    )
    assert fills.side.tolist() == [-1 if "SLD" in row or ",2," in row else 1]
    assert desk.rows.tolist() == [3]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ("no column for the time",)),
        ("tme,security,side,price,quantity\n", ("no column for the time", "Did you mean 'tme'?")),
        ("time,security,side,price\n", ("no column for the quantity", "qty")),
        (f"{OURS}\n", ("no fills",)),
        (f"{OURS}\n{GOOD}\n06/01/2025 10:00,FAB,buy,1,1\n", ("row 3", "time is '06/01/2025 10:00'", "2025-01-06")),
        (f"{OURS}\n2025-01-06T10:00:05+04:00,FAB,buy,1,1\n", ("row 2", "exchange's clock")),
        (f"{OURS}\n2025-01-06,FAB,buy,1,1\n", ("row 2", "time is '2025-01-06'")),
        (f"{OURS}\n2025-01-06 10:00:05,,buy,1,1\n", ("row 2", "security")),
        (f"{OURS}\n2025-01-06 10:00:05,FAB,hold,1,1\n", ("row 2", "side is 'hold'", "buy or sell")),
        (f"{OURS}\n2025-01-06 10:00:05,FAB,buy,nan,1\n", ("row 2", "price is 'nan'")),
        (f"{OURS}\n2025-01-06 10:00:05,FAB,buy,1,1.5\n", ("row 2", "quantity is '1.5'")),
        (f"{OURS.replace(',', ';')}\n2025-01-06 10:00:05;FAB;buy;13,98;1\n", ("price is '13,98'", "behind a point")),
        (f"{OURS.replace(',', ';')}\n2025-01-06 10:00:05;FAB;buy;1,234;1\n", ("price is '1,234'", "behind a point")),
        (f"{OURS.replace(',', ';')}\n2025-01-06 10:00:05;FAB;buy;1;1.000\n", ("quantity is '1.000'", "1000 or 1,000")),
        (f"{OURS}\n2025-01-06 10:00:05,FAB,buy,1\n", ("row 2", "quantity is ''")),
    ],
)
def test_what_is_no_fill_is_refused_with_its_row(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    path = tmp_path / "fills.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadDeskFills) as refused:
        desk_fills(csv_rows(path), "fills.csv")
    assert [word for word in ("fills.csv", *words) if word not in str(refused.value)] == []


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(BadDeskFills, match=r"none\.csv"):
        list(csv_rows(tmp_path / "none.csv"))


def test_a_workbook_is_read_as_a_csv_file_is(tmp_path: Path) -> None:
    path = tmp_path / "fills.xlsx"
    rows = [["Time", "Ticker", "Side", "Price", "Qty"], [Moment(MOMENT), "FAB UH Equity", "Buy", 13.5, 1000]]
    write_workbook(path, {"Fills": rows})
    [(ticker, desk)] = desk_fills(first_sheet(path), "fills.xlsx").items()
    assert (ticker, desk.fills.timestamp.tolist(), desk.fills.quantity.tolist()) == ("FAB", [MOMENT], [1000])


def test_fills_come_in_order_of_time_with_their_rows(tmp_path: Path) -> None:
    path = tmp_path / "fills.csv"
    path.write_text(f"{OURS}\n2025-01-06 10:00:09,FAB,sell,13.5,1\n{GOOD}\n", encoding="utf-8")
    desk = desk_fills(csv_rows(path), "fills.csv")["FAB"]
    assert (desk.rows.tolist(), desk.fills.side.tolist()) == ([3, 2], [1, -1])
