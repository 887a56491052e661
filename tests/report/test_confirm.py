"""What a yes agrees to: the real thing is never mistaken for a stand-in, nor the other way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bulkdel.job.beside import OnFailure
from bulkdel.job.job import Backup, Job, ProxySource, Reach
from bulkdel.report.text.confirm import confirm_text, is_real, question
from bulkdel.words import Mode, Operation
from tests.support import front

ROWS = front.books(read=1_200_000, pairs=1_200_000)
REAL = front.job(front.tencent(), front.zego())
TRIAL = front.job(
    front.tencent(reach=Reach.EMULATOR, address=None),
    front.zego(reach=Reach.LOOPBACK, address="http://127.0.0.1:9000"),
)


def shown(job: Job) -> str:
    """The confirmation on one long line."""
    plan = front.plan(job, ROWS, {target.name: 120_000 for target in job.targets})
    return " ".join(confirm_text(job, plan, 120).split())


def test_real_is_called_real() -> None:
    """A real target is named with provider, region, app and address, and it cannot be undone."""
    text = shown(REAL)
    assert "It cannot be undone." in text
    assert (
        "the real Tencent Chat, Singapore, app 1400000000 (https://adminapisgp.im.qcloud.com)"
        in text
    )
    assert "the real ZEGOCLOUD ZIM, Global, app 1234567890 (https://zim-api.zego.im)" in text
    assert "emulator" not in text
    assert is_real(REAL)


def test_stand_ins_are_never_called_real() -> None:
    """An emulator and a loopback server are named as such, and nothing is called real."""
    text = shown(TRIAL)
    assert "an emulator of Tencent Chat inside this process: nothing real is touched" in text
    assert (
        "a server on this machine (loopback) in place of ZEGOCLOUD ZIM: http://127.0.0.1:9000"
        in text
    )
    assert "the real" not in text
    assert "undone" not in text
    assert "no target of this job is a real provider" in text
    assert not is_real(TRIAL)


def test_one_real_target_makes_it_real() -> None:
    """A job with one real target among stand-ins is real, and only that target is called so."""
    mixed = front.job(front.tencent(reach=Reach.EMULATOR, address=None), front.zego())
    text = shown(mixed)
    assert is_real(mixed)
    assert "It cannot be undone." in text
    assert text.count("the real") == 1
    plan = front.plan(mixed, ROWS, {"tencent": 1, "zego": 1})
    assert question(mixed, plan) == "Delete 1,200,000 pairs at 1 real app? Type yes to go on: "


def test_a_strange_address_is_told() -> None:
    """A real target whose address is not the region's own is real, and the address is remarked."""
    text = shown(front.job(front.tencent(address="https://proxy.example.com")))
    assert "the real Tencent Chat, Singapore, app 1400000000" in text
    assert "at https://proxy.example.com, not Tencent Chat's own address" in text


@pytest.mark.parametrize("reach", [Reach.REAL, Reach.LOOPBACK])
def test_a_proxy_is_told(reach: Reach) -> None:
    """Where calls go through one it stands beside the address; the variable's name does not."""
    proxy = ProxySource(address="http://proxy.corp:3128", env="THE_LOGIN")
    text = shown(front.job(replace(front.tencent(reach=reach), proxy=proxy)))
    assert "https://adminapisgp.im.qcloud.com, through http://proxy.corp:3128" in text
    assert "THE_LOGIN" not in text


def test_work_is_shown() -> None:
    """Pairs, calls and the least time at each target's rate: 120,000 calls at 200/s are 10 min."""
    text = shown(REAL)
    assert "tencent 1,200,000 120,000 200 10 min 00 s" in text
    assert "zego 1,200,000 120,000 20 1 h 40 min" in text


@pytest.mark.parametrize(
    ("operation", "mode", "words"),
    [
        (Operation.DELETE_FRIENDS, Mode.TWO_WAY, "removes the friendship from both lists"),
        (Operation.DELETE_FRIENDS, Mode.ONE_WAY, "To_Account's own list is left as it is"),
        (Operation.DELETE_ALL_FRIENDS, Mode.TWO_WAY, "off the lists of all those friends"),
        (Operation.DELETE_ALL_FRIENDS, Mode.ONE_WAY, "stays on the lists of those friends"),
    ],
)
def test_the_deed_in_words(operation: Operation, mode: Mode, words: str) -> None:
    """Operation and mode are named and said in words."""
    text = shown(front.job(front.tencent(), operation=operation, mode=mode))
    assert f"{operation}, {mode}: " in text
    assert words in text


def test_everybody_goes() -> None:
    """delete_all_friends says that every friend goes, whatever the input says."""
    job = front.job(front.tencent(), operation=Operation.DELETE_ALL_FRIENDS)
    assert "Every friend of 1,200,000 accounts goes, whatever else the input says" in shown(job)
    assert "Every friend" not in shown(REAL)
    plan = front.plan(job, ROWS, {"tencent": 1})
    assert question(job, plan).startswith("Clear the friend lists of 1,200,000 accounts at 1 real")


def test_guarding_only_one_side_is_said() -> None:
    """Protected accounts are guarded as From only by delete_all_friends, and the text says so."""
    job = front.job(front.tencent(), operation=Operation.DELETE_ALL_FRIENDS, protect=("admin",))
    assert "guards.protect: protected accounts keep their own lists" in shown(job)
    assert "keep their own lists" not in shown(front.job(front.tencent(), protect=("admin",)))


def test_over_the_ceiling_warns() -> None:
    """A qps above the documented ceiling is said before anybody agrees."""
    text = shown(front.job(front.tencent(qps=400, over_ceiling=True)))
    assert "tencent: qps = 400 is above the provider's documented ceiling" in text


def test_what_a_backup_lets_be_put_back_is_said() -> None:
    """That nothing can be undone stands there where it is so, and nowhere else."""
    kept = Backup.model_validate({"enabled": True, "keep": "30d"})
    text = " ".join(shown(replace(REAL, backup=kept)).split())
    assert "so it can be put back, for 30 d." in text
    assert "cannot be undone" not in text
    goes = Backup(enabled=True, on_failure=OnFailure.GO)
    text = " ".join(shown(replace(REAL, backup=goes)).split())
    assert "put back, but not where it cannot be pulled." in text
