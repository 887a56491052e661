"""A run's facts as one self-contained page: no script, no network, nothing from elsewhere.

The template is page.html.j2, the style page.css, both beside this file.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from bulkdel.plain import escaped
from bulkdel.report import figures, phrases, record
from bulkdel.report.beside_words import beside_rows, name_of
from bulkdel.report.facts import RunFacts
from bulkdel.report.few import ROWS_MOST
from bulkdel.report.lane_words import brief
from bulkdel.report.next_steps import next_steps
from bulkdel.report.page import lane_charts, sentences
from bulkdel.report.remarks import remarks
from bulkdel.report.shards import shards_line
from bulkdel.report.status import State
from bulkdel.report.verdict import run_verdict

CODES_SHOWN: Final = 30
"""Codes of a target that are listed, those of most pairs first."""


def report_html(facts: RunFacts, command: Callable[..., str]) -> bytes:
    """The page; `command` makes a command that is ready to paste of a verb and its options."""
    template, style = template_and_style()
    page = template.render(
        facts=facts,
        status=facts.status,
        running=facts.status.state is State.RUNNING,
        verdict=run_verdict(facts.status),
        steps=list(next_steps(facts.status, command)),
        remarks=remarks(facts.status, facts.counts.both_sides if facts.counts else None),
        states=sentences.states(facts.status),
        record=record,
        noun=phrases.unit(facts.status.operation),
        clock=lane_charts.clock_of(facts.targets),
        style=style,
        style_sha256=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        codes_shown=CODES_SHOWN,
        charts=lane_charts,
        rows_most=ROWS_MOST,
        drawn=sum(bool(one.timeline.spans) for one in facts.targets),
        shards_line=shards_line(facts.status.shards),
        beside_rows=list(beside_rows(facts.status)),
        name_of=name_of,
        sentences=sentences,
    )
    return page.encode()


@cache
def template_and_style() -> tuple[Template, str]:
    """The template, compiled, and the style; both stand beside this file and are read once."""
    environment = _environment()
    environment.get_template("parts.html.j2")
    style = resources.files(__package__).joinpath("page.css").read_text("utf-8")
    return environment.get_template("page.html.j2"), style


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bulkdel.report", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_shown,
    )
    environment.filters |= {
        "count": figures.count,
        "counted": figures.counted,
        "milliseconds": lane_charts.milliseconds,
        "moment": figures.moment,
        "percent": figures.percent,
        "plain": figures.plain,
        "brief": brief,
        "rate": figures.rate,
        "span": figures.span,
        "time": sentences.time,
    }
    return environment


def _shown(value: object) -> object:
    """What the template prints: foreign text is made plain, for HTML has no control characters.

    What is HTML already (of a macro) stays as it is.
    """
    return escaped(value) if isinstance(value, str) and not isinstance(value, Markup) else value
