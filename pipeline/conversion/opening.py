"""Finds the securities of sheets whose rows name them: as the catalog knows them, else by reading the sheet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.conversion.naming import with_security
from pipeline.conversion.unchanged import is_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pipeline.conversion.contents import Content
    from pipeline.conversion.plan import SheetJob
    from pipeline.store.catalog import Entry


def open_sheets(
    jobs: Sequence[SheetJob],
    catalog: Mapping[str, Entry],
    read: Callable[[Sequence[SheetJob]], Iterable[Mapping[str, Content] | str]],
) -> tuple[list[SheetJob], dict[int, Content]]:
    """Return a job for each security of each block, and by their positions the contents that were read for that.

    Args:
        jobs: The planned blocks, in order.
        catalog: What the store holds.
        read: Returns of blocks what each holds of its securities, by their names, or why it cannot be read.
    """
    known = {job.position: _known(job, catalog) for job in jobs if job.is_open}
    unknown = [job for job in jobs if job.is_open and not known[job.position]]
    outcomes = {job.position: outcome for job, outcome in zip(unknown, read(unknown), strict=True)} if unknown else {}
    opened: list[SheetJob] = []
    contents: dict[int, Content] = {}
    others = len(jobs)
    for job in jobs:
        outcome = outcomes.get(job.position)
        if isinstance(outcome, str):
            opened.append(replace(job, error=outcome))
            continue
        names = known.get(job.position) or tuple(outcome or ())
        for number, name in enumerate(names):
            position = others if number else job.position
            others += 1 if number else 0
            opened.append(replace(with_security(job, name), position=position, is_open=False))
            if outcome:
                contents[position] = outcome[name]
        if not names:
            opened.append(job)
    return opened, contents


def _known(job: SheetJob, catalog: Mapping[str, Entry]) -> tuple[str, ...]:
    """Return the securities that a block was split into when it held what it holds now; none when it was not."""
    for entry in catalog.values():
        for source in entry.sources:
            if source.securities and source.sheet == job.sheet.name and is_of(source, job):
                return source.securities
    return ()
