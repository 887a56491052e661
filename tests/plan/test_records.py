"""Where records end, against Python's csv module, and two readers of ours against each other."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulkdel.errors import WrongInput
from bulkdel.job.job import Format, Quoting
from bulkdel.plan.fingerprint import fingerprint_changes
from bulkdel.plan.input.chunk_rows import read_chunk
from bulkdel.plan.input.chunks import LINES_MOST, Apart, Cutter
from bulkdel.plan.input.facts import Facts
from bulkdel.plan.input.file_bytes import FileBytes
from bulkdel.plan.input.open_file import BEGINNING_BYTES, OpenFile
from bulkdel.plan.input.reader import Staging
from bulkdel.plan.input.records import RECORD_MOST, Dialect, Record, UnclosedQuote, extent_at
from bulkdel.plan.input.rules import RowRules
from bulkdel.plan.input.separated import SeparatedReader
from bulkdel.plan.input.sources import SourceFile, find_sources
from bulkdel.plan.make import make_plan
from bulkdel.plan.sample import sample_of
from tests.plan.jobs import Planned, a_job, plan_text

CSV = Dialect(b",", quotes=True)
TSV = Dialect(b"\t", quotes=False)
RULES = RowRules(id_rules=(), from_field="f", to_field="t")
HEADER = "f,note,t\n"

FREE = st.text(st.sampled_from('ab",\n\r\t x:'), max_size=8)
WILD = st.lists(
    st.sampled_from(
        [b"a", b"b", b'"', b'""', b",", b"\n", b"\r\n", b"\r", b"\t", b" ", b"f,note,t\n", b"\xff",
         b"x,y,z\n", b'"p","q","r"\n', b"\xc3\xa9", b"\xef\xbb\xbf", b"a" * 33, b'" "']
    ),
    max_size=25,
).map(b"".join)  # fmt: skip


def reader_of(stream: BinaryIO, size: int, dialect: Dialect) -> SeparatedReader:
    """The reader of a whole file."""
    form = Format.CSV if dialect.delimiter == b"," else Format.TSV
    source = SourceFile(name="x", path=Path("x"), format=form, packing="")
    facts = Facts(path=source.path, size=size, unpacked=size, stamp=())
    quoting = Quoting.CSV if dialect.quotes else Quoting.NONE
    return SeparatedReader(OpenFile(source=source, facts=facts, stream=stream), quoting)


def one_by_one(body: bytes, dialect: Dialect) -> list[Record]:
    """The records as the reader of single records tells them."""
    data = HEADER.replace(",", dialect.delimiter.decode()).encode() + body
    return list(reader_of(io.BytesIO(data), len(data), dialect).records(RULES))


def many_at_once(path: Path, body: bytes, dialect: Dialect, most: int) -> Iterator[Record]:
    """The same file through chunks: rows without a place, rejects with theirs."""
    data = HEADER.replace(",", dialect.delimiter.decode()).encode() + body
    path.write_bytes(data)
    rejects: list[Record] = []
    staging = Staging(path=path.with_name("staged"), reject=rejects.append, chunk=most)
    with path.open("rb") as file:
        ready = reader_of(file, len(data), dialect).ready(RULES, staging)
        assert ready.line == 2
        line, total = ready.line, len(data) - ready.size
        for chunk in ready.chunks:
            if isinstance(chunk, Apart):
                yield Record(line, line + chunk.lines - 1, b"", chunk.fault)
                line += chunk.lines
                total += chunk.size
                continue
            rows = read_chunk(chunk, ready.shape)
            assert rows.bytes == chunk.size
            for ids in rows.ids:
                texts = [bytes(one.tobytes()).rstrip(b"\0") for one in ids]
                yield Record(0, 0, b"", tuple(texts))
            for reject in rows.rejects:
                yield Record(line + reject.line, line + reject.last_line, b"", reject.content)
            line += rows.lines
            total += chunk.size - chunk.added
    assert total == len(data) == len(HEADER) + len(body)
    assert not rejects
    assert not staging.path.exists()


def refused_at(error: WrongInput) -> tuple[str, int]:
    """The sentence, and the byte of the quote that never closes."""
    assert isinstance(error.__cause__, UnclosedQuote)
    return str(error), error.__cause__.at


@settings(max_examples=400, deadline=None)
@given(
    body=WILD,
    dialect=st.sampled_from([CSV, TSV, Dialect(b"\t", quotes=True), Dialect(b",", quotes=False)]),
    most=st.sampled_from([1, 5, 16, 40, 1 << 16]),
)
@example(body=b'"a""b",x,c\n"a"x"",b\n"p","q","r"\n', dialect=CSV, most=1 << 16)
def test_readers_agree(body: bytes, dialect: Dialect, most: int) -> None:
    """Whatever the bytes and wherever chunks end: same rows in the same order, same rejects.

    Each byte is of one row, reject, header or blank line: both readers end where the file does.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in"
        try:
            expected = one_by_one(body, dialect)
        except WrongInput as error:
            refusal = refused_at(error)
            with pytest.raises(WrongInput) as caught:
                list(many_at_once(path, body, dialect, most))
            assert refused_at(caught.value) == refusal
            return
        found = list(many_at_once(path, body, dialect, most))
    rows = [record.content for record in found if not isinstance(record.content, str)]
    assert rows == [record.content for record in expected if not isinstance(record.content, str)]
    rejects = [
        (one.line, one.last_line, one.content) for one in found if isinstance(one.content, str)
    ]
    assert rejects == [
        (one.line, one.last_line, one.content) for one in expected if isinstance(one.content, str)
    ]


