"""Which account a pseudonym stands for, while the plan and the key are there."""

from __future__ import annotations

from bulkdel.errors import WrongInput
from bulkdel.evidence.pseudonyms import SHORT_DIGITS, Pseudonyms
from bulkdel.job.job import Job
from bulkdel.plan.read import PlanReader
from bulkdel.runs.names import key_path, read_key
from bulkdel.runs.shards import part_plan, parts_of
from bulkdel.words import Batch


def who(job: Job, pseudonym: str) -> str | None:
    """The account of the run's plan that has this pseudonym, on either side; None: no account.

    Raises:
        WrongInput: it is no pseudonym, or the key is not there.
        Corrupt: a plan is gone or damaged.
    """
    if len(pseudonym) != SHORT_DIGITS or set(pseudonym) - set("0123456789abcdef"):
        what = f"a pseudonym has {SHORT_DIGITS} of the digits 0-9 and a-f"
        raise WrongInput(what, mend="copy it as it stands in run.log, or on the screen")
    path = key_path(job)
    try:
        short = Pseudonyms(read_key(path)).short
    except (OSError, ValueError) as error:
        what = "there is no key of pseudonyms, so none can be named"
        raise WrongInput(what, where=path, mend="only the run that wrote it has its key") from error
    for part in parts_of(job):
        meta = part_plan(part)
        with PlanReader(part.run_dir, meta) as plan:
            for entries in plan.scan(0, sum(share.batches for share in meta.shares)):
                for entry in entries:
                    others = entry.to_accounts if isinstance(entry, Batch) else ()
                    for account in (entry.from_account, *others):
                        if short(account) == pseudonym:
                            return account
    return None
