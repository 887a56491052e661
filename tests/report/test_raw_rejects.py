"""Exported rejects: below the header they were read under, whole, one row to every reader."""

from __future__ import annotations

import base64
import csv
import io
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulkdel.errors import BulkdelError, Corrupt, WrongInput
from bulkdel.files import REJECTS
from bulkdel.job.jobfile import load_job
from bulkdel.plan.make import make_plan
from bulkdel.plan.rejects import RAW_CAP
from bulkdel.plan.values import PlanMeta, Source
from bulkdel.report.export_notes import ExportNotes
from bulkdel.report.raw_rejects import raw_rejects
from tests.support import front

JOB = """
operation = "delete_friends"
mode = "one_way"
run_dir = "run"
[input]
files = ["{file}"]
[targets.t]
provider = "tencent"
app_id = 1
endpoint = "emulator"
"""
HEADER = "To_Account,From_Account"
BOM = b"\xef\xbb\xbf"


def source(path: str = "a.csv", header: str | None = HEADER, quoting: str = "") -> Source:
    """An input file of the plan."""
    kind = path.rpartition(".")[2]
    return Source(path=path, format=kind, size=1, sha256="0", quoting=quoting, header=header)


def meta_of(*sources: Source, rejected: int) -> PlanMeta:
    """A plan over these files."""
    job = front.job(front.tencent())
    made = front.plan(job, front.books(read=rejected, pairs=0, rejected=rejected), {"tencent": 0})
    return replace(made, fingerprint=replace(made.fingerprint, sources=sources))


def write(folder: Path, *rows: tuple[str, bytes]) -> None:
    """A rejects.jsonl as it is documented: the files' names and the rows, from line 2 on."""
    (folder / REJECTS).write_bytes(
        b"".join(line(name, number, raw) for number, (name, raw) in enumerate(rows, 2))
    )


def line(name: str, number: int, raw: bytes) -> bytes:
    """One line of it: the text, and the bytes where they are no UTF-8, of bounded length."""
    told: dict[str, object] = {"file": name, "line": number, "last_line": number, "reason": "any"}
    text = raw.decode(errors="replace")
    told["raw"] = text if len(text) <= RAW_CAP else text[:RAW_CAP] + "…"
    if text.encode() != raw:
        told["raw_b64"] = base64.b64encode(raw[:RAW_CAP]).decode()
    return orjson.dumps(told) + b"\n"


def exported(
    folder: Path, *sources: Source, only: str | None = None, notes: ExportNotes | None = None
) -> bytes:
    """What is exported from rejects.jsonl in `folder`."""
    lines = (folder / REJECTS).read_bytes().count(b"\n")
    meta = meta_of(*sources, rejected=lines)
    return b"".join(raw_rejects(folder, meta, notes or ExportNotes(), source=only))


def test_the_header_is_the_plans(tmp_path: Path) -> None:
    """Whatever the input file is now, or whether it is gone, columns keep the order they had."""
    (tmp_path / "a.csv").write_text("From_Account,To_Account\n")
    write(tmp_path, ("a.csv", b"b,a"))
    assert exported(tmp_path, source()) == b"To_Account,From_Account\nb,a\n"


def test_a_header_that_is_not_known(tmp_path: Path) -> None:
    """Without the header nothing is written: in which order would the columns stand?"""
    write(tmp_path, ("a.csv", b"b,a"))
    with pytest.raises(WrongInput, match="header that its rows were read under is not known"):
        exported(tmp_path, source(header=None))


def test_no_rejects_need_no_header(tmp_path: Path) -> None:
    """Where nothing was rejected an older plan is no trouble."""
    write(tmp_path)
    assert exported(tmp_path, source(header=None)) == b""


@pytest.mark.parametrize(
    "other",
    [
        source("b.csv", "From_Account,To_Account"),
        source("b.tsv", HEADER),
        source("b.csv", HEADER, quoting="none"),
        source("b.jsonl", None),
    ],
)
def test_rows_of_two_kinds_do_not_mix(tmp_path: Path, other: Source) -> None:
    """Another header, format or quoting is another file; each can be had by name."""
    write(tmp_path, ("a.csv", b"b,"), (other.path, b"x"))
    with pytest.raises(WrongInput, match="--source FILE"):
        exported(tmp_path, source(), other)
    assert exported(tmp_path, source(), other, only="a.csv") == f"{HEADER}\nb,\n".encode()


