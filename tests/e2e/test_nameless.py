"""No log and no screen holds an account id in any encoding, unless somebody asked for ids."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.judge import Judge, Pair
from tests.support.process import Done, Place, csv_text, ledger, toml
from tests.support.quoting import quoting

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

HEAVY, REFUSED, CYRILLIC, CHINESE = (
    "marguerite-4711",
    "Refused.Person_99",
    "Łucja_жизнь",
    "张伟2024",
)
ODD, TOO_LONG, PROTECTED = " spaced-out-id", "much.too.long-" * 4, "guarded_soul_1"
ABSENT = "nobody-knows-me-8"
SHORT = "ann"
"""Stands in words of ours and of the provider's, such as "cannot"."""
OTHERS = [f"companion#{n}" for n in range(6)]
PAIRS: list[Pair] = [
    *((HEAVY, other) for other in (*OTHERS, REFUSED, CYRILLIC, CHINESE, ODD)),
    (CYRILLIC, CHINESE),
    (CHINESE, REFUSED),
    (SHORT, OTHERS[0]),
    (REFUSED, SHORT),
]
IDS = (HEAVY, REFUSED, CYRILLIC, CHINESE, ODD, TOO_LONG, PROTECTED, ABSENT, SHORT, *OTHERS)
QUICK = "[retry]\nmax_attempts = 3\nbase_delay_s = 0.01\nmax_delay_s = 0.02\n"
FAULTS = (
    f"item30001,id={REFUSED}",
    f"30006,account={CYRILLIC},action=delete",
    "30006:0.2,action=delete",
    f"pretend,id={CHINESE}",
)


def forms(account: str) -> Iterator[str]:
    """An id as it may stand in a text."""
    raw = account.encode()
    yield account
    yield json.dumps(account)[1:-1]
    yield quote(account)
    yield quote(account, safe="")
    yield base64.b64encode(raw).decode().rstrip("=")
    yield base64.urlsafe_b64encode(raw).decode().rstrip("=")
    yield raw.hex()


def held(text: str) -> set[str]:
    """The ids that stand in a text; the short one as a word of its own."""
    folded = text.casefold()
    found = {
        account
        for account in IDS
        if account != SHORT and any(form.casefold() in folded for form in forms(account.strip()))
    }
    return found | ({SHORT} if re.search(rf"\b{SHORT}\b", folded) else set())


@dataclass(kw_only=True)
class Life:
    """Commands that are given one after another, and what each of them said."""

    place: Place
    judge: Judge
    address: str
    said: dict[str, str] = field(default_factory=dict)

    @property
    def run_dir(self) -> Path:
        """Of the run."""
        return self.place.folder / "runs/job"

    def write(self, tail: str = "", *, head: str = "") -> None:
        """The job; all of its pairs are in its input, and rows that are rejected."""
        rows = csv_text([*PAIRS, (HEAVY, TOO_LONG), (HEAVY, PROTECTED)])
        self.place.write("pairs.csv", rows)
        tail = f'[guards]\nprotect = ["{PROTECTED}"]\n{QUICK}{tail}'
        text = toml(self.address, mode="two_way", head=head, tail=tail)
        self.place.write("job.toml", text)

    def does(self, verb: str, *options: str, code: int | None = None) -> Done:
        """A command, and its screens."""
        done = self.place.run(verb, "job.toml", *options)
        assert code is None or done.code == code, done.out + done.err
        self.said[" ".join((verb, *options))] = done.out + done.err
        return done

    def logs(self) -> dict[str, str]:
        """Every log that lies in the run directory."""
        return {str(path): path.read_text() for path in self.run_dir.rglob("run.log")}

    def leaks(self) -> dict[str, set[str]]:
        """The ids that stand where none may, by screen and log."""
        found = {where: held(text) for where, text in (self.said | self.logs()).items()}
        return {where: ids for where, ids in found.items() if ids}


@contextmanager
def life(place: Place, *faults: str, existing: tuple[str, ...] | None = None) -> Iterator[Life]:
    """Providers that quote ids, at which all are friends."""
    both = PAIRS + [(other, account) for account, other in PAIRS]
    friends = {"tencent": both}
    with (
        Judge(friends, faults=faults, existing=existing) as judge,
        quoting(judge.address) as address,
    ):
        yield Life(place=place, judge=judge, address=address)


