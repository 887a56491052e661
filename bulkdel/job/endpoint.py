"""Which addresses a job file may hold: endpoint, proxy, hook; and what an address stands for."""

from __future__ import annotations

import ipaddress
import re
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from bulkdel.job.shown import shown_text

EMULATOR: Final = "emulator"


class Reach(StrEnum):
    """What a target's address stands for. A run never moves between real and the others."""

    REAL = "real"  #: the provider, or any address that is not on this machine
    LOOPBACK = "loopback"  #: an address on this machine
    EMULATOR = "emulator"  #: the emulator inside the process


_PORT_MOST = 65_535
_HOST_MOST = 253
_HOOK_MOST = 4096
_LABEL: Final = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_ADDRESS: Final = re.compile(
    rf"(?P<scheme>https?)://(?P<host>{_LABEL}(\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]{{1,5}}))?/?",
    re.IGNORECASE,
)
_LOOPBACK_4: Final = ipaddress.IPv4Network("127.0.0.0/8")
_LOOPBACK_6: Final = ipaddress.IPv6Address("::1")


def checked_endpoint(text: str) -> str:
    """`text` as "emulator" or "scheme://host[:port]", in lower case.

    Raises:
        ValueError: it is neither, or plain http to another machine. The message completes
            "endpoint …" and shows nothing of user information or a query.
    """
    if text == EMULATOR:
        return text
    if any(mark in text for mark in "@?#"):
        raise ValueError(
            "holds more than an address (it is not shown, since that may be a secret); it must be "
            "https://HOST[:PORT] without user, query or fragment"
        )
    scheme, _, rest = text.partition("://")
    if scheme.lower() not in {"http", "https"} or not rest:
        raise ValueError(
            f'is {shown_text(text)}; it must be "emulator", or an address such as '
            "https://HOST or http://127.0.0.1:9000"
        )
    if "/" in rest.removesuffix("/"):
        raise ValueError(
            "has a path; it must be https://HOST[:PORT] alone, to which the provider's own paths "
            "are added"
        )
    parts = _ADDRESS.fullmatch(text)
    if parts is None:
        raise ValueError(f"is {shown_text(text)}; it must be https://HOST[:PORT]")
    if impossible := _impossible(parts):
        raise ValueError(f"is {shown_text(text)}; {impossible}")
    host = parts["host"].lower()
    if parts["scheme"].lower() == "http" and not _is_loopback(host):
        raise ValueError(
            f"is {shown_text(text)}; plain http goes to this machine only (127.0.0.0/8, [::1], "
            "localhost), since signatures travel in the address: use https"
        )
    return text.lower().rstrip("/")


def checked_proxy(text: str) -> str:
    """`text` as the address of a proxy: "http://host:port", in lower case.

    Raises:
        ValueError: it is none. The message completes "proxy …" and shows nothing of a login.
    """
    must = "it must be http://HOST:PORT"
    if any(mark in text for mark in "@?#"):
        raise ValueError(
            f"holds more than an address (it is not shown, since that may be a password); {must}, "
            "and proxy_env names the variable that holds user:password"
        )
    scheme, _, rest = text.partition("://")
    if scheme.lower() != "http" or not rest:
        also = (
            ": the way to the proxy is http (what goes through it is TLS, from here to the "
            "provider)"
            if scheme.lower() == "https"
            else ""
        )
        raise ValueError(f"is {shown_text(text)}; {must}{also}")
    parts = _ADDRESS.fullmatch(text)
    if parts is None:
        raise ValueError(f"is {shown_text(text)}; {must}")
    if impossible := _impossible(parts):
        raise ValueError(f"is {shown_text(text)}; {impossible}")
    if parts["port"] is None:
        raise ValueError(f"is {shown_text(text)}, without its port (often 3128 or 8080); {must}")
    return text.lower().rstrip("/")


def checked_hook(text: str) -> str:
    """`text` as the address of a hook: https, or http to this machine, with path and query.

    Raises:
        ValueError: it is none. The message completes "url …" and never shows the address.
    """
    no_such = (
        "is no such address (it is not shown, since it may hold a secret); it must be "
        "https://HOST[:PORT]/PATH, in ASCII, without a user name"
    )
    try:
        split = urlsplit(text)
    except ValueError:
        raise ValueError(no_such) from None
    host = split.netloc.lower()
    parts = _ADDRESS.fullmatch(f"{split.scheme}://{host}")
    if not text.isascii() or not text.isprintable() or " " in text or parts is None:
        raise ValueError(no_such)
    if len(text) > _HOOK_MOST:
        raise ValueError(f"has more than {_HOOK_MOST} characters")
    if impossible := _impossible(parts):
        raise ValueError(f"is no such address: {impossible}")
    if split.scheme == "http" and reach_of(f"http://{host}") is not Reach.LOOPBACK:
        raise ValueError("is plain http to another machine; use https")
    if split.fragment:
        raise ValueError("has a fragment (#…), which is never sent; leave it out")
    return text


def reach_of(address: str) -> Reach:
    """What a checked endpoint, or a region's address, stands for."""
    if address == EMULATOR:
        return Reach.EMULATOR
    parts = _ADDRESS.fullmatch(address)
    return Reach.LOOPBACK if parts and _is_loopback(parts["host"]) else Reach.REAL


def _impossible(address: re.Match[str]) -> str:
    """Why nothing can answer at this address; empty if something could."""
    host, port = address["host"], address["port"]
    if host.startswith("["):
        if not _is_ipv6(host[1:-1]):
            return "what stands in brackets is no IPv6 address"
    elif len(host) > _HOST_MOST:
        return f"a name has at most {_HOST_MOST} characters"
    if port is not None and not 1 <= int(port) <= _PORT_MOST:
        return f"a port is a number, 1…{_PORT_MOST}"
    return ""


def _is_loopback(host: str) -> bool:
    """By its spelling alone: a name that merely resolves to this machine counts as real."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return address in _LOOPBACK_4 if address.version == 4 else address == _LOOPBACK_6  # noqa: PLR2004 - the version's name


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True
