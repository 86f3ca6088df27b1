"""Fuzzes the way of a workbook: archive bytes, or the text of its parts, in; ticks and rejects or a named error out."""

from __future__ import annotations

import io
import sys
import zipfile
import zlib
from typing import TYPE_CHECKING

from tests.hostile.fuzzing import Target, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.conversion.excel.archive import Workbook
    from pipeline.conversion.excel.parts import Sheet
    from pipeline.conversion.ticks import Parsed

PART = b"\n@@ "
WORDS = (
    *(b'<row r="', b'<c r="A4"', b"<v>", b"</v>", b"</c>", b"</row>", b"<c/>", b"<row/>", b"<is><t>", b"</t></is>"),
    *(b't="s"', b't="str"', b't="d"', b't="b"', b't="e"', b't="inlineStr"', b's="1"', b's="2"', b' r="XFD1048576"'),
    *(b"1048576", b"1048577", b"-1", b"0", b"4294967297", b"99999999999999999999", b"1e999", b"NaN", b"1_0", b"0x1"),
    *(b"BID", b"ASK", b"TRADE", b" ", b"#N/A", b"45761.5", b"45761", b"17.3", b"2025-04-14T10:00:60", b"1500.5"),
    *(b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?a b?>", b"&amp;", b"&#65;", b"&x;", b"<!DOCTYPE a>", b"_x0041_"),
    *(
        b"Dates",
        b"Date",
        b"Time",
        b"Type",
        b"Price",
        b"Size",
        b"FAB UH Equity",
        b"ALDAR DH Equity",
        b"../../x UH Equity",
    ),
    *(b"\xff", b"\0", b"\xc2\xa0", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"'", b'"', b"<", b">", b"&", b"\n", b"\r"),
    *(PART + b"xl/worksheets/sheet1.xml\n", PART + b"xl/sharedStrings.xml\n", PART + b"xl/styles.xml\n"),
    *(PART + b"xl/workbook.xml\n", PART + b"xl/_rels/workbook.xml.rels\n", PART + b"_rels/.rels\n"),
    *(
        b'date1904="1"',
        b'state="hidden"',
        b'xmlns:x="u"',
        b"<x:c ",
        b"<si/>",
        b"<si><t>BID</t></si>",
        b"numFmtId=",
        b"[h]",
    ),
    *(b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"\xff\xff\xff\xff", b"\x08\x00"),
)


def archive_of(data: bytes) -> bytes:
    """Return an archive as it is; of a text, the archive of the parts in it."""
    if data.startswith(b"PK") or PART not in b"\n" + data:
        return data
    parts: dict[str, bytes] = {}
    for text in (b"\n" + data).split(PART)[1:]:
        name, _, content = text.partition(b"\n")
        parts[name.decode("latin-1") or "x"] = content
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return made.getvalue()


def text_of(archive: bytes) -> bytes:
    """Return an archive as the text of its parts."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return b"".join(PART + name.encode() + b"\n" + opened.read(name) for name in opened.namelist())[1:]


def make(folder: Path) -> Callable[[bytes], None]:  # noqa: C901 - three functions in one, to be made anew
    """Return what reads a workbook of these bytes, every eighth by way of the store, and asks whether it is right."""
    from pipeline.conversion.excel.loop_rows import read_rows
    from pipeline.conversion.layout import blocks_of
    from pipeline.conversion.plan import open_all, plan_sheets  # instrumented when imported here
    from pipeline.conversion.rules import Rules
    from pipeline.conversion.sheet import read_row_by_row, read_sheet
    from pipeline.conversion.stage import convert
    from pipeline.errors import PipelineError
    from pipeline.native.functions import compiled
    from pipeline.store.tick_file import read_ticks
    from tests.conversion.books import content_of

    path, store, loop = folder / "t.xlsx", folder / "store", compiled(read_rows)

    def take(data: bytes) -> None:
        path.write_bytes(archive_of(data))
        try:
            jobs = plan_sheets(open_all([path]))
        except PipelineError as error:
            assert str(error)  # noqa: PT017 - some sentence
            return
        rows = [None if job.error else read(job.workbook, job.sheet) for job in jobs if job.ticker]
        if zlib.crc32(data) % 8 == 0:
            by_the_store(rows)

    def read(book: Workbook, sheet: Sheet) -> int | None:
        """Return the number of ticks; None when the sheet cannot be read."""
        for each in (loop, None):
            ticks = None
            try:
                content = read_sheet(book, sheet, *blocks_of(book, sheet)[:1], each)
            except PipelineError as error:
                assert str(error)  # noqa: PT017
                continue
            found = content.parsed
            assert found.rows == len(found.ticks) + len(found.rejects) + found.blank
            assert found.rows <= 1_048_576
            ticks = len(found.ticks)
            if content.reader == "fast":
                same_row_by_row(book, sheet, found)
        return ticks

    def same_row_by_row(book: Workbook, sheet: Sheet, found: Parsed) -> None:
        try:
            block = blocks_of(book, sheet)[0]
            exact, _ = read_row_by_row(book, sheet, block, Rules(book.date1904))
        except PipelineError:
            return  # XML that is none, which one pass does not mind
        assert content_of(found) == content_of(exact)

    def by_the_store(ticks: list[int | None]) -> None:
        rows = convert([path], store, force=True, workers=1, max_rejects=1).rows
        # A sheet without a tick fails.
        found = [row.ticks if row.status == "converted" else None for row in rows if row.ticker]
        assert found == [count or None for count in ticks]
        for row in rows:
            assert (row.status == "failed") == bool(row.error)
            assert row.rows == row.ticks + sum(row.rejects.values()) + row.blank
            if row.status == "converted":
                assert len(read_ticks(store / f"{row.ticker}.parquet")) == row.ticks

    return take


TARGET = Target("workbook", make, WORDS)

if __name__ == "__main__":
    sys.exit(run(TARGET, sys.argv[1:]))
