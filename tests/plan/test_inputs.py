"""Every kind of input, nasty ones above all: pairs, rejects and books by hand."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import duckdb
import pytest
import zstandard

from bulkdel.errors import WrongInput
from bulkdel.job.job import Format
from bulkdel.plan.input.formats import SUFFIXES
from bulkdel.plan.input.readers import READERS
from bulkdel.plan.input.records import RECORD_MOST
from bulkdel.words import Operation
from tests.plan.jobs import a_job, a_target, plan, plan_text

HEAD = "From_Account,To_Account\n"

GOOD: list[tuple[str, str | bytes, list[tuple[str, str]]]] = [
    ("plain", HEAD + "a,b\nc,d\n", [("a", "b"), ("c", "d")]),
    ("no line end at the end", HEAD + "a,b\nc,d", [("a", "b"), ("c", "d")]),
    ("columns swapped", "To_Account,From_Account\nb,a\n", [("a", "b")]),
    ("extra columns", "x,To_Account,y,From_Account\n1,b,,a\n", [("a", "b")]),
    ("byte order mark", b"\xef\xbb\xbfFrom_Account,To_Account\na,b\n", [("a", "b")]),
    ("bom and quotes", b'\xef\xbb\xbf"From_Account",To_Account\na,"b"\n', [("a", "b")]),
    ("crlf", b"From_Account,To_Account\r\na,b\r\nc,d\r\n", [("a", "b"), ("c", "d")]),
    ("crlf, no end", b"From_Account,To_Account\r\na,b\r\nc,d", [("a", "b"), ("c", "d")]),
    ("mixed line ends", b"From_Account,To_Account\r\na,b\nc,d\r\n", [("a", "b"), ("c", "d")]),
    ("quoted", HEAD + '"a","b"\n"c,1","d""2"\n', [("a", "b"), ("c,1", 'd"2')]),
    ("quote inside", HEAD + 'a"x,b\n', [('a"x', "b")]),
    (
        "line break in another column",
        'From_Account,note,To_Account\na,"one\ntwo, three",b\r\nc,"""",d\n',
        [("a", "b"), ("c", "d")],
    ),
    ("ids are text", HEAD + "007,1e5\nnull,NA\nNaN,true\n0x1,1.0\n", [
        ("007", "1e5"), ("0x1", "1.0"), ("NaN", "true"), ("null", "NA")]),
    ("blanks are kept", HEAD + " a ,b\na,b \n", [(" a ", "b"), ("a", "b ")]),
    ("blank lines are no rows", "\n\nFrom_Account,To_Account\n\na,b\n\n\nc,d\n\n", [
        ("a", "b"), ("c", "d")]),
    ("blank lines between", HEAD + "\na,b\n\n\nc,d\n\n", [("a", "b"), ("c", "d")]),
    ("blank crlf lines", b"From_Account,To_Account\r\n\r\na,b\r\n\r\n", [("a", "b")]),
    ("beyond ASCII", HEAD + "é,漢\nÉ,漢\n", [("É", "漢"), ("é", "漢")]),
    ("case matters", HEAD + "a,B\nA,b\na,b\n", [("A", "b"), ("a", "B"), ("a", "b")]),
    ("hash and semicolon", HEAD + "#a,b\n;c,d\n\\N,e\n", [("#a", "b"), (";c", "d"), ("\\N", "e")]),
    ("32 bytes", HEAD + "a" * 32 + "," + "é" * 16 + "\n", [("a" * 32, "é" * 16)]),
    ("bom inside an id", HEAD + '\ufeffa,"b"\n', [("\ufeffa", "b")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "pairs"), [case[1:] for case in GOOD], ids=[c[0] for c in GOOD])
def test_good_rows_are_read_as_they_are(
    tmp_path: Path, text: str | bytes, pairs: list[tuple[str, str]]
) -> None:
    """Columns go by name, ids are text that nothing trims or converts, and nothing is rejected."""
    planned = plan_text(tmp_path, text)
    assert planned.pairs == sorted(pairs)
    assert planned.meta.books.read == len(pairs)
    assert planned.rejects == []


