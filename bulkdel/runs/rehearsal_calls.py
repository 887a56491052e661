"""The calls of a rehearsal: one at a time, well below the rate, counted and shown."""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import suppress
from dataclasses import replace
from typing import Final

from bulkdel.providers.codes import Scope
from bulkdel.providers.operations import Command
from bulkdel.providers.protocol import ENTROPY_BYTES, App, Call, Provider
from bulkdel.providers.rehearsal import Said
from bulkdel.providers.stars import starred
from bulkdel.report.figures import plain
from bulkdel.report.rehearsal import names
from bulkdel.runs.rehearsal_steps import ANSWERED, Deed, Spoiled, Step
from bulkdel.runs.seams import Say
from bulkdel.send.transport import NoReply, Reply, Transport
from bulkdel.words import Answer, Batch, Mode, Ruling, Sweep, Verdict

TRIES: Final = 5
"""Of a step, before it is given up."""
REFUSALS_MOST: Final = 3
"""Of fresh credentials in a row: a provider may not know a new key for some seconds."""
FIRST_DELAY_S: Final = 0.5
"""Seconds before a second try; twice as many each time after that."""
HOLD_MOST_S: Final = 90.0
"""Seconds for which a provider that is called too often is left alone at most."""
LEAST_PAUSE_S: Final = 0.1
"""Seconds between two calls at least; and never more than half of the provider's ceiling."""
NO_DATA: Final = "{}"


class Halted(Exception):
    """No further call is made.

    Attributes:
        why: in words.
        refused: whether credentials, permission or app were refused.
    """

    def __init__(self, why: str, *, refused: bool = False) -> None:
        super().__init__(why)
        self.why, self.refused = why, refused


