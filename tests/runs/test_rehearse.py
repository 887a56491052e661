"""Rehearsals at emulated providers of every habit; with faults, stopped, killed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from bulkdel.emulator.emulated import Emulated
from bulkdel.emulator.faulttext import parse_faults
from bulkdel.emulator.habits import FOUND, Habits
from bulkdel.emulator.like import read_like
from bulkdel.emulator.server import EmulatorServer
from bulkdel.emulator.wire import DEMO_SECRET, EmulatedApp
from bulkdel.emulator.world import ReverseOnly, World
from bulkdel.errors import BulkdelError, Corrupt, StorageFailed, WrongInput
from bulkdel.job.job import Job
from bulkdel.job.jobfile import load_job
from bulkdel.providers.protocol import Secret
from bulkdel.report.rehearsal import KEYS, Key, Rehearsal, rehearsal_json
from bulkdel.runs.rehearsal_note import Note
from bulkdel.runs.rehearse import CALLS_MOST, Refused, Unfinished, rehearse, try_out
from tests.support.asking import every_provider
from tests.support.json_keys import undocumented, unwritten
from tests.support.raw_server import Server

JOB = """
operation = "{operation}"
mode = "two_way"
run_dir = "run"
[input]
files = ["pairs.csv"]
[targets.it]
provider = "{provider}"
app_id = 1400000000
secret_env = "TEST_SECRET_KEY"
endpoint = "{address}"
{admin}
[retry]
timeout_s = 4
[guards]
protect = ["queen"]
"""
THREE = ("a", "b", "c")
OTHERS = {("s", "t"), ("t", "a"), ("s", "b"), ("a", "s")}
"""Friendships of the three with others, which nothing may touch."""
BUSY = {"tencent": "30006", "zego": "660000001"}


@dataclass(kw_only=True)
class Trial:
    """One emulated provider, and the rehearsals at it."""

    folder: Path
    provider: str
    habits: Habits = field(default_factory=Habits)
    faults: tuple[str, ...] = ()
    operation: str = "delete_friends"
    others: set[tuple[str, str]] = field(default_factory=lambda: {*OTHERS})
    seed: int = 0
    admin: str = ""
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Makes the world: only these accounts exist."""
        (self.folder / "run").mkdir(exist_ok=True)
        self.world = World(existing={*THREE, "s", "t"})
        self.world.befriend(self.others)
        scenario = parse_faults(self.faults)
        self.emulated = Emulated(
            self.provider,
            app=EmulatedApp(app_id=1400000000),
            world=self.world,
            habits=self.habits,
            fault=scenario.fault,
            limit=scenario.limit(),
            seed=self.seed,
            log=None,
        )

    async def rehearse(
        self,
        at_call: Callable[[str, Callable[[str], None]], None] = lambda *_: None,
        accounts: tuple[str, str, str] = THREE,
        secret: str = DEMO_SECRET,
    ) -> Rehearsal:
        """A rehearsal; `at_call` is told each line, and how to stop it."""
        loop = asyncio.get_running_loop()
        began_s = time.time() - loop.time()
        told: list[Callable[[str], None]] = []

        def say(line: str) -> None:
            self.lines.append(line)
            at_call(line, told[0])

        async with EmulatorServer(self.emulated, clock=lambda: began_s + loop.time()) as server:
            job = self.job(server.address)
            [target] = job.targets
            note = Note(job.run_dir, target, accounts)
            return await try_out(
                job,
                target,
                accounts,
                note,
                secret=Secret(secret),
                proxy=None,
                say=say,
                tell=lambda stop, _=None: told.append(stop),
            )

    def job(self, address: str = "http://127.0.0.1:1") -> Job:
        """The job."""
        file = self.folder / "job.toml"
        values = {"operation": self.operation, "provider": self.provider, "address": address}
        values["admin"] = f'admin = "{self.admin}"' if self.admin else ""
        file.write_text(JOB.format(**values))
        return load_job(file)

    def made(self) -> set[tuple[str, str]]:
        """Friendships that were not there before; those that were are there."""
        pairs = {*self.world.pairs()}
        assert self.others <= pairs
        return pairs - self.others

    def left(self) -> set[tuple[str, str]]:
        """What the note in the run directory names."""
        path = self.folder / "run" / "rehearsal-it.left"
        if not path.exists():
            return set()
        return {(one, other) for one, other in orjson.loads(path.read_bytes())["made"]}


