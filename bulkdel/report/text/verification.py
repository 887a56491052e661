"""What `verify` found, as a page for people and as JSON for programs: the same facts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from rich.console import RenderableType

from bulkdel import files
from bulkdel.job.job import Job
from bulkdel.ledger.audit.findings import MOST_SHOWN, Finding
from bulkdel.ledger.audit.verify import Checked, Verified
from bulkdel.plan.values import PlanMeta
from bulkdel.report.few import few_counts
from bulkdel.report.figures import count, counted, plain
from bulkdel.report.json_text import json_text
from bulkdel.report.phrases import was
from bulkdel.report.text.layout import BAD, GOOD, TITLE, facts, page, table, words
from bulkdel.words import STATUSES, Errand, Verdict

_SHOWN_CHARACTERS = 320
_NAMED = 10
_BEFORE: Final = re.compile(rf"^{files.SHARDS}/[^/]+/")
"""What the folder of a run beside a shard begins with."""

VERSION: Final = 1
KEYS: Final[Mapping[str, str]] = {
    "version": "of this form",
    "job": "its name",
    "run_dir": "the run directory, absolute",
    "ok": "whether all was checked, and agrees",
    "verdict": "that in a sentence",
    "lines": "of ledger.jsonl that were compared",
    "settlements": "of the journal, written again in memory",
    "pending_lines": "lines that will be written when the run is continued",
    "ledger.length": "bytes of ledger.jsonl that the journal has recorded",
    "ledger.head": "the hash chain's end there, SHA-256 in hex; null where not all could be read",
    "ledger.sha256": "of those bytes, as written again; null likewise",
    "findings_count": "how many places are wrong",
    "findings[].file": "where: the file, with the folder of a run beside the run",
    "findings[].line": "its line, or null",
    "findings[].offset": "the first wrong byte, or null",
    "findings[].what": "what is wrong, in words",
    "findings[].found": "what stands there",
    "findings[].expected": "what belongs there",
    "shards_at_work": "shards that were not opened, each with the process that sends of it",
    "targets": "by name, as counted again; empty where not all could be read",
    "targets.*.pairs": "of the plan",
    "targets.*.deleted": "pairs that the provider said it deleted",
    "targets.*.already_gone": "pairs of which it said that there was nothing to delete",
    "targets.*.failed": "pairs that it refused for good",
    "targets.*.unsettled": "pairs without a final result",
    "beside": "the runs beside the run, by their folders, checked likewise",
    "beside.*.lines": "of its ledger.jsonl that were compared",
    "beside.*.settlements": "of its journal, written again in memory",
    "beside.*.pending_lines": "lines that will be written when it is continued",
    "beside.*.pairs": "of its plan, of all targets; null where that cannot be read",
    "beside.*.destroyed": "whether its plan was destroyed with the backup, and it was not checked",
    "beside.*.counts.*": "by the word for it in its ledger, how many, as counted again",
}


def verification_json(
    job: Job, meta: PlanMeta | None, verified: Verified, beside: Sequence[Checked] = ()
) -> bytes:
    """One JSON object; ends with a newline."""
    verified = _all(verified, beside)
    return json_text(
        {
            "version": VERSION,
            "job": job.name,
            "run_dir": str(job.run_dir),
            "ok": verified.ok,
            "verdict": _verdict(job, verified),
            "lines": verified.lines,
            "settlements": verified.settlements,
            "pending_lines": verified.pending,
            "ledger": {
                "length": verified.length,
                "head": verified.head or None,
                "sha256": verified.sha256 or None,
            },
            "findings_count": verified.count,
            "findings": [_finding(one) for one in verified.findings],
            "shards_at_work": verified.at_work,
            "targets": _targets(meta, verified),
            "beside": {one.folder: _beside(one) for one in beside},
        },
    )


def verification_text(
    job: Job,
    meta: PlanMeta | None,
    verified: Verified,
    width: int,
    *,
    beside: Sequence[Checked] = (),
    colour: bool = False,
) -> str:
    """The verdict, the findings, and what to do."""
    return page(_parts(job, meta, _all(verified, beside), beside), width, colour=colour)


def _all(verified: Verified, beside: Sequence[Checked]) -> Verified:
    """The same, with what was found in the runs beside the run."""
    findings = [
        replace(finding, file=f"{one.folder}/{finding.file}")
        for one in beside
        for finding in one.verified.findings
    ]
    return replace(
        verified,
        findings=(*verified.findings, *findings)[:MOST_SHOWN],
        count=verified.count + sum(one.verified.count for one in beside),
        pending=verified.pending + sum(one.verified.pending for one in beside),
    )


def _parts(
    job: Job, meta: PlanMeta | None, verified: Verified, beside: Sequence[Checked]
) -> Iterator[RenderableType]:
    yield words(_verdict(job, verified), BAD if verified.count else GOOD)
    if verified.at_work:
        yield words("")
        yield words(_at_work(verified.at_work), BAD)
    if verified.pending:
        yield words("")
        yield words(
            f"{counted(verified.pending, 'line')} will be written when the run is continued: the "
            "last process ended before it had written them. Nothing is lost."
        )
    for finding in verified.findings:
        yield words("")
        yield words(_place(finding), TITLE)
        yield words(f"{finding.what.rstrip('.')}.", indent=2)
        sides = (("found", finding.found), ("expected", finding.expected))
        yield facts((name, plain(text, _SHOWN_CHARACTERS)) for name, text in sides if text)
    if verified.count > len(verified.findings):
        yield words("")
        yield words(f"And {count(verified.count - len(verified.findings))} more.", BAD)
    if verified.settled:
        yield words("")
        yield _books(meta, verified)
    if beside:
        yield words("")
        yield _beside_table(beside)
    if verified.head and not verified.count:
        yield words("")
        yield facts(
            [
                ("ledger.jsonl", f"{count(verified.length)} bytes are recorded"),
                ("SHA-256", verified.sha256),
                ("chain head", verified.head),
            ]
        )
    yield words("")
    if verified.count:
        yield words("What to do:", TITLE)
        yield words(
            "Do not rely on these files, and do not repair them by hand. Keep a copy of "
            f"{plain(str(job.run_dir), 1000)} as it is, restore the whole directory from a backup, "
            "since its files belong together, and verify again. Without one, begin a new run with "
            "--run-dir: it sends every pair again, and "
            "what is gone already is then answered as already gone.",
            indent=2,
        )
    else:
        yield words(
            "This finds corruption and carelessness. It is no proof against somebody who writes "
            "plan, journal and ledger anew."
        )


def _at_work(shards: Mapping[str, str]) -> str:
    """The shards that were not opened."""
    named = [f"{name} ({plain(sender, 80)})" for name, sender in list(shards.items())[:_NAMED]]
    more = f" and {count(len(shards) - _NAMED)} more" if len(shards) > _NAMED else ""
    while_sent = "while it is" if len(shards) == 1 else "while they are"
    return (
        f"{counted(len(shards), 'shard')} {was(len(shards))} not checked {while_sent} sent: "
        f"{', '.join(named)}{more}. Run this again once all are at rest."
    )


def _books(meta: PlanMeta | None, verified: Verified) -> RenderableType:
    keys = ("pairs", "deleted", "already_gone", "failed", "unsettled")
    targets = _targets(meta, verified).items()
    rows = few_counts((plain(name), [books[key] for key in keys]) for name, books in targets)
    return table(
        ("target", *(key.replace("_", " ") for key in keys)),
        ("target",),
        [(name, *map(count, numbers)) for name, numbers in rows],
    )


def _beside_table(beside: Sequence[Checked]) -> RenderableType:
    """The runs beside the run, a row each; those beside its shards together, by their folder."""
    alike: dict[str, list[Checked]] = {}
    for one in beside:
        alike.setdefault(_BEFORE.sub("", one.folder), []).append(one)
    rows = []
    for folder, some in alike.items():
        sums: Counter[str] = Counter()
        for one in some:
            sums.update(_counts(one))
        told = [f"{count(many)} {word}" for word, many in sums.items() if many]
        lines = sum(one.verified.lines for one in some)
        rows.append((folder, count(lines), ", ".join(told).replace("_", " ") or _none(some[0])))
    return table(("beside it", "lines", "what they say"), ("beside it", "what they say"), rows)


def _none(one: Checked) -> str:
    """What is said of a run without a line."""
    if one.destroyed:
        return "not checked: its plan held friend data, and was destroyed with the backup"
    if one.verified.count or one.meta is None:
        return "not known"
    return "nothing yet" if one.meta.books.pairs else "nothing to do"


def _beside(one: Checked) -> dict[str, Any]:
    return {
        "lines": one.verified.lines,
        "settlements": one.verified.settlements,
        "pending_lines": one.verified.pending,
        "pairs": None if one.meta is None else one.meta.books.pairs,
        "destroyed": one.destroyed,
        "counts": _counts(one),
    }


def _counts(one: Checked) -> dict[str, int]:
    """Over all targets, by the word of the ledger; empty where not all could be read."""
    errand = None if one.meta is None else one.meta.fingerprint.operation
    if not isinstance(errand, Errand) or not one.verified.settled:
        return {}
    settled = one.verified.settled.values()
    return {
        word: sum(of.get(verdict, 0) for of in settled)
        for verdict, word in STATUSES[errand].items()
    }


def _verdict(job: Job, verified: Verified) -> str:
    name = plain(job.name)
    if verified.count:
        return f"{name}: DAMAGED, {counted(verified.count, 'finding')}."
    if verified.at_work:
        return f"{name}: what was checked agrees."
    if not verified.settlements:
        return f"{name}: all agrees. Nothing is settled yet; the plan is sound."
    lines = counted(verified.lines, "line")
    return (
        f"{name}: all agrees. {lines} of the ledger are, byte for byte, what journal and plan say; "
        "the hash chain holds; no pair is settled twice; the books balance."
    )


def _place(finding: Finding) -> str:
    place = finding.file
    if finding.line is not None:
        place += f", line {count(finding.line)}"
    if finding.offset is not None:
        place += f", byte {count(finding.offset)}"
    return place


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "file": finding.file,
        "line": finding.line,
        "offset": finding.offset,
        "what": finding.what,
        "found": finding.found,
        "expected": finding.expected,
    }


def _targets(meta: PlanMeta | None, verified: Verified) -> dict[str, dict[str, int]]:
    targets: dict[str, dict[str, int]] = {}
    for share in meta.shares if meta is not None and verified.settled else ():
        settled = verified.settled[share.target]
        books = {"pairs": share.pairs}
        for status in (Verdict.DELETED, Verdict.ALREADY_GONE, Verdict.FAILED):
            books[status.value] = settled.get(status, 0)
        books["unsettled"] = share.pairs - sum(settled.values())
        targets[share.target] = books
    return targets
