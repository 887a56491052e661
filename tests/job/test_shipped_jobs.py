"""The jobs that are shipped: each can be read, and the demo's input is what it says it is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bulkdel.job.job import Reach, SecretSource
from bulkdel.job.jobfile import load_job
from bulkdel.job.keys import Table, keys_of
from bulkdel.job.problems import TABLES
from bulkdel.job.schema import JobTable
from bulkdel.job.target_table import TargetTable
from bulkdel.providers import PROVIDERS
from bulkdel.words import Mode, Operation

JOBS = Path(__file__).parents[2] / "jobs"
EXAMPLES = sorted(JOBS.glob("example-*.toml"))
FRIENDS, ALL = Operation.DELETE_FRIENDS, Operation.DELETE_ALL_FRIENDS

WRONG = {
    12: ",Myriel",
    40: "Valjean,",
    77: "Cosette,Cosette",
    120: "Javert",
    163: "Inspector_Javert_of_Montreuil-sur-Mer,Valjean",
    201: "Mar\aius,Cosette",
    250: "Mme*Thenardier,Cosette",
    333: "Valjean,Cosette",
}


def lines(name: str) -> list[str]:
    """The lines of an input of the demo, which all end the same way."""
    text = (JOBS / "demo" / name).read_bytes().decode("ascii")
    assert text.endswith("\n")
    return text[:-1].split("\n")


def test_one_example_for_each_provider_and_operation() -> None:
    """Rule: whoever has a real job to do finds an example of just that."""
    shown = [(load_job(file).targets[0].provider, load_job(file).operation) for file in EXAMPLES]

    assert len(shown) >= 4
    assert sorted(shown) == sorted(
        (name, operation) for name in PROVIDERS for operation in (FRIENDS, ALL)
    )


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_is_a_real_job(file: Path) -> None:
    """Rule: an example goes to the provider, and its secret comes from the environment."""
    (target,) = load_job(file).targets

    assert target.reach is Reach.REAL
    assert isinstance(target.secret, SecretSource)
    assert target.secret.env is not None
    assert not target.over_ceiling


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_explains_every_key(file: Path) -> None:
    """Rule: each key of the job file stands in each example, set or commented out."""
    said = [line.lstrip("# ").partition(" = ")[0] for line in file.read_text("utf-8").splitlines()]
    provider, operation = load_job(file).targets[0].provider, load_job(file).operation
    tables: list[type[Table]] = [JobTable, TargetTable, *TABLES.values()]
    known = {key for table in tables for key in keys_of(table)} - {"targets", *TABLES}
    known -= set() if PROVIDERS[provider].needs_admin else {"admin"}
    known -= {"batch_size"} if operation is ALL else {"accounts_only"}

    assert known - set(said) == set()


@pytest.mark.parametrize("name", ["demo", "demo-rejects"])
def test_the_demo_touches_nothing_real(name: str) -> None:
    """Rule: the demo needs no account, and keeps its run beside itself."""
    job = load_job(JOBS / f"{name}.toml")

    assert job.run_dir == JOBS / "runs" / name
    assert (job.operation, job.mode) == (FRIENDS, Mode.TWO_WAY)
    assert [target.provider for target in job.targets] == ["tencent", "zego"]
    assert {target.reach for target in job.targets} == {Reach.EMULATOR}
    assert all(Path(file).is_file() for file in job.input.files)


def test_the_demo_is_the_network_of_les_miserables() -> None:
    """Rule: the demo's input is Knuth's network, both directions written out.

    77 characters and 254 pairs; Valjean meets 36 others, Gavroche 22, Marius 19, Javert 17
    (Knuth, The Stanford GraphBase, 1993, jean.dat).
    """
    header, *rows = lines("pairs.csv")
    pairs = {tuple(row.split(",")) for row in rows}

    assert header == "From_Account,To_Account"
    assert len(rows) == len(pairs) == 508
    assert {(b, a) for a, b in pairs} == pairs
    assert len({frozenset(pair) for pair in pairs}) == 254
    assert len({account for pair in pairs for account in pair}) == 77
    friends = Counter(a for a, _ in pairs)
    assert friends.most_common(4) == [
        ("Valjean", 36),
        ("Gavroche", 22),
        ("Marius", 19),
        ("Javert", 17),
    ]
    assert all(0 < len(account) <= 32 for account in friends)
    allowed = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.")
    assert set("".join(friends)) <= allowed


def test_the_wrong_rows_are_where_the_demo_says() -> None:
    """Rule: the second demo is the first with eight lines more, at the places its file names."""
    found = lines("pairs-with-wrong-rows.csv")

    assert {number: found[number - 1] for number in WRONG} == WRONG
    assert found[184] == "Valjean,Cosette"
    rest = [line for number, line in enumerate(found, 1) if number not in WRONG]
    assert rest == lines("pairs.csv")
