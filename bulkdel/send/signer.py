"""The credentials of one lane: when they are renewed, and how long their refusal is borne.

A provider may know a new key some seconds later than we do. So fresh credentials that are refused
are tried again for half a minute, by one call at a time and ever more seldom: a few calls in all,
since a provider that sees many wrong signatures locks the app out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bulkdel.providers.protocol import App, Credentials, Provider

PATIENCE_S: Final = 30.0
"""Seconds for which fresh credentials may be refused before that is the provider's last word."""
FIRST_TRY_S: Final = 2.0
"""Seconds until they are tried again; twice as many each time after that."""


def next_try_s(tries: int, refused_for_s: float) -> float | None:
    """Seconds until fresh credentials are tried again, refused `tries` times for so many seconds.

    The last try comes when the patience ends; None after it.
    """
    if refused_for_s >= PATIENCE_S:
        return None
    return min(FIRST_TRY_S * 2.0 ** (tries - 1), PATIENCE_S - refused_for_s)


class Signer:
    """Renews credentials before they expire, and when the provider refuses them.

    Attributes:
        generation: which set of credentials is used now; a refusal of an older one tells nothing.
        in_doubt: whether fresh credentials were refused and none has been accepted since.
    """

    def __init__(self, provider: Provider, app: App, now_s: Callable[[], float]) -> None:
        self._provider = provider
        self._app = app
        self._now_s = now_s
        self._proven = False
        self._tries = 0
        self._refused_at = 0.0
        self.generation = 0
        self.credentials: Credentials = provider.credentials(app, now_s())

    @property
    def in_doubt(self) -> bool:
        """See the class."""
        return self._tries > 0

    def renew_if_due(self) -> bool:
        """Sign anew before the credentials expire; whether that was now."""
        if self._now_s() < self.credentials.renew_at_s:
            return False
        self._renew()
        return True

    def try_again_s(self, now: float) -> float | None:
        """Seconds until one call may try new credentials, if those of now are refused at `now`.

        What had been accepted is old: that goes again at once. None where it has been tried for
        long enough. `now` is the loop's, in seconds.
        """
        if self._proven:
            return 0.0
        refused_for_s = now - self._refused_at if self._tries else 0.0
        return next_try_s(self._tries + 1, refused_for_s)

    def refused(self, now: float) -> None:
        """A call signed with the present generation was refused for that: sign anew."""
        if not self._proven:
            if not self._tries:
                self._refused_at = now
            self._tries += 1
        self._renew()

    def accepted(self, generation: int) -> None:
        """A call signed with `generation` was accepted."""
        if generation == self.generation:
            self._proven = True
            self._tries = 0

    def _renew(self) -> None:
        self.credentials = self._provider.credentials(self._app, self._now_s())
        self.generation += 1
        self._proven = False
