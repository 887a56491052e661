"""A backup holds what the plan deletes, field by field, each entry once, whatever happens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shutil import rmtree

import orjson
import pytest

from bulkdel.emulator.habits import Habits
from bulkdel.errors import BulkdelError, Corrupt, WrongInput
from bulkdel.job.beside import OnFailure
from bulkdel.job.job import Job
from bulkdel.ledger.values import Outcome
from bulkdel.plan.read import PlanReader
from bulkdel.plan.values import PlanMeta
from bulkdel.runs.backed_up import ensure_backed_up
from bulkdel.runs.backup import whole_friends
from bulkdel.runs.forget import due_below, forget
from bulkdel.runs.kept_back import kept_back
from bulkdel.runs.names import names_of
from bulkdel.words import Entry
from tests.support.backing_up import Pair, Providers, lines_of, read_backup

LONG = [("alice", f"friend{n:03}") for n in range(250)]
FEW = [("a", "b"), ("a", "c"), ("d", "a")]
"""What a job names; only the second stands on both lists."""
LISTS = [("a", "b"), ("a", "c"), ("c", "a"), ("d", "a"), ("d", "e"), ("b", "x")]


def other_way(pairs: list[Pair]) -> list[Pair]:
    """From the other side."""
    return [(friend, account) for account, friend in pairs]


def entries(job: Job, meta: PlanMeta) -> list[Entry]:
    """Of the run's plan, for its first target."""
    with PlanReader(job.run_dir, meta) as plan:
        return [one for page in plan.scan(0, meta.shares[0].batches) for one in page]


@pytest.mark.parametrize("page", [1, 7, 100, 250, 1000])
async def test_a_list_is_pulled_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """Whatever the size of a page, every friend that the plan deletes is there, and no other."""
    it = Providers(
        folder=tmp_path,
        friends=[*LONG, ("alice", "dear"), ("dear", "alice")],
        pairs=LONG,
        mode="one_way",
        habits=Habits(page=page),
        names=("tencent", "zego"),
    )
    job, meta, status = await it.back_up(monkeypatch)
    assert status is not None
    assert read_backup(job.run_dir) == it.entries(*LONG)
    assert (status.note.friends, status.note.lists, status.note.failed) == (500, 2, 0)
    ensure_backed_up(job, meta)


async def test_both_ends_of_a_pair_are_pulled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two-way, both lists are shortened, so both are kept; each entry that is there, once."""
    it = Providers(folder=tmp_path, friends=LISTS, pairs=[*FEW, ("c", "a")])
    job, _, _ = await it.back_up(monkeypatch)
    assert read_backup(job.run_dir) == it.entries(*FEW, *other_way(FEW))
    assert {(one["account"], one["friend"]) for one in lines_of(job.run_dir)} == {
        *[("a", "b"), ("a", "c"), ("c", "a"), ("d", "a")]
    }


async def test_where_the_planner_chose_the_sides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A friendship that is sent from its other side is on the same two lists."""
    pairs = [(f"u{n}", "hub") for n in range(9)]
    it = Providers(
        folder=tmp_path,
        friends=[*pairs, *other_way(pairs)],
        pairs=pairs,
        tail='[plan]\norient = "fewest_calls"\n',
    )
    job, _, status = await it.back_up(monkeypatch)
    assert read_backup(job.run_dir) == it.all_entries()
    assert status is not None
    assert status.note.lists == 10


@pytest.mark.parametrize("mode", ["one_way", "two_way"])
async def test_lists_that_are_cleared_are_kept_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """Two-way, so is what their friends' lists say of the cleared accounts, and no more."""
    friends = [
        *[("a", "b"), ("a", "c"), ("b", "a"), ("b", "z"), ("c", "y")],
        *[("d", "a"), ("a", "d"), ("d", "c"), ("c", "d"), ("x", "a")],
    ]
    it = Providers(
        folder=tmp_path,
        friends=friends,
        pairs=[("a", ""), ("d", "")],
        operation="delete_all_friends",
        mode=mode,
        names=("tencent", "zego"),
    )
    job, meta, status = await it.back_up(monkeypatch)
    whole = [("a", "b"), ("a", "c"), ("a", "d"), ("d", "a"), ("d", "c")]
    beside = [("b", "a"), ("c", "d")] if mode == "two_way" else []
    assert read_backup(job.run_dir) == it.entries(*whole, *beside)
    assert status is not None
    assert len(status.sides) == (2 if beside else 1)
    ensure_backed_up(job, meta)


