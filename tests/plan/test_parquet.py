"""Damaged and unusual Parquet files: read right, or refused in one sentence."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest

from bulkdel.errors import WrongInput
from bulkdel.plan.input.sources import find_sources
from bulkdel.plan.sample import columns_of, sample_of
from tests.plan.jobs import a_job, plan

# SQL is put together from our own words.
# ruff: noqa: S608

PAIRS = sorted((f"from{n % 7}", f"to{n:03}") for n in range(400))


def sound(path: Path, *, codec: str = "snappy", rows: int = 400) -> bytes:
    """A Parquet file with the pairs above, a column beside them, and one made of others."""
    duckdb.execute(
        f"""COPY (SELECT 'from' || (i % 7) AS "From_Account", i AS other, {{'a': i}} AS s,
        'to' || printf('%03d', i) AS "To_Account" FROM range({rows}) r(i))
        TO '{path}' (FORMAT parquet, COMPRESSION {codec})"""
    )
    return path.read_bytes()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("where", ["anywhere", "footer"])
def test_a_damaged_file_is_refused_or_read_right(tmp_path: Path, where: str) -> None:
    """Bytes changed at random: a sentence that names the file, or every row.

    Where only what describes the rows was changed, never other ids than those that stand there.
    """
    path = tmp_path / "in.parquet"
    content = sound(path)
    first = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    rnd = random.Random(7)
    refused = 0
    for _ in range(150):
        damaged = bytearray(content)
        for _ in range(rnd.choice((1, 1, 2, 9))):
            at = rnd.randrange(first if where == "footer" else 0, len(content))
            damaged[at] = rnd.randrange(256)
        path.write_bytes(damaged)
        with suppress(WrongInput):
            refused += 1
            found = plan(a_job(tmp_path, ["in.parquet"]))
            refused -= 1
            assert found.meta.books.read == 400
            if where == "footer":
                assert found.pairs == PAIRS
    assert refused > 20


def test_a_file_cut_short_anywhere(tmp_path: Path) -> None:
    """A file that is not whole is no Parquet file."""
    path = tmp_path / "in.parquet"
    content = sound(path)
    for size in (1, 4, 8, 11, 12, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        with pytest.raises(WrongInput, match="cannot be read as a Parquet file"):
            plan(a_job(tmp_path, ["in.parquet"]))


def test_parts_that_lie_over_one_another(tmp_path: Path) -> None:
    """A place in the footer that points to another column's rows is damage, not rows."""
    path = tmp_path / "in.parquet"
    content = sound(path, codec="uncompressed")
    con = duckdb.connect()
    places = dict(
        con.execute(
            "SELECT path_in_schema, data_page_offset FROM parquet_metadata(?)", [str(path)]
        ).fetchall()
    )
    con.close()
    first = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    mine, others = varint(places["other"]), varint(places["s, a"])
    assert len(mine) == len(others)
    footer = content[first:]
    assert footer.count(others) >= 1
    path.write_bytes(content[:first] + footer.replace(others, mine))
    with pytest.raises(WrongInput, match="cannot be read as a Parquet file"):
        plan(a_job(tmp_path, ["in.parquet"]))


def varint(number: int) -> bytes:
    """A number as the footer has it."""
    number <<= 1
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*made, number))


def test_a_file_without_rows_and_one_with(tmp_path: Path) -> None:
    """No row group is no row; only an input without any row is refused."""
    sound(tmp_path / "empty.parquet", rows=0)
    with pytest.raises(WrongInput, match="there are no rows"):
        plan(a_job(tmp_path, ["empty.parquet"]))
    sound(tmp_path / "in.parquet")
    assert plan(a_job(tmp_path, ["empty.parquet", "in.parquet"])).pairs == PAIRS


def test_an_encrypted_file_is_refused(tmp_path: Path) -> None:
    """What cannot be read without a key is said to be so."""
    path = tmp_path / "in.parquet"
    duckdb.execute("PRAGMA add_parquet_key('k', '0123456789112345')")
    try:
        duckdb.execute("SET force_mbedtls_unsafe = 'true'")
        duckdb.execute(
            f"COPY (SELECT 'a' AS \"From_Account\", 'b' AS \"To_Account\") TO '{path}' "
            "(FORMAT parquet, ENCRYPTION_CONFIG {footer_key: 'k'})"
        )
    except duckdb.Error as error:
        pytest.skip(f"this DuckDB writes no encrypted file: {error}")
    with pytest.raises(WrongInput, match="encrypted"):
        plan(a_job(tmp_path, ["in.parquet"]))


def test_check_and_init_read_as_the_plan_does(tmp_path: Path) -> None:
    """A file's columns and first rows are found in the same way before anything is planned."""
    path = tmp_path / "in.parquet"
    content = sound(path)
    job = a_job(tmp_path, ["in.parquet"])
    (source,) = find_sources(job.input, job.run_dir)
    assert columns_of(source) == ("From_Account", "other", "s", "To_Account")
    assert sample_of(job, source).pair == ("from0", "to000")
    path.write_bytes(content[:-9] + b"\0" * 9)
    for look in (lambda: columns_of(source), lambda: sample_of(job, source)):
        with pytest.raises(WrongInput, match="cannot be read as a Parquet file"):
            look()
