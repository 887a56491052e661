"""What a good job file becomes: defaults, paths, addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from bulkdel.job.job import (
    Format,
    Guards,
    Input,
    ProxySource,
    Quoting,
    Reach,
    Retry,
    SecretSource,
    Target,
)
from bulkdel.job.jobfile import load_job
from bulkdel.providers import PROVIDERS
from bulkdel.words import Mode, Operation, Orient

LEAST = """
operation = "delete_friends"
mode = "one_way"
[input]
files = ["pairs.csv"]
[targets.t]
provider = "tencent"
region = "singapore"
app_id = 1400000000
secret_env = "TENCENT_SECRET_KEY"
"""


def write(folder: Path, text: str, name: str = "job.toml") -> Path:
    """The path of a job file in `folder` that holds `text`."""
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def target_of(folder: Path, keys: str, *, operation: str = "delete_friends") -> Target:
    """The one target of a job whose table holds `keys`."""
    text = f'operation = "{operation}"\nmode = "two_way"\n[input]\nfiles = ["a.csv"]\n[targets.t]\n'
    return load_job(write(folder, text + keys)).targets[0]


def test_least_job_gets_the_documented_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rule: every key with a default may be left out, and gets the contract's value."""
    home, cwd = tmp_path / "home", tmp_path / "cwd"
    home.mkdir()
    cwd.mkdir()
    monkeypatch.chdir(cwd)

    job = load_job(write(home, LEAST, "purge.2026.toml"))

    assert job.source == home / "purge.2026.toml"
    assert job.name == "purge.2026"
    assert job.operation is Operation.DELETE_FRIENDS
    assert job.mode is Mode.ONE_WAY
    assert job.run_dir == home / "runs" / "purge.2026"
    assert not job.run_dir_named
    assert job.input == Input(
        files=(str(home / "pairs.csv"),),
        format=None,
        from_field="From_Account",
        to_field="To_Account",
        accounts_only=False,
    )
    assert job.targets == (
        Target(
            name="t",
            provider="tencent",
            region="singapore",
            app_id=1400000000,
            admin="administrator",
            secret=SecretSource(env="TENCENT_SECRET_KEY"),
            address="https://adminapisgp.im.qcloud.com",
            reach=Reach.REAL,
            qps=200,
            max_in_flight=400,
            batch_size=1000,
            over_ceiling=False,
        ),
    )
    assert job.retry == Retry(
        max_attempts=8, base_delay_s=0.5, max_delay_s=60, timeout_s=10, outage_limit_s=3600
    )
    assert job.guards == Guards(
        protect=(),
        protect_files=(),
        max_pairs=None,
        max_failure_ratio=None,
        min_sample=1000,
        fields=("From_Account", "To_Account"),
    )


def test_every_key_reaches_the_job(tmp_path: Path) -> None:
    """Rule: no key of the job file is read and then forgotten."""
    text = """
name = "purge"
operation = "delete_all_friends"
mode = "two_way"
run_dir = "../runs/purge"
[input]
files = ["b.tsv.gz", "a*.tsv", "/data/c.tsv", "-"]
format = "tsv"
quoting = "csv"
from_field = "a"
to_field = "b"
accounts_only = true
[targets.z-1_A]
provider = "zego"
region = "global"
app_id = 4294967295
secret_file = "zego.key"
endpoint = "https://ZIM.example:8443/"
proxy = "HTTP://Proxy.corp:3128/"
proxy_env = "PROXY_LOGIN"
qps = 25
max_in_flight = 7
batch_size = 50
[targets.t]
provider = "tencent"
app_id = 1
admin = "root"
endpoint = "emulator"
secret_env = "UNREAD"
proxy = "http://proxy.corp:3128"
[retry]
max_attempts = 1
base_delay_s = 2
max_delay_s = 3.5
timeout_s = 3.5
outage_limit = "1.5h"
[plan]
orient = "as_given"
[guards]
protect = ["007", "ü"]
protect_files = ["staff.txt"]
max_pairs = 1
max_failure_ratio = 1
min_sample = 1
"""
    (tmp_path / "jobs").mkdir()
    home = tmp_path / "jobs"

    job = load_job(write(home, text))

    assert job.name == "purge"
    assert job.mode is Mode.TWO_WAY
    assert job.run_dir == tmp_path / "runs" / "purge"
    assert job.input == Input(
        files=(str(home / "b.tsv.gz"), str(home / "a*.tsv"), "/data/c.tsv", "-"),
        format=Format.TSV,
        from_field="a",
        to_field="b",
        accounts_only=True,
        quoting=Quoting.CSV,
    )
    zego, tencent = job.targets
    assert zego == Target(
        name="z-1_A",
        provider="zego",
        region="global",
        app_id=4294967295,
        admin="",
        secret=SecretSource(file=home / "zego.key"),
        address="https://zim.example:8443",
        reach=Reach.REAL,
        qps=25,
        max_in_flight=7,
        batch_size=1,  # an account a call
        over_ceiling=True,
        proxy=ProxySource(address="http://proxy.corp:3128", env="PROXY_LOGIN"),
    )
    assert tencent.proxy is None
    assert (tencent.admin, tencent.secret, tencent.address) == ("root", None, None)
    assert (tencent.reach, tencent.region) == (Reach.EMULATOR, "")
    assert job.retry == Retry(
        max_attempts=1, base_delay_s=2, max_delay_s=3.5, timeout_s=3.5, outage_limit_s=5400
    )
    assert job.guards == Guards(
        protect=("007", "ü"),
        protect_files=(home / "staff.txt",),
        max_pairs=1,
        max_failure_ratio=1,
        min_sample=1,
        fields=("a", "b"),
    )


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("", Orient.AS_GIVEN),
        ("[plan]\n", Orient.AS_GIVEN),
        ('[plan]\norient = "as_given"\n', Orient.AS_GIVEN),
        ('[plan]\norient = "fewest_calls"\n', Orient.FEWEST_CALLS),
    ],
)
def test_who_chooses_the_side(tmp_path: Path, keys: str, expected: Orient) -> None:
    """Rule: pairs go from the side that the input names, unless the job file says otherwise."""
    text = LEAST.replace('"one_way"', '"two_way"')

    assert load_job(write(tmp_path, text + keys)).orient is expected