async def test_the_list_of_a_protected_friend_is_pulled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No deletion names him, but clearing somebody else's list both ways shortens his."""
    it = Providers(
        folder=tmp_path,
        friends=[("a", "boss"), ("boss", "a")],
        pairs=[("a", "")],
        operation="delete_all_friends",
        tail='[guards]\nprotect = ["boss"]\n',
    )
    job, _, status = await it.back_up(monkeypatch)
    assert status is not None
    assert read_backup(job.run_dir) == it.all_entries()


@pytest.mark.parametrize(
    "fault",
    ["30006:0.3", "http502:0.3", "cut-before:0.2", "cut-after:0.2", "hang:0.1", "garbage:0.2"],
)
async def test_faults_that_pass_lose_nothing_and_double_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """A page that did not come is asked for again."""
    it = Providers(
        folder=tmp_path,
        friends=[*LONG, *LISTS],
        pairs=[*LONG, *FEW],
        mode="one_way",
        habits=Habits(page=30),
        faults=[fault],
    )
    job, _, status = await it.back_up(monkeypatch)
    assert status is not None
    assert read_backup(job.run_dir) == it.entries(*LONG, *FEW)


async def test_a_list_that_changes_meanwhile_is_pulled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of another list is never joined to those before it."""
    it = Providers(
        folder=tmp_path,
        friends=LONG,
        pairs=LONG,
        mode="one_way",
        habits=Habits(page=50),
        faults=["changed:1,calls=3-5", "changed:1,calls=9-9"],
        names=("tencent", "zego"),
    )
    job, _, status = await it.back_up(monkeypatch)
    assert status is not None
    assert read_backup(job.run_dir) == it.all_entries()
    calls = [target.counters.calls for target in status.sides[0].targets]
    assert min(calls) > 5


async def test_a_list_that_never_stands_still_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not pulled for ever, its data is not kept, and nothing may be deleted."""
    it = Providers(
        folder=tmp_path,
        friends=[*LONG, *LISTS],
        pairs=[*LONG, *FEW],
        mode="one_way",
        habits=Habits(page=200),
        faults=["changed:1,account=alice,calls=2-1000"],
    )
    it.faults = ()
    changes = 0

    def each(_: Outcome) -> None:
        nonlocal changes
        changes += 1
        world = it.emulated["tencent"].world
        world.put("alice", f"new{changes}", world.data("alice", "friend000"))

    job, meta, status = await it.back_up(monkeypatch, each=each)
    assert status is None
    assert 8 < changes < 200
    assert {one["account"] for one in lines_of(job.run_dir)} == {"a", "d"}
    with pytest.raises(WrongInput, match="is not finished"):
        ensure_backed_up(job, meta)


@pytest.mark.parametrize("mode", ["one_way", "two_way"])
async def test_pairs_of_accounts_that_cannot_be_pulled_are_kept_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """One-way those from such an account, two-way those with such an end; unless told to go."""
    it = Providers(
        folder=tmp_path,
        friends=LISTS,
        pairs=[*FEW, ("b", "c"), ("e", "d")],
        mode=mode,
        faults=["30003:1,account=b", "30003:1,account=e"],
    )
    job, meta, status = await it.back_up(monkeypatch)
    assert status is not None
    assert status.note.failed == 2
    selection = kept_back(job, meta)
    assert selection is not None
    chosen = {one.from_account: selection.chosen(0, one) for one in entries(job, meta)}
    to_b_is_kept = {"one_way": None, "two_way": [1]}[mode]
    assert chosen == {"a": to_b_is_kept, "b": (), "d": None, "e": ()}
    called = ", ".join(map(names_of(job), ("b", "e")))
    assert f"3 pairs kept back: {called} could not be pulled" in selection.words(3)
    named = kept_back(replace(job, log_ids=True), meta)
    assert named is not None
    assert "3 pairs kept back: b, e could not be pulled" in named.words(3)
    ensure_backed_up(job, meta)
    goes = replace(job, backup=job.backup.model_copy(update={"on_failure": OnFailure.GO}))
    assert kept_back(goes, meta) is None


