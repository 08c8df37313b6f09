"""A provider with groups in ID tokens only: the command sends those to the API (API_CLIENT_TOKEN)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from demo.identity import IdentityProvider
from tests.client.machine import Machine
from tests.portal import running

pytestmark = pytest.mark.wire


@pytest.fixture
def portal(
    identity: IdentityProvider, cloud_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[running.Portal]:
    """A portal that takes only ID tokens."""
    with running.portal(
        tmp_path_factory.mktemp("portal"),
        issuer=identity.issuer,
        API_AUDIENCES="gatehouse-cli",
        API_TOKEN_TYPES="ID",
        API_CLIENT_ID="gatehouse-cli",
        API_CLIENT_TOKEN="id",
        AWS_ENDPOINT_URL_STS=cloud_url,
        AWS_FEDERATION_ENDPOINT=cloud_url,
    ) as found:
        yield found


def test_roles_are_listed_and_keys_got_with_an_id_token(signed_in: Machine) -> None:
    listed = signed_in.run("list")
    done = signed_in.run("credentials", "payments-dev", "Developer")

    assert listed.returncode == done.returncode == 0, listed.stderr + done.stderr
    assert "payments-dev" in listed.stdout
    assert json.loads(done.stdout)["AccessKeyId"].startswith("ASIA")
