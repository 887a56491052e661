"""Plans that are not what they say of themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulkdel.errors import Corrupt
from bulkdel.plan.check import check_plan
from bulkdel.plan.read import PLAN_FILE, PlanReader
from bulkdel.plan.values import PlanMeta
from bulkdel.words import Operation, Orient
from tests.plan.jobs import a_target, plan_text
from tests.support.forge import rewrite

PAIRS = "From_Account,To_Account\n" + "".join(f"a{n % 3},b{n:02}\n" for n in range(30))
"""Three accounts with ten ids each."""

# SQL is put together from our own words.
# ruff: noqa: S608

TARGETS = (a_target("tencent", batch_size=4), a_target("zego", batch_size=20))
"""Three batches of an account (4, 4, 2), and one of ten."""


def rewritten(run_dir: Path, meta: PlanMeta, select: str) -> list[str]:
    """What is found in a plan whose rows are changed by `select`, of the rows in `plan`."""
    rewrite(run_dir / PLAN_FILE, select)
    return list(check_plan(run_dir, meta))


@pytest.mark.parametrize("operation", list(Operation))
def test_a_sound_plan(tmp_path: Path, operation: Operation) -> None:
    """Nothing is found in what was planned, of both operations."""
    text = PAIRS if operation is Operation.DELETE_FRIENDS else "From_Account\na\nb\nc\n"
    planned = plan_text(tmp_path, text, operation=operation, targets=TARGETS)
    assert list(check_plan(tmp_path / "run", planned.meta)) == []


@pytest.mark.parametrize(
    ("select", "words"),
    [
        ("SELECT * FROM plan WHERE ordinal <> 5 ORDER BY ordinal", "it has 11 entries instead of"),
        (
            (
                "SELECT * REPLACE (CASE WHEN ordinal = 11 THEN replace(to_accounts, 'b', chr(10)) "
                "ELSE to_accounts END AS to_accounts) FROM plan ORDER BY ordinal"
            ),
            "zego: its entries hold 40 pairs, not 30",
        ),
        (
            (
                "SELECT * REPLACE (CASE WHEN ordinal = 11 THEN split_part(to_accounts, chr(10), 1) "
                "|| chr(10) || to_accounts ELSE to_accounts END AS to_accounts) FROM plan "
                "ORDER BY ordinal"
            ),
            "entry 11, of ",
        ),
        (
            (
                "SELECT * REPLACE ((SELECT min(from_account) FROM plan) AS from_account, "
                "(SELECT to_accounts FROM plan WHERE ordinal = 0) AS to_accounts) "
                "FROM plan ORDER BY ordinal"
            ),
            "stands in another entry as well",
        ),
        (
            "SELECT * REPLACE ('zego' AS target) FROM plan ORDER BY ordinal",
            "tencent: some of its entries are for another target",
        ),
        (
            (
                "SELECT * REPLACE (CASE WHEN ordinal < 9 THEN (SELECT to_accounts FROM plan WHERE "
                "ordinal = 10) ELSE to_accounts END AS to_accounts) FROM plan ORDER BY ordinal"
            ),
            "tencent: an entry holds 10 pairs, more than its batch_size",
        ),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, select: str, words: str) -> None:
    """Missing and foreign entries, wrong sizes and pairs that stand twice are found."""
    planned = plan_text(tmp_path, PAIRS, targets=TARGETS)
    found = rewritten(tmp_path / "run", planned.meta, select)
    assert any(words in sentence for sentence in found), found


@pytest.mark.parametrize("lost", ["NULL", "''"])
def test_a_batch_that_lost_its_ids_is_never_a_sweep(tmp_path: Path, lost: str) -> None:
    """An entry without ids in a plan of pairs is damage: it must not clear a whole list."""
    planned = plan_text(tmp_path, PAIRS, targets=TARGETS)
    select = f"SELECT * REPLACE ({lost}::VARCHAR AS to_accounts) FROM plan ORDER BY ordinal"
    assert rewritten(tmp_path / "run", planned.meta, select)
    with (
        PlanReader(tmp_path / "run", planned.meta) as reader,
        pytest.raises(Corrupt, match="entry 0 is not what was planned"),
    ):
        list(reader.scan(4, 6))


@pytest.mark.parametrize(
    ("select", "where"),
    [
        ("to_accounts || chr(10) || 'a' || chr(29)", "within it"),
        ("CASE ordinal WHEN 0 THEN 'a' ELSE 'a' || chr(29) END", "in another entry"),
    ],
)
def test_a_pair_that_is_turned_once_stands_twice(tmp_path: Path, select: str, where: str) -> None:
    """The mark of a turned pair makes no other pair of it."""
    text = "From_Account,To_Account\nmid,a\nmid,b\n"
    targets = (a_target("one", batch_size=1),)
    planned = plan_text(tmp_path, text, targets=targets, orient=Orient.FEWEST_CALLS)
    found = rewritten(
        tmp_path / "run",
        planned.meta,
        f"SELECT * REPLACE ({select} AS to_accounts) FROM plan ORDER BY ordinal",
    )
    assert any(f"a pair of it stands {where} as well" in sentence for sentence in found), found
