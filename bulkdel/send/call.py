"""One call's way out and back: through the gate, over the transport, to a reply or none."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import partial

from bulkdel.errors import NEW_RUN, Guarded
from bulkdel.providers.protocol import ENTROPY_BYTES, App, Call, Provider
from bulkdel.send.attempt import Attempt
from bulkdel.send.decide import KEPT_BACK
from bulkdel.send.deed import Deed
from bulkdel.send.gate import Gate, KeptBack
from bulkdel.send.signer import Signer
from bulkdel.send.transport import NoReply, Reply, Transport
from bulkdel.words import Batch, Entry, Pull


def ensure_unprotected(load: Entry, protected: frozenset[str]) -> None:
    """Raises Guarded if the call would change the list of a protected account, or name it.

    The plan leaves them out; this is for whatever came between the plan and the call. A list that
    is pulled stays as it is, whosever it is.
    """
    if isinstance(load, Pull):
        return
    if load.from_account in protected or (
        isinstance(load, Batch) and not protected.isdisjoint(load.to_accounts)
    ):
        raise Guarded(
            f"entry {load.ordinal} names an account that guards.protect names, so it was not sent: "
            "plan or journal are not what was planned",
            mend=f"look at both, and {NEW_RUN}",
        )


class Caller:
    """Makes the calls of one lane."""

    def __init__(
        self,
        *,
        provider: Provider,
        app: App,
        deed: Deed,
        protected: frozenset[str],
        signer: Signer,
        gate: Gate,
        transport: Transport,
        now_s: Callable[[], float],
    ) -> None:
        """No call that names a `protected` account leaves; `now_s` is the wall clock."""
        self._provider, self._app, self._deed = provider, app, deed
        self._protected, self._signer, self._gate = protected, signer, gate
        self._transport, self._now_s = transport, now_s

    async def call(self, attempt: Attempt) -> Reply | NoReply:
        """Send the call when it may go; never raises for anything the network does.

        Returns KEPT_BACK for a call that is to go again, since others were refused or unanswered
        while it waited to leave.

        Raises:
            Guarded: it names a protected account.
            StorageFailed: its intent cannot be made durable.
        """
        claim = await self._gate.claim(attempt.load, wide=attempt.work.history.wide)
        try:
            async with self._gate.slots:
                await self._gate.admit(attempt)
                return await self._exchange(attempt)
        except KeptBack:
            return KEPT_BACK
        finally:
            self._gate.drop(claim)

    async def _exchange(self, attempt: Attempt) -> Reply | NoReply:
        try:
            call = self._encoded(attempt)
            reply = await self._transport.send(call, partial(self._gate.depart, attempt))
        except BaseException:
            if not self._gate.come_back(attempt):
                self._gate.forgo(attempt)
                await self._gate.withdraw(attempt)
            raise
        self._gate.come_back(attempt)
        if isinstance(reply, NoReply) and not reply.left:
            await self._gate.stay(attempt)
        return reply

    def _encoded(self, attempt: Attempt) -> Call:
        ensure_unprotected(attempt.load, self._protected)
        attempt.generation = self._signer.generation
        call = self._provider.signed(
            self._deed.command(attempt.load),
            app=self._app,
            credentials=self._signer.credentials,
            now_s=self._now_s(),
            entropy=secrets.token_bytes(ENTROPY_BYTES),
        )
        attempt.hidden = (*call.hidden, self._app.secret.reveal())
        return call