def values(rehearsal: Rehearsal) -> dict[str, Any]:
    """What was found, by the names of its file."""
    return {str(key): one.value for key, one in rehearsal.found.items()}


EVERY_HABIT = [(key, value) for key, kinds in FOUND.items() for value in kinds]


@every_provider
@pytest.mark.parametrize(("key", "value"), EVERY_HABIT)
async def test_every_habit_is_found(tmp_path: Path, name: str, key: str, value: Any) -> None:
    """What a provider does is found, and an emulator made of what was found does the same."""
    given: dict[str, Any] = {key: ReverseOnly(value) if key == "reverse_only" else value}
    trial = Trial(
        folder=tmp_path,
        provider=name,
        habits=replace(Habits(), **given),
        operation="delete_all_friends",
        others={("s", "t"), ("a", "s")},
    )
    rehearsal = await trial.rehearse()
    documented = {("zego", "complete"): None, ("tencent", "add_writes_both"): False}
    assert values(rehearsal)[key] == documented.get((name, key), value)
    assert (trial.made(), trial.left()) == (set(), set())
    assert rehearsal.calls == trial.emulated.stats.received < 60
    assert not rehearsal.unclear

    provider, habits = read_like(rehearsal_json(rehearsal))
    assert provider == name
    again = Trial(
        folder=tmp_path,
        provider=name,
        habits=habits,
        operation="delete_all_friends",
        others=trial.others,
    )
    assert values(await again.rehearse()) == values(rehearsal)


@every_provider
async def test_what_is_assumed_holds(tmp_path: Path, name: str) -> None:
    """At an emulator without a habit of its own nothing is broken, whoever else are friends."""
    rehearsal = await Trial(folder=tmp_path, provider=name).rehearse()
    assert rehearsal.broken == ()
    assert {key for key, one in rehearsal.found.items() if one.value is None} == {
        Key.CLEAR_REVERSE,
        *([Key.COMPLETE] if name == "zego" else []),
    }


@every_provider
@pytest.mark.parametrize(
    "fault", ["{}:0.12", "{}-after:0.12", "item{}:0.1", "cut-before:0.12", "cut-after:0.12"]
)
async def test_faults(tmp_path: Path, name: str, fault: str) -> None:
    """Fewer than 60 calls, nothing left, no friendship of others touched, and nothing guessed."""
    habits = Habits(reverse_only=ReverseOnly.DELETE)
    sure = await Trial(folder=tmp_path, provider=name, habits=habits).rehearse()
    for seed in range(5):
        faults = (fault.format(BUSY[name]),)
        trial = Trial(folder=tmp_path, provider=name, habits=habits, faults=faults, seed=seed)
        try:
            found = values(await trial.rehearse())
        except Unfinished as error:
            assert "no friendship was left behind" in str(error)  # noqa: PT017  # may be either
        else:
            known = {key: value for key, value in found.items() if value is not None}
            assert known.items() <= values(sure).items()
        assert trial.emulated.stats.received < 60
        assert (trial.made(), trial.left()) == (set(), set())


async def test_calls_are_kept_for_the_end(tmp_path: Path) -> None:
    """Where nearly all of them are used up by faults, what was made is removed all the same."""
    faults = tuple(f"30006:1,calls={first}-{first + 3}" for first in range(5, 47, 5))
    trial = Trial(folder=tmp_path, provider="tencent", faults=faults)
    with pytest.raises(Unfinished, match="more than 47 calls") as error:
        await trial.rehearse()
    assert "no friendship was left behind" in str(error.value)
    assert (trial.made(), trial.left()) == (set(), set())


