"""Exports: every pair once, under the status it has, in a form that a new job reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest

from bulkdel.errors import Corrupt, WrongInput
from bulkdel.job.job import Format, Job
from bulkdel.job.jobfile import load_job
from bulkdel.ledger.journal import Journal
from bulkdel.ledger.values import Intent, Outcome, Part, Settlement
from bulkdel.plan.entries import TURNED
from bulkdel.plan.make import make_plan
from bulkdel.plan.read import PlanReader
from bulkdel.plan.values import PlanMeta
from bulkdel.report.exported import ExportFilter, PairStatus, unsettled_rows
from bulkdel.runs.export import keep, pairs
from bulkdel.words import Batch, Orient
from tests.support import front
from tests.support.ledger import rest, some, tick
from tests.support.plans import write_batches

AT_MS = 1_795_299_901_123
JOB = """
operation = "delete_friends"
mode = "two_way"
run_dir = "run"
[input]
files = ["pairs.csv"]
from_field = "who"
to_field = "whom"
[targets.tencent]
provider = "tencent"
app_id = 1
endpoint = "emulator"
batch_size = 3
[targets.second]
provider = "tencent"
app_id = 2
endpoint = "emulator"
"""
ROWS = 'note,who,whom\nx,a,1\nx,a,2\nx,a,3\nx,a,4\nx,"b,""c",1\nx,d,1\n'


def planned(folder: Path, rows: str = ROWS, job: str = JOB) -> tuple[Job, PlanMeta]:
    """A job over the rows, planned."""
    (folder / "job.toml").write_text(job)
    (folder / "pairs.csv").write_bytes(rows.encode())
    found = load_job(folder / "job.toml")
    found.run_dir.mkdir(mode=0o700)
    return found, make_plan(found, stdin=None)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[tuple[Job, PlanMeta]]:
    """A run in which tencent settled a's first batch in part, and a call for "b,c" is out."""
    job, meta = planned(tmp_path)
    from bulkdel.runs.status import identity_of  # noqa: PLC0415  # as the commands do

    with PlanReader(job.run_dir, meta) as plan:
        entries = [entry for some_ in plan.scan(0, meta.shares[0].batches) for entry in some_]
        batch = next(one for one in entries if isinstance(one, Batch) and len(one.to_accounts) == 3)
        other = next(one for one in entries if one.from_account == 'b,"c')
        assert isinstance(batch, Batch)
        with Journal.open(
            job.run_dir,
            identity_of(job, meta),
            plan.entry,
            operation=job.operation,
            mode=job.mode,
        ) as journal:
            tick(
                journal,
                Intent(ordinal=batch.ordinal, target=0, parts=(Part(),), again=False),
                Intent(ordinal=other.ordinal, target=0, parts=(Part(),), again=False),
            )
            left = Part(items=(2,), attempts=1, lost=1)
            settlement = Settlement(
                of=None,
                left=(2,),
                groups=(some(0, code=31704, info='say "no", then'), rest()),
                attempts=1,
                at_ms=AT_MS,
            )
            tick(
                journal,
                Outcome(
                    entry=batch,
                    target=0,
                    settlement=settlement,
                    parts=(left,),
                    code=30006,
                    info="busy",
                    throttled=False,
                    lost=True,
                ),
            )
            yield job, meta


def exported(
    job: Job,
    choice: ExportFilter,
    *,
    full: bool = False,
    fmt: Format = Format.CSV,
    say: Callable[[str], None] = print,
) -> str:
    """All of an export."""
    return b"".join(pairs(job, choice, fmt, full=full, say=say)).decode()


def of(*statuses: PairStatus, target: str = "tencent") -> ExportFilter:
    """Pairs of one target."""
    return ExportFilter(statuses=frozenset(statuses), targets=frozenset({target}))


def test_unsettled_come_from_plan_and_journal(run: tuple[Job, PlanMeta]) -> None:
    """What no reply has settled is unsettled: left over, out, or never sent; and nothing else."""
    job, _ = run
    told = exported(job, of(PairStatus.UNSETTLED)).splitlines()
    assert told[0] == "who,whom"
    assert sorted(told[1:]) == ['"b,""c",1', "a,3", "a,4", "d,1"]
    others = exported(job, of(PairStatus.UNSETTLED, target="second")).splitlines()
    assert len(others) == 7


def test_every_pair_is_exported_once(run: tuple[Job, PlanMeta]) -> None:
    """Without a choice of status a target's pairs are all there, each once."""
    told = exported(run[0], of()).splitlines()[1:]
    assert sorted(told) == ['"b,""c",1', "a,1", "a,2", "a,3", "a,4", "d,1"]


def test_full_rows(run: tuple[Job, PlanMeta]) -> None:
    """--full says what the ledger says, and of unsettled pairs what the last answer was."""
    choice = ExportFilter(accounts=frozenset({"a"}), targets=frozenset({"tencent"}))
    assert exported(run[0], choice, full=True).splitlines() == [
        "who,whom,status,code,info,attempts,lost_answers,target",
        'a,1,already_gone,31704,"say ""no"", then",1,0,tencent',
        "a,2,deleted,0,,1,0,tencent",
        "a,3,unsettled,30006,busy,1,1,tencent",
        "a,4,unsettled,,,0,0,tencent",
    ]