def test_no_screen_and_no_log_of_a_life_names_anybody(place: Place) -> None:
    """Plan, check, run with faults, status, verify, undo, close: pseudonyms at most."""
    with life(place, *FAULTS) as one:
        one.write("[backup]\nenabled = true\n")
        one.does("check")
        one.does("plan")
        one.does("plan", "--json")
        one.does("backup", "--no-progress", code=0)
        one.does("run", "--json-logs", code=75)
        one.does("run", "--json", "--json-logs", code=75)
        one.does("status")
        one.does("status", "--json")
        one.does("verify")
        one.does("verify", "--remote", code=1)
        one.does("report", "--without-ids", "--output", ".")
        one.does("close", "--yes")
        one.does("undo", "--no-progress", "--account", HEAVY)
        one.does("undo", "--no-progress", "--json", "--account", ABSENT)
        one.does("undo", "--no-progress")
        texts = {line["info"] for line in ledger(one.run_dir)}
        assert any(REFUSED in text for text in texts), "the provider quotes ids"
        logs = one.logs()
        assert len(logs) == 5, "of the run and of each beside it"
        assert "cannot do it" in logs[str(one.run_dir / "run.log")]
        for name in ("report.html", "report.json"):
            one.said[name] = (place.folder / name).read_text()
        named = one.said.pop(f"undo --no-progress --account {HEAVY}")
        assert held(named) <= {HEAVY}, "he was named by who gave the command"
        assert one.leaks() == {}


def test_a_canary_and_a_backup_that_fail_name_nobody(place: Place) -> None:
    """What remains of a canary, whose list could not be pulled, and whose pairs are kept back."""
    with life(place, "pretend") as one:
        one.write("[canary]\naccounts = 2\nseed = 1\n")
        assert "such as" in one.does("run", code=3).err + one.said["run"]
        one.does("status")
        assert one.leaks() == {}
    there = tuple(account for account in IDS if account != HEAVY)
    with life(place, existing=there) as one:
        one.write("[backup]\nenabled = true\n", head='run_dir = "runs/kept"')
        one.does("backup")
        one.does("run", code=75)
        one.does("status", "--json")
        assert one.leaks() == {}


def test_a_protect_file_is_refused_by_the_number_of_its_line(place: Place) -> None:
    """Its shape shows what is wrong; nobody is named."""
    with life(place) as one:
        one.write()
        text = (place.folder / "job.toml").read_text()
        place.write("job.toml", text.replace("[guards]\n", '[guards]\nprotect_files = ["p.txt"]\n'))
        place.write("p.txt", f"{OTHERS[0]}\n{HEAVY},{CYRILLIC}\n")
        done = one.does("plan", code=2)
        assert "line 2" in done.err
        assert one.leaks() == {}


def test_a_pseudonym_is_followed_and_named(place: Place) -> None:
    """The same in plan, log and status; `who` names it; of nobody's it exits 1, of none 2."""
    with life(place, f"30006,account={CYRILLIC}") as one:
        one.write()
        planned = json.loads(one.does("plan", "--json").out)
        names = {each["account"] for each in planned["largest"]}
        first = planned["largest"][0]["account"]
        assert place.run("who", "job.toml", first).out == f"{HEAVY}\n"
        one.does("run", code=75)
        events = [
            json.loads(line) for line in one.logs()[str(one.run_dir / "run.log")].splitlines()
        ]
        called = {event["account"] for event in events if "account" in event}
        assert len(called) == 1
        assert called <= names
        assert place.run("who", "job.toml", *called).out == f"{CYRILLIC}\n"
        (waiting,) = one.place.status()["targets"]["tencent"]["unsettled_codes"]
        assert {waiting["example"]} == called
        assert place.run("who", "job.toml", "0" * 12).code == 1
        assert place.run("who", "job.toml", HEAVY).code == 2
        assert (one.run_dir / "log.key").stat().st_mode & 0o777 == 0o600


def test_with_log_ids_screens_and_logs_name_accounts(place: Place) -> None:
    """As whoever asks for it wants to see them, with the label of the ledger's lines."""
    with life(place, f"30006,account={CYRILLIC}") as one:
        one.write()
        assert {HEAVY, ODD} <= held(one.does("plan", "--log-ids").out)
        one.does("run", "--log-ids", code=75)
        assert CYRILLIC in held(one.logs()[str(one.run_dir / "run.log")])
        assert CYRILLIC in held(one.does("status", "--log-ids").out)
        assert HEAVY in held(one.does("check", "--log-ids").out)
        page = (one.run_dir / "report.html").read_text()
        assert "names accounts" in page
        one.does("report", "--without-ids")
        assert "names accounts" not in (one.run_dir / "report.html").read_text()
