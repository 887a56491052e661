"""What a run is: its plan and the apps that it sends to; and whether a journal belongs to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from bulkdel import files
from bulkdel.errors import NEW_RUN, RESTORE, Corrupt, StoreBehind, WrongInput
from bulkdel.job.job import Reach
from bulkdel.ledger.ledger_file import Mark
from bulkdel.ledger.rows import has_begun, put_counters, put_heads, read_counters
from bulkdel.ledger.schema import TABLES, VERSION, other_version
from bulkdel.ledger.tables import JOURNAL
from bulkdel.ledger.values import Counters


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetIdentity:
    """Which app a target's name stands for."""

    name: str
    provider: str
    region: str
    app_id: int
    reach: Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A run's plan, and its targets in the plan's order.

    Attributes:
        plan_digest: what the plan was made of, and what came of it.
        plan_sha256: the plan's file byte for byte, since Parquet has no checksum of its own and an
            id that was changed is another pair to delete; empty where nobody looked.
    """

    plan_digest: str
    targets: tuple[TargetIdentity, ...]
    plan_sha256: str = ""


def admit(run_dir: Path, db: sqlite3.Connection, identity: Identity, epoch: int = 0) -> None:
    """Make the journal ready for `identity`: filled if it is new, made anew if it may be.

    `epoch` is how often the shard was taken, this time included; 0 where nobody leases it, and
    then what is kept of it stays.

    Raises:
        WrongInput: as `goes_on`.
        StoreBehind: the store that gave `epoch` is not the one of the last time.
    """
    kept = read_epoch(db)
    if epoch and epoch <= kept:
        raise StoreBehind(
            f"the store has given this shard out {epoch:,} times now, by its journal it was given "
            f"out {kept:,} times before: the store is another one than the run was begun with, or "
            "its tables were lost since; nothing was sent",
            where=run_dir,
            mend="name the store that the run was begun with; or, if its tables are gone, stop "
            "every worker, wait for the lease and timeout_s to pass, and say --new-store once",
        )
    if not goes_on(run_dir, db, identity):
        _begin(db, identity)
    if epoch:
        db.execute("INSERT OR REPLACE INTO meta VALUES ('epoch', ?)", (str(epoch),))
    wanted = encode_identity(identity)
    if db.execute("SELECT value FROM meta WHERE key = 'identity'").fetchone() != (wanted,):
        db.execute("UPDATE meta SET value = ? WHERE key = 'identity'", (wanted,))


def read_epoch(db: sqlite3.Connection) -> int:
    """How often the shard was taken of a store of leases, as its journal has it; 0 if never."""
    row = db.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
    return 0 if row is None else int(row[0])


def goes_on(run_dir: Path, db: sqlite3.Connection, identity: Identity) -> bool:
    """Whether the run that the journal holds goes on as `identity`; else it is made anew.

    Raises:
        WrongInput: it belongs to another run, or to another version of bulkdel.
    """
    meta = dict(db.execute("SELECT key, value FROM meta"))
    if not meta:
        return False
    if meta["version"] != VERSION:
        raise other_version(run_dir / JOURNAL, meta["version"])
    stored = decode_identity(meta["identity"])
    if stored == identity:
        return True
    if not has_begun(db):
        return False
    names = [target.name for target in stored.targets]
    settled = [counters.settled for counters in read_counters(db)]
    changes = identity_changes(stored, identity, dict(zip(names, settled, strict=True)))
    if changes:
        raise WrongInput(
            f"the run in {run_dir} has begun and cannot go on as another: {'; '.join(changes)}",
            mend=f"undo the change, or {NEW_RUN}",
        )
    return True


def _begin(db: sqlite3.Connection, identity: Identity) -> None:
    start = Mark.first(identity.plan_digest)
    db.execute("BEGIN IMMEDIATE")
    for table in TABLES:
        db.execute(f"DELETE FROM {table}")  # noqa: S608  # our own constants
    db.executemany(
        "INSERT INTO meta VALUES (?, ?)",
        [("version", VERSION), ("identity", encode_identity(identity))],
    )
    put_counters(db, dict.fromkeys(range(len(identity.targets)), Counters()))
    put_heads(db, start, start)
    db.execute("COMMIT")


def refuse_other_plan(run_dir: Path, stored: Identity, plan_digest: str) -> None:
    """Return if the plan there is the one that the run has begun to send.

    Raises:
        Corrupt: it is another one, so nobody can say what of the run is left.
    """
    if stored.plan_digest != plan_digest:
        raise Corrupt(
            "is not the plan that this run has begun to send",
            where=run_dir / files.PLAN,
            mend=RESTORE,
        )


def identity_changes(
    stored: Identity, now: Identity, settled_by_target: Mapping[str, int]
) -> tuple[str, ...]:
    """What has changed since the first intent and must not; one sentence each, none if all is well.

    The plan is fixed. A target's provider, region and app id may change while nothing of it is
    settled. Whether it is real never changes; emulator and loopback may take each other's place.
    """
    before = {target.name: target for target in stored.targets}
    if [target.name for target in now.targets] != [target.name for target in stored.targets]:
        was = ", ".join(before)
        return (f"the targets of this run are {was}, by name and in this order",)
    changes: list[str] = []
    if now.plan_digest != stored.plan_digest:
        changes.append("the plan is not the one that this run has begun to send")
    elif stored.plan_sha256 and now.plan_sha256 not in ("", stored.plan_sha256):
        changes.append(
            "plan.parquet is damaged: its bytes are not those that this run has begun to send"
        )
    for target in now.targets:
        was_target = before[target.name]
        if (target.reach is Reach.REAL) != (was_target.reach is Reach.REAL):
            changes.append(
                f"targets.{target.name} went to {_reach_words(was_target.reach)} and would now go "
                f"to {_reach_words(target.reach)}"
            )
        settled = settled_by_target.get(target.name, 0)
        if settled:
            changes.extend(
                f"targets.{target.name}.{key} was {old} and is now {new}, but {settled:,} pairs of "
                "it are settled"
                for key, old, new in (
                    ("provider", was_target.provider, target.provider),
                    ("region", was_target.region, target.region),
                    ("app_id", was_target.app_id, target.app_id),
                )
                if old != new
            )
    return tuple(changes)


def _reach_words(reach: Reach) -> str:
    match reach:
        case Reach.REAL:
            return "the real provider"
        case Reach.LOOPBACK:
            return "an address on this machine"
        case Reach.EMULATOR:
            return "the emulator"


def encode_identity(identity: Identity) -> str:
    """As the journal keeps it; `decode_identity` reads it back."""
    return orjson.dumps(identity).decode()


def decode_identity(stored: str) -> Identity:
    """The identity that `encode_identity` was given."""
    content = orjson.loads(stored)
    return Identity(
        plan_digest=content["plan_digest"],
        plan_sha256=content.get("plan_sha256", ""),
        targets=tuple(
            TargetIdentity(
                name=target["name"],
                provider=target["provider"],
                region=target["region"],
                app_id=target["app_id"],
                reach=Reach(target["reach"]),
            )
            for target in content["targets"]
        ),
    )
