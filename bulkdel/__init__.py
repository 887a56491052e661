"""Removes friend relationships in bulk through chat providers' server APIs.

Words used everywhere, in the order of the pipeline:

    row         one From→To of the input; for delete_all_friends one account
    pair        a friend relationship to remove
    target      one provider app that the pairs are removed from
    entry       one line of the plan: a batch (a From_Account and its To_Accounts) or a sweep (an
                account whose whole list is cleared)
    call        one HTTP request that carries an entry, or what is left of one
    reply       what came back; answer: what it means
    verdict     what the answer means for one pair; three of them settle it
    settled     has its final verdict, durably, and its one line in the ledger
    lane        what sends one target's calls
    sitting     one process's life in a run
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bulkdel.library import Job, Settled, Status, load_job, run, status

__all__ = ["Job", "Settled", "Status", "load_job", "run", "status"]


def __getattr__(name: str) -> Any:
    """The library's names, imported when they are asked for: the command does without them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bulkdel import library  # noqa: PLC0415  # as said above

    return getattr(library, name)
