"""What is wrong with a job file is said in one sentence each, and no secret is ever shown."""

from __future__ import annotations

import json
import shlex
import traceback
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkdel.errors import WrongInput
from bulkdel.job.jobfile import load_job
from bulkdel.job.keys import Allowed, Table, keys_of
from bulkdel.job.problems import TABLES
from bulkdel.job.schema import JobTable
from bulkdel.job.target_table import TargetTable

KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"

TOP = 'operation = "delete_friends"\nmode = "one_way"\n'
INPUT = '[input]\nfiles = ["pairs.csv"]\n'
TENCENT = (
    '[targets.tencent]\nprovider = "tencent"\nregion = "singapore"\napp_id = 1400000000\n'
    'secret_env = "TENCENT_SECRET_KEY"\n'
)
ZEGO = (
    '[targets.zego]\nprovider = "zego"\nregion = "global"\napp_id = 1234567890\n'
    'secret_env = "ZEGO_SERVER_SECRET"\n'
)
GOOD = TOP + INPUT + TENCENT
EMULATED = TOP + INPUT + '[targets.t]\nprovider = "zego"\napp_id = 5\nendpoint = "emulator"\n'


def without(text: str, key: str) -> str:
    """`text` without the line of `key`."""
    return "".join(line for line in text.splitlines(True) if not line.startswith(f"{key} ="))


def refusal(file: Path, content: str | bytes) -> str:
    """The sentence, after it was seen that it and the traceback show no pydantic and no secret."""
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(WrongInput) as caught:
        load_job(file)
    sentence = str(caught.value)
    trace = "".join(traceback.format_exception(caught.value))
    for text in (sentence, trace):
        assert KEY[:12] not in text
        assert "opensesame" not in text
        assert "validation error" not in text
        assert "errors.pydantic.dev" not in text
    assert "_type" not in sentence
    assert "Input should" not in sentence
    assert "Value error" not in sentence
    lines = sentence.split("\n")
    assert all(line.startswith(f"{file}: ") for line in lines)
    assert all(line.isprintable() for line in lines)
    return sentence


