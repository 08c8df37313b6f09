"""The HTTP client for whatever the portal fetches: bounded in time and size, and without memory. boto3 alone has its own.

PycURL, because libcurl bounds a whole request: the name's resolution and an answer that drips included.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
import pycurl

from accounts import __version__

USER_AGENT = f"gatehouse/{__version__}"

_NAMES: dict[int | str, str] = {
    getattr(pycurl, name): name.removeprefix("E_")
    # Of several names for one code the first: the others are older.
    for name in sorted(dir(pycurl), reverse=True)
    if name.startswith("E_") and not name.startswith("E_MULTI_")
}
_TLS_ERRORS = frozenset(
    (
        pycurl.E_PEER_FAILED_VERIFICATION,
        pycurl.E_SSL_CACERT_BADFILE,
        pycurl.E_SSL_CONNECT_ERROR,
        pycurl.E_SSL_ISSUER_ERROR,
    )
)


class HttpError(Exception):
    """There is no whole answer. The text is libcurl's name for the reason, and nothing of the request."""


class Timeout(HttpError):
    """The whole answer did not arrive in time."""


class TooLarge(HttpError):
    """The body is longer than the limit."""


class TlsRefused(HttpError):
    """The other side did not prove who it is."""


class AddressRefused(HttpError):
    """The host's name leads to an address that may not be asked; nothing was sent to it."""

    def __init__(self, reason: str, address: str) -> None:
        super().__init__(reason)
        self.address = address


class Unreachable(HttpError):
    """There is no connection, no such host, or no HTTP."""


@dataclass(frozen=True, slots=True)
class Response:
    """What came back, whatever its status; names of headers are in lower case. Both may hold secrets."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def content_type(self) -> str:
        """The media type alone, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def fetch(
    method: Literal["GET", "POST"],
    url: str,
    *,
    total: float,
    limit: int,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    allow_address: Callable[[str], bool] | None = None,
) -> Response:
    """Send one request over a new connection and return the answer; a redirect is an answer like any other.

    `total` is the seconds until the whole answer must be there, `limit` the most bytes of its body.
    `allow_address` says of an IP address, before anything is sent there, whether it may be connected
    to; through a proxy it is the proxy that decides. HTTPS_PROXY, HTTP_PROXY and NO_PROXY name
    proxies, REQUESTS_CA_BUNDLE a file of authorities. No `.netrc` is read, no cookie kept.

    Raises:
        HttpError: there is no whole answer; its subclass says why.
    """
    received = _Received(limit)
    proxy = _proxy(url)
    guard = _Guard(allow_address) if allow_address and not proxy else None
    sent = {"User-Agent": USER_AGENT, "Expect": "", **(headers or {})}
    options = {
        pycurl.URL: url,
        pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
        pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_1_1,
        pycurl.HTTPHEADER: [_line(name, value) for name, value in sent.items()],
        # Asks for no compression, and undoes it where it comes all the same.
        pycurl.ACCEPT_ENCODING: "identity",
        pycurl.TIMEOUT_MS: max(1, round(total * 1000)),  # 0 would stand for no limit.
        # Names are resolved without signals, which only a main thread could take.
        pycurl.NOSIGNAL: True,
        # Set, though it be to nothing: libcurl would look into the environment by rules of its own.
        pycurl.PROXY: proxy,
        pycurl.NOPROXY: "",
        pycurl.CAINFO: _authorities(),
        pycurl.PROXY_CAINFO: _authorities(),  # For a proxy that speaks TLS.
        pycurl.HEADERFUNCTION: received.add_header,
        pycurl.WRITEFUNCTION: received.add_chunk,
    }
    if method == "POST":
        options |= {pycurl.POST: True, pycurl.POSTFIELDS: body}
    if guard:
        options[pycurl.OPENSOCKETFUNCTION] = guard.open_socket
    handle = pycurl.Curl()
    try:
        for option, value in options.items():
            handle.setopt(option, value)
        handle.perform()
        return Response(
            handle.getinfo(pycurl.RESPONSE_CODE), received.headers, bytes(received.body)
        )
    except pycurl.error as error:
        # From None: libcurl's texts may quote a proxy's password.
        raise _explain(error.args[0], received, guard) from None
    finally:
        handle.close()
        if guard:
            guard.close()


class _Received:
    """What has come in so far; too much of it ends the request."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.too_large = False

    def add_header(self, line: bytes) -> None:
        if line.startswith(b"HTTP/"):
            self.headers.clear()  # Those of a proxy, or of "100 Continue", came before.
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            self.headers[name.strip().lower()] = value.strip()

    def add_chunk(self, chunk: bytes) -> int:
        self.too_large = len(self.body) + len(chunk) > self.limit
        if self.too_large:
            return 0  # Less than came: libcurl gives up.
        self.body += chunk
        return len(chunk)


class _Guard:
    """Opens sockets to the addresses that are allowed, and to no others."""

    def __init__(self, allow_address: Callable[[str], bool]) -> None:
        self.allow_address = allow_address
        self.refused = ""
        self.sockets: list[socket.socket] = []

    def open_socket(
        self, purpose: int, address: tuple[int, int, int, tuple[str, int]]
    ) -> socket.socket | int:
        del purpose
        family, kind, protocol, (host, *_) = address
        if self.allow_address(host):
            self.sockets.append(socket.socket(family, kind, protocol))
            return self.sockets[-1]  # PycURL works on a duplicate of it.
        self.refused = host
        return pycurl.SOCKET_BAD

    def close(self) -> None:
        for each in self.sockets:
            each.close()


def _explain(code: int | str, received: _Received, guard: _Guard | None) -> HttpError:
    name = _NAMES.get(code, f"libcurl {code}")
    if received.too_large:
        return TooLarge(f"over {received.limit} bytes")
    if guard and guard.refused and code == pycurl.E_COULDNT_CONNECT:
        return AddressRefused(name, guard.refused)
    if code == pycurl.E_OPERATION_TIMEDOUT:
        return Timeout(name)
    return TlsRefused(name) if code in _TLS_ERRORS else Unreachable(name)


def _proxy(url: str) -> str:
    parts = urlsplit(url)
    if proxy_bypass(parts.netloc.rpartition("@")[2]):
        return ""
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all", "")


def _authorities() -> str:
    # boto3 reads the same name: no setting of ours.
    return os.environ.get("REQUESTS_CA_BUNDLE") or certifi.where()  # noqa: TID251


def _line(name: str, value: str) -> bytes:
    # libcurl sends what it is given: a line break would begin another header.
    return f"{name}: {' '.join(value.split())}".encode()