def test_jsonl(run: tuple[Job, PlanMeta]) -> None:
    """JSONL has the job's field names; --full adds to them."""
    (told,) = exported(run[0], of(PairStatus.DELETED), fmt=Format.JSONL).splitlines()
    assert orjson.loads(told) == {"who": "a", "whom": "2"}
    (told,) = exported(run[0], of(PairStatus.DELETED), fmt=Format.JSONL, full=True).splitlines()
    assert list(orjson.loads(told)) == [
        "who", "whom", "status", "code", "info", "attempts", "lost_answers", "target",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("choice", "whom"),
    [
        (ExportFilter(codes=frozenset({31704})), ["1"]),
        (ExportFilter(codes=frozenset({30006, 0})), ["2", "3"]),
        (ExportFilter(accounts=frozenset({"4"}), targets=frozenset({"tencent"})), ["4"]),
        (ExportFilter(statuses=frozenset({PairStatus.FAILED})), []),
    ],
)
def test_choices(run: tuple[Job, PlanMeta], choice: ExportFilter, whom: list[str]) -> None:
    """Codes choose among last codes, an account may stand on either side; both must hold."""
    told = exported(run[0], choice).splitlines()[1:]
    assert [line.split(",")[-1] for line in told] == whom


def test_a_new_job_reads_it(run: tuple[Job, PlanMeta], tmp_path: Path) -> None:
    """An export is the input of a job with the same field names: the same pairs, no reject."""
    folder = tmp_path / "new"
    folder.mkdir()
    rows = exported(run[0], of(PairStatus.UNSETTLED), full=True)
    _, meta = planned(folder, rows)
    assert (meta.books.read, meta.books.pairs, meta.books.rejected) == (4, 4, 0)


def test_before_the_first_call(tmp_path: Path) -> None:
    """Of a plan that was not sent, every pair is unsettled."""
    job, _ = planned(tmp_path)
    assert len(exported(job, of(PairStatus.UNSETTLED)).splitlines()) == 7


def test_chosen_sides_do_not_show(tmp_path: Path) -> None:
    """A pair that is to be sent from its other side is exported as the input names it."""
    write_batches(tmp_path, ("hub", ["a" + TURNED, "b"]))
    job = front.job(front.tencent(), orient=Orient.FEWEST_CALLS)
    meta = front.plan(job, front.books(read=2, pairs=2), {"tencent": 1})
    with PlanReader(tmp_path, meta) as plan:
        rows = list(unsettled_rows(plan, meta, None, ExportFilter()))
    assert [(row.from_id, row.to_id) for row in rows] == [("a", "hub"), ("hub", "b")]


def test_sweeps(tmp_path: Path) -> None:
    """Of whole lists the accounts are exported, one column."""
    text = JOB.replace("delete_friends", "delete_all_friends").replace('to_field = "whom"\n', "")
    job, _ = planned(tmp_path, "who\na\nb\n", text)
    assert sorted(exported(job, of(PairStatus.UNSETTLED)).splitlines()) == ["a", "b", "who"]


def test_a_line_being_written_is_left_out(run: tuple[Job, PlanMeta]) -> None:
    """Only whole lines of the ledger are read."""
    path = run[0].run_dir / "ledger.jsonl"
    path.write_bytes(path.read_bytes()[:-30])
    assert len(exported(run[0], of(PairStatus.DELETED, PairStatus.ALREADY_GONE)).splitlines()) == 2


def test_a_strange_line_is_refused(run: tuple[Job, PlanMeta]) -> None:
    """What bulkdel does not write is no pair: the line is named."""
    path = run[0].run_dir / "ledger.jsonl"
    path.write_bytes(b'{"status":"deleted"}\n')
    with pytest.raises(Corrupt, match=r"ledger\.jsonl, line 1: "):
        exported(run[0], of(PairStatus.DELETED))


def test_a_target_that_is_not_there(run: tuple[Job, PlanMeta]) -> None:
    """A misspelt target is an error, not an empty file."""
    with pytest.raises(WrongInput, match="only tencent, second"):
        exported(run[0], of(target="sekond"))


@pytest.mark.parametrize("fmt", [Format.CSV, Format.JSONL])
def test_no_column_hides_an_id(tmp_path: Path, fmt: Format) -> None:
    """A field that is called like a column of --full is refused: one of the two would be lost."""
    text = JOB.replace('"whom"', '"status"')
    job, _ = planned(tmp_path, "who,status\na,b\n", text)
    with pytest.raises(WrongInput, match="--full adds a column status"):
        exported(job, of(PairStatus.UNSETTLED), full=True, fmt=fmt)
    assert "a" in exported(job, of(PairStatus.UNSETTLED), fmt=fmt)


@pytest.mark.parametrize(("fmt", "notes"), [(Format.CSV, 1), (Format.JSONL, 0)])
def test_formulas_are_told_and_kept(tmp_path: Path, fmt: Format, notes: int) -> None:
    """An id that a spreadsheet would run is written as it is, and that is said once."""
    job, _ = planned(tmp_path, "who,whom\n=1+2,b\na,@sum\n-,+\nc,d\n")
    said: list[str] = []
    told = exported(job, of(PairStatus.UNSETTLED), fmt=fmt, say=said.append)
    assert len(said) == notes
    assert all(one.startswith("Note: 3 rows with a cell that begins with =") for one in said)
    assert all(one in told for one in ("=1+2", "@sum", "-", "+"))


def test_output_is_a_new_file(tmp_path: Path) -> None:
    """A file is written whole, for its owner only, and never over another."""
    keep([b"a", b"b"], tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == b"ab"
    assert (tmp_path / "out.csv").stat().st_mode & 0o777 == 0o600
    with pytest.raises(WrongInput, match="is there already"):
        keep([b"c"], tmp_path / "out.csv")
    with pytest.raises(WrongInput, match="cannot be written"):
        keep([b"c"], tmp_path / "none" / "out.csv")


def test_a_failed_export_leaves_no_file(tmp_path: Path) -> None:
    """Where the export fails half-way there is no half file."""

    def pieces() -> Iterator[bytes]:
        yield b"a"
        raise WrongInput("no")

    with pytest.raises(WrongInput):
        keep(pieces(), tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == []
