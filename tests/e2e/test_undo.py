"""An undo puts back what its run deleted, field by field, and nothing else."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bulkdel.job.jobfile import load_job
from bulkdel.ledger.lock import hold
from bulkdel.report import undone
from bulkdel.runs.beside import held_side
from bulkdel.runs.run import held_run
from bulkdel.runs.undo import undo_side
from tests.support.hints import follow, hints, verbs
from tests.support.json_keys import undocumented, unwritten
from tests.support.judge import Judge, Pair
from tests.support.process import KEY, Done, Place, csv_text, ledger, statuses, toml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

QUICK = "[retry]\nbase_delay_s = 0.02\nmax_delay_s = 0.05\n"
PAIRS = [(f"a{one}", f"b{other}") for one in range(3) for other in range(4)]
ONE_SIDED = [("a1", "b1"), ("a2", "b3")]
"""Of these the second account has not the first."""
OTHERS = [("stranger", "friend"), ("a0", "dear"), ("dear", "a0")]
"""Friendships that no pair names."""
OWN: Mapping[str, dict[str, Any]] = {
    "tencent": {"Tag_SNS_IM_AddSource": "AddSource_Type_Own", "Tag_SNS_IM_Remark": "my own"},
    "zego": {"Wording": "", "FriendAlias": "my own", "CreateTime": 7, "Attributes": {"k1": "x"}},
}
"""What somebody's list says of a friend whom he has added again himself."""

World = dict[Pair, dict[str, Any]]


@dataclass(kw_only=True)
class Trial:
    """A run that is finished, and backed up before."""

    place: Place
    judge: Judge
    provider: str
    before: World
    after: World
    kept: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def run_dir(self) -> Path:
        """Of the run."""
        return self.place.folder / "runs/job"

    def undo(self, *options: str, code: int = 0) -> Done:
        """The command, which leaves with this code."""
        done = self.place.run("undo", "job.toml", "--no-progress", *options)
        assert done.code == code, done.out + done.err
        return done

    def world(self) -> World:
        """Every entry of every list as it is now."""
        return self.judge.snapshot(self.provider)

    def lines(self) -> dict[Pair, dict[str, Any]]:
        """The results of the undo, one for each entry."""
        lines = ledger(self.run_dir / "undo")
        found = {(line["from_account"], line["to_account"]): line for line in lines}
        assert len(found) == len(lines)
        return found

    def run_is_as_it_was(self) -> None:
        """No byte of the run's own files is another."""
        assert {name: (self.run_dir / name).read_bytes() for name in self.kept} == self.kept


@contextmanager
def finished_run(
    place: Place,
    provider: str = "tencent",
    *,
    operation: str = "delete_friends",
    mode: str = "two_way",
    pairs: Sequence[Pair] = PAIRS,
    habits: Sequence[str] = (),
    backup: bool = True,
    target: str = "",
    limit: int | None = None,
    late: Pair | None = None,
    strangers: bool = False,
) -> Iterator[Trial]:
    """A run over the pairs, or over the accounts before them, that is finished.

    Or that has stopped at a limit. With a `late` friendship between the backup and the run, or with
    pairs of `strangers` alone.
    """
    friends = [*pairs, *((b, a) for a, b in pairs if (a, b) not in ONE_SIDED)]
    friends = [*(friends if not strangers else ()), *OTHERS]
    pairs = [*pairs, *([late] if late else ())]
    with Judge({provider: friends}, secret=place.secret, habits=habits) as judge:
        whole = operation == "delete_all_friends"
        accounts = dict.fromkeys(account for account, _ in pairs)
        rows = "From_Account\n" + "".join(f"{account}\n" for account in accounts)
        place.write("pairs.csv", rows if whole else csv_text(pairs))
        named = {"tencent": None, "zego": None, provider: target}
        guards = '[guards]\nprotect = ["b0"]\n' if whole else ""  # he may be on a cleared list
        text = toml(
            judge.address,
            operation=operation,
            mode=mode,
            tail=QUICK + guards,
            tencent=named["tencent"],
            zego=named["zego"],
        )
        place.write("job.toml", text)
        before = judge.snapshot(provider)
        if backup:
            assert place.run("backup", "job.toml").code == 0
        if late:
            judge.befriend(provider, late)
        options = () if limit is None else ("--limit", str(limit))
        done = place.run("run", "job.toml", "--no-progress", *options)
        assert done.code == (75 if limit else 0), done.out + done.err
        run_dir = place.folder / "runs/job"
        yield Trial(
            place=place,
            judge=judge,
            provider=provider,
            before=before,
            after=judge.snapshot(provider),
            kept={
                name: (run_dir / name).read_bytes()
                for name in ("plan.parquet", "journal.db", "ledger.jsonl", "run.log")
            },
        )


