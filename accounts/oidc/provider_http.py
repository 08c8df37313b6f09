"""Fetch from the provider and from trusted issuers, with errors that name what is out of order."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

from django.conf import settings

from accounts import http, pool, time_budget
from accounts.addresses import is_in_networks, is_loopback, is_on_the_internet, origin
from accounts.gate import ISSUER_CALLS, PROVIDER_CALLS, Gate
from accounts.messages import Message
from accounts.oidc.errors import (
    ProviderAnswerTooLarge,
    ProviderMisconfigured,
    unavailable,
)
from accounts.oidc.strict_json import parse_object

log = logging.getLogger(__name__)

_provider, _issuers = Gate(PROVIDER_CALLS), Gate(ISSUER_CALLS)


@dataclass(frozen=True, slots=True)
class ProviderResponse:
    """What the provider said. The body may hold tokens and never appears in a `repr`."""

    status: int
    content_type: str
    body: bytes = field(repr=False)
    name: str

    def document(self) -> dict[str, Any]:
        """Return the body as a JSON object; raises ProviderUnavailable for anything else."""
        if self.status != 200:
            raise unavailable(f"{self.name} was answered with status {self.status}")
        try:
            return parse_object(self.body)
        except ValueError as error:
            raise unavailable(f"{self.name} is not the JSON it should be") from error


def fetch(
    method: Literal["GET", "POST"],
    url: str,
    *,
    name: str,
    limit: int,
    headers: Mapping[str, str] | None = None,
    data: Mapping[str, str] | None = None,
    guarded: bool = False,
) -> ProviderResponse:
    """Send one request and read at most `limit` bytes; `name` is that of the document in messages.

    OIDC_TIMEOUT bounds the whole, in seconds, and what is left of the request's time
    (`accounts.time_budget`); only so many wait at once (`accounts.gate`).

    `guarded` is for an address that the operator did not choose: portal admins name trusted
    issuers, and an issuer names its keys' address. It must be on the internet or in
    TRUSTED_ISSUER_NETWORKS, wherever its name leads.

    Raises:
        ProviderUnavailable: no answer in time.
        ProviderAnswerTooLarge: one without end.
        ProviderMisconfigured: the address is inside of a network, and may not be asked.
    """
    total = time_budget.left(settings.OIDC_TIMEOUT)
    if not total:
        raise unavailable(f"{name} was not asked for: the request has used up its time")
    pool.give_back()
    gate = _issuers if guarded else _provider
    if (mark := gate.enter()) is None:
        raise unavailable(f"{name} was not asked for: {gate.size} requests wait for an answer")
    sent = {"Accept": "application/json"}
    if data is not None:
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        response = http.fetch(
            method,
            url,
            headers=sent | dict(headers or {}),
            body=urlencode(data or {}).encode(),
            total=total,
            limit=limit,
            allow_address=may_be_fetched_from if guarded else None,
        )
    except http.TlsRefused as error:
        raise unavailable(
            f"the TLS certificate of {_where(url)} was not accepted; "
            "REQUESTS_CA_BUNDLE can name the file of a private authority"
        ) from error
    except http.AddressRefused as error:
        raise _inside(url, error.address) from error
    except http.TooLarge as error:
        raise unavailable(f"{name} is longer than {limit} bytes", ProviderAnswerTooLarge) from error
    except http.Timeout as error:
        raise unavailable(f"{name} takes too long") from error
    except http.HttpError as error:
        raise unavailable(f"{name} could not be read from {_where(url)} ({error})") from error
    finally:
        gate.leave(mark)
    return ProviderResponse(response.status, response.content_type, response.body, name)


def may_be_fetched_from(address: str) -> bool:
    """Whether this is an address of the internet, or of TRUSTED_ISSUER_NETWORKS.

    A portal that is itself on this machine, as the demo's, may ask others there.
    """
    return (
        is_on_the_internet(address)
        or (is_loopback(address) and not settings.SECURE)
        or is_in_networks(address, settings.TRUSTED_ISSUER_NETWORKS)
    )


def _inside(url: str, address: str) -> ProviderMisconfigured:
    problem = (
        f"{origin(url)} is at {address}, an address inside of a network; "
        "TRUSTED_ISSUER_NETWORKS names those in which trusted issuers may be"
    )
    log.warning("a trusted issuer was not asked: %s", problem)
    return ProviderMisconfigured(
        Message("The token's issuer may not be asked for its keys."), problem
    )


def _where(url: str) -> str:
    return origin(url) + urlsplit(url).path
