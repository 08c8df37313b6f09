"""The servers under measurement: gunicorn as it ships, with an environment that leads nowhere outside."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from bench import tokens
from demo.launcher.processes import ProcessGroup
from tests.processes import ROOT, free_port


@dataclass(frozen=True, slots=True)
class Prepared:
    """A database with companies in it, and who may ask for what."""

    cookies: dict[str, str]
    """Session cookies of people with 20 roles, and with all roles of 300 and of 3,000 accounts."""
    keys_path: str
    token: str
    more_page_queries: int
    more_key_queries: int


class Servers:
    """Starts servers; leaving the `with` block ends them all."""

    def __init__(self, home: Path, *, postgresql: str) -> None:
        self._home = home
        self._databases = {
            "postgresql": postgresql,
            "sqlite": f"sqlite:///{home}/bench.sqlite3",
        }
        self._processes = ProcessGroup(ROOT)
        self._stub = f"http://localhost:{free_port()}"
        self._issuer = tokens.Issuer(self._stub)
        self._key_set = home / "jwks.json"
        self._key_set.write_text(json.dumps(self._issuer.key_set()))

    def __enter__(self) -> Self:
        self._processes.__enter__()
        command = [sys.executable, "-m", "bench.aws", self._stub, str(self._key_set)]
        self._start("stub", command, self._environment(), f"{self._stub}/jwks")
        self.wait()
        return self

    def __exit__(self, *error: Any) -> None:
        self._processes.__exit__(*error)

    def prepare(self, database: str) -> Prepared:
        """Fill a database, and count the queries of a page and of a request of keys."""
        few, many = (self._issuer.token(groups) for groups in (tokens.FEW, tokens.MANY))
        said = subprocess.run(
            [sys.executable, "-m", "bench.prepare", few, many],
            cwd=ROOT,
            env=self._environment(database),
            stdout=subprocess.PIPE,
            check=True,
        )
        found = json.loads(said.stdout)
        arn = found.pop("role_arn")
        return Prepared(**found, keys_path=f"/api/credentials?role={quote(arn)}", token=few)

    def start(
        self,
        name: str,
        *options: str,
        application: str = "portal.wsgi",
        database: str = "postgresql",
        workers: int = 2,
        sts_milliseconds: int = 0,
    ) -> str:
        """Start gunicorn with the project's own configuration, changed by options; return its URL."""
        port = free_port()
        url = f"http://localhost:{port}"
        changes = {
            "BASE_URL": url,
            "WEB_CONCURRENCY": str(workers),
            "BIND": f"127.0.0.1:{port}",
            "AWS_ENDPOINT_URL_STS": f"{self._stub}/after/{sts_milliseconds}",
        }
        command = [sys.executable, "-m", "gunicorn", *options, application]
        self._start(name, command, self._environment(database) | changes, f"{url}/healthz")
        return url

    def wait(self) -> None:
        """Wait until all servers answer."""
        self._processes.wait_until_answering()

    def _start(self, name: str, command: list[str], environment: dict[str, str], url: str) -> None:
        log = self._home / f"{name}.log"
        self._processes.start(name, command=command, environment=environment, url=url, log=log)

    def _environment(self, database: str = "sqlite") -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self._home),
            "BENCH_HOME": str(self._home),
            "BENCH_KEYS": str(self._key_set),
            "DJANGO_SETTINGS_MODULE": "bench.settings",
            "SECRET_KEY": _SECRET_KEY,
            "BASE_URL": "http://localhost",
            "DATABASE_URL": self._databases[database],
            "OIDC_ISSUER": self._stub,
            "OIDC_RP_CLIENT_ID": "gatehouse",
            "OIDC_RP_CLIENT_SECRET": "nobody-asks",
            "ADMIN_VALUES": "portal-admins",
            "API_AUDIENCES": tokens.AUDIENCE,
            # Counted as always, and never reached.
            "API_RATE_LIMIT": "10000000/minute",
            "AWS_ENDPOINT_URL_STS": self._stub,
            "AWS_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "AKIABENCHBENCHBENCHX",
            "AWS_SECRET_ACCESS_KEY": "nobody-asks",
            "AWS_EC2_METADATA_DISABLED": "true",
        }


_SECRET_KEY = secrets.token_urlsafe(48)
