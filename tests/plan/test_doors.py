"""Doors to DuckDB: nothing is detected, whatever folders and columns are called."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

import duckdb
import pytest

from bulkdel.errors import WrongInput
from bulkdel.job.job import Format
from bulkdel.ledger.ledger_file import LEDGER
from bulkdel.plan import duck
from bulkdel.plan.check import check_plan
from bulkdel.plan.input.sources import find_sources
from bulkdel.plan.sample import columns_of, sample_of
from bulkdel.plan.scale import Scale
from bulkdel.report.ledger_counts import count_ledger
from bulkdel.words import Operation
from tests.plan.jobs import Planned, a_job, a_target, plan

PACKAGE: Final = Path(duck.__file__).parents[1]

DOORS: Final = {
    "read_parquet": "input and plan",
    "parquet_": "input and plan: schema, metadata, file_metadata, kv_metadata",
    "read_csv": "lines of batches, and a giant's To_Accounts",
    "read_json": "the ledger",
    "COPY": "lines, and the plan",
}
"""Words of SQL that read or write files, and what goes through them below."""

ROWS: Final = [("alice", "bob"), ("alice", "eve"), ("carol", "dave"), ("giant", "alice")]
WIDE: Final = [("giant", f"friend{n:03}") for n in range(60)]


def columns_of_the_program() -> list[str]:
    """Every name that stands alone in a string of the package, as a column does."""
    found = {"From_Account", "To_Account", "file_row_number", "filename"}
    for path in PACKAGE.rglob("*.py"):
        for text in re.findall(r'"((?:[^"\\\n]|\\.)*)"', path.read_text(encoding="utf-8")):
            if " " in text and not re.search(r"\b(SELECT|FROM|WHERE|AS)\b", text):
                continue
            found.update(re.findall(r"\b[a-z_][a-z_0-9]{0,19}\b", text))
    return sorted(found)


def test_every_door_is_in_one_place() -> None:
    """No other file of the program reads or writes through DuckDB by itself."""
    words = re.compile(r"(?<!duck\.)\b(?:read_\w+|parquet_\w*|\w+_scan|sniff_csv|glob|COPY) ?\(")
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        for text in re.findall(r'f?"(?:[^"\\\n]|\\.)*"', path.read_text(encoding="utf-8")):
            for word in words.findall(text):
                found.setdefault(path.relative_to(PACKAGE).as_posix(), set()).add(word)
    assert set(found) == {"plan/duck.py"}, found
    source = Path(duck.__file__).read_text(encoding="utf-8")
    assert all(door in source for door in DOORS)


def test_every_reader_says_all_that_it_could_detect() -> None:
    """Folders are no columns, files are not united, nothing is sniffed or unpacked by its name."""
    file = duck.FileName("'x'")
    readers = [
        duck.parquet_rows(file),
        duck.lines_in(file, {"t": "VARCHAR"}, b"\x1f"),
        duck.objects_in(file, {"t": "VARCHAR"}),
    ]
    for sql in readers:
        for said in ("hive_partitioning", "union_by_name", "filename"):
            assert f"{said} = false" in sql, sql
    for sql in readers[1:]:
        assert "auto_detect = false" in sql
        assert "compression = 'uncompressed'" in sql


def written(folder: Path, kind: Format, *, accounts: bool = False) -> str:
    """An input of this kind with the rows above; its name."""
    rows = [*ROWS, *WIDE, ("bad\x01", "x"), ("", "y")]
    name = f"in.{kind}"
    heads = ["From_Account"] if accounts else ["From_Account", "To_Account"]
    path = folder / name
    match kind:
        case Format.PARQUET:
            con = duckdb.connect()
            con.execute('CREATE TABLE t ("From_Account" VARCHAR, "To_Account" VARCHAR)')
            con.executemany("INSERT INTO t VALUES (?, ?)", rows)
            chosen = ", ".join(f'"{head}"' for head in heads)
            text = str(path).replace("'", "''")
            con.execute(f"COPY (SELECT {chosen} FROM t) TO '{text}' (FORMAT parquet)")  # noqa: S608 - our own words
            con.close()
        case Format.JSONL:
            objects = [dict(zip(heads, row, strict=False)) for row in rows]
            path.write_text("".join(f"{json.dumps(one)}\n" for one in objects), encoding="utf-8")
        case _:
            mark = "," if kind is Format.CSV else "\t"
            lines = [mark.join(row[: len(heads)]) for row in [tuple(heads), *rows]]
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return name


def planned_in(folder: Path, kind: Format, *, accounts: bool = False) -> Planned:
    """What is planned below `folder`, all that is read again included."""
    folder.mkdir(parents=True)
    job = a_job(
        folder,
        [written(folder, kind, accounts=accounts)],
        operation=Operation.DELETE_ALL_FRIENDS if accounts else Operation.DELETE_FRIENDS,
        targets=(a_target("tencent", batch_size=20), a_target("other")),
        protect=("dave",),
    )
    planned = plan(job, scale=Scale(giant=50))
    assert list(check_plan(job.run_dir, planned.meta)) == []
    (source,) = find_sources(job.input, job.run_dir)
    assert columns_of(source)[0] == "From_Account"
    assert sample_of(job, source).pair == ("alice", None if accounts else "bob")
    line = (
        '{"target":"tencent","from_account":"alice","to_account":"bob","status":"failed","code":7}'
    )
    (job.run_dir / LEDGER).write_text(line + '\n{"target":"ten', encoding="utf-8")
    counted = count_ledger(job.run_dir)
    assert [(one.target, one.code, one.pairs) for one in counted.codes] == [("tencent", 7, 1)]
    assert [(one.account, one.failed) for one in counted.worst] == [("alice", 1)]
    return planned


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., object]:
    """Tells what is planned of each kind where no name means anything; of each once."""

    @cache
    def of(kind: Format, *, accounts: bool = False) -> object:
        folder = tmp_path_factory.mktemp("doors") / "plain"
        return as_told(planned_in(folder, kind, accounts=accounts))

    return of


HARMFUL: Final = ("boss", "7", "%3D", "*?[]{}", "a'b\"c", " ", "x\ny", "__HIVE_DEFAULT_PARTITION__")
NAMES: Final = (
    "*", "**", "?", "[a]", "[!a]", "{a,b}", "a*\\b", "\\", "%3D", "a b", "'", '"', "x\ny", "~",
    "http:", "s3:", "file:x", "-", "#", ";", "in.csv.gz", "hive_partitioning=true", "é=漢",
)  # fmt: skip


@pytest.mark.parametrize("kind", list(Format))
def test_a_folder_is_a_folder(tmp_path: Path, kind: Format, plain: Callable[..., object]) -> None:
    """Below folders named after every column that there is, and after wildcards, all is the same.

    All of them are folders of one path, in several cases of letters; others lie beside it.
    """
    for beside in NAMES:
        (tmp_path / beside).mkdir(exist_ok=True)
    columns = columns_of_the_program()
    assert {"ordinal", "f", "t", "target", "to_accounts", "status", "file_row_number"} <= set(
        columns
    )
    told = [
        *(f"{column}={HARMFUL[at % len(HARMFUL)]}" for at, column in enumerate(columns)),
        *(f"{column.upper()}=boss" for column in ("f", "t", "ordinal", "from_account")),
    ]
    # As many in a path as the system takes; those that any door reads are in the first.
    known = ["ordinal", "f", "t", "n", "target", "from_account", "to_accounts", "status", "code"]
    told.sort(key=lambda name: name.partition("=")[0].lower() not in known)
    at = 0
    while at < len(told):
        base = tmp_path / str(at)
        folder = base
        while at < len(told) and len(str(folder).encode()) + len(told[at].encode()) < 3000:
            folder /= told[at]
            at += 1
        assert as_told(planned_in(folder, kind)) == plain(kind)
        shutil.rmtree(base)


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_stand_for_themselves(
    tmp_path: Path, name: str, plain: Callable[..., object]
) -> None:
    """Wildcards, quotes, schemes and endings in names of folders mean nothing."""
    for beside in NAMES:
        (tmp_path / beside).mkdir()
    found = planned_in(tmp_path / name / "f=boss", Format.PARQUET)
    assert as_told(found) == plain(Format.PARQUET)


@pytest.mark.parametrize("column", ["from_account=boss", "to_accounts=boss", "f=boss", "t=boss"])
@pytest.mark.parametrize("kind", list(Format))
def test_accounts_to_clear_come_from_the_file(
    tmp_path: Path, kind: Format, column: str, plain: Callable[..., object]
) -> None:
    """The same where accounts are cleared, which have no To_Accounts."""
    found = planned_in(tmp_path / column / "To_Account=x", kind, accounts=True)
    assert as_told(found) == plain(kind, accounts=True)


def as_told(planned: Planned) -> object:
    """All of a plan but the names of files."""
    rejects = [{**reject, "file": ""} for reject in planned.rejects]
    return planned.entries, rejects, planned.meta.books, planned.meta.shares


# -- columns of Parquet ------------------------------------------------------------------------


def parquet(path: Path, select: str) -> None:
    """A Parquet file with what `select` answers."""
    duckdb.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")


def renamed(path: Path, before: str, after: str) -> None:
    """Gives a column another name of the same length, which DuckDB would not write."""
    content = path.read_bytes()
    assert content.count(before.encode()) >= 1
    path.write_bytes(content.replace(before.encode(), after.encode()))


def test_a_parquet_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """Which of the two is meant nobody can know, also where it is not a wanted one."""
    for double in ("To_Account", "Some_Other"):
        path = tmp_path / f"{double}.parquet"
        select = f"""SELECT 'a' AS "From_Account", 'b' AS "To_Account", 'x' AS "{double[:-1]}_",
            'c' AS "{double[:-1]}-" """
        parquet(path, select)
        renamed(path, f"{double[:-1]}_", double)
        renamed(path, f"{double[:-1]}-", double)
        with pytest.raises(WrongInput, match=f"names '{double}' more than once"):
            plan(a_job(tmp_path, [path.name]))


def test_parquet_columns_that_differ_in_case_are_two(tmp_path: Path) -> None:
    """A column is found by its exact name, wherever it stands among others like it."""
    path = tmp_path / "in.parquet"
    parquet(
        path,
        """SELECT 'no' AS "from_accounx", 'no' AS "to_accounx", 'a' AS "From_Account",
        'no' AS "FROM_ACCOUNX", 'b' AS "To_Account", {'To_Account': 'no'} AS s""",
    )
    for low in ("from_accounx", "to_accounx", "FROM_ACCOUNX"):
        renamed(path, low, low.replace("x", "t").replace("X", "T"))
    assert plan(a_job(tmp_path, [path.name])).pairs == [("a", "b")]
    wanted = {"from_field": "from_account", "to_field": "To_Account"}
    assert plan(a_job(tmp_path, [path.name], **wanted)).pairs == [("no", "b")]  # type: ignore[arg-type]
    with pytest.raises(WrongInput, match="there is no column 'From_account'"):
        plan(a_job(tmp_path, [path.name], from_field="From_account"))
    with pytest.raises(WrongInput, match=r"there is no column 's\.To_Account'"):
        plan(a_job(tmp_path, [path.name], to_field="s.To_Account"))


@pytest.mark.parametrize(
    "name",
    ["file_row_number", "filename", "n", "f", "t", 'a"b', "a.b", "#1", "*", "a, b"],
)
def test_any_name_of_a_parquet_column(tmp_path: Path, name: str) -> None:
    """What a column is called has no meaning of its own, as the wanted one or beside it."""
    quoted = name.replace('"', '""')
    path = tmp_path / "in.parquet"
    select = f"""SELECT i::VARCHAR AS "{quoted}", CASE WHEN i <> 1 THEN 'b' END AS "To_Account",
        i AS other, i::VARCHAR || 'x' AS "From_Account" FROM range(3) r(i)"""  # noqa: S608 - our own words
    parquet(path, select)
    found = plan(a_job(tmp_path, [path.name], from_field=name))
    assert found.pairs == [("0", "b"), ("2", "b")]
    assert found.reasons == [(2, "empty: To_Account")]
    assert plan(a_job(tmp_path, [path.name])).pairs == [("0x", "b"), ("2x", "b")]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("'a'::BLOB", "BLOB"),
        ("1", "INTEGER"),
        ("1.5::DECIMAL(9, 2)", r"DECIMAL\(9,2\)"),
        ("'\"a\"'::JSON", "JSON"),
        ("['a']", r"VARCHAR\[\]"),
        ("{'To_Account': 'a'}", "STRUCT"),
        ("MAP {'a': 'b'}", "MAP"),
        ("uuid()", "UUID"),
        ("DATE '2026-01-01'", "DATE"),
        ("TIMESTAMP '2026-01-01'", "TIMESTAMP"),
        ("true", "BOOLEAN"),
    ],
)
def test_a_parquet_column_that_is_not_text(tmp_path: Path, value: str, kind: str) -> None:
    """Nothing is converted, and nothing within a column is one."""
    path = tmp_path / "in.parquet"
    parquet(path, f"""SELECT 'a' AS "From_Account", {value} AS "To_Account" """)
    with pytest.raises(WrongInput, match=f"'To_Account' is {kind}.*, not text"):
        plan(a_job(tmp_path, [path.name]))
    parquet(
        path, f"""SELECT {value} AS x, 'a' AS "From_Account", {value} AS y, 'b' AS "To_Account" """
    )
    assert plan(a_job(tmp_path, [path.name])).pairs == [("a", "b")]


def test_without_names_for_open_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plain: Callable[..., object]
) -> None:
    """Where a system has none, DuckDB is given paths, and folders and wildcards mean nothing."""
    expected = plain(Format.PARQUET)
    monkeypatch.setattr(duck, "OPEN_FILES", tmp_path / "nowhere")
    for name in ("f=boss", "From_Account=boss", "to_accounts=x", "ordinal=7", "a*b", "[a]?", "%3D"):
        folder = tmp_path / name / "t=boss"
        assert as_told(planned_in(folder, Format.PARQUET)) == expected
