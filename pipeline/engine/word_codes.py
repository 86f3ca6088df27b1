"""The whole numbers that words are in loops, which compute with numbers."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

EXACT_BYTES: Final = 7
"""Words of so many bytes have codes of their own; longer ones are told apart by as many of a hash."""


def word_code(word: str) -> int:
    """Return the whole number that stands for a word in a loop, from 0 to 2**60."""
    content = word.encode()
    if len(content) > EXACT_BYTES:
        content = b"\0" + blake2b(content, digest_size=EXACT_BYTES).digest()
        return int.from_bytes(content, "big") | (EXACT_BYTES + 1) << 56
    return int.from_bytes(content, "big") | len(content) << 56


def coded(value: str | float | None) -> float:
    """Return a value as a loop has it: a word's code, 0 for none."""
    if value is None:
        return 0
    return word_code(value) if isinstance(value, str) else value  # -0.0 as it is
