"""Reading a plan back, and comparing it with a job."""

from __future__ import annotations

import errno
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Self

import duckdb
import pytest

from bulkdel.errors import Corrupt, StorageFailed
from bulkdel.plan.fingerprint import fingerprint_changes
from bulkdel.plan.make import make_plan
from bulkdel.plan.read import PLAN_FILE, PlanReader, read_plan_meta
from bulkdel.words import Operation
from tests.plan.jobs import a_job, a_target
from tests.support.forge import Kept, of_version_2, rewrite

HEAD = "From_Account,To_Account\n"


def test_meta_comes_back_as_it_was(tmp_path: Path) -> None:
    """No plan is None; a plan's identity and books read back equal; a damaged file is Corrupt."""
    assert read_plan_meta(tmp_path) is None
    (tmp_path / "in.csv").write_text(HEAD + "a,b\nc\nd'é,x\"x\n", encoding="utf-8")
    job = a_job(tmp_path, ["in.csv"])
    meta = make_plan(job)
    assert read_plan_meta(job.run_dir) == meta
    path = job.run_dir / "plan.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(Corrupt, match=r"plan\.parquet"):
        read_plan_meta(job.run_dir)


def test_anyone_can_read_the_plan(tmp_path: Path) -> None:
    """plan.parquet is a table that DuckDB shows to anybody."""
    (tmp_path / "in.csv").write_text(HEAD + "a,c\na,b\n", encoding="utf-8")
    job = a_job(tmp_path, ["in.csv"], targets=(a_target("one"), a_target("two", batch_size=1)))
    make_plan(job)
    rows = duckdb.execute(
        "SELECT target, ordinal, from_account, list_sort(string_split(to_accounts, chr(10))) "
        "FROM read_parquet(?)",
        [str(job.run_dir / "plan.parquet")],
    ).fetchall()
    assert rows == [
        ("one", 0, "a", ["b", "c"]), ("two", 1, "a", ["b"]), ("two", 2, "a", ["c"]),
    ]  # fmt: skip


def test_scans_from_anywhere_in_several_threads(tmp_path: Path) -> None:
    """Any stretch comes in order and complete, from several threads at once; lists are bounded."""
    rows = "".join(f"a{at % 9000},b{at}\n" for at in range(30_000))
    (tmp_path / "in.csv").write_text(HEAD + rows, encoding="utf-8")
    job = a_job(tmp_path, ["in.csv"], targets=(a_target("one", batch_size=2),))
    meta = make_plan(job)
    total = meta.shares[0].batches
    assert total == 18_000

    with PlanReader(job.run_dir, meta) as reader:

        def ordinals(bounds: tuple[int, int]) -> list[int]:
            lists = list(reader.scan(*bounds))
            assert all(len(some) <= 512 for some in lists)
            return [entry.ordinal for some in lists for entry in some]

        stretches = [(0, total), (17_000, 17_001), (5_000, 12_345), (9, 9), (0, 3)]
        with ThreadPoolExecutor(4) as pool:
            got = list(pool.map(ordinals, stretches * 3))
        assert got == [list(range(lo, hi)) for lo, hi in stretches * 3]
        assert reader.entry(12_345).ordinal == 12_345
        with pytest.raises(Corrupt, match="missing"):
            list(reader.scan(total - 1, total + 1))


def test_entries_one_by_one_in_any_order(tmp_path: Path) -> None:
    """Whatever was looked up before, an entry is the one at its ordinal, and none is made up."""
    rows = "".join(f"a{number},b\n" for number in range(1200))
    (tmp_path / "in.csv").write_text(f"From_Account,To_Account\n{rows}", encoding="utf-8")
    meta = make_plan(a_job(tmp_path, ["in.csv"]))
    with PlanReader(tmp_path / "run", meta) as reader:
        entries = [entry for some in reader.scan(0, 1200) for entry in some]
        for ordinal in (600, 601, 599, 1199, 0, 1, 51, 50, 49, 1198, 1100):
            assert reader.entry(ordinal) == entries[ordinal]
        for ordinal in (1200, -1):
            with pytest.raises(Corrupt, match=r"is missing|not in its place"):
                reader.entry(ordinal)


def test_neighbours_share_a_look(tmp_path: Path) -> None:
    """After a kill hundreds of neighbours are asked for: the file is not opened for each."""
    (tmp_path / "in.csv").write_text("From_Account,To_Account\na,b\nc,d\n", encoding="utf-8")
    meta = make_plan(a_job(tmp_path, ["in.csv"]))
    with PlanReader(tmp_path / "run", meta) as reader:
        first = reader.entry(0)
        (tmp_path / "run" / "plan.parquet").unlink()
        second = reader.entry(1)
    assert {first.from_account, second.from_account} == {"a", "c"}


