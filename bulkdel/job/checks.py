"""What no single key of a job file shows to be wrong: keys against each other, and providers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from bulkdel.job.account import rule_fault
from bulkdel.job.endpoint import EMULATOR, Reach, reach_of
from bulkdel.job.problems import nearest
from bulkdel.job.schedule import ScheduleTable
from bulkdel.job.schema import (
    NAME_PATTERN,
    NAME_WORDS,
    Format,
    InputTable,
    JobTable,
)
from bulkdel.job.shown import one_of, shown_text
from bulkdel.job.target_table import TargetTable
from bulkdel.providers.protocol import IdRule, Provider
from bulkdel.words import Mode, Operation, Orient

STANDARD_INPUT: Final = "-"


def problems_of(table: JobTable, stem: str, providers: Mapping[str, Provider]) -> Iterator[str]:
    """One sentence for each problem of a job whose keys are all right by themselves.

    `stem` is the job file's, which stands for the name where there is none.
    """
    if table.name is None and not re.fullmatch(NAME_PATTERN, stem):
        yield f"name is missing, and the file's own cannot stand for it; it must be {NAME_WORDS}"
    yield from _input_problems(table.input, table.operation)
    for name, target in table.targets.items():
        yield from _target_problems(f"targets.{name}", target, providers)
    names: dict[tuple[str, int], str] = {}
    for name, target in table.targets.items():
        first = names.setdefault((target.provider, target.app_id), name)
        if first != name:
            yield (
                f"targets.{name} is {target.provider} app {target.app_id}, and so is "
                f"targets.{first}; they would share one rate, so an app may be a target only once"
            )
    yield from _orient_problems(table)
    yield from _cluster_problems(table)
    if table.retry.max_delay_s < table.retry.base_delay_s:
        yield (
            f"retry.max_delay_s is {table.retry.max_delay_s}; it must be at least "
            f"retry.base_delay_s, {table.retry.base_delay_s}"
        )
    yield from _schedule_problems(table.schedule)
    for at, account in enumerate(table.guards.protect):
        if fault := rule_fault(account.strip(), id_rules(table, providers)):
            yield f"guards.protect[{at}] is {shown_text(account)}; it {fault}"


def id_rules(table: JobTable, providers: Mapping[str, Provider]) -> tuple[IdRule, ...]:
    """The narrower rules for ids, where every target has one; where a target takes any id, none."""
    known = [providers.get(target.provider) for target in table.targets.values()]
    rules = [one.id_rule for one in known if one is not None and one.id_rule is not None]
    return tuple(dict.fromkeys(rules)) if len(rules) == len(known) else ()


def _orient_problems(table: JobTable) -> Iterator[str]:
    if table.plan.orient is not Orient.FEWEST_CALLS:
        return
    demand = f'plan.orient is "{Orient.FEWEST_CALLS}", which goes only with'
    if table.operation is not Operation.DELETE_FRIENDS:
        yield (
            f'{demand} operation = "{Operation.DELETE_FRIENDS}": {table.operation} takes one call '
            "for each account of the input, so there is no side to choose; leave the key out"
        )
    elif table.mode is not Mode.TWO_WAY:
        yield (
            f'{demand} mode = "{Mode.TWO_WAY}": one-way, a→b and b→a are different deletions, so '
            "there is no side to choose, and the pairs of each From_Account already go in the "
            "fewest calls; leave the key out"
        )


def _cluster_problems(table: JobTable) -> Iterator[str]:
    cluster = table.cluster
    if cluster is None:
        return
    for name, target in table.targets.items():
        if cluster.store_env in {target.secret_env or "", target.proxy_env or ""}:
            yield (
                f"cluster.store_env is {shown_text(cluster.store_env or '')}, which targets.{name} "
                "reads a secret from; give the store's address a variable of its own"
            )
    for name in cluster.slices:
        if name not in table.targets:
            known = nearest(name, list(table.targets))
            yield f"cluster.slices names {name}, which is no target{known}"
    if cluster.slices and table.mode is not Mode.ONE_WAY:
        yield (
            f'cluster.slices goes only with mode = "{Mode.ONE_WAY}": two-way, calls of two slices '
            "could change one account's list at once; leave the key out"
        )
    if cluster.slices and table.plan.orient is not Orient.AS_GIVEN:
        yield (
            f'cluster.slices goes only with plan.orient = "{Orient.AS_GIVEN}": a slice holds '
            "From_Accounts as the input names them; leave one of the two out"
        )


def _schedule_problems(table: ScheduleTable) -> Iterator[str]:
    if table.window is None:
        for key in ("timezone", "outside"):
            if key in table.model_fields_set:
                yield f"schedule.{key} is written, but there is no schedule.window it could be for"
        return
    begin, end = table.window.split("-")
    if begin == end:
        yield (
            f"schedule.window is {shown_text(table.window)}, which is open for no time at all; "
            "leave the key out to send at any time"
        )
    if table.timezone is None:
        yield (
            "schedule.timezone is missing: a window needs to know whose clock it goes by; write "
            'the name of a time zone, such as "Asia/Singapore" or "UTC"'
        )


def _input_problems(table: InputTable, operation: Operation) -> Iterator[str]:
    standard = table.files.count(STANDARD_INPUT)
    if standard > 1:
        yield 'input.files names standard input ("-") more than once; it can be read only once'
    if standard and table.format is None:
        yield (
            'input.format is missing: standard input ("-") has no suffix that says it; write '
            '"csv", "tsv", "jsonl" or "parquet"'
        )
    if table.quoting is not None and table.format not in (None, Format.CSV, Format.TSV):
        yield (
            f"input.quoting is {shown_text(table.quoting)}; it is allowed only with input.format "
            '"csv" or "tsv"'
        )
    if table.from_field == table.to_field:
        yield (
            f"input.to_field is {shown_text(table.to_field)}, and so is input.from_field; "
            "they must be two different columns"
        )
    if table.accounts_only and operation is not Operation.DELETE_ALL_FRIENDS:
        yield (
            "input.accounts_only is true; it is allowed only with "
            f'operation = "{Operation.DELETE_ALL_FRIENDS}"'
        )


def _target_problems(
    key: str, table: TargetTable, providers: Mapping[str, Provider]
) -> Iterator[str]:
    provider = providers.get(table.provider)
    if provider is None:
        yield (
            f"{key}.provider is {shown_text(table.provider)}; it must be "
            f"{one_of(providers)}{nearest(table.provider, list(providers))}"
        )
        return
    regions = one_of(provider.regions)
    if table.region is not None and table.region not in provider.regions:
        yield (
            f"{key}.region is {shown_text(table.region)}; for {provider.name} it must be "
            f"{regions}{nearest(table.region, list(provider.regions))}"
        )
    if table.region is None and table.endpoint is None:
        yield f"{key}.region is missing: write {regions} (or an endpoint)"
    if table.admin is not None and not provider.needs_admin:
        yield f"{key}.admin is not used by {provider.name}; leave it out"
    if table.secret_env is not None and table.secret_file is not None:
        yield f"{key} has both secret_env and secret_file; it must have one of them"
    if table.endpoint != EMULATOR and table.secret_env is None and table.secret_file is None:
        yield (
            f"{key}.secret_env is missing: name the environment variable that holds the app's "
            "secret key, or write secret_file with the path of a file that does"
        )
    yield from _proxy_problems(key, table)
    most = provider.limits[Operation.DELETE_FRIENDS].batch_size_most
    if table.batch_size is not None and table.batch_size > most:
        yield f"{key}.batch_size is {table.batch_size}; for {provider.name} it must be 1…{most}"


def _proxy_problems(key: str, table: TargetTable) -> Iterator[str]:
    if table.proxy_env is not None and table.proxy is None:
        yield f"{key}.proxy_env is written, but there is no {key}.proxy it could be for"
    if table.proxy_env is not None and table.proxy_env == table.secret_env:
        yield (
            f"{key}.proxy_env is {shown_text(table.proxy_env)}, and so is secret_env; a proxy is "
            "never told the app's secret key: give it a variable of its own"
        )
    endpoint = table.endpoint
    if table.proxy is None or endpoint is None or endpoint == EMULATOR:
        return
    demand = f"{key}.endpoint is {shown_text(endpoint)}, and {key}.proxy is written"
    if endpoint.startswith("http:"):
        yield f"{demand}; only https goes through a proxy: leave proxy out"
    elif reach_of(endpoint) is Reach.LOOPBACK and reach_of(table.proxy) is not Reach.LOOPBACK:
        yield f"{demand}; from the proxy that would be the proxy's own machine: leave proxy out"
