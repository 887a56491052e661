"""Input that cannot be planned: one clear sentence, and no plan."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import duckdb
import pytest
import zstandard

from bulkdel.errors import WrongInput
from bulkdel.job.job import Format
from bulkdel.plan.input.sources import WrongFile
from bulkdel.plan.make import make_plan
from bulkdel.words import Operation
from tests.plan.jobs import a_job, plan

HEAD = "From_Account,To_Account\n"
CASES: list[tuple[str, bytes | None, str]] = [
    ("missing.csv", None, "no such file"),
    ("none*.csv", None, "no file matches"),
    ("empty.csv", b"", "is empty"),
    ("head.csv", HEAD.encode(), "no rows"),
    ("blank.csv", b"\n\n", "no header"),
    ("blank.jsonl", b"\n\n", "no rows"),
    ("bytes.csv", bytes(range(256)) * 40, "binary"),
    ("png.csv", b"\x89PNG\r\n\x1a\n\0\0\0", "not UTF-8"),
    ("bytes.jsonl", b"\x89PNG\r\n\x1a\n\0\xff\0", "binary"),
    ("gz.csv", gzip.compress(HEAD.encode() + b"a,b\n"), r"gzip; end its name in \.gz"),
    ("zst.csv", zstandard.compress(HEAD.encode() + b"a,b\n"), r"zstd; end its name in \.zst"),
    ("utf16.csv", HEAD.encode("utf-16"), "UTF-16 text; save it as UTF-8"),
    ("list.xlsx", b"PK\x03\x04", "is an Excel workbook; save it as CSV UTF-8"),
    ("list.XLS", b"\xd0\xcf\x11\xe0", "is an Excel workbook; save it as CSV UTF-8"),
    ("list.ods", b"PK\x03\x04", "spreadsheet of LibreOffice; save it as CSV"),
    ("list.numbers", b"PK\x03\x04", "spreadsheet of Numbers; save it as CSV"),
    ("renamed.csv", b"PK\x03\x04\x14\0", "is an Excel workbook or another zip file; save it"),
    ("old.csv", b"\xd0\xcf\x11\xe0\xa1", "is an old Excel workbook"),
    ("pairs.csv.zip", b"PK\x03\x04", "is packed; unpack it"),
    ("pairs.csv.bz2", b"BZh9", "is packed; unpack it"),
    ("parquet.csv", b"PAR1", 'set input.format = "parquet"'),
    ("page.csv", b"\xef\xbb\xbf\n<!DOCTYPE html>", "is a web page"),
    ("lines.csv", b'{"From_Account": "a"}\n', 'set input.format = "jsonl"'),
    ("list.json", b'[{"From_Account": "a"}]', 'set input.format = "jsonl"'),
    ("other.csv", b"from,to\na,b\n", r"'From_Account' or 'To_Account'; it has 'from', 'to'; did"),
    ("twice.csv", b"From_Account,To_Account,To_Account\na,b,c\n", "'To_Account' more than once"),
    ("what.txt", b"x", "input.format"),
    ("cut.csv.gz", gzip.compress(HEAD.encode() + b"a,b\n")[:-4], "broken or cut short"),
    ("junk.csv.gz", b"not gzip at all", r"broken or cut short.* take \.gz off its name"),
    ("quote.csv", b'"a"b,c\n', "its header cannot be read"),
    ("latin.csv", b"Fr\xe4nk,b\n", "header is not UTF-8 text; save it as UTF-8"),
    ("junk.csv.zst", b"not zstandard", "broken or cut short"),
    ("junk.parquet", b"not parquet", "Parquet"),
]


@pytest.mark.parametrize(("name", "content", "words"), CASES, ids=[case[0] for case in CASES])
def test_input_that_cannot_be_planned(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    """Each is one sentence that names key and file, and leaves neither a plan nor scraps."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    job = a_job(tmp_path, [name])
    with pytest.raises(WrongFile, match=words) as caught:
        make_plan(job)
    assert caught.value.file == str(tmp_path / name)
    assert caught.value.where == f"input.files {tmp_path / name}"
    assert caught.value.mend
    assert "\n" not in str(caught.value)
    assert list(job.run_dir.iterdir()) == []


def test_zstd_cut_short(tmp_path: Path) -> None:
    """A frame without its end is a broken file, not a shorter one."""
    data = zstandard.ZstdCompressor().compress((HEAD + "a,b\n" * 50_000).encode())
    (tmp_path / "in.csv.zst").write_bytes(data[:-6])
    with pytest.raises(WrongInput, match="broken or cut short"):
        make_plan(a_job(tmp_path, ["in.csv.zst"]))


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    """A directory is refused, with what to write instead."""
    (tmp_path / "rows").mkdir()
    with pytest.raises(WrongInput, match="is a directory"):
        make_plan(a_job(tmp_path, ["rows"]))