BAD: list[tuple[str, str | bytes, list[tuple[str, str]], list[tuple[int, str]]]] = [
    ("fields missing", HEAD + "a,b\nc\nd,e\n", [("a", "b"), ("d", "e")], [(3, "too_few_fields")]),
    ("fields too many", HEAD + "a,b\nc,d,e\n", [("a", "b")], [(3, "too_many_fields")]),
    ("trailing comma", HEAD + "a,b,\nc,d\n", [("c", "d")], [(2, "too_many_fields")]),
    ("empty ids", HEAD + ",b\na,\n", [], [(2, "empty: From_Account"), (3, "empty: To_Account")]),
    ("quoted nothing", HEAD + '"",b\nc,d\n', [("c", "d")], [(2, "empty: From_Account")]),
    ("blank line counted", HEAD + "\n\na,b\n\na,\n", [("a", "b")], [(6, "empty: To_Account")]),
    ("itself", HEAD + "a,a\na,b\n", [("a", "b")], [(2, "from_equals_to")]),
    ("33 bytes", HEAD + "a" * 33 + ",b\n", [], [(2, "too_long: From_Account")]),
    ("33 bytes of 17", HEAD + "a,x" + "é" * 16 + "\n", [], [(2, "too_long: To_Account")]),
    (
        "tab in an id",
        HEAD + "a\tb,c\nd,e\n",
        [("d", "e")],
        [(2, "control_character: From_Account")],
    ),
    ("bell", HEAD + "a,\x07\n", [], [(2, "control_character: To_Account")]),
    ("delete", HEAD + "a,b\x7f\n", [], [(2, "control_character: To_Account")]),
    ("C1", HEAD + "a,b\x85\n", [], [(2, "control_character: To_Account")]),
    ("unit separator", HEAD + "a\x1fb,c\n", [], [(2, "control_character: From_Account")]),
    ("NUL", HEAD + "a\0b,c\nd,e\n", [("d", "e")], [(2, "control_character: From_Account")]),
    ("lone CR", HEAD + "a\rb,c\nd,e\n", [("d", "e")], [(2, "control_character: From_Account")]),
    ("CR CR LF", HEAD + "a,b\r\r\nd,e\n", [("d", "e")], [(2, "control_character: To_Account")]),
    ("not UTF-8", HEAD.encode() + b"a,\xff\nd,e\n", [("d", "e")], [(2, "not_utf8")]),
    ("surrogate", HEAD.encode() + b"a,\xed\xa0\x80\nd,e\n", [("d", "e")], [(2, "not_utf8")]),
    ("halved at the end", HEAD.encode() + b"d,e\na,\xe6\xbc", [("d", "e")], [(3, "not_utf8")]),
    (
        "a quote opened here and closed before quoted text",
        HEAD + 'a,"b\nc,d\n"e","f"\n"g","h"\n',
        [("g", "h")],
        [(2, "text_after_quote")],
    ),
    (
        "a quote opened here and closed there",
        HEAD + 'a,"b\nc,d\ne,f"\ng,h\n',
        [("g", "h")],
        [(2, "control_character: To_Account")],
    ),
    ("text after a quote", HEAD + '"a"x,b\nc,d\n', [("c", "d")], [(2, "text_after_quote")]),
    ("text between quotes", HEAD + '"a"x","b"\nc,d\n', [("c", "d")], [(2, "text_after_quote")]),
    ("blanks before", HEAD + 'a, "b"\nc,d\n', [("c", "d")], [(2, "blank_before_quote")]),
    ("blanks behind", HEAD + 'a,"b" \n"c","d"\ne,f\n', [("e", "f")], [(2, "text_after_quote")]),
    (
        "header again",
        HEAD + "a,b\n" + HEAD + "c,d\n",
        [("a", "b"), ("c", "d")],
        [(3, "repeated_header")],
    ),
    (
        "header with a mark",
        HEAD + "\ufeff" + HEAD + "c,d\n",
        [("c", "d")],
        [(2, "repeated_header")],
    ),
    (
        "line break in an id",
        HEAD + '"a\nb",c\nd,e\n',
        [("d", "e")],
        [(2, "control_character: From_Account")],
    ),
    ("blanks only", HEAD + "   \na,b\n", [("a", "b")], [(2, "too_few_fields")]),
]


