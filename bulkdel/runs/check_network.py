"""The preflight over the network: a probe of a target as findings. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bulkdel.job.job import ProxySource, Reach, Target
from bulkdel.providers.operations import Hearing, Standing
from bulkdel.providers.protocol import Provider
from bulkdel.report.checks import Check, crossed, good, skipped, warning
from bulkdel.report.figures import DAY_S, moment, plain, span
from bulkdel.send.probe import Probe, ProbeStep

SKEW_WARNED_S: Final = 90.0
"""A difference of clocks that is worth a word, in seconds."""
EXPIRES_SOON_S: Final = 7 * DAY_S


PROXIES: Final = ("https_proxy", "http_proxy", "all_proxy")
"""Variables by which other programs find a proxy, in small letters or capitals."""


def proxies_in(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The names of those that are set; never what they hold, which may be a password."""
    return tuple(
        sorted(name for name, held in environment.items() if held and name.lower() in PROXIES)
    )


def findings_of(
    target: Target,
    provider: Provider,
    seen: Probe,
    now_s: float,
    *,
    unasked: str,
    proxies: tuple[str, ...] = (),
) -> Iterator[Check]:
    """What a probe saw, one finding for each step; those it did not come to are skipped.

    Args:
        target: whose address was probed.
        provider: of the target.
        seen: the probe.
        now_s: this machine's clock, Unix seconds.
        unasked: why no call was made; empty where one was.
        proxies: names of the variables that are set and name one.
    """
    unused = _unused(proxies) if target.reach is Reach.REAL else ""
    if target.proxy is not None:
        yield _proxy(seen, target, target.proxy)
        if unused:
            yield skipped("variables", f"{unused}: calls go through the job file's own proxy")
    else:
        yield _address(seen, target, unused)
        if unused:
            yield skipped("proxy", f"{unused}: it connects by itself, unless {_proxy_key(target)}")
    if seen.step in (ProbeStep.RESOLVE, ProbeStep.CONNECT, ProbeStep.TUNNEL):
        return
    yield _tls(seen, target, now_s, unused)
    if seen.step is ProbeStep.TLS:
        return
    if unasked:
        yield skipped("clock", unasked)
        yield skipped("credentials", unasked)
        return
    yield _clock(provider, seen)
    yield _credentials(target, provider, seen)


def _unused(proxies: tuple[str, ...]) -> str:
    if not proxies:
        return ""
    are, them = ("is", "it") if len(proxies) == 1 else ("are", "them")
    return f"{', '.join(proxies)} {are} set, and bulkdel does not use {them}"


def _proxy_key(target: Target) -> str:
    return f'targets.{target.name} has proxy = "http://HOST:PORT"'


def _proxy(seen: Probe, target: Target, proxy: ProxySource) -> Check:
    name, key = "proxy", f"targets.{target.name}.proxy"
    match seen.step:
        case ProbeStep.RESOLVE:
            words = f"{proxy.address}: {seen.trouble}"
            return crossed(name, words, f"is {key} right? Check the DNS of this machine")
        case ProbeStep.CONNECT:
            words = f"{proxy.address} ({seen.ip}): cannot connect: {seen.trouble}"
            return crossed(name, words, f"is {key} right, with its port, and is the proxy up?")
        case ProbeStep.TUNNEL if seen.refused and proxy.env is None:
            mend = f"write {key}_env with the name of a variable, and user:password into that"
            return crossed(name, seen.trouble, mend)
        case ProbeStep.TUNNEL if seen.refused:
            mend = f"put the right user:password into {proxy.env}, as they are: no percent-encoding"
            return crossed(name, seen.trouble, mend)
        case ProbeStep.TUNNEL:
            words = seen.trouble
            if proxy.address not in words:
                words = f"{proxy.address}: {words} to CONNECT"
            mend = f"is that an HTTP proxy, and does it allow CONNECT to {seen.host}?"
            return crossed(name, words, mend)
        case _:
            words = (
                f"{proxy.address} ({seen.ip}) connects to {seen.host}; what it holds of a call "
                "that was given up may still arrive"
            )
            return good(name, words)


