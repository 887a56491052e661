"""The second phase in the journal: what one side has not, the other is asked for, exactly once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.ledger import reserve
from bulkdel.ledger.audit.findings import Findings
from bulkdel.ledger.audit.verify import Verified, verify
from bulkdel.ledger.closing import close_entries, close_reserve
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.settled import SettledSet
from bulkdel.ledger.values import Counters, Deal, Group, Part, Settlement
from bulkdel.words import (
    Asked,
    Batch,
    Entry,
    Mode,
    Operation,
    Orient,
    Sides,
    Verdict,
    batch_label,
)
from tests.support.ledger import AT_MS, IDENTITY, crashed, intent, outcome, rest, tick
from tests.support.verifying import PlanInMemory, meta_of

PLAN = (
    Batch(0, "ann", ("bob", "cat", "dan"), Sides(bytes([0, 1, 0]))),
    Batch(1, "eve", ("bob", "dan"), Sides(bytes([0, 1]))),
    Batch(2, "ann", ("bob",), Sides(bytes([1]))),
)
"""Two entries for the first target, one for the second."""

ORIENTED = meta_of(Orient.FEWEST_CALLS, ("tencent", 2, 5), ("zego", 1, 1))
DEAL = Deal(target=0, batch_size=2, first=3)


def open_oriented(run_dir: Path) -> Journal:
    """The journal of PLAN."""
    return Journal.open(
        run_dir,
        IDENTITY,
        PLAN.__getitem__,
        operation=Operation.DELETE_FRIENDS,
        mode=Mode.TWO_WAY,
    )


def scan(lo: int, hi: int) -> Iterator[list[Entry]]:
    """PLAN, an entry at a time."""
    for batch in PLAN[lo:hi]:
        yield [batch]


def check(run_dir: Path) -> Verified:
    """What a verification finds."""
    return verify(run_dir, ORIENTED, PlanInMemory(PLAN.__getitem__), Findings())


def lines(run_dir: Path) -> list[dict[str, object]]:
    """The ledger."""
    return [orjson.loads(line) for line in (run_dir / "ledger.jsonl").read_bytes().splitlines()]


def not_friends(*items: int, lost: int = 0) -> Group:
    """These, or the rest, are in reserve."""
    return Group(
        status=Verdict.ALREADY_GONE,
        code=31704,
        info="",
        lost=lost,
        items=items or None,
        in_reserve=True,
    )


def settled(*groups: Group, attempts: int = 1, of: tuple[int, ...] | None = None) -> Settlement:
    """What a reply settled of an entry."""
    return Settlement(of=of, left=(), groups=groups, attempts=attempts, at_ms=AT_MS)


def first_phase(journal: Journal) -> None:
    """Ann has cat, but neither bob nor dan; eve has nobody, and a first answer of hers was lost."""
    tick(journal, intent(0), intent(1))
    lost = Part(attempts=1, lost=1)
    tick(
        journal,
        outcome(PLAN[0], settled(not_friends(0, 2), rest())),
        outcome(PLAN[1], None, lost, code=-1, lost=True),
    )
    tick(journal, intent(1, lost, again=True))
    tick(journal, outcome(PLAN[1], settled(not_friends(lost=1), attempts=2)))


def label(entry: Batch) -> str:
    """The `batch` of an entry of the first target."""
    return batch_label("tencent", Operation.DELETE_FRIENDS, Mode.TWO_WAY, entry)


def test_not_a_friend_is_in_reserve(tmp_path: Path) -> None:
    """No line, no settled pair; the entry is done with it, and the other account is to be asked."""
    with open_oriented(tmp_path) as journal:
        first_phase(journal)
        assert journal.settled.next_unsettled(0, 2) is None
        assert journal.counters(0) == Counters(
            deleted=1, calls=3, retries=1, lost_answers=1, in_reserve=4
        )
        assert journal.has_reserved(0)
        assert not journal.has_reserved(1)
        assert journal.second_phase(0, 10) == []
        journal.commit([DEAL])
        journal.publish()
        assert not journal.has_reserved(0)
        ann, eve = (label(PLAN[0]), 1, 0, 31704), (label(PLAN[1]), 2, 1, 31704)
        dealt = {one.batch.from_account: one.batch for one in journal.second_phase(0, 10)}
        assert dealt == {
            "bob": Batch(
                3, "bob", ("ann", "eve"), Sides(bytes([1, 1]), (Asked(*ann), Asked(*eve)))
            ),
            "dan": Batch(
                4, "dan", ("ann", "eve"), Sides(bytes([1, 0]), (Asked(*ann), Asked(*eve)))
            ),
        }
    (line,) = lines(tmp_path)
    assert list(line)[:5] == ["target", "from_account", "to_account", "sent_from", "status"]
    assert (line["from_account"], line["to_account"], line["sent_from"]) == ("cat", "ann", "ann")
    assert check(tmp_path).count == 0


def test_the_second_phase_settles(tmp_path: Path) -> None:
    """Lines read as the input names the pair, and count the calls of both sides."""
    with open_oriented(tmp_path) as journal:
        first_phase(journal)
        tick(journal, DEAL)
        bob, dan = sorted(
            (one.batch for one in journal.second_phase(0, 10)), key=lambda one: one.ordinal
        )
        tick(journal, intent(bob.ordinal), intent(dan.ordinal))
        gone = Group(status=Verdict.ALREADY_GONE, code=31704, info="", lost=0, items=(1,))
        tick(journal, outcome(bob, settled(rest(), gone)), outcome(dan, settled(rest(code=7))))
        assert journal.counters(0) == Counters(
            deleted=4, already_gone=1, calls=5, retries=1, lost_answers=1
        )
        assert journal.second_phase(0, 10) == []
    told = {
        (line["from_account"], line["to_account"]): (
            line.get("sent_from"),
            line["status"],
            line["batch"],
            line["attempts"],
            line["lost_answers"],
        )
        for line in lines(tmp_path)
    }
    ann, eve = label(PLAN[0]), label(PLAN[1])
    assert told == {
        ("cat", "ann"): ("ann", "deleted", ann, 1, 0),
        ("ann", "bob"): ("bob", "deleted", ann, 2, 0),
        ("eve", "bob"): ("bob", "already_gone", eve, 3, 1),
        ("ann", "dan"): ("dan", "deleted", ann, 2, 0),
        ("dan", "eve"): (None, "deleted", eve, 3, 1),
    }
    assert check(tmp_path).count == 0


def test_a_crash_at_any_tick_loses_nothing(tmp_path: Path) -> None:
    """Wherever the process dies, what is in reserve is there afterwards, and all agrees."""
    run, at = tmp_path / "run", iter(range(100))
    run.mkdir()

    def died() -> Path:
        copy = crashed(run, tmp_path / f"copy{next(at)}")
        with open_oriented(copy) as journal:
            waiting = sum(len(one.batch.to_accounts) for one in journal.second_phase(0, 10))
            reader = sqlite3.connect(copy / "journal.db")
            with closing(reader):
                waiting += len(list(reserve.reserved(reader, 0)))
            assert waiting == journal.counters(0).in_reserve
        assert check(copy).count == 0
        return copy

    with open_oriented(run) as journal:
        first_phase(journal)
        died()
        journal.commit([DEAL])
        died()
        journal.publish()
        one = journal.second_phase(0, 1)[0].batch
        tick(journal, intent(one.ordinal))
        with open_oriented(died()) as again:
            (lost, _) = sorted(again.second_phase(0, 10), key=lambda w: w.batch != one)
            assert lost.parts == (Part(attempts=1, lost=1),)
            assert [w.batch for w in again.second_phase(0, 10, begun=True)] == [one]
        journal.commit([outcome(one, settled(rest()))])
        assert len(lines(died())) == 3
        journal.publish()


@cache
def _template() -> sqlite3.Connection:
    with TemporaryDirectory() as folder:
        open_oriented(Path(folder)).close()
        memory = sqlite3.connect(":memory:")
        with closing(sqlite3.connect(Path(folder) / "journal.db")) as db:
            db.backup(memory)
    return memory


def empty_journal() -> sqlite3.Connection:
    """The tables of a journal, in memory."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    _template().backup(db)
    return db


