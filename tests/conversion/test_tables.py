"""CSV and Parquet files are converted as the sheets that hold the same cells."""

from __future__ import annotations

import csv
import gzip
import io
import os
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import pipeline
from pipeline.conversion.plan import find_workbooks, not_taken
from pipeline.conversion.tables import reading, text_file
from pipeline.conversion.verify import verify_each
from pipeline.errors import BadRequest, NoWorkbook, PipelineError, WorkbookChanged
from pipeline.store import tick_writer
from pipeline.store.catalog import read_catalog
from pipeline.store.parquet import read_footer, read_table
from pipeline.store.tick_file import read_ticks
from pipeline.ticks import TICK_TYPES
from tests.conversion.books import tick, tick_sheet, write_book

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.conversion.result import ConvertResult, SheetRow

HEADER: Final = "Dates,Type,Price,Size\n"
FIRST: Final = "2025-04-14 12:00:00"
ROWS: Final = [(f"2025-04-14 12:00:{number:02}", "BID", "17.3", str(100 + number)) for number in range(20)]


def as_csv(rows: list[tuple[str, ...]], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()


TEXT: Final = HEADER + as_csv(ROWS)


def convert(path: Path, *others: Path, **options: object) -> ConvertResult:
    return pipeline.convert([path, *others], path.parent / "store", **options)  # type: ignore[arg-type]


def converted(folder: Path, content: str | bytes, name: str = "FAB UH Equity.csv", **options: object) -> SheetRow:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    [row] = convert(path, **options).rows
    return row


def stored(folder: Path, ticker: str = "FAB") -> list[tuple[str, str, float, int]]:
    ticks = read_ticks(folder / "store" / f"{ticker}.parquet")
    times = ticks.timestamp.astype("datetime64[ns]").astype("datetime64[s]").astype(str).tolist()
    kinds = [TICK_TYPES[kind] for kind in ticks.kind.tolist()]
    return list(zip(times, kinds, ticks.price.tolist(), ticks.volume.tolist(), strict=True))


WANTED: Final = [(time.replace(" ", "T"), kind, float(price), int(size)) for time, kind, price, size in ROWS]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("FAB UH Equity.csv", TEXT),
        ("FAB UH Equity.CSV", TEXT.replace("\n", "\r\n").encode("utf-8-sig")),
        ("FAB UH Equity.csv.gz", gzip.compress(TEXT.encode())),
        ("FAB UH Equity.csv", TEXT.replace(",", ";")),
        ("FAB UH Equity.csv", TEXT.replace(",", ";").replace("17.3", "17,3")),
        ("FAB UH Equity.csv", ("sep=;\n" + TEXT.replace(",", ";")).encode("cp1252")),
        ("FAB UH Equity.tsv", TEXT.replace(",", "\t").encode("utf-16")),
        ("FAB UH Equity.csv", "FAB UH Equity,,,\n\xa9 made up,,,\n".encode("cp1252").decode("cp1252") + TEXT),
        ("FAB UH Equity.csv", ("\xa9 made up\n" + TEXT).encode("cp1252")),
        ("ticks.csv", "Security:,FAB UH Equity\n\n" + TEXT),
        ("FAB_UH_Equity.csv", TEXT.replace("\n", "," * 3000 + "\n")),
        ("FAB UH Equity.csv", '"' + TEXT.rstrip().replace(",", '","').replace("\n", '"\n"') + '"\n'),
        ("FAB UH Equity.csv", TEXT.rstrip("\n") + "\n\n\n,,,\n"),
        ("FAB UH Equity.csv", TEXT.replace("2025-04-14 12", "20250414 12")),
        ("FAB UH Equity.csv", TEXT.replace("2025-04-14 12", "14/04/2025 12")),
        ("FAB UH Equity.csv", TEXT.replace("2025-04-14 12", "04/14/2025 12")),
        ("FAB UH Equity.csv", TEXT.replace("2025-04-14 12", "14-Apr-2025 12")),
    ],
)
def test_every_writing_of_the_same_rows_gives_the_same_ticks(tmp_path: Path, name: str, content: str | bytes) -> None:
    row = converted(tmp_path, content, name)
    assert (row.status, row.ticker, row.exchange, row.ticks, row.rejects) == ("converted", "FAB", "ADX", 20, {})
    assert stored(tmp_path) == WANTED


def test_times_with_a_zone_and_counts_since_1970_are_put_on_the_exchanges_clock(tmp_path: Path) -> None:
    for content in (TEXT.replace(" 12:", "T08:").replace(",BID", ".000000000Z,BID"), _of_epoch(1), _of_epoch(10**9)):
        row = converted(tmp_path, content)
        assert (row.status, row.ticks) == ("converted", 20)
        assert stored(tmp_path) == WANTED
    [source] = read_catalog(tmp_path / "store")["FAB"].sources
    assert source.remarks == ("times with a time zone, put on the exchange's clock (Asia/Dubai): 20",)


