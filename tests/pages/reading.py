"""A page in, what stands on it out, by the standard library alone: tables, texts, the charts' numbers."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import math
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VOID = {"meta", "br", "img", "link", "input", "hr"}


@dataclass
class Node:
    tag: str
    attributes: dict[str, str | None]
    children: list[Node | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def all(self, tag: str = "", **wanted: str) -> Iterator[Node]:
        """Yield every node below of this tag with these attributes, `_` for `-`."""
        for child in self.children:
            if isinstance(child, Node):
                asked = {name.replace("_", "-"): value for name, value in wanted.items()}
                if tag in ("", child.tag) and all(child.attributes.get(name) == value for name, value in asked.items()):
                    yield child
                yield from child.all(tag, **wanted)

    def one(self, tag: str = "", **wanted: str) -> Node:
        (only,) = self.all(tag, **wanted)
        return only


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, dict(attrs))
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"<{self.open[-1].tag}> is closed by </{tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


@dataclass
class Page:
    root: Node
    data: dict[str, Any]

    def columns(self, chart: str) -> dict[str, list[float]]:
        """Return what a chart over time is made of, by name; NaN where a value is missing."""
        return unpacked(self.data["charts"][chart]["pack"])

    def settings(self) -> dict[str, list[float]]:
        """Return what a sweep's page has of its settings, by name; NaN where a value is missing."""
        return unpacked(self.data["sweep"]["pack"])

    def days(self, chart: str) -> list[int]:
        """Return the days of a chart over time, counted from 1970-01-01."""
        chart_data = self.data["charts"][chart]
        return (
            [*map(int, self.columns(chart)["days"])]
            if "shared" in chart_data
            else [*itertools.accumulate(chart_data["days"])]
        )

    def trace(self, chart: str, kind: str) -> dict[str, Any]:
        """Return a chart's trace of a kind."""
        (only,) = (child for child in self.data["charts"][chart]["data"] if child.get("shared") == kind)
        return dict(only)


def unpacked(pack: Mapping[str, Any]) -> dict[str, list[float]]:
    """Return the columns that were packed together, by name; NaN where a value is missing."""
    content = gzip.decompress(base64.b64decode(pack["base64"]))
    columns: dict[str, list[float]] = {}
    start = 0
    for name, count, first, unit, digits in pack["columns"]:
        total, columns[name] = 0, []
        for _ in range(count):
            end = start
            while content[end] > 127:
                end += 1
            written = sum((byte & 127) << 7 * digit for digit, byte in enumerate(content[start : end + 1]))
            start = end + 1
            total += (written - 1) // 2 if written % 2 else -written // 2
            columns[name].append((first + total * unit) / 10**digits if written else math.nan)
    assert start == len(content)
    return columns


def read_page(content: bytes) -> Page:
    tree = _Tree()
    tree.feed(content.decode())
    tree.close()
    assert tree.open == [tree.root]
    return Page(tree.root, json.loads(tree.root.one("script", id="data").text))


def number(text: str) -> float:
    """Return the number that a person reads in a cell."""
    return float(text.replace(",", ""))


def reason_of(page: Page, cell: Node) -> str:
    """Return why a cell says that it is empty, which may stand elsewhere on the page; empty where it does not."""
    elsewhere = cell.attributes.get("aria-describedby")
    return str(cell.attributes.get("title") or "") if elsewhere is None else page.root.one("span", id=elsewhere).text


def table(node: Node) -> tuple[list[Node], dict[str, list[Node]]]:
    """Return a table's headings and its cells by row name; a footer is a row too."""
    (head,) = node.all("thead")
    rows = [row for part in ("tbody", "tfoot") for body in node.all(part) for row in body.all("tr")]
    return list(head.all("th")), {row.one("th").text: list(row.all("td")) for row in rows}
