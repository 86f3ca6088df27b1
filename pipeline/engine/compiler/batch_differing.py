"""Finds what may differ between the settings of a batch: by what they are given, and by where that leads them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from pipeline.engine.compiler.batch_groups import Groups
from pipeline.engine.compiler.parts import names_in, occurrences, statements_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

AWAITED: Final = frozenset({"m_crossing_awaited"})
"""The truths that any setting may bring about for all; they are put back by none, but once for all."""

REMEMBERED: Final = frozenset({f"m_{side}_{what}" for side in ("bid", "ask") for what in ("rounded_from", "rounded")})
"""What any setting may have worked out for all: of which number, and what came of it. Both are written together."""

COMMON: Final = AWAITED | REMEMBERED


def differing(
    body: Sequence[ast.stmt], seeds: Collection[str], fixed: frozenset[str], kinds: Mapping[str, str]
) -> frozenset[str]:
    """Return the names that may differ between settings, given those that do from the start.

    fixed: those that keep their value for the whole replay; kinds: the kind of every name.
    """
    follower = _Follower(set(seeds), fixed, kinds, occurrences(body))
    size = -1
    while size != len(follower.varying):
        size = len(follower.varying)
        for statement in body:
            follower.follow(statement, diverged=False)
    return frozenset(follower.varying)


class _Follower:
    """Finds the names that differ between settings, going through statements until there are no more."""

    def __init__(
        self, varying: set[str], fixed: frozenset[str], kinds: Mapping[str, str], uses: Mapping[str, int]
    ) -> None:
        self.varying = varying
        self._groups = Groups(varying, fixed, kinds)
        self._uses = uses

    def follow(self, node: ast.stmt, *, diverged: bool) -> None:
        """Add the names that a statement makes differ; diverged: whether some settings do not come to it."""
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                if name not in COMMON and (diverged or names_in(value) & self.varying):
                    self.varying.add(name)
            case ast.If():
                parts = bool(names_in(node.test) & self.varying)
                if parts and not diverged and self._groups.decides(node.test):
                    self._follow_group(node)
                    return
                for inner in (*node.body, *node.orelse):
                    self.follow(inner, diverged=diverged or parts)
            case ast.While() | ast.For():
                inside = diverged or differs_in_rounds(node, self.varying)
                if inside and isinstance(node, ast.For):
                    self.varying |= names_in(node.target)
                for inner in node.body:
                    self.follow(inner, diverged=inside)

    def _follow_group(self, node: ast.If) -> None:
        """Follow what a group of settings does: what only they use they share."""
        for inner in (*node.body, *node.orelse):
            self.follow(inner, diverged=False)
        inside = occurrences([*node.body, *node.orelse])
        names = written([*node.body, *node.orelse]) - COMMON
        self.varying |= {name for name in names if lives_on(name) or inside[name] != self._uses[name]}


def differs_in_rounds(node: ast.While | ast.For, varying: Collection[str]) -> bool:
    """Tell whether some settings may leave a loop, or a round of it, when others stay."""
    rounds = node.test if isinstance(node, ast.While) else node.iter
    return bool(names_in(rounds) & set(varying)) or leaves(node.body, varying, diverged=False)


def leaves(body: Iterable[ast.stmt], varying: Collection[str], *, diverged: bool) -> bool:
    """Tell whether statements hold a way out of their loop; with diverged=False, one for some settings only."""
    for node in body:
        if isinstance(node, (ast.Break, ast.Continue)) and diverged:
            return True
        if isinstance(node, ast.If):
            inside = diverged or bool(names_in(node.test) & set(varying))
            if leaves([*node.body, *node.orelse], varying, diverged=inside):
                return True
    return False


def lives_on(name: str) -> bool:
    """Tell whether a name is one of the market's or of the strategy's, which live from one event to the next."""
    return name.startswith(("m_", "s_"))


def written(body: Iterable[ast.stmt]) -> set[str]:
    """Return the names that statements assign, and the columns they write into."""
    names: set[str] = set()
    for node in statements_in(body):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.For(target=ast.Name(id=name)):
                names.add(name)
            case ast.Assign(targets=[ast.Subscript(value=column)]):
                names |= {name for name in names_in(column) if not name.startswith("m_fill_")}
    return names