WORLDS = [
    (operation, mode, provider, both)
    for operation in ("delete_friends", "delete_all_friends")
    for mode in ("two_way", "one_way")
    for provider, both in (("tencent", False), ("zego", True))
]


@pytest.mark.parametrize(
    ("operation", "mode", "provider", "both"),
    [*WORLDS, ("delete_friends", "two_way", "zego", False)],
)
def test_the_world_is_as_it_was(
    place: Place, operation: str, mode: str, provider: str, both: bool
) -> None:
    """Every entry that was deleted is back with its fields; what could not be set is named.

    Who was added again meanwhile keeps his own data, and what the provider adds by itself to the
    other list is named. A second undo sends nothing, and the run cannot be continued.
    """
    habits = [f"add_writes_both={'true' if both else 'false'}"]
    with finished_run(place, provider, operation=operation, mode=mode, habits=habits) as it:
        again = min(it.before.keys() - it.after.keys())
        it.judge.put(provider, again, OWN[provider])
        told = json.loads(it.undo("--json").out)
        assert undocumented(told, undone.KEYS) == set()
        lines, now = it.lines(), it.world()
        assert lines.keys() == it.before.keys() - it.after.keys()
        assert {pair for pair, line in lines.items() if line["status"] != "restored"} == {again}
        assert lines[again]["status"] == "already_there"
        for pair, data in (it.before | {again: OWN[provider]}).items():
            names = set(lines[pair].get("not_restored", ())) if pair in lines else set()
            assert {name for name in data if data[name] != now[pair][name]} <= names, pair
            assert both or not names
        added = now.keys() - it.before.keys()
        assert added == ({(b, a) for a, b in ONE_SIDED} if both else set())
        named: set[Pair] = set()
        for other in told["other_lists"].values():
            rows = Path(other["file"]).read_text().splitlines()
            assert rows[0] == "From_Account,To_Account"
            named |= {(row.split(",")[0], row.split(",")[1]) for row in rows[1:]}
        assert named == added
        it.run_is_as_it_was()
        calls = it.judge.calls
        assert "It was finished before" in it.undo("--yes").out
        refused = place.run("run", "job.toml", "--yes")
        assert (refused.code, it.judge.calls) == (2, calls)
        assert "was undone" in refused.complaint
        assert it.world() == now
        assert place.run("verify", "job.toml").code == 0


@pytest.mark.parametrize("seed", range(2))
def test_faults_and_kills_lose_and_double_nothing(place: Place, seed: int) -> None:
    """Killed at any moment, with faults of all kinds, the same command ends as if nothing was."""
    rng = random.Random(seed)
    habits = ["add_writes_both=true"]
    with finished_run(place, "zego", habits=habits, target="batch_size = 3\n") as it:
        it.judge.break_with(
            "660000001:0.1", "item660000001:0.1", "cut-after:0.1", "http502-after:0.05"
        )
        for _ in range(3):
            process = place.start("undo", "job.toml", "--no-progress")
            time.sleep(rng.uniform(0.2, 1.5))
            process.kill()
            process.communicate()
        while (done := place.run("undo", "job.toml", "--no-progress")).code == 75:
            assert "put back" in done.out
        assert done.code == 0, done.out + done.err
        lines, now = it.lines(), it.world()
        assert lines.keys() == it.before.keys() - it.after.keys()
        assert {line["status"] for line in lines.values()} == {"restored"}
        for pair, data in it.before.items():
            names = set(lines[pair].get("not_restored", ())) if pair in lines else set()
            assert {name for name in data if data[name] != now[pair][name]} <= names, pair
            assert names <= {"Wording", "CreateTime"}
        assert now.keys() - it.before.keys() == {(b, a) for a, b in ONE_SIDED}
        it.run_is_as_it_was()
        assert place.run("verify", "job.toml").code == 0


