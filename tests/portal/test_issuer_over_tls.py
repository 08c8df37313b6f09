"""A running portal as an issuer, as AWS meets it: another library finds its keys over HTTPS and verifies its token."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jwt
import pytest

from tests import processes
from tests.portal import running

pytestmark = pytest.mark.wire

MINT = """
import django
django.setup()
from django.utils import timezone
from accounts.signing import mint
from tests.accounts.signing.test_web_identity import REQUEST
print(mint(request=REQUEST, now=timezone.now()), end="")
"""


@dataclass
class Issuer:
    """A portal behind TLS, its variables, and a client that trusts its certificate."""

    url: str
    variables: dict[str, str]
    trust: ssl.SSLContext

    def mint(self) -> str:
        """Sign a token in another process than the one that serves the keys."""
        return subprocess.run(
            [sys.executable, "-c", MINT],
            cwd=processes.ROOT,
            env={**self.variables, "DJANGO_SETTINGS_MODULE": "portal.settings"},
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def read(self, url: str) -> dict[str, object]:
        with urllib.request.urlopen(url, context=self.trust, timeout=5) as answer:
            document: dict[str, object] = json.load(answer)
        return document


@pytest.fixture(scope="module")
def issuer(
    tmp_path_factory: pytest.TempPathFactory, certificate: tuple[Path, Path]
) -> Iterator[Issuer]:
    folder = tmp_path_factory.mktemp("issuer")
    trusted, key = certificate
    port = processes.free_port()
    url = f"https://localhost:{port}"
    database = folder / "portal.sqlite3"
    running.copy(running.northwind_database(), database)
    variables = {
        **running.environment(database, issuer="http://localhost:9", port=port),
        "BASE_URL": url,
        "GUNICORN_CMD_ARGS": f"--certfile {trusted} --keyfile {key}",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(trusted))
        with processes.running(
            [sys.executable, "-m", "gunicorn", "portal.wsgi"],
            log=folder / "log",
            environment=variables,
            answers=f"{url}/.well-known/jwks.json",
        ):
            yield Issuer(url, variables, ssl.create_default_context(cafile=str(trusted)))


def test_another_library_verifies_a_token_by_what_it_finds_over_https(issuer: Issuer) -> None:
    discovery = issuer.read(f"{issuer.url}/.well-known/openid-configuration")
    assert discovery["issuer"] == issuer.url
    token = issuer.mint()

    keys = jwt.PyJWKClient(str(discovery["jwks_uri"]), ssl_context=issuer.trust)
    key = keys.get_signing_key_from_jwt(token)
    said = jwt.decode(
        token,
        key,
        algorithms=["RS256"],
        audience="sts.amazonaws.com",
        issuer=issuer.url,
        options={"require": ["iss", "aud", "sub", "iat", "exp", "jti"]},
    )

    assert said["sub"] == "account:210987654321:role:PaymentsDeveloper"
    assert said["exp"] - said["iat"] == 120
    with pytest.raises(jwt.InvalidAudienceError):
        jwt.decode(token, key, algorithms=["RS256"], audience="another", issuer=issuer.url)


def test_check_reads_the_documents_as_aws_does(issuer: Issuer) -> None:
    """By the portal's own client, which trusts the test's authority."""
    variables = {**issuer.variables, "REQUESTS_CA_BUNDLE": os.environ["SSL_CERT_FILE"]}
    done = subprocess.run(
        [sys.executable, "manage.py", "signing_keys", "check"],
        cwd=processes.ROOT,
        env=variables,
        check=False,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, issuer.url in done.stdout) == (0, True), done.stderr
