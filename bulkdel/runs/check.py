"""The preflight as a whole: what is on this machine, then each target over the network."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bulkdel.errors import WrongInput
from bulkdel.job.job import Job, Target
from bulkdel.job.secrets import read_login, read_secret
from bulkdel.providers import PROVIDERS
from bulkdel.providers.protocol import App
from bulkdel.report.checks import Check, Grade, Section, crossed, skipped
from bulkdel.report.phrases import place
from bulkdel.runs import check_machine
from bulkdel.runs.check_cluster import look_at_cluster
from bulkdel.runs.check_network import findings_of, proxies_in
from bulkdel.runs.check_run import look_at_plan, look_at_run_dir
from bulkdel.send.probe import probe
from bulkdel.send.tunnel import Proxy

NOBODY: Final = ("bulkdel-check-a", "bulkdel-check-b")
"""Accounts to ask about where the input names none: whether they exist does not matter."""


def preflight(
    job: Job, *, offline: bool, now_s: Callable[[], float] = time.time
) -> tuple[Section, ...]:
    """Everything that can be known before `run`; changes nothing anywhere."""
    inputs, rows = check_machine.look_at_input(job)
    standing = look_at_run_dir(job)
    if standing.plan is not None:  # it is whole: an input that is gone keeps nobody from sending it
        inputs = tuple(map(_no_cross, inputs))
    readable = all(one.grade is not Grade.CROSSED for one in inputs)
    here = Section(
        title="The job",
        checks=(
            *check_machine.look_at_job(job),
            *look_at_cluster(job, offline=offline),
            *inputs,
            standing.check,
            look_at_plan(job, standing, rows_about=rows.about, readable=readable),
            check_machine.look_at_disk(job, rows),
            *check_machine.look_at_signing_key(job),
        ),
    )
    first, other = rows.pair or NOBODY
    pair = (first, other or (NOBODY[0] if first != NOBODY[0] else NOBODY[1]))
    busy = check_machine.working(job)
    secrets = [check_machine.look_at_secret(job, at) for at in range(len(job.targets))]
    there = asyncio.run(_there(job, pair, offline=offline, busy=busy, now_s=now_s))
    return (
        here,
        *(
            Section(
                title=f"{target.name}: {place(target)}",
                checks=(secret, *checks),
            )
            for target, secret, checks in zip(job.targets, secrets, there, strict=True)
        ),
    )


def _no_cross(one: Check) -> Check:
    return replace(one, grade=Grade.WARNING) if one.grade is Grade.CROSSED else one


async def _there(
    job: Job, pair: tuple[str, str], *, offline: bool, busy: bool, now_s: Callable[[], float]
) -> list[tuple[Check, ...]]:
    """The findings of every target, all probed at the same time."""
    return await asyncio.gather(
        *(
            _target(job, target, pair, offline=offline, busy=busy, now_s=now_s)
            for target in job.targets
        )
    )


async def _target(
    job: Job,
    target: Target,
    pair: tuple[str, str],
    *,
    offline: bool,
    busy: bool,
    now_s: Callable[[], float],
) -> tuple[Check, ...]:
    if target.address is None:
        return (skipped("network", "the emulator is inside the process: nothing to reach"),)
    try:
        proxy = Proxy.of(target.proxy, read_login(target))
    except WrongInput as error:
        return (crossed("proxy", error.what, error.mend),)
    if offline:
        return (skipped("network", "left out, as --offline says"),)
    provider = PROVIDERS[target.provider]
    app, unasked = None, ""
    if busy:
        unasked = "left out: a process works on this run, and its calls fill the rate"
    else:
        try:
            app = App(app_id=target.app_id, admin=target.admin, secret=read_secret(target))
        except WrongInput:
            unasked = "left out: there is no secret to sign with"
    seen = await probe(
        provider,
        target.address,
        app,
        pair,
        timeout_s=job.retry.timeout_s,
        proxy=proxy,
        now_s=now_s,
    )
    proxies = proxies_in(os.environ)
    return tuple(findings_of(target, provider, seen, now_s(), unasked=unasked, proxies=proxies))
