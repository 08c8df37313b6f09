"""Posts over kept connections, by libcurl: for a fifth of the processor time that urllib3 takes (decision 31)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import pycurl

LONGEST = 256 * 1024
"""Bytes of an answer. Those of STS take two or three thousand."""

# Of several names for one code the first: the others are older.
_NAMES: dict[int | str, str] = {
    getattr(pycurl, name): name.removeprefix("E_")
    for name in sorted(dir(pycurl), reverse=True)
    if name.startswith("E_") and not name.startswith("E_MULTI_")
}


class NoAnswer(Exception):
    """No whole answer came, and why: libcurl's name for it. Its texts may quote a proxy's password."""

    def __init__(self, code: int | str) -> None:
        super().__init__(_NAMES.get(code, f"libcurl {code}"))
        self.late = code == pycurl.E_OPERATION_TIMEDOUT
        self.too_long = code == pycurl.E_FILESIZE_EXCEEDED


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    body: bytes = field(repr=False)  # Keys are in it.


@dataclass(frozen=True, slots=True)
class Line:
    """Connections to one address, directly or through a proxy. Safe to share among threads, not across a fork.

    `certificates` is a file of authorities, for the address and for a proxy that speaks TLS.
    """

    url: str
    certificates: str
    proxy: str = field(default="", repr=False)  # Its password may be in it.
    # The last one used is the next: few connections stay open, and those stay warm.
    _idle: list[pycurl.Curl] = field(default_factory=list)

    def post(
        self, body: bytes, *, headers: Mapping[str, str], connect: float, whole: float
    ) -> Answer:
        """Return the answer. `connect` and `whole` are the seconds until connected, and until all is there.

        Redirects are answers like any other.

        Raises:
            NoAnswer: there is no whole answer.
        """
        with self._handle() as handle:
            handle.setopt(pycurl.HTTPHEADER, [*_lines(headers), b"Accept:", b"Expect:"])
            handle.setopt(pycurl.POSTFIELDS, body)
            handle.setopt(pycurl.CONNECTTIMEOUT_MS, _milliseconds(connect))
            handle.setopt(pycurl.TIMEOUT_MS, _milliseconds(whole))
            try:
                answer = handle.perform_rb()
            except pycurl.error as error:
                raise NoAnswer(error.args[0]) from None
            return Answer(handle.getinfo(pycurl.RESPONSE_CODE), answer)

    @contextmanager
    def _handle(self) -> Iterator[pycurl.Curl]:
        try:
            handle = self._idle.pop()
        except IndexError:
            handle = self._new()
        try:
            yield handle
        finally:
            self._idle.append(handle)

    def _new(self) -> pycurl.Curl:
        handle = pycurl.Curl()
        handle.setopt(pycurl.URL, self.url)
        handle.setopt(pycurl.POST, True)
        handle.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        handle.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        handle.setopt(pycurl.MAXFILESIZE, LONGEST)
        handle.setopt(pycurl.CAINFO, self.certificates)
        # Set, though it be to nothing: libcurl would look into the environment by rules of its own.
        handle.setopt(pycurl.PROXY, self.proxy)
        handle.setopt(pycurl.NOPROXY, "")
        handle.setopt(pycurl.PROXY_CAINFO, self.certificates)
        # Names are resolved without signals, which only a main thread could take.
        handle.setopt(pycurl.NOSIGNAL, True)
        return handle


def _lines(headers: Mapping[str, str]) -> list[bytes]:
    # libcurl sends what it is given: a line break would begin another header. Letters beyond ASCII
    # go as they were signed.
    return [f"{name}: {' '.join(value.split())}".encode() for name, value in headers.items()]


def _milliseconds(seconds: float) -> int:
    # 0 would stand for libcurl's own 5 minutes.
    return max(1, round(seconds * 1000))
