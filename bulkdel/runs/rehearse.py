"""A rehearsal carried out: what it makes is noted before, and removed at the end."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bulkdel import files
from bulkdel.errors import BulkdelError, Exit, StorageFailed, WrongInput
from bulkdel.job.account import id_fault, rule_fault
from bulkdel.job.job import Job, Reach, Target
from bulkdel.job.secrets import read_login, read_secret
from bulkdel.ledger.lock import hold
from bulkdel.plan.protect import protected_accounts
from bulkdel.providers import PROVIDERS
from bulkdel.providers.protocol import App, Secret
from bulkdel.report.phrases import place
from bulkdel.report.rehearsal import Rehearsal, rehearsal_json
from bulkdel.runs.app_lock import one_sender
from bulkdel.runs.failures import nothing_sent
from bulkdel.runs.rehearsal import Cast, Questions
from bulkdel.runs.rehearsal_calls import Caller, Halted
from bulkdel.runs.rehearsal_note import Left, Note
from bulkdel.runs.rehearsal_steps import Deed, Edge, Script, Spoiled, Step, edges_of
from bulkdel.runs.seams import Say, TellStop
from bulkdel.runs.shards import refuse_sent
from bulkdel.send.transport import Transport
from bulkdel.send.tunnel import Proxy
from bulkdel.words import Mode, Operation, Orient

if TYPE_CHECKING:
    from bulkdel.emulator.server import EmulatorServer

CALLS_MOST: Final = 59
"""Calls of a whole rehearsal, retries and all."""
KEPT_FOR_REMOVAL: Final = 12
"""Calls of those that only removing what was made may use."""
ACCOUNTS: Final = 3

_ROUNDS: Final = 3
_UNKNOWN_BYTES: Final = 12


class Refused(BulkdelError):
    """The provider, or a proxy, refused the credentials, the permission or the app."""

    exit_code = Exit.REFUSED


class Unfinished(BulkdelError):
    """It was stopped, or the network or the provider did not let it be finished."""

    exit_code = Exit.LEFT


def rehearsal_path(run_dir: Path, target: str) -> Path:
    """Where what was found of a target is written."""
    return run_dir / f"rehearsal-{target}.json"


def rehearse(
    job: Job,
    name: str,
    accounts: tuple[str, ...],
    *,
    agree: Callable[[Target, Left | None], None],
    say: Say,
    tell: TellStop,
) -> Rehearsal:
    """Tries out, with three accounts, what is assumed of a target's provider; writes what it found.

    Args:
        job: whose run directory is held meanwhile.
        name: the target's.
        accounts: three that are friends neither of each other nor protected.
        agree: raises unless somebody agrees; told the target, and what an earlier rehearsal left.
        say: takes a line for each call.
        tell: takes what a first signal is told to.

    Raises:
        WrongInput: the target or the accounts are not such; nothing was changed.
        Refused, Unfinished, StorageFailed: with the exit code; says what friendships may be left.
    """
    target = _target(job, name)
    with ExitStack() as stack:
        with nothing_sent():
            a, b, c = _checked(job, target, accounts)
            stack.enter_context(hold(job.run_dir))
            refuse_sent(job)
            secret = _secret_of(target)
            proxy = Proxy.of(target.proxy, read_login(target))
            stack.enter_context(one_sender((target,), job.run_dir, say))
            note = Note(job.run_dir, target, accounts)
            runner = stack.enter_context(asyncio.Runner())
        agree(target, note.left)
        rehearsal = runner.run(
            try_out(job, target, (a, b, c), note, secret=secret, proxy=proxy, say=say, tell=tell)
        )
        path = rehearsal_path(job.run_dir, name)
        try:
            files.replace(path, rehearsal_json(rehearsal))
        except OSError as error:
            raise StorageFailed(files.reason(error), where=path) from error
    return rehearsal


def clears_both_ways(job: Job) -> bool:
    """Whether a rehearsal for this job clears a list two-way."""
    return job.operation is Operation.DELETE_ALL_FRIENDS and job.mode is Mode.TWO_WAY


def _target(job: Job, name: str) -> Target:
    known = {target.name: target for target in job.targets}
    if name not in known:
        raise WrongInput(f"the job has no target {name}; it has {', '.join(known)}")
    return known[name]


def _checked(job: Job, target: Target, accounts: tuple[str, ...]) -> tuple[str, str, str]:
    """The accounts, where they are three that may be tried.

    Raises:
        WrongInput: they are not.
    """
    where, nothing = "--accounts", "nothing was sent"
    if len(accounts) != ACCOUNTS or len(set(accounts)) != ACCOUNTS:
        named = f"{len(set(accounts))} different accounts are named"
        raise WrongInput(f"{named}, and a rehearsal needs three; {nothing}", where=where)
    rule = PROVIDERS[target.provider].id_rule
    protected = set(protected_accounts(job.guards))
    for account in accounts:
        if fault := id_fault(account) or rule_fault(account, (rule,) if rule else ()):
            raise WrongInput(f"{account!r} {fault}; {nothing}", where=where)
        if account in protected or account == target.admin:
            raise WrongInput(f"{account} is protected; {nothing}", where=where, mend="name another")
    a, b, c = accounts
    return a, b, c


def _secret_of(target: Target) -> Secret:
    if target.reach is not Reach.EMULATOR:
        return read_secret(target)
    from bulkdel.runs.stand_in import SECRET

    return SECRET


def _emulator(target: Target) -> EmulatorServer:
    """An emulator of the target's provider inside the process, in which nobody has a friend yet."""
    from bulkdel.emulator.emulated import Emulated
    from bulkdel.emulator.server import EmulatorServer
    from bulkdel.emulator.wire import EmulatedApp

    app = EmulatedApp(app_id=target.app_id, admin=target.admin)
    return EmulatorServer(Emulated(target.provider, app=app))


