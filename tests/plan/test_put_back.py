"""What an undo puts back is exactly what was deleted, as far as the backup holds it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.plan import duck, put_back
from bulkdel.plan.entries import DATA
from bulkdel.plan.put_back import Found
from bulkdel.words import Mode, Operation

Entry = tuple[str, str]


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duck.Connection]:
    """A database to plan in."""
    with closing(duck.open_workshop(tmp_path, memory_limit_mb=128)) as opened:
        yield opened


def _lines(path: Path, lines: Iterable[dict[str, Any]]) -> Path:
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return path


def _line(one: str, other: str | None, status: str = "deleted", lost: int = 0) -> dict[str, Any]:
    return {
        "target": "t",
        "from_account": one,
        "to_account": other,
        "status": status,
        "code": 0,
        "lost_answers": lost,
    }


def read(
    con: duck.Connection,
    folder: Path,
    lines: Iterable[dict[str, Any]],
    held: Iterable[Entry],
    *,
    pulled: Iterable[str] = (),
    target: str = "t",
) -> None:
    """Reads a ledger, and a backup that holds these entries; its data names them."""
    put_back.read_deleted(con, [_lines(folder / "ledger.jsonl", lines)])
    friends = b"".join(
        zstandard.ZstdCompressor().compress(
            orjson.dumps(
                {
                    "target": target,
                    "account": account,
                    "friend": friend,
                    "data": {"of": f"{account} {friend}", "n": 1.0, "t": "\u2028\n\x1d"},
                    "at": "x",
                }
            )
            + b"\n"
        )
        for account, friend in held
    )
    path = folder / "friends.jsonl.zst"
    path.write_bytes(friends)
    ledger = [{"target": target, "account": one, "status": "pulled"} for one in pulled]
    put_back.read_backup(con, path, _lines(folder / "backup.jsonl", ledger))


def planned(
    con: duck.Connection,
    folder: Path,
    mode: Mode = Mode.TWO_WAY,
    operation: Operation = Operation.DELETE_FRIENDS,
    size: int = 10,
) -> list[tuple[str, list[str]]]:
    """The calls, each an account with its friends; what belongs to them is checked."""
    calls = []
    for account, texts in put_back.put_back_share(
        con, "t", size, operation, mode, place=folder
    ).entries:
        others = []
        for text in texts or ():
            friend, _, data = text.partition(DATA)
            assert orjson.loads(data) == {
                "of": f"{account} {friend}",
                "n": 1.0,
                "t": "\u2028\n\x1d",
            }
            others.append(friend)
        calls.append((account, others))
    return calls


def test_what_was_deleted_or_may_have_been_comes_back(con: duck.Connection, tmp_path: Path) -> None:
    """Already gone without a lost answer was somebody else's deed; failed was none."""
    lines = [
        _line("a", "b"),
        _line("c", "d", "already_gone", lost=1),
        _line("e", "f", "already_gone"),
        _line("g", "h", "failed", lost=3),
    ]
    everybody = [(one, other) for one, other in ("ab", "ba", "cd", "ef", "fe", "gh", "xy")]
    read(con, tmp_path, lines, everybody)
    assert sorted(planned(con, tmp_path)) == [("a", ["b"]), ("b", ["a"]), ("c", ["d"])]
    assert sorted(planned(con, tmp_path, Mode.ONE_WAY)) == [("a", ["b"]), ("c", ["d"])]


def test_a_friendship_named_from_both_sides_comes_back_once(
    con: duck.Connection, tmp_path: Path
) -> None:
    """One line deleted both entries; the other found nothing."""
    lines = [_line("a", "b"), _line("b", "a", "already_gone", lost=1)]
    read(con, tmp_path, lines, [("a", "b"), ("b", "a")])
    assert sorted(planned(con, tmp_path)) == [("a", ["b"]), ("b", ["a"])]


def test_another_targets_backup_is_another_matter(con: duck.Connection, tmp_path: Path) -> None:
    """An account of one app is not that of another app."""
    read(con, tmp_path, [_line("a", "b")], [("a", "b")], target="u")
    assert planned(con, tmp_path) == []
    found = put_back.found(con, "t", Operation.DELETE_FRIENDS, Mode.TWO_WAY)
    assert found == Found(deleted=1, unheld=1)


@pytest.mark.parametrize(("mode", "unheld"), [(Mode.ONE_WAY, 2), (Mode.TWO_WAY, 1)])
def test_what_the_backup_does_not_hold_is_counted(
    con: duck.Connection, tmp_path: Path, mode: Mode, unheld: int
) -> None:
    """Two-way, a pair is held where either side is: only one had the other."""
    lines = [_line("a", "b"), _line("c", "d"), _line("e", "f")]
    read(con, tmp_path, lines, [("a", "b"), ("d", "c")])
    found = put_back.found(con, "t", Operation.DELETE_FRIENDS, mode)
    assert found == Found(deleted=3, unheld=unheld)


