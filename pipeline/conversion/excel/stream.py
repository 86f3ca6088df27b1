"""Incremental XML parser that yields elements of the wanted names as they end and keeps none of them in memory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from xml.etree.ElementTree import ParseError, TreeBuilder, XMLParser, XMLPullParser

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from xml.etree.ElementTree import Element

_STEP: Final = 1 << 16
_LONGEST_PROLOG: Final = 1 << 16
_DEEPEST: Final = 64
_MOST_KINDS: Final = 10_000
_DECLARES: Final = b"xmlns"
_ROOT: Final = re.compile(rb"<[A-Za-z_]")
_ENCODING: Final = re.compile(rb"""<\?xml\s[^>]*?encoding\s*=\s*["']([^"']*)["']""")
_ENCODINGS: Final = (b"utf-8", b"us-ascii")


class TooLong(ValueError):
    """An element, or what stands between two, is longer than allowed."""


class ElementStream:
    """Takes the bytes of one part and yields its elements of some names as they end, with all that is in them.

    ends: further names to yield at their end, without what was in them. longest: how many bytes one element of
    those names, or any other text, may go on. A part that declares anything (a document type, thus entities) or that
    is not UTF-8 is refused before it is parsed. Raises ValueError, TooLong among them.
    """

    def __init__(self, names: Collection[str], longest: int, *, ends: Collection[str] = (), step: int = _STEP) -> None:
        self._names = frozenset(names)
        self._yielded = self._names.union(ends)
        self._longest = longest
        self._step = step
        self._prolog: bytes | None = b""
        self.begun = False
        """Whether there was anything: a root may never come of what a quote or a comment swallows."""
        self._since = 0
        self._open: Element | None = None
        self._tags: dict[str, bool] = {}
        self._attributes: set[str] = set()
        self._declared = 0
        builder = TreeBuilder()
        # An element above the root: by it, what was parsed can be let go of while parsing goes on.
        self._top: Element = builder.start("top", {})
        # What is dangerous in XML is refused before it comes here; defusedxml is a third as fast.
        parser = XMLParser(target=builder)  # noqa: S314 - see above
        self._parser: XMLPullParser[Any] = XMLPullParser(events=("end",), _parser=parser)

    @property
    def root(self) -> str:
        """The name of the outermost element, empty before it began."""
        return local_name(self._top[0]) if len(self._top) else ""

    def feed(self, piece: bytes) -> Iterator[Element]:
        """Yield the elements that end in this piece, each to be used before the next is asked for."""
        self.begun = self.begun or bool(piece)
        for start in range(0, len(piece), self._step):
            yield from self._fed(piece[start : start + self._step])

    def close(self) -> None:
        """End the part; raises ValueError when it is not whole."""
        try:
            self._parser.close()
        except ParseError as error:
            raise ValueError(f"bad XML: {error}") from error

    def _fed(self, piece: bytes) -> Iterator[Element]:
        if self._prolog is not None:
            self._check_prolog(piece)
        self._declared += piece.count(_DECLARES)
        _check_kinds(self._declared)
        ended = False
        tags, attributes = self._tags, self._attributes
        try:
            self._parser.feed(piece)
            events: Any = self._parser.read_events()
            for _, node in events:
                ended = True
                tag = node.tag
                if tag not in tags:
                    tags[tag] = local_name(node) in self._yielded
                    _check_kinds(len(tags))
                if (keys := node.keys()) and not attributes.issuperset(keys):
                    attributes.update(keys)
                    _check_kinds(len(attributes))
                if tags[tag]:
                    yield node
        except (ParseError, LookupError) as error:
            raise ValueError(f"bad XML: {error}") from error
        begun = self._let_go()
        self._since = 0 if ended and begun is not self._open else self._since + len(piece)
        self._open = begun
        if self._since > self._longest:
            raise TooLong(f"something in it goes on for more than {self._longest / 2**20:g} MB")

    def _check_prolog(self, piece: bytes) -> None:
        """Look at all that stands before the root element: a declaration can stand nowhere else."""
        self._prolog = (self._prolog or b"") + piece
        root = _ROOT.search(self._prolog)
        before = self._prolog if root is None else self._prolog[: root.start()]
        encoding = _ENCODING.search(before)
        if b"<!D" in before or b"\0" in before or (encoding and encoding[1].lower() not in _ENCODINGS):
            raise ValueError("it declares a document type or entities, or is not UTF-8, which Excel never writes")
        if root is not None:
            self._prolog = None
        elif len(before) > _LONGEST_PROLOG:
            raise ValueError("it does not begin with an element")

    def _let_go(self) -> Element:
        """Drop what ended, down the path of what is still open; return where that path ends for us."""
        parent = self._top
        for _ in range(_DEEPEST):
            if not len(parent) or local_name(parent) in self._names:
                return parent
            del parent[:-1]
            parent = parent[-1]
        raise ValueError("its elements are nested too deeply")


def _check_kinds(number: int) -> None:
    """Refuse more kinds of names than any Excel writes: the parser remembers each as long as it lives."""
    if number > _MOST_KINDS:
        raise ValueError(f"it has more than {_MOST_KINDS:,} kinds of elements, attributes or namespaces")


def elements(pieces: Iterable[bytes], names: Collection[str], longest: int) -> Iterator[Element]:
    """Yield the elements of some names in a whole part, none for one that is not there; raises ValueError."""
    stream = ElementStream(names, longest)
    for piece in pieces:
        yield from stream.feed(piece)
    if stream.begun:
        stream.close()


def local_name(node: Element) -> str:
    """Return an element's name without its namespace."""
    return str(node.tag).rpartition("}")[2]
