"""The job in words: what is done, how much of it, and to which place."""

from __future__ import annotations

from bulkdel.job.job import Reach, Target
from bulkdel.providers import PROVIDERS
from bulkdel.report.figures import count, counted
from bulkdel.words import Mode, Operation


def region(name: str) -> str:
    """A region as a person reads it: "Silicon Valley"."""
    return name.replace("_", " ").title()


def title(target: Target) -> str:
    """The provider's own name."""
    return PROVIDERS[target.provider].title


def place(target: Target) -> str:
    """Where a target's calls go, so that the real thing and a stand-in are never mixed up."""
    name = title(target)
    way = f", through {target.proxy.address}" if target.proxy else ""
    match target.reach:
        case Reach.EMULATOR:
            return f"an emulator of {name} inside this process: nothing real is touched"
        case Reach.LOOPBACK:
            return f"a server on this machine (loopback) in place of {name}: {target.address}{way}"
        case Reach.REAL:
            own = PROVIDERS[target.provider].regions.get(target.region) == target.address
            where = target.address if own else f"at {target.address}, not {name}'s own address"
            there = f", {region(target.region)}" if target.region else ""
            return f"the real {name}{there}, app {target.app_id} ({where}{way})"


_DEEDS = {
    (Operation.DELETE_FRIENDS, Mode.TWO_WAY): (
        "removes the friendship from both lists, To_Account from From_Account's and From_Account "
        "from To_Account's"
    ),
    (Operation.DELETE_FRIENDS, Mode.ONE_WAY): (
        "removes To_Account from From_Account's list; To_Account's own list is left as it is"
    ),
    (Operation.DELETE_ALL_FRIENDS, Mode.TWO_WAY): (
        "clears the whole friend list of each account, and takes the account off the lists of all "
        "those friends"
    ),
    (Operation.DELETE_ALL_FRIENDS, Mode.ONE_WAY): (
        "clears the whole friend list of each account; the account stays on the lists of those "
        "friends"
    ),
}


def deed(operation: Operation, mode: Mode) -> str:
    """What is done to each pair or account, in words."""
    return f"{operation}, {mode}: {_DEEDS[operation, mode]}"


def unit(operation: Operation) -> str:
    """What a pair is called for this operation: "pair" or "account"."""
    return "pair" if operation is Operation.DELETE_FRIENDS else "account"


def finished(noun: str, pairs: int, *, failed: int, rejected: int) -> str:
    """How a run stands of which every pair (or `noun`) is settled, as a part of a sentence.

    `pairs` are the input's, `failed` those that failed for good, `rejected` rows.
    """
    words = f"every {noun} is settled" if pairs else f"the input left no {noun} to send"
    but = [f"{count(failed)} failed for good"] if failed else []
    if rejected:
        but.append(f"{counted(rejected, 'row')} {was(rejected)} rejected")
    joint = "but" if pairs else "and"
    return f"{words}, {joint} {' and '.join(but)}" if but else words


def was(number: int) -> str:
    """The verb that goes with a number: "was" or "were"."""
    return "was" if number == 1 else "were"