def _cast(job: Job, target: Target, accounts: tuple[str, str, str]) -> Cast:
    return Cast(
        accounts=accounts,
        unknown=secrets.token_hex(_UNKNOWN_BYTES),
        rehearsed=PROVIDERS[target.provider].rehearsed,
        mode=job.mode,
        clears_both_ways=clears_both_ways(job),
        fewest_calls=job.orient is Orient.FEWEST_CALLS,
    )


async def try_out(
    job: Job,
    target: Target,
    accounts: tuple[str, str, str],
    note: Note,
    *,
    secret: Secret,
    proxy: Proxy | None,
    say: Say,
    tell: TellStop,
) -> Rehearsal:
    """What `rehearse` does once it is agreed to, on a running loop, but for keeping what it found.

    Raises:
        WrongInput, Refused, Unfinished, StorageFailed: as `rehearse`.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        address = target.address
        if address is None:
            address = (await stack.enter_async_context(_emulator(target))).address
        transport = await stack.enter_async_context(
            Transport(address, max_in_flight=1, timeout_s=job.retry.timeout_s, proxy=proxy)
        )
        caller = Caller(
            transport,
            PROVIDERS[target.provider],
            App(app_id=target.app_id, admin=target.admin, secret=secret),
            qps=target.qps,
            say=say,
            stop=stop,
        )

        def stopped(name: str) -> None:
            caller.stopped_by = name
            with suppress(RuntimeError):  # the loop is closed: nothing is left to stop
                loop.call_soon_threadsafe(stop.set)

        tell(stopped, lambda: caller.in_flight)
        questions = Questions(_cast(job, target, accounts))
        trouble = await _between(caller, note, accounts, questions)
    if trouble is not None:
        raise trouble
    return Rehearsal(
        provider=target.provider,
        target=target.name,
        app_id=target.app_id,
        place=place(target),
        calls=caller.calls,
        at_ms=time.time_ns() // 1_000_000,
        found=questions.found,
    )


async def _between(
    caller: Caller, note: Note, accounts: tuple[str, ...], questions: Questions
) -> BulkdelError | None:
    """Removes what is left, asks the accounts, tries the questions, removes all; why it failed."""
    trouble: BulkdelError | None = None
    try:
        caller.calls_most = CALLS_MOST - KEPT_FOR_REMOVAL
        if note.left is not None:
            await _remove(caller, note)
            if note.left is not None:
                raise Unfinished("what an earlier rehearsal left is not removed")
        await _ask_all(caller, accounts)
        await _drive(questions.script(), caller, note)
    except Halted as halted:
        again = "run the same command again"
        trouble = Refused(halted.why) if halted.refused else Unfinished(halted.why, mend=again)
    except BulkdelError as error:
        trouble = error
    caller.calls_most, caller.patient = CALLS_MOST, True
    with suppress(Halted):
        await _remove(caller, note)
    if trouble is None and note.left is None:
        return None
    if isinstance(trouble, WrongInput):
        return trouble
    what = trouble.what if trouble else "what was made could not be removed"
    where, mend = (trouble.where, trouble.mend) if trouble else ("", "")
    kind = type(trouble) if trouble else Unfinished
    if note.left is None:
        after = "no friendship was left behind" if note.made else "nothing was changed"
        return kind(f"{what}; {after}", where=where, mend=mend)
    first = "run the same command again, which removes that first"
    return kind(f"{what}; may be left behind: {note.left.words}", where=where, mend=first)


async def _drive(script: Script[None], caller: Caller, note: Note) -> None:
    """Carries out a script's steps; what one may make is noted before its call."""
    try:
        step = next(script)
        while True:
            if step.deed is Deed.ADD:
                await note.makes(step)
            try:
                said = await caller.carry_out(step)
            except Spoiled as spoiled:
                step = script.throw(spoiled)
            else:
                step = script.send(said)
    except StopIteration:
        return
    finally:
        script.close()


