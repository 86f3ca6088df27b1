"""The settings in which two runs differ, one by one, in rows for a table, and in words."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from pipeline.numbers import NONE, counted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from pipeline.runs.reader import RecordedRun, Value
    from pipeline.runs.registry_row import RunRow

Settings: TypeAlias = "RecordedRun | RunRow"
"""What runs are compared by: either way of recording one."""

Subject: TypeAlias = Literal["run", "execution", "version", "data", "signal", "market", "parameter"]

DIGEST_SHOWN: Final = 12
NAMES_SHOWN: Final = 4
LABELS: Final = {
    "execution": "execution.",
    "version": "version of ",
    "data": "ticks' ",
    "signal": "digest of the signal ",
}
RATES: Final = "rates"
FX_RATES: Final = "FX rates"
"""What people read for the rates that amounts were converted by, which stand among the versions."""


class Absent(Enum):
    """What stands for the value of something that a run does not have; a parameter that is null has a value."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting in which the runs differ; security is None for what holds for all of them."""

    subject: Subject
    name: str
    security: str | None
    a: Value | Absent
    b: Value | Absent

    @property
    def setting(self) -> str:
        """The setting's name as people read it."""
        if (self.subject, self.name) == ("version", RATES):
            return FX_RATES
        return f"{LABELS.get(self.subject, '')}{self.name}"

    def shown(self, value: Value | Absent) -> str:
        """Return one of the two values as people read it."""
        if value is ABSENT:
            return NONE
        text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        return text[:DIGEST_SHOWN] if self.subject in ("data", "signal") else text


@dataclass(frozen=True, slots=True)
class Change:
    """A setting's value in both runs, as people read them, and the securities for which it is so; none for the run."""

    setting: str
    a: str
    b: str
    securities: list[str] = field(default_factory=list)

    def who(self, shared: Collection[str]) -> str:
        """Return for which of the securities that both runs have it is so."""
        return "all" if len(self.securities) in (0, len(shared)) else ", ".join(self.securities)


def differences(a: Settings, b: Settings) -> Iterator[Difference]:
    """Yield every setting in which two runs differ, of the securities that both have."""
    runs: list[dict[str, Value]] = [{"strategy": run.strategy, "config": run.config} for run in (a, b)]
    yield from _apart("run", None, *runs)
    yield from _apart("execution", None, a.execution, b.execution)
    yield from _apart("version", None, a.versions, b.versions)
    shared = sorted(a.parameters.keys() & b.parameters.keys())
    for ticker in shared:
        if a.digests.get(ticker) and b.digests.get(ticker):
            yield from _apart("data", ticker, {"digest": a.digests[ticker]}, {"digest": b.digests[ticker]})
    for ticker in shared:
        yield from _apart("signal", ticker, *(run.signals.get(ticker, {}) for run in (a, b)))
        yield from _apart("market", ticker, *({"tick_size": run.tick_sizes.get(ticker)} for run in (a, b)))
        yield from _apart("parameter", ticker, a.parameters[ticker], b.parameters[ticker])


def of_one_strategy(difference: Difference, a: Settings, b: Settings) -> bool:
    """Tell whether a parameter is there for one strategy and unknown to the other."""
    return difference.subject == "parameter" and a.strategy != b.strategy and ABSENT in (difference.a, difference.b)


def changes(differences: Iterable[Difference]) -> list[Change]:
    """Return differences as rows, securities with the same values put together, the rows of a setting one another's."""
    listed = list(differences)
    order = list(dict.fromkeys(difference.setting for difference in listed))
    rows: dict[tuple[str, str, str], Change] = {}
    for difference in sorted(listed, key=lambda difference: order.index(difference.setting)):
        key = (difference.setting, difference.shown(difference.a), difference.shown(difference.b))
        row = rows.setdefault(key, Change(*key))
        if difference.security:
            row.securities.append(difference.security)
    return list(rows.values())


def shown_changes(found: Iterable[Difference], a: Settings, b: Settings) -> list[tuple[Change, str]]:
    """Return the differences of two runs that are shown as rows, each with the securities for which it is so.

    Securities that only one run has come first; parameters that only one of two strategies has are left out.
    """
    rows = []
    for one, other, values in ((a, b, ("yes", "no")), (b, a, ("no", "yes"))):
        if names := sorted(one.parameters.keys() - other.parameters.keys()):
            rows.append((Change("replayed", *values, names), f"{len(names):,} ({_listed(names)})"))
    shared = a.parameters.keys() & b.parameters.keys()
    settings = changes(each for each in found if not of_one_strategy(each, a, b))
    return [*rows, *((change, change.who(shared)) for change in settings)]


def change_in_words(before: Settings, after: Settings) -> list[str]:
    """Return what is another in the later of two runs, a phrase a setting; empty for the same settings."""
    models = before.execution_name, after.execution_name
    changed = [
        each
        for each in differences(before, after)
        if not of_one_strategy(each, before, after) and (each.subject != "execution" or len(set(models)) == 1)
    ]
    shared = before.parameters.keys() & after.parameters.keys()
    said = [] if len(set(models)) == 1 else ["execution {} to {}".format(*models)]
    said += [_phrase(change, shared) for change in changes(each for each in changed if each.subject != "data")]
    of_other_ticks = sorted({each.security for each in changed if each.subject == "data" and each.security})
    if of_other_ticks:
        said.append("other ticks" if len(of_other_ticks) == len(shared) else f"other ticks ({_listed(of_other_ticks)})")
    for label, one, other in (("without", before, after), ("with", after, before)):
        names = sorted(one.parameters.keys() - other.parameters.keys())
        said += [f"{label} {_listed(names)}"] if names else []
    return said


def _phrase(change: Change, shared: Collection[str]) -> str:
    who = change.who(shared)
    of_some = "" if who == "all" else f" ({_listed(change.securities)})"
    is_version = change.setting.startswith(LABELS["version"]) or change.setting == FX_RATES
    a, b = (text if is_version else text.removesuffix(".0") for text in (change.a, change.b))
    return f"{change.setting} {a} to {b}{of_some}"


def _listed(names: list[str]) -> str:
    if len(names) > NAMES_SHOWN:
        return f"{', '.join(names[: NAMES_SHOWN - 1])} and {counted(len(names) - NAMES_SHOWN + 1, 'other')}"
    return ", ".join(names)


def _apart(
    subject: Subject, security: str | None, a: Mapping[str, Value], b: Mapping[str, Value]
) -> Iterator[Difference]:
    for name in dict.fromkeys((*a, *b)):
        values: tuple[Value | Absent, Value | Absent] = a.get(name, ABSENT), b.get(name, ABSENT)
        if values[0] != values[1]:
            yield Difference(subject, name, security, *values)