def test_files_that_share_a_name(tmp_path: Path) -> None:
    """Two names that are no UTF-8 look the same in rejects.jsonl: whose header would it be?"""
    write(tmp_path, ("a\ufffd.csv", b"b,"))
    files = (source("a\udcff.csv"), source("a\udcfe.csv"))
    with pytest.raises(WrongInput, match="several input files have this name"):
        exported(tmp_path, *files)


def test_rejects_of_another_plan(tmp_path: Path) -> None:
    """A file that is cut, longer, gone, or of other inputs is refused; none of it is guessed."""
    meta = meta_of(source(), rejected=2)
    write(tmp_path, ("a.csv", b"b,"))
    with pytest.raises(Corrupt, match="it has 1 lines, but the plan rejected 2 rows"):
        list(raw_rejects(tmp_path, meta, ExportNotes(), source=None))
    write(tmp_path, ("a.csv", b"b,"), ("c.csv", b"c,"))
    with pytest.raises(Corrupt, match=r"no input file c\.csv"):
        list(raw_rejects(tmp_path, meta, ExportNotes(), source=None))


@pytest.mark.parametrize(
    "raw",
    [
        b'"open,b',  # would swallow the next row
        b'"a"b,c',  # text after a quote: readers differ
        b'a,"x"y"',
        b"a\rb,c",  # a carriage return ends a row to many
        b"a,b\r",
        b'a,"b\r\n',
        b'a, ""',  # a quote behind blanks opens a field to some
        'a,\u00a0"b"'.encode(),
    ],
)
def test_a_row_that_readers_differ_about(tmp_path: Path, raw: bytes) -> None:
    """It is left out and named: what stands beside it keeps its meaning, and it is not mended."""
    notes = ExportNotes()
    write(tmp_path, ("a.csv", b"one,"), ("a.csv", raw), ("a.csv", b"two,"))
    assert exported(tmp_path, source(), notes=notes) == f"{HEADER}\none,\ntwo,\n".encode()
    assert (notes.rows, notes.loose.rows, notes.loose.places) == (2, 1, ["a.csv line 3"])


@pytest.mark.parametrize(
    "raw",
    [b'"a, ""b""\r\nc,d",e', b",", b'a"b,c', b'"",""', "\u2028,\x85,\x1b[31m".encode(), b"\xff,b"],
)
def test_rows_come_back_byte_for_byte(tmp_path: Path, raw: bytes) -> None:
    """Over several lines, with quotes, control characters or without UTF-8: as they stood."""
    write(tmp_path, ("a.csv", raw))
    assert exported(tmp_path, source()) == HEADER.encode() + b"\n" + raw + b"\n"


def test_a_row_over_several_lines_is_named_by_all_of_them(tmp_path: Path) -> None:
    """The place of a row that is left out has its last line, where rejects.jsonl says it."""
    told = {"file": "a.csv", "line": 3, "last_line": 5, "reason": "any", "raw": '"x"\n"y\n,"'}
    (tmp_path / REJECTS).write_bytes(orjson.dumps(told) + b"\n")
    notes = ExportNotes()
    assert exported(tmp_path, source(), notes=notes) == HEADER.encode() + b"\n"
    assert notes.loose.places == ["a.csv line 3-5"]


@pytest.mark.parametrize("raw", [b"a" * 1001 + b",b", b"\xff" * 1000, "ü".encode() * 1001])
def test_a_row_that_was_cut(tmp_path: Path, raw: bytes) -> None:
    """What is not whole is left out: mended, it would be another row than the input's."""
    notes = ExportNotes()
    write(tmp_path, ("a.csv", raw), ("a.csv", b"a" * 990 + b","))
    assert exported(tmp_path, source(), notes=notes).count(b"\n") == 2
    assert (notes.rows, notes.cut.places) == (1, ["a.csv line 2"])


