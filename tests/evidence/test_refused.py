"""What is not sealed, and what is not removed: refusals that change nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bulkdel import files
from tests.support.judge import Judge
from tests.support.process import Place, csv_text, toml
from tests.support.sealing import (
    EVIDENCE,
    PAIRS,
    QUICK,
    WORLD,
    copied,
    make_key,
    seal,
    small_run,
    tree,
)

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

RUN = "runs/job"
OF_READERS = (files.LOCK, "journal.db-wal", "journal.db-shm")


def own(folder: Path) -> dict[str, bytes]:
    """All but what one who only looks may leave."""
    return {name: one for name, one in tree(folder).items() if not name.endswith(OF_READERS)}


def linked(place: Place, name: str) -> None:
    """A file of the run lies elsewhere, and a link to it is in its place."""
    path, away = place.folder / RUN / name, place.folder / "away"
    path.rename(away)
    path.symlink_to(away)


def linked_twice(place: Place) -> None:
    """The ledger has a second name."""
    (place.folder / "away").hardlink_to(place.folder / RUN / files.LEDGER)


def making_elsewhere(place: Place) -> None:
    """Where it is made there is a link to a folder of others."""
    (place.folder / "others").mkdir()
    (place.folder / "others/kept").write_bytes(b"kept")
    (place.folder / RUN / files.SEALING).symlink_to(place.folder / "others")


def no_key(place: Place) -> None:
    """The key to sign with is gone."""
    (place.folder / "key.pem").unlink()


def a_file(place: Place) -> None:
    """A file has the name that it is to have."""
    (place.folder / RUN / files.SEALED).write_bytes(b"")


@pytest.mark.parametrize(
    "plant",
    [lambda at: linked(at, files.LEDGER), linked_twice, making_elsewhere, no_key, a_file],
    ids=["link", "hard link", "making", "key", "file"],
)
def test_what_is_planted_is_not_followed(finished: Place, plant: Callable[[Place], None]) -> None:
    """Rule: with a link or a file in the way nothing is sealed, and nothing is removed."""
    plant(finished)
    before = own(finished.folder)

    done = seal(finished, code=2)

    assert done.complaint
    assert own(finished.folder) == before


def test_what_was_sealed_is_judged_before_the_rest_goes(
    finished: Place, sealed_run: Place, tmp_path: Path
) -> None:
    """Rule: a sealed/ that was changed, is a link, or is of another key removes nothing."""
    (tmp_path / "others").mkdir()
    others = Place(tmp_path / "others")
    small_run(others)
    seal(others)
    folder = finished.folder / RUN / files.SEALED

    copied(sealed_run, tmp_path / "copy")
    folder.symlink_to(tmp_path / "copy" / RUN / files.SEALED)
    before = own(finished.folder)
    assert "link" in seal(finished, code=2).complaint
    folder.unlink()

    (others.folder / RUN / files.SEALED).rename(folder)
    assert "another key" in seal(finished, code=2).complaint

    for path in folder.iterdir():
        path.write_bytes((sealed_run.folder / RUN / files.SEALED / path.name).read_bytes())
    changed = folder / files.LEDGER
    changed.write_bytes(changed.read_bytes().replace(b"deleted", b"Deleted", 1))
    assert "ledger.jsonl was changed" in seal(finished, code=2).complaint
    left = own(finished.folder)
    assert {name: left[name] for name in before if files.SEALED not in name} == {
        name: before[name] for name in before if files.SEALED not in name
    }

    changed.write_bytes((sealed_run.folder / RUN / files.SEALED / files.LEDGER).read_bytes())
    seal(finished)
    assert {name.partition("/")[0] for name in tree(finished.folder / RUN)} == {
        files.LOCK,
        files.SEALED,
    }


def test_an_unfinished_run_is_refused_and_an_undone_one_is_not(place: Place) -> None:
    """Rule: while pairs have no result it is refused, unless what was deleted was put back.

    The statement then counts the pairs that have a result, and what was put back.
    """
    make_key(place)
    place.write("pairs.csv", csv_text(PAIRS))
    tail = EVIDENCE + QUICK + "[backup]\nenabled = true\n"
    with Judge({"tencent": WORLD}, secret=place.secret) as judge:
        job = toml(judge.address, mode="two_way", tencent="batch_size = 2", tail=tail)
        place.write("job.toml", job)
        assert place.run("run", "job.toml", "--limit", "4").code == 75
        before = own(place.folder)
        assert "no final status" in seal(place, code=2).complaint
        assert own(place.folder) == before
        assert place.run("undo", "job.toml", "--yes").code == 0
    lines = (place.folder / RUN / files.LEDGER).read_bytes().splitlines()

    seal(place)

    told = json.loads((place.folder / RUN / files.SEALED / files.STATEMENT).read_bytes())
    [target] = told["targets"]
    assert 0 < len(lines) < len(PAIRS)
    assert told["lines"] == target["pairs"] == target["deleted"] == len(lines)
    assert told["rows"]["pairs"] == len(PAIRS)
    assert told["undone"] == 2 * len(lines)
    assert place.run("verify", "job.toml").code == 0