def _address(seen: Probe, target: Target, proxy: str) -> Check:
    beside = f"; {proxy}" if proxy else ""
    if seen.step is ProbeStep.RESOLVE:
        return crossed(
            "address",
            f"{seen.host}: {seen.trouble}{beside}",
            "check the network and DNS of this machine" + _or_else(target, proxy),
        )
    if seen.step is ProbeStep.CONNECT:
        return crossed(
            "address",
            f"{seen.host} ({seen.ip}): cannot connect: {seen.trouble}{beside}",
            "is a server there, and does the firewall let this machine out?"
            + _or_else(target, proxy),
        )
    return good("address", f"{seen.host} ({seen.ip}) answers")


def _or_else(target: Target, proxy: str) -> str:
    if proxy:
        return f" It goes through a proxy where {_proxy_key(target)}"
    return " Or correct endpoint in the job file" if target.reach is Reach.LOOPBACK else ""


def _tls(seen: Probe, target: Target, now_s: float, proxy: str) -> Check:
    if seen.step is ProbeStep.TLS:
        return crossed(
            "TLS",
            f"{seen.host}: {seen.trouble}" + (f"; {proxy}" if proxy else ""),
            "is it the provider that answers? A proxy between you and it, a wrong clock, or a "
            "missing CA certificate looks like this. A company's own CA: name its file in "
            "SSL_CERT_FILE",
        )
    if not seen.tls:
        return skipped("TLS", f"plain http, which is allowed to {target.reach} only")
    if seen.expires_s is None:
        return good("TLS", f"{seen.tls}, the certificate is trusted")
    words = f"{seen.tls}, the certificate is good until {moment(round(seen.expires_s * 1000))}"
    left_s = seen.expires_s - now_s
    if left_s < EXPIRES_SOON_S:
        return warning("TLS", words, f"it expires in {span(left_s)}: will the run be done by then?")
    return good("TLS", words)


def _clock(provider: Provider, seen: Probe) -> Check:
    if seen.skew_s is None:
        return skipped("clock", "the server does not tell the time")
    apart = abs(seen.skew_s)
    if apart <= SKEW_WARNED_S:
        return good("clock", f"within {span(max(apart, 1))} of the server's")
    way = "ahead of" if seen.skew_s > 0 else "behind"
    words = f"this machine is {span(apart)} {way} the server"
    mend = "set this machine's clock (NTP)"
    most = provider.clock_most_s
    if most is not None and apart > most:
        return crossed("clock", f"{words}; {provider.title} allows {span(most)}", mend)
    return warning("clock", words, mend)


def _credentials(target: Target, provider: Provider, seen: Probe) -> Check:
    name = "credentials"
    if seen.hearing is None:
        return crossed(name, f"no answer: {seen.trouble}", "try again; is the address right?")
    answer = _said(provider, seen.hearing)
    match seen.hearing.standing:
        case Standing.ACCEPTED:
            beside = f" (it answered {answer})" if seen.hearing.code else ""
            return good(name, f"app {target.app_id} is let in{beside}; nothing was changed")
        case Standing.REFUSED:
            mend = provider.advice(seen.hearing.code) or "put that right at the provider"
            return crossed(name, f"app {target.app_id} is refused: {answer}", mend)
        case Standing.UNCLEAR:
            mend = provider.advice(seen.hearing.code) or "wait a minute and try again"
            return crossed(name, f"cannot tell whether the app is let in: {answer}", mend)


def _said(provider: Provider, hearing: Hearing) -> str:
    info = f' "{plain(hearing.info)}"' if hearing.info else ""
    return f"code {hearing.code}{info}, {provider.words(hearing.code)}"
