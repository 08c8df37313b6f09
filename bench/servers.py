"""The servers under measurement: gunicorn as it ships, with an environment that leads nowhere outside."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from demo.launcher.network import choose
from demo.launcher.processes import Family

ROOT = Path(__file__).resolve().parent.parent


def environment(home: Path, *, port: int, **changes: str) -> dict[str, str]:
    """Return what a portal of the bench is configured with."""
    return {
        "BENCH_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "BASE_URL": f"http://localhost:{port}",
        "DATABASE_URL": f"sqlite:///{home}/bench.sqlite3",
        "OIDC_ISSUER": "http://localhost:9",
        "OIDC_RP_CLIENT_ID": "gatehouse",
        "OIDC_RP_CLIENT_SECRET": "nobody-asks",
        "ADMIN_VALUES": "portal-admins",
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "AKIABENCHBENCHBENCHX",
        "AWS_SECRET_ACCESS_KEY": "nobody-asks",
        "AWS_EC2_METADATA_DISABLED": "true",
        **changes,
    }


def free_port() -> int:
    """Return a port nobody listens on."""
    return choose(0).portal


def start(
    family: Family,
    name: str,
    *options: str,
    home: Path,
    port: int,
    environment: Mapping[str, str],
    application: str = "portal.wsgi",
) -> str:
    """Start gunicorn with the project's own configuration, changed by options; return its address."""
    url = f"http://localhost:{port}"
    family.start(
        name,
        command=[sys.executable, "-m", "gunicorn", *options, application],
        environment={**environment, "BIND": f"127.0.0.1:{port}"},
        url=f"{url}/healthz",
        log=home / f"{name}.log",
    )
    return url