def test_who_cannot_be_asked_for_waits_alone(place: Place) -> None:
    """Nothing is put back of whom it is not known whether he is there; all others are."""
    with finished_run(place) as it:
        patient = QUICK + "max_attempts = 2\n"
        _rewritten(place.folder / "job.toml", QUICK.encode(), patient.encode())
        it.judge.break_with("30006:1,action=check,account=a1")
        assert "wait" in it.undo(code=75).out or it.lines()
        waiting = {pair for pair in it.before if "a1" in pair}
        assert it.world().keys() == it.before.keys() - waiting
        it.judge.break_with()
        it.undo()
        assert it.world() == it.before


def test_who_is_added_again_while_an_undo_rests_keeps_his_own_data(place: Place) -> None:
    """Asked for before it was killed, and there when it goes on: he stays as he is."""
    with finished_run(place, target="batch_size = 1\nqps = 16\nmax_in_flight = 1\n") as it:
        process = place.start("undo", "job.toml", "--no-progress")
        ledger_path = it.run_dir / "undo/ledger.jsonl"
        deadline = time.monotonic() + 60
        while not (ledger_path.exists() and ledger_path.stat().st_size):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.kill()
        process.communicate()
        waiting = it.before.keys() - it.world().keys()
        again = max(waiting - {(b, a) for a, b in waiting})  # of it no call was out
        it.judge.put("tencent", again, OWN["tencent"])
        it.undo()
        assert it.lines()[again]["status"] == "already_there"
        assert it.world() == it.before | {again: OWN["tencent"]}


def test_one_account_after_the_other(place: Place) -> None:
    """Both sides of an account's pairs come back alone, and the rest when it is asked for.

    Whoever is added again between the two keeps his own data.
    """
    with finished_run(place) as it:
        it.undo("--account", "a1", code=75)
        mine = {pair for pair in it.before if "a1" in pair}
        assert it.world() == it.after | {pair: it.before[pair] for pair in mine}
        it.judge.put("tencent", ("b0", "a0"), OWN["tencent"])
        refused = it.undo("--account", "nobody", code=2)
        assert "--account, number 1 of them: there is nothing" in refused.complaint
        assert "nobody" not in refused.complaint
        it.undo("--account", "b0", "--account", "b1", code=75)
        assert it.world().keys() == it.after.keys() | {
            pair for pair in it.before if not {"a1", "b0", "b1"}.isdisjoint(pair)
        }
        it.undo()
        assert it.world() == it.before | {("b0", "a0"): OWN["tencent"]}
        assert statuses(it.run_dir / "undo", "tencent") == Counter(
            restored=len(it.lines()) - 1, already_there=1
        )