def test_cleared_lists_come_back_whole(con: duck.Connection, tmp_path: Path) -> None:
    """One-way, the lists alone; two-way, the accounts on the lists of others as well.

    A list that could not be cleared was still shortened by clearing another one.
    """
    lines = [_line("a", None), _line("b", None, "failed"), _line("c", None, "already_gone")]
    held = [("a", "x"), ("a", "b"), ("x", "a"), ("b", "a"), ("b", "y"), ("c", "z")]
    read(con, tmp_path, lines, held, pulled=["b", "c"])
    clear = Operation.DELETE_ALL_FRIENDS
    assert planned(con, tmp_path, Mode.ONE_WAY, clear) == [("a", ["b", "x"])]
    assert sorted(planned(con, tmp_path, Mode.TWO_WAY, clear)) == [
        ("a", ["b", "x"]),
        ("b", ["a"]),
        ("x", ["a"]),
    ]
    found = put_back.found(con, "t", clear, Mode.TWO_WAY)
    assert found == Found(deleted=1, unheld=1)


def test_lines_that_were_never_written_to_the_ledger_count(
    con: duck.Connection, tmp_path: Path
) -> None:
    """They come in a file of their own; a line cut short in the ledger is none."""
    ledger = _lines(tmp_path / "ledger.jsonl", [_line("a", "b")])
    ledger.write_bytes(ledger.read_bytes() + orjson.dumps(_line("c", "d"))[:-9])
    behind = _lines(tmp_path / "behind", [_line("c", "d")])
    nothing = _lines(tmp_path / "nothing", [])
    put_back.read_deleted(con, [ledger, behind, nothing])
    assert sorted(con.execute("SELECT a, b FROM deleted").fetchall()) == [("a", "b"), ("c", "d")]


@given(
    entries=st.sets(st.tuples(st.sampled_from("abcdé"), st.text("xyzÄ\u2028😀", min_size=1))),
    size=st.integers(1, 4),
)
def test_calls_are_full_and_one_account_comes_round_by_round(
    tmp_path_factory: pytest.TempPathFactory, entries: set[Entry], size: int
) -> None:
    """Each entry is in one call; no account's second call stands before another's first."""
    folder = tmp_path_factory.mktemp("t")
    with closing(duck.open_workshop(folder, memory_limit_mb=128)) as con:
        read(con, folder, [_line(*entry) for entry in entries], entries)
        calls = planned(con, folder, Mode.ONE_WAY, size=size)
    assert sorted((one, other) for one, others in calls for other in others) == sorted(entries)
    seen: dict[str, int] = {}
    turns = []
    for account, others in calls:
        seen[account] = seen.get(account, 0) + 1
        turns.append(seen[account])
        assert others == sorted(others)
        assert len(others) <= size
    assert turns == sorted(turns)
    assert seen == {
        account: -(-sum(one == account for one, _ in entries) // size)
        for account in {one for one, _ in entries}
    }


def test_one_side_that_adding_may_have_doubled(con: duck.Connection, tmp_path: Path) -> None:
    """Where neither had the other, and the other side is not put back, of these targets alone."""

    def said(one: str, other: str, status: str, target: str = "t") -> dict[str, Any]:
        return _line(one, other, status) | {"target": target}

    undo = [
        *(said(one, other, "restored") for one, other in ("ab", "cd", "dc", "ef", "gh")),
        said("i", "j", "already_there"),
        said("k", "l", "restored", "u"),
    ]
    before = [
        *(said(one, other, "gone") for one, other in ("ab", "cd", "dc", "gh", "ij")),
        said("e", "f", "remains"),
        said("k", "l", "gone", "u"),
    ]
    undo.append(said("h", "g", "failed"))
    put_back.read_one_sided(
        con, _lines(tmp_path / "undo", undo), _lines(tmp_path / "before", before), ["t"]
    )
    assert list(put_back.one_sided_share(con, "t", 10, tmp_path).entries) == [("a", ["b"])]
    assert list(put_back.one_sided_share(con, "u", 10, tmp_path).entries) == []


def test_who_has_what_only_adding_sets_comes_first(con: duck.Connection, tmp_path: Path) -> None:
    """Of two entries of one friendship; where both have it, or neither, no call more is needed."""
    words = {
        "ab": "hello",
        "ba": "",
        "cd": "",
        "dc": "hi",
        "ef": "x",
        "fe": "y",
        "gh": "",
        "hg": "",
    }
    held = [
        {"target": "t", "account": pair[0], "friend": pair[1], "data": {"W": text}, "at": "x"}
        for pair, text in words.items()
    ]
    friends = tmp_path / "friends.jsonl.zst"
    lines = _lines(tmp_path / "lines", held).read_bytes()
    friends.write_bytes(zstandard.ZstdCompressor().compress(lines))
    pairs = [_line(pair[0], pair[1]) for pair in ("ab", "dc", "ef", "gh")]
    put_back.read_deleted(con, [_lines(tmp_path / "ledger.jsonl", pairs)])
    put_back.read_backup(con, friends, _lines(tmp_path / "backup.jsonl", []))
    share = put_back.put_back_share(
        con, "t", 10, Operation.DELETE_FRIENDS, Mode.TWO_WAY, first=["W"], place=tmp_path
    )
    assert [account for account, _ in share.entries] == ["a", "d", "e", "f", "g", "h", "b", "c"]