@settings(max_examples=200, deadline=None)
@given(body=WILD, dialect=st.sampled_from([CSV, TSV]))
def test_records_lie_end_to_end(body: bytes, dialect: Dialect) -> None:
    """One record begins where the one before ended, at the beginning of a line."""
    content = FileBytes.of_bytes(body)
    at = 0
    while at < len(body):
        try:
            begin, end, _ = extent_at(content, at, dialect, 3)
        except UnclosedQuote:
            return
        assert begin == at < end <= len(body)
        assert end == len(body) or body[end - 1 : end] == b"\n"
        at = end


def written(rows: list[tuple[str, ...]], end: str, quoting: int) -> str:
    """As Python's csv module writes them."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]  # an int in Python 3.11's stubs
    writer.writerows(rows)
    return out.getvalue()


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(FREE, FREE, FREE), min_size=1, max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_csv_writes_is_read_as_it_reads_it(
    rows: list[tuple[str, ...]], end: str, quoting: int
) -> None:
    """Quotes, delimiters and line breaks in every column: each record is one row or one reject.

    No piece of a quoted cell is ever a row: the rows are exactly the records with good ids.
    """
    if "\r" in "".join(map("".join, rows)):
        quoting = csv.QUOTE_ALL  # Python 3.11 writes a lone CR without quotes
    text = "f,note,t" + end + written(rows, end, quoting)
    records = list(csv.reader(io.StringIO(text, newline=""), strict=True))[1:]
    assert records == [list(row) for row in rows]
    good = {(f, t) for f, _, t in rows if f and t and f != t and not set(f + t) & set("\n\r\t")}
    with tempfile.TemporaryDirectory() as folder:
        planned = planned_of(folder, text.encode())
    blank_before = [one for one in planned.rejects if one["reason"] == "blank_before_quote"]
    assert not blank_before
    assert planned.meta.books.read == len(rows)
    assert set(planned.pairs) == good


@settings(max_examples=150, deadline=None)
@given(body=WILD)
def test_no_row_that_another_reader_does_not_see(body: bytes) -> None:
    """Where Python's strict csv reads a file, its records hold all our rows; a row is no text.

    Where it does not, each of our rows stands on lines of its own and nothing is unaccounted for.
    """
    if b"\r" in body.replace(b"\r\n", b"") or not body.strip():
        return  # a lone CR ends a record for csv; here it is a character
    text = HEADER.encode() + body
    with tempfile.TemporaryDirectory() as folder:
        try:
            planned = planned_of(folder, text)
        except WrongInput:
            return
    lines = text.decode(errors="replace").split("\n")
    spans = [(one["line"], one["last_line"]) for one in planned.rejects]
    assert all(before[1] < after[0] for before, after in pairwise(spans))
    rejected = {at for first, last in spans for at in range(first, last + 1)}
    left = "\n".join(line for at, line in enumerate(lines, 1) if at not in rejected)
    records = list(csv.reader(io.StringIO(left, newline="")))
    assert {(row[0], row[2]) for row in records[1:] if len(row) == 3} >= set(planned.pairs)
    try:
        whole = list(csv.reader(io.StringIO(text.decode(), newline=""), strict=True))
    except (csv.Error, UnicodeDecodeError):
        return
    assert {(row[0], row[2]) for row in whole[1:] if len(row) == 3} >= set(planned.pairs)


def planned_of(folder: str, data: bytes) -> Planned:
    """The plan of this content."""
    return plan_text(Path(folder), data, from_field="f", to_field="t")


AMBIGUOUS = {
    "a quote inside": '"she wrote "please":\nboss,x,family\nthanks"',
    "a quoted word before the delimiter": '"he said "stop", and then\nboss,x,family\nbye"',
    "backslashes": '"he said \\"stop\\", and then\nboss,x,family\nbye"',
    "a blank before": ' "dear all\nboss,x,family\nbye"',
    "a mark before": '\ufeff"dear all\nboss,x,family\nbye"',
    "dialogue": '"he said: "stop", then\nboss,x,family\n"ok" he said."',
    "a blank behind": '"one" \nboss,x,family\n"',
}


@pytest.mark.parametrize("cell", AMBIGUOUS.values(), ids=AMBIGUOUS)
@pytest.mark.parametrize("place", ["{cell},x,y", "x,{cell},y", "x,y,{cell}"])
@pytest.mark.parametrize("ahead", ["", '"p","q","r"\n'])
def test_text_of_a_malformed_cell_is_no_row(
    tmp_path: Path, cell: str, place: str, ahead: str
) -> None:
    """However its quotes are malformed: what may be text is never a row, and what follows is read.

    Else the file is refused.
    """
    record = place.format(cell=cell)
    text = f'{HEADER}{ahead}{record}\ngood,x,row\n"more","x","rows"\nlast,x,one\n'
    planned = planned_of(str(tmp_path), text.encode())
    assert not {account for pair in planned.pairs for account in pair} & {"boss", "family"}
    assert ("last", "one") in planned.pairs
    [reject] = planned.rejects
    assert reject["line"] == 2 + bool(ahead)
    assert reject["last_line"] >= reject["line"] + 2


def test_malformed_records_are_rejected_one_by_one(tmp_path: Path) -> None:
    """Records with a quote too many, one after the other on lines of their own: a reject each."""
    rows = "".join(f'"a{at}","say "hi" twice","b{at}"\n' for at in range(50))
    planned = planned_of(str(tmp_path), f"{HEADER}{rows}good,x,row\n".encode())
    assert planned.reasons == [(at + 2, "text_after_quote") for at in range(50)]
    assert planned.pairs == [("good", "row")]


@pytest.mark.parametrize(
    ("body", "line"),
    [('a,"x\n', 2), ('a,b,c\n"a","x"y\n"b",z,q\n,"', 5), ('"', 2)],
)
def test_a_quote_that_never_closes_stops_the_file(tmp_path: Path, body: str, line: int) -> None:
    """Refused with the line where it opens, in whichever reading that is."""
    with pytest.raises(WrongInput, match=rf"quote that opens in line {line} is never closed"):
        planned_of(str(tmp_path), (HEADER + body).encode())


TABS = 'From_Account\tnote\tTo_Account\na\t"open\tb\n"c"\tx\td\ne\tends"\tf"\ng\tx\t"\n'


def test_tsv_has_no_quotes(tmp_path: Path) -> None:
    """A quotation mark is a character; an id that begins and ends with one is no id."""
    planned = plan_text(tmp_path, TABS, "in.tsv")
    assert planned.pairs == [("a", "b"), ("e", 'f"')]
    assert planned.reasons == [(3, "quoted: From_Account"), (5, "quoted: To_Account")]
    assert planned.meta.fingerprint.sources[0].quoting == "none"
    assert planned.meta.fingerprint.sources[0].header == "From_Account\tnote\tTo_Account"


def test_quoting_says_otherwise_for_either_format(tmp_path: Path) -> None:
    """With [input] quoting a TSV has quotes and a CSV has none; it is part of the plan."""
    tabs = plan_text(
        tmp_path, 'From_Account\tTo_Account\n"a"\t"b\tc"\n', "in.tsv", quoting=Quoting.CSV
    )
    assert tabs.reasons == [(2, "control_character: To_Account")]
    text = 'From_Account,To_Account\n"a,b\n"c",d\n'
    planned = plan_text(tmp_path, text, quoting=Quoting.NONE)
    assert planned.pairs == [('"a', "b")]
    assert planned.reasons == [(3, "quoted: From_Account")]
    changes = fingerprint_changes(a_job(tmp_path, ["in.csv"]), planned.meta.fingerprint)
    assert changes.changed == (f"input {tmp_path}/in.csv: quoting none → csv",)


@pytest.mark.parametrize("name", ["in.jsonl", "in.parquet"])
def test_quoting_of_another_format_is_an_error(tmp_path: Path, name: str) -> None:
    """Where quotes are no question, the key is refused by plan and sample."""
    (tmp_path / name).write_text("x", encoding="utf-8")
    job = a_job(tmp_path, [name], quoting=Quoting.NONE)
    [source] = find_sources(job.input, job.run_dir)
    words = r"input\.quoting is set, but .*" + name
    with pytest.raises(WrongInput, match=words):
        make_plan(job)
    with pytest.raises(WrongInput, match=words):
        sample_of(job, source)


def test_a_record_too_long_ends_where_its_quotes_say(tmp_path: Path) -> None:
    """It is one reject, its text is no row, and what follows is read."""
    cell = "boss,x,family\n" * (RECORD_MOST // 14 + 1)
    text = f'{HEADER}a,"{cell}",b\n"c","x","d"\n'
    planned = planned_of(str(tmp_path), text.encode())
    assert planned.pairs == [("c", "d")]
    [reject] = planned.rejects
    last = 2 + cell.count("\n")
    assert (reject["line"], reject["last_line"], reject["reason"]) == (2, last, "record_too_long")


def test_a_cell_longer_than_a_chunk_is_read(tmp_path: Path) -> None:
    """A record up to the limit is a row, over as many lines and chunks as it takes."""
    cell = "boss,x,family\n" * (RECORD_MOST // 14 - 1)
    planned = planned_of(str(tmp_path), f'{HEADER}a,"{cell}",b\n"c","x","d"'.encode())
    assert planned.pairs == [("a", "b"), ("c", "d")]
    assert planned.rejects == []


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_a_line_of_json_may_have_as_much(tmp_path: Path, end: str) -> None:
    """One byte more is one reject; separators that are no line feed end no line."""
    head, tail = '{"From_Account":"a","x":"', '","To_Account":"b"}'
    room = RECORD_MOST - len(head) - len(tail)
    lines = [head + "x" * room + tail, head + "x" * (room + 1) + tail, head + "\u2028\x85" + tail]
    planned = plan_text(tmp_path, (end or "\n").join(lines) + end, "in.jsonl")
    assert planned.meta.books.read == 3
    assert [(one["line"], one["last_line"], one["reason"]) for one in planned.rejects] == [
        (2, 2, "line_too_long")
    ]


def test_a_sample_stops_where_its_head_cuts_a_record(tmp_path: Path) -> None:
    """A record that goes on behind the head is none of it, and no error; its text is no row."""
    cell = "boss,x,family\n" * (BEGINNING_BYTES // 14)
    (tmp_path / "in.csv").write_text(f'{HEADER}a,x,b\nc,"{cell}",d\n', encoding="utf-8")
    job = a_job(tmp_path, ["in.csv"], from_field="f", to_field="t")
    [source] = find_sources(job.input, job.run_dir)
    sample = sample_of(job, source)
    assert (sample.rows, sample.bad, sample.pair) == (1, 0, ("a", "b"))
    (tmp_path / "in.csv").write_text(f'{HEADER}a,x,b\nc,"x,d\n', encoding="utf-8")
    with pytest.raises(WrongInput, match="line 3 is never closed"):
        sample_of(job, source)


@pytest.mark.parametrize("line", ["", "a", ",,", "a,x,b", '"a","x","b"'])
def test_lines_bound_a_chunk_as_bytes_do(tmp_path: Path, line: str) -> None:
    """However short lines are, only so many are worked on at a time."""
    body = (line + "\n") * (LINES_MOST + 10)
    (tmp_path / "x").write_text(body, encoding="utf-8")
    with (tmp_path / "x").open("rb") as file:
        cutter = Cutter(
            fd=file.fileno(), begin=0, end=len(body), dialect=CSV, width=3, most=1 << 24
        )
        sizes = [chunk.size for chunk in cutter.chunks()]
    assert sizes == [LINES_MOST * (len(line) + 1), 10 * (len(line) + 1)]
