"""Finished runs with distinctive account ids, to be sealed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Final

from tests.support.judge import Judge, Pair
from tests.support.process import Done, Place, csv_text, toml

PEOPLE: Final = tuple(f"Kundin+{n}@Stra\u00dfe/{n}" for n in range(10))
"""Each in another form in UTF-8, in JSON with escapes, and in percent."""
PAIRS: Final[list[Pair]] = [(one, other) for one in PEOPLE[:4] for other in PEOPLE[5:9]]
WORLD: Final[list[Pair]] = [*PAIRS, *((other, one) for one, other in PAIRS)]
EVIDENCE: Final = (
    '[evidence]\nsigning_key_file = "key.pem"\n[request]\nid = "DSR-7"\ndeadline = 2026-12-24\n'
)
QUICK: Final = "[retry]\nbase_delay_s = 0.01\nmax_delay_s = 0.02\nmax_attempts = 2\n"


def make_key(place: Place) -> None:
    """key.pem and key.pem.pub."""
    done = place.run("seal", "--new-key", "key.pem")
    assert done.code == 0, done.err


def small_run(place: Place, *, limit: int | None = None) -> None:
    """A finished run that was verified, or one that was stopped after so many pairs."""
    make_key(place)
    place.write("pairs.csv", csv_text(PAIRS))
    with Judge({"tencent": WORLD}, secret=place.secret) as judge:
        place.write("job.toml", toml(judge.address, mode="two_way", tail=EVIDENCE + QUICK))
        if limit is not None:
            assert place.run("run", "job.toml", "--limit", str(limit)).code == 75
            return
        assert place.run("run", "job.toml").code == 0
        assert place.run("verify", "job.toml", "--remote").code == 0


def seal(place: Place, *options: str, code: int = 0) -> Done:
    """The command, agreed to, which leaves with this code."""
    done = place.run("seal", "job.toml", "--yes", *options)
    assert done.code == code, done.out + done.err
    return done


def copied(place: Place, folder: Path) -> Place:
    """All of a place, elsewhere."""
    shutil.copytree(place.folder, folder, symlinks=True)
    return replace(place, folder=folder)


def tree(folder: Path) -> dict[str, bytes]:
    """What every file below a folder holds."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
