"""Shards hold together what one plan would hold, each target's calls in the same order."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkdel import files
from bulkdel.errors import WrongInput
from bulkdel.job.job import Cluster, Job
from bulkdel.plan.check import check_plan
from bulkdel.plan.cut import Cut, Shard, read_cut, shard_dir
from bulkdel.plan.lines import slice_of
from bulkdel.plan.make import make_plan
from bulkdel.plan.make_shards import make_shards
from bulkdel.plan.read import PlanReader, read_plan_meta
from bulkdel.plan.scale import Scale
from bulkdel.plan.values import Books, PlanMeta
from bulkdel.words import Batch, Entry, Mode, Operation, Orient
from tests.plan.jobs import a_job, a_target

HEAD = "From_Account,To_Account\n"
SMALL = Scale(chunk=1 << 10, part=1 << 10, giant=40)
Calls = list[tuple[str, tuple[str, ...]]]


def calls_of(run_dir: Path, meta: PlanMeta) -> dict[str, Calls]:
    """The calls of each target, in sending order, after their numbers were seen to be in order."""
    calls: dict[str, Calls] = {}
    with PlanReader(run_dir, meta) as plan:
        for share in meta.shares:
            last = share.first + share.batches
            entries = [entry for some in plan.scan(share.first, last) for entry in some]
            assert [entry.ordinal for entry in entries] == list(range(share.first, last))
            calls[share.target] = [call(entry) for entry in entries]
    return calls


def call(entry: Entry) -> tuple[str, tuple[str, ...]]:
    """What of an entry goes to the provider."""
    return entry.from_account, entry.to_accounts if isinstance(entry, Batch) else ()


def opened(job: Job, cut: Cut) -> Iterable[tuple[Shard, PlanMeta, dict[str, Calls]]]:
    """Each shard as its sender reads it, after it was seen to be sound."""
    for shard in cut.shards:
        folder = shard_dir(job, shard)
        meta = read_plan_meta(folder)
        assert meta is not None
        assert list(check_plan(folder, meta)) == []
        yield shard, meta, calls_of(folder, meta)


def cut_of(folder: Path, rows: str, targets: int, cluster: Cluster, **changes: Any) -> Job:
    """A one-way job over these rows: targets t1 on, of 100 calls/s and 1, 2, 3, 1 … pairs."""
    (folder / "in.csv").write_text(HEAD + rows, encoding="utf-8")
    of = tuple(
        replace(a_target(f"t{at}", batch_size=1 + (at - 1) % 3), app_id=at, qps=100.0)
        for at in range(1, targets + 1)
    )
    job = a_job(folder, ["in.csv"], targets=of, protect=("guarded",))
    return replace(job, **{"cluster": cluster, "mode": Mode.ONE_WAY, **changes})


accounts = st.one_of(st.sampled_from(["a", "b", "c", "guarded"]), st.text("xyzé", min_size=1))
given_rows = st.lists(st.tuples(accounts, accounts), max_size=60).map(
    lambda pairs: "".join(f"{one},{other}\n" for one, other in pairs) + "a,last\n"
)


@settings(max_examples=15)
@given(
    rows=given_rows,
    targets=st.integers(1, 5),
    shard_qps=st.sampled_from([50.0, 100.0, 300.0, 1e9]),
    slices=st.dictionaries(st.sampled_from(["t1", "t2", "t3"]), st.integers(2, 5), max_size=2),
    clears=st.booleans(),
)
def test_shards_hold_what_one_plan_holds(
    rows: str, targets: int, shard_qps: float, slices: dict[str, int], *, clears: bool
) -> None:
    """Per target the calls are those of one plan, each once, in its order; slices share no account.

    Whatever the rows, targets and the cut: the books of all are the one plan's too.
    """
    slices = {name: count for name, count in slices.items() if int(name[1:]) <= targets}
    operation = Operation.DELETE_ALL_FRIENDS if clears else Operation.DELETE_FRIENDS
    with TemporaryDirectory() as name:
        folder = Path(name)
        cluster = Cluster(shard_qps=shard_qps, slices=slices)
        job = cut_of(folder, rows, targets, cluster, operation=operation)
        if clears:
            job = replace(job, input=job.input.model_copy(update={"accounts_only": True}))
        cut = make_shards(job, scale=SMALL)
        one = replace(job, run_dir=folder / "one")
        meta = make_plan(one, scale=SMALL)
        expected = calls_of(one.run_dir, meta)

        assert read_cut(job.run_dir) == cut
        assert cut.meta.books == meta.books
        assert cut.meta.shares == meta.shares
        assert cut.meta.fingerprint == meta.fingerprint
        assert cut.meta.lookalikes == meta.lookalikes
        rejects = [run / files.REJECTS for run in (job.run_dir, one.run_dir)]
        assert rejects[0].read_bytes() == rejects[1].read_bytes()
        found: dict[str, list[Calls]] = {}
        for shard, of, calls in opened(job, cut):
            pairs = of.shares[0].pairs
            assert of.books == Books(read=pairs, pairs=pairs, duplicates=0, rejected=0, protected=0)
            assert tuple(calls) == shard.targets
            for target, some in calls.items():
                found.setdefault(target, []).append(some)
                if shard.slices > 1:
                    sliced = {slice_of(account.encode(), shard.slices) for account, _ in some}
                    assert sliced <= {shard.slice_at}
        for target, parts in found.items():
            assert len(parts) == slices.get(target, 1)
            following: dict[str, Iterator[tuple[str, tuple[str, ...]]]] = {}
            for part in parts:
                following |= dict.fromkeys((account for account, _ in part), iter(part))
            # Of each part the order is the whole's: taken in that order, nothing is left of any.
            for planned in expected[target]:
                assert next(following[planned[0]]) == planned
            assert sum(map(len, parts)) == len(expected[target])


def test_which_slice_an_account_is_in_is_fixed_for_ever() -> None:
    """A slice goes by the account's bytes alone: what is known of some today is true of them ever.

    Another rule would send the rest of a run that was begun with this one from two processes.
    """
    known = {"a": [0, 2, 10], "007": [0, 0, 12], "Ä": [1, 1, 61], "u37825": [1, 3, 19]}
    got = {
        account: [slice_of(account.encode(), slices) for slices in (2, 4, 64)] for account in known
    }
    assert got == known


def test_sides_are_chosen_as_in_one_plan(tmp_path: Path) -> None:
    """fewest_calls over shards is what one plan comes to, the marks of turned pairs included."""
    rows = "".join(f"a{at % 7},b{at % 5}\n" for at in range(60))
    job = cut_of(
        tmp_path, rows, 3, Cluster(shard_qps=200), mode=Mode.TWO_WAY, orient=Orient.FEWEST_CALLS
    )
    cut = make_shards(job)
    one = replace(job, run_dir=tmp_path / "one")
    meta = make_plan(one)
    assert cut.meta.shares == meta.shares
    assert cut.meta.shares[0].as_given is not None
    found = {target: some for _, _, calls in opened(job, cut) for target, some in calls.items()}
    assert found == calls_of(one.run_dir, meta)


def test_what_shards_are_kept_in(tmp_path: Path) -> None:
    """Folders 0700, files 0600, names in the order in which they are taken, nothing else left."""
    job = cut_of(tmp_path, "a,b\n", 12, Cluster(shard_qps=100))
    cut = make_shards(job)
    assert [shard.name for shard in cut.shards] == [f"{at:02d}" for at in range(1, 13)]
    shards = job.run_dir / "shards"
    assert sorted(path.name for path in shards.iterdir()) == [one.name for one in cut.shards]
    assert sorted(path.name for path in job.run_dir.iterdir()) == [
        "rejects.jsonl", "shards", "shards.json",
    ]  # fmt: skip
    for path in (shards, *shards.rglob("*"), job.run_dir / "shards.json"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    assert [path.name for path in (shards / "01").iterdir()] == ["plan.parquet"]


def test_an_empty_slice_is_a_shard_with_nothing_in_it(tmp_path: Path) -> None:
    """With fewer accounts than slices, some shards are empty, and are as sound as the others."""
    job = cut_of(tmp_path, "a,b\na,c\n", 1, Cluster(slices={"t1": 3}))
    shards = list(opened(job, make_shards(job)))
    assert sorted(meta.books.pairs for _, meta, _ in shards) == [0, 0, 2]


def test_a_plan_takes_the_place_of_another(tmp_path: Path) -> None:
    """Planned anew, cut otherwise or not at all, nothing is left of the plan before."""
    job = cut_of(tmp_path, "a,b\n", 3, Cluster(shard_qps=100))
    first = make_shards(job)
    second = make_shards(replace(job, cluster=Cluster(shard_qps=200)))
    assert first.run_id != second.run_id
    assert [path.name for path in sorted((job.run_dir / "shards").iterdir())] == ["1", "2"]
    make_plan(replace(job, cluster=None))
    assert sorted(path.name for path in job.run_dir.iterdir()) == ["plan.parquet", "rejects.jsonl"]
    make_shards(job)
    assert not (job.run_dir / "plan.parquet").exists()


def test_input_that_cannot_be_planned_leaves_the_plan_before(tmp_path: Path) -> None:
    """A cut that fails for its input takes no other away: all of it is read first."""
    job = cut_of(tmp_path, "a,b\n", 3, Cluster())
    cut = make_shards(job)
    (tmp_path / "in.csv").write_text(HEAD, encoding="utf-8")
    with pytest.raises(WrongInput, match="no rows"):
        make_shards(job)
    assert read_cut(job.run_dir) == cut