async def test_a_list_is_not_cleared_whose_friends_cannot_be_pulled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clearing both ways shortens the friends' lists, so it waits for theirs as well."""
    it = Providers(
        folder=tmp_path,
        friends=LISTS,
        pairs=[("a", ""), ("d", ""), ("z", "")],
        operation="delete_all_friends",
        faults=["30003:1,account=b", "30003:1,account=z"],
    )
    job, meta, _ = await it.back_up(monkeypatch)
    selection = kept_back(job, meta)
    assert selection is not None
    chosen = {one.from_account: selection.chosen(0, one) for one in entries(job, meta)}
    assert chosen == {"a": (), "d": None, "z": ()}
    called = ", ".join(map(names_of(job), ("b", "z")))
    assert f"1 account kept back: {called} could not" in selection.words(1)


async def test_no_job_sends_before_its_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor where its file has another length; without the table nothing is asked."""
    it = Providers(folder=tmp_path, friends=LISTS, pairs=FEW)
    job, meta, _ = await it.back_up(monkeypatch)
    with pytest.raises(WrongInput, match="is not finished"):
        ensure_backed_up(job, replace(meta, digest="another"))
    path = job.run_dir / "backup/friends.jsonl.zst"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(WrongInput, match="not as it was"):
        ensure_backed_up(job, meta)
    without = replace(job, backup=job.backup.model_copy(update={"enabled": False}))
    ensure_backed_up(without, meta)


async def test_a_damaged_backup_is_never_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any byte that is another one, of the same length."""
    it = Providers(folder=tmp_path, friends=LISTS, pairs=FEW)
    job, _, _ = await it.back_up(monkeypatch)
    path = whole_friends(job.run_dir)
    good = path.read_bytes()
    for at in (0, len(good) // 2, len(good) - 1):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises(Corrupt, match="is not what was pulled"):
            whole_friends(job.run_dir)
    path.write_bytes(good)
    assert whole_friends(job.run_dir) == path


async def test_what_a_lost_outcome_left_is_pulled_again_and_stands_there_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process dies when a list is durable and its outcome is not: the journal knows nothing."""
    it = Providers(folder=tmp_path, friends=[*LONG, *LISTS], pairs=[*LONG, *FEW], mode="one_way")
    job, _, _ = await it.back_up(monkeypatch)
    backup = job.run_dir / "backup"
    for name in ("journal.db", "ledger.jsonl", "backup.json"):
        (backup / name).unlink()
    path = backup / "friends.jsonl.zst"
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])
    note = {"plan_digest": "", "state": "begun", "at": "2026-01-01T00:00:00.000Z", "version": 1}
    (backup / "backup.json").write_bytes(orjson.dumps(note))
    job, _, status = await it.back_up(monkeypatch)
    assert status is not None
    assert read_backup(job.run_dir) == it.entries(*LONG, *FEW)
    assert whole_friends(job.run_dir) == path


@pytest.mark.parametrize("operation", ["delete_friends", "delete_all_friends"])
async def test_an_unfinished_end_is_cut_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    """Also where nothing is added any more: what was left to pull may have become empty."""
    it = Providers(folder=tmp_path, friends=LISTS, pairs=FEW, operation=operation)
    job, _, before = await it.back_up(monkeypatch)
    path = job.run_dir / "backup/friends.jsonl.zst"
    path.write_bytes(path.read_bytes() + path.read_bytes()[:50])
    note = job.run_dir / "backup/backup.json"
    note.write_text(note.read_text().replace('"whole"', '"begun"'))
    rmtree(job.run_dir / "backup/others", ignore_errors=True)
    _, _, after = await it.back_up(monkeypatch)
    assert before is not None
    assert after is not None
    assert after.note.friends == before.note.friends


async def test_a_ledger_that_says_more_than_the_file_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a backup is never called whole."""
    it = Providers(folder=tmp_path, friends=LISTS, pairs=FEW)
    job, _, _ = await it.back_up(monkeypatch)
    note = job.run_dir / "backup/backup.json"
    note.write_text(note.read_text().replace('"whole"', '"begun"'))
    (job.run_dir / "backup/friends.jsonl.zst").write_bytes(b"")
    with pytest.raises(Corrupt, match="lacks some of 3 lists"):
        await it.back_up(monkeypatch)


async def test_a_note_that_somebody_removed_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the file and the ledger, which say the same as they did."""
    it = Providers(folder=tmp_path, friends=LISTS, pairs=FEW)
    job, meta, before = await it.back_up(monkeypatch)
    (job.run_dir / "backup/backup.json").unlink()
    _, _, after = await it.back_up(monkeypatch)
    assert before is not None
    assert after is not None
    assert replace(after.note, at=before.note.at) == before.note
    ensure_backed_up(job, meta)


async def test_a_job_that_has_nothing_to_send_has_a_whole_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, with no call."""
    it = Providers(folder=tmp_path, friends=LISTS, pairs=[("a", "a")])
    job, meta, status = await it.back_up(monkeypatch)
    assert status is not None
    assert (status.note.lists, status.note.friends, status.note.bytes) == (0, 0, 0)
    ensure_backed_up(job, meta)
    assert kept_back(job, meta) is None


async def test_a_backup_of_another_plan_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing was sent the input may change, and then the backup is pulled anew."""
    it = Providers(folder=tmp_path, friends=LISTS, pairs=FEW)
    await it.back_up(monkeypatch)
    it.pairs = [("d", "e")]
    job, meta, _ = await it.back_up(monkeypatch)
    assert read_backup(job.run_dir) == it.entries(("d", "e"))
    ensure_backed_up(job, meta)


async def test_a_backup_that_is_forgotten_is_gone_and_known_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is deleted on the strength of it, and nothing put back from it."""
    it = Providers(folder=tmp_path, friends=LISTS, pairs=FEW)
    job, meta, _ = await it.back_up(monkeypatch)
    scratch = job.run_dir / "backup/friends.jsonl.zst.99.tmp"
    scratch.write_bytes(b"data")
    planning = job.run_dir / "undo/.planning"
    planning.mkdir(parents=True)
    (planning / "lines").write_bytes(b"data")
    note = forget(job.run_dir)
    assert (note.state, note.friends, bool(note.by)) == ("destroyed", 4, True)
    assert not list(job.run_dir.rglob("friends*"))
    assert not planning.exists()
    assert forget(job.run_dir) == note
    with pytest.raises(WrongInput, match="was destroyed"):
        whole_friends(job.run_dir)
    with pytest.raises(WrongInput, match="was destroyed"):
        ensure_backed_up(job, meta)


async def test_backups_whose_time_has_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are found by what they say themselves, wherever below a folder; and only those."""
    bound = Providers(folder=tmp_path / "x", friends=LISTS, pairs=FEW, tail='keep = "30d"\n')
    unbound = Providers(folder=tmp_path / "y", friends=LISTS, pairs=FEW)
    for one in (bound, unbound):
        one.folder.mkdir()
    job, _, status = await bound.back_up(monkeypatch)
    await unbound.back_up(monkeypatch)
    assert status is not None
    side = status.sides[0]
    assert side.began_ms is not None
    due_s = side.began_ms / 1000 + 30 * 86_400
    wrong: list[BulkdelError] = []
    assert list(due_below(tmp_path, due_s - 60, wrong.append)) == []
    assert list(due_below(tmp_path, due_s + 60, wrong.append)) == [job.run_dir]
    forget(job.run_dir)
    assert list(due_below(tmp_path, due_s + 60, wrong.append)) == []
    assert not wrong
    (job.run_dir / "backup/backup.json").write_text("{}")
    assert list(due_below(tmp_path, due_s + 60, wrong.append)) == []
    assert ["backup.json" in one.where for one in wrong] == [True]
