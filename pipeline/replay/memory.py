"""Memory: how much is free within the control groups of this process, and what to do where it does not suffice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NO_LIMIT: Final = 2**63
_GB: Final = 1e9
ALWAYS_FREE: Final = 256 * 2**20
"""Bytes below which nothing is asked: psutil takes 15 ms to load, which a small run does without."""

_ROOT: Final = Path("/")
_LIMITS: Final = {
    "cgroup2": ("memory.max", "memory.current"),
    "cgroup": ("memory.limit_in_bytes", "memory.usage_in_bytes"),
}
"""The files of a control group's limit and use, by the type of filesystem that shows the groups: v2, v1."""

_DROPPABLE: Final = ("total_inactive_file", "inactive_file")
"""Page cache that the kernel drops before it runs out: v1 names what the groups below have too by the first."""


def free_memory() -> int:
    """Return the bytes that can still be used, on this machine or in this process's control groups: the least."""
    import psutil

    return min(psutil.virtual_memory().available, cgroup_free())


def cgroup_free(root: Path = _ROOT) -> int:
    """Return the bytes that the memory limits of this process's control groups leave; NO_LIMIT where there is none.

    A group lies within others, and each may have a limit. root: where the system's files begin.
    """
    return min((_free_of(folder, kind) for folder, kind in _groups(root)), default=NO_LIMIT)


def memory_advice(at_a_time: int, *, checks: bool = False) -> str:
    """Return what to do where so many securities at a time were too many; checks: under the assumption check too."""
    if at_a_time > 1:
        return (
            f"{at_a_time} securities were replayed at a time: use fewer --workers, or fewer securities "
            "(--securities, --max-sheets)."
        )
    without = "leave out the assumption check (--no-sensitivity), or " if checks else ""
    return f"It was replayed alone: {without}run it where more memory is free."


def memory_shortage(need: Mapping[str, int], at_a_time: int) -> str | None:
    """Return that the securities which need the most, so many at a time, need more than is free; None where not.

    need: bytes by ticker.
    """
    largest = sorted(need, key=lambda ticker: (-need[ticker], ticker))[:at_a_time]
    total = sum(need[ticker] for ticker in largest)
    if total <= ALWAYS_FREE or total <= (free := free_memory()):
        return None
    words = f"{', '.join(largest)} may need {total / _GB:.1f} GB of memory, and {free / _GB:.1f} GB are free"
    fewer = "" if len(largest) == 1 else ". Fewer --workers need less"
    return f"{words}{fewer}: each is replayed in a process of its own, so that one that is killed costs no other."


def _groups(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield the folders of this process's groups and of those around them, each with its filesystem's type."""
    try:
        lines = [line.split(":", 2) for line in (root / "proc/self/cgroup").read_text().splitlines()]
        mounts = [line.split(" ") for line in (root / "proc/self/mountinfo").read_text().splitlines()]
    except OSError:
        return
    names = {"cgroup2" if not controllers else "cgroup": name for _, controllers, name in lines if _counts(controllers)}
    for _, _, _, top, mounted, *rest in mounts:
        kind, _, options = rest[rest.index("-") + 1 :]
        if kind in names and (kind == "cgroup2" or "memory" in options.split(",")):
            mount = root / mounted.lstrip("/")
            # Where a container sees its own part only, the mount is that part and the name may lie outside of it.
            name = Path(names[kind])
            below = name.relative_to(top) if name.is_relative_to(top) else Path()
            folder = mount / below
            yield from ((one, kind) for one in (folder, *folder.parents) if one.is_relative_to(mount))


def _counts(controllers: str) -> bool:
    return not controllers or "memory" in controllers.split(",")


def _free_of(folder: Path, kind: str) -> int:
    limit_file, used_file = _LIMITS[kind]
    try:
        limit, used = int((folder / limit_file).read_text()), int((folder / used_file).read_text())
        fields = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):  # the root has no files, and a group without a limit says `max`
        return NO_LIMIT
    droppable = next((int(fields[name]) for name in _DROPPABLE if name in fields), 0)
    return max(0, limit - used + droppable)