@pytest.mark.parametrize("code", [60015, 12345])
async def test_a_refusal_of_what_is_tried_is_its_answer(tmp_path: Path, code: int) -> None:
    """Whatever a run would do at it: nothing stops here, and it is not tried again."""
    faults = (f"{code}:1,action=delete_all",)
    rehearsal = await Trial(folder=tmp_path, provider="tencent", faults=faults).rehearse()
    one = rehearsal.found[Key.CLEAR_EMPTY]
    assert (one.value, one.holds, one.unclear) == (None, False, False)
    assert f"code {code}" in one.words
    assert rehearsal.found[Key.NONCE_TWICE].value == "accepted"


async def test_a_result_that_passes_begins_the_question_anew(tmp_path: Path) -> None:
    """One id throttled while another was deleted: what a second call says is of another state."""
    faults = ("item31707:1,id=c,calls=6-6",)
    rehearsal = await Trial(folder=tmp_path, provider="tencent", faults=faults).rehearse()
    assert rehearsal.broken == ()
    assert rehearsal.found[Key.COMPLETE].value is True


async def test_credentials_that_expire_are_made_anew(tmp_path: Path) -> None:
    """One call refused for its signature goes again; three in a row are the last word."""
    faults = ("70001:1,calls=9-10",)
    rehearsal = await Trial(folder=tmp_path, provider="tencent", faults=faults).rehearse()
    assert rehearsal.broken == ()
    trial = Trial(folder=tmp_path, provider="tencent", faults=("70001:1,calls=9-11",))
    with pytest.raises(Refused, match="set this machine's clock; no friendship was left behind"):
        await trial.rehearse()


async def test_what_is_not_answered_at_the_end_is_not_called_removed(tmp_path: Path) -> None:
    """Where the last questions have no answer, it says what may be left, and keeps the note."""
    trial = Trial(folder=tmp_path, provider="tencent", faults=("12345:1,action=check,calls=24-99",))
    with pytest.raises(Unfinished, match="may be left behind: b on a's list, a on b's list"):
        await trial.rehearse()
    assert trial.left() == {("a", "b"), ("b", "a")}


async def test_what_somebody_else_makes_meanwhile_is_let_be(tmp_path: Path) -> None:
    """Only what this made is removed at the end, though it is among the three."""
    trial = Trial(folder=tmp_path, provider="tencent")

    def befriend(line: str, _: object) -> None:
        if "nonce" in line:
            trial.world.befriend([("c", "a")])

    await trial.rehearse(befriend)
    assert (trial.made(), trial.left()) == ({("c", "a")}, set())


