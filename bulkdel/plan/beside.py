"""The plan of a run beside a run: entries that come in the order of sending, into plan.parquet."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bulkdel import files, rundir
from bulkdel.plan import duck
from bulkdel.plan.batches.compose import FIELD_END, ID_END, LineDigests
from bulkdel.plan.meta import DIGESTS_KEY, META_KEY, digest, to_json
from bulkdel.plan.read import PLAN_FILE, kept_bytes
from bulkdel.plan.scale import Scale
from bulkdel.plan.stretches import stretch_of
from bulkdel.plan.values import PLAN_VERSION, Books, Fingerprint, Origin, PlanMeta, Share
from bulkdel.plan.workshop import workshop
from bulkdel.plan.write import write_plan
from bulkdel.words import Errand, Mode, Orient

_FIELD, _ID = chr(FIELD_END), chr(ID_END)
_IDS_HELD: Final = 100_000
"""Ids of lines that are written, and digested, together."""
_EMPTY_MB: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class SideShare:
    """One target's part of such a plan.

    Attributes:
        target: its name.
        size: items of an entry at most, which decides how many a reader has in hand.
        entries: From_Account with its To_Accounts; None where the account alone is meant. Each
            To_Account stands as plan/entries.py reads it back.
    """

    target: str
    size: int
    entries: Iterable[tuple[str, list[str] | None]]


Shares = Callable[[duck.Connection], tuple[list[SideShare], Origin]]
"""What is planned, by target in the plan's order, asked of a connection that lives until all of it
is written; and what it was made of."""


def make_side_plan(
    folder: Path, errand: Errand, mode: Mode, shares: Shares, *, memory_limit_mb: int
) -> PlanMeta:
    """Plans a run beside a run in its `folder`, which is held; whole or not at all.

    Raises:
        WrongInput: the folder cannot hold it.
        Corrupt, StorageFailed: what it is made of cannot be read.
    """
    scale = Scale.within(memory_limit_mb)
    with duck.storage_errors(folder):
        rundir.make(folder)
        with (
            workshop(folder) as place,
            closing(duck.open_workshop(place, memory_limit_mb=scale.duck_mb)) as con,
        ):
            planned, origin = shares(con)
            meta = _write(con, place, errand, mode, planned, origin)
            files.publish(place / PLAN_FILE, folder / PLAN_FILE)
    return meta


def empty_side_plan(folder: Path) -> None:
    """Writes the plan in `folder`, which is held, anew without its entries, which may hold data.

    What it says of itself stays: how such a run stands is still known.

    Raises:
        WrongInput: it cannot be written.
        Corrupt, StorageFailed: it cannot be read.
    """
    with (
        duck.storage_errors(folder),
        workshop(folder) as place,
        closing(duck.open_workshop(place, memory_limit_mb=_EMPTY_MB)) as con,
        duck.opened(folder / PLAN_FILE) as file,
    ):
        kept = {key: kept_bytes(con, file, key) for key in (META_KEY, DIGESTS_KEY)}
        nothing = f"SELECT * FROM {duck.parquet_rows(file)} WHERE false"  # noqa: S608  # our own
        duck.write_parquet(con, nothing, place / PLAN_FILE, group_rows=1, metadata=kept)
        files.publish(place / PLAN_FILE, folder / PLAN_FILE)


def _write(  # noqa: PLR0917  # the parts of one plan
    con: duck.Connection,
    place: Path,
    errand: Errand,
    mode: Mode,
    planned: list[SideShare],
    origin: Origin,
) -> PlanMeta:
    one_each = errand is Errand.PULL or origin.whole_lists
    stretch = stretch_of([max(share.size for share in planned)])
    digests = LineDigests(stretch)
    shares: list[Share] = []
    first, longest = 0, 0
    with (place / "lines").open("wb") as out:
        for share in planned:
            pairs, batches = 0, 0
            for lines, ids, count, most in _pieces(share.entries, first):
                digests.take(lines)
                out.write(lines)
                longest = max(longest, most)
                batches += count
                pairs += count if one_each else ids
            shares.append(
                Share(target=share.target, first=first, batches=batches, pairs=pairs, largest=())
            )
            first += batches
    fingerprint = Fingerprint(
        version=PLAN_VERSION,
        operation=errand,
        mode=mode,
        orient=Orient.AS_GIVEN,
        from_field="",
        to_field="",
        accounts_only=False,
        protected_sha256="",
        targets=tuple((share.target, share.size) for share in planned),
        sources=(),
    )
    total = sum(share.pairs for share in shares)
    books = Books(read=total, pairs=total, duplicates=0, rejected=0, protected=0)
    entries_sha256 = hashlib.sha256(digests.all()).hexdigest()
    meta = PlanMeta(
        fingerprint=fingerprint,
        books=books,
        shares=tuple(shares),
        digest=digest(fingerprint, books, entries_sha256),
        stretch=stretch,
        entries_sha256=entries_sha256,
        origin=origin,
    )
    write_plan(
        con,
        place / "lines",
        place / PLAN_FILE,
        meta.shares,
        sweeps=origin.whole_lists,
        metadata={META_KEY: to_json(meta), DIGESTS_KEY: digests.all()},
        line_most=longest + 1,
    )
    return meta


def _pieces(
    entries: Iterable[tuple[str, list[str] | None]], first: int
) -> Iterator[tuple[bytes, int, int, int]]:
    """Lines, as compose.py writes them, with how many ids and entries, and the longest in bytes."""
    lines: list[bytes] = []
    ids, longest = 0, 0
    for ordinal, (account, others) in enumerate(entries, first):
        text = f"\n{ordinal:012}{_FIELD}{account}"
        if others is not None:
            text += _FIELD + _ID.join(others)
            ids += len(others)
        line = text.encode()
        longest = max(longest, len(line))
        lines.append(line)
        if ids + len(lines) >= _IDS_HELD:
            yield b"".join(lines), ids, len(lines), longest
            lines, ids, longest = [], 0, 0
    if lines:
        yield b"".join(lines), ids, len(lines), longest
