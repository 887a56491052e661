"""Tencent Chat's REST API, version 4, as a value.

Sources: "RESTful API Overview" (1047/34620 of 2025-10-23) for the regions and the admin account,
"Use Limits" (1047/34381) for ids.
"""

from __future__ import annotations

from typing import Final

from bulkdel.providers.protocol import Provider
from bulkdel.providers.tencent.ask_friends import ASK_FRIENDS
from bulkdel.providers.tencent.ask_list import ASK_LIST
from bulkdel.providers.tencent.check import CHECK
from bulkdel.providers.tencent.codes import CODES
from bulkdel.providers.tencent.delete_all_friends import DELETE_ALL_FRIENDS
from bulkdel.providers.tencent.delete_friends import DELETE_FRIENDS
from bulkdel.providers.tencent.pull_friends import PULL_FRIENDS
from bulkdel.providers.tencent.put_back import PUT_BACK
from bulkdel.providers.tencent.rehearsal import REHEARSED
from bulkdel.providers.tencent.signing import credentials, sign

TENCENT: Final = Provider(
    name="tencent",
    title="Tencent Chat",
    vendor="Tencent",
    app_id_name="SDKAppID",
    secret_env="TENCENT_SECRET_KEY",  # noqa: S106  # the name of a variable
    app_id_place="the Tencent RTC console, Applications; older: the Chat console, the app's card",
    secret_place="SDKSecretKey, beside the SDKAppID; older: Display key, under Basic info",  # noqa: S106  # a place
    admin="administrator",
    regions={
        "china": "https://console.tim.qq.com",
        "singapore": "https://adminapisgp.im.qcloud.com",
        "seoul": "https://adminapikr.im.qcloud.com",
        "tokyo": "https://adminapijpn.im.qcloud.com",
        "frankfurt": "https://adminapiger.im.qcloud.com",
        "silicon_valley": "https://adminapiusa.im.qcloud.com",
        "jakarta": "https://adminapiidn.im.qcloud.com",
        "mumbai": "https://adminapiind.im.qcloud.com",  # not in the pages since 2024-07
    },
    example_region="singapore",
    example_app_id=1400000000,
    # The documentation says 32 bytes and merely recommends letters and digits; the rule of
    # printable ASCII is the client SDK's own, and an account that was imported in other characters
    # must still be removable.
    id_rule=None,
    clock_most_s=None,
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