def test_parquet_ids_must_be_text(tmp_path: Path) -> None:
    """A Parquet column of numbers is an error, never converted."""
    duckdb.execute(
        'COPY (SELECT \'a\' AS "From_Account", 7 AS "To_Account") TO $path (FORMAT parquet)',
        {"path": str(tmp_path / "in.parquet")},
    )
    with pytest.raises(WrongInput, match="INTEGER, not text"):
        make_plan(a_job(tmp_path, ["in.parquet"]))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("in.csv", HEAD + "a,b\n"),
        ("in.jsonl", '{"From_Account":"a"}\n{"From_Account":"b","To_Account":0}'),
    ],
)
def test_pairs_are_not_taken_for_accounts(tmp_path: Path, name: str, text: str) -> None:
    """delete_all_friends refuses input that has the To column: whole lists are at stake."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    job = a_job(tmp_path, [name], operation=Operation.DELETE_ALL_FRIENDS)
    with pytest.raises(WrongInput, match="accounts_only"):
        make_plan(job)


def test_run_dir_that_is_a_file(tmp_path: Path) -> None:
    """A run directory that cannot be one is named."""
    (tmp_path / "in.csv").write_text(HEAD + "a,b\n", encoding="utf-8")
    job = a_job(tmp_path, ["in.csv"])
    job.run_dir.write_text("x", encoding="utf-8")
    with pytest.raises(WrongInput, match="not a directory"):
        make_plan(job)


def test_protect_file_missing(tmp_path: Path) -> None:
    """A guard that cannot be read stops the planning."""
    (tmp_path / "in.csv").write_text(HEAD + "a,b\n", encoding="utf-8")
    job = a_job(tmp_path, ["in.csv"], protect_files=(tmp_path / "keep.txt",))
    with pytest.raises(WrongInput, match=r"keep\.txt: no such file"):
        make_plan(job)


def test_empty_standard_input(tmp_path: Path) -> None:
    """Nothing on standard input is an error and does not overwrite what was kept."""
    job = a_job(tmp_path, ["-"], format=Format.CSV)
    plan(job, stdin=io.BytesIO(HEAD.encode() + b"a,b\n"))
    with pytest.raises(WrongInput, match="standard input is empty"):
        make_plan(job, stdin=io.BytesIO(b""))
    assert plan(job).pairs == [("a", "b")]


def test_the_plan_exists_whole_or_not_at_all(tmp_path: Path) -> None:
    """Where planning anew fails at its very end, the old plan is gone and no new one is there."""
    (tmp_path / "in.csv").write_text(HEAD + "a,b\nc\n", encoding="utf-8")
    job = a_job(tmp_path, ["in.csv"])
    assert plan(job).pairs == [("a", "b")]
    rejects = job.run_dir / "rejects.jsonl"
    rejects.unlink()
    rejects.mkdir()  # no file can take this name
    with pytest.raises(WrongInput, match=r"rejects\.jsonl: cannot be read or written"):
        make_plan(job)
    assert [path.name for path in job.run_dir.iterdir()] == ["rejects.jsonl"]
    rejects.rmdir()
    assert plan(job).pairs == [("a", "b")]


def test_files_are_private(tmp_path: Path) -> None:
    """Files 0600 in a directory 0700, and nothing temporary is left."""
    (tmp_path / "in.csv").write_text(HEAD + "a,b\n", encoding="utf-8")
    job = a_job(tmp_path, ["in.csv"])
    make_plan(job)
    assert job.run_dir.stat().st_mode & 0o777 == 0o700
    modes = {path.name: path.stat().st_mode & 0o777 for path in job.run_dir.iterdir()}
    assert modes == {"plan.parquet": 0o600, "rejects.jsonl": 0o600}


def test_a_name_that_is_nearly_there_is_asked_about(tmp_path: Path) -> None:
    """Rule: a typing error in a file's name is answered by the file that is there."""
    (tmp_path / "pairs.csv").write_text(HEAD + "a,b\n")
    with pytest.raises(WrongFile, match=r"no such file; did you mean .*/pairs\.csv\?"):
        make_plan(a_job(tmp_path, ["pair.csv"]))
    with pytest.raises(WrongFile, match=r"no such file; correct input.files: a path in it is rel"):
        make_plan(a_job(tmp_path, ["other.csv"]))
