"""The API with tokens of a real Keycloak, got and used as command lines do it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable

import pytest
import requests

from tests import real_parts
from tests.browsers import PageFactory
from tests.emulators import whose_keys
from tests.keycloak.server import Keycloak
from tests.keycloak.test_realm import tokens

pytestmark = [pytest.mark.keycloak, pytest.mark.browser]

DEVELOPER = "arn:aws:iam::210987654321:role/gatehouse/Developer"
TokenOf = Callable[[str], str]


@pytest.fixture
def token_of(keycloak: Keycloak, page_factory: PageFactory) -> TokenOf:
    """Get somebody's access token by the authorization code flow with PKCE, with the public client."""

    def get(who: str) -> str:
        answer = tokens(
            keycloak,
            page_factory,
            client={"client_id": "token-cli"},
            redirect="http://127.0.0.1:51234/callback",
            who=who,
        )
        return str(answer["access_token"])

    return get


def curl(portal: str, token: str, pipe: str) -> str:
    """Ask in the original's way of use."""
    for name in ("curl", "jq"):
        real_parts.tool_path(name)
    done = subprocess.run(
        [
            "bash",
            "-euo",
            "pipefail",
            "-c",
            f'curl --silent --fail "$PORTAL/api/credentials?role={DEVELOPER}" -H "Authorization: bearer $TOKEN" | {pipe}',
        ],
        env={"PATH": os.environ["PATH"], "PORTAL": portal, "TOKEN": token},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def test_token_of_somebody_without_the_role_gives_nothing(portal: str, token_of: TokenOf) -> None:
    answer = requests.get(
        f"{portal}/api/credentials",
        {"role": DEVELOPER},
        headers={"Authorization": f"bearer {token_of('mallory')}"},
        timeout=30,
    )

    assert (answer.status_code, answer.json()["error_message"]) == (403, "role not allowed")


def test_id_token_of_the_portals_own_client_opens_nothing(
    portal: str, keycloak: Keycloak, page_factory: PageFactory
) -> None:
    answer = tokens(
        keycloak,
        page_factory,
        client={"client_id": "gatehouse", "client_secret": "demo-only-client-secret"},
        redirect=f"{portal}/oidc/callback/",
        who="demo",
    )

    for name in ("id_token", "access_token", "refresh_token"):
        refused = requests.get(
            f"{portal}/api/v1/me", headers={"Authorization": f"Bearer {answer[name]}"}, timeout=30
        )
        assert refused.status_code == 401, name


def test_original_way_of_use_ends_in_keys_that_aws_knows(
    portal: str, cloud_url: str, token_of: TokenOf
) -> None:
    found = json.loads(curl(portal, token_of("demo"), "jq ."))

    assert list(found) == ["AccessKeyId", "Expiration", "SecretAccessKey", "SessionToken"]
    arn = whose_keys(
        cloud_url,
        access_key_id=found["AccessKeyId"],
        secret_access_key=found["SecretAccessKey"],
        session_token=found["SessionToken"],
    )
    assert arn.startswith(
        "arn:aws:sts::210987654321:assumed-role/Developer/demo@northwind.example-"
    )


def test_keys_changed_at_keycloak_fail_no_request(
    portal: str, keycloak: Keycloak, token_of: TokenOf
) -> None:
    before = token_of("demo")
    assert curl(portal, before, "jq -r .AccessKeyId").startswith("ASIA")

    keycloak.rotate_keys()

    assert curl(portal, token_of("demo"), "jq -r .AccessKeyId").startswith("ASIA")
    assert curl(portal, before, "jq -r .AccessKeyId").startswith("ASIA")


def test_what_one_may_do_is_told_with_its_reasons(portal: str, token_of: TokenOf) -> None:
    answer = requests.get(
        f"{portal}/api/v1/me/entitlements",
        headers={"Authorization": f"Bearer {token_of('demo')}"},
        timeout=30,
    )

    found = {(one["account_name"], one["role_name"]) for one in answer.json()["items"]}
    assert ("payments-dev", "Developer") in found
    assert all(one["reasons"] for one in answer.json()["items"])
