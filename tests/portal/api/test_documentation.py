"""The examples of docs/api.md, run by a shell against a portal under gunicorn with its shipped settings."""

from __future__ import annotations

import html
import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from joserfc.jwk import RSAKey

from demo.serving import bind
from portal.settings import BASE_DIR
from tests import real_parts
from tests.emulators import ConsoleEndpoint
from tests.issuer import AUDIENCE, Issuer
from tests.portal import running
from tests.portal.api.test_docs import OPERATIONS
from tests.publisher import Publisher

pytestmark = pytest.mark.wire

PAGE = (BASE_DIR / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
GROUPS = ["payments"]


@dataclass
class Shell:
    """A shell with curl and jq, in which the page's variables are set."""

    variables: dict[str, str]
    portal: running.Portal

    def run(self, example: str) -> str:
        """Return what an example prints; it must not fail."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", example],
            env={"PATH": os.environ["PATH"], **self.variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, (
            example,
            done.stdout,
            done.stderr,
            self.portal.read_log()[-2000:],
        )
        return done.stdout


@pytest.fixture(scope="module")
def shell(sts_endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """The portal with the demo's company, a provider that signs tokens, an emulated AWS."""
    for name in ("curl", "jq"):
        real_parts.tool_path(name)
    publisher = Publisher()
    with bind(publisher) as served, ConsoleEndpoint() as console:
        served.start()
        publisher.url = served.url
        issuer = Issuer(publisher, RSAKey.generate_key(2048, {"kid": "one"}))
        with running.portal(
            tmp_path_factory.mktemp("portal"),
            issuer=issuer.url,
            API_AUDIENCES=AUDIENCE,
            API_CLIENT_ID="token-cli",
            AWS_ENDPOINT_URL_STS=sts_endpoint,
            AWS_FEDERATION_ENDPOINT=console.url,
            AWS_HUB_PRINCIPAL_AWS="arn:aws:iam::111122223333:role/gatehouse-hub",
        ) as portal:
            variables = {
                "PORTAL": portal.url,
                "TOKEN": issuer.token("alice", groups=GROUPS),
                "ADMIN_TOKEN": issuer.token("carol"),
                "BOTH": issuer.token("alice", groups=[*GROUPS, "portal-admins"]),
            }
            yield Shell(variables, portal)


def test_examples_of_the_page_do_what_the_page_says(shell: Shell) -> None:
    answers = [shell.run(one) for one in EXAMPLES]
    exports, me, entitlements, keys, console, tagged, read_only, admin = answers

    assert dict(word.split("=", 1) for word in shlex.split(exports)[1:]).keys() == {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    }
    assert json.loads(me)["sub"] == "sub-alice"
    assert "payments-dev Developer: Payments builds its software" in entitlements
    assert re.fullmatch(r"ASIA[A-Z0-9]{16}\n", keys)
    assert urlsplit(console).query.startswith("Action=login")
    assert '"ticket": "PAY-7"' in shell.portal.rows("accounts_auditevent")
    assert tagged.strip().isdecimal()
    assert read_only == "true\n"
    first, *rest = admin.splitlines()
    assert first == "payments-prod"
    assert rest[-1].endswith(
        "alice@northwind.example (person) arn:aws:iam::210987654321:role/gatehouse/Developer"
    )


def test_commands_of_the_portals_own_page_work_as_they_stand(shell: Shell) -> None:
    page = requests.get(f"{shell.portal.url}/api/docs", timeout=20).text
    commands = re.findall(r"<pre[^>]*>(curl .*?)</pre>", page, re.DOTALL)

    assert len(commands) == len(OPERATIONS) + 1
    for command in commands:
        if command.endswith("/uses"):
            # Asks CloudTrail, which is not set up here: tests/portal/api/test_audit_traces.py does.
            continue
        typed = html.unescape(command).replace("curl", "TOKEN=$BOTH; curl --silent --fail", 1)
        answer = json.loads(shell.run(typed))
        assert "error" not in answer, command
        if command.endswith("/revocations"):
            shell.variables["REVOCATION_ID"] = answer["id"]
        if command.endswith("/plans"):
            shell.variables["PLAN_ID"] = answer["id"]


def test_nothing_of_a_token_or_a_key_is_logged(shell: Shell, tmp_path: Path) -> None:
    exports = shell.run(EXAMPLES[0])

    log = shell.portal.read_log()
    rows = shell.portal.rows("accounts_auditevent")
    for secret in (
        *shell.variables["TOKEN"].split("."),
        *(word.split("=", 1)[1] for word in shlex.split(exports)[2:]),
    ):
        assert secret not in log
        assert secret not in rows
