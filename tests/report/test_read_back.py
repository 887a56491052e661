"""What goes out is what is read back: by bulkdel, and by readers that are not ours."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Awaitable, Callable
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from bulkdel import load_job, run
from bulkdel.cli.options import command_for
from bulkdel.job.job import Format, Job
from bulkdel.plan.make import make_plan
from bulkdel.plan.read import PlanReader
from bulkdel.report.export_notes import ExportNotes
from bulkdel.report.export_rows import MORE, RowLayout, written_rows
from bulkdel.report.exported import ExportFilter, PairStatus, Row
from bulkdel.report.metrics import Metrics
from bulkdel.report.status_json import status_json
from bulkdel.runs.export import pairs
from bulkdel.runs.report import report
from bulkdel.runs.status import look
from bulkdel.words import Batch

IDS = (
    "=cmd|' /C calc'!A0", "+1+1", "-2", "@SUM(A1)", '"', '""', '"x"', "'x'", " a", "a ", "\u00a0a",
    "a,b", "a;b", "a\\", "\\N", "NULL", "null", "nan", "007", "1e5", "1.23E+17", "0x1f", "true",
    "\u202eabc", "\u200b", "👍👍", "\ufeffa", "#a", "--", '={"a"}', "a\u2028b", "{}", "[a]", "%n",
)  # fmt: skip
"""Every id that some reader takes for something else; none has a control character."""
Sender = Callable[[int], Awaitable[Job]]
PAIRS = {*zip(IDS, IDS[1:] + IDS[:1], strict=True), *((one, "hub") for one in IDS)}
JOB = """
operation = "{operation}"
mode = "{mode}"
run_dir = "run"
[input]
files = ["in.{form}"]
from_field = '{from_field}'
to_field = '{to_field}'
[plan]
orient = "{orient}"
[targets.t]
provider = "tencent"
app_id = 1
endpoint = "emulator"
"""


def job_in(folder: Path, content: bytes, form: str = "jsonl", **more: str) -> Job:
    """A job over this input."""
    folder.mkdir()
    words = {
        "operation": "delete_friends",
        "mode": "one_way",
        "orient": "as_given",
        "from_field": 'from, "who"',
        "to_field": "to",
        "form": form,
        **more,
    }
    (folder / "job.toml").write_text(JOB.format(**words))
    (folder / f"in.{form}").write_bytes(content)
    job = load_job(folder / "job.toml")
    job.run_dir.mkdir()
    return job


def as_jsonl(rows: set[tuple[str, str]]) -> bytes:
    """An input of these pairs."""
    lines = (json.dumps({'from, "who"': one, "to": other}) for one, other in sorted(rows))
    return "\n".join(lines).encode() + b"\n"


def planned(job: Job) -> set[tuple[str, str]]:
    """The pairs of the job's plan, as the input names them; nothing is rejected."""
    meta = make_plan(job, stdin=None)
    assert meta.books.rejected == 0
    found = set()
    with PlanReader(job.run_dir, meta) as plan:
        for entries in plan.scan(0, meta.shares[0].batches):
            for one in entries:
                assert isinstance(one, Batch)
                for at, other in enumerate(one.to_accounts):
                    turned = one.sides is not None and one.sides.turned[at]
                    pair = (one.from_account, other)
                    found.add(pair[::-1] if turned else pair)
    assert len(found) == meta.books.pairs
    return found


def by_csv(content: bytes) -> list[tuple[str, str]]:
    """The first two columns by Python's csv, strictly."""
    rows = csv.reader(io.StringIO(content.decode(), newline=""), strict=True)
    return [(row[0], row[1]) for row in rows][1:]


def by_json(content: bytes) -> list[tuple[str, str]]:
    """Two keys of each line by Python's json."""
    told = [json.loads(line) for line in content.split(b"\n") if line]
    return [(one['from, "who"'], one["to"]) for one in told]


def by_duckdb(content: bytes, path: Path) -> list[tuple[str, str]]:
    """The first two columns by DuckDB, told everything."""
    path.write_bytes(content)
    found = duckdb.execute(
        f"SELECT * FROM read_csv('{path}', auto_detect = false, header = true, delim = ',', "  # noqa: S608 - our own
        "quote = '\"', escape = '\"', new_line = '\\n', nullstr = '\x01', "
        "hive_partitioning = false,"
        " columns = {'f': 'VARCHAR', 't': 'VARCHAR'})"
    )
    return [(str(one), str(other)) for one, other in found.fetchall()]


