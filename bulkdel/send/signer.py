"""The credentials that one lane's calls are signed with, and when they are renewed."""

from __future__ import annotations

from collections.abc import Callable

from bulkdel.providers.protocol import App, Credentials, Provider


class Signer:
    """Renews credentials before they expire, and once at once when the provider refuses them.

    A generation is one set of credentials. Refused right after it was made because the one before
    it was refused, the trouble is not its age: there is nothing more to try.
    """

    def __init__(self, provider: Provider, app: App, now_s: Callable[[], float]) -> None:
        self._provider = provider
        self._app = app
        self._now_s = now_s
        self._unproven = False
        self.generation = 0
        self._credentials = provider.credentials(app, now_s())

    def credentials(self) -> Credentials:
        """What the next call is signed with."""
        now_s = self._now_s()
        if now_s >= self._credentials.renew_at_s:
            self._renew(now_s)
        return self._credentials

    def refused(self, generation: int) -> bool:
        """A call signed with `generation` was refused for it; whether to go again."""
        if generation != self.generation:
            return True
        if self._unproven:
            return False
        self._renew(self._now_s())
        self._unproven = True
        return True

    def accepted(self, generation: int) -> None:
        """A call signed with `generation` was accepted."""
        if generation == self.generation:
            self._unproven = False

    def _renew(self, now_s: float) -> None:
        self._credentials = self._provider.credentials(self._app, now_s)
        self.generation += 1
