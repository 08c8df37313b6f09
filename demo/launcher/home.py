"""Where the demo keeps its data, and the environment it gives to its processes."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

from demo.identity.users import API, COMMAND_LINE
from demo.launcher.network import Ports

CHECKOUT = Path(__file__).resolve().parent.parent.parent
COMPANY = CHECKOUT / "demo" / "northwind.toml"
PEOPLE = CHECKOUT / "demo" / "people.toml"

# What the demo's processes inherit. Above all nothing of AWS: the demo must not meet real accounts.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "LOG_LEVEL", "WEB_CONCURRENCY")


class AlreadyRunning(Exception):
    """A demo has these data in use."""


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of the demo's data: database, secrets, logs, and where it runs now."""

    folder: Path

    @property
    def database(self) -> Path:
        """The portal's database."""
        return self.folder / "gatehouse.sqlite3"

    @property
    def identity_key(self) -> Path:
        """The signing key of the identity provider."""
        return self.folder / "identity-key.pem"

    @property
    def applied(self) -> Path:
        """The digest of the company's file as it was last applied."""
        return self.folder / "applied"

    @property
    def aws_config(self) -> Path:
        """A configuration of the AWS CLI for this demo."""
        return self.folder / "aws-config"

    def log(self, name: str) -> Path:
        """The log of one of the processes, since it was last started."""
        return self.folder / f"{name}.log"

    def secret(self, name: str) -> Path:
        """Return a file with a secret that only its owner can read, made at first use."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(48))
        return path

    def portal_environment(self, ports: Ports) -> dict[str, str]:
        """Return the variables that configure the portal: what any operator would set."""
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
            "BIND": f"127.0.0.1:{ports.portal}",
            "AWS_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "AKIADEMODEMODEMODEMO",
            "AWS_SECRET_ACCESS_KEY": "nothing-checks-this-in-the-embedded-aws",
            "AWS_ENDPOINT_URL_STS": ports.cloud_url,
            "AWS_FEDERATION_ENDPOINT": ports.cloud_url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def processes(self, ports: Ports) -> dict[str, tuple[list[str], dict[str, str], str]]:
        """Return the three processes by name: command, environment, and the address that tells they are up."""
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        inherited |= {"PYTHONUNBUFFERED": "1"}
        portal = inherited | {"WEB_CONCURRENCY": "2"} | self.portal_environment(ports)
        secret = self.secret("client-secret").read_text()
        identity = [
            *(sys.executable, "-m", "demo.identity", "--port", str(ports.identity)),
            *("--portal", ports.portal_url, "--people", str(PEOPLE)),
            *("--key", str(self.identity_key)),
        ]
        return {
            "identity": (
                identity,
                inherited | {"OIDC_RP_CLIENT_ID": "gatehouse", "OIDC_RP_CLIENT_SECRET": secret},
                f"{ports.identity_url}/.well-known/openid-configuration",
            ),
            "cloud": (
                [sys.executable, "-m", "demo.cloud", "--port", str(ports.cloud)],
                inherited,
                f"{ports.cloud_url}/",
            ),
            "portal": (
                [sys.executable, "-m", "gunicorn", "portal.wsgi"],
                portal,
                f"{ports.portal_url}/healthz",
            ),
        }

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep these data for one demo; the system lets go of them however that ends.

        Raises:
            AlreadyRunning: another demo has them.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning from None
            yield

    @contextmanager
    def running(self, ports: Ports) -> Iterator[None]:
        """Say where the demo answers, for as long as it does."""
        path = self.folder / "running.json"
        path.write_text(json.dumps({"pid": os.getpid(), **asdict(ports)}))
        try:
            yield
        finally:
            path.unlink(missing_ok=True)

    def where(self) -> Ports | None:
        """Return where the demo answers now; None if it does not run."""
        try:
            with self.in_use():
                return None
        except AlreadyRunning:
            pass
        try:
            found = json.loads((self.folder / "running.json").read_text())
        except (OSError, ValueError):
            return None
        return Ports(found["portal"], found["identity"], found["cloud"])


HOME = Home(Path(os.environ.get("DEMO_DATA") or CHECKOUT / ".demo"))