PAIRS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 40)), min_size=1, max_size=60, unique=True
)


@given(first=PAIRS, then=PAIRS, size=st.integers(1, 5), most=st.integers(1, 30))
def test_dealing_neither_loses_nor_repeats(
    first: list[tuple[int, int]], then: list[tuple[int, int]], size: int, most: int
) -> None:
    """All that is reserved is dealt once, in the fewest batches unless it is cut for its number."""
    then = [pair for pair in then if pair not in first]
    with closing(empty_journal()) as db, pytest.MonkeyPatch.context() as patch:
        patch.setattr(reserve, "MOST_DEALT", most)
        deals = 0
        for pairs in (first, then):
            reserve.put_reserved(
                db,
                [
                    reserve.Reserved(0, f"a{one}", f"b{other}", other % 2, "l", other, one, 9)
                    for one, other in pairs
                ],
            )
            while reserve.has_reserved(db, 0):
                reserve.deal(db, Deal(target=0, batch_size=size, first=3))
                deals += 1
        found = reserve.second_phase(db, 0, SettledSet(), 1000)
        assert [one.place for one in found] == sorted(one.place for one in found)
        assert sorted(one.batch.ordinal for one in found) == list(range(3, 3 + len(found)))
        pairs_found = []
        for one in found:
            batch = one.batch
            assert 1 <= len(batch.to_accounts) <= size
            assert list(batch.to_accounts) == sorted(batch.to_accounts)
            assert batch.sides
            assert batch.sides.asked
            for other, way, asked in zip(
                batch.to_accounts, batch.sides.turned, batch.sides.asked, strict=True
            ):
                account, number = int(batch.from_account[1:]), int(other[1:])
                pairs_found.append((account, number))
                assert way == number % 2
                assert asked == Asked("l", number, account, 9)
        assert sorted(pairs_found) == sorted([*first, *then])
        if most > len(first) and most > len(then):
            assert deals == 1 + bool(then)
            needed = [
                -(-sum(one == account for one, _ in pairs) // size)
                for pairs in (first, then)
                for account in range(7)
            ]
            assert len(found) == sum(needed)


def test_pages_are_bounded_by_their_ids() -> None:
    """However large the entries are, a page holds about MOST_IDS of their ids, and none is lost."""
    with closing(empty_journal()) as db, pytest.MonkeyPatch.context() as patch:
        patch.setattr(reserve, "MOST_IDS", 10)
        rows_ = [
            reserve.Reserved(0, f"a{one}", f"b{other}", 0, "l", 1, 0, 9)
            for one in range(7)
            for other in range(4)
        ]
        reserve.put_reserved(db, rows_)
        reserve.deal(db, Deal(target=0, batch_size=4, first=3))
        after, sizes, seen = (-1.0, -1), [], []
        while page := reserve.second_phase(db, 0, SettledSet(), 100, after=after):
            sizes.append(len(page))
            seen += [one.batch.ordinal for one in page]
            after = (page[-1].place, page[-1].batch.ordinal)
        assert sizes == [3, 3, 1]
        assert sorted(seen) == list(range(3, 10))


def test_closing_settles_what_is_in_reserve(tmp_path: Path) -> None:
    """A pair whose other side was never asked fails with what the first side said."""
    with open_oriented(tmp_path) as journal:
        first_phase(journal)
        tick(journal, DEAL)
        one = journal.second_phase(0, 1)[0].batch
        tick(journal, intent(one.ordinal))
        stuck = Part(attempts=1, lost=1)
        tick(journal, outcome(one, None, stuck, code=30006, info="busy", lost=True))
        for target, share in enumerate(ORIENTED.shares):
            end = share.first + share.batches
            close_entries(journal, scan, target, share.first, end, lambda: AT_MS)
            close_reserve(journal, Deal(target=target, batch_size=2, first=3), lambda: AT_MS)
        assert journal.counters(0).failed == 4
        assert journal.counters(0).in_reserve == 0
    assert check(tmp_path).count == 0
    failed = [line for line in lines(tmp_path) if line["target"] == "tencent"][1:]
    said = {(line["code"], line["info"]) for line in failed}
    half = "closed by the operator; not a friend from one side, the other was never asked"
    assert said == {(30006, "busy"), (31704, half)}
    assert sorted(str(line["attempts"]) for line in failed) == ["1", "2", "2", "3"]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("DELETE FROM reserved WHERE other = 'eve' AND account = 'bob'", "were put in reserve"),
        ("UPDATE reserved SET other = 'zoe' WHERE other = 'eve' AND account = 'bob'", "not those"),
        ("UPDATE reserved SET turned = 1 - turned WHERE account = 'bob'", "not those"),
        ("UPDATE reserved SET attempts = 9 WHERE account = 'dan'", "not those"),
        ("INSERT INTO reserved VALUES (0, 'x', 'y', 0, 'l', 1, 0, 0)", "were put in reserve"),
        ("UPDATE counters SET in_reserve = 3 WHERE target = 0", "the counter says 3"),
    ],
)
def test_verify_knows_what_was_put_in_reserve(tmp_path: Path, damage: str, words: str) -> None:
    """A pair in reserve that is lost, added or changed is found."""
    with open_oriented(tmp_path) as journal:
        first_phase(journal)
    with closing(sqlite3.connect(tmp_path / "journal.db")) as db:
        db.execute(damage)
        db.commit()
    found = check(tmp_path)
    assert any(words in finding.what for finding in found.findings), found


def test_verify_knows_the_second_phase(tmp_path: Path) -> None:
    """Entries of the second phase that were changed after they settled no longer agree."""
    with open_oriented(tmp_path) as journal:
        first_phase(journal)
        tick(journal, DEAL)
        for one in journal.second_phase(0, 10):
            tick(journal, intent(one.batch.ordinal))
            tick(journal, outcome(one.batch, settled(rest())))
    assert check(tmp_path).count == 0
    with closing(sqlite3.connect(tmp_path / "journal.db")) as db:
        db.execute("UPDATE second_phase SET account = 'mallory' WHERE account = 'bob'")
        db.commit()
    assert check(tmp_path).count > 0


def test_a_plan_as_given_has_no_reserve(tmp_path: Path) -> None:
    """A settlement that puts something in reserve is refused where no side was chosen."""
    plain = Batch(0, "ann", ("bob",))
    with Journal.open(
        tmp_path,
        IDENTITY,
        lambda _: plain,
        operation=Operation.DELETE_FRIENDS,
        mode=Mode.TWO_WAY,
    ) as journal:
        tick(journal, intent(0))
        wrong = outcome(plain, settled(not_friends()))
        with pytest.raises(ValueError, match="no other side"):
            tick(journal, wrong)
