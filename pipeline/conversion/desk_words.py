"""Reads `configs/excel.json`, in which a desk says what its own words for columns and types stand for."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from pipeline.conversion.header_words import MEANINGS, word_of
from pipeline.errors import ConfigError, nearest
from pipeline.folders import CONFIGS, config_file
from pipeline.settings import COMMENT, read_json
from pipeline.ticks import TICK_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pipeline.conversion.header_words import Meaning

FILE: Final = CONFIGS / "excel.json"
_BLOCKS: Final = ("columns", "types")


@dataclass(frozen=True, slots=True)
class DeskWords:
    """What a desk's words stand for: headers as `word_of` returns them, and casefolded types with their codes."""

    columns: Mapping[str, Meaning] = field(default_factory=dict)
    types: Mapping[str, int] = field(default_factory=dict)


def read_desk_words() -> DeskWords:
    """Return what the desk's file says, nothing where there is none; raises ConfigError naming the key at fault."""
    path = config_file(FILE)
    if not path.exists():
        return DeskWords()
    raw = read_json(path)
    for key in raw:
        if key not in (*_BLOCKS, COMMENT):
            raise ConfigError(f"{path}: '{key}' is not known; it takes {' and '.join(_BLOCKS)}.{nearest(key, _BLOCKS)}")
    columns = {
        word_of(text): cast("Meaning", meaning) for text, meaning in _pairs(path, raw, "columns", MEANINGS).items()
    }
    if "" in columns:
        raise ConfigError(f"{path}: columns: a header must have a letter or a figure outside brackets.")
    types = _pairs(path, raw, "types", TICK_TYPES)
    return DeskWords(columns, {text.strip().casefold(): TICK_TYPES.index(kind) for text, kind in types.items()})


def _pairs(path: Path, raw: Mapping[str, object], block: str, known: Sequence[str]) -> dict[str, str]:
    """Return a block's words with what they stand for, spelt as in `known`."""
    pairs = raw.get(block, {})
    if not isinstance(pairs, dict):
        raise ConfigError(f'{path}: {block} takes words in braces, as {{"Px": "{known[0]}"}}.')
    spelt = {name.casefold(): name for name in known}
    for word, meaning in pairs.items():
        if not isinstance(meaning, str) or meaning.casefold() not in spelt:
            raise ConfigError(
                f"{path}: {block}: '{word}' is {json.dumps(meaning)}; it takes {', '.join(known)}."
                f"{nearest(str(meaning), known)}"
            )
    return {word: spelt[meaning.casefold()] for word, meaning in pairs.items()}
