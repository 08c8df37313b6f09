"""How the portal tells the command line where people sign in: to everybody, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.portal.api.conftest import Program
from tests.portal.api.test_errors import pinned

PATH = "/api/v1/client"


@pytest.fixture
def set_up(settings: Any) -> Any:
    """A portal whose people sign in on the command line."""
    settings.OIDC_ISSUER = "https://id.northwind.example"
    settings.API_CLIENT_ID = "token-cli"
    settings.API_CLIENT_SCOPES = "openid  groups"
    return settings


def test_portal_without_a_client_says_what_is_to_be_set(program: Program) -> None:
    answer = program.get(PATH)

    pinned(answer, 404, "client.not_set_up")
    assert "API_CLIENT_ID" in answer.content.decode()


def test_whoever_asks_is_told_without_a_token_and_may_keep_it(
    program: Program, set_up: Any
) -> None:
    answer = program.get(PATH)

    assert answer.status_code == 200
    assert answer["Cache-Control"] == "public, max-age=300"
    assert json.loads(answer.content) == {
        "issuer": "https://id.northwind.example",
        "client_id": "token-cli",
        "scopes": ["openid", "groups"],
        "audience": None,
        "resource": None,
        "token": "access",
    }


def test_a_token_or_a_cookie_changes_nothing(program: Program, set_up: Any) -> None:
    plain = program.get(PATH)
    program.client.cookies["gatehouse"] = "x"

    assert program.get(PATH, "no token at all").content == plain.content


def test_what_the_provider_wants_besides_is_told(program: Program, set_up: Any) -> None:
    set_up.API_CLIENT_AUDIENCE = "https://aws.northwind.example/api"
    set_up.API_CLIENT_RESOURCE = "https://aws.northwind.example"
    set_up.API_CLIENT_TOKEN = "id"

    found = json.loads(program.get(PATH).content)

    assert found["audience"] == "https://aws.northwind.example/api"
    assert found["resource"] == "https://aws.northwind.example"
    assert found["token"] == "id"


def test_nothing_that_the_portal_keeps_for_itself_is_told(program: Program, set_up: Any) -> None:
    set_up.OIDC_RP_CLIENT_SECRET = "the portal's own secret"

    body = program.get(PATH).content.decode()

    assert "secret" not in body
    assert set_up.OIDC_RP_CLIENT_ID not in json.loads(body).values()


@pytest.mark.django_db
def test_it_needs_no_database(
    program: Program, set_up: Any, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        assert program.get(PATH).status_code == 200