@pytest.mark.parametrize(
    ("text", "pairs", "reasons"), [case[1:] for case in BAD], ids=[case[0] for case in BAD]
)
def test_a_bad_row_costs_itself_alone(
    tmp_path: Path,
    text: str | bytes,
    pairs: list[tuple[str, str]],
    reasons: list[tuple[int, str]],
) -> None:
    """A wrong row is rejected with its physical line and reason; its neighbours are planned."""
    planned = plan_text(tmp_path, text)
    assert planned.pairs == sorted(pairs)
    assert planned.reasons == reasons


def test_an_unclosed_quote_stops_the_file(tmp_path: Path) -> None:
    """A quote that is never closed is an error of the file, which names its line."""
    rows = [f"a{at},b" for at in range(50_000)]
    rows[100] = 'a100,"b'
    with pytest.raises(WrongInput, match=r"in\.csv: the quote that opens in line 102 is never"):
        plan_text(tmp_path, HEAD + "\n".join(rows) + "\n")


def test_a_few_bad_rows_do_not_change_how_a_file_is_read(tmp_path: Path) -> None:
    """Bad first rows do not turn the file into another one: nothing about it is guessed."""
    rows = ["just text"] * 50 + [f"{at},{at + 1}" for at in range(30_000)]
    planned = plan_text(tmp_path, HEAD + "\n".join(rows) + "\n")
    assert (planned.meta.books.pairs, planned.meta.books.rejected) == (30_000, 50)
    assert planned.reasons[:2] == [(2, "too_few_fields"), (3, "too_few_fields")]


def test_rejects_keep_the_raw_row(tmp_path: Path) -> None:
    """The raw row is kept as text, cut with a mark when long, and in base64 if it is not UTF-8."""
    text = HEAD.encode() + b"a\n" + b"x" * 1001 + b",b\n" + b"\xff,b\n"
    planned = plan_text(tmp_path, text)
    short, long, binary = planned.rejects
    assert short == {
        "file": str(tmp_path / "in.csv"), "line": 2, "last_line": 2, "reason": "too_few_fields",
        "raw": "a",
    }  # fmt: skip
    assert long["raw"] == "x" * 1000 + "…"
    assert "raw_b64" not in long
    assert (binary["raw"], binary["raw_b64"]) == ("\ufffd,b", "/yxi")


def test_a_line_without_end_is_rejected_whole(tmp_path: Path) -> None:
    """A line over the cap is a reject of its own; the next line is read as usual."""
    planned = plan_text(tmp_path, HEAD + "x" * (RECORD_MOST - 1) + ",b\nc,d\n")
    assert planned.pairs == [("c", "d")]
    assert planned.reasons == [(2, "record_too_long")]
    planned = plan_text(tmp_path, HEAD + "x" * (RECORD_MOST - 2) + ",b\r\nc,d\n")
    assert planned.reasons == [(2, "too_long: From_Account")]


def test_rows_count_once_in_their_order(tmp_path: Path) -> None:
    """Rejected comes before protected, protected before duplicate."""
    text = HEAD + "a,b\na,b\na,b\nboss,a\nboss,a\na,boss\nboss,boss\nc,d\n"
    books = plan_text(tmp_path, text, protect=("boss",)).meta.books
    assert (books.read, books.pairs, books.duplicates, books.rejected, books.protected) == (
        8, 2, 2, 1, 3,
    )  # fmt: skip