def wrong(text: str, *fragments: str, id: str) -> object:  # noqa: A002 - pytest's own word
    """A job file, and what its sentence must hold."""
    return pytest.param(text, fragments, id=id)


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        # The top of the file.
        wrong(
            without(GOOD, "mode"),
            "mode is missing",
            '"one_way"',
            '"two_way"',
            "no default for how much is destroyed",
            id="mode-missing",
        ),
        wrong(
            GOOD.replace("one_way", "both"),
            'mode is "both"; it must be "one_way" or "two_way"',
            id="mode-unknown",
        ),
        wrong(GOOD.replace('"one_way"', "2"), "mode is 2;", '"one_way"', id="mode-number"),
        wrong(without(GOOD, "operation"), "operation is missing", id="operation-missing"),
        wrong(
            GOOD.replace('"delete_friends"', '"delete_all"'),
            'operation is "delete_all"',
            '"delete_all_friends"',
            id="operation-unknown",
        ),
        wrong('name = "a/b"\n' + GOOD, 'name is "a/b"', "slash", id="name-with-slash"),
        wrong('name = ".."\n' + GOOD, 'name is ".."', id="name-dots"),
        wrong('name = ""\n' + GOOD, 'name is ""', id="name-empty"),
        wrong('run_dir = ""\n' + GOOD, 'run_dir is ""', id="run-dir-empty"),
        wrong("run_dir = 1979-05-27\n" + GOOD, "run_dir is a date or time", id="run-dir-date"),
        wrong(
            'run_dir = "a\\u0000b"\n' + GOOD,
            'run_dir is "a\\x00b"',
            id="run-dir-nul",
        ),
        # Unknown keys: typing errors, wrong places, and what a later version may bring.
        wrong(
            GOOD.replace("operation", "operaton"),
            "operaton is not a known key; did you mean operation?",
            "operation is missing",
            id="typing-error",
        ),
        wrong(
            GOOD.replace("[targets.", "[target."),
            "target is not a known key; did you mean targets?",
            "targets is missing",
            id="target-for-targets",
        ),
        wrong(
            GOOD + "batchsize = 5\n",
            "targets.tencent.batchsize is not a known key; did you mean batch_size?",
            id="typing-error-in-target",
        ),
        wrong(
            GOOD + 'mode = "one_way"\n',
            "targets.tencent.mode is not a known key here",
            "at the top of the file",
            id="top-key-in-table",
        ),
        wrong(
            "max_pairs = 5\n" + GOOD, "max_pairs is not a known key here", "[guards]", id="no-table"
        ),
        wrong(GOOD + "[retry]\nqps = 5\n", "retry.qps", "[targets.NAME]", id="target-key-in-retry"),
        wrong(
            GOOD + '[plan]\norient = "fewest_calls"\n',
            'plan.orient is "fewest_calls"',
            'only with mode = "two_way"',
            "a→b and b→a are different deletions, so there is no side to choose",
            id="orient-one-way",
        ),
        wrong(
            GOOD.replace("delete_friends", "delete_all_friends").replace("one_way", "two_way")
            + '[plan]\norient = "fewest_calls"\n',
            'plan.orient is "fewest_calls"',
            'only with operation = "delete_friends"',
            "delete_all_friends takes one call for each account",
            id="orient-delete-all",
        ),
        wrong(
            GOOD + '[plan]\norient = "best"\n',
            'plan.orient is "best"; it must be "as_given" or "fewest_calls"',
            id="orient-unknown",
        ),
        wrong(
            GOOD + "[plan]\norient = 1\n", 'plan.orient is 1; it must be "as_given"', id="orient-1"
        ),
        wrong('orient = "as_given"\n' + GOOD, "orient belongs in [plan]", id="orient-at-top"),
        wrong(GOOD + "[plan]\norients = 1\n", "did you mean orient?", id="orients"),
        wrong('plan = "as_given"\n' + GOOD, "plan must be a table, [plan]", id="plan-text"),
        wrong(
            GOOD + "[zzz]\n",
            "zzz is not a known key",
            "known here: name, operation, mode",
            id="no-such-table",
        ),
        wrong(
            GOOD + '[schedule]\nwindow = "1-6"\ntimezone = "UTC"\n', "schedule.window", id="window"
        ),
        wrong(
            GOOD + '[schedule]\nwindow = "01:00-01:00"\ntimezone = "UTC"\n',
            "open for no time at all",
            id="window-empty",
        ),
        wrong(
            GOOD + '[schedule]\nwindow = "01:00-02:00"\ntimezone = "localtime"\n',
            "schedule.timezone",
            id="window-of-no-place",
        ),
        wrong(
            GOOD + '[schedule]\nwindow = "01:00-06:00"\n',
            "schedule.timezone is missing",
            id="window-without-zone",
        ),
        wrong(
            GOOD + '[schedule]\nwindow = "01:00-06:00"\ntimezone = "Mars/Olympus"\n',
            "schedule.timezone",
            "Mars/Olympus",
            "the name of a time zone",
            id="zone-unknown",
        ),
        wrong(
            GOOD + '[schedule]\noutside = "wait"\n',
            "schedule.outside is written, but there is no schedule.window",
            id="outside-without-window",
        ),
        wrong(GOOD + '[schedule]\nmax_duration = "0s"\n', "schedule.max_duration", id="no-time"),
        wrong("cluster = 1\n" + GOOD, "cluster must be a table, [cluster]", id="cluster-number"),
        wrong(GOOD + "shard_qps = 1\n", "shard_qps belongs in [cluster]", id="cluster-inside"),
        wrong(GOOD + "[cluster]\nlease_s = 9\n", "did you mean lease?", id="lease-s"),
        wrong(GOOD + '[cluster]\nstore = "S"\n', "did you mean store_env?", id="store"),
        wrong(
            GOOD + '[cluster]\nstore_env = "postgresql://u:opensesame@h/d"\n',
            "cluster.store_env is a text of 29 characters",
            "the name of an environment variable",
            id="store-address",
        ),
        wrong(
            GOOD + '[cluster]\nstore_env = "host=h password = opensesame"\n',
            "cluster.store_env is a text of 28 characters",
            id="store-keywords",
        ),
        wrong(
            GOOD + '[cluster]\nstore_env = "TENCENT_SECRET_KEY"\n',
            'cluster.store_env is "TENCENT_SECRET_KEY", which targets.tencent reads a secret from',
            id="store-secret",
        ),
        *(
            wrong(GOOD + f"[cluster]\nshard_qps = {qps}\n", "above 0", id=f"shard-qps-{qps}")
            for qps in ("0", "-1", "inf", "nan", "true", '"a"')
        ),
        *(
            wrong(GOOD + f"[cluster]\nlease = {lease}\n", "5s…10m", id=f"lease-{lease}")
            for lease in ('"4s"', '"11m"', "4", '"soon"', "inf")
        ),
        wrong(GOOD + "[cluster]\nslices = 4\n", "a table of targets and", id="slices-number"),
        *(
            wrong(
                GOOD + f"[cluster]\nslices = {{ tencent = {slices} }}\n",
                f"cluster.slices.tencent is {slices}; it must be a whole number, 2…64",
                id=f"slices-{slices}",
            )
            for slices in ("1", "65", "2.0", '"4"')
        ),
        wrong(
            GOOD + "[cluster]\nslices = { tencnet = 2 }\n",
            "names tencnet, which is no target; did you mean tencent?",
            id="slices-of-nobody",
        ),
        wrong(
            GOOD + '[cluster]\nslices = { "a b" = 2 }\n',
            "is no name for a target",
            id="slices-name",
        ),
        wrong(
            GOOD.replace("one_way", "two_way") + "[cluster]\nslices = { tencent = 2 }\n",
            'cluster.slices goes only with mode = "one_way"',
            id="slices-two-way",
        ),
        wrong(
            GOOD.replace("one_way", "two_way")
            + '[plan]\norient = "fewest_calls"\n[cluster]\nslices = { tencent = 2 }\n',
            'cluster.slices goes only with plan.orient = "as_given"',
            id="slices-fewest-calls",
        ),
        wrong(GOOD + "notify = 1\n", "notify is not a known key here", id="notify-inside"),
        wrong("notify = 1\n" + GOOD, "notify must be a table", id="notify-number"),
        wrong(GOOD + "[notify]\nmail = 1\n", "notify.mail is not a known key", id="notify-key"),
        wrong(GOOD + '[notify]\ncommand = "x"\n', "notify.command is", "a list", id="command-text"),
        wrong(GOOD + '[notify]\non = ["end"]\n', 'on[0] is "end"', '"finish"', id="on-unknown"),
        wrong(GOOD + '[notify]\non = "start"\n', "notify.on is", "list of events", id="on-text"),
        wrong(GOOD + '[notify]\nurl = "hook"\n', "notify.url is no such", id="url-none"),
        wrong(
            GOOD + '[notify]\nurl = "http://example.com/"\n',
            "notify.url",
            "use https",
            id="url-http",
        ),
        wrong(
            GOOD + '[notify]\nurl = "https://u:p@example.com/"\n', "no such address", id="url-user"
        ),
        wrong(GOOD + '[notify]\nurl = "https://example.com/#a"\n', "has a fragment", id="url-part"),
        wrong("backup = true\n" + GOOD, "backup must be a table, [backup]", id="backup-no-table"),
        wrong(
            GOOD + "[backup]\nenable = true\n", "did you mean enabled?", id="backup-typing-error"
        ),
        wrong(
            GOOD + '[backup]\nenabled = "yes"\n',
            'backup.enabled is "yes"; it must be true or false',
            id="backup-text",
        ),
        wrong(
            GOOD + '[backup]\non_failure = "skip"\n',
            'backup.on_failure is "skip"; it must be "keep" or "go"',
            id="on-failure-unknown",
        ),
        wrong(GOOD + '[backup]\nkeep = "0s"\n', "backup.keep is", '"30d"', id="keep-no-time"),
        wrong(GOOD + '[backup]\nkeep = "11y"\n', "backup.keep is", '"30d"', id="keep-in-years"),
        wrong(GOOD + '[backup]\nkeep = "4000d"\n', "up to ten years", id="keep-too-long"),
        wrong("canary = 20\n" + GOOD, "canary must be a table, [canary]", id="canary-no-table"),
        wrong(
            GOOD + "[canary]\n",
            "canary.accounts is missing: write for example accounts = 20",
            id="canary-of-nobody",
        ),
        wrong(GOOD + "[canary]\naccounts = 0\n", "canary.accounts is 0", "1…10000", id="canary-0"),
        wrong(GOOD + "[canary]\naccounts = true\n", "canary.accounts is true", id="canary-true"),
        wrong(GOOD + "[canary]\naccount = 20\n", "did you mean accounts?", id="canary-account"),
        wrong(GOOD + "[canary]\naccounts = 1\nseed = -1\n", "canary.seed is -1", id="seed-minus"),
        wrong(
            GOOD + "[canary]\naccounts = 1\nmax_failed = 0.5\n",
            "canary.max_failed is 0.5; it must be a whole number of pairs",
            id="max-failed-part",
        ),
        wrong(
            GOOD + '[canary]\naccounts = 1\nthen = "wait"\n',
            'canary.then is "wait"; it must be "ask", "go" or a duration',
            id="then-unknown",
        ),
        wrong(
            GOOD + '[canary]\naccounts = 1\nthen = "0m"\n',
            'canary.then is "0m"; it must be "ask", "go" or a duration',
            id="then-no-time",
        ),
        wrong("max_failed = 1\n" + GOOD, "max_failed belongs in [canary]", id="max-failed-at-top"),
        wrong(GOOD + "[request]\n", "request is not a known key", id="request"),
        wrong(GOOD + '"a\\u001bb" = 1\n', 'targets.tencent."a\\x1bb" is not', id="strange-key"),
        # Tables.
        wrong(TOP + TENCENT, "input is missing", "[input]", id="input-missing"),
        wrong('input = "a.csv"\n' + TOP + TENCENT, "input must be a table", id="input-no-table"),
        wrong(TOP + INPUT, "targets is missing", "[targets.NAME]", id="targets-missing"),
        wrong(TOP + INPUT + "[targets]\n", "targets is an empty table", id="targets-empty"),
        wrong("targets = 5\n" + TOP + INPUT, "targets is 5", id="targets-number"),
        wrong(
            TOP + INPUT + "[[targets]]\nprovider = 1\n",
            "targets is a list",
            "[targets.NAME]",
            id="targets-list",
        ),
        wrong(
            TOP + INPUT + '[targets]\nprovider = "zego"\n',
            "targets.provider must be a table, [targets.provider]",
            id="target-no-table",
        ),
        wrong(
            GOOD.replace("[targets.tencent]", '[targets."a b"]'),
            'targets."a b" is no name for a target',
            "letters, digits",
            id="target-name",
        ),
        wrong(
            GOOD.replace("[targets.tencent]", f"[targets.{'a' * 33}]"),
            "is no name for a target; it must be 1…32",
            id="target-name-long",
        ),
        wrong(
            GOOD.replace("[targets.tencent]", "[targets.tencent.eu]"),
            "targets.tencent.eu is not a known key",
            id="target-name-dotted",
        ),
        # Input.
        wrong(TOP + "[input]\n" + TENCENT, "input.files is missing", id="files-missing"),
        wrong(
            GOOD.replace('["pairs.csv"]', "[]"), "input.files is an empty list", id="files-empty"
        ),
        wrong(
            GOOD.replace('["pairs.csv"]', '"pairs.csv"'),
            'input.files is "pairs.csv"; it must be a list',
            id="files-text",
        ),
        wrong(GOOD.replace('["pairs.csv"]', '["a", 3]'), "input.files[1] is 3", id="files-number"),
        wrong(GOOD.replace('["pairs.csv"]', '["a", ""]'), 'input.files[1] is ""', id="file-empty"),
        wrong(
            GOOD.replace('["pairs.csv"]', '["-"]'),
            "input.format is missing",
            "standard input",
            '"parquet"',
            id="standard-input-without-format",
        ),
        wrong(
            GOOD.replace('["pairs.csv"]', '["-", "-"]\nformat = "csv"'),
            "input.files",
            "more than once",
            id="standard-input-twice",
        ),
        wrong(
            GOOD.replace('["pairs.csv"]', '["a"]\nformat = "xlsx"'),
            'input.format is "xlsx"',
            '"csv", "tsv", "jsonl" or "parquet"',
            id="format",
        ),
        wrong(
            GOOD.replace('["pairs.csv"]', '["a"]\nquoting = "excel"'),
            'input.quoting is "excel"',
            '"csv" or "none"',
            id="quoting",
        ),
        wrong(
            GOOD.replace('["pairs.csv"]', '["a"]\nformat = "jsonl"\nquoting = "csv"'),
            'input.quoting is "csv"; it is allowed only with input.format "csv" or "tsv"',
            id="quoting-of-jsonl",
        ),
        wrong(
            GOOD.replace('["pairs.csv"]', '["a"]\nfrom_field = ""'),
            'input.from_field is ""',
            id="field-empty",
        ),
        wrong(
            GOOD.replace('["pairs.csv"]', '["a"]\nfrom_field = "To_Account"'),
            'input.to_field is "To_Account"',
            "two different columns",
            id="fields-equal",
        ),
        wrong(
            GOOD.replace('["pairs.csv"]', '["a"]\naccounts_only = true'),
            "input.accounts_only is true",
            'only with operation = "delete_all_friends"',
            id="accounts-only-with-pairs",
        ),
        wrong(
            GOOD.replace('["pairs.csv"]', '["a"]\naccounts_only = 1'),
            "input.accounts_only is 1; it must be true or false",
            id="accounts-only-number",
        ),
        # Targets.
        wrong(
            without(GOOD, "provider"), "targets.tencent.provider is missing", id="provider-missing"
        ),
        wrong(
            GOOD.replace('provider = "tencent"', 'provider = "tencnt"'),
            'targets.tencent.provider is "tencnt"; it must be "tencent" or "zego"',
            "did you mean tencent?",
            id="provider-unknown",
        ),
        wrong(
            GOOD.replace('"singapore"', '"singapur"'),
            'targets.tencent.region is "singapur"; for tencent it must be "china", "singapore"',
            'or "mumbai"',
            "did you mean singapore?",
            id="region-unknown",
        ),
        wrong(
            GOOD.replace('"singapore"', '"global"'),
            'targets.tencent.region is "global"',
            id="region-of-the-other-provider",
        ),
        wrong(
            without(GOOD, "region"),
            "targets.tencent.region is missing",
            '"china"',
            id="region-missing",
        ),
        wrong(without(GOOD, "app_id"), "targets.tencent.app_id is missing", id="app-id-missing"),
        wrong(
            GOOD.replace("1400000000", '"1400000000"'),
            'targets.tencent.app_id is "1400000000"; it must be a whole number',
            "without quotes",
            id="app-id-text",
        ),
        wrong(GOOD.replace("1400000000", "0"), "app_id is 0;", id="app-id-zero"),
        wrong(GOOD.replace("1400000000", "-1"), "app_id is -1;", id="app-id-negative"),
        wrong(GOOD.replace("1400000000", "true"), "app_id is true;", id="app-id-true"),
        wrong(GOOD.replace("1400000000", "1.0"), "app_id is 1.0;", id="app-id-float"),
        wrong(
            GOOD.replace("1400000000", "4294967296"),
            "app_id is 4294967296; it must be a whole number, 1…4294967295",
            id="app-id-too-large",
        ),
        wrong(
            GOOD.replace("1400000000", "9" * 400), "app_id is a very large", id="app-id-enormous"
        ),
        wrong(GOOD + 'admin = ""\n', 'targets.tencent.admin is ""', id="admin-empty"),
        wrong(
            TOP + INPUT + ZEGO + 'admin = "root"\n',
            "targets.zego.admin is not used by zego",
            id="admin-of-zego",
        ),
        wrong(
            GOOD
            + ZEGO.replace("targets.zego", "targets.again")
            .replace("zego", "tencent")
            .replace("global", "china")
            .replace("1234567890", "1400000000"),
            "targets.again is tencent app 1400000000, and so is targets.tencent; they would share",
            id="same-app-twice",
        ),
        # The pace.
        wrong(GOOD + "qps = 0\n", "targets.tencent.qps is 0;", "above 0", id="qps-zero"),
        wrong(GOOD + "qps = -5\n", "qps is -5;", "above 0", id="qps-negative"),
        wrong(GOOD + "qps = nan\n", "qps is nan;", id="qps-nan"),
        wrong(GOOD + "qps = inf\n", "qps is inf;", id="qps-inf"),
        wrong(GOOD + "qps = 1e-320\n", "qps is 1e-320;", id="qps-denormal"),
        wrong(GOOD + f"qps = {'9' * 400}\n", "qps is a very large number", id="qps-enormous"),
        wrong(GOOD + "qps = true\n", "qps is true;", id="qps-true"),
        wrong(GOOD + 'qps = "200"\n', 'qps is "200";', id="qps-text"),
        wrong(GOOD + "max_in_flight = 0\n", "max_in_flight is 0;", id="in-flight-zero"),
        wrong(GOOD + "max_in_flight = 2001\n", "1…2000", id="in-flight-too-many"),
        wrong(GOOD + "max_in_flight = false\n", "max_in_flight is false;", id="in-flight-false"),
        wrong(GOOD + "batch_size = 0\n", "targets.tencent.batch_size is 0;", id="batch-size-zero"),
        wrong(
            GOOD + "batch_size = 1001\n",
            "targets.tencent.batch_size is 1001; for tencent it must be 1…1000",
            id="batch-size-of-tencent",
        ),
        wrong(
            TOP + INPUT + ZEGO + "batch_size = 51\n",
            "targets.zego.batch_size is 51; for zego it must be 1…50",
            id="batch-size-of-zego",
        ),
        # Endpoints.
        wrong(
            GOOD + 'endpoint = "http://10.0.0.1:9000"\n',
            'targets.tencent.endpoint is "http://10.0.0.1:9000"',
            "this machine only",
            "use https",
            id="http-elsewhere",
        ),
        wrong(GOOD + 'endpoint = "http://0.0.0.0:1"\n', "this machine only", id="http-any"),
        wrong(
            GOOD + 'endpoint = "http://localhost.evil.example"\n',
            "this machine only",
            id="http-localhost-prefix",
        ),
        wrong(
            GOOD + 'endpoint = "http://127.0.0.1.evil.example"\n',
            "this machine only",
            id="http-loopback-prefix",
        ),
        wrong(GOOD + 'endpoint = "http://2130706433"\n', "this machine only", id="http-integer"),
        wrong(GOOD + 'endpoint = "http://0x7f.1"\n', "this machine only", id="http-hexadecimal"),
        wrong(
            GOOD + 'endpoint = "http://[::ffff:7f00:1]"\n', "this machine only", id="http-mapped"
        ),
        wrong(
            GOOD + f'endpoint = "https://me:{KEY}@host.example"\n',
            "targets.tencent.endpoint holds more than an address",
            "not shown",
            id="userinfo",
        ),
        wrong(GOOD + f'endpoint = "me:{KEY}@host"\n', "not shown", id="userinfo-alone"),
        wrong(
            GOOD + 'endpoint = "http://127.0.0.1@evil.example"\n', "not shown", id="userinfo-trick"
        ),
        wrong(GOOD + f'endpoint = "https://h.example/?a={KEY}"\n', "not shown", id="query"),
        wrong(GOOD + f'endpoint = "https://h.example#{KEY}"\n', "not shown", id="fragment"),
        wrong(GOOD + f'endpoint = "https://h.example/{KEY}"\n', "has a path", id="path"),
        wrong(GOOD + 'endpoint = "ftp://h.example"\n', '"emulator"', "https://", id="scheme"),
        wrong(GOOD + 'endpoint = "h.example:443"\n', '"emulator"', id="no-scheme"),
        wrong(GOOD + 'endpoint = "Emulator"\n', 'endpoint is "Emulator"', id="emulator-spelling"),
        wrong(GOOD + 'endpoint = "https://"\n', "endpoint is", id="no-host"),
        wrong(GOOD + 'endpoint = "https://a b"\n', "https://HOST[:PORT]", id="host-with-blank"),
        wrong(GOOD + 'endpoint = "https://a..b"\n', "https://HOST[:PORT]", id="host-dots"),
        wrong(GOOD + 'endpoint = "https://h:0"\n', "1…65535", id="port-zero"),
        wrong(GOOD + 'endpoint = "https://h:65536"\n', "1…65535", id="port-too-large"),
        wrong(GOOD + 'endpoint = "https://h:x"\n', "https://HOST[:PORT]", id="port-text"),
        wrong(GOOD + 'endpoint = "https://[1:2]"\n', "no IPv6 address", id="ipv6-wrong"),
        wrong(GOOD + 'endpoint = "http://[127.0.0.1]"\n', "no IPv6 address", id="ipv4-in-brackets"),
        wrong(GOOD + 'endpoint = ""\n', 'endpoint is ""', id="endpoint-empty"),
        # Proxies.
        wrong(
            GOOD + f'proxy = "http://me:{KEY}@proxy.corp:3128"\n',
            "targets.tencent.proxy holds more than an address",
            "proxy_env",
            id="proxy-login",
        ),
        wrong(
            GOOD + 'proxy = "https://proxy.corp:3128"\n',
            "the way to the proxy is http",
            "http://HOST:PORT",
            id="proxy-https",
        ),
        wrong(GOOD + 'proxy = "socks5://proxy.corp:1080"\n', "http://HOST:PORT", id="proxy-socks"),
        wrong(GOOD + 'proxy = "proxy.corp:3128"\n', "http://HOST:PORT", id="proxy-no-scheme"),
        wrong(GOOD + 'proxy = "http://proxy.corp"\n', "without its port", id="proxy-no-port"),
        wrong(GOOD + 'proxy = "http://p:3128/x"\n', "http://HOST:PORT", id="proxy-path"),
        wrong(GOOD + 'proxy = "http://p:70000"\n', "1…65535", id="proxy-port"),
        wrong(GOOD + 'proxy = ""\n', 'proxy is ""', id="proxy-empty"),
        wrong(
            GOOD + 'proxy_env = "P"\n', "there is no targets.tencent.proxy", id="proxy-login-alone"
        ),
        wrong(
            GOOD + 'proxy = "http://p:1"\nproxy_env = "a b"\n',
            "the name of an environment variable",
            id="proxy-env-no-name",
        ),
        wrong(
            GOOD + 'proxy = "http://p:1"\nproxy_env = "TENCENT_SECRET_KEY"\n',
            "never told the app's secret key",
            id="proxy-env-is-the-secret",
        ),
        wrong(
            GOOD + 'proxy = "http://127.0.0.1:1"\nendpoint = "http://127.0.0.1:2"\n',
            "only https goes through a proxy",
            "leave proxy out",
            id="proxy-and-plain-http",
        ),
        wrong(
            GOOD + 'proxy = "http://proxy.corp:1"\nendpoint = "https://localhost:2"\n',
            "the proxy's own machine",
            "leave proxy out",
            id="proxy-elsewhere-and-loopback",
        ),
        # Secrets.
        wrong(
            without(GOOD, "secret_env"),
            "targets.tencent.secret_env is missing",
            "secret_file",
            id="no-secret",
        ),
        wrong(
            without(GOOD, "secret_env") + 'endpoint = "http://127.0.0.1:1"\n',
            "targets.tencent.secret_env is missing",
            id="no-secret-for-loopback",
        ),
        wrong(
            GOOD + 'secret_file = "key"\n',
            "targets.tencent has both secret_env and secret_file",
            id="two-secrets",
        ),
        *(
            wrong(
                GOOD + f'{key} = "{KEY}"\n',
                f"targets.tencent.{key}: a secret is never written in a job file",
                "secret_env",
                id=f"secret-under-{key}",
            )
            for key in (
                "secret",
                "secret_key",
                "server_secret",
                "SecretKey",
                "key",
                "sdk-key",
                "password",
                "token",
                "usersig",
            )
        ),
        wrong(f'secret = "{KEY}"\n' + GOOD, "secret: a secret is never", id="secret-at-the-top"),
        wrong(GOOD + f'[secrets]\ntencent = "{KEY}"\n', "secrets: a secret", id="secret-table"),
        wrong(
            TOP + INPUT + f'[targets]\nkey = "{KEY}"\n', "must be a table", id="secret-as-target"
        ),
        wrong(
            GOOD.replace("TENCENT_SECRET_KEY", KEY),
            "targets.tencent.secret_env is wrong (its value is not shown)",
            "environment variable",
            id="secret-for-its-variable",
        ),
        wrong(
            GOOD.replace("TENCENT_SECRET_KEY", "a" + KEY),
            "targets.tencent.secret_env looks like a secret itself",
            id="secret-that-could-be-a-variable",
        ),
        wrong(
            GOOD.replace('secret_env = "TENCENT_SECRET_KEY"', f'secret_file = "{KEY}"'),
            "targets.tencent.secret_file looks like a secret itself",
            id="secret-for-its-file",
        ),
        wrong(GOOD.replace("TENCENT_SECRET_KEY", "$KEY"), "secret_env is wrong", id="variable-$"),
        wrong(GOOD.replace("1400000000", f'"{KEY}"'), "app_id is a text of 64", id="secret-as-id"),
        wrong(GOOD + f'admin = "root:{KEY}"\n', "admin is a text of 69", id="secret-in-admin"),
        wrong(GOOD + f'{KEY} = "x"\n', "a text of 64 characters is not", id="secret-as-key"),
        # Retry and guards.
        *(
            wrong(
                GOOD + f"[retry]\n{key} = {value}\n",
                f"retry.{key} is {shown};",
                id=f"{key}={value}",
            )
            for key, value, shown in (
                ("max_attempts", "0", "0"),
                ("max_attempts", "101", "101"),
                ("max_attempts", "true", "true"),
                ("base_delay_s", "0", "0"),
                ("base_delay_s", "nan", "nan"),
                ("base_delay_s", '"1s"', '"1s"'),
                ("max_delay_s", "inf", "inf"),
                ("timeout_s", "3", "3"),
                ("timeout_s", "3.0", "3.0"),
                ("timeout_s", "301", "301"),
                ("outage_limit", '"1 h"', '"1 h"'),
                ("outage_limit", '"1w"', '"1w"'),
                ("outage_limit", '"-1h"', '"-1h"'),
                ("outage_limit", '"٣h"', '"٣h"'),
                ("outage_limit", "0", "0"),
                ("outage_limit", "true", "true"),
            )
        ),
        wrong(
            GOOD + "[retry]\nbase_delay_s = 5\nmax_delay_s = 4\n",
            "retry.max_delay_s is 4.0",
            "retry.base_delay_s",
            id="delays-crossed",
        ),
        *(
            wrong(
                GOOD + f"[guards]\n{key} = {value}\n", f"guards.{name} is", id=f"{key}={value[:14]}"
            )
            for key, name, value in (
                ("max_pairs", "max_pairs", "0"),
                ("max_pairs", "max_pairs", "1e6"),
                ("max_failure_ratio", "max_failure_ratio", "0"),
                ("max_failure_ratio", "max_failure_ratio", "1.01"),
                ("max_failure_ratio", "max_failure_ratio", "50"),
                ("max_failure_ratio", "max_failure_ratio", "nan"),
                ("min_sample", "min_sample", "0"),
                ("protect", "protect", '"administrator"'),
                ("protect", "protect[1]", '["a", ""]'),
                ("protect", "protect[0]", "[7]"),
                ("protect", "protect[0]", '["' + "ü" * 17 + '"]'),
                ("protect", "protect[0]", '[" "]'),
                ("protect", "protect[0]", '["boss\\u200b"]'),
                ("protect", "protect[1]", '["a", "\\uFEFFboss"]'),
                ("protect", "protect[0]", '["\\"boss\\""]'),
                ("protect", "protect[0]", '["bo\\u0085ss"]'),
                ("protect", "protect[0]", '["bo\\tss"]'),
                ("max_pairs", "max_pairs", "true"),
                ("max_pairs", "max_pairs", '"5"'),
                ("max_failure_ratio", "max_failure_ratio", "true"),
                ("max_failure_ratio", "max_failure_ratio", "-0.5"),
                ("max_failure_ratio", "max_failure_ratio", "inf"),
                ("min_sample", "min_sample", "1.5"),
                ("protect_files", "protect_files", '"staff.txt"'),
                ("protect_files", "protect_files[0]", '[""]'),
            )
        ),
    ],
)
def test_wrong_job_file(tmp_path: Path, text: str, fragments: tuple[str, ...]) -> None:
    """Rule: the sentence names the file, the key in dotted form, what stands there, what may."""
    sentence = refusal(tmp_path / "job.toml", text)

    assert [fragment for fragment in fragments if fragment not in sentence] == []


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        ("mode = two_way\n", ("line 1, column 8", "quotes")),
        ('a = 1\nb = "x\n', ("line 2, column 7",)),
        ("[input\n", ("line 1, column 7",)),
        ('a = 1\nb = """never closed\nand on', ("line 3, column 7",)),
        ("a = 1\na = 2\n", ("line 2, column 6",)),
        ("[a]\n[a]\n", ("line 2, column 3",)),
        ("a = " + "[" * 100_000, ("nested too deeply",)),
        ("a = " + "9" * 5000, ("too long",)),
        (b"a = 1\nb = '\xff'\n", ("line 2", "UTF-8")),
        ("mode = 1\n".encode("utf-16"), ("is UTF-16 text; save it as UTF-8",)),
        (b"\x7fELF\x02\x01\x01\x00", ("line 1, column 1",)),
        ("a = 1\n#" + "x" * (1 << 20), ("1 MiB",)),
        ("", ("it is empty; `bulkdel init` writes a job file",)),
        ("\ufeff \n\n", ("it is empty",)),
        ("# mode = 1\n", ("it holds only comments",)),
        # What people write, and word processors make of it.
        ("mode = \u201cone_way\u201d\n", ("line 1, column 8", "curly", 'the straight one, "')),
        ("\u2018mode\u2019 = 1\n", ("line 1, column 1", "curly")),
        ('run_dir = "C:\\Users\\eve"\n', ("line 1", "backslash", "write / in paths")),
        ('run_dir = "C:\\exports"\n', ("line 1", "backslash", "write / in paths")),
        ("accounts_only = True\n", ("line 1, column 17", "true or false, in small letters")),
        ("app_id = 1,400,000\n", ("line 1", "numbers without commas")),
        ('mode = "one_way\n', ("line 1", "not closed on its line")),
        ('files = ["a.csv" "b.csv"]\n', ("line 1", "commas between its texts")),
        ('mode "one_way"\n', ("line 1", "no = behind the key")),
        ('mode = "a"\nmode = "b"\n', ("mode stands there twice; leave one",)),
        ("[input]\n[input]\n", ("this heading stands there twice",)),
        (f"{KEY} = 1\n{KEY} = 2\n", ("a key stands there twice",)),
    ],
)
def test_what_is_no_toml(tmp_path: Path, text: str | bytes, fragments: tuple[str, ...]) -> None:
    """Rule: a file that is no TOML is refused, saying where."""
    sentence = refusal(tmp_path / "job.toml", text)

    assert [fragment for fragment in fragments if fragment not in sentence] == []


