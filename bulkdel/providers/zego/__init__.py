"""ZEGOCLOUD ZIM's server API, version 2, as a value.

Source: ZEGO's documentation repository (docs_all, 2026-08-21): "Accessing Server APIs".
"""

from __future__ import annotations

from typing import Final

from bulkdel.providers.protocol import IdRule, Provider
from bulkdel.providers.zego.ask_friends import ASK_FRIENDS
from bulkdel.providers.zego.ask_list import ASK_LIST
from bulkdel.providers.zego.check import CHECK
from bulkdel.providers.zego.codes import CODES
from bulkdel.providers.zego.delete_all_friends import DELETE_ALL_FRIENDS
from bulkdel.providers.zego.delete_friends import DELETE_FRIENDS
from bulkdel.providers.zego.pull_friends import PULL_FRIENDS
from bulkdel.providers.zego.put_back import PUT_BACK
from bulkdel.providers.zego.rehearsal import REHEARSED
from bulkdel.providers.zego.signing import CLOCK_MOST_S, credentials, sign

ZEGO: Final = Provider(
    name="zego",
    title="ZEGOCLOUD ZIM",
    vendor="ZEGO",
    app_id_name="AppId",
    secret_env="ZEGO_SERVER_SECRET",  # noqa: S106  # the name of a variable
    app_id_place="console.zegocloud.com, Projects Management, the project's Basic Information",
    secret_place="ServerSecret, under Basic Configurations; not AppSign, not CallbackSecret",  # noqa: S106  # a place
    admin=None,
    regions={
        "global": "https://zim-api.zego.im",
        "shanghai": "https://zim-api-sha.zego.im",
        "hong_kong": "https://zim-api-hkg.zego.im",
        "frankfurt": "https://zim-api-fra.zego.im",
        "california": "https://zim-api-lax.zego.im",
        "mumbai": "https://zim-api-bom.zego.im",
        "singapore": "https://zim-api-sgp.zego.im",
    },
    example_region="global",
    example_app_id=1234567890,
    # The documented set of characters and the space: the page of 2024-10-24 allowed it, as ZIM's
    # other calls still do, so ids with spaces exist and must be removable.
    id_rule=IdRule(
        name="zego_charset",
        words="ZIM user ids hold only letters, digits, spaces and !#$%&()+-:;<=.>?@[]^_{}|~",
        pattern=r"[0-9A-Za-z !#$%&()+\-:;<=.>?@\[\]\^_{}|~]+",
    ),
    clock_most_s=CLOCK_MOST_S,
    codes=CODES,
    credentials=credentials,
    sign=sign,
    delete_friends=DELETE_FRIENDS,
    delete_all_friends=DELETE_ALL_FRIENDS,
    check=CHECK,
    ask_friends=ASK_FRIENDS,
    ask_list=ASK_LIST,
    pull_friends=PULL_FRIENDS,
    put_back=PUT_BACK,
    rehearsed=REHEARSED,
)
