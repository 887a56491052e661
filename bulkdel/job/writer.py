"""A job file as text: what was answered is set, every other key stands there as a comment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bulkdel.job.schema import Format
from bulkdel.providers import APP_ID_NAMES, PROVIDERS
from bulkdel.providers.protocol import Provider
from bulkdel.words import Mode, Operation

DEEDS: Final = {
    Operation.DELETE_FRIENDS: "removes the friendships that the input names",
    Operation.DELETE_ALL_FRIENDS: "clears the whole friend list of each account it names",
}
"""What each operation does, in words."""

REACHES: Final = {
    Operation.DELETE_FRIENDS: {
        Mode.ONE_WAY: "From_Account's list only; To_Account keeps From_Account",
        Mode.TWO_WAY: "both lists: the friendship is gone for both",
    },
    Operation.DELETE_ALL_FRIENDS: {
        Mode.ONE_WAY: "the accounts' own lists only; they stay on their friends' lists",
        Mode.TWO_WAY: "their own lists, and they are taken off all those friends' lists",
    },
}
"""How much one deletion removes, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetAnswers:
    """What is known of a target; `endpoint` is empty for the provider's own address."""

    provider: str
    region: str
    app_id: int
    secret_env: str
    secret_file: str
    admin: str
    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What is known of a job; `files` are as they shall stand in the file."""

    operation: Operation
    mode: Mode
    files: tuple[str, ...]
    format: Format | None
    from_field: str
    to_field: str
    accounts_only: bool
    targets: tuple[TargetAnswers, ...]


def job_text(answers: Answers, *, file: str) -> str:
    """The job file, ready to be loaded; `file` is what it will be called, for its examples."""
    return "\n".join(_lines(answers, file)) + "\n"


def toml_text(text: str) -> str:
    """`text` as a TOML string."""
    # JSON escapes what TOML wants escaped, but for DEL.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _lines(answers: Answers, file: str) -> Iterator[str]:
    reach = REACHES[answers.operation]
    yield f"""\
# A job of bulkdel. Look at it, then:
#
#     bulkdel check {file}     could it run now?
#     bulkdel plan {file}      what would be sent; sends nothing
#     bulkdel run {file}       asks, sends; the same command continues after a stop
#
# Without a [backup] what it deletes cannot be brought back. A key with a number sign before it is
# not set: its default, or an example, stands there.

# The run's name. Default: this file's name without its suffix.
# name = "purge-2026-11"

# What is done.
#   delete_friends       {DEEDS[Operation.DELETE_FRIENDS]}
#   delete_all_friends   {DEEDS[Operation.DELETE_ALL_FRIENDS]}
operation = {toml_text(answers.operation)}

# How much one deletion removes. There is no default for what cannot be undone.
#   one_way   {reach[Mode.ONE_WAY]}
#   two_way   {reach[Mode.TWO_WAY]}
mode = {toml_text(answers.mode)}

# Where plan, journal and ledger are kept, relative to this file. Default: runs/NAME beside it.
# run_dir = "runs/purge-2026-11"

[input]
# Paths or globs, relative to this file. "-" is standard input, and then needs format.
files = [{", ".join(map(toml_text, answers.files))}]

# csv, tsv, jsonl or parquet. By default the file's suffix says it (.gz and .zst allowed).
{_set("format", answers.format, "csv")}

# What a quotation mark is in csv and tsv: "csv" opens and closes a field, with line breaks in it as
# text; "none" is a character. By default csv in CSV, none in TSV.
# quoting = "csv"

# The columns, or JSON keys, that hold the two accounts. Other columns are ignored.
from_field = {toml_text(answers.from_field)}
to_field = {toml_text(answers.to_field)}

# delete_all_friends only: take From_Account and ignore the To column of input that has one. Without
# it such input is refused, since it looks like a list of friendships.
{"accounts_only = true" if answers.accounts_only else "# accounts_only = false"}
"""
    names = [one.provider for one in answers.targets]
    for at, target in enumerate(answers.targets):
        again = names[:at].count(target.provider)
        name = target.provider if not again else f"{target.provider}-{again + 1}"
        yield from _target(name, target, answers.operation)
    yield _REST


def _target(name: str, target: TargetAnswers, operation: Operation) -> Iterator[str]:
    provider = PROVIDERS[target.provider]
    qps = provider.limits[operation].qps
    batch = provider.limits[Operation.DELETE_FRIENDS]
    yield f"""\
[targets.{name}]
# The table's name is the target's name in the ledger. A job may have several targets; every row of
# the input is applied to each of them.
provider = {toml_text(target.provider)}

# Where the app lives: {_wrapped(provider)}
{_set("region", target.region or None, next(iter(provider.regions)))}

# The app's number: {APP_ID_NAMES}.
# Shown in {provider.app_id_place}.
app_id = {target.app_id}
"""
    if provider.admin is not None:
        yield f"""\
# The app's admin account, in whose name the calls are made.
{_set("admin", target.admin or None, provider.admin)}
"""
    yield f"""\
# The environment variable that holds the app's secret key, or the file (relative to this one) that
# holds it and nothing else. A secret is never written in a job file.
{_set("secret_env", target.secret_env or None, provider.secret_env)}
{_set("secret_file", target.secret_file or None, f"/run/secrets/{target.provider}")}