def test_what_is_no_file(tmp_path: Path) -> None:
    """Rule: a job file that is not there, or is a directory, is named."""
    with pytest.raises(
        WrongInput, match=r"gone\.toml: there is no such file; `bulkdel init .*gone"
    ):
        load_job(tmp_path / "gone.toml")
    with pytest.raises(WrongInput, match="is a directory; name a job file"):
        load_job(tmp_path)
    (tmp_path / "purge.toml").touch()
    with pytest.raises(WrongInput, match=r"no such file; did you mean .*/purge\.toml\?"):
        load_job(tmp_path / "prge.toml")
    with pytest.raises(
        WrongInput, match=r"is a directory; name the job file in it: .*/purge\.toml"
    ):
        load_job(tmp_path)
    with pytest.raises(WrongInput, match="no such file"):
        load_job(tmp_path / "no folder" / "purge.toml")


ROWS = "From_Account,To_Account\na,b\n"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("pairs.csv", ROWS, "that is data, not a job"),
        ("pairs.csv", "", "that is data, not a job"),
        ("PAIRS.CSV", ROWS, "that is data, not a job"),
        ("pairs.txt", ROWS, "that is data, not a job"),
        ("pairs.txt", ROWS.replace(",", ";"), "that is data, not a job"),
        ("pairs.tsv", ROWS.replace(",", "\t"), "that is data, not a job"),
        ("my pairs", '{"From_Account": "a", "To_Account": "b"}\n' * 2, "a JSON object a line"),
        ("pairs.csv.gz", b"\x1f\x8b\x08", "is a gzip file, not a job"),
        ("pairs.parquet", b"PAR1", "is Parquet data, not a job"),
        ("list.xlsx", b"PK\x03\x04", "is an Excel workbook"),
        ("pairs.csv", ROWS + "a,b\n" * (1 << 18), "that is data, not a job"),
    ],
)
def test_data_is_no_job(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    """Rule: whoever gives the input in place of the job is told how to write a job for it."""
    sentence = refusal(tmp_path / name, content)

    assert f"{said}" in sentence
    file = shlex.quote(str(tmp_path / name))
    assert sentence.endswith(f"write a job for it: `bulkdel init purge.toml --input {file}`")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{\n  "operation": "delete_friends"\n}', "that is JSON; a job file is TOML"),
        ("operation: delete_friends\nmode: one_way\n", "that looks like YAML; a job file is TOML"),
        ("---\noperation: delete_friends\n", "that looks like YAML; a job file is TOML"),
        ("<html><body>Sign in", "that is HTML or XML"),
    ],
)
def test_another_notation_is_named(tmp_path: Path, content: str, said: str) -> None:
    """Rule: a job in another notation is told which it is, and which is read."""
    assert said in refusal(tmp_path / "job.toml", content)


