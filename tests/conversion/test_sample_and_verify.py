from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import openpyxl
import pytest

from pipeline.conversion.sample import write_sample
from pipeline.conversion.stage import convert
from pipeline.conversion.verify import verify_each
from pipeline.store.catalog import open_store
from pipeline.store.parquet import read_footer
from pipeline.store.tick_file import read_ticks
from pipeline.ticks import TICK_TYPES, Ticks
from tests.conversion.books import error, iso, shared, tick, tick_sheet, write_book
from tests.made import write_ticks

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "sample.xlsx"
    write_sample(path, days=2, rows=800)
    return path


def test_equal_seeds_give_equal_bytes_and_others_do_not(sample: Path, tmp_path: Path) -> None:
    write_sample(tmp_path / "again.xlsx", days=2, rows=800)
    write_sample(tmp_path / "other.xlsx", days=2, rows=800, seed=8)
    assert (tmp_path / "again.xlsx").read_bytes() == sample.read_bytes()
    assert (tmp_path / "other.xlsx").read_bytes() != sample.read_bytes()


def test_the_sample_says_that_it_is_synthetic_and_opens_in_another_reader(sample: Path) -> None:
    book = openpyxl.load_workbook(sample)
    assert book.sheetnames == ["FAB UH Equity", "MODON UH Equity", "EMAAR DH Equity", "SPINNEYS DH Equity"]
    for sheet in book:
        assert "SYNTHETIC" in sheet["A2"].value
        assert [cell.value for cell in sheet[3]] == ["Dates", "Type", "Price", "Size"]
        assert sheet["A4"].value == dt.datetime(2025, 1, 6, 9, 30)  # noqa: DTZ001
        assert [sheet["B4"].value, sheet["C4"].value, sheet["D4"].value] == ["BID", 0, 0]