# To try the job without touching a friendship: "emulator" sends to one inside the process (use a
# --run-dir of its own). Or a server of your own; plain http only to this machine.
{_set("endpoint", target.endpoint or None, "emulator")}

# The company's HTTP proxy, if calls must go through one (CONNECT), and the environment variable
# that holds user:password for it, as they are. HTTPS_PROXY and the like are not used. A proxy takes
# so many connections (tinyproxy: 100): keep max_in_flight below that.
# proxy = "http://proxy.corp:3128"
# proxy_env = "PROXY_LOGIN"

# Calls a second: the ceiling for all calls of this target. The documented one is the default; live
# traffic of the same app may share it: stay below it then.
# qps = {qps:g}

# Calls that may wait for their answer at the same time. Default: two seconds' worth of qps.
# max_in_flight = {max(8, round(2 * qps))}

# To_Accounts that one call carries; more than {batch.batch_size_most} is an error. Not used by
# delete_all_friends.
# batch_size = {batch.batch_size}
"""


def _wrapped(provider: Provider) -> str:
    names = list(provider.regions)
    return f"{', '.join(names[:-1])}\n# or {names[-1]}."


def _set(key: str, value: str | None, example: str) -> str:
    """The key with its value, or commented out with an example."""
    return f"# {key} = {toml_text(example)}" if value is None else f"{key} = {toml_text(value)}"


_REST: Final = """\
[plan]
# two_way delete_friends only: "fewest_calls" sends each friendship once, from the side that makes
# calls few, and asks the other side where the first answers that there is no such friend.
# orient = "as_given"
# memory_limit_mb = 1000  # what planning may use; the rest goes to disk

[retry]
# When a call goes again. These are the defaults.
# max_attempts = 8        # calls in a row without progress of one batch, before it has to wait
# base_delay_s = 0.5      # doubled for each further call, with full jitter
# max_delay_s = 60
# timeout_s = 10          # must exceed 3, the provider's own
# outage_limit = "1h"     # a target that accepts no call for so long waits for the next start

[guards]
# Accounts that are never sent, neither as From_Account nor as To_Account.
# protect = ["administrator"]

# Files with one such account a line, relative to this file.
# protect_files = ["staff.txt"]

# A larger plan is shown but not sent. Default: no limit.
# max_pairs = 5000000

# The run stops when more than this part of a target's settled pairs failed, once min_sample of them
# are settled. Default: no limit.
# max_failure_ratio = 0.5
# min_sample = 1000

[schedule]
# Send only between these times of day; may cross midnight, and keeps to the clock on the wall when
# clocks change. Default: at any time. A window needs the timezone whose clock that is.
# window = "01:00-06:00"
# timezone = "Asia/Singapore"

# Outside the window: "exit" stops with code 75, and the same command goes on the next
# night; "wait" stays and goes on by itself.
# outside = "exit"

# The run stops after so long, with code 75. Default: no bound.
# max_duration = "5h"

[backup]
# Pull the data of every friend before it is deleted, so that `bulkdel undo` can put it back. Takes
# calls of its own; `bulkdel plan` says how many.
# enabled = true
# on_failure = "keep"      # "go": also send the pairs of accounts whose list cannot be pulled
# keep = "30d"             # how long it may be kept; default: no bound

# [canary]
# So many From_Accounts of each target first and alone, drawn at random; then the provider is asked
# whether their friendships are gone. If not, nothing else is sent. Default: no canary.
# accounts = 20
# seed = 1                 # what they are drawn with; default: a number made of the plan
# max_failed = 0           # pairs of a target's canary that may fail

# Then: "ask" a person (without a terminal: exit 75, `bulkdel run --go-on` continues), go on after a
# time such as "30m", in which it can be stopped, or "go".
# then = "ask"

# [request]
# What the purge answers; shown by status, report and metrics, and signed by `bulkdel seal`.
# id = "DSR-4711"
# reason = "GDPR Art. 17"
# requested_at = 2026-11-01
# deadline = 2026-12-01    # its end in UTC; `plan` and `check` say if it cannot be kept

# [evidence]
# The key that `bulkdel seal` signs with; `bulkdel seal --new-key FILE` makes one.
# signing_key_file = "signing-key.pem"
# signing_key_env = "BULKDEL_SIGNING_KEY"

# [cluster]
# Many targets: sent by several processes (`bulkdel run --processes N`) or, over a PostgreSQL that
# they share, by many machines (`bulkdel worker`).
# store_env = "BULKDEL_STORE"   # the variable that holds its address; default: this machine alone
# shard_qps = 800               # targets are put together until their qps add up to this
# lease = "15s"                 # how long a worker sends that cannot reach the store
# slices = { big = 4 }          # targets that several send at once; only one_way

[notify]
# Who is told how the run goes, with the summary as JSON: a program (on its standard input, started
# without a shell in this file's directory) and/or an address that it is POSTed to.
# command = ["./tell.sh"]
# url = "https://hooks.example.com/bulkdel"

# When: calls begin, exit 75, exit 0 or 1, exit 3; a provider refused the key or the app (at once,
# and again with exit 77), one target has ended while others go on, nothing of a target was settled
# for 15 minutes, and was again. These are the defaults.
# on = ["start", "stop", "finish", "guard", "credentials", "target", "trouble", "recovered"]"""
