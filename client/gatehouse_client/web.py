"""HTTP by the standard library: TLS verified, bounded in time and size, no redirect followed.

Certificates are checked against the system's; SSL_CERT_FILE names others. Proxies are taken from the
environment, as everywhere, but never for this machine.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from gatehouse_client.errors import Failed, plain

PATIENCE = 30.0
"""Seconds for an answer, all of it."""
LARGEST = 4 * 1024 * 1024
AGENT = "gatehouse-client/0.1.0"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered."""

    status: int
    url: str
    body: bytes = field(repr=False)

    def json(self) -> dict[str, Any]:
        """Return the body's object.

        Raises:
            Failed: it is none.
        """
        try:
            found = json.loads(self.body)
            json.dumps(found, ensure_ascii=False).encode()  # Halves of characters fit nowhere else.
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise Failed(f"{origin(self.url)} answered {self.status}, and not in JSON.")
        return found


class TimedOut(Failed):
    """A server took too long."""


def is_safe(url: object) -> bool:
    """Whether tokens may be sent there: by https, or to this machine. What is shown of it is its text."""
    if not isinstance(url, str) or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        found = (parts.hostname, parts.port)  # A port that is no number raises here.
    except ValueError:
        return False
    if not found[0] or parts.username is not None or parts.password is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(found[0]))


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin(url: str) -> str:
    """Return scheme and host: what may be said of an address whose rest may be a secret."""
    parts = urlsplit(url)
    return plain(f"{parts.scheme}://{parts.netloc}")


def ask(
    url: str,
    *,
    form: Mapping[str, str] | None = None,
    content: object = None,
    bearer: str = "",
) -> Answer:
    """GET, or POST a form or `content` as JSON; with a bearer token, if one is given.

    Raises:
        Failed: the address is not safe, cannot be reached, or redirects; the answer is too long.
        TimedOut: it took too long.
    """
    if not is_safe(url):
        raise Failed(f"{origin(url)} is neither https nor on this machine: nothing is sent there.")
    headers = {"User-Agent": AGENT, "Accept": "application/json"}
    data = None
    if form is not None:
        data = urlencode(form).encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    elif content is not None:
        data = json.dumps(content).encode()
        headers["Content-Type"] = "application/json"
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    try:
        request = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310 - see is_safe
        answer = _in_time(request)
    except TimeoutError:
        raise TimedOut(f"{origin(url)} did not answer in time. Try again in a minute.") from None
    except (OSError, http.client.HTTPException) as error:
        raise Failed(f"{origin(url)} cannot be reached: {_why(error)}") from None
    except ValueError:  # Python repeats the header that it refuses: the token.
        raise Failed("The token holds what no header can: it is none.") from None
    if 300 <= answer.status < 400:
        raise Failed(f"{origin(url)} leads elsewhere, and is not followed. Is the address right?")
    return answer


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def http_error_302(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any
    ) -> None:
        """Follow nothing, nor look where it would lead: who answers is who was asked."""

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _in_time(request: urllib.request.Request) -> Answer:
    """Leave a server that takes too long; sockets only bound each wait, and one can drip its headers."""
    answer: Future[Answer] = Future()

    def work() -> None:
        try:
            answer.set_result(_answer(request))
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            answer.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return answer.result(PATIENCE)


def _answer(request: urllib.request.Request) -> Answer:
    here = is_loopback(urlsplit(request.full_url).hostname or "")
    opener = urllib.request.build_opener(
        _NoRedirect(),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        urllib.request.ProxyHandler({} if here else None),
    )
    try:
        response = opener.open(request, timeout=PATIENCE)
    except urllib.error.HTTPError as refused:
        response = refused
    except urllib.error.URLError as error:
        raise error.reason if isinstance(error.reason, OSError) else error from None
    with response:
        body = bytearray()
        while chunk := response.read1(65536):
            body += chunk
            if len(body) > LARGEST:
                raise Failed(f"{origin(request.full_url)} answers more than anybody asked for.")
        return Answer(response.status, request.full_url, bytes(body))


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted ({plain(error.verify_message)}). If your company has "
            "an authority of its own, SSL_CERT_FILE names the file of its certificates."
        )
    return plain(getattr(error, "strerror", None) or str(error) or type(error).__name__)
