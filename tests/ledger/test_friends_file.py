"""The file of friend data: what was durable stays, and what a dying process left goes."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
import zstandard

from bulkdel import files
from bulkdel.errors import Corrupt, StorageFailed
from bulkdel.ledger import friends_file
from bulkdel.ledger.friends_file import (
    FriendsFile,
    PulledList,
    cut_unfinished,
    leave_out,
    middle,
    pack,
)


def pulled(account: str, friends: int, at: str = "t0") -> PulledList:
    """A list of friends, in pages of two."""
    names = [f"{account}-{n}" for n in range(friends)]
    pages = [
        pack([middle(name, '{"Remark":"a \\"b\\""}') for name in names[start : start + 2]])
        for start in range(0, friends, 2)
    ]
    return PulledList("t", account, at, pages)


def written(path: Path, *lists: PulledList) -> None:
    """Adds the lists, each by itself."""

    async def add() -> None:
        file = FriendsFile(path)
        for one in lists:
            await file.add(one)

    asyncio.run(add())


def lines(path: Path) -> list[bytes]:
    """What any reader finds."""
    reader = zstandard.ZstdDecompressor().stream_reader(path.read_bytes(), read_across_frames=True)
    return reader.read().splitlines()


def cut(path: Path) -> int:
    """The length that `cut_unfinished` leaves."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        return cut_unfinished(path, descriptor)
    finally:
        os.close(descriptor)


def test_a_line_says_whose_friend_it_is(tmp_path: Path) -> None:
    """In the order of the contract; the data is the provider's own text."""
    path = tmp_path / "f.zst"
    written(path, pulled('a"ü', 1))
    assert lines(path) == [
        '{"target":"t","account":"a\\"ü","friend":"a\\"ü-0",'
        '"data":{"Remark":"a \\"b\\""},"at":"t0"}'.encode()
    ]
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_a_dying_process_left_is_cut_and_nothing_whole(tmp_path: Path) -> None:
    """Wherever in the last write it died; the next list follows what was whole."""
    path = tmp_path / "f.zst"
    written(path, pulled("a", 5))
    first = path.read_bytes()
    written(path, pulled("b", 3))
    both = path.read_bytes()
    for length in range(len(first), len(both)):
        path.write_bytes(both[:length])
        assert cut(path) == len(first)
        assert path.read_bytes() == first
    path.write_bytes(both)
    assert cut(path) == len(both)
    path.write_bytes(both[:-3])
    written(path, pulled("c", 1))
    assert [line.split(b'"')[7] for line in lines(path)] == [b"a"] * 5 + [b"c"]


def test_gaps_that_a_power_cut_left_are_cut(tmp_path: Path) -> None:
    """A length that was kept where content was not, and content that is another."""
    path = tmp_path / "f.zst"
    written(path, pulled("a", 5))
    first = path.read_bytes()
    path.write_bytes(first + bytes(4096))
    assert cut(path) == len(first)
    written(path, pulled("b", 50))
    both, told = path.read_bytes(), lines(path)
    for at in range(len(first), len(both)):
        path.write_bytes(both[:at] + bytes([both[at] ^ 0x10]) + both[at + 1 :])
        if cut(path) == len(both):  # such as a bit of the header that says nothing
            assert lines(path) == told
        else:
            assert path.read_bytes() == first


def test_damage_that_no_death_explains_is_cut_by_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a process leaves unfinished is no end that it left: the file stays as it is."""
    path = tmp_path / "f.zst"
    written(path, *(pulled(f"a{n}", 20) for n in range(20)))
    good = path.read_bytes()
    monkeypatch.setattr(friends_file, "_UNFINISHED_MOST", len(good) // 2)
    bad = b"\0\0\0\0" + good[4:]
    path.write_bytes(bad)
    with pytest.raises(Corrupt, match="cannot be read from byte 0"):
        cut(path)
    assert path.read_bytes() == bad


def test_lists_of_a_lost_outcome_are_left_out(tmp_path: Path) -> None:
    """Those alone, whatever stands in the same frame."""
    path = tmp_path / "f.zst"

    async def together() -> None:
        file = FriendsFile(path)
        await asyncio.gather(
            *(file.add(pulled(account, 3, at)) for account, at in (("a", "t1"), ("b", "t1")))
        )
        await file.add(pulled("a", 3, "t2"))

    asyncio.run(together())
    before = lines(path)
    leave_out(path, {("t", "a", "t1")})
    assert lines(path) == [line for line in before if b'"a"' not in line or b'"t1"' not in line]
    assert len(lines(path)) == 6
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Corrupt):
        leave_out(path, {("t", "a", "t2")})


def test_lists_that_come_together_share_a_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is durable when its caller hears of it, at a cost that hundreds share."""
    path = tmp_path / "f.zst"
    synced: list[int] = []
    real = os.fdatasync

    def sync(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_size)
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", sync)

    async def add(file: FriendsFile, number: int) -> None:
        await file.add(pulled(f"a{number:03}", 2))
        assert f'"a{number:03}"'.encode() in b"".join(lines(path))

    async def together() -> None:
        file = FriendsFile(path)
        await asyncio.gather(*(add(file, number) for number in range(200)))

    asyncio.run(together())
    assert len(lines(path)) == 400
    assert len(synced) <= 3


def test_a_full_disk_ends_it_and_leaves_what_was_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody who waits hears of it, nothing more is written, and nothing half stays."""
    path = tmp_path / "f.zst"
    written(path, pulled("a", 3))
    whole = path.read_bytes()
    real = files.write_at

    def write(descriptor: int, data: bytes, offset: int) -> None:
        real(descriptor, data[: len(data) // 2], offset)
        raise OSError(28, "No space left on device")

    async def fails() -> list[object]:
        file = FriendsFile(path)
        with monkeypatch.context() as full:
            full.setattr(files, "write_at", write)
            told = await asyncio.gather(
                *(file.add(pulled(name, 3)) for name in "bcd"), return_exceptions=True
            )
        return [*told, *(await asyncio.gather(file.add(pulled("e", 1)), return_exceptions=True))]

    assert [type(one) for one in asyncio.run(fails())] == [StorageFailed] * 4
    assert path.read_bytes() == whole


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """As of every file of a run that is worked with."""
    (tmp_path / "elsewhere").write_bytes(b"mine")
    path = tmp_path / "f.zst"
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Exception, match="is a link"):
        written(path, pulled("a", 1))
    assert (tmp_path / "elsewhere").read_bytes() == b"mine"


def test_nothing_is_added_behind_the_fence(tmp_path: Path) -> None:
    """Once the lease is over nothing is cut off and no frame is written, also in mid write."""
    path = tmp_path / "f.zst"
    written(path, pulled("a", 5))
    path.write_bytes(path.read_bytes() + b"torn")
    before = path.read_bytes()
    left = 0

    def shut() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise ConnectionAbortedError

    async def add() -> None:
        await FriendsFile(path, shut).add(pulled("b", 3))

    with pytest.raises(StorageFailed):
        asyncio.run(add())
    assert path.read_bytes() == before
    left = 1
    with pytest.raises(StorageFailed):
        asyncio.run(add())
    assert path.read_bytes() == before[: -len(b"torn")]
    left = 2
    asyncio.run(add())
    assert len(lines(path)) == 8
