"""The checks of the API's settings."""

from __future__ import annotations

from typing import Any

import pytest

from portal.api.checks import api


@pytest.mark.parametrize(
    ("name", "value", "id_", "words"),
    [
        ("API_TOKEN_TYPES", ["Bearer", "jwt"], "portal.E040", "jwt"),
        ("API_AUDIENCES", ["gatehouse"], "portal.W040", "OIDC_RP_CLIENT_ID"),
        ("API_RATE_LIMIT", "many", "portal.E041", "API_RATE_LIMIT"),
        ("API_RATE_LIMIT", "", "portal.E041", "API_RATE_LIMIT"),
        ("API_BAD_TOKEN_LIMIT", "5/fortnight", "portal.E041", "API_BAD_TOKEN_LIMIT"),
        ("API_LIMITS_STORAGE", "nonsense", "portal.E042", "API_LIMITS_STORAGE"),
        ("API_LIMITS_STORAGE", "", "portal.E042", "API_LIMITS_STORAGE"),
        ("API_LIMITS_STORAGE", "async+redis://localhost", "portal.E042", "API_LIMITS_STORAGE"),
        ("API_LIMITS_STORAGE", "redis://:hunter/2@localhost", "portal.E042", "is no address"),
    ],
)
def test_setting_that_cannot_be_is_refused(
    settings: Any, name: str, value: Any, id_: str, words: str
) -> None:
    setattr(settings, name, value)

    [message] = api()

    assert message.id == id_
    assert words in message.msg


@pytest.mark.parametrize(
    "url", ["hunter2://:hunter2@localhost", "redis://:hunter2/@localhost", "redis://:x@[hunter2"]
)
def test_address_that_is_refused_is_not_repeated(settings: Any, url: str) -> None:
    settings.API_LIMITS_STORAGE = url

    [message] = api()

    assert message.id == "portal.E042"
    assert "hunter2@" not in str(message)
    assert ":hunter2" not in str(message)


def test_redis_is_not_asked_at_start(settings: Any) -> None:
    settings.API_LIMITS_STORAGE = "redis://localhost:1/0"

    assert api() == []


def test_settings_as_they_are_shipped_are_fine() -> None:
    assert api() == []


def test_audience_of_its_own_is_fine(settings: Any) -> None:
    settings.API_AUDIENCES = ["gatehouse-api"]
    settings.API_TOKEN_TYPES = ["Bearer", "JWT", "ID"]

    assert api() == []


def test_audience_that_keycloak_adds_by_itself_is_to_be_narrowed(settings: Any) -> None:
    settings.OIDC_ISSUER = "https://id.northwind.example/realms/corp"
    settings.API_AUDIENCES = ["gatehouse-api"]
    assert [message.id for message in api()] == ["portal.W041"]

    settings.API_AUTHORIZED_PARTIES = ["token-cli"]

    assert api() == []


@pytest.fixture
def client(settings: Any) -> Any:
    """Settings with which people sign in on the command line."""
    settings.API_AUDIENCES = ["gatehouse-api"]
    settings.API_CLIENT_ID = "token-cli"
    return settings


@pytest.mark.parametrize(
    ("changes", "id_"),
    [
        ({"API_CLIENT_ID": "gatehouse"}, "portal.E043"),
        ({"API_AUDIENCES": []}, "portal.E044"),
        ({"API_CLIENT_TOKEN": "refresh"}, "portal.E045"),
        ({"API_CLIENT_TOKEN": "id"}, "portal.E046"),
        ({"API_CLIENT_RESOURCE": "aws.example.com"}, "portal.E047"),
        ({"API_CLIENT_RESOURCE": "https://aws.example.com#api"}, "portal.E047"),
    ],
)
def test_client_of_the_command_line_that_cannot_work_is_refused(
    client: Any, changes: dict[str, Any], id_: str
) -> None:
    for name, value in changes.items():
        setattr(client, name, value)

    [message] = api()

    assert message.id == id_


@pytest.mark.parametrize("lacking", ["API_TOKEN_TYPES", "API_AUDIENCES", "API_CLIENT_SCOPES"])
def test_client_that_brings_id_tokens_needs_an_api_that_takes_them(
    client: Any, lacking: str
) -> None:
    client.API_CLIENT_TOKEN = "id"
    client.API_TOKEN_TYPES, client.API_AUDIENCES = ["ID"], ["token-cli"]
    client.API_CLIENT_SCOPES = "openid groups"
    assert api() == []

    setattr(client, lacking, {"API_CLIENT_SCOPES": "groups"}.get(lacking, ["Bearer"]))

    assert [message.id for message in api()] == ["portal.E046"]


def test_client_of_the_command_line_is_fine(client: Any) -> None:
    client.API_CLIENT_RESOURCE = "https://aws.northwind.example"

    assert api() == []