class Caller:
    """Carries out steps at one provider.

    Attributes:
        calls: that left, retries too.
        calls_most: no call leaves beyond these.
        in_flight: 1 while one is.
        patient: whether it goes on although it was told to stop.
        stopped_by: the name of the signal that told it to.
    """

    def __init__(
        self,
        transport: Transport,
        provider: Provider,
        app: App,
        *,
        qps: float,
        say: Say,
        stop: asyncio.Event,
    ) -> None:
        self._transport, self._provider, self._app = transport, provider, app
        self._pause_s = max(LEAST_PAUSE_S, 1 / qps, 2 / provider.delete_friends.limits.qps)
        self._say, self._stop = say, stop
        self._credentials = provider.credentials(app, time.time())
        self._asking: Call | None = None
        self._next_s = 0.0
        self._refusals = 0
        self.calls = 0
        self.calls_most = 0
        self.in_flight = 0
        self.patient = False
        self.stopped_by = ""

    async def carry_out(self, step: Step) -> Said:
        """What the provider says to a step, which goes again where that tells nothing.

        Raises:
            Spoiled: it is watched, and may have been carried out although no answer tells.
            Halted: no answer that tells came, no call is left, or it was stopped.
        """
        why = ""
        for tries in range(TRIES):
            self._ensure_may_go_on(why)
            delay_s = FIRST_DELAY_S * 2**tries
            call = self._call(step)
            reply = await self._send(call)
            if isinstance(reply, NoReply):
                why = reply.reason
                self._show(step, why)
                if reply.refused:
                    raise Halted(why, refused=True)
                lost = reply.left
            else:
                said = self._starred(self._read(step, reply), call)
                self._show(step, self._told(step, said))
                trouble = self._trouble(step, said)
                if trouble is None:
                    if step.deed is Deed.ASK:
                        self._asking = call
                    return said
                why = self.words(trouble)
                lost = trouble.verdict is Verdict.TRANSIENT or trouble is not said.own
                waits = (delay_s, trouble.hold_s or 0.0, reply.retry_after_s or 0.0)
                delay_s = min(max(waits), HOLD_MOST_S)
            await self._wait(delay_s)
            if step.watched and lost:
                raise Spoiled(why)
        raise Halted(f"no answer that tells in {TRIES} tries: {why}")

    def words(self, ruling: Ruling) -> str:
        """A result in words."""
        info = f' "{plain(ruling.info)}"' if ruling.info else ""
        return f"code {ruling.code}{info}, {self._provider.words(ruling.code)}"

    def _ensure_may_go_on(self, why: str) -> None:
        if self.stopped_by and not self.patient:
            raise Halted(f"stopped by {self.stopped_by}")
        if self.calls >= self.calls_most:
            last = f"; the last answer: {why}" if why else ""
            raise Halted(f"it would take more than {self.calls} calls{last}")

    def _trouble(self, step: Step, said: Said) -> Ruling | None:
        """For what a step goes again, or is given up; None where its answer tells.

        Raises:
            Halted: the credentials, the permission or the app are refused.
        """
        rulings = (said.own, *(ruling for _, ruling in said.items))
        if step.deed is not Deed.AGAIN:
            for one in rulings:
                if one.verdict is Verdict.RESIGN:
                    self._refusals += 1
                    if self._refusals >= REFUSALS_MOST:
                        raise Halted(self._refused(one), refused=True)
                    self._credentials = self._provider.credentials(self._app, time.time())
                    return one
                if one.verdict is Verdict.FATAL and not step.watched:
                    raise Halted(self._refused(one), refused=True)
            self._refusals = 0
        return next((one for one in rulings if self._passes(one)), None)

    def _passes(self, ruling: Ruling) -> bool:
        """Whether a result may be another the next time."""
        if ruling.verdict is Verdict.TRANSIENT:
            return not self._provider.codes.may_last(ruling.code)
        return ruling.verdict is Verdict.THROTTLED

    def _refused(self, ruling: Ruling) -> str:
        advice = self._provider.advice(ruling.code)
        said = f"app {self._app.app_id} is refused: {self.words(ruling)}"
        return f"{said}; {advice}" if advice else said

    # --- one call ---------------------------------------------------------------------------------

    def _call(self, step: Step) -> Call:
        if step.deed is Deed.AGAIN:
            if self._asking is None:
                raise AssertionError("nothing was asked that could be sent again")
            return self._asking
        now_s = time.time()
        if now_s >= self._credentials.renew_at_s:
            self._credentials = self._provider.credentials(self._app, now_s)
        return self._provider.signed(
            self._command(step),
            app=self._app,
            credentials=self._credentials,
            now_s=now_s,
            entropy=secrets.token_bytes(ENTROPY_BYTES),
        )

    def _command(self, step: Step) -> Command:
        provider, mode = self._provider, step.mode
        match step.deed:
            case Deed.ASK | Deed.AGAIN:
                return provider.ask_friends[Mode.TWO_WAY].encode(_batch(step), Mode.TWO_WAY)
            case Deed.ASK_LIST:
                return provider.ask_list.encode(Sweep(0, step.account), mode)
            case Deed.ADD:
                return provider.put_back.add.encode(_batch(step), mode)
            case Deed.DELETE:
                return provider.delete_friends.encode(_batch(step), mode)
            case Deed.CLEAR:
                return provider.delete_all_friends.encode(Sweep(0, step.account), mode)

    async def _send(self, call: Call) -> Reply | NoReply:
        async def depart() -> None:
            loop = asyncio.get_running_loop()
            await asyncio.sleep(self._next_s - loop.time())
            self._next_s = loop.time() + self._pause_s
            self.calls += 1

        self.in_flight = 1
        try:
            return await self._transport.send(call, depart)
        finally:
            self.in_flight = 0

    def _read(self, step: Step, reply: Reply) -> Said:
        provider, status, body = self._provider, reply.status, reply.body
        match step.deed:
            case Deed.ASK | Deed.AGAIN:
                asked = provider.ask_friends[Mode.TWO_WAY]
                return _said(step, asked.decode(_batch(step), status, body))
            case Deed.ASK_LIST:
                return Said(own=provider.ask_list.decode(Sweep(0, step.account), status, body).rest)
            case Deed.ADD | Deed.DELETE:
                scope = Scope.ONE if len(set(step.others)) == 1 else Scope.SEVERAL
                return provider.rehearsed.read(scope, status, body)
            case Deed.CLEAR:
                sweep = Sweep(0, step.account)
                return Said(own=provider.delete_all_friends.decode(sweep, status, body).rest)

    def _starred(self, said: Said, call: Call) -> Said:
        hidden = (*call.hidden, self._app.secret.reveal())

        def shown(ruling: Ruling) -> Ruling:
            return replace(ruling, info=starred(ruling.info, hidden)) if ruling.info else ruling

        items = tuple((name, shown(ruling)) for name, ruling in said.items)
        return Said(own=shown(said.own), items=items)

    async def _wait(self, seconds: float) -> None:
        if self.patient:
            await asyncio.sleep(seconds)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()

    # --- what is shown ----------------------------------------------------------------------------

    def _show(self, step: Step, told: str) -> None:
        self._say(f"{self.calls:>3}  {_doing(step)}: {told}")

    def _told(self, step: Step, said: Said) -> str:
        if step.deed is Deed.ASK_LIST and said.own.verdict in ANSWERED:
            return "nobody" if said.own.verdict is Verdict.DELETED else f"{said.own.note} friends"
        asked = step.deed in (Deed.ASK, Deed.AGAIN)
        each = [f"{name} {self._was(ruling, asked=asked)}" for name, ruling in said.items]
        return "; ".join(each if asked else [self._was(said.own), *each])

    def _was(self, ruling: Ruling, *, asked: bool = False) -> str:
        if ruling.code:
            return self.words(ruling)
        return f"on {_STANDS[ruling.note]}" if asked else "done"


_STANDS: Final = {
    "": "neither list",
    "from": "this list alone",
    "to": "the other list alone",
    "both": "both lists",
}


def _batch(step: Step) -> Batch:
    return Batch(0, step.account, step.others, data=(NO_DATA,) * len(step.others))


def _said(step: Step, answer: Answer) -> Said:
    items = tuple((other, answer.items.get(other, answer.rest)) for other in step.others)
    return Said(own=answer.rest, items=items)


def _doing(step: Step) -> str:
    account, whom = step.account, names(step.others) if step.others else ""
    both_ways = ", two-way" if step.mode is Mode.TWO_WAY else ""
    return {
        Deed.ASK: f"ask how {account} stands to {whom}",
        Deed.AGAIN: "the same call once more, nonce and all",
        Deed.ASK_LIST: f"ask who is on {account}'s list",
        Deed.ADD: f"put {whom} on {account}'s list",
        Deed.DELETE: f"take {whom} off {account}'s list{both_ways}",
        Deed.CLEAR: f"clear {account}'s list{both_ways}",
    }[step.deed]
