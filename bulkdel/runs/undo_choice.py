"""Which entries an undo puts back this time: those asked for, of the chosen accounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bulkdel.errors import WrongInput
from bulkdel.ledger.history import open_history
from bulkdel.plan import duck, put_back
from bulkdel.plan.read import PlanReader, read_plan_meta
from bulkdel.report.figures import counted
from bulkdel.words import Batch, Entry

UNASKED_MOST: Final = 100_000
"""Entries that could not be asked for, of a target whose others are put back all the same."""

Friends = tuple[int, frozenset[str]]
"""A target's index, and two accounts, whichever has the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A selection: what may be put back this time.

    Attributes:
        accounts: only entries with one of them on either side; None means all.
        waiting: targets, by their index, of which nothing may be put back now.
        unasked: of whom it is not known yet whether they are there. Neither side of them is put
            back: adding one may write the other, who would then seem to have been there.
    """

    accounts: frozenset[str] | None = None
    waiting: frozenset[int] = frozenset()
    unasked: frozenset[Friends] = frozenset()

    def chosen(self, target: int, entry: Entry) -> Sequence[int] | None:
        """As a Selection."""
        if target in self.waiting or not isinstance(entry, Batch):
            return ()
        account, accounts, unasked = entry.from_account, self.accounts, self.unasked
        if not unasked and (accounts is None or account in accounts):
            return None
        every = accounts is None or account in accounts
        return [
            place
            for place, one in enumerate(entry.to_accounts)
            if (every or (accounts is not None and one in accounts))
            and (target, frozenset((account, one))) not in unasked
        ]

    def words(self, pairs: int) -> str:
        """As a Selection."""
        entries = counted(pairs, "entry", "entries")
        if self.waiting or self.unasked:
            return f"{entries} wait until it is known what is there"
        return f"{entries} are of other accounts than --account names"


def unasked_friends(folder: Path, target: int) -> frozenset[Friends] | None:
    """Those of a target whom calls have asked for in vain; None where they are too many to hold.

    `folder` is that of the run that asked; nothing else of the target is left in it.

    Raises:
        Corrupt, StorageFailed, WrongInput: it cannot be read.
    """
    found: set[Friends] = set()
    for friends in _in_vain(folder, target):
        found.add(friends)
        if len(found) > UNASKED_MOST:
            return None
    return frozenset(found)


def _in_vain(folder: Path, target: int) -> Iterator[Friends]:
    meta = read_plan_meta(folder)
    if meta is None:
        raise AssertionError("what is there was never asked for")
    share = meta.shares[target]
    with open_history(folder) as history, PlanReader(folder, meta) as plan:
        if history is None:
            return
        for one in history.open_entries(share.first, share.first + share.batches):
            entry = plan.entry(one.ordinal)
            others = entry.to_accounts if isinstance(entry, Batch) else ()
            for part in one.parts:
                for place in range(len(others)) if part.items is None else part.items:
                    yield target, frozenset((entry.from_account, others[place]))


def refuse_strangers(plans: Sequence[Path], accounts: Sequence[str]) -> None:
    """Return if something of each of these accounts is in one of the undos' plans.

    Raises:
        WrongInput: one has nothing to be put back.
    """
    strange = list(accounts)
    with closing(duck.open_reader()) as con:
        for plan in plans:
            strange = put_back.strangers(con, plan, strange)
    if strange:
        raise WrongInput(
            "there is nothing of that account to put back: this run deleted nothing of it, or the "
            "backup does not hold it",
            where=f"--account, number {list(accounts).index(strange[0]) + 1} of them",
        )
