"""`bulkdel undo`: puts back what a run deleted, from its backup."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated

import typer

from bulkdel import files
from bulkdel.cli import ask, streams
from bulkdel.cli.beside import (
    WHOLE,
    SideEnd,
    plan_over,
    send_side,
    side_end,
    sit_beside,
    sit_over,
)
from bulkdel.cli.options import JobFile, LogIds, Quiet, RunDir, Yes, again, load
from bulkdel.cli.sending import NotAgreed
from bulkdel.cli.signals import Stopping
from bulkdel.errors import Exit, WrongInput
from bulkdel.job.job import Job
from bulkdel.ledger.circumstances import Agreement, Consent
from bulkdel.plan.values import PlanMeta
from bulkdel.report.backup import read_note
from bulkdel.report.text.confirm import is_real
from bulkdel.report.text.undo import confirm_undo_text, undo_question, undone_text
from bulkdel.report.undone import Undone, undo_json
from bulkdel.runs import undo as runs_undo
from bulkdel.runs.beside import Side, SideRun, ended, held_side
from bulkdel.runs.shards import held_whole, parts_of
from bulkdel.runs.side_status import undo_status
from bulkdel.runs.undo_choice import Chosen, Friends, refuse_strangers, unasked_friends
from bulkdel.runs.undone import missing, other_lists, unasked
from bulkdel.send.view import End, Ending

EPILOG = """
\b
Exit codes, the highest line that applies wins:
   2  could not be done: no backup, or it is damaged or was destroyed; a run
      at work; another app than the run was of; nothing was deleted. Nothing
      was put back
  77  a provider refused the credentials, the permission or the app
  75  stopped with entries left (signal, --account, provider down, tries used
      up, not agreed): run the same command again
   1  every entry is settled; some could not be put back
   0  every entry is put back, or was there already

\b
Results in the run directory:
  undo/ledger.jsonl  a line for each entry: restored, already_there or failed,
                     and under not_restored the fields that no call could set
  undo/before/       what was there before anything was put back

\b
Examples:
  bulkdel undo purge.toml
  bulkdel undo purge.toml --account alice --account bob
  bulkdel undo purge.toml --yes --no-progress --json
"""


def undo(
    job: JobFile,
    *,
    run_dir: RunDir = None,
    account: Annotated[
        list[str] | None,
        typer.Option(
            "--account",
            metavar="ID",
            help="Only what concerns this account, on both sides; may be given several times.",
            show_default=False,
        ),
    ] = None,
    yes: Yes = False,
    no_progress: Quiet = False,
    log_ids: LogIds = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the end as JSON, and nothing else.")
    ] = False,
) -> int:
    """Put back what the run of JOB deleted, from its backup.

    Exactly that: each friend on each list that the run's results call deleted
    and its backup holds, with the fields that the provider's calls can set.
    Asks first what is there now: who is on a list already stays as he is.
    Deletes nothing. Shows what it will put back, and asks.

    It can be stopped or killed at any moment; the same command continues, and
    nothing is put back twice. The run is finished then: `bulkdel run` does not
    continue it, a new one begins with --run-dir.
    """
    loaded = load(job, run_dir, log_ids=log_ids)
    accounts = tuple(dict.fromkeys(account or ()))
    work = _Work(loaded, accounts, yes=yes, quiet=no_progress)
    with held_whole(loaded) as parts:
        if (end := _finished(loaded, parts)) is None:
            sides = [(part, runs_undo.undo_side(part)) for part in parts if not _is_over(part)]
            end = sit_over(loaded, work.planned(sides), work.sit, quiet=no_progress)
    undone = Undone(
        status=end.status,
        ending=end.ending if work.sent else None,
        exit_code=next(one for one in Exit if one in {end.exit_code, work.unfinished}),
        missing=missing(loaded),
        other_lists=other_lists(loaded),
        unasked=unasked(loaded),
    )
    if json:
        streams.result(undo_json(undone))
    else:
        colour = streams.colour(sys.stdout)
        streams.result(undone_text(undone, streams.width(sys.stdout), colour=colour))
    return undone.exit_code


def _finished(job: Job, parts: Sequence[Job]) -> SideEnd | None:
    """The end of an undo that is finished, and whose plan went with the backup; None if not so."""
    if not all(_is_over(part) or undo_status(part.run_dir) is None for part in parts):
        return None
    if not any(_is_over(part) for part in parts):
        return None
    return side_end(job, files.UNDO, Ending(lanes=()))


def _is_over(part: Job) -> bool:
    """Whether a part's undo is finished, and its plan went with the backup."""
    status, note = undo_status(part.run_dir), read_note(part.run_dir)
    return status is not None and status.is_finished and note is not None and not note.is_whole


