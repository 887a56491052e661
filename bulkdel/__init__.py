"""Removes friend relationships in bulk through chat providers' server APIs.

The way of a row, and the folder that each step is in; each uses only those under it:

    files of rows ──▶ plan/ ──▶ send/ ──▶ ledger/ ──▶ report/
                        ▲          ▲
                      job/    providers/          runs/ holds them together for cli/ and library

Words used everywhere, in that order:

    row         one From→To of the input; for delete_all_friends one account
    reject      a row that cannot be sent, with its reason
    pair        a friend relationship to remove; for delete_all_friends an account to clear
    target      one provider app that the pairs are removed from
    entry       one line of the plan: a batch (a From_Account and its To_Accounts) or a sweep (an
                account whose whole list is cleared)
    side        the account of a pair whose list a call shortens; the planner may choose it
    plan        all entries in sending order, made once
    item        one id of an entry: a To_Account of a batch, the account of a sweep
    part        items of an entry that are sent together, with what their calls met
    call        one HTTP request that carries an entry, or a part of one
    attempt     a call on its way, from the first look at the lane to its reply
    reply       what came back: a status and bytes; or that nothing did
    answer      what a reply means for each item; ruling: what one result code means
    verdict     what an answer means for one pair; three of them settle it
    settled     has its final verdict, durably, and its one line in the ledger
    in reserve  answered "not a friend" by one side; the other side is asked in the second phase
    lost answer a call that may have been carried out and was not answered
    lane        what sends one target's calls
    book        where a lane writes intents and outcomes, and reads what is unsettled
    intent      "this call may leave now", durable before it does; outcome: what became of it
    journal     intents and outcomes of a run: the truth; ledger: its lines for people
    sitting     one process's life in a run
    guard       a limit of the job file that stops a run rather than do harm
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