def test_what_changed_is_named(tmp_path: Path) -> None:
    """Every difference that decides the plan is a sentence; nothing else is one."""
    file = tmp_path / "pairs.csv"
    file.write_text(HEAD + "a,b\n", encoding="utf-8")
    job = a_job(tmp_path, ["*.csv"])
    planned = make_plan(job).fingerprint
    assert fingerprint_changes(job, planned).changed == ()

    fast = replace(job, targets=(replace(a_target("tencent"), qps=5, app_id=2),))
    assert fingerprint_changes(fast, planned).changed == ()

    other = replace(
        job,
        operation=Operation.DELETE_ALL_FRIENDS,
        targets=(a_target("tencent", batch_size=500), a_target("zego")),
        guards=replace(job.guards, protect=("boss",)),
    )
    file.write_text(HEAD + "a,c\n", encoding="utf-8")
    (tmp_path / "more.csv").write_text(HEAD + "a,c\n", encoding="utf-8")
    assert fingerprint_changes(other, planned).changed == (
        "operation: delete_friends → delete_all_friends",
        "guards.protect: the protected accounts differ",
        "target zego: is new",
        "batch_size of tencent: 1000 → 500",
        f"input {tmp_path}/more.csv: is new",
        f"input {tmp_path}/pairs.csv: content differs",
    )


def test_an_input_that_is_gone_is_a_warning(tmp_path: Path) -> None:
    """The plan is whole without its input."""
    file = tmp_path / "pairs.csv"
    file.write_text(HEAD + "a,b\n", encoding="utf-8")
    job = a_job(tmp_path, ["pairs.csv"])
    planned = make_plan(job).fingerprint
    file.unlink()
    changes = fingerprint_changes(job, planned)
    assert (changes.changed, changes.missing) == ((), (str(file),))


def test_an_entry_behind_the_plan_is_missing(tmp_path: Path) -> None:
    """Asked for an ordinal that is none of the plan's, in the last stretch or behind: Corrupt."""
    (tmp_path / "in.csv").write_text(HEAD + "a,b\nc,d\n", encoding="utf-8")
    job = a_job(tmp_path, ["in.csv"])
    meta = make_plan(job)
    total = meta.shares[-1].first + meta.shares[-1].batches
    with PlanReader(job.run_dir, meta) as reader:
        assert reader.entry(total - 1).ordinal == total - 1
        for behind in (total, total + 100_000):
            with pytest.raises(Corrupt, match="is missing"):
                reader.entry(behind)


class Refusing:
    """Stands where DuckDB's connection does: everything that is asked of it fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def cursor(self) -> Self:
        """A cursor that fails as the connection does."""
        return self

    def execute(self, *_: object) -> None:
        """Fails as the machine does where something is opened."""
        raise self._error

    def close(self) -> None:
        """Nothing is held."""


MACHINE = [
    duckdb.IOException("IO Error: Could not read from file: Input/output error"),
    duckdb.IOException("IO Error: Cannot open file: Too many open files"),
    duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate data of size 16.0 MiB"),
    OSError(errno.EIO, "Input/output error"),
    MemoryError(),
]
CONTENT = [
    duckdb.IOException("IO Error: Could not read enough bytes: wanted 12, read 3"),
    duckdb.InvalidInputException("Invalid Input Error: Invalid string encoding found in Parquet"),
    duckdb.BinderException('Binder Error: Referenced column "ordinal" not found'),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
]


@pytest.mark.parametrize(
    ("error", "expected"),
    [*((one, StorageFailed) for one in MACHINE), *((one, Corrupt) for one in CONTENT)],
    ids=lambda value: type(value).__name__,
)
def test_reading_fails_in_two_ways_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, expected: type[Exception]
) -> None:
    """A machine that cannot read is StorageFailed, other content is Corrupt; both name the file."""
    (tmp_path / "in.csv").write_text(HEAD + "a,b\n", encoding="utf-8")
    meta = make_plan(a_job(tmp_path, ["in.csv"]))
    with PlanReader(tmp_path / "run", meta) as reader:
        with monkeypatch.context() as patched:
            patched.setattr(reader, "_con", Refusing(error))
            for read in (lambda: list(reader.scan(0, 1)), lambda: reader.entry(0)):
                with pytest.raises(expected, match=r"plan\.parquet"):
                    read()
        assert reader.entry(0).from_account == "a"


@pytest.mark.parametrize(
    "select",
    [
        "SELECT * REPLACE (7 AS to_accounts) FROM plan",
        "SELECT * REPLACE (7 AS from_account) FROM plan",
        "SELECT * EXCLUDE (to_accounts) FROM plan",
        "SELECT * REPLACE ('x' AS ordinal) FROM plan",
        "SELECT * REPLACE ([to_accounts] AS to_accounts) FROM plan",
    ],
)
@pytest.mark.parametrize("change", [None, of_version_2])
def test_columns_of_other_kinds_are_corrupt(
    tmp_path: Path, select: str, change: Callable[..., Kept] | None
) -> None:
    """Whatever a damaged file holds instead of texts, with digests of its entries or without."""
    (tmp_path / "in.csv").write_text(HEAD + "a,b\n", encoding="utf-8")
    make_plan(a_job(tmp_path, ["in.csv"]))
    rewrite(tmp_path / "run" / PLAN_FILE, select, change)
    meta = read_plan_meta(tmp_path / "run")
    assert meta is not None
    with PlanReader(tmp_path / "run", meta) as reader:
        for read in (lambda: list(reader.scan(0, 1)), lambda: reader.entry(0)):
            with pytest.raises(Corrupt):
                read()