class _Work:
    """One sitting of an undo."""

    def __init__(self, job: Job, accounts: Sequence[str], *, yes: bool, quiet: bool) -> None:
        self._job, self._accounts, self._yes, self._quiet = job, accounts, yes, quiet
        self.sent = False
        """Whether anything was left to do."""
        self.unfinished: Exit | None = None
        """What the command leaves with where all is put back and something else is left to do."""
        self._parts: Sequence[Job] = (job,)
        self._plans: Sequence[PlanMeta] = ()
        self._consent: Consent | None = None

    def planned(self, sides: Sequence[tuple[Job, Side]]) -> Sequence[tuple[Job, Side]]:
        """Of these undos, those that put something back; all of them are agreed to together."""
        if [part for part, _ in sides] == [self._job]:
            return sides
        planned = plan_over(sides, runs_undo.prepare)
        self._parts = [part for part, _, _ in planned]
        self._plans = [meta for _, _, meta in planned]
        return [(part, side) for part, side, _ in planned]

    def sit(self, part: Job, side: Side) -> SideEnd:
        """One sitting of the undo beside a part."""
        return sit_beside(
            part,
            side,
            again(without="" if self._job.log_ids else "--account"),
            self.agree,
            quiet=self._quiet,
            prepare=partial(runs_undo.prepare, part),
            carry_out=partial(self.carry_out, part),
        )

    def agree(self, meta: PlanMeta, _: SideRun) -> Consent:
        """How it was agreed that all of it is put back.

        Raises:
            WrongInput: there is nobody to ask, or nothing of an account that was named.
            NotAgreed: a person did not say yes.
        """
        if self._consent is None:
            if self._accounts:
                plans = [part.run_dir / files.UNDO / files.PLAN for part in self._parts]
                refuse_strangers(plans, self._accounts)
            how = self._agreement(runs_undo.whole_undo(self._job, self._plans or (meta,)))
            at_ms = None if how is Agreement.EARLIER else time.time_ns() // 1_000_000
            self._consent = Consent(how=how, at_ms=at_ms, command=again())
        return self._consent

    def _agreement(self, meta: PlanMeta) -> Agreement:
        job, folders = self._job, [part.run_dir for part in self._parts]
        text = confirm_undo_text(
            job,
            meta,
            self._accounts,
            streams.width(sys.stderr),
            backed_up=max(runs_undo.backed_up_at(one) for one in folders),
            unsettled=sum(runs_undo.unsettled(part.run_dir) for part in parts_of(job)),
            colour=streams.colour(sys.stderr),
        )
        streams.say(text)
        if not is_real(job):
            return Agreement.TRIAL
        if all(runs_undo.agreed_before(one) for one in folders):
            return Agreement.EARLIER
        if self._yes:
            return Agreement.OPTION
        if not ask.can_ask():
            raise WrongInput(
                "this undo writes to friend lists at a real provider and there is no terminal to "
                "ask on; nothing was put back",
                mend="Look at the above and add --yes if it is right",
            )
        if not ask.confirmed(undo_question(job, meta, self._accounts)):
            raise NotAgreed(f"not confirmed ({ask.ONLY_YES}); nothing was put back")
        return Agreement.TYPED

    def carry_out(self, job: Job, beside: SideRun, meta: PlanMeta, watch: Stopping) -> Ending:
        """Asks what is there, puts back what is not, and asks about the other lists."""
        if not beside.unsettled:
            self._look_after(job, meta, watch)
            return ended(meta)
        self.sent = True
        mine = Chosen(accounts=frozenset(self._accounts) or None)
        selection = mine if self._accounts else None
        with held_side(job, runs_undo.before_side(job, meta)) as asking:
            asked = asking.open()
            before = send_side(asking, asked, watch, quiet=self._quiet, selection=selection)
        if any(lane.end in WHOLE for lane in before.lanes):
            return before
        chosen = self._asked(job, mine, before)
        beside.settle(runs_undo.known_before(job))
        if chosen != Chosen():
            selection = chosen
        ending = send_side(beside, meta, watch, quiet=self._quiet, selection=selection)
        lanes = (
            was if was.end not in _ASKED and lane.end is End.KEPT_BACK else lane
            for was, lane in zip(before.lanes, ending.lanes, strict=True)
        )
        if not beside.unsettled:
            self._look_after(job, meta, watch)
        return Ending(lanes=tuple(lanes))

    @staticmethod
    def _asked(job: Job, mine: Chosen, before: Ending) -> Chosen:
        """What of `mine` may be put back, as far as it was asked for."""
        waiting: set[int] = set()
        unasked: set[Friends] = set()
        for at, lane in enumerate(before.lanes):
            if lane.end in _ASKED:
                continue
            found = None
            if lane.end is End.LEFT and mine.accounts is None:
                found = unasked_friends(job.run_dir / runs_undo.BEFORE, at)
            if found is None:
                waiting.add(at)
            else:
                unasked |= found
        return replace(mine, waiting=frozenset(waiting), unasked=frozenset(unasked))

    def _look_after(self, job: Job, meta: PlanMeta, watch: Stopping) -> None:
        side = runs_undo.after_side(job, meta)
        if side is None:
            return
        with held_side(job, side) as asking:
            ending = send_side(asking, asking.open(), watch, quiet=self._quiet)
            if asking.unsettled:
                refused = any(lane.end is End.REFUSED for lane in ending.lanes)
                if self.unfinished is not Exit.REFUSED:
                    self.unfinished = Exit.REFUSED if refused else Exit.LEFT
                return
        runs_undo.write_other_lists(job)


_ASKED = (End.FINISHED, End.KEPT_BACK)
"""How a target ends of which all was asked that was to be."""