@pytest.mark.parametrize("text", [GOOD, "\ufeff" + GOOD, GOOD.replace("\n", "\r\n")])
def test_marks_and_line_ends_are_no_matter(tmp_path: Path, text: str) -> None:
    """Rule: a byte order mark and Windows' line ends are read past."""
    (tmp_path / "job.toml").write_bytes(text.encode())
    assert load_job(tmp_path / "job.toml").targets[0].name == "tencent"


@pytest.mark.parametrize(
    ("text", "question"),
    [
        (GOOD.replace("one_way", "One-Way"), 'mode is "One-Way"'),
        (GOOD.replace("delete_friends", "Delete Friends"), "did you mean delete_friends?"),
        (GOOD.replace('provider = "tencent"', 'provider = "Tencent"'), "did you mean tencent?"),
        (GOOD.replace("singapore", "Singapore"), "did you mean singapore?"),
        (GOOD.replace("operation", "Operation"), "did you mean operation?"),
        (GOOD.replace("[input]", "[Input]"), "did you mean input?"),
        (GOOD.replace("secret_env", "Secret_Env"), "targets.tencent.Secret_Env"),
        (GOOD.replace("files", "Files"), "did you mean files?"),
        (without(GOOD, "provider"), 'provider is missing: write "tencent" or "zego"'),
    ],
)
def test_what_was_probably_meant_is_asked(tmp_path: Path, text: str, question: str) -> None:
    """Rule: a name in another spelling is no other name: the right one is proposed, never used."""
    sentence = refusal(tmp_path / "job.toml", text)

    assert question in sentence