def test_the_sample_has_the_shape_of_trading_days(sample: Path, tmp_path: Path) -> None:
    result = convert([sample], tmp_path / "store")
    assert [row.status for row in result.rows] == ["converted"] * 4
    assert result.rows[3].rejects == {
        "price not a number": 1,
        "size not whole": 1,
        "unknown type": 1,
        "unreadable time": 1,
    }
    assert result.rows[3].blank == 1
    ticks = read_ticks(tmp_path / "store" / "FAB.parquet")
    seconds = ticks.timestamp // 1_000_000_000 % 86_400
    trades = seconds[ticks.kind == TICK_TYPES.index("TRADE")]
    assert (ticks.timestamp % 1_000_000_000 == 0).all()
    assert len(set((ticks.timestamp // 86_400_000_000_000).tolist())) == 2
    assert seconds.min() == 9 * 3600 + 30 * 60
    assert trades.min() >= 10 * 3600
    assert (trades >= 14 * 3600 + 55 * 60).sum() >= 10
    assert len(set(ticks.timestamp.tolist())) < len(ticks)


def test_a_store_equals_its_workbook_read_afresh(sample: Path, tmp_path: Path) -> None:
    convert([sample], tmp_path / "store")
    verified = list(verify_each(tmp_path / "store"))
    assert [(security.ticker, security.problem) for security in verified] == [
        ("EMAAR", None),
        ("FAB", None),
        ("MODON", None),
        ("SPINNEYS", None),
    ]
    assert verified[3].rows == 804


@pytest.mark.parametrize(
    ("column", "value", "in_workbook", "in_store"),
    [
        ("timestamp", 1_744_632_001_000_000_000, "2025-04-14 12:00:00", "2025-04-14 12:00:01"),
        ("kind", 1, "'BID'", "'ASK'"),
        ("price", 17.300000000000004, "17.3", "17.300000000000004"),
        ("volume", 101, "100", "101"),
    ],
)
def test_a_single_changed_cell_is_found_with_its_row(
    tmp_path: Path, column: str, value: float, in_workbook: str, in_store: str
) -> None:
    book = write_book(tmp_path / "t.xlsx", {"FAB UH Equity": tick_sheet(tick(), (), tick(), tick())})
    convert([book], tmp_path / "store")
    path = tmp_path / "store" / "FAB.parquet"
    ticks = read_ticks(path)
    columns = {name: getattr(ticks, name).copy() for name in ("timestamp", "kind", "price", "volume")}
    columns[column][1] = value
    write_ticks(path, Ticks(**columns), read_footer(path).metadata)
    (verified,) = verify_each(tmp_path / "store")
    assert str(verified.problem).startswith("row 6, ")
    assert str(verified.problem).endswith(f": workbook {in_workbook}, Parquet {in_store}")


@pytest.mark.parametrize("keep", [1, 3])
def test_a_store_with_fewer_or_more_ticks_is_found(tmp_path: Path, keep: int) -> None:
    book = write_book(tmp_path / "t.xlsx", {"FAB UH Equity": tick_sheet(tick(), tick())})
    convert([book], tmp_path / "store")
    path = tmp_path / "store" / "FAB.parquet"
    ticks = read_ticks(path)
    rows = [0, 1, 1][:keep]
    other = Ticks(ticks.timestamp[rows], ticks.kind[rows], ticks.price[rows], ticks.volume[rows])
    write_ticks(path, other, read_footer(path).metadata)
    (verified,) = verify_each(tmp_path / "store")
    assert str(verified.problem).startswith(f"{'row 5' if keep == 1 else 'below the last row'}, timestamp: ")


def test_a_workbook_that_is_gone_or_was_edited_is_said(tmp_path: Path) -> None:
    book = write_book(tmp_path / "t.xlsx", {"FAB UH Equity": tick_sheet(tick())})
    convert([book], tmp_path / "store")
    write_book(book, {"FAB UH Equity": tick_sheet(tick(), tick())})
    started: list[str] = []
    (edited,) = verify_each(tmp_path / "store", started.append)
    assert "no longer what was converted" in str(edited.problem)
    assert started == ["FAB"]
    book.unlink()
    (gone,) = verify_each(tmp_path / "store")
    assert "There is no workbook" in str(gone.problem)


def test_a_workbook_that_openpyxl_cannot_read_is_said(tmp_path: Path) -> None:
    main = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    types = (
        b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        b'<Override ContentType="%s" PartName="/xl/workbook.xml"/></Types>'
    )
    rows = tick_sheet((*tick()[:1], shared(0), *tick()[2:]))
    sheets, extra = {"FAB UH Equity": rows}, {"[Content_Types].xml": types % main}  # which names no shared texts
    convert([write_book(tmp_path / "t.xlsx", sheets, texts=["BID"], extra=extra)], tmp_path / "store")
    (verified,) = verify_each(tmp_path / "store")
    assert "cannot be read by openpyxl: list index out of range" in str(verified.problem)


def test_a_date_kept_as_text_is_compared_with_its_zone(tmp_path: Path) -> None:
    rows = tick_sheet((iso("2025-04-14T06:00:00Z"), *tick()[1:]), (iso("2025-04-14T10:00:01.5"), *tick()[1:]))
    convert([write_book(tmp_path / "t.xlsx", {"FAB UH Equity": rows})], tmp_path / "store")
    noon = 1_744_624_800_000_000_000  # 2025-04-14 10:00 in ns since 1970
    assert read_ticks(tmp_path / "store" / "FAB.parquet").timestamp.tolist() == [noon, noon + 1_500_000_000]
    (verified,) = verify_each(tmp_path / "store")
    assert verified.problem is None


def test_parts_are_verified_in_the_order_in_which_they_were_joined(tmp_path: Path) -> None:
    bad = (*tick()[:3], error("#N/A"))
    later = write_book(tmp_path / "a.xlsx", {"FAB UH Equity": tick_sheet(tick(45762.5), bad)})
    earlier = write_book(tmp_path / "b.xlsx", {"FAB UH Equity": tick_sheet(bad, tick(45761.5))})
    convert([later, earlier], tmp_path / "store", max_rejects=0.5)
    (verified,) = verify_each(tmp_path / "store")
    assert verified.problem is None
    assert verified.rows == 4
    assert open_store(tmp_path / "store").securities[0].ticks == 2