def test_run_dir_of_the_command_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule: --run-dir replaces the file's and is relative to the current directory."""
    monkeypatch.chdir(tmp_path)
    file = write(tmp_path, 'run_dir = "elsewhere"\n' + LEAST)

    assert load_job(file, run_dir=Path("here")).run_dir == tmp_path / "here"


def test_brackets_of_the_directory_are_no_glob(tmp_path: Path) -> None:
    """Rule: only what the job file says is a glob, not where it lies."""
    home = tmp_path / "exports [2026]"
    home.mkdir()
    (home / "pairs.csv").touch()

    (name,) = load_job(write(home, LEAST)).input.files

    assert [str(found) for found in Path("/").glob(name.lstrip("/"))] == [str(home / "pairs.csv")]


def test_a_byte_order_mark_and_crlf_are_fine(tmp_path: Path) -> None:
    """Rule: a job file that a Windows editor saved is read like any other."""
    file = tmp_path / "job.toml"
    file.write_bytes(b"\xef\xbb\xbf" + LEAST.replace("\n", "\r\n").encode())

    assert load_job(file).mode is Mode.ONE_WAY


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("", (20.0, 40, 20, False)),
        ("qps = 1", (1.0, 8, 20, False)),
        ("qps = 20", (20.0, 40, 20, False)),
        ("qps = 20.5", (20.5, 41, 20, True)),
        ("qps = 100000", (100_000.0, 1000, 20, True)),
        ("qps = 0.5\nmax_in_flight = 2000\nbatch_size = 50", (0.5, 2000, 50, False)),
    ],
)
def test_pace_of_a_zego_target(
    tmp_path: Path, keys: str, expected: tuple[float, int, int, bool]
) -> None:
    """Rule: max_in_flight is two seconds of qps within 8…1000; above the ceiling is marked."""
    start = 'provider = "zego"\nregion = "global"\napp_id = 5\nsecret_env = "S"\n'
    target = target_of(tmp_path, start + keys)

    assert (
        target.qps,
        target.max_in_flight,
        target.batch_size,
        target.over_ceiling,
    ) == expected


def test_clearing_lists_has_no_batches(tmp_path: Path) -> None:
    """Rule: delete_all_friends carries one account a call, whatever batch_size says."""
    keys = 'provider = "tencent"\nendpoint = "emulator"\napp_id = 5\nbatch_size = 1000'

    assert target_of(tmp_path, keys, operation="delete_all_friends").batch_size == 1


@pytest.mark.parametrize(
    ("endpoint", "address", "reach"),
    [
        ("emulator", None, Reach.EMULATOR),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000", Reach.LOOPBACK),
        ("http://127.255.1.2", "http://127.255.1.2", Reach.LOOPBACK),
        ("http://[::1]:1", "http://[::1]:1", Reach.LOOPBACK),
        ("HTTP://LocalHost:65535/", "http://localhost:65535", Reach.LOOPBACK),
        ("https://localhost", "https://localhost", Reach.LOOPBACK),
        ("https://10.0.0.1", "https://10.0.0.1", Reach.REAL),
        ("https://[2001:db8::1]:443", "https://[2001:db8::1]:443", Reach.REAL),
        ("https://localhost.example", "https://localhost.example", Reach.REAL),
        ("https://127.0.0.1.example", "https://127.0.0.1.example", Reach.REAL),
        ("https://2130706433", "https://2130706433", Reach.REAL),
        ("https://my_proxy:8443", "https://my_proxy:8443", Reach.REAL),
    ],
)
def test_what_an_endpoint_stands_for(
    tmp_path: Path, endpoint: str, address: str | None, reach: Reach
) -> None:
    """Rule: loopback is only what is spelled so; every other address counts as real."""
    target = target_of(
        tmp_path, f'provider = "zego"\napp_id = 5\nsecret_env = "S"\nendpoint = "{endpoint}"'
    )

    assert (target.address, target.reach) == (address, reach)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_region_of_every_provider_is_a_real_address(tmp_path: Path, provider: str) -> None:
    """Rule: a region stands for the provider's own address, and that is never taken for a trial."""
    for region, address in PROVIDERS[provider].regions.items():
        keys = f'provider = "{provider}"\nregion = "{region}"\napp_id = 5\nsecret_env = "S"'
        target = target_of(tmp_path, keys)

        assert (target.address, target.reach) == (address, Reach.REAL)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [('"90s"', 90), ('"30m"', 1800), ('"1h"', 3600), ('"5d"', 432_000), ("2.5", 2.5), ("7", 7)],
)
def test_durations(tmp_path: Path, written: str, seconds: float) -> None:
    """Rule: a duration is a number with its unit, or a number of seconds."""
    file = write(tmp_path, f"{LEAST}[retry]\noutage_limit = {written}\n")

    assert load_job(file).retry.outage_limit_s == seconds
