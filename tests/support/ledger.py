"""Small plans, intents and outcomes for the tests of the ledger."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from bulkdel.job.job import Reach
from bulkdel.lease.fence import no_fence
from bulkdel.ledger.identity import Identity, TargetIdentity
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.values import Event, Group, Intent, Outcome, Part, Settlement
from bulkdel.words import Batch, Entry, Mode, Operation, Verdict

TENCENT = TargetIdentity(
    name="tencent",
    provider="tencent",
    region="singapore",
    app_id=1400000000,
    reach=Reach.LOOPBACK,
)
ZEGO = TargetIdentity(name="zego", provider="zego", region="global", app_id=7, reach=Reach.LOOPBACK)
IDENTITY = Identity(plan_digest="d1", targets=(TENCENT, ZEGO))

FIRST_ZEGO = 100
"""Ordinals from here on are the second target's."""

AT_MS = 1795299901123
"""2026-11-21T22:25:01.123Z."""


def entry_of(ordinal: int) -> Batch:
    """A plan of batches with 1 … 4 ids each."""
    count = ordinal % 4 + 1
    return Batch(ordinal, f"a{ordinal}", tuple(f"b{ordinal}-{i}" for i in range(count)))


def target_of(ordinal: int) -> int:
    """The index of the target that an ordinal of this plan is for."""
    return int(ordinal >= FIRST_ZEGO)


def open_journal(
    run_dir: Path,
    identity: Identity = IDENTITY,
    *,
    fence: Callable[[], None] = no_fence,
    alone: bool = False,
    epoch: int = 0,
) -> Journal:
    """The journal of this plan in `run_dir`."""
    return Journal.open(
        run_dir,
        identity,
        entry_of,
        operation=Operation.DELETE_FRIENDS,
        mode=Mode.TWO_WAY,
        fence=fence,
        alone=alone,
        epoch=epoch,
    )


def crashed(run_dir: Path, to: Path) -> Path:
    """The files as a killed process leaves them: copied while the journal is open and idle."""
    to.mkdir(mode=0o700)
    for name in ("journal.db", "journal.db-wal", "ledger.jsonl"):
        if (run_dir / name).exists():
            shutil.copy2(run_dir / name, to / name)
    return to


def intent(ordinal: int, *parts: Part, again: bool = False) -> Intent:
    """An intent for an entry, fresh unless parts are given."""
    return Intent(ordinal=ordinal, target=target_of(ordinal), parts=parts or (Part(),), again=again)


def rest(status: Verdict = Verdict.DELETED, code: int = 0, info: str = "", lost: int = 0) -> Group:
    """The group of all that no other group names."""
    return Group(status=status, code=code, info=info, lost=lost, items=None)


def some(
    *items: int,
    status: Verdict = Verdict.ALREADY_GONE,
    code: int = 31704,
    info: str = "",
    lost: int = 0,
) -> Group:
    """A group of the named positions."""
    return Group(status=status, code=code, info=info, lost=lost, items=items)


def settlement(
    *groups: Group,
    of: tuple[int, ...] | None = None,
    left: tuple[int, ...] = (),
    attempts: int = 1,
    at_ms: int = AT_MS,
) -> Settlement:
    """What a reply settled; of a whole entry unless `of` is given."""
    return Settlement(of=of, left=left, groups=groups, attempts=attempts, at_ms=at_ms)


def outcome(
    entry: Entry,
    settled: Settlement | None,
    *parts: Part,
    code: int = 0,
    info: str = "",
    throttled: bool = False,
    lost: bool = False,
) -> Outcome:
    """What became of a call for `entry`; `parts` are what is left of it."""
    return Outcome(
        entry=entry,
        target=target_of(entry.ordinal),
        settlement=settled,
        parts=parts,
        code=code,
        info=info,
        throttled=throttled,
        lost=lost,
    )


def deleted(ordinal: int) -> Outcome:
    """All of an entry was deleted at its first call."""
    return outcome(entry_of(ordinal), settlement(rest()))


def tick(journal: Journal, *events: Event) -> None:
    """Commit and publish."""
    journal.commit(events)
    journal.publish()


def lines(run_dir: Path) -> list[bytes]:
    """The ledger's lines."""
    return (run_dir / "ledger.jsonl").read_bytes().splitlines(keepends=True)