def _of_epoch(unit: int) -> str:
    first = 1_744_617_600  # 2025-04-14 08:00:00 of UTC
    return HEADER + as_csv([(str((first + number) * unit), *row[1:]) for number, row in enumerate(ROWS)])


def test_a_file_that_names_no_security_takes_that_of_the_request(tmp_path: Path) -> None:
    row = converted(tmp_path, TEXT, "ticks.csv")
    assert row.status == "failed"
    assert "names no security" in (row.error or "")
    assert "--security" in (row.error or "")
    assert converted(tmp_path, TEXT, "ticks.csv", security="FAB UH Equity").status == "converted"
    with pytest.raises(BadRequest, match="security"):
        converted(tmp_path, TEXT, security="FAB UH Equity")


def test_rejected_rows_are_kept_with_the_rows_and_texts_of_the_file(tmp_path: Path) -> None:
    bad = "2025-04-14 12:00:30,BID,#N/A,5\n\nx,BID,17.3,5\n2025-04-14 12:00:31,BID,17.3\n"
    row = converted(tmp_path, TEXT + bad, max_rejects=0.5)
    assert (row.rows, row.ticks, row.blank) == (24, 20, 1)
    assert row.rejects == {"price not a number": 1, "size missing": 1, "unreadable time": 1}
    kept = read_table(tmp_path / "store" / "FAB.rejects.parquet").to_pylist()
    assert [(each["row"], each["time"], each["price"], each["size"], each["rule"]) for each in kept] == [
        (22, "2025-04-14 12:00:30", "#N/A", "5", "price not a number"),
        (24, "x", "17.3", "5", "unreadable time"),
        (25, "2025-04-14 12:00:31", "17.3", "", "size missing"),
    ]
    assert {(each["workbook"], each["sheet"]) for each in kept} == {("FAB UH Equity.csv", "FAB UH Equity")}


def test_too_many_rejected_rows_are_refused_with_row_and_cell_and_what_is_stored_stays(tmp_path: Path) -> None:
    converted(tmp_path, TEXT)
    row = converted(tmp_path, TEXT.replace("17.3", "AED 17.3"))
    assert row.status == "failed"
    assert (row.error or "").startswith("FAB UH Equity.csv: no ticks: 20 of 20 rows rejected (20 price not a number)")
    assert "Row 2 (price not a number): time '2025-04-14 12:00:00', type 'BID', price 'AED 17.3'" in (row.error or "")
    assert stored(tmp_path) == WANTED
    assert sorted(path.name for path in (tmp_path / "store").iterdir() if path.suffix == ".part") == []


def test_days_and_months_that_no_row_tells_apart_are_refused_and_the_order_can_be_said(tmp_path: Path) -> None:
    unclear = TEXT.replace("2025-04-14 12", "05/06/2025 12")
    assert "--date-order dmy" in (converted(tmp_path, unclear).error or "")
    assert converted(tmp_path, unclear, date_order="mdy").ticks == 20
    assert stored(tmp_path)[0][0] == "2025-05-06T12:00:00"


