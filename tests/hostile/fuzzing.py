"""A target and its seeds in, mutated inputs tried for some minutes; what the target does not stand is kept as a file.

python -m tests.hostile.fuzz_config --minutes 10 --seed 1 [--keep FOLDER] [--atheris]
python -m tests.hostile.fuzz_config --seeds

With --seeds, each kept input is tried once. With --atheris, inputs are chosen by the code they reach, where that
library is installed; otherwise by chance alone. An input that ends the process or hangs is left there as `current`.
"""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import random
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HANGS_AFTER = 20.0
SEEDS = Path(__file__).parent / "seeds"


@dataclass(frozen=True)
class Target:
    """Something that takes any bytes. make: returns what takes them, given a folder. words: what it knows."""

    name: str
    make: Callable[[Path], Callable[[bytes], None]]
    words: Sequence[bytes]

    @property
    def seeds(self) -> list[bytes]:
        """What the target once failed on, and good inputs."""
        return [path.read_bytes() for path in seed_files(self.name)]


def seed_files(name: str) -> list[Path]:
    return sorted(path for path in (SEEDS / name).iterdir() if path.is_file())


def mutated(chance: random.Random, seeds: Sequence[bytes], words: Sequence[bytes], longest: int = 20_000) -> bytes:
    """Return a seed changed in a few places."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5, 9))):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice((0, 1, 1, 2, 4, 8, 16, 64)))
        what = chance.randrange(8)
        if what == 0 and data:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        elif what == 1:
            data[start:end] = b""
        elif what == 2:
            data[start:end] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 5)))
        elif what == 3:
            data[start:end] = data[start:end] * chance.choice((2, 2, 3, 10))
        elif what == 4:
            other = chance.choice(seeds)
            at = chance.randrange(len(other) + 1)
            data[start:end] = other[at : at + chance.randrange(1, 80)]
        else:
            data[start:end] = chance.choice(words)
        del data[longest:]
    return bytes(data)


def run(target: Target, arguments: Sequence[str]) -> int:
    """Fuzz a target as the arguments say; return how many inputs it did not stand."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--inputs", type=int, help="this many instead, by chance")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / f"fuzzed-{target.name}")
    parser.add_argument("--atheris", action="store_true")
    parser.add_argument("--seeds", action="store_true")
    asked = parser.parse_args(arguments)
    asked.keep.mkdir(parents=True, exist_ok=True)
    fuzz = _by_coverage if asked.atheris else _once_each if asked.seeds else _by_chance
    with tempfile.TemporaryDirectory() as folder:
        return fuzz(target, Path(folder), asked)


def _by_chance(target: Target, folder: Path, asked: Any) -> int:
    take = target.make(folder)
    chance = random.Random(asked.seed)  # noqa: S311 - inputs are to be the same again
    seeds, tried, failed = target.seeds, 0, set()
    began = now = time.monotonic()
    armed = -HANGS_AFTER
    current = asked.keep / "current"
    while tried < asked.inputs if asked.inputs else now < began + asked.minutes * 60:
        if now - armed > 1:
            faulthandler.dump_traceback_later(HANGS_AFTER, exit=True)
            armed = now
        data = mutated(chance, seeds, target.words)
        current.write_bytes(data)
        if (trace := fails(take, data)) and (where := trace.splitlines()[-4:][0]) not in failed:
            failed.add(where)
            _keep(asked.keep, data, trace)
        tried += 1
        now = time.monotonic()
    faulthandler.cancel_dump_traceback_later()
    current.unlink(missing_ok=True)
    minutes = (time.monotonic() - began) / 60
    sys.stdout.write(
        f"{target.name}: {tried:,} inputs in {minutes:.1f} minutes, seed {asked.seed}; {len(failed)} bad\n"
    )
    return len(failed)


def _once_each(target: Target, folder: Path, _asked: Any) -> int:
    take = target.make(folder)
    faulthandler.dump_traceback_later(HANGS_AFTER, exit=True)
    traces = [trace for data in target.seeds if (trace := fails(take, data))]
    faulthandler.cancel_dump_traceback_later()
    sys.stdout.write("\n".join(traces))
    return len(traces)


def _by_coverage(target: Target, folder: Path, asked: Any) -> int:
    import atheris  # type: ignore[import-not-found]  # installed by who asks for it

    with atheris.instrument_imports(include=["pipeline"]):
        take = target.make(folder)
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, data in enumerate(target.seeds):
        (corpus / str(number)).write_bytes(data)
    words = folder / "words"
    words.write_text("".join(f'"{_spelled(word)}"\n' for word in target.words if word))
    options = [f"-max_total_time={int(asked.minutes * 60)}", f"-seed={asked.seed}", f"-timeout={int(HANGS_AFTER)}"]
    options += [
        "-rss_limit_mb=3000",
        "-max_len=20000",
        f"-dict={words}",
        f"-artifact_prefix={asked.keep}/",
        str(corpus),
    ]
    atheris.Setup([sys.argv[0], *options], take)
    atheris.Fuzz()  # ends the process
    return 0


def _spelled(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def fails(take: Callable[[bytes], None], data: bytes) -> str:
    """Try one input; return the traceback of what it should not have raised."""
    try:
        take(data)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - whatever it is, it is a finding
        return traceback.format_exc()
    return ""


def _keep(folder: Path, data: bytes, trace: str) -> None:
    name = hashlib.blake2b(data, digest_size=6).hexdigest()
    (folder / name).write_bytes(data)
    (folder / f"{name}.txt").write_text(trace, encoding="utf-8", errors="backslashreplace")
    sys.stdout.write(f"{folder / name}\n{trace}\n")
    sys.stdout.flush()
