"""Ask the provider over HTTP: bounded in time and size, without redirects."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from django.conf import settings

from accounts import pool
from accounts.oidc.connections import InTime
from accounts.oidc.errors import unavailable
from accounts.oidc.outside import Outside
from accounts.oidc.strict_json import parse_object

_CHUNK = 16 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider said. The body may hold tokens and never appears in a `repr`."""

    status: int
    content_type: str
    body: bytes = field(repr=False)
    what: str

    def document(self) -> dict[str, Any]:
        """Return the JSON object that was asked for; raises ProviderUnavailable for anything else."""
        if self.status != 200:
            raise unavailable(f"{self.what} was answered with status {self.status}")
        try:
            return parse_object(self.body)
        except ValueError as error:
            raise unavailable(f"{self.what} is not the JSON it should be") from error


def ask(
    method: str,
    url: str,
    *,
    what: str,
    limit: int,
    headers: Mapping[str, str] | None = None,
    data: Mapping[str, str] | None = None,
    guarded: bool = False,
) -> Answer:
    """Send one request and read at most `limit` bytes; `what` names the document in messages.

    OIDC_TIMEOUT bounds, in seconds, the wait for a connection, for the head of the answer, and for
    its body. The environment's proxy is used, its `.netrc` is not. `guarded` is for an address
    that the operator did not choose: it may not be inside of a network (`accounts.oidc.outside`).

    Raises:
        ProviderUnavailable: no answer in time, or one without end.
        ProviderMisconfigured: the address is inside, and may not be asked.
    """
    seconds = settings.OIDC_TIMEOUT
    pool.give_back()
    try:
        with (
            _session(Outside() if guarded else InTime()) as session,
            session.request(
                method,
                url,
                headers={"Accept": "application/json", "Accept-Encoding": "identity"}
                | dict(headers or {}),
                data=data,
                auth=_as_it_is,
                timeout=seconds,
                allow_redirects=False,
                stream=True,
            ) as response,
        ):
            body = _read(response.raw, limit=limit, until=time.monotonic() + seconds, what=what)
            return Answer(
                status=response.status_code,
                content_type=response.headers.get("Content-Type", "")
                .partition(";")[0]
                .strip()
                .lower(),
                body=body,
                what=what,
            )
    except requests.exceptions.SSLError as error:
        raise unavailable(
            f"the TLS certificate of {_where(url)} was not accepted; "
            "REQUESTS_CA_BUNDLE can name the file of a private authority"
        ) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise unavailable(
            f"{what} could not be read from {_where(url)} ({type(error).__name__})"
        ) from error


def _session(adapter: InTime) -> requests.Session:
    session = requests.Session()
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    # Without an `auth` of ours requests puts the host's .netrc entry over our Authorization header.
    return request


def _read(raw: urllib3.BaseHTTPResponse, *, limit: int, until: float, what: str) -> bytes:
    # Each byte resets the socket's timeout, so the whole needs a bound of its own.
    body = bytearray()
    while chunk := raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > limit:
            raise unavailable(f"{what} is longer than {limit} bytes")
        if time.monotonic() > until:
            raise unavailable(f"{what} takes too long")
    return bytes(body)


def _where(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
