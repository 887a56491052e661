"""Lanes that carry out another deed than a deletion, and lanes that leave some of a plan alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import structlog

from bulkdel import load_job
from bulkdel.job.job import Job
from bulkdel.job.secrets import read_secret
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.recorder import Recorder
from bulkdel.ledger.values import Outcome
from bulkdel.plan.make import make_plan
from bulkdel.plan.read import PlanReader
from bulkdel.plan.values import PlanMeta
from bulkdel.providers.operations import Command
from bulkdel.runs.status import identity_of
from bulkdel.send.allowance import Allowance
from bulkdel.send.book import JournalBook
from bulkdel.send.deed import Deed
from bulkdel.send.selection import Selection
from bulkdel.send.shared import Destination, Shared
from bulkdel.send.sitting import Sitting
from bulkdel.send.view import Ending
from bulkdel.words import Answer, Batch, Entry, Mode, Ruling, Verdict
from tests.support.refusing import Refusing

PAGES = 3


class Paging:
    """Needs PAGES calls for an entry, and remembers between them how far it is."""

    def __init__(self) -> None:
        self.at: dict[int, int] = {}
        self.pages = 0
        self.kept: list[int] = []

    def command(self, load: Entry) -> Command:
        """Any call; the server answers each."""
        assert isinstance(load, Batch)
        content = {"From_Account": load.from_account, "To_Account": load.to_accounts}
        return Command(name="friend_get", content=content, ids=len(load.to_accounts))

    def answer(self, load: Entry, status: int, body: bytes) -> Answer:
        """Settles at the last page; what a server's failure leaves, goes again."""
        if status != 200 or b'"ErrorCode":0' not in body.replace(b" ", b""):
            return Answer(rest=Ruling(verdict=Verdict.TRANSIENT, code=30006, info="busy"))
        self.pages += 1
        page = self.at[load.ordinal] = self.at.get(load.ordinal, 0) + 1
        more = page < PAGES
        return Answer(rest=Ruling(verdict=Verdict.MORE if more else Verdict.DELETED, code=0))

    async def keep(self, outcome: Outcome) -> None:
        """What belongs to a settled entry."""
        if outcome.settlement is not None:
            self.kept.append(outcome.entry.ordinal)

    def leave(self, ordinal: int) -> None:
        """The next call for it begins anew."""
        self.at.pop(ordinal, None)


class Some:
    """Leaves every From_Account alone but these."""

    def __init__(self, names: set[str]) -> None:
        self._names = names

    def chosen(self, target: int, entry: Entry) -> Sequence[int] | None:
        """All of an entry, or nothing."""
        assert target == 0
        return None if entry.from_account in self._names else ()

    def words(self, pairs: int) -> str:
        """How many."""
        return f"{pairs} are not to be sent"


async def sent(
    job: Job, meta: PlanMeta, *, deed: Deed | None = None, selection: Selection | None = None
) -> Ending:
    """One sitting over the journal."""
    target = job.targets[0]
    assert target.address is not None
    with (
        PlanReader(job.run_dir, meta) as plan,
        Journal.open(
            job.run_dir,
            identity_of(job, meta),
            plan.entry,
            operation=job.operation,
            mode=Mode.ONE_WAY,
        ) as journal,
    ):
        async with Recorder(journal) as recorder:
            shared = Shared(
                job=job,
                meta=meta,
                plan=plan,
                book=JournalBook(journal, recorder),
                protected=frozenset(),
                allowance=Allowance(None, ()),
                log=structlog.get_logger(),
                deed_of=None if deed is None else lambda _: deed,
                selection=selection,
            )
            to = Destination(target=target, address=target.address, secret=read_secret(target))
            return await Sitting(shared, [to], continued=False).run()


async def test_an_entry_may_need_several_calls(tmp_path: Path) -> None:
    """It is settled once, by the last of them, when what belongs to it is kept.

    Failures between them use up tries, pages none: there are more pages than tries.
    """
    deed = Paging()
    async with Refusing(30006, until_s=0.4, since_s=0.2, rows=20) as provider:
        retry = "[retry]\nmax_attempts = 2\nbase_delay_s = 0.2\n"
        job = load_job(provider.job(tmp_path, retry))
        job.run_dir.mkdir(mode=0o700)
        ending = await sent(job, make_plan(job), deed=deed)
    assert [lane.end for lane in ending.lanes] == ["finished"]
    assert sorted(deed.kept) == list(range(20))
    assert deed.pages == PAGES * 20
    assert provider.refused
    assert provider.calls == deed.pages + provider.refused
    assert not deed.at
    assert (job.run_dir / "ledger.jsonl").read_bytes().count(b'"deleted"') == 20


async def test_what_is_not_chosen_stays_as_it_was(tmp_path: Path) -> None:
    """The lane says so at its end, and a later sitting sends it."""
    async with Refusing(0, until_s=0, rows=20) as provider:
        job = load_job(provider.job(tmp_path))
        job.run_dir.mkdir(mode=0o700)
        meta = make_plan(job)
        chosen = Some({"from3", "from17"})
        ending = await sent(job, meta, selection=chosen)
        assert [(lane.end, lane.words) for lane in ending.lanes] == [
            ("kept_back", "18 are not to be sent")
        ]
        assert provider.calls == 2
        again = await sent(job, meta, selection=chosen)
        assert again == ending
        assert provider.calls == 2
        assert [lane.end for lane in (await sent(job, meta)).lanes] == ["finished"]
        assert provider.calls == 20
