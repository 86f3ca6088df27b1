from __future__ import annotations

import codecs
import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.conversion.excel.encoding import decoded
from pipeline.conversion.stage import convert
from tests.conversion.books import MAIN, tick, tick_sheet, write_book

if TYPE_CHECKING:
    from pathlib import Path

FAB = "FAB UH Equity"
READ = ("utf-8", "us-ascii", "utf-16", "iso-8859-1", "windows-1252", "UTF-16LE", "utf-16be")
xml_texts = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="<&"), max_size=2_000)


@st.composite
def cuts(draw: st.DrawFn) -> list[int]:
    return sorted(draw(st.lists(st.integers(0, 6_000), max_size=6)))


def pieces(content: bytes, at: list[int]) -> list[bytes]:
    return [content[start:end] for start, end in zip([0, *at], [*at, len(content)], strict=True)]


@given(text=xml_texts, encoding=st.sampled_from(READ), at=cuts(), marked=st.booleans(), declares=st.booleans())
def test_any_encoding_is_handed_on_as_utf_8(
    text: str,
    encoding: str,
    at: list[int],
    *,
    marked: bool,
    declares: bool,
) -> None:
    declares = declares or "16" not in encoding
    codec = {"utf-16": "utf-16-le"}.get(encoding, encoding)
    head = f'<?xml version="1.0" encoding="{encoding}" standalone="yes"?>' if declares else ""
    text = text.encode(codec, "ignore").decode(codec)
    mark = {"utf-8": codecs.BOM_UTF8, "utf-16be": codecs.BOM_UTF16_BE}.get(encoding, codecs.BOM_UTF16_LE)
    mark = mark if marked and ("16" in encoding or encoding == "utf-8") else b""
    content = mark + f"{head}<a>{text}</a>".encode(codec)
    whole = b"".join(decoded(pieces(content, at))).decode()
    declaration, _, rest = whole.rpartition("?>")
    assert rest == f"<a>{text}</a>"
    assert not declares or encoding in ("utf-8", "us-ascii") or 'encoding="UTF-8"' in declaration


@pytest.mark.parametrize(
    "content",
    [
        b'<?xml version="1.0" encoding="utf-7"?><a/>',
        b'<?xml version="1.0" encoding="cp037"?><a/>',
        b'<?xml version="1.0" encoding="shift_jis"?><a/>',
        b'<?xml version="1.0" encoding="utf-16"?><a/>',
        b'<?xml version="1.0" encoding="rot13"?><a/>',
        b"<?xml version='1.0' encoding='a&b'?><a/>",
        b'<?xml version="1.0"' + b" " * 2_000 + b'encoding="utf-7"?><a/>',
        b'<?xml version="1.0" encoding="us-ascii"?><a>\xe4</a>',
        b'<?xml version="1.0" encoding="windows-1252"?><a>\x81</a>',
        codecs.BOM_UTF8 + b'<?xml version="1.0" encoding="iso-8859-1"?><a/>',
        '<?xml version="1.0" encoding="utf-8"?><a/>'.encode("utf-16"),
        codecs.BOM_UTF16_LE + "<a>".encode("utf-16-le") + b"\x00\xd8a\x00",
        codecs.BOM_UTF16_LE + "<a/>".encode("utf-16-le") + b"a",
    ],
)
def test_an_encoding_that_is_none_of_these_or_is_not_what_it_says_is_an_error(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"encoding|codec"):
        list(decoded([content]))


def test_empty_and_undeclared_parts_are_what_they_are() -> None:
    assert list(decoded([])) == [b""]
    assert b"".join(decoded([b"<a>", b"\xc3", b"\xa4</a>"])) == "<a>ä</a>".encode()


def sheet_xml(*, declares: str = "UTF-16", before: str = "") -> str:
    rows = tick_sheet(*[tick()] * 3)
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    return f'<?xml version="1.0" encoding="{declares}"?>{before}{sheet}'


def book_of(path: Path, sheet: bytes) -> Path:
    return write_book(path, {FAB: ""}, extra={"xl/worksheets/sheet1.xml": sheet})


def test_a_document_type_is_refused_in_any_encoding(tmp_path: Path) -> None:
    bomb = sheet_xml(before='<!DOCTYPE a [<!ENTITY b "c">]>').encode("utf-16")
    (row,) = convert([book_of(tmp_path / "t.xlsx", bomb)], tmp_path / "store").rows
    assert "document type" in str(row.error)


def test_bytes_that_are_no_text_fail_the_sheet_and_say_so(tmp_path: Path) -> None:
    sheet = sheet_xml().encode("utf-16").replace("</sheetData>".encode("utf-16-le"), b"\x00\xd8\x00\xd8")
    (row,) = convert([book_of(tmp_path / "t.xlsx", sheet)], tmp_path / "store").rows
    assert "cannot be read" in str(row.error)
    assert "save the workbook again in Excel" in str(row.error)


def test_where_bytes_were_changed_the_checksum_is_what_is_said(tmp_path: Path) -> None:
    path = book_of(tmp_path / "t.xlsx", sheet_xml(declares="ISO-8859-1").encode("iso-8859-1"))
    stored = tmp_path / "stored.xlsx"
    with zipfile.ZipFile(path) as packed, zipfile.ZipFile(stored, "w") as archive:
        for name in packed.namelist():
            archive.writestr(name, packed.read(name))
    stored.write_bytes(stored.read_bytes().replace(b'encoding="ISO-8859-1"', b'encoding="ISO-8859-9"'))
    (row,) = convert([stored], tmp_path / "store").rows
    assert "checksum" in str(row.error)
