"""The ports of the demo: the usual ones, or free ones if those are taken."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import asdict, dataclass
from typing import Any

import requests


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports on 127.0.0.1."""

    portal: int
    identity: int
    cloud: int
    issuer: int

    @property
    def portal_url(self) -> str:
        return f"http://localhost:{self.portal}"

    @property
    def identity_url(self) -> str:
        """The URL of the identity provider, which is also its issuer."""
        return f"http://localhost:{self.identity}"

    @property
    def cloud_url(self) -> str:
        return f"http://localhost:{self.cloud}"

    @property
    def issuer_url(self) -> str:
        """Where AWS reads the portal's signing keys: over TLS, which it insists on."""
        return f"https://localhost:{self.issuer}"


_LAST_PORT = 65535
DEFAULTS = Ports(portal=8000, identity=8001, cloud=8002, issuer=8003)


class PortTaken(Exception):
    """The chosen port is not free, or not a port number."""


def wanted_ports(portal: int | None, last: Ports | None = None) -> dict[str, int]:
    """Return which ports to try first: those of the last start, or the usual ones; 0 is any.

    A provider on another port is another issuer, and its people would be new ones: hence those of the last start.
    """
    wanted = asdict(last or DEFAULTS)
    if portal == 0 and last is None:
        return dict.fromkeys(wanted, 0)
    return wanted | ({"portal": portal} if portal else {})


def choose_ports(portal: int | None, last: Ports | None = None) -> Ports:
    """Return free ports: those of the last start, or the usual ones, where free, else others.

    `portal` is the portal's port; with 0 all are any free ports.

    Raises:
        PortTaken: the chosen port is not free, or not a port number.
    """
    if portal is not None and not 0 <= portal <= _LAST_PORT:
        raise PortTaken(f"{portal} is not a port. Choose 1 to {_LAST_PORT}, or 0 for any.")
    if portal and not is_free(portal):
        raise PortTaken(f"Port {portal} is taken. Choose another with --port, or 0 for any.")
    with contextlib.ExitStack() as bound:
        ports: dict[str, Any] = {}
        for name, port in wanted_ports(portal, last).items():
            # 8000, 8010, 8020, ...: numbers that one recognizes at the next start.
            near = range(port, min(port + 200, _LAST_PORT), 10) if port else ()
            usable = (one for one in near if one not in ports.values() and is_free(one))
            ports[name] = next(usable, 0) or bound.enter_context(_bound_port()).getsockname()[1]
    return Ports(**ports)


def _bound_port() -> socket.socket:
    """Bind a free port; while it is bound, no other call finds the same."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    return bound


def is_free(port: int) -> bool:
    """Whether nothing listens on this port of localhost, which may be ::1 for a browser."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with contextlib.suppress(OSError), socket.socket(family) as connection:
            connection.settimeout(1)
            if connection.connect_ex((host, port)) == 0:
                return False
    with socket.socket() as server:
        # As servers do, so that a port counts as free right after its server has ended.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def responds(url: str) -> bool:
    """Whether a server answers 200 at a URL, without any proxy."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.get(url, timeout=2, allow_redirects=False).status_code == 200
        except requests.RequestException:
            return False
