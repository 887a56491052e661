"""The JSON of `check`: every key is documented and written, and no finding is left out."""

from __future__ import annotations

import orjson
import pytest

from bulkdel.report.check_json import KEYS, VERSION, check_json
from bulkdel.report.checks import Check, Section, crossed, good, skipped, warning
from tests.support import front
from tests.support.json_keys import undocumented, unwritten

FINE = (good("job file", "purge"), warning("clock", "behind", "set it"), skipped("network", "off"))


@pytest.mark.parametrize(
    ("more", "code"), [((), 0), ((crossed("secret", "is not set", "export KEY=..."),), 1)]
)
def test_every_key_and_finding(more: tuple[Check, ...], code: int) -> None:
    """In both directions; the exit code and the numbers are those of the findings."""
    sections = [Section(title="The job", checks=FINE), Section(title="it", checks=(*more, *FINE))]
    job = front.job(front.tencent())
    told = orjson.loads(check_json(job, sections, now_s=1_795_300_000))
    assert undocumented(told, KEYS) == set()
    assert unwritten(told, KEYS) == set()
    assert next(iter(told)) == "version"
    assert told["version"] == VERSION
    assert (told["exit_code"], told["crosses"], told["warnings"]) == (code, code, 2)
    assert told["at"] == "2026-11-21T22:26:40.000Z"
    findings = told["sections"][1]["findings"]
    assert [one["result"] for one in findings] == [
        *("crossed" for _ in more),
        "good",
        "warning",
        "skipped",
    ]
    assert findings[-2] == {
        "name": "clock",
        "result": "warning",
        "words": "behind",
        "mend": "set it",
    }
