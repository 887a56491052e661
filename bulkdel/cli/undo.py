"""`bulkdel undo`: puts back what a run deleted, from its backup."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated

import typer

from bulkdel.cli import ask, streams
from bulkdel.cli.beside import SideEnd, send_side, side_end, sit_beside
from bulkdel.cli.options import JobFile, Quiet, RunDir, Yes, again, load
from bulkdel.cli.sending import NotAgreed
from bulkdel.cli.signals import Stopping
from bulkdel.errors import Exit, WrongInput
from bulkdel.job.job import Job
from bulkdel.ledger.circumstances import Agreement, Consent
from bulkdel.plan.values import PlanMeta
from bulkdel.report.backup import read_note
from bulkdel.report.text.confirm import is_real
from bulkdel.report.text.undo import confirm_undo_text, undo_question, undone_text
from bulkdel.report.undone import Undone, missing_fields, undo_json
from bulkdel.runs import undo as runs_undo
from bulkdel.runs.beside import SideRun, ended, held_side
from bulkdel.runs.side_status import undo_status
from bulkdel.runs.undo_choice import Chosen, Friends, refuse_strangers, unasked_friends
from bulkdel.runs.undone import other_lists, unasked
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
    loaded = load(job, run_dir)
    accounts = tuple(dict.fromkeys(account or ()))
    work = _Work(loaded, accounts, yes=yes, quiet=no_progress)
    if (end := _finished(loaded)) is None:
        end = sit_beside(
            loaded,
            runs_undo.undo_side(loaded),
            again(),
            work.agree,
            quiet=no_progress,
            prepare=partial(runs_undo.prepare, loaded),
            carry_out=work.carry_out,
        )
    undone = Undone(
        status=end.status,
        ending=end.ending if work.sent else None,
        exit_code=end.exit_code if work.unfinished is None else work.unfinished,
        missing=missing_fields(loaded.run_dir),
        other_lists=other_lists(loaded),
        unasked=unasked(loaded.run_dir),
    )
    if json:
        streams.result(undo_json(undone))
    else:
        colour = streams.colour(sys.stdout)
        streams.result(undone_text(undone, streams.width(sys.stdout), colour=colour))
    return undone.exit_code


def _finished(job: Job) -> SideEnd | None:
    """The end of an undo that is finished, and whose plan went with the backup; None if not so."""
    status = undo_status(job.run_dir)
    note = read_note(job.run_dir)
    if status is None or not status.is_finished or note is None or note.is_whole:
        return None
    return side_end(job, status.folder, Ending(lanes=()))


class _Work:
    """One sitting of an undo."""

    def __init__(self, job: Job, accounts: Sequence[str], *, yes: bool, quiet: bool) -> None:
        self._job, self._accounts, self._yes, self._quiet = job, accounts, yes, quiet
        self.sent = False
        """Whether anything was left to do."""
        self.unfinished: Exit | None = None
        """What the command leaves with where all is put back and something else is left to do."""

    def agree(self, meta: PlanMeta, _: SideRun) -> Consent:
        """How it was agreed that this is put back.

        Raises:
            WrongInput: there is nobody to ask, or nothing of an account that was named.
            NotAgreed: a person did not say yes.
        """
        if self._accounts:
            refuse_strangers(self._job.run_dir, self._accounts)
        how = self._agreement(meta)
        at_ms = None if how is Agreement.EARLIER else time.time_ns() // 1_000_000
        return Consent(how=how, at_ms=at_ms, command=again())

    def _agreement(self, meta: PlanMeta) -> Agreement:
        job = self._job
        text = confirm_undo_text(
            job,
            meta,
            self._accounts,
            streams.width(sys.stderr),
            backed_up=runs_undo.backed_up_at(job.run_dir),
            unsettled=runs_undo.unsettled(job.run_dir),
            colour=streams.colour(sys.stderr),
        )
        streams.say(text)
        if not is_real(job):
            return Agreement.TRIAL
        if runs_undo.agreed_before(job.run_dir):
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

    def carry_out(self, beside: SideRun, meta: PlanMeta, watch: Stopping) -> Ending:
        """Asks what is there, puts back what is not, and asks about the other lists."""
        job = self._job
        if not beside.unsettled:
            self._look_after(meta, watch)
            return ended(meta)
        self.sent = True
        mine = Chosen(accounts=frozenset(self._accounts) or None)
        selection = mine if self._accounts else None
        with held_side(job, runs_undo.before_side(job, meta)) as asking:
            asked = asking.open()
            before = send_side(asking, asked, watch, quiet=self._quiet, selection=selection)
        if any(lane.end in _WHOLE for lane in before.lanes):
            return before
        chosen = self._asked(mine, before)
        beside.settle(runs_undo.known_before(job))
        if chosen != Chosen():
            selection = chosen
        ending = send_side(beside, meta, watch, quiet=self._quiet, selection=selection)
        lanes = (
            was if was.end not in _ASKED and lane.end is End.KEPT_BACK else lane
            for was, lane in zip(before.lanes, ending.lanes, strict=True)
        )
        if not beside.unsettled:
            self._look_after(meta, watch)
        return Ending(lanes=tuple(lanes))

    def _asked(self, mine: Chosen, before: Ending) -> Chosen:
        """What of `mine` may be put back, as far as it was asked for."""
        waiting: set[int] = set()
        unasked: set[Friends] = set()
        for at, lane in enumerate(before.lanes):
            if lane.end in _ASKED:
                continue
            found = None
            if lane.end is End.LEFT and mine.accounts is None:
                found = unasked_friends(self._job.run_dir / runs_undo.BEFORE, at)
            if found is None:
                waiting.add(at)
            else:
                unasked |= found
        return replace(mine, waiting=frozenset(waiting), unasked=frozenset(unasked))

    def _look_after(self, meta: PlanMeta, watch: Stopping) -> None:
        job = self._job
        side = runs_undo.after_side(job, meta)
        if side is None:
            return
        with held_side(job, side) as asking:
            ending = send_side(asking, asking.open(), watch, quiet=self._quiet)
            if asking.unsettled:
                refused = any(lane.end is End.REFUSED for lane in ending.lanes)
                self.unfinished = Exit.REFUSED if refused else Exit.LEFT
                return
        runs_undo.write_other_lists(job)


_ASKED = (End.FINISHED, End.KEPT_BACK)
"""How a target ends of which all was asked that was to be."""
_WHOLE = (End.STOPPED, End.STORAGE, End.CRASHED)
"""What stops one target's calls and ends the command."""