def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have blocks of a few rows, so that short files have many."""
    monkeypatch.setattr(text_file, "BLOCK_BYTES", 200)
    monkeypatch.setattr(text_file, "PIECE_BYTES", 100)
    monkeypatch.setattr(tick_writer, "ROW_GROUP", 7)
    monkeypatch.setattr(reading, "MOST_WAITING", 10)


def test_the_order_of_day_and_month_shows_late_and_holds_for_all_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_blocks(monkeypatch)
    rows = [(f"05/0{month}/2025 12:00:00", *row[1:]) for month, row in zip([1, 2, 3, 4] * 5, ROWS, strict=True)]
    last = ("05/13/2025 12:00:00", "BID", "17.3", "1")
    assert converted(tmp_path, HEADER + as_csv([*sorted(rows), last])).ticks == 21
    assert {time[:7] for time, *_ in stored(tmp_path)} == {"2025-05"}
    both = converted(tmp_path, HEADER + as_csv([*sorted(rows), last, ("13/05/2025 12:00:00", "BID", "17.3", "1")]))
    assert "the day comes first in row 23 ('13/05/2025 12:00:00') and the month in row 22" in (both.error or "")


def test_at_trade_is_left_out_when_trade_comes_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_blocks(monkeypatch)
    rows = [(row[0], "AT_TRADE", *row[2:]) for row in ROWS]
    assert converted(tmp_path, HEADER + as_csv(rows)).ticks == 20
    assert {kind for _, kind, *_ in stored(tmp_path)} == {"TRADE"}
    late = converted(tmp_path, HEADER + as_csv([*rows, ("2025-04-14 12:01:00", "TRADE", "17.3", "1")]))
    assert (late.ticks, late.rejects) == (1, {"trade told twice": 20})


def long(securities: list[str]) -> str:
    rows = [(*row, securities[number % len(securities)]) for number, row in enumerate(ROWS)]
    return "Date,Type,Price,Size,Ticker\n" + as_csv(rows)


@pytest.mark.parametrize("name", ["export.csv", "FAB UH Equity.csv"])
def test_a_column_of_securities_splits_the_file(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    small_blocks(monkeypatch)
    path = tmp_path / name
    path.write_text(long(["FAB UH Equity", "EMAAR DH Equity", "fab uh equity"]))
    result = convert(path)
    assert [(row.ticker, row.exchange, row.status, row.ticks) for row in result.rows] == [
        ("FAB", "ADX", "converted", 13),
        ("EMAAR", "DFM", "converted", 7),
    ]
    assert stored(tmp_path) == [row for number, row in enumerate(WANTED) if number % 3 != 1]
    assert stored(tmp_path, "EMAAR") == WANTED[1::3]
    assert [row.status for row in convert(path).rows] == ["unchanged", "unchanged"]
    assert [row.ticker for row in convert(path, only=["EMAAR"], force=True).rows] == ["EMAAR"]
    assert [verified.problem for verified in verify_each(tmp_path / "store")] == [None, None]


def test_a_row_of_which_security_it_is_cannot_be_told_is_named(tmp_path: Path) -> None:
    blank = converted(tmp_path, long(["FAB UH Equity", ""]), "export.csv")
    assert "row 3 names no security" in (blank.error or "")
    other = converted(tmp_path, long(["FAB UH Equity", "Dubai house"]), "export.csv")
    assert "row 3 ('Dubai house') names no security that can be told by its name" in (other.error or "")


def test_a_file_is_joined_with_a_workbook_and_with_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_blocks(monkeypatch)
    workbook = tmp_path / "a.xlsx"
    rows = [tick(45760.5 + number / 86_400) for number in range(5)]
    write_book(workbook, {"FAB UH Equity": tick_sheet(*rows)})
    early, late = tmp_path / "FAB UH Equity.csv", tmp_path / "FAB UH Equity_2.csv"
    late.write_text(HEADER + as_csv(ROWS[8:]))
    early.write_text(HEADER + as_csv([*ROWS[:8], ("x", *ROWS[0][1:])]))
    result = convert(late, early, workbook, max_rejects=0.5)
    assert [(row.status, row.ticks) for row in result.rows] == [("converted", 12), ("converted", 8), ("converted", 5)]
    assert stored(tmp_path)[5:] == WANTED
    assert read_table(tmp_path / "store" / "FAB.rejects.parquet")["row"].to_pylist() == [10]
    assert [verified.problem for verified in verify_each(tmp_path / "store")] == [None]
    early.write_text(HEADER + as_csv(ROWS[:12]))
    assert "hold ticks of the same time" in (convert(late, early, workbook).rows[0].error or "")


def test_a_file_is_read_again_only_when_its_content_is_another(tmp_path: Path) -> None:
    converted(tmp_path, TEXT)
    path = tmp_path / "FAB UH Equity.csv"
    footer = read_footer(tmp_path / "store" / "FAB.parquet")
    os.utime(path, ns=(1, 1))
    assert [row.status for row in convert(path).rows] == ["unchanged"]
    assert read_footer(tmp_path / "store" / "FAB.parquet").digest == footer.digest
    path.write_text(TEXT.replace("17.3", "17.4", 1))
    assert [row.status for row in convert(path).rows] == ["converted"]
    assert stored(tmp_path)[0][2] == 17.4


def test_a_store_that_differs_from_the_file_is_found(tmp_path: Path) -> None:
    converted(tmp_path, TEXT)
    assert [verified.problem for verified in verify_each(tmp_path / "store")] == [None]
    other = tmp_path / "other"
    other.mkdir()
    converted(other, TEXT.replace("17.3", "17.4", 1))
    (other / "store" / "FAB.parquet").replace(tmp_path / "store" / "FAB.parquet")
    [verified] = verify_each(tmp_path / "store")
    assert verified.problem == "row 2, price: workbook 17.3, Parquet 17.4"


def test_a_file_that_is_written_to_meanwhile_is_not_converted(tmp_path: Path) -> None:
    path = tmp_path / "FAB UH Equity.csv"
    path.write_text(TEXT)
    with pytest.raises(WorkbookChanged, match=r"FAB UH Equity\.csv was saved or replaced while it was read"):
        convert(path, on_event=lambda event: path.write_text(TEXT + "\n") if event.kind == "rows" else None)
    assert not (tmp_path / "store" / "FAB.parquet").exists()


def test_the_same_file_gives_the_same_bytes_whatever_the_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_blocks(monkeypatch)
    path = tmp_path / "FAB UH Equity.csv"
    path.write_text(TEXT + "x,,,\n")
    written = []
    for workers in (1, 4):
        assert convert(path, workers=workers, force=True).rows[0].status == "converted"
        written.append([(tmp_path / "store" / name).read_bytes() for name in ("FAB.parquet", "FAB.rejects.parquet")])
    assert written[0] == written[1]


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_a_parquet_file_of_another_tool_is_converted(tmp_path: Path, zone: str | None) -> None:
    path = tmp_path / "FAB UH Equity.parquet"
    hour = 12 if zone is None else 8
    texts = [f"2025-04-14T{hour:02}:00:{number:02}{'Z' if zone else ''}" for number in range(20)]
    times = pa.array(texts).cast(pa.timestamp("ns", zone))
    columns = {
        "size": pa.array([float(row[3]) for row in ROWS]),
        "event_type": pa.array([row[1].lower() for row in ROWS]),
        "time": times,
        "price": pa.array([*["17.3"] * 19, None]).cast(pa.decimal128(6, 2)),
    }
    pq.write_table(pa.table(columns), path)
    [row] = convert(path).rows
    assert (row.status, row.ticks, row.rejects) == ("converted", 19, {"price missing": 1})
    assert stored(tmp_path) == WANTED[:19]
    assert [row.status for row in convert(path).rows] == ["unchanged"]
    assert [verified.problem for verified in verify_each(tmp_path / "store")] == [None]


def test_a_parquet_file_of_texts_is_converted_as_a_csv_file_of_them(tmp_path: Path) -> None:
    path = tmp_path / "export.parquet"
    names = ("Date", "Type", "Price", "Size", "Ticker")
    rows = [(*row, "FAB UH Equity") for row in ROWS]
    pq.write_table(pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))), path)
    [row] = convert(path).rows
    assert (row.ticker, row.ticks) == ("FAB", 20)
    assert stored(tmp_path) == WANTED


def test_a_text_file_is_a_table_where_it_is_named_and_not_where_it_only_lies(tmp_path: Path) -> None:
    text = TEXT.replace(",", "\t").encode()
    assert converted(tmp_path, text, "FAB UH Equity.txt").status == "converted"
    assert stored(tmp_path) == WANTED
    assert find_workbooks(tmp_path) == []
    said, _ = not_taken(tmp_path)  # the other is of the store's folder
    assert "FAB UH Equity.txt was not converted: give it the ending .csv" in said


def test_a_parquet_file_without_columns_of_ticks_is_told_its_own(tmp_path: Path) -> None:
    pq.write_table(pa.table({"time": pa.array(["2025-04-14 10:00"]), "open": pa.array([17.3])}), tmp_path / "a.parquet")
    [row] = convert(tmp_path / "a.parquet").rows
    assert "a.parquet: it has no column Type and no column Price and no column Size; it holds time, open." in str(
        row.error
    )


def test_what_is_no_file_of_ticks_is_named(tmp_path: Path) -> None:
    for name, content, said in [
        ("a.csv", b"", "it is empty"),
        ("b.csv", b"a,b\n1,2\n", "no row has the headers of ticks"),
        ("c.parquet", b"PAR1", "c.parquet is not a whole Parquet file"),
        ("d.csv.gz", gzip.compress(TEXT.encode())[:-9], "cannot be unpacked"),
        ("FAB UH Equity.csv", HEADER.encode(), "no rows below them"),
    ]:
        row = converted(tmp_path, content, name)
        assert row.status == "failed"
        assert said in (row.error or "")
        assert name in (row.error or "")


def test_the_folder_of_raw_files_is_searched_for_all_kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = tmp_path / "data" / "raw"
    raw.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NoWorkbook, match=r"\.csv"):
        pipeline.convert()
    (raw / "FAB UH Equity.csv").write_text(TEXT)
    (raw / "notes.docx").write_text("x")
    (raw / "EMAAR DH Equity.csv.gz").write_bytes(gzip.compress(TEXT.encode()))
    result = pipeline.convert()
    assert [(row.ticker, row.status) for row in result.rows] == [("EMAAR", "converted"), ("FAB", "converted")]
    assert any("notes.docx" in warning and ".csv" in warning for warning in result.warnings)


def test_a_file_of_another_ending_is_refused_with_those_that_are_read(tmp_path: Path) -> None:
    path = tmp_path / "FAB UH Equity.json"
    path.write_text("{}")
    with pytest.raises(PipelineError, match=r"\.csv"):
        convert(path)