async def _ask_all(caller: Caller, accounts: tuple[str, ...]) -> None:
    """Returns where the accounts exist and none has another.

    Raises:
        WrongInput: it is not so.
    """
    edges: set[Edge] = set()
    unknown: list[str] = []
    for account in accounts:
        others = tuple(one for one in accounts if one != account)
        said = await caller.carry_out(Step(deed=Deed.ASK, account=account, others=others))
        edges |= edges_of(account, said) or set()
        unknown += [
            f"asked whether {account} has {other}, it answers {caller.words(ruling)}"
            for other, ruling in said.items
            if not ruling.verdict.settles or ruling.code != 0
        ]
    if unknown:
        raise WrongInput(
            "the three accounts must exist, and nothing was changed",
            *unknown,
            where="--accounts",
            mend="name three accounts of this app",
        )
    if edges:
        friends = ", ".join(f"{account} has {other}" for account, other in sorted(edges))
        raise WrongInput(
            f"{friends}: a rehearsal needs three accounts that have no friends among each other; "
            "nothing was changed",
            where="--accounts",
            mend="name others",
        )


async def _remove(caller: Caller, note: Note) -> None:
    """Removes what the note names, asks, and where nothing of it is left ends the note."""
    for _ in range(_ROUNDS):
        left = note.left
        if left is None:
            return
        there: set[Edge] = set()
        clear = True
        for account in left.accounts:
            others = tuple(one for one in left.accounts if one != account)
            said = await caller.carry_out(Step(deed=Deed.ASK, account=account, others=others))
            edges = edges_of(account, said)
            clear = clear and edges is not None
            there |= edges or set()
        ours = there & left.edges
        if clear and not ours:
            await note.end()
            return
        for account in sorted({account for account, _ in ours}):
            others = tuple(sorted(other for one, other in ours if one == account))
            await caller.carry_out(Step(deed=Deed.DELETE, account=account, others=others))
