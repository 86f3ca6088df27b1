"""Cut, flipped, linked, programmed or locked: a workbook gives its own rows or a named error, and calls nobody."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.conversion.stage import convert
from pipeline.errors import CorruptWorkbook, NotAWorkbook, PipelineError
from pipeline.store.tick_file import read_ticks
from tests.conversion.books import MAIN, OFFICE, Cell, shared, text, tick, tick_sheet, write_book
from tests.hostile.bombs import BOOK, FAB, RELATIONS, SHEET, STYLES, TEXTS, book_of, book_with

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.conversion.result import ConvertResult

ROOT = Path(__file__).parents[2]
PRICES = [17.3, 17.4, 18.0, 2.0]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    time, _, _, size = tick()
    rows = [(time, shared(at % 3), tick(price=price)[2], size) for at, price in enumerate(PRICES)]
    return write_book(
        tmp_path_factory.mktemp("whole") / "t.xlsx", {FAB: tick_sheet(*rows)}, texts=["BID", "ASK", "TRADE"]
    )


def outcome(path: Path, store: Path) -> ConvertResult | PipelineError:
    """Convert; any exception that is none of the project's is the test's failure."""
    try:
        return convert([path], store, force=True, workers=1)
    except PipelineError as error:
        return error


def check(path: Path, store: Path) -> bool:
    """Tell whether it was converted, and then to the rows that are in it."""
    found = outcome(path, store)
    if isinstance(found, PipelineError):
        assert str(path) in str(found)
        return False
    (row,) = found.rows
    if row.status == "failed":
        assert row.error
        return False
    assert read_ticks(store / "FAB.parquet").price.tolist() == PRICES
    return True


def test_a_workbook_cut_short_anywhere_is_a_named_error(book: Path, tmp_path: Path) -> None:
    content = book.read_bytes()
    for end in range(0, len(content), 5):
        (tmp_path / "t.xlsx").write_bytes(content[:end])
        assert not check(tmp_path / "t.xlsx", tmp_path / "store")
    assert check(book, tmp_path / "store")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_a_flipped_bit_changes_no_row(book: Path, tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(tmp_path / "whole.xlsx", "w", method) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    content = (tmp_path / "whole.xlsx").read_bytes()
    chance = random.Random(5)  # noqa: S311
    for _ in range(600):
        damaged = bytearray(content)
        for _ in range(chance.choice((1, 1, 2, 8))):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        (tmp_path / "t.xlsx").write_bytes(damaged)
        check(tmp_path / "t.xlsx", tmp_path / "store")


def test_bytes_moved_about_change_no_row(book: Path, tmp_path: Path) -> None:
    content = book.read_bytes()
    chance = random.Random(6)  # noqa: S311
    for _ in range(300):
        start, end, other = sorted(chance.randrange(len(content)) for _ in range(3))
        pieces = [content[:start], content[end:other], content[start:end], content[other:]]
        (tmp_path / "t.xlsx").write_bytes(b"".join(pieces))
        check(tmp_path / "t.xlsx", tmp_path / "store")


def no_part(part: str) -> Callable[[Path], Path]:
    def make(path: Path) -> Path:
        plain = write_book(path.with_suffix(".plain"), {FAB: tick_sheet(tick())})
        with zipfile.ZipFile(plain) as old, zipfile.ZipFile(path, "w") as new:
            for name in old.namelist():
                if name != part:
                    new.writestr(name, old.read(name))
        return path

    return make


def relation(target: str, mode: str = "Internal") -> str:
    kind = f"{OFFICE}/worksheet"
    link = f'<Relationship Id="rId1" Type="{kind}" Target="{target}" TargetMode="{mode}"/>'
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{link}</Relationships>'


LISTED = {
    "a sheet that is not there": (no_part(SHEET), "does not hold it"),
    "a sheet without a relation": (no_part(RELATIONS), "does not say where it is"),
    "a sheet on another machine": (
        lambda path: book_with(path, {RELATIONS: relation("http://127.0.0.1:9/x.xml", "External")}),
        "does not hold it",
    ),
    "a sheet in a file of the machine": (
        lambda path: book_with(path, {RELATIONS: relation("../../../../etc/passwd")}),
        "does not hold it",
    ),
    "two sheets that are one": (
        lambda path: book_with(
            path,
            {
                BOOK: book_of(
                    "".join(f'<sheet name="{n} UH Equity" sheetId="1" r:id="rId1"/>' for n in ("FAB", "ALDAR"))
                )
            },
        ),
        "are one",
    ),
}


@pytest.mark.parametrize(("make", "words"), LISTED.values(), ids=LISTED)
def test_a_listed_sheet_that_is_not_there_is_an_error_and_never_passed_over(
    tmp_path: Path, make: Callable[[Path], Path], words: str
) -> None:
    with pytest.raises(CorruptWorkbook, match=words):
        convert([make(tmp_path / "t.xlsx")], tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_two_parts_whose_names_differ_in_case_are_refused(tmp_path: Path) -> None:
    path = book_with(tmp_path / "t.xlsx", {"xl/SharedStrings.xml": "<sst/>"})
    with pytest.raises(CorruptWorkbook, match="twice"):
        convert([path], tmp_path / "store")


@pytest.mark.parametrize("other", [TEXTS, STYLES])
def test_parts_that_stand_elsewhere_than_usual_are_the_ones_that_are_read(tmp_path: Path, other: str) -> None:
    # Parts of the usual names are there too, with other texts and formats.
    time, _, *others = tick()
    rows = tick_sheet((time, shared(0), *others), (time, shared(1), *others))
    plain = write_book(tmp_path / "plain.xlsx", {FAB: rows}, texts=["BID", "ASK"])
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(tmp_path / "t.xlsx", "w") as new:
        for name in old.namelist():
            content = old.read(name).decode()
            if name == other:
                new.writestr(name.replace("xl/", "xl/own/"), content)
                content = content.replace("BID", "TRADE").replace('numFmtId="164"', 'numFmtId="2"')
            if name == RELATIONS:
                content = content.replace(f'"{other.removeprefix("xl/")}"', f'"own/{other.removeprefix("xl/")}"')
            new.writestr(name, content)
    (row,) = convert([tmp_path / "t.xlsx"], tmp_path / "store").rows
    assert row.ticks == 2
    assert read_ticks(tmp_path / "store" / "FAB.parquet").kind.tolist() == [0, 1]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "t.xlsx")
    with pytest.raises(NotAWorkbook, match="device or a pipe"):
        convert([tmp_path / "t.xlsx"], tmp_path / "store")


CALLING = Cell("", "<f>cmd|' /C calc'!A0</f><v>17.3</v>")
LINK = '<c r="F4"><f>[1]Other!A1</f><v>1</v></c><c r="G4" t="str"><f>WEBSERVICE("http://127.0.0.1:9/")</f><v>x</v></c>'
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
OUTSIDE = {
    "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4_096),
    "xl/externalLinks/externalLink1.xml": f'<externalLink xmlns="{MAIN}"/>'.encode(),
    "xl/externalLinks/_rels/externalLink1.xml.rels": (
        f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" Type="{OFFICE}/externalLinkPath" '
        'Target="http://127.0.0.1:9/other.xlsx" TargetMode="External"/></Relationships>'
    ).encode(),
    "xl/connections.xml": f'<connections xmlns="{MAIN}"><connection id="1" type="4"/></connections>'.encode(),
    "xl/embeddings/oleObject1.bin": bytes(1_000),
    "customUI/customUI.xml": b'<customUI onLoad="run"/>',
}
WATCHED = """
import json, sys
from pathlib import Path
seen = []
def hook(event, args):
    if event.startswith(("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "urllib.")):
        seen.append(event)
    elif event == "open" and str(args[0]).startswith(("/etc", "http")):
        seen.append(str(args[0]))
import pipeline
from pipeline.conversion.verify import verify_each
from pipeline.conversion import stage
stage.WORTH_LOADING, stage.WORTH_COMPILING = (0, 0) if sys.argv[3] == "fast" else (1 << 30, 1 << 30)
from pipeline.conversion.excel.loop_rows import read_rows
from pipeline.native.functions import compiled
compiled(read_rows)
sys.addaudithook(hook)
(row,) = pipeline.convert(sys.argv[1], sys.argv[2], max_rejects=0.5).rows
(verified,) = verify_each(Path(sys.argv[2]))
print(json.dumps([row.ticks, row.reader, row.error, verified.problem is None, seen]))
"""


@pytest.mark.parametrize("by", ["fast", "row by row"])
def test_links_macros_and_calls_are_data_that_nobody_follows(tmp_path: Path, by: str) -> None:
    time, kind, _, size = tick()
    rows = tick_sheet((time, kind, CALLING, size), (text("x"),))
    before, row, behind = rows.partition('<row r="4">')
    rows = before + row + behind.replace("</row>", f"{LINK}</row>", 1)
    path = write_book(tmp_path / "t.xlsm", {FAB: rows}, extra=OUTSIDE)
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(path), str(tmp_path / "store"), by],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    ticks, reader, error, equal, seen = json.loads(done.stdout)
    assert (ticks, reader, error) == (1, by, None)
    assert equal
    assert seen == []
