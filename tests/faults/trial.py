"""One fault in one command: what the command says then, and whether the next one sets all right."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from tests.faults import situations
from tests.faults.errnos import INVISIBLE
from tests.faults.situations import ABSENT, ACCOUNTS, BYSTANDERS, FRIENDS, PAIRS, Pair, Situation
from tests.faults.syscalls import numbers
from tests.faults.tracer import Fault, Trace, Traced
from tests.support.judge import Judge
from tests.support.process import KEY, environment

BOUND_S: Final = 40.0
"""Within this a command ends, whatever fails: it waits for seconds, and the machine may be slow."""

NOT_REACHED: Final = "(not reached)"
CONVENIENCES: Final = ("report.", ".report-#", "control.sock", "run.log", "rates.json", "m.prom")
"""Files of a run that it can do without."""

NOT_DONE, LEFT = 2, 75
_LOOKS: Final = frozenset({"newfstatat", "lstat", "statx"})
_OF_DATABASES: Final = (".parquet", "lines", "staged", "journal.db", "-wal", "-shm", "-journal")
_SECRET: Final = "0123456789abcdef0123456789abcdef"
_NEVER: Final = ("Traceback", "should not have happened", "Exception ignored")
_REASONS: Final = (
    "the disk is full",
    "database or disk is full",
    "too many open files",
    "no such file",
    "disk I/O error",
    "unable to open database file",
    "is readable by its owner only",
    "cannot be looked at",  # DuckDB says no more, nor of locks
    "cannot be locked",
    "readonly database",  # SQLite opens to read what it cannot open to write
    "database disk image is malformed",  # SQLite takes EIO for a broken file system
)
"""What libraries say in place of the system's word."""
_BLAME: Final = ("made no progress", "tries are used up", "no answer", "outage", "refused the cred")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended, and what it said."""

    traced: Traced
    out: str
    err: str


class Unable(Exception):
    """Why system calls cannot be traced here."""


class Place:
    """A folder, a judge and a tracer, for one trial after another."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self.folder = base / "place"
        self._left: dict[str, dict[str, frozenset[Pair]]] = {}

    def open(self) -> None:
        """Starts the judge and the tracer.

        Raises:
            Unable: system calls cannot be traced here.
        """
        if not numbers():
            raise Unable(f"{platform.system()} on {platform.machine()} is not known")
        self._judge = Judge({"tencent": FRIENDS, "zego": FRIENDS}).__enter__()
        self._tracer = subprocess.Popen(
            [sys.executable, "-P", "-m", "tests.faults.tracer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(OPENBLAS_NUM_THREADS="1"),
        )
        self.folder.mkdir()
        tried = self.command("--version", traced=True).traced
        if tried.unable or not tried.stops:
            self.close()
            raise Unable(tried.unable or "no call stopped")

    def close(self) -> None:
        """Ends both."""
        self._tracer.kill()
        self._tracer.communicate()
        self._judge.__exit__(None, None, None)

    def command(self, *arguments: str, traced: bool = False, **more: Any) -> Ended:
        """The command in the folder, ended."""
        for name in ("out", "err"):
            (self._base / name).unlink(missing_ok=True)
        trace = Trace(
            arguments=arguments,
            environment=environment(**{KEY: _SECRET, "PYTHONDONTWRITEBYTECODE": "1"}),
            folder=str(self.folder),
            out=str(self._base / "out"),
            err=str(self._base / "err"),
            bound_s=BOUND_S,
            traced=traced,
            **more,
        )
        assert self._tracer.stdin
        assert self._tracer.stdout
        self._tracer.stdin.write(json.dumps(asdict(trace)) + "\n")
        self._tracer.stdin.flush()
        answer = self._tracer.stdout.readline()
        assert answer, "the tracer has died"
        out, err = ((self._base / name).read_text() for name in ("out", "err"))
        return Ended(traced=Traced(**json.loads(answer)), out=out, err=err)

    def prepare(self, situation: Situation) -> None:
        """The folder and the friend lists as the situation finds them."""
        kept = self._base / f"before-{situation.name}"
        shutil.rmtree(self.folder, ignore_errors=True)
        if not kept.exists():
            self.folder.mkdir()
            situations.write(self.folder, self._judge.address)
            self._judge.begin_anew({"tencent": FRIENDS, "zego": FRIENDS})
            for arguments, code in situation.before:
                done = self.command(*arguments)
                assert done.traced.code == code, done
            self._left[situation.name] = self.left()
            self.folder.rename(kept)
        shutil.copytree(kept, self.folder)
        self._judge.begin_anew(self._left[situation.name])

    def left(self) -> dict[str, frozenset[Pair]]:
        """Who has whom at each provider."""
        return {name: self._judge.seen(name).left for name in ("tencent", "zego")}

    def traced(self, situation: Situation, *, warm: bool = True) -> Traced:
        """What the command, without a fault, calls."""
        self.prepare(situation)
        done = self.command(*situation.arguments, traced=True, warm=warm)
        assert done.traced.code == situation.clean, done
        return done.traced

    def wrong(self, situation: Situation, fault: Fault, *, warm: bool = True) -> list[str]:
        """What was not as it must be, after this fault and the same command again."""
        self.prepare(situation)
        calls = self._judge.calls
        ended = self.command(*situation.arguments, traced=True, fault=fault, warm=warm)
        if not ended.traced.hit and not fault.signals:
            return [NOT_REACHED]
        sent = self._judge.calls - calls
        return [
            *_of_ending(situation, fault, ended, sent),
            *self._of_the_rest(situation, ended),
        ]

    def _of_the_rest(self, situation: Situation, ended: Ended) -> list[str]:
        """The same command again, the run to its end, and what the judge and the auditor say."""
        wrong = []
        if situation.makes and (ended.traced.code == situation.clean):
            (self.folder / situation.makes).unlink()
        again = self.command(*situation.arguments)
        if again.traced.code != situation.clean:
            wrong.append(f"again: exit {again.traced.code}: {again.err[-300:]}{again.out[-300:]}")
        job = situation.job
        rest = again
        if situation.arguments != ("run", job, "--no-progress"):
            rest = self.command("run", job, "--no-progress")
        finished = 0 if job == "all.toml" else 1
        if rest.traced.code != finished:
            wrong.append(f"the rest: exit {rest.traced.code}: {rest.err[-300:]}{rest.out[-300:]}")
            return wrong
        verified = self.command("verify", job)
        if verified.traced.code != 0:
            wrong.append(f"verify: exit {verified.traced.code}: {verified.out}{verified.err}")
        run_dir = self.folder / "runs" / job.removesuffix(".toml")
        lines = [json.loads(line) for line in (run_dir / "ledger.jsonl").read_text().splitlines()]
        wrong += _of_ledger(situation, lines)
        if job != "emu.toml":
            wrong += _of_left(situation, self.left(), lines)
        return wrong


def _of_ending(situation: Situation, fault: Fault, ended: Ended, sent: int) -> list[str]:
    """What is wrong with how the command that met the fault ended."""
    code, said = ended.traced.code, ended.out + ended.err
    wrong = [f"it says {word!r}: {said[-600:]}" for word in _NEVER if word in said]
    if code is None:
        return [*wrong, f"did not end within {BOUND_S} s"]
    run = situation.arguments[0] == "run"
    allowed = _allowed(situation, fault)
    if code not in allowed:
        wrong.append(f"exit {code}, allowed {sorted(allowed)}: {ended.err[-300:]}")
    if run and code == NOT_DONE and sent:
        wrong.append(f"exit 2 after {sent} calls")
    socket = fault.where == "<socket>" or fault.call in {"socket", "connect"}
    if not socket and any(word in said for word in _BLAME):
        wrong.append("blames a provider: " + said[-600:])
    if _is_invisible(fault) and ("Warning" in ended.err or "bulkdel: " in ended.err):
        wrong.append(f"is seen: {ended.err[-300:]}")
    if code in {NOT_DONE, LEFT} and code != situation.clean:
        wrong += _of_sentence(fault, said)
    return wrong


def _allowed(situation: Situation, fault: Fault) -> set[int]:
    """The exit codes that the command may have."""
    run = situation.arguments[0] == "run"
    if fault.signals:
        return {situation.clean, LEFT if run else NOT_DONE}
    place = fault.where.rsplit("/", 1)[-1]
    convenience = place.startswith(CONVENIENCES) and situation.name != "report"
    if _is_invisible(fault):
        return {situation.clean}
    if convenience:  # one that cannot be looked at, or that was asked for, may be refused at first
        refused = fault.call in _LOOKS or place.startswith("m.prom")
        return {situation.clean, NOT_DONE} if refused else {situation.clean}
    looked = {1} if situation.name in {"check", "verify"} else set()
    return {situation.clean, NOT_DONE, *looked, *({LEFT} if run else ())}


def _is_invisible(fault: Fault) -> bool:
    """Whether nobody may see it: Python asks again; the two databases take it for a failure."""
    theirs = fault.where.endswith(_OF_DATABASES) and fault.errno
    return (fault.short or fault.errno in INVISIBLE) and not theirs


def _of_sentence(fault: Fault, said: str) -> list[str]:
    """Whether it is said what failed and why."""
    flat = " ".join(said.split())
    if len(fault.signals) > 1:
        return []  # the second one says how many calls it leaves behind, and no more
    if fault.signals:
        return [] if "stopped by" in said or "interrupted" in said else [f"not said: {said[-300:]}"]
    reasons = (os.strerror(fault.errno), *_REASONS)
    if not any(reason.lower() in flat.lower() for reason in reasons):
        return [f"does not say why ({os.strerror(fault.errno)}): {said[-500:]}"]
    return []


def _of_ledger(situation: Situation, lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """Whether each pair of each target has its one line."""
    expected: list[tuple[str, str | None]]
    expected = [*PAIRS, ABSENT]
    if situation.job == "all.toml":
        expected = [(account, None) for account in ACCOUNTS]
    wrong = []
    for target in ("tencent", "zego"):
        named = Counter(
            (line["from_account"], line["to_account"]) for line in lines if line["target"] == target
        )
        if named != Counter(expected):
            wrong.append(f"the ledger of {target} is not the plan: {named}")
    for line in lines:
        there = (line["from_account"], line["to_account"]) != ABSENT and line["to_account"]
        if line["status"] == "already_gone" and there and not line["lost_answers"]:
            wrong.append(f"our own deletion is called somebody else's: {line}")
        if line["status"] == "failed" and not situation.settles:
            wrong.append(f"a machine's trouble is called the provider's refusal: {line}")
    return wrong


def _of_left(
    situation: Situation, left: Mapping[str, frozenset[Pair]], lines: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Whether the friend lists are what the ledger says."""
    wrong = []
    for target, pairs in left.items():
        gone = set(FRIENDS) - pairs
        told = {
            (line["from_account"], line["to_account"])
            for line in lines
            if line["target"] == target and line["status"] != "failed"
        } - {ABSENT}
        if situation.job == "all.toml":
            listed = {pair for pair in FRIENDS if pair[0] in ACCOUNTS}
            told = listed | {pair for pair in FRIENDS if pair[::-1] in listed}
        if gone != told:
            wrong.append(f"{target}: gone {sorted(gone)}, told {sorted(told)}")
        if situation.job != "all.toml" and not set(BYSTANDERS) <= pairs:
            wrong.append(f"{target}: deleted what nobody asked for")
    return wrong
