"""Ids that look like what an export did to them: counted, whatever file they come from."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkdel.plan.input.lookalikes import as_values, counted, kind_of
from bulkdel.plan.input.sources import find_sources
from bulkdel.plan.sample import sample_of
from tests.plan.jobs import a_job, plan_text

ODD = {
    " a": "blank", "a ": "blank", "a\u00a0": "blank", "\u200ba": "blank", "a\u200d": "blank",
    "\ufeffa": "blank", "a\u2060": "blank", "\u00ada": "blank", "a\u3000": "blank", " ": "blank",
    "a\u2028": "blank", "\u3164": "blank", " e5": "blank",
    "\\N": "backslash_n", "NULL": "null", "null": "null", "None": "null", "NaN": "null",
    '="007"': "formula", "1.23E+17": "number", "1,2E+17": "number", "-1.5e+20": "number",
    "1E+17": "number", "1.23E17": "number",
}  # fmt: skip
PLAIN = [
    "a",
    "007",
    "1e5",
    "1e5f0c",
    "1.5",
    "NULLA",
    "\\Na",
    "=x",
    "é",
    "漢",
    "a b",
    "N",
    "12e45",
]


def test_what_each_kind_is() -> None:
    """Blank or invisible at an end, and what databases and spreadsheets write; nothing else."""
    assert {text: kind_of(text.encode()) for text in ODD} == ODD
    assert [kind_of(text.encode()) for text in PLAIN] == [None] * len(PLAIN)


IDS = st.one_of(
    st.sampled_from([*ODD, *PLAIN]),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=8),
)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(IDS, IDS), min_size=1, max_size=20))
def test_many_at_once_are_counted_as_one_by_one(rows: list[tuple[str, str]]) -> None:
    """The ids of valid rows, each time they stand there, with the first as the example."""
    good = [
        account.encode()
        for one, two in rows
        if one and two and one != two and max(len(one.encode()), len(two.encode())) <= 32
        for account in (one, two)
    ]
    expected = as_values(counted(good))
    text = "".join(json.dumps({"From_Account": a, "To_Account": b}) + "\n" for a, b in rows)
    quoted = "From_Account,To_Account\n" + "".join(
        ",".join('"' + one.replace('"', '""') + '"' for one in row) + "\n" for row in rows
    )
    with tempfile.TemporaryDirectory() as folder:
        assert plan_text(Path(folder), text, "in.jsonl").meta.lookalikes == expected
    with tempfile.TemporaryDirectory() as folder:
        assert plan_text(Path(folder), quoted).meta.lookalikes == expected


@pytest.mark.parametrize("name", ["in.csv", "in.tsv", "in.jsonl", "in.parquet"])
def test_every_format_and_the_sample_count_alike(tmp_path: Path, name: str) -> None:
    """Plan and sample say the same of a file, in whatever format it is."""
    rows = [(f"f{at}", account) for at, account in enumerate([*ODD, *PLAIN])]
    match name.rpartition(".")[2]:
        case "parquet":
            duckdb.execute("CREATE OR REPLACE TEMP TABLE odd (From_Account TEXT, To_Account TEXT)")
            duckdb.executemany("INSERT INTO odd VALUES (?, ?)", rows)
            duckdb.execute("COPY odd TO $path (FORMAT parquet)", {"path": str(tmp_path / name)})
            data = (tmp_path / name).read_bytes()
        case "jsonl":
            lines = [json.dumps({"From_Account": a, "To_Account": b}) for a, b in rows]
            data = "\n".join(lines).encode()
        case kind:
            rows = [row for row in rows if "," not in row[1] and '"' not in row[1]]
            mark = "," if kind == "csv" else "\t"
            data = "\n".join(
                mark.join(row) for row in [("From_Account", "To_Account"), *rows]
            ).encode()
    planned = plan_text(tmp_path, data, name)
    job = a_job(tmp_path, [name])
    [source] = find_sources(job.input, job.run_dir)
    assert planned.meta.lookalikes == sample_of(job, source).lookalikes
    assert planned.meta.lookalikes == as_values(counted(b.encode() for _, b in rows))