@pytest.mark.parametrize("path", ["~/x", "~", "~eve/x", "$HOME/x", "${HOME}/x"])
@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("pairs.csv", "PATH"),
        'run_dir = "PATH"\n' + GOOD,
        without(GOOD, "secret_env") + 'secret_file = "PATH"\n',
        GOOD + '[guards]\nprotect_files = ["PATH"]\n',
        GOOD + '[notify]\ncommand = ["PATH", "$HOME/as it stands"]\n',
    ],
)
def test_a_path_counts_on_no_shell(tmp_path: Path, text: str, path: str) -> None:
    """Rule: a home that differs from user to user decides about no file; the key is named."""
    sentence = refusal(tmp_path / "job.toml", text.replace("PATH", path))

    assert "stands there for itself" in sentence
    assert "write the whole path" in sentence


@pytest.mark.parametrize("name", ["./~/x", "~x.csv", "a~/x", "$x.csv", "x/$HOME/y"])
def test_other_names_are_names(tmp_path: Path, name: str) -> None:
    """Rule: what may be the name of a file is one."""
    (tmp_path / "job.toml").write_text(GOOD.replace("pairs.csv", name))
    assert load_job(tmp_path / "job.toml").input.files == (str(tmp_path / name),)


def test_a_file_whose_name_is_no_name(tmp_path: Path) -> None:
    """Rule: a stem that cannot name a run directory is not silently taken for the name."""
    sentence = refusal(tmp_path / ".toml", GOOD)

    assert "name is missing" in sentence


