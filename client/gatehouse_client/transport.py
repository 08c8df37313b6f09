"""HTTP with the standard library: certificates checked, bounded in time and size, no redirects followed.

Certificates are checked against the system's authorities, or those in SSL_CERT_FILE. Proxies come from
the usual environment variables, and are never used for this machine.
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

from gatehouse_client.errors import CommandFailed, printable

TIMEOUT = 30.0
"""Seconds for a whole response."""
MAX_BODY = 4 * 1024 * 1024
USER_AGENT = "gatehouse-client/0.1.0"


@dataclass(frozen=True, slots=True)
class ServerResponse:
    status: int
    url: str
    body: bytes = field(repr=False)

    def json(self) -> dict[str, Any]:
        """Return the JSON object in the body.

        Raises:
            CommandFailed: the body is not a JSON object.
        """
        try:
            content = json.loads(self.body)
            # Refuse lone surrogates: no terminal and no file takes them.
            json.dumps(content, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise CommandFailed(f"{origin(self.url)} answered {self.status}, but not with JSON.")
        return content


class ServerTimeout(CommandFailed):
    """A server took too long."""


def is_safe_url(url: object) -> bool:
    """Whether tokens may be sent to a URL: https, or this machine; printable, so it can be shown as it is."""
    if not isinstance(url, str) or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # Raises if the port is not a number.
    except ValueError:
        return False
    if not host or parts.username is not None or parts.password is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin(url: str) -> str:
    """Return scheme and host of a URL, for messages: the rest may hold a secret."""
    parts = urlsplit(url)
    return printable(f"{parts.scheme}://{parts.netloc}")


def send(
    url: str,
    *,
    form: Mapping[str, str] | None = None,
    content: object = None,
    bearer: str = "",
) -> ServerResponse:
    """Send a GET, or a POST of a form or of `content` as JSON, with a bearer token if there is one.

    Raises:
        CommandFailed: the URL is not safe, cannot be reached, or redirects; the response is too long.
        ServerTimeout: it took too long.
    """
    if not is_safe_url(url):
        raise CommandFailed(
            f"{origin(url)} is neither https nor on this machine: nothing is sent there."
        )
    headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
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
        request = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310 - see is_safe_url
        response = _within_timeout(request)
    except TimeoutError:
        raise ServerTimeout(
            f"{origin(url)} did not answer in time. Try again in a minute."
        ) from None
    except (OSError, http.client.HTTPException) as error:
        raise CommandFailed(f"{origin(url)} cannot be reached: {_reason(error)}") from None
    except ValueError:  # Python's own message would repeat the header, which holds the token.
        raise CommandFailed("The token has characters that no token can have.") from None
    if 300 <= response.status < 400:
        raise CommandFailed(f"{origin(url)} redirects elsewhere. Is the address right?")
    return response


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def http_error_302(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any
    ) -> None:
        """Follow no redirect: only the server that was asked may answer."""

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _within_timeout(request: urllib.request.Request) -> ServerResponse:
    """Bound the whole exchange: a socket's timeout bounds each read only, and a server can send byte by byte."""
    response: Future[ServerResponse] = Future()

    def work() -> None:
        try:
            response.set_result(_send(request))
        except BaseException as error:  # noqa: BLE001 - raised by result()
            response.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return response.result(TIMEOUT)


def _send(request: urllib.request.Request) -> ServerResponse:
    is_local = is_loopback(urlsplit(request.full_url).hostname or "")
    opener = urllib.request.build_opener(
        _NoRedirect(),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        urllib.request.ProxyHandler({} if is_local else None),
    )
    try:
        response = opener.open(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        response = error
    except urllib.error.URLError as error:
        raise error.reason if isinstance(error.reason, OSError) else error from None
    with response:
        body = bytearray()
        while chunk := response.read1(65536):
            body += chunk
            if len(body) > MAX_BODY:
                raise CommandFailed(f"{origin(request.full_url)} sent too long an answer.")
        return ServerResponse(response.status, request.full_url, bytes(body))


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted ({printable(error.verify_message)}). If your company has "
            "its own certificate authority, set SSL_CERT_FILE to the file of its certificates."
        )
    return printable(getattr(error, "strerror", None) or str(error) or type(error).__name__)
