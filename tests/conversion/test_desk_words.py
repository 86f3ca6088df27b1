"""A desk's own words for columns and types: read from configs/excel.json of the working directory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pipeline.conversion.desk_words import read_desk_words
from pipeline.conversion.stage import convert
from pipeline.errors import ConfigError
from pipeline.store.tick_file import read_ticks
from tests.conversion.books import number, rows_xml, serial, text, write_book

if TYPE_CHECKING:
    from pathlib import Path

WORDS = {
    "columns": {"Zeit": "time", "Art": "type", "Kurs (EUR)": "Price", "St\u00fcck": "size"},
    "types": {"Geld": "BID", "Brief ": "ask", "Bezahlt": "TRADE"},
}
ROWS = [
    (text("ZEIT"), text("Art"), text("Kurs"), text("St\u00fcck")),
    *((serial(45761.5), text(kind), number(17.3), number(1)) for kind in ("Geld", "BRIEF", "bezahlt", "BID")),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "configs").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, content: object) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "configs" / "excel.json").write_text(text, encoding="utf-8")


def test_a_desks_words_are_read(folder: Path) -> None:
    book = write_book(folder / "t.xlsx", {"FAB UH Equity": rows_xml(ROWS)})
    assert [row.status for row in convert([book], folder / "store").rows] == ["failed"]
    write(folder, WORDS)
    assert convert([book], folder / "store").failed == ()
    assert read_ticks(folder / "store" / "FAB.parquet").kind.tolist() == [0, 1, 2, 0]


def test_another_word_converts_anew(folder: Path) -> None:
    write(folder, WORDS)
    book = write_book(folder / "t.xlsx", {"FAB UH Equity": rows_xml(ROWS)})
    statuses = [convert([book], folder / "store").rows[0].status for _ in range(2)]
    write(folder, WORDS | {"types": {**WORDS["types"], "Geld": "ASK"}})
    statuses += [convert([book], folder / "store").rows[0].status for _ in range(2)]
    assert statuses == ["converted", "unchanged", "converted", "unchanged"]
    assert read_ticks(folder / "store" / "FAB.parquet").kind.tolist() == [1, 1, 2, 0]


def test_without_the_file_there_are_no_own_words(folder: Path) -> None:
    assert folder.exists()
    words = read_desk_words()
    assert (words.columns, words.types) == ({}, {})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"column": {}}, r"'column' is not known; it takes columns and types. Did you mean 'columns'\?"),
        ({"columns": {"Px": "prise"}}, r"columns: 'Px' is \"prise\"; it takes time, .* Did you mean 'price'\?"),
        ({"types": {"Geld": 1}}, "types: 'Geld' is 1; it takes BID, ASK, TRADE"),
        ({"types": ["BID"]}, "types takes words in braces"),
        ({"columns": {"(EUR)": "price"}}, "a header must have a letter or a figure outside brackets"),
        ('{"types": {}, "types": {}}', "'types' stands twice"),
        ("{", "line 1: not valid JSON"),
    ],
)
def test_a_mistake_is_named_by_its_key(folder: Path, content: object, words: str) -> None:
    write(folder, content)
    with pytest.raises(ConfigError, match=words) as raised:
        read_desk_words()
    assert "excel.json" in str(raised.value)