def test_a_run_that_goes_on_is_planned_for_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is deleted after an undo was looked at, and not agreed to, is put back as well."""
    monkeypatch.setenv(KEY, place.secret)
    with finished_run(place, target="batch_size = 1\n", limit=4) as it:
        job = load_job(place.folder / "job.toml")
        with held_run(job), held_side(job, undo_side(job)) as looked:
            assert looked.open().books.pairs < len(it.before) - len(OTHERS)
        assert place.run("run", "job.toml").code == 0
        assert it.world().keys() == set(OTHERS)
        assert "no result yet" not in it.undo().err
        assert it.world() == it.before


def test_pairs_without_a_result_are_told_of(place: Place) -> None:
    """What was not deleted when the run stopped is no matter of the undo, which ends the run."""
    with finished_run(place, target="batch_size = 1\n", limit=4) as it:
        assert "8 pairs of the run have no result yet" in " ".join(it.undo().err.split())
        assert it.world() == it.before
        assert place.run("run", "job.toml").code == 2


def _rewritten(path: Path, old: bytes, new: bytes) -> None:
    path.write_bytes(path.read_bytes().replace(old, new))


def test_what_cannot_be_undone_is_refused(place: Place) -> None:
    """With exit 2 and the reason; nothing is sent, and the run and its backup are as they were."""
    with finished_run(place) as it:
        job, note = place.folder / "job.toml", it.run_dir / "backup/backup.json"
        friends = it.run_dir / "backup/friends.jsonl.zst"
        results = it.run_dir / "ledger.jsonl"
        was = {path: path.read_bytes() for path in (job, note, friends, results)}
        turned = bytearray(was[friends])
        turned[len(turned) // 2] ^= 1
        calls = it.judge.calls
        for path, content, why in (
            (note, was[note].replace(b'"whole"', b'"destroyed"'), "destroyed"),
            (note, was[note].replace(b'"whole"', b'"begun"'), "not finished"),
            (note, None, "has no backup"),
            (friends, bytes(turned), "is not what was pulled"),
            (friends, was[friends][:-1], "is not what was pulled"),
            (results, was[results].replace(b'"to_account":"b0"', b'"to_account"?"b0"', 1), "whole"),
            (
                job,
                was[job].replace(b"1400000000", b"1400000001"),
                "app_id was 1400000000 and is now 1400000001",
            ),
        ):
            path.unlink()
            if content is not None:
                path.write_bytes(content)
            assert why in it.undo(code=2).complaint
            path.write_bytes(was[path])
        with hold(it.run_dir):
            assert "works" in it.undo(code=2).complaint
        assert it.judge.calls == calls
        it.run_is_as_it_was()
        assert place.run("run", "job.toml").code == 0
        it.undo()
        assert it.world() == it.before


def test_a_real_provider_needs_a_yes(place: Place) -> None:
    """Without a terminal and without --yes nothing is asked or sent."""
    with finished_run(place) as it:
        # What is real never becomes an emulator: so the run was a real one all along.
        _rewritten(it.run_dir / "journal.db", b'"reach":"loopback"', b'"reach":"real"    ')
        _rewritten(place.folder / "job.toml", it.judge.address.encode(), b"https://far.invalid")
        assert "add --yes" in it.undo(code=2).complaint


def test_a_run_that_deleted_nothing_has_nothing_to_put_back(place: Place) -> None:
    """Where there was nobody to delete, a backup does not help."""
    with finished_run(place, strangers=True) as it:
        assert "nothing was deleted by this run" in it.undo(code=2).complaint
        assert place.run("run", "job.toml").code == 0


def test_a_forgotten_backup_ends_the_way_back(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where an undo was planned from it; one that is finished goes on to say so."""
    monkeypatch.setenv(KEY, place.secret)
    with finished_run(place) as it:
        job = load_job(place.folder / "job.toml")
        with held_run(job), held_side(job, undo_side(job)) as looked:
            looked.open()
        shutil.copytree(it.run_dir, place.folder / "copy", symlinks=True)
        assert place.run("forget", "job.toml", "--yes").code == 0
        calls = it.judge.calls
        assert "destroyed" in it.undo(code=2).complaint
        assert it.judge.calls == calls
        other = ("--run-dir", "copy")
        it.undo(*other)
        assert it.world() == it.before
        assert place.run("forget", "job.toml", "--yes", *other).code == 0
        assert "It was finished before" in it.undo(*other).out
        assert place.run("run", "job.toml", *other).code == 2


def test_the_commands_that_are_named_work(place: Place) -> None:
    """A run that was undone names the undo, which says that it is finished."""
    with finished_run(place) as it:
        it.undo("--account", "a0", code=75)
        [going_on] = hints(place.run("run", "job.toml").err)
        assert verbs([going_on]) == ["undo"]
        assert follow(place, going_on).code == 0
        assert it.world() == it.before


def test_what_the_backup_does_not_hold_is_said(place: Place) -> None:
    """A pair that came between the backup and the deletion stays deleted, and is counted."""
    with finished_run(place, late=("a0", "late")) as it:
        done = it.undo("--json")
        told = json.loads(done.out)
        assert told["unheld"] == 1
        assert unwritten(told, undone.KEYS) <= {
            "not_restored.*",
            "other_lists.*.entries",
            "other_lists.*.file",
        }
        assert "Of 1 deleted pair the backup holds nothing" in " ".join(done.err.split())
        assert it.world() == it.before
