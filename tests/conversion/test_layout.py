"""The shape of a sheet: found whatever the pieces it comes in, and found only for what Excel writes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.conversion.excel import layout as module
from pipeline.conversion.excel.layout import Shape, ShapeReader, rows_with_values
from tests.properties.workbooks import letters

HEAD = '<?xml version="1.0"?>\n<worksheet xmlns="u"><cols><col min="1"/></cols><sheetData>'
END = "</sheetData><conditionalFormatting/></worksheet>"
VALUES = ("", "<v>17.3</v>", "<is><t>BID</t></is>", "<f>A1</f>", "<v></v>")
ROW = '<row r="7"><c r="A7"><v>1</v></c></row>'


def shape_of(xml: str, size: int = 1 << 20) -> Shape | None:
    reader = ShapeReader(1 << 20)
    content = xml.encode()
    for start in range(0, len(content), size):
        reader.feed(content[start : start + size])
    return reader.shape()


rows = st.dictionaries(
    st.integers(1, 1_048_576),
    st.dictionaries(st.integers(0, 16_383), st.sampled_from(VALUES), max_size=4),
    min_size=1,
    max_size=12,
)


@pytest.fixture(params=[module._STRETCH, 64], ids=["stretches as they are", "short stretches"])
def stretch(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(module, "_STRETCH", request.param)
    return int(request.param)


@pytest.mark.usefixtures("stretch")
@given(cells=rows, size=st.integers(1, 400))
def test_rows_and_columns_are_found_whatever_the_pieces(cells: dict[int, dict[int, str]], size: int) -> None:
    told = [
        f'<row r="{row}" spans="1:4">'
        + "".join(f'<c r="{letters(column)}{row}" s="1">{held[column]}</c>' for column in sorted(held))
        + "</row>"
        for row, held in sorted(cells.items())
    ]
    found = shape_of(HEAD + "".join(told) + END, size)
    assert found is not None
    columns = [column for held in cells.values() for column in held]
    assert found.rows.tolist() == sorted(cells)
    assert found.hollow.tolist() == [not cells[row] for row in sorted(cells)]
    assert found.cells == len(columns)
    if columns:
        assert (found.first_column, found.last_column) == (min(columns), max(columns))
        assert found.area == max(cells) * (max(columns) - min(columns) + 1)
    held = [any(value and value != "<f>A1</f>" for value in cells[row].values()) for row in sorted(cells)]
    assert rows_with_values([HEAD.encode(), *(row.encode() for row in told)]).tolist() == held


@pytest.mark.usefixtures("stretch")
@pytest.mark.parametrize(
    "row",
    [
        '<row r="8"><c r="A7"/></row>',  # a cell of another row
        '<row r="7"><c r="A7"/></row>',  # a row that stands twice
        '<row r="6"><c r="A6"/></row>',
        '<row r="0"/>',
        '<row r=""/>',
        '<row r="" s="1"/>',
        '<row r="8x"/>',
        '<row r="1048577"/>',
        '<row r="12345678"/>',
        '<row r="123456789012"/>',
        '<row r="8"><c r="XFE8"/></row>',
        '<row r="8"><c r="AAAA8"/></row>',
        '<row r="8"><c r="8"/></row>',
        '<row r="8"><c r="a8"/></row>',
        '<row r="8"><c r="B8"/><c r="A8"/></row>',
        '<row r="8"><c r="A8"/><c r="A8"/></row>',
        '<row r="8"><c/></row>',
        '<row r="8"><c><v>1</v></c></row>',
        '<row r="8"><c s="1" r="A8"/></row>',
        "<row r='8'><c r=\"A8\"/></row>",
        "<row r=\"8\"><c r='A8'/></row>",
        '<row r="8"><x:c r="XFD8"/></row>',
        '<x:row r="8"/>',
        "<row/>",
        "<row></row>",
        '<row s="1" r="8"/>',
        '<row\tr="8"/>',
        '<row r="8"/> ',
        '<row r="8"/><c r="XFD1048576"/>',
        '<row r="8"><c r="A8"/></row></sheetData><row r="9"/><sheetData>',
        '<row r="8"><c r="A8"><v>1<!-- -->2</v></c></row>',
        '<row r="8"><c r="A8"><v>1<?x?>2</v></c></row>',
        '<row r="8"><c r="A8"><v>1<![CDATA[2]]></v></c></row>',
        '<row r="8"><c r="A8"><v>1&#50;</v></c></row>',
        '<row r="8"><c r="A8"><is><t>B_x0049_D</t></is></c></row>',
        '<row r="8"><c r="A8"><row r="9"/></c></row>',
    ],
)  # fmt: skip
def test_what_excel_does_not_write_has_no_shape(row: str) -> None:
    assert shape_of(HEAD + ROW + END) is not None
    assert shape_of(HEAD + ROW + row + END) is None
    assert shape_of(HEAD + ROW + row + '<row r="12"><c r="A12"/></row>' + END, 7) is None


@pytest.mark.parametrize(
    ("head", "end"),
    [
        (HEAD, ""),
        (HEAD, "</worksheet>"),
        (HEAD.replace("<sheetData>", '<sheetData><c r="XFD1"/>'), END),
        (HEAD.replace("<sheetData>", '<!-- <row r="3"/> --><sheetData>'), END),
        (HEAD.replace("<sheetData>", "<?x?><sheetData>"), END),
        (HEAD, END.replace("<cond", '<row r="9"/><cond')),
        (HEAD, END.replace("<cond", '<x:row r="9"/><cond')),
    ],
)
def test_nothing_may_stand_before_or_behind_the_rows(head: str, end: str) -> None:
    assert shape_of(head + ROW + end) is None


@pytest.mark.parametrize("content", ["", "x", HEAD, HEAD + END, "<row ", '<row r="7">'])
def test_a_sheet_without_rows_has_no_shape(content: str) -> None:
    assert shape_of(content) is None


def test_a_row_longer_than_allowed_has_no_shape() -> None:
    long = f'<row r="8"><c r="A8"><is><t>{"x" * 3_000}</t></is></c></row>'
    assert shape_of(HEAD + ROW + long + '<row r="9"/>' + END) is not None
    reader = ShapeReader(1_000)
    for start in range(0, 4_000, 500):
        reader.feed((HEAD + ROW + long + END).encode()[start : start + 500])
    assert reader.shape() is None


def test_a_full_sheet_has_its_shape() -> None:
    told = "".join(f'<row r="{row}"><c r="A{row}"><v>1</v></c><c r="AB{row}"/></row>' for row in range(1, 30_001))
    found = shape_of(HEAD + told + END, 100_003)
    assert found is not None
    assert np.array_equal(found.rows, np.arange(1, 30_001))
    assert (found.cells, found.first_column, found.last_column, found.area) == (60_000, 0, 27, 840_000)
