"""The library: the same engine, an async iterator of settled batches, nothing printed."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from pathlib import Path

import pytest

import bulkdel
from bulkdel import Settled, library, load_job, run, status
from bulkdel.errors import Guarded, WrongInput
from tests.support.judge import Judge

ROWS = [(f"from{number}", f"to{other}") for number in range(12) for other in range(3)]


def job_file(folder: Path, *, target: str = 'endpoint = "emulator"') -> Path:
    """A job of 12 batches on one target."""
    (folder / "pairs.csv").write_text(
        "From_Account,To_Account\n" + "".join(f"{a},{b}\n" for a, b in ROWS)
    )
    path = folder / "job.toml"
    path.write_text(
        'operation = "delete_friends"\nmode = "one_way"\nrun_dir = "run"\n'
        '[input]\nfiles = ["pairs.csv"]\n'
        f'[targets.tencent]\nprovider = "tencent"\napp_id = 1\n{target}\n'
    )
    return path


async def test_every_settled_pair_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What the iterator yields is what the ledger holds, and nothing is printed."""
    job = load_job(job_file(tmp_path))
    told = [batch async for batch in run(job)]
    assert sorted((b.from_account, to) for b in told for to in b.deleted) == sorted(ROWS)
    assert {batch.target for batch in told} == {"tencent"}
    assert str(status(job).state) == "finished"
    assert capfd.readouterr() == ("", "")
    assert [batch async for batch in run(job)] == []


async def test_leaving_the_loop_stops_and_the_same_job_continues(tmp_path: Path) -> None:
    """A caller that has enough loses nothing: each pair is told or settled once over all."""
    job = load_job(job_file(tmp_path))
    first: list[Settled] = []
    running = run(job, limit=9)
    async for batch in running:
        first.append(batch)
        break
    await running.aclose()
    left = status(job).unsettled
    assert 36 - 9 <= left <= 36 - len(first[0].deleted)
    rest = [batch async for batch in run(job)]
    assert sum(len(batch.deleted) for batch in rest) == left
    seen = Counter((b.from_account, to) for b in [*first, *rest] for to in b.deleted)
    assert max(seen.values()) == 1


async def test_a_real_provider_needs_a_yes(tmp_path: Path) -> None:
    """Nobody is asked, so the caller must say it; before that nothing is planned or sent."""
    real = 'region = "singapore"\nsecret_env = "NOT_SET"'
    job = load_job(job_file(tmp_path, target=real))
    with pytest.raises(WrongInput, match="yes=True"):
        async for _ in run(job):
            pass
    assert not (tmp_path / "run").exists()


def test_the_names_of_the_package_are_those_of_the_library() -> None:
    """What `from bulkdel import` offers is what the library documents."""
    assert bulkdel.__all__ == library.__all__
    assert all(getattr(bulkdel, name) is getattr(library, name) for name in bulkdel.__all__)


def test_the_example_is_complete() -> None:
    """The documented example compiles as it stands and uses only offered names."""
    text = inspect.getdoc(library) or ""
    example = "\n".join(line[4:] for line in text.splitlines() if line.startswith("    "))
    compile(example, "example", "exec")
    imported = re.search(r"from bulkdel import (.*)", example)
    assert imported is not None
    assert set(imported[1].split(", ")) <= set(bulkdel.__all__)


CANARY = "[canary]\naccounts = 4\n"


async def test_a_canary_that_somebody_is_to_be_asked_about_leaves_work(tmp_path: Path) -> None:
    """The canary is told like all else, then it ends; `go_on` sends the rest and asks nobody."""
    job = load_job(job_file(tmp_path, target=f'endpoint = "emulator"\n{CANARY}'))
    told = [batch async for batch in run(job)]
    assert len({batch.from_account for batch in told}) == 4
    assert (str(status(job).state), status(job).unsettled) == ("stopped", 24)
    assert [batch async for batch in run(job)] == []
    rest = [batch async for batch in run(job, go_on=True)]
    assert sum(len(batch.deleted) for batch in rest) == 24
    assert str(status(job).state) == "finished"


async def test_a_canary_that_remains_is_an_error(tmp_path: Path) -> None:
    """A program is told so that it cannot be overlooked, and nothing else was sent."""
    with Judge({"tencent": ROWS}, faults=["pretend,action=delete"]) as judge:
        target = f'secret_file = "key"\nendpoint = "{judge.address}"\n{CANARY}then = "go"\n'
        (tmp_path / "key").write_text("0123456789abcdef0123456789abcdef")
        path = job_file(tmp_path, target=target)
        path.write_text(path.read_text().replace("app_id = 1\n", "app_id = 1400000000\n"))
        job = load_job(path)
        with pytest.raises(Guarded, match="12 pairs of the canary are still friends"):
            [batch async for batch in run(job)]
        assert status(job).unsettled == 24


async def test_a_caller_that_leaves_stops_the_wait(tmp_path: Path) -> None:
    """While the rest waits behind the canary, nobody is kept who wants to go."""
    job = load_job(job_file(tmp_path, target=f'endpoint = "emulator"\n{CANARY}then = "30m"\n'))
    running = run(job)
    told = [await anext(running) for _ in range(4)]
    assert len({batch.from_account for batch in told}) == 4
    await running.aclose()
    assert status(job).unsettled == 24
