"""The table of shared texts read at once is what the parser alone reads of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.conversion.excel.parts import text_of
from pipeline.conversion.excel.shared_texts import shared_texts
from pipeline.conversion.excel.stream import TooLong, elements
from tests.conversion.books import HEADERS, MAIN, formula_text, read_both, rows_xml, text, tick, write_book

if TYPE_CHECKING:
    from pathlib import Path

LONGEST, SIZE = 1 << 20, 1 << 16
ITEMS = (
    *(
        "<si><t>BID</t></si>",
        "<si><t>ASK</t></si>",
        "<si><t>a > b</t></si>",
        "<si><t></t></si>",
        "<si><t>é\t\n </t></si>",
    ),
    *(
        '<si><t xml:space="preserve"> BID </t></si>',
        "<si><t xml:space='preserve'> x</t></si>",
        "<si/>",
        "<si><t/></si>",
    ),
    *("<si><r><rPr><b/></rPr><t>B</t></r><r><t>ID</t></r></si>", "<si><t>B</t><rPh sb='0'><t>a</t></rPh></si>"),
    *("<si><t>&lt;si&gt; &amp;&#66;</t></si>", "<si><t>a</t><phoneticPr fontId='1'/></si>", "<si ><t>s</t></si >"),
    *(
        "<si><t><!-- </t></si><si><t> -->c</t></si>",
        "<si><t><![CDATA[</t></si><si><t>]]></t></si>",
        "<si><t>\r\n</t></si>",
    ),
    *(
        "\n  ",
        "<!-- x -->",
        "<si>\n<t>i</t>\n</si>",
        "<foo><si><t>f</t></si></foo>",
        "<si><t>\ufffd\U0001f600</t></si>",
    ),
)
TOKENS = (
    *(
        "<si>",
        "</si>",
        "<t>",
        "</t>",
        "<si/>",
        "<t/>",
        "<r>",
        "</r>",
        "a",
        "&amp;",
        "&lt;",
        "&",
        "<!-- ",
        " -->",
        "]]>",
    ),
    *(
        "<![CDATA[",
        '<t xml:space="preserve">',
        "<rPh>",
        "</rPh>",
        '<si x="1">',
        "</t></si><si><t>",
        "<y:si xmlns:y='u'>",
    ),
    *("</y:si>", "\r", "\x01", "\ufffe", ">", "<?p ?>", "<foo>", "</foo>", "</sst>", "<sst>", "<x:si>", "</x:si>"),
)
plain_or_odd = st.lists(st.sampled_from(ITEMS), max_size=12).map("".join)
anything = st.lists(st.sampled_from(TOKENS), max_size=10).map("".join)
heads = st.sampled_from(
    [f'<sst xmlns="{MAIN}" count="1">', "<sst>", '<?xml version="1.0"?>\n<sst>', "<sst a='>'>", "<sst>x"]
)


def by_the_parser(content: bytes) -> list[str] | type[ValueError]:
    try:
        return [text_of(item) for item in elements([content], ("si",), LONGEST)]
    except ValueError:
        return ValueError


def at_once(content: bytes) -> list[str] | type[ValueError]:
    try:
        return list(shared_texts([content], LONGEST, SIZE))
    except ValueError:
        return ValueError


@given(head=heads, body=st.one_of(plain_or_odd, anything, st.tuples(plain_or_odd, anything, plain_or_odd).map("".join)))
@example(head="<sst>", body="<si><si><t>a</t></si><si><t>b</t></si></si>")
@example(head="<sst>", body="<si><t>a</t></si><y:si xmlns:y='u'><si><t>b</t></si><si><t>c</t></si></y:si>")
@example(head="<sst>", body="<si><r><t>a</t></si><si><t>b</t></si><si></r></si>")
@example(head="<sst>", body="<si><t>a</t></si><si><t>b</t></si></sst><sst>")
def test_both_ways_read_the_same_texts_or_refuse(head: str, body: str) -> None:
    content = f"{head}{body}</sst>\n".encode()
    assert at_once(content) == by_the_parser(content)


@given(body=plain_or_odd)
def test_both_ways_read_the_same_with_a_prefix_on_every_name(body: str) -> None:
    for tag in ("si", "t", "r", "p"):
        body = body.replace(f"<{tag}", f"<x:{tag}").replace(f"</{tag}", f"</x:{tag}")
    content = f'<x:sst xmlns:x="{MAIN}">{body}</x:sst>'.encode()
    assert at_once(content) == by_the_parser(content)


@pytest.mark.parametrize("wrong", [b"\xff", b"\xed\xa0\x80", b"\x00", b"\x1f", b"\xef\xbf\xbe", b"&x;", b"</si>", b"<"])
def test_what_is_no_xml_is_refused_among_plain_texts(wrong: bytes) -> None:
    content = b"<sst><si><t>BID</t></si><si><t>a" + wrong + b"</t></si><si><t>ASK</t></si></sst>"
    assert at_once(content) is ValueError


def test_limits_hold_for_plain_texts_too() -> None:
    long = b"<sst><si><t>a</t></si><si><t>" + b"a" * (LONGEST + (1 << 18)) + b"</t></si></sst>"
    with pytest.raises(TooLong):
        shared_texts([long], LONGEST, SIZE)
    many = b"<sst>" + b"<si><t></t></si>" * (SIZE // 16 + 1) + b"</sst>"
    with pytest.raises(ValueError, match="more than 4,096 texts"):
        shared_texts([many], LONGEST, SIZE)
    assert len(shared_texts([many], LONGEST, SIZE * 2)) == SIZE // 16 + 1


@pytest.mark.parametrize("item", [b"<si><t>%s</t></si>", b"<si><r><t>%s</t></r></si>"])
def test_the_carriage_return_of_a_line_end_is_no_text(item: bytes) -> None:
    assert shared_texts([b"<sst>" + item % b"Price_x000D_\n(AED)" + b"</sst>"], LONGEST, SIZE) == ("Price\r\n(AED)",)


def test_nor_is_it_in_the_texts_of_cells(tmp_path: Path) -> None:
    headers = (*HEADERS[:2], text("Price_x000D_\n(AED)"), formula_text("Size_x000D_"))
    texts = text("2025-04-14 12:00_x000D_"), text("BID_x000D_"), formula_text("17.3_x000D_"), text("100_x000D_")
    rows = rows_xml([(), (), headers, texts, (*tick()[:1], formula_text("BID_x000D_"), *tick()[2:])])
    for parsed in read_both(write_book(tmp_path / "t.xlsx", {"FAB UH Equity": rows})):
        assert parsed is not None
        ticks = parsed.ticks
        assert ticks.kind.tolist() == [0, 0]
        assert ticks.timestamp.tolist()[0] == ticks.timestamp.tolist()[1]
        assert (ticks.price.tolist(), ticks.volume.tolist()) == ([17.3, 17.3], [100, 100])
