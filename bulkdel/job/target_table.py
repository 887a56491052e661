"""[targets.NAME] of the job file as a pydantic model; see schema.py."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from bulkdel.job.endpoint import checked_endpoint, checked_proxy
from bulkdel.job.keys import (
    ACCOUNT_WORDS,
    Account,
    Allowed,
    FilePath,
    Table,
    Text,
    Variable,
    no_secret,
)
from bulkdel.job.shown import one_of
from bulkdel.providers import ADMIN_VENDORS, ADMINS, APP_ID_NAMES, PROVIDERS

UINT32_MAX = 4_294_967_295
QPS_LEAST = 0.001
QPS_MOST = 1_000_000
IN_FLIGHT_MOST = 2000


class TargetTable(Table):
    """[targets.NAME]: one provider app that the pairs are removed from."""

    provider: Annotated[
        str,
        Field(description=f"Whose API it is: {' or '.join(PROVIDERS)}."),
        Allowed("the name of a provider", missing=f"write {one_of(PROVIDERS)}"),
    ]
    region: Annotated[
        str | None,
        Field(description="Where the app lives. Required unless endpoint is given."),
        Allowed("one of the provider's regions"),
    ] = None
    app_id: Annotated[
        int,
        Field(ge=1, le=UINT32_MAX, description=f"{APP_ID_NAMES}."),
        Allowed(
            f"a whole number, 1…{UINT32_MAX}, without quotes",
            missing=f"write the app's number ({APP_ID_NAMES})",
        ),
    ]
    admin: Annotated[
        Account | None,
        Field(
            description=f"{ADMIN_VENDORS} only: the app's admin account that makes the calls. "
            f"Default {ADMINS}."
        ),
        Allowed(ACCOUNT_WORDS),
    ] = None
    secret_env: Annotated[
        Variable | None,
        Field(
            description="The environment variable that holds the app's secret key. "
            "This or secret_file; neither is read for the emulator.",
        ),
        Allowed(
            "the name of an environment variable: letters, digits and _, the first one no digit"
        ),
    ] = None
    secret_file: Annotated[
        Annotated[FilePath, AfterValidator(no_secret)] | None,
        Field(
            description="The file, relative to the job file, that holds the app's secret key "
            "and nothing else."
        ),
        Allowed("the path of a file"),
    ] = None
    endpoint: Annotated[
        Annotated[Text, AfterValidator(checked_endpoint)] | None,
        Field(
            description='Replaces the region\'s address: "emulator" for the emulator inside the '
            "process, or https://HOST[:PORT]; plain http only to this machine."
        ),
        Allowed('"emulator", or an address such as https://HOST or http://127.0.0.1:9000'),
    ] = None
    proxy: Annotated[
        Annotated[Text, AfterValidator(checked_proxy)] | None,
        Field(
            description="The HTTP proxy that calls go through, by CONNECT, as http://HOST:PORT; "
            "what goes through it is TLS. It may still deliver a call after bulkdel gave it up. "
            "The environment's own proxy variables are not used, and the emulator needs none."
        ),
        Allowed("an address such as http://proxy.corp:3128"),
    ] = None
    proxy_env: Annotated[
        Variable | None,
        Field(
            description="The environment variable that holds user:password for the proxy (Basic), "
            "both as they are: up to the first colon is the user, and nothing is percent-encoded."
        ),
        Allowed(
            "the name of an environment variable: letters, digits and _, the first one no digit"
        ),
    ] = None
    qps: Annotated[
        float | None,
        Field(
            ge=QPS_LEAST,
            le=QPS_MOST,
            description="The ceiling for all calls of this target in any second. "
            "Default: the provider's documented ceiling for the operation.",
        ),
        Allowed(f"calls a second: a number above 0, {QPS_LEAST}…{QPS_MOST}"),
    ] = None
    max_in_flight: Annotated[
        int | None,
        Field(
            ge=1,
            le=IN_FLIGHT_MOST,
            description="Calls that may wait for their answer at the same time. "
            "Default: two seconds' worth of qps, 8…1000.",
        ),
        Allowed(f"a whole number of calls, 1…{IN_FLIGHT_MOST}"),
    ] = None
    batch_size: Annotated[
        int | None,
        Field(
            ge=1,
            description="To_Accounts that one call carries. Default: the provider's documented "
            "maximum. delete_all_friends sends one account a call whatever stands here.",
        ),
        Allowed("a whole number of accounts, 1 or more"),
    ] = None
