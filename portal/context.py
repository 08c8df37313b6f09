"""What is read from a request: who sent it, from where, and the variables of every template."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest

from accounts.errors import SignInAgain
from accounts.messages import Message
from accounts.models import SignIn
from accounts.signins import subject_of
from accounts.types import Origin, Subject, Surface
from portal.request import GatehouseRequest


def open_sign_in(request: HttpRequest) -> SignIn | None:
    """Return the open sign-in of a request; None for strangers and programs."""
    return cast(GatehouseRequest, request).sign_in


def sign_in_of(request: HttpRequest) -> SignIn:
    """Return the open sign-in of a request.

    Raises:
        SignInAgain: there is none.
    """
    sign_in = open_sign_in(request)
    if sign_in is None:
        raise SignInAgain(Message("Sign in first."), "the request has no sign-in")
    return sign_in


def subject_of_request(request: HttpRequest) -> Subject:
    """Return the verified identity of a request; raises SignInAgain if nobody is signed in."""
    return subject_of(sign_in_of(request))


def origin_of(request: HttpRequest, surface: Surface = Surface.PAGES) -> Origin:
    """Return where a request came from, as the audit trail records it."""
    return Origin(
        surface=surface,
        ip=client_address(request),
        user_agent=request.META.get("HTTP_USER_AGENT", ""),
        request_id=cast(GatehouseRequest, request).id,
    )


def client_address(request: HttpRequest) -> str:
    """Return the IP address of the client, as the last trusted proxy saw it.

    X-Forwarded-For is read from the right, for as long as the hop before is one of TRUSTED_PROXIES: nobody
    can write an address of their choice into the audit trail.
    """
    address = str(request.META.get("REMOTE_ADDR", ""))
    hops = []
    if settings.TRUSTED_PROXIES:
        hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while hops and is_in_networks(address, settings.TRUSTED_PROXIES):
        hop = hops.pop().strip()
        if _address(hop) is None:
            break
        address = hop
    return address


def client_network(request: HttpRequest) -> str:
    """Return what a client is counted by: its IPv4 address, or its IPv6 network (RFC 6177: a /64 at least)."""
    address = client_address(request)
    parsed = _address(address)
    if parsed is None:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), 64), strict=False))


def is_in_networks(address: str, networks: Iterable[str]) -> bool:
    """Whether an IP address is one of these addresses, or in one of these networks."""
    parsed = _address(address)
    return parsed is not None and any(
        parsed in ipaddress.ip_network(network) for network in networks
    )


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def portal(request: HttpRequest) -> dict[str, Any]:
    """Return the variables of every template (a context processor)."""
    return {
        "portal_name": settings.PORTAL_NAME,
        "support_contact": settings.SUPPORT_CONTACT,
        "sign_in": open_sign_in(request),
    }