def test_many_problems_are_one_line_each_and_bounded(tmp_path: Path) -> None:
    """Rule: several problems are told at once, ten at most, and how many more there are."""
    unknown = "".join(f"zzz{number} = 1\n" for number in range(13))

    lines = refusal(tmp_path / "job.toml", unknown + GOOD).split("\n")

    assert len(lines) == 11
    assert lines[0].startswith(f"{tmp_path / 'job.toml'}: zzz0 is not a known key")
    assert lines[10].endswith(": and 3 more")


def test_the_emulator_needs_no_secret(tmp_path: Path) -> None:
    """Rule: neither region nor secret is asked of a target on the emulator."""
    file = tmp_path / "job.toml"
    file.write_text(EMULATED, encoding="utf-8")

    assert load_job(file).targets[0].secret is None


@pytest.mark.parametrize("table", [JobTable, TargetTable, *TABLES.values()])
def test_every_key_is_described(table: type[Table]) -> None:
    """Rule: each key says what it is, what it allows, and why it is needed where it is."""
    for key, field in keys_of(table).items():
        (allowed,) = [note for note in field.metadata if isinstance(note, Allowed)]
        assert field.description, key
        assert allowed.words, key
        assert bool(allowed.missing) == field.is_required(), key


def test_the_schema_can_be_printed() -> None:
    """Rule: the job file's JSON schema can be made, and allows no unknown keys."""
    schema = JobTable.model_json_schema()

    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == {"operation", "mode", "input", "targets"}