def test_tsv_has_no_quotes(tmp_path: Path) -> None:
    """A quotation mark in TSV is a character; where it is none, the new job must know."""
    notes = ExportNotes()
    write(tmp_path, ("a.tsv", b'"x\ty'))
    header = "From_Account\tTo_Account"
    wanted = header.encode() + b'\n"x\ty\n'
    assert exported(tmp_path, source("a.tsv", header), notes=notes) == wanted
    assert notes.quoting == ""
    exported(tmp_path, source("a.tsv", header, quoting="csv"), notes=notes)
    assert (notes.quoting, notes.loose.rows) == ("csv", 1)


def test_json_lines(tmp_path: Path) -> None:
    """JSONL and Parquet rows are lines of JSON, without a header, each line once."""
    one = line("a.jsonl", 1, b'{"From_Account":"a","To_Account":["",""]}')
    other = line("b.parquet", 1, b'{"From_Account":null,"To_Account":"b"}')
    (tmp_path / REJECTS).write_bytes(one + one + other)  # two ids of one list
    files = (source("a.jsonl", None), source("b.parquet", None))
    told = [json.loads(text) for text in exported(tmp_path, *files).splitlines()]
    assert [each["From_Account"] for each in told] == ["a", None]


def test_no_byte_order_mark_is_lost(tmp_path: Path) -> None:
    """A row that begins with one is rejected for it, and would be a row without it."""
    row = BOM + b'{"From_Account":"a","To_Account":"b"}'
    write(tmp_path, ("a.jsonl", row))
    assert exported(tmp_path, source("a.jsonl", None)) == BOM + row + b"\n"


CELLS = st.text(st.sampled_from('ab",\r\n=é\x1b '), max_size=5)
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS, st.booleans()), min_size=1, max_size=6)


def written(rows: list[tuple[str, str, str, bool]]) -> bytes:
    """Rows of a CSV file, some as a careful writer has them and some as a careless one."""
    paper = io.StringIO(newline="")
    pen = csv.writer(paper, lineterminator="\n", quoting=csv.QUOTE_ALL)
    pen.writerow(["note", "To_Account", "From_Account"])
    for *cells, careful in rows:
        if careful:
            pen.writerow(cells)
        else:
            paper.write(",".join(cells) + "\n")
    return paper.getvalue().encode()


def planned(folder: Path, content: bytes) -> tuple[PlanMeta, list[dict[str, object]]]:
    """The plan of this CSV file in a new folder, and its rejects."""
    folder.mkdir()
    (folder / "in.csv").write_bytes(content)
    (folder / "job.toml").write_text(JOB.format(file="in.csv"))
    job = load_job(folder / "job.toml")
    job.run_dir.mkdir()
    meta = make_plan(job, stdin=None)
    lines = (job.run_dir / REJECTS).read_bytes().splitlines()
    return meta, [orjson.loads(line) for line in lines]


@settings(max_examples=60, deadline=None)
@example([("", "", ' ""', False), ("", "=", '"a"', False), ("", "", '="', False)])
@given(ROWS)
def test_read_again_they_are_the_same_rejects(rows: list[tuple[str, str, str, bool]]) -> None:
    """A new job over the export plans no pair and rejects the very same rows; so does csv."""
    with tempfile.TemporaryDirectory() as name:
        try:
            meta, before = planned(Path(name) / "old", written(rows))
        except BulkdelError:  # the file itself cannot be read
            return
        notes = ExportNotes()
        told = b"".join(raw_rejects(Path(name) / "old/run", meta, notes, source=None))
        assert notes.rows + notes.loose.rows == len(before)
        if not notes.rows:
            return
        again, after = planned(Path(name) / "new", told)
        assert (again.books.pairs, again.books.rejected) == (0, notes.rows)
        kept = [one for one in before if str(one["raw"]) in {str(two["raw"]) for two in after}]
        assert [one["raw"] for one in after] == [one["raw"] for one in kept][: len(after)]
        strict = csv.reader(io.StringIO(told.decode(), newline=""), strict=True)
        assert len([one for one in strict if one]) == notes.rows + 1