@pytest.fixture(
    params=[("one_way", "as_given"), ("two_way", "as_given"), ("two_way", "fewest_calls")],
    ids=" ".join,
)
def sent(request: pytest.FixtureRequest, tmp_path: Path) -> Sender:
    """Sends the pairs, or so many of them."""
    mode, orient = request.param

    async def go(limit: int) -> Job:
        job = job_in(tmp_path / "old", as_jsonl(PAIRS), mode=mode, orient=orient)
        async for _ in run(job, limit=limit):
            pass
        return job

    return go


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("full", [False, True])
async def test_exports(sent: Sender, tmp_path: Path, form: str, full: bool) -> None:
    """Settled and unsettled pairs together are the input's, to us and to others, and no others."""
    job = await sent(30)
    told: set[tuple[str, str]] = set()
    for status in (PairStatus.DELETED, PairStatus.ALREADY_GONE, PairStatus.UNSETTLED):
        choice = ExportFilter(statuses=frozenset({status}))
        content = b"".join(pairs(job, choice, Format(form), full=full, say=print))
        rows = by_csv(content) if form == "csv" else by_json(content)
        if form == "csv" and not full:
            assert by_duckdb(content, tmp_path / "other.csv") == rows
        if rows:
            again = job_in(
                tmp_path / status, content, form, mode=str(job.mode), orient=str(job.orient)
            )
            assert planned(again) == set(rows)
        assert not told & set(rows)
        told |= set(rows)
    assert told == PAIRS


async def test_ledger_and_reports(sent: Sender) -> None:
    """Ledger, status, report.json and the page hold the ids as they are, to any reader."""
    job = await sent(10_000)
    lines = (job.run_dir / "ledger.jsonl").read_bytes().split(b"\n")
    told = [json.loads(line) for line in lines if line]
    assert {(one["from_account"], one["to_account"]) for one in told} == PAIRS
    assert len(told) == len(PAIRS)
    status = json.loads(status_json(look(job)))
    assert status["targets"]["t"]["unsettled"] == 0
    page, figures = report(job, command=command_for(job.source, None))
    assert json.loads(figures.read_bytes())["targets"]["t"]["pairs"] == len(PAIRS)
    Reader().read(page.read_text("utf-8"))


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_accounts_whose_lists_are_cleared(tmp_path: Path, form: str) -> None:
    """One column of ids is read back as the same accounts."""
    accounts = "".join(json.dumps({'from, "who"': one}) + "\n" for one in IDS).encode()
    first = job_in(tmp_path / "old", accounts, operation="delete_all_friends")
    make_plan(first, stdin=None)
    content = b"".join(pairs(first, ExportFilter(), Format(form), full=False, say=print))
    second = job_in(tmp_path / "new", content, form, operation="delete_all_friends")
    meta = make_plan(second, stdin=None)
    assert (meta.books.pairs, meta.books.rejected) == (len(IDS), 0)
    again = b"".join(pairs(second, ExportFilter(), Format(form), full=False, say=print))
    assert sorted(again.splitlines()) == sorted(content.splitlines())


class Reader(HTMLParser):
    """Reads a page; every element that opens closes, and nothing of it is a program."""

    VOID = frozenset({"meta", "br", "img", "hr", "link", "input", "stop", "path", "rect", "circle"})

    def read(self, page: str) -> None:
        """All of it."""
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        assert tag not in {"script", "iframe", "object", "embed", "form"}
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        if tag not in self.VOID:
            assert self.open.pop() == tag


ID = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=8)
INFO = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('",\r\n\t='), max_size=12)
BROKEN = Row(
    target="t",
    from_id="a",
    to_id="b",
    status=PairStatus.FAILED,
    code=1,
    info="no\rvictim,friend",
    attempts=1,
    lost_answers=0,
)
ROWS = st.lists(
    st.builds(
        Row,
        target=st.just("t"),
        from_id=ID,
        to_id=ID,
        status=st.sampled_from(PairStatus),
        code=st.none() | st.integers(-5, 5),
        info=INFO,
        attempts=st.integers(0, 3),
        lost_answers=st.integers(0, 3),
    ),
    max_size=8,
)


@settings(deadline=None)
@given(ROWS, ID, st.sampled_from([Format.CSV, Format.JSONL]))
@example([BROKEN], "f", Format.CSV)
def test_any_row(rows: list[Row], field: str, form: Format) -> None:
    """Whatever ids and texts: each row is one row to a strict reader, with the same values."""
    shape = RowLayout(format=form, from_field=field, to_field=f"{field}2", full=True)
    content = b"".join(written_rows(rows, shape, ExportNotes()))
    wanted = [
        [r.from_id, r.to_id, str(r.status), r.code, r.info, r.attempts, r.lost_answers, r.target]
        for r in rows
    ]
    if form is Format.JSONL:
        found = [list(json.loads(line).values()) for line in content.split(b"\n") if line]
        assert found == wanted
        return
    told = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
    assert told[0] == [field, f"{field}2", *MORE]
    assert told[1:] == [["" if one is None else str(one) for one in row] for row in wanted]


def test_metrics_of_any_name() -> None:
    """The text is read by Prometheus's own reader, whatever the run is called."""
    name = 'a"b\\c\n{}'
    text = generate_latest(Metrics(name).registry).decode()
    families = list(text_string_to_metric_families(text))
    assert {one.labels["run"] for family in families for one in family.samples} == {name}