async def test_a_secret_that_is_repeated_is_not_shown(tmp_path: Path) -> None:
    """A reply may hold the signature of its call: no line and no sentence passes it on."""
    signed: list[str] = []

    async def echo(_: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader
        query = server.heads[-1].split(b"?")[1].split(b" ")[0].decode()
        signed.append(query.split("usersig=")[1].split("&")[0])
        text = " ".join(signed[-1][at : at + 24] for at in range(0, 96, 24))
        body = orjson.dumps({"ErrorCode": 30003, "ErrorInfo": text})
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()

    server = Server(echo)
    trial = Trial(folder=tmp_path, provider="tencent")
    async with server.running() as address:
        job = trial.job(address)
        [target] = job.targets
        with pytest.raises(WrongInput) as error:
            await try_out(
                job,
                target,
                THREE,
                Note(job.run_dir, target, THREE),
                secret=Secret(DEMO_SECRET),
                proxy=None,
                say=trial.lines.append,
                tell=lambda *_: None,
            )
    shown = "".join((*trial.lines, str(error.value)))
    assert signed
    assert "***" in shown
    assert not [one for one in signed if one[:24] in shown or one[24:48] in shown]


@every_provider
async def test_a_stop_at_any_call_leaves_nothing(tmp_path: Path, name: str) -> None:
    """The first signal ends the questions, whatever was just made is removed: exit 75."""
    whole = (await Trial(folder=tmp_path, provider=name).rehearse()).calls
    for last in range(1, whole - 3, 3):
        trial = Trial(folder=tmp_path, provider=name)

        def stop(_: str, tell: Callable[[str], None], last: int = last, it: Trial = trial) -> None:
            if len(it.lines) == last:
                tell("SIGINT")

        with pytest.raises(Unfinished, match="stopped by SIGINT") as error:
            await trial.rehearse(stop)
        assert error.value.exit_code == 75
        assert len(trial.lines) <= last + 8
        assert (trial.made(), trial.left()) == (set(), set())


class Killed(BaseException):
    """Nothing of ours runs after it."""


@every_provider
async def test_a_kill_at_any_call_is_made_good(tmp_path: Path, name: str) -> None:
    """What is there is noted, and the same command removes it before it does anything else."""
    whole = (await Trial(folder=tmp_path, provider=name).rehearse()).calls
    for last in range(1, whole, 3):
        trial = Trial(folder=tmp_path, provider=name)

        def kill(*_: object, last: int = last, it: Trial = trial) -> None:
            if len(it.lines) == last:
                raise Killed

        with pytest.raises(Killed):
            await trial.rehearse(kill)
        assert trial.made() <= trial.left()
        trial.lines.clear()
        assert (await trial.rehearse()).broken == ()
        assert (trial.made(), trial.left()) == (set(), set())


async def test_what_a_killed_one_left_is_removed_for_other_accounts_too(tmp_path: Path) -> None:
    """The note names the accounts that it is about; those of the command may be others."""
    trial = Trial(folder=tmp_path, provider="tencent", others=set())

    def kill(*_: object) -> None:
        if trial.made():
            raise Killed

    with pytest.raises(Killed):
        await trial.rehearse(kill)
    await trial.rehearse(accounts=("s", "t", "c"))
    assert (trial.made(), trial.left()) == (set(), set())


@every_provider
async def test_what_cannot_be_removed_is_named(tmp_path: Path, name: str) -> None:
    """Where deletions are answered and not done, it says who is left on whose list: exit 75."""
    trial = Trial(folder=tmp_path, provider=name, faults=("pretend:1,action=delete",))
    with pytest.raises(Unfinished) as error:
        await trial.rehearse()
    assert error.value.exit_code == 75
    assert "b on a's list" in str(error.value)
    assert "run the same command again" in str(error.value)
    assert trial.made() <= trial.left()
    assert ("a", "b") in trial.made()
    assert trial.emulated.stats.received < 60


@every_provider
@pytest.mark.parametrize(
    ("friends", "words"),
    [
        ({("a", "b")}, "a has b"),
        ({("b", "a")}, "b has a"),
        ({("b", "c"), ("c", "b")}, "b has c, c has b"),
        ({("c", "a")}, "c has a"),
    ],
)
async def test_friends_among_each_other_are_refused(
    tmp_path: Path, name: str, friends: set[tuple[str, str]], words: str
) -> None:
    """In either direction, before anything was changed: exit 2."""
    trial = Trial(folder=tmp_path, provider=name, others=friends)
    with pytest.raises(WrongInput, match=words):
        await trial.rehearse()
    assert trial.emulated.stats.by_action == {"check": 3}
    assert (trial.made(), trial.left()) == (set(), set())


@every_provider
@pytest.mark.parametrize("at", range(3))
async def test_an_account_that_does_not_exist_is_refused(
    tmp_path: Path, name: str, at: int
) -> None:
    """Whichever of the three it is, with the provider's own words: exit 2, nothing changed."""
    trial = Trial(folder=tmp_path, provider=name)
    accounts = ["a", "b", "c"]
    accounts[at] = "ghost"
    a, b, c = accounts
    with pytest.raises(WrongInput, match="ghost") as error:
        await trial.rehearse(accounts=(a, b, c))
    assert "exist" in str(error.value)
    assert trial.emulated.stats.by_action.keys() == {"check"}
    assert trial.made() == set()


@every_provider
async def test_a_wrong_secret_is_refused(tmp_path: Path, name: str) -> None:
    """Exit 77 after a few calls, with what to do; the secret stands nowhere."""
    trial = Trial(folder=tmp_path, provider=name)
    with pytest.raises(Refused, match="secret_file points; nothing was changed") as error:
        await trial.rehearse(secret="f" * 32)
    assert error.value.exit_code == 77
    assert trial.emulated.stats.received == 3
    assert "f" * 12 not in "".join((*trial.lines, str(error.value)))


async def test_it_stays_well_below_the_rate(tmp_path: Path) -> None:
    """One call at a time, at most half of the documented rate in any second."""
    trial = Trial(folder=tmp_path, provider="zego")
    await trial.rehearse()
    assert trial.emulated.stats.most_in_any_second <= 10
    assert trial.emulated.stats.overlaps == 0


async def test_what_cannot_be_noted_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No friendship without its note on disk: a full disk ends it before the call: exit 75."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bulkdel.files.replace", full)
    trial = Trial(folder=tmp_path, provider="tencent")
    with pytest.raises(StorageFailed, match="No space left"):
        await trial.rehearse()
    assert trial.emulated.stats.by_action.keys() == {"check"}


