"""The page's last parts: what was rejected, who worked on the run, and which run it is."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree as ET  # it is only written here, nothing is parsed

from bulkdel.report.facts import RunFacts, TargetFacts
from bulkdel.report.figures import count, moment, plain, span
from bulkdel.report.page.markup import Col, el, table
from bulkdel.report.phrases import deed, unit


def rejects(facts: RunFacts) -> Iterator[ET.Element]:
    """Why rows of the input were rejected."""
    if not facts.status.rows.rejected:
        return
    yield el("h2", "Rejected rows of the input")
    yield table(
        "by reason" if facts.rejects.whole else "by reason, over the first of them",
        [Col(title="rows"), Col(title="reason", words=True)],
        [(count(rows), plain(reason)) for reason, rows in facts.rejects.reasons],
    )


def sittings(facts: RunFacts) -> Iterator[ET.Element]:
    """Every process that worked on the run."""
    if not facts.sittings:
        return
    noun = unit(facts.status.operation)
    yield el("h2", "Sittings")
    shown = len(facts.sittings)
    told = "each process that worked on this run"
    if shown < facts.sitting_count:
        told = f"the last {count(shown)} of {count(facts.sitting_count)} processes"
    yield table(
        told,
        [
            Col(title="began (UTC)", words=True),
            Col(title="took"),
            Col(title=f"{noun}s settled"),
            Col(title="calls"),
            Col(title="ended", words=True),
        ],
        [
            (
                moment(one.began_ms).removesuffix(" UTC"),
                "-" if one.ended_ms is None else span((one.ended_ms - one.began_ms) / 1000),
                count(one.settled),
                count(one.calls),
                plain(one.why, 400),
            )
            for one in facts.sittings
        ],
    )


def identity(facts: RunFacts) -> Iterator[ET.Element]:
    """Which run this is, so that nobody takes it for another."""
    status = facts.status
    rows = [
        ("does", deed(status.operation, status.mode)),
        *(
            (
                one.status.name,
                _app(one),
            )
            for one in facts.targets
        ),
        ("run directory", str(status.run_dir)),
        ("plan", f"SHA-256 {facts.plan_digest}"),
    ]
    if facts.head is not None:
        rows.append(("ledger", f"{count(facts.head.length)} bytes, chain head {facts.head.chain}"))
    yield el("h2", "Which run this is")
    described = el("dl", class_="facts")
    for name, text in rows:
        described.append(el("dt", name))
        described.append(el("dd", plain(text, 1000)))
    yield described
    yield el(
        "p",
        "All times are UTC. The same figures, for programs, are in report.json beside this page.",
        class_="quiet small",
    )


def _app(one: TargetFacts) -> str:
    where = f", region {one.region}" if one.region else ""
    return f"{one.status.provider}{where}, app {one.app_id}; {one.status.place}"
