"""A real nginx with the shipped deploy/nginx/gatehouse.conf, in front of a portal of a test."""

from __future__ import annotations

import getpass
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

from demo import certificates
from tests import processes, real_parts

SHIPPED = processes.ROOT / "deploy/nginx/gatehouse.conf"


@dataclass(frozen=True, slots=True)
class Front:
    """A running nginx: where it answers, whom to trust, and what it logs."""

    port: int
    certificate: Path
    logs: Path

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def logged(self) -> str:
        """Return all that nginx has logged so far."""
        return "".join(file.read_text() for file in self.logs.glob("*.log"))

    def browser(self) -> requests.Session:
        """Return a browser that trusts nginx's certificate."""
        session = requests.Session()
        session.trust_env, session.verify = False, str(self.certificate)
        return session


@contextmanager
def running(folder: Path, *, port: int, upstream: int, **changed: str) -> Iterator[Front]:
    """Run nginx on `port` until the block ends; `changed` replaces values, such as send_timeout="1s"."""
    certificate, key = certificates.make(folder)
    site = _replaced(
        {
            "127.0.0.1:8000": f"127.0.0.1:{upstream}",
            "listen 80;": f"listen 127.0.0.1:{processes.free_port()};",
            "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
            "aws.example.com": "localhost",
            "/etc/ssl/certs/gatehouse.pem": str(certificate),
            "/etc/ssl/private/gatehouse.key": str(key),
            "/var/log/nginx/": f"{folder}/",
        },
        changed,
    )
    (folder / "site.conf").write_text(site)
    temporary = "\n".join(
        f"    {name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off;\nuser {getpass.getuser()};\npid {folder}/pid;\nerror_log {folder}/error.log crit;\n"
        f"events {{ worker_connections 1024; }}\n"
        f"http {{\n{temporary}\n    include {folder}/site.conf;\n}}\n"
    )
    command: list[str | Path] = [
        real_parts.nginx_path(),
        "-c",
        folder / "nginx.conf",
        "-e",
        folder / "error.log",
    ]
    with (folder / "stderr").open("wb") as stderr:
        process = subprocess.Popen(command, stderr=stderr)
    front = Front(port, certificate, folder)
    try:
        _wait(process, front)
        yield front
    finally:
        process.terminate()
        process.wait(timeout=20)


def _replaced(values: Mapping[str, str], changed: Mapping[str, str]) -> str:
    site = SHIPPED.read_text()
    for before, after in values.items():
        assert before in site, before
        site = site.replace(before, after)
    for name, value in changed.items():
        site, count = re.subn(rf"\b{name} [^;]+;", f"{name} {value};", site)
        assert count, name
    return site


def _wait(process: subprocess.Popen[bytes], front: Front) -> None:
    deadline = time.monotonic() + 20
    with front.browser() as browser:
        while True:
            assert process.poll() is None, (front.logs / "stderr").read_text()
            assert time.monotonic() < deadline, front.logged()
            with suppress(requests.ConnectionError):
                browser.get(f"{front.url}/healthz", timeout=5)
                return
            time.sleep(0.05)
