"""Where each module of the plan is tested."""

from __future__ import annotations

from pathlib import Path

import bulkdel.plan

WHERE = {
    "batches/compose": "test_entries",
    "batches/grouping": "test_partition",
    "batches/in_threads": "test_partition",
    "batches/spill": "test_partition",
    "duck": "test_doors",
    "fingerprint": "test_read",
    "ids": "test_arrange",
    "input/chunk_rows": "test_records",
    "input/chunks": "test_records",
    "input/facts": "test_files",
    "input/file_bytes": "test_records",
    "input/formats": "test_inputs",
    "input/header": "test_refusals",
    "input/jsonl": "test_inputs",
    "input/kinds": "test_refusals",
    "input/likely": "test_header_words",
    "input/open_file": "test_files",
    "input/reader": "test_records",
    "input/readers": "test_inputs",
    "input/rules": "test_inputs",
    "input/separated": "test_records",
    "input/unpack": "test_files",
    "intake": "test_inputs",
    "cut": "test_make_shards",
    "gather": "test_inputs",
    "lines": "test_make_shards",
    "make": "test_refusals",
    "meta": "test_read",
    "rejects": "test_inputs",
    "sample": "test_records",
    "sides/batch_count": "test_fewest",
    "sides/choose": "test_fewest",
    "sides/fill_calls": "sides/test_search",
    "sides/graph": "sides/test_search",
    "sides/lower_bound": "sides/test_search",
    "sides/numbers": "test_friendships",
    "sides/senders": "sides/test_search",
    "stretches": "test_entries",
    "values": "test_read",
    "workshop": "test_refusals",
    "write": "test_check",
}
"""Modules whose tests have another name: what is private to a step is tried through the step."""

HERE = Path(__file__).parent
PACKAGE = Path(bulkdel.plan.__file__).parent


def test_each_module_has_a_test_of_its_name_or_a_line_that_says_where() -> None:
    """No module without a test, no line for a module or a test that is not there."""
    modules = {
        path.relative_to(PACKAGE).with_suffix("").as_posix()
        for path in PACKAGE.rglob("*.py")
        if path.name != "__init__.py"
    }
    tests = {path.relative_to(HERE).with_suffix("").as_posix() for path in HERE.rglob("test_*.py")}
    named = {name.rpartition("test_")[2] for name in tests}
    assert set(WHERE.values()) <= tests
    assert set(WHERE) <= modules
    assert {one for one in modules if one.rpartition("/")[2] not in named} == set(WHERE)