def test_a_protect_file_guards_with_and_without_blanks(tmp_path: Path) -> None:
    """A line of a protect file guards the id as it stands and as it was probably meant."""
    guard = tmp_path / "keep.txt"
    guard.write_bytes(b"\xef\xbb\xbfboss \r\n\nroot\n")
    text = HEAD + 'boss,a\n"boss ",b\nroot,c\nx,y\n'
    planned = plan_text(tmp_path, text, protect_files=(guard,))
    assert planned.pairs == [("x", "y")]
    assert planned.meta.books.protected == 3


def test_a_target_with_a_narrower_rule_rejects_for_all(tmp_path: Path) -> None:
    """A row that one target cannot take goes to none, and the reason names the rule."""
    targets = (a_target("tencent"), a_target("zego", provider="zego", batch_size=20))
    planned = plan_text(tmp_path, HEAD + "a*,b\na,é\nc,d\n", targets=targets)
    assert planned.reasons == [(2, "zego_charset: From_Account"), (3, "zego_charset: To_Account")]
    assert [(share.first, share.batches) for share in planned.meta.shares] == [(0, 1), (1, 1)]
    assert planned.pairs == [("c", "d")]


JSONL: list[tuple[str, str, list[tuple[str, str]], list[tuple[int, str]]]] = [
    ("single", '{"From_Account": "a", "To_Account": "b"}\n', [("a", "b")], []),
    ("list", '{"From_Account":"a","To_Account":["b","c"]}', [("a", "b"), ("a", "c")], []),
    ("order and extras", '{"x":{"y":[1]},"To_Account":"b","From_Account":"a"}', [("a", "b")], []),
    ("escapes", '{"From_Account":"\\u0061","To_Account":"\\"b"}', [("a", '"b')], []),
    ("text", '{"From_Account":"007","To_Account":"null"}', [("007", "null")], []),
    ("blank lines", '\n{"From_Account":"a","To_Account":"b"}\r\n  \n', [("a", "b")], []),
    ("bom", '\ufeff{"From_Account":"a","To_Account":"b"}\n', [("a", "b")], []),
    ("number", '{"From_Account":7,"To_Account":"b"}', [], [(1, "not_text: From_Account")]),
    ("null", '{"From_Account":"a","To_Account":null}', [], [(1, "not_text: To_Account")]),
    ("object", '{"From_Account":"a","To_Account":{"b":1}}', [], [(1, "not_text: To_Account")]),
    ("nested list", '{"From_Account":"a","To_Account":[["b"],"c"]}', [("a", "c")],
     [(1, "not_text: To_Account")]),
    ("bad elements", '{"From_Account":"a","To_Account":["b",1,"","a"]}', [("a", "b")],
     [(1, "not_text: To_Account"), (1, "empty: To_Account"), (1, "from_equals_to")]),
    ("empty list", '{"From_Account":"a","To_Account":[]}', [], [(1, "empty_list: To_Account")]),
    ("duplicate key", '{"From_Account":"a","To_Account":"b","From_Account":"c"}', [],
     [(1, "duplicate_key")]),
    ("trailing comma", '{"From_Account":"a","To_Account":"b",}', [], [(1, "not_json")]),
    ("NaN", '{"From_Account":"a","To_Account":"b","x":NaN}', [], [(1, "not_json")]),
    ("cut", '{"From_Account":"a","To_Acc\n{"From_Account":"a","To_Account":"b"}', [("a", "b")],
     [(1, "not_json")]),
    ("array", '["a","b"]', [], [(1, "not_an_object")]),
    ("two objects", '{"From_Account":"a","To_Account":"b"}{}', [], [(1, "not_json")]),
    ("missing", '{"From_Account":"a"}', [], [(1, "missing: To_Account")]),
    ("lone surrogate", '{"From_Account":"a","To_Account":"\\ud800"}', [],
     [(1, "not_utf8: To_Account")]),
    ("escaped line break", '{"From_Account":"a","To_Account":"b\\nc"}', [],
     [(1, "control_character: To_Account")]),
    ("deep", "[" * 100_000, [], [(1, "not_json")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "pairs", "reasons"), [case[1:] for case in JSONL], ids=[case[0] for case in JSONL]
)
def test_jsonl_is_read_strictly(
    tmp_path: Path, text: str, pairs: list[tuple[str, str]], reasons: list[tuple[int, str]]
) -> None:
    """Each object is a row, each element of its list one; whatever is in doubt is rejected."""
    planned = plan_text(tmp_path, text, "in.jsonl")
    assert planned.pairs == sorted(pairs)
    assert planned.reasons == reasons


@pytest.mark.parametrize("packing", ["gz", "zst"])
def test_packed_files_and_several_of_them(tmp_path: Path, packing: str) -> None:
    """Packed files of several members are read to their end, beside files of other kinds."""
    halves = [HEAD.encode() + b"a,b\n", b"c,d\n"]
    pack = gzip.compress if packing == "gz" else zstandard.ZstdCompressor().compress
    (tmp_path / f"one.csv.{packing}").write_bytes(b"".join(pack(half) for half in halves))
    (tmp_path / "two.tsv").write_text("To_Account\tFrom_Account\nf\te\nb\ta\n", encoding="utf-8")
    (tmp_path / "three.ndjson").write_text(
        '{"From_Account":"g","To_Account":"h"}\n', encoding="utf-8"
    )
    planned = plan(a_job(tmp_path, [f"one.*.{packing}", "t*", "two.tsv"]))
    assert planned.pairs == [("a", "b"), ("c", "d"), ("e", "f"), ("g", "h")]
    assert planned.meta.books.duplicates == 1
    assert [Path(source.path).name for source in planned.meta.fingerprint.sources] == [
        f"one.csv.{packing}", "three.ndjson", "two.tsv",
    ]  # fmt: skip


def test_parquet_goes_by_name_and_row_number(tmp_path: Path) -> None:
    """Columns by name, NULL and bad ids rejected with the number of their row."""
    duckdb.execute(
        "COPY (SELECT * FROM (VALUES ('b','a',1), (NULL,'a',2), ('c','',3), ('007','a',4)) "
        'v("To_Account", "From_Account", "from account")) TO $path (FORMAT parquet)',
        {"path": str(tmp_path / "in.parquet")},
    )
    planned = plan(a_job(tmp_path, ["in.parquet"]))
    assert planned.pairs == [("a", "007"), ("a", "b")]
    assert planned.reasons == [(2, "empty: To_Account"), (3, "empty: From_Account")]


def test_standard_input_is_kept_and_planned_again(tmp_path: Path) -> None:
    """Standard input is copied into the run directory, private, and serves a later planning."""
    job = a_job(tmp_path, ["-"], format=Format.CSV)
    first = plan(job, stdin=io.BytesIO(HEAD.encode() + b"a,b\nc\n"))
    assert first.pairs == [("a", "b")]
    assert first.rejects[0]["file"] == "-"
    assert (job.run_dir / "stdin.data").stat().st_mode & 0o777 == 0o600
    assert plan(job).meta == first.meta


ACCOUNTS = "From_Account\n\na\n007\n\na\n"


def test_accounts_to_clear(tmp_path: Path) -> None:
    """delete_all_friends takes a list of accounts: one entry each, blank lines are none."""
    planned = plan_text(tmp_path, ACCOUNTS + '""\n', operation=Operation.DELETE_ALL_FRIENDS)
    assert planned.pairs == [("007", ""), ("a", "")]
    assert planned.meta.books.duplicates == 1
    assert planned.reasons == [(7, "empty: From_Account")]
    assert [entry.ordinal for entry in planned.entries] == [0, 1]


def test_accounts_only_reads_accounts_out_of_pairs(tmp_path: Path) -> None:
    """With accounts_only the To column is looked past; From = To is no fault then."""
    planned = plan_text(
        tmp_path, HEAD + "a,a\nb,\n", operation=Operation.DELETE_ALL_FRIENDS, accounts_only=True
    )
    assert planned.pairs == [("a", ""), ("b", "")]


def test_each_format_has_a_reader_and_a_suffix() -> None:
    """What the job file allows can be read, and is known by its name."""
    assert set(READERS) == set(SUFFIXES.values()) == set(Format)
