"""What a person is shown of sealing a run, and of judging what was sealed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import RenderableType

from bulkdel import files
from bulkdel.evidence.statement import Statement
from bulkdel.report.figures import count, counted, plain
from bulkdel.report.stated import statement_facts
from bulkdel.report.text.layout import BAD, DIM, GOOD, TITLE, facts, page, words

FAULTS_SHOWN = 20


def sealing_text(
    run_dir: Path, kept: int, kept_until: str, unverified: str, width: int, *, colour: bool
) -> str:
    """What sealing will do, before somebody agrees to it."""

    def parts() -> Iterator[RenderableType]:
        yield words(f"Sealing the run in {run_dir}.", TITLE)
        yield words("")
        yield words(
            "Every account id is replaced by a pseudonym, what was done is signed, and then the "
            "run's own files are removed: plan, ledger, journal, rejects, log, reports, backup, "
            "verification, undo. Nothing of the run can go on or be put back afterwards."
        )
        if kept:
            until = f", though it may be kept until {kept_until}" if kept_until else ""
            yield words("")
            yield words(
                f"THE BACKUP IS DESTROYED WITH IT{until}: {counted(kept, 'friend')}. What was "
                "deleted cannot be put back after it.",
                BAD,
            )
        if unverified:
            yield words("")
            yield words(f"Of the verification: {unverified}. `bulkdel verify --remote` asks.")

    return page(parts(), width, colour=colour)


def sealed_text(run_dir: Path, statement: Statement, fingerprint: str, width: int) -> str:
    """What was sealed, and what is to be done with it."""

    def parts() -> Iterator[RenderableType]:
        folder = run_dir / files.SEALED
        yield words(f"Sealed: {counted(statement.lines, 'line')} in {folder}.", TITLE)
        yield words("")
        yield words(f"Signed with the key whose public half is {fingerprint}.")
        yield words(
            f"{files.SEALED_KEY} leads from an account to its pseudonym. Keep it apart, 0600; "
            "who destroys it ends that for ever, and everything else can still be checked."
        )
        yield words(
            "Input files, exports and copies of the run elsewhere still hold account ids.", DIM
        )

    return page(parts(), width)


def sealed_status(run_dir: Path, statement: Statement, width: int) -> str:
    """How a run stands that was sealed, as its statement says; nothing of it is judged."""

    def parts() -> Iterator[RenderableType]:
        yield words(f"{plain(statement.job)}: sealed. Nothing of it goes on.", TITLE)
        yield words("")
        yield facts([*statement_facts(statement), ("run directory", plain(str(run_dir), 1000))])
        yield words("")
        yield words("`bulkdel verify` checks that none of it was changed.")

    return page(parts(), width)


def judged_text(
    what: str,
    statement: Statement,
    faults: Sequence[str],
    unjudged: Sequence[str],
    width: int,
    *,
    colour: bool,
) -> str:
    """Whether what was sealed holds, what it says, and what it does not prove."""

    def parts() -> Iterator[RenderableType]:
        if faults:
            yield words(f"✕ {what} does not hold.", BAD)
            for fault in faults[:FAULTS_SHOWN]:
                yield words(f"- {fault}", indent=2)
            if (more := len(faults) - FAULTS_SHOWN) > 0:
                yield words(f"and {count(more)} more", indent=2)
            return
        yield words(f"✓ {what} holds.", GOOD)
        yield words("")
        yield facts(statement_facts(statement))
        yield words("")
        yield words("What this does not prove:", TITLE)
        for limit in (*unjudged, *statement.limits):
            yield words(f"- {plain(limit, 600)}", indent=2)

    return page(parts(), width, colour=colour)