@pytest.mark.parametrize(
    ("accounts", "words"),
    [
        (("a", "b"), "2 different accounts"),
        (("a", "b", "a"), "2 different accounts"),
        (("a", "b", "c", "d"), "4 different accounts"),
        (("a", "b", ""), "is empty"),
        (("a", "b", "x" * 33), "33 bytes"),
        (("a", "b", "queen"), "queen is protected"),
        (("a", "b", "boss"), "boss is protected"),
        (("a", "b", 'q"q'), "ZIM user ids hold only"),
    ],
)
def test_accounts_that_may_not_be_tried(
    tmp_path: Path, accounts: tuple[str, ...], words: str
) -> None:
    """Nothing is sent, and nobody is asked: exit 2."""
    admin = "boss" if "boss" in accounts else ""
    trial = Trial(folder=tmp_path, provider="tencent" if admin else "zego", admin=admin)
    with pytest.raises(WrongInput, match=words):
        rehearse(trial.job(), "it", accounts, agree=_nobody, say=print, tell=_nobody)


def test_another_target_is_named(tmp_path: Path) -> None:
    """The targets that there are stand in the sentence."""
    job = Trial(folder=tmp_path, provider="zego").job()
    with pytest.raises(WrongInput, match="no target that; it has it"):
        rehearse(job, "that", THREE, agree=_nobody, say=print, tell=_nobody)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"app_id":1,"accounts":[],"made":[1]}'])
def test_a_note_that_cannot_be_read(tmp_path: Path, content: bytes) -> None:
    """Is refused, with what to do; it may name friendships that are there."""
    trial = Trial(folder=tmp_path, provider="zego")
    (tmp_path / "run" / "rehearsal-it.left").write_bytes(content)
    job = trial.job()
    with pytest.raises(Corrupt, match="remove the file"):
        Note(job.run_dir, job.targets[0], THREE)


def test_what_was_left_at_another_app(tmp_path: Path) -> None:
    """Is not looked for at this one, nor forgotten."""
    trial = Trial(folder=tmp_path, provider="zego")
    note = {"app_id": 7, "accounts": THREE, "made": [["a", "b"]]}
    (tmp_path / "run" / "rehearsal-it.left").write_bytes(orjson.dumps(note))
    job = trial.job()
    with pytest.raises(WrongInput, match="at app 7"):
        Note(job.run_dir, job.targets[0], THREE)


async def test_its_file(tmp_path: Path) -> None:
    """Every key is documented, and every documented one is written."""
    rehearsal = await Trial(folder=tmp_path, provider="tencent").rehearse()
    written = orjson.loads(rehearsal_json(rehearsal))
    assert undocumented(written, KEYS) == unwritten(written, KEYS) == set()
    assert (written["version"], written["provider"], written["target"]) == (1, "tencent", "it")
    assert written["calls"] <= CALLS_MOST
    assert written["found"].keys() == FOUND.keys()


def _nobody(*_: object) -> None:
    raise BulkdelError("nobody is asked")
