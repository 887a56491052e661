"""The facts as one self-contained page: no script, no network, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from importlib import resources
from xml.etree import ElementTree as ET  # it is only written here, nothing is parsed

from bulkdel.report.facts import RunFacts
from bulkdel.report.figures import moment, plain
from bulkdel.report.page import parts, record
from bulkdel.report.page.charts import patterns
from bulkdel.report.page.lane_charts import clock_of
from bulkdel.report.page.markup import el, written
from bulkdel.report.verdict import Tone, next_steps, run_verdict

_SIGNS = {Tone.GOOD: "✓", Tone.MIXED: "!", Tone.BAD: "✕"}


def report_html(facts: RunFacts, command: Callable[..., str]) -> bytes:
    """The page; `command` is told a verb and its options, and says it ready to paste."""
    style = resources.files("bulkdel.report.page").joinpath("page.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    status = facts.status
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=policy),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="referrer", content="no-referrer"),
        el("title", f"{plain(status.job)}: {run_verdict(status).headline}"),
        el("style", style),
    )
    return written(
        el("html", head, el("body", patterns(), el("main", *_main(facts, command))), lang="en")
    )


def _main(facts: RunFacts, command: Callable[..., str]) -> Iterator[ET.Element]:
    status, verdict = facts.status, run_verdict(facts.status)
    yield el("p", f"{plain(status.job)}, as of {moment(status.at_ms)}", class_="quiet small")
    yield el(
        "div",
        el("div", _SIGNS[verdict.tone], class_="sign", aria_hidden="true"),
        el("div", el("h1", verdict.headline), el("p", verdict.detail) if verdict.detail else None),
        class_=f"verdict {verdict.tone}",
        id="verdict",
    )
    steps = list(next_steps(facts, command))
    if steps:
        yield el("h2", "What to do next")
        yield el(
            "ol",
            *(el("li", one.words, _pasted(one.command)) for one in steps),
            class_="steps",
        )
    yield from parts.books(facts)
    clock = clock_of(facts.targets)
    if clock.stretches:
        yield from parts.progress(facts, clock)
        for target in facts.targets:
            yield from parts.lane(target, clock)
    yield from parts.codes(facts)
    yield from parts.worst(facts)
    yield from record.rejects(facts)
    yield from record.sittings(facts)
    yield from record.identity(facts)


def _pasted(command: str) -> ET.Element:
    return el("pre", el("code", plain(command, 2000)), tabindex="0")
