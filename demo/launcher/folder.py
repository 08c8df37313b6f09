"""The folder of the demo's data, and the command and environment of each of its processes."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from urllib.parse import quote

from demo.identity.users import API, COMMAND_LINE
from demo.launcher.network import DEFAULTS, Ports

CHECKOUT = Path(__file__).resolve().parent.parent.parent
COMPANY = CHECKOUT / "demo" / "northwind.toml"
PEOPLE = CHECKOUT / "demo" / "people.toml"

# Whom the roles of Northwind's accounts trust: the portal itself, and what people sign in to AWS with.
HUB = "arn:aws:iam::456789012345:user/gatehouse-hub"
SWITCHER = "arn:aws:iam::100000000001:role/NorthwindPeople"

# The variables the processes inherit. None of AWS: the demo must never reach real accounts.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "LOG_LEVEL", "WEB_CONCURRENCY")


class AlreadyRunning(Exception):
    """Another demo uses this folder."""


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """The folder with database, secrets, logs, and the ports of the running demo."""

    path: Path

    @property
    def database(self) -> Path:
        return self.path / "gatehouse.sqlite3"

    @property
    def identity_key(self) -> Path:
        return self.path / "identity-key.pem"

    @property
    def applied(self) -> Path:
        """The file with the digest of the company's file that was last applied."""
        return self.path / "applied"

    @property
    def aws_config(self) -> Path:
        """The configuration of the AWS CLI for this demo."""
        return self.path / "aws-config"

    @property
    def hub_credentials(self) -> Path:
        """The portal's own keys at the embedded AWS, as the AWS CLI keeps them; each start makes new ones."""
        return self.path / "hub-credentials"

    def log(self, name: str) -> Path:
        """Return the log of a process; each start begins a new one."""
        return self.path / f"{name}.log"

    def secret(self, name: str) -> Path:
        """Return the file of a secret, created at first use; only its owner can read it."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.path / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(48))
        return path

    def portal_environment(self, ports: Ports) -> dict[str, str]:
        """Return the environment of the portal: the variables that operators set."""
        return {
            "SECRET_KEY_FILE": str(self.secret("secret-key")),
            "BASE_URL": ports.portal_url,
            "DATABASE_URL": f"sqlite:///{quote(str(self.database))}",
            "OIDC_ISSUER": ports.identity_url,
            "OIDC_RP_CLIENT_ID": "gatehouse",
            "OIDC_RP_CLIENT_SECRET_FILE": str(self.secret("client-secret")),
            "API_AUDIENCES": API,
            "API_CLIENT_ID": COMMAND_LINE,
            "ADMIN_CLAIM": "groups",
            "ADMIN_VALUES": "portal-admins",
            "SUPPORT_CONTACT": "platform@northwind.example",
            "REFUSALS_SAY_WHAT_IS_NEEDED": "True",
            "BIND": f"127.0.0.1:{ports.portal}",
            "AWS_REGION": "eu-west-1",
            "TRUST_ISSUER": ports.issuer_url,
            "AWS_HUB_PRINCIPAL_AWS": HUB,
            "SWITCH_ROLE_PRINCIPALS": SWITCHER,
            "AWS_ENDPOINT_URL_STS": ports.cloud_url,
            "AWS_ENDPOINT_URL_IAM": ports.cloud_url,
            "AWS_ENDPOINT_URL_CLOUDTRAIL": ports.cloud_url,
            "AWS_FEDERATION_ENDPOINT": ports.cloud_url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": str(self.hub_credentials),
        }

    def processes(self, ports: Ports) -> dict[str, tuple[list[str], dict[str, str], str]]:
        """Return for each process its command, its environment and the URL it answers at when it is ready, if any."""
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        inherited |= {"PYTHONUNBUFFERED": "1"}
        portal = inherited | {"WEB_CONCURRENCY": "2"} | self.portal_environment(ports)
        secret = self.secret("client-secret").read_text()
        identity = [
            *(sys.executable, "-m", "demo.identity", "--port", str(ports.identity)),
            *("--portal", ports.portal_url, "--people", str(PEOPLE)),
            *("--key", str(self.identity_key)),
        ]
        cloud = [
            *(sys.executable, "-m", "demo.cloud", "--port", str(ports.cloud)),
            *("--plain-issuer", ports.identity_url, "--publish", ports.portal_url),
            *("--publish-port", str(ports.issuer), "--certificate", str(self.path)),
            *("--signed-in-with", SWITCHER),
        ]
        return {
            "identity": (
                identity,
                inherited | {"OIDC_RP_CLIENT_ID": "gatehouse", "OIDC_RP_CLIENT_SECRET": secret},
                f"{ports.identity_url}/.well-known/openid-configuration",
            ),
            "cloud": (
                cloud,
                inherited,
                f"{ports.cloud_url}/",
            ),
            "portal": (
                [sys.executable, "-m", "gunicorn", "portal.wsgi"],
                portal,
                f"{ports.portal_url}/healthz",
            ),
            "worker": ([sys.executable, "manage.py", "work"], portal, ""),
        }

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the folder for one demo; the operating system releases the lock when the process ends.

        Raises:
            AlreadyRunning: another demo holds the lock.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.path / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning from None
            yield

    @contextmanager
    def announced(self, ports: Ports) -> Iterator[None]:
        """Write the ports of this demo to a file while the block runs, for `running_ports`."""
        path = self.path / "running.json"
        path.write_text(json.dumps({"pid": os.getpid(), **asdict(ports)}))
        try:
            yield
        finally:
            path.unlink(missing_ok=True)

    def remember(self, ports: Ports) -> None:
        """Write the ports of this start to a file, for `last_ports`."""
        (self.path / "ports.json").write_text(json.dumps(asdict(ports)))

    def last_ports(self) -> Ports | None:
        """Return the ports of the last start, None if there was none."""
        return _read_ports(self.path / "ports.json")

    def running_ports(self) -> Ports | None:
        """Return the ports of the running demo, None if none runs."""
        try:
            with self.locked():
                return None
        except AlreadyRunning:
            pass
        return _read_ports(self.path / "running.json")


def _read_ports(path: Path) -> Ports | None:
    try:
        ports = json.loads(path.read_text())
        # Demos of earlier versions had no issuer.
        known = {"issuer": DEFAULTS.issuer, **ports}
        return Ports(**{one.name: int(known[one.name]) for one in fields(Ports)})
    except (OSError, ValueError, LookupError, TypeError):
        return None


FOLDER = DemoFolder(Path(os.environ.get("DEMO_DATA") or CHECKOUT / ".demo"))
