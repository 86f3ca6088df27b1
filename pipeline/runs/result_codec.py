"""Encodes one security's result as bytes for the result cache and back: exact numbers, and nothing executable."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from pipeline.metrics.ledger import Ledger, framed, unframed
from pipeline.replay.task import Alternative

if TYPE_CHECKING:
    from collections.abc import Mapping

CSV_SUFFIX: Final = ".csv"


def packed(
    ledger: Ledger, added: Ledger | None, alternatives: Mapping[str, Alternative], files: Mapping[str, bytes]
) -> list[bytes]:
    """Return a result as bytes in parts. files: the content of its files by name, those of CSV left out.

    added: the ledger in the currency of the run, where that is another.
    """
    ledgers = [each.to_bytes() for each in (ledger, added) if each is not None]
    head = {
        "ledgers": len(ledgers),
        "names": [*files],
        "alternatives": {name: asdict(alternative) for name, alternative in alternatives.items()},
    }
    return framed(head, [*ledgers, *files.values()])


def unpacked(content: bytes) -> tuple[Ledger, Ledger | None, dict[str, Alternative], dict[str, bytes]]:
    """Return what `packed` was given, whose parts follow one another."""
    head, contents = unframed(content)
    alternatives = {name: Alternative(**numbers) for name, numbers in head["alternatives"].items()}
    ledger, *added = map(Ledger.of_bytes, contents[: head["ledgers"]])
    files = dict(zip(head["names"], contents[head["ledgers"] :], strict=True))
    return ledger, added[0] if added else None, alternatives, files
