"""The files of runs beside a run, without any call: a plan, a journal and a ledger in a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bulkdel.ledger.identity import Identity
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.values import Group, Intent, Outcome, Part, Settlement
from bulkdel.plan.beside import SideShare, make_side_plan
from bulkdel.plan.duck import Connection
from bulkdel.plan.read import PlanReader
from bulkdel.plan.values import Origin, PlanMeta
from bulkdel.words import Entry, Errand, Mode, Verdict, size_of
from tests.support.ledger import AT_MS, TENCENT

Entries = Sequence[tuple[str, list[str] | None]]
Said = Callable[[Entry, int], Group]
"""What becomes of the item at a position of an entry; `items` of it is of no meaning."""


def gone(_: Entry, __: int) -> Group:
    """All went well."""
    return Group(status=Verdict.DELETED, code=0, info="", lost=0, items=None)


def pulled(entry: Entry, position: int) -> Group:
    """A list of three friends."""
    return replace(gone(entry, position), note="3")


def planned(
    folder: Path, errand: Errand, shares: Mapping[str, Entries], *, origin: Origin, size: int = 100
) -> PlanMeta:
    """The plan of a run beside a run."""

    def made(_: Connection) -> tuple[list[SideShare], Origin]:
        return [
            SideShare(target=name, size=size, entries=entries) for name, entries in shares.items()
        ], origin

    return make_side_plan(folder, errand, Mode.TWO_WAY, made, memory_limit_mb=512)


def settled(folder: Path, meta: PlanMeta, said: Said = gone, *, most: int | None = None) -> None:
    """Settles the first `most` entries of each target, each item as `said` has it."""
    targets = tuple(replace(TENCENT, name=share.target) for share in meta.shares)
    identity = Identity(plan_digest=meta.digest, targets=targets)
    operation, mode = meta.fingerprint.operation, meta.fingerprint.mode
    with (
        PlanReader(folder, meta) as plan,
        Journal.open(folder, identity, plan.entry, operation=operation, mode=mode) as journal,
    ):
        for index, share in enumerate(meta.shares):
            end = share.first + (share.batches if most is None else min(most, share.batches))
            for page in plan.scan(share.first, end):
                for entry in page:
                    intent = Intent(
                        ordinal=entry.ordinal, target=index, parts=(Part(),), again=False
                    )
                    journal.commit([intent])
                    journal.publish()
                    journal.commit([_outcome(entry, index, said)])
                    journal.publish()


def _outcome(entry: Entry, target: int, said: Said) -> Outcome:
    groups = tuple(replace(said(entry, at), items=(at,)) for at in range(size_of(entry)))
    settlement = Settlement(of=None, left=(), groups=groups, attempts=1, at_ms=AT_MS)
    return Outcome(
        entry=entry,
        target=target,
        settlement=settlement,
        parts=(),
        code=0,
        info="",
        throttled=False,
        lost=False,
    )