TABLE_OF: dict[str, type[Table]] = {
    "": JobTable,
    "targets.t.": TargetTable,
    **{f"{name}.": table for name, table in TABLES.items()},
}
KEYS = [prefix + key for prefix, table in TABLE_OF.items() for key in keys_of(table)]
ENOUGH = {
    "operation": '"delete_friends"',
    "mode": '"one_way"',
    "input.files": '["a"]',
    "targets.t.provider": '"tencent"',
    "targets.t.region": '"tokyo"',
    "targets.t.app_id": "1",
    "targets.t.secret_env": '"S"',
}
# JSON's way of writing a text is one of TOML's.
SCALARS = (
    st.sampled_from(["true", "false", "1979-05-27", "07:32:00"])
    | st.integers(-(2**70), 2**70).map(str)
    | st.floats().map(str)
    | st.text("a0-_.[]:/@{}'\"\\ \n\0é", max_size=40).map(json.dumps)
)
VALUES = SCALARS | st.lists(SCALARS, max_size=3).map(lambda items: f"[{', '.join(items)}]")


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=3))
def test_a_job_or_a_refusal(tmp_path_factory: pytest.TempPathFactory, keys: dict[str, str]) -> None:
    """Rule: whatever stands under a key, the file is a job, or refused in lines that name it."""
    file = tmp_path_factory.getbasetemp() / "any.toml"
    text = "".join(f"{key} = {value}\n" for key, value in (ENOUGH | keys).items())
    file.write_text(text, encoding="utf-8")
    try:
        load_job(file)
    except WrongInput as error:
        lines = str(error).split("\n")
        assert all(line.startswith(f"{file}: ") and line.isprintable() for line in lines)
