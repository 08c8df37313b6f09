"""Anybody may register a client, and what is registered is signed: nothing is stored, nothing can be forged."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from accounts.models import Approval, AuditEvent, RegistrationKey
from accounts.sso import registrations
from accounts.sso.errors import ClientRefused
from portal.signin.views import safe_next
from tests import cast
from tests.cast import NOON
from tests.sso.conftest import (
    DEVICE_REGISTRATION,
    INVALID_CLIENT,
    INVALID_REQUEST,
    REGISTERED,
    REGISTRATION,
    Program,
    refusal,
)

pytestmark = pytest.mark.django_db

REDIRECT_REFUSED = (400, "InvalidRedirectUriException")
METADATA_REFUSED = (400, "InvalidClientMetadataException")


def registered(program: Program, body: Any) -> tuple[int, str]:
    answer = program.post("/client/register", body)
    assert "clientSecret" not in answer.content.decode()
    return refusal(answer)


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/oauth/callback",
        "http://evil.example/oauth/callback",
        "http://localhost/oauth/callback",
        "http://127.0.0.1.evil.example/oauth/callback",
        "http://127.0.0.1@evil.example/oauth/callback",
        "http://user@127.0.0.1/oauth/callback",
        "http://127.0.0.1/oauth/callback?next=x",
        "http://127.0.0.1/oauth/callback#x",
        "http://127.0.0.1/oauth/../callback;x",
        "http://127.0.0.1/oauth\\callback",
        "http://127.0.0.1:0/oauth/callback",
        "http://127.0.0.1:65536/oauth/callback",
        "http://127.0.0.1:port/oauth/callback",
        "http://127.0.0.2/oauth/callback",
        "http://[::1]/oauth/callback",
        "https://127.0.0.1/oauth/callback",
        "HTTP://127.0.0.1/oauth/callback",
        "http://127.0.0.1/oauth/callback\n",
        " http://127.0.0.1/oauth/callback",
        "javascript:alert(1)//127.0.0.1",
        "",
        "http://127.0.0.1/" + "a" * 128,
    ],
)
def test_an_address_that_is_not_this_machine_is_refused(program: Program, uri: str) -> None:
    assert registered(program, REGISTRATION | {"redirectUris": [uri]}) == REDIRECT_REFUSED


def test_one_bad_address_among_good_ones_is_refused(program: Program) -> None:
    uris = [REGISTERED, "http://evil.example/"]

    assert registered(program, REGISTRATION | {"redirectUris": uris}) == REDIRECT_REFUSED


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"redirectUris": [REGISTERED] * 4}, REDIRECT_REFUSED),
        ({"scopes": ["sso:account:access", "admin"]}, (400, "InvalidScopeException")),
        ({"scopes": ["codewhisperer:completions"]}, (400, "InvalidScopeException")),
        ({"scopes": ["sso-portal:* admin"]}, (400, "InvalidScopeException")),
        ({"scopes": ["sso:account:access"] * 11}, (400, "InvalidScopeException")),
        ({"grantTypes": ["client_credentials"]}, (400, "UnsupportedGrantTypeException")),
        ({"clientType": "confidential"}, METADATA_REFUSED),
        ({"clientName": ""}, METADATA_REFUSED),
        ({"clientName": "\u202e\u200b \x07"}, METADATA_REFUSED),
        ({"clientName": None}, INVALID_REQUEST),
        ({"clientName": 7}, INVALID_REQUEST),
        ({"clientName": "x" * 2049}, INVALID_REQUEST),
        ({"clientName": "x\x00"}, INVALID_REQUEST),
        ({"clientName": "x\ud800"}, INVALID_REQUEST),
        ({"issuerUrl": ["https://x"]}, INVALID_REQUEST),
        ({"redirectUris": REGISTERED}, INVALID_REQUEST),
        ({"redirectUris": [7]}, INVALID_REQUEST),
        ({"scopes": {"sso:account:access": True}}, INVALID_REQUEST),
        ({"scopes": ["sso:account:access"] * 21}, INVALID_REQUEST),
    ],
)
def test_what_cannot_be_registered_is_refused(
    program: Program, change: dict[str, Any], answer: tuple[int, str]
) -> None:
    assert registered(program, REGISTRATION | change) == answer


def test_an_address_that_registers_too_often_is_told_to_slow_down(
    program: Program, settings: Settings
) -> None:
    settings.SSO_RATE_LIMIT = "2/hour"
    for _ in range(2):
        program.register()

    answer = program.post("/client/register", REGISTRATION)

    assert refusal(answer) == (400, "SlowDownException")
    assert json.loads(answer.content)["error"] == "slow_down"
    assert 0 < int(answer["Retry-After"]) <= 3601


@pytest.mark.parametrize(
    "change",
    [
        {"clientSecret": "x"},
        {"clientSecret": ""},
        {"clientId": "x"},
        {"clientId": ""},
        {"clientId": "é:ü"},
    ],
)
def test_a_client_that_was_not_registered_here_is_refused(
    program: Program, change: dict[str, str]
) -> None:
    program.register()
    program.client |= change

    assert refusal(program.redeem("code")) == INVALID_CLIENT


def test_the_secret_of_one_client_is_not_anothers(program: Program) -> None:
    program.register()
    mine = program.client["clientSecret"]
    program.register()
    program.client["clientSecret"] = mine

    assert refusal(program.redeem("code")) == INVALID_CLIENT


def test_a_client_of_another_database_is_told_what_to_delete(program: Program) -> None:
    program.register()
    RegistrationKey.objects.all().delete()

    with pytest.raises(ClientRefused, match="registered") as refused:
        registrations.get(client_id=program.client["clientId"], now=NOON)
    Program.registered()
    assert refusal(program.redeem("code")) == INVALID_CLIENT
    assert "~/.aws/sso/cache" in refused.value.user_message


def test_a_client_survives_a_new_secret_key_for_its_90_days(
    program: Program, settings: Settings
) -> None:
    program.register()
    settings.SECRET_KEY = "another key, with which this portal was started anew"
    settings.SECRET_KEY_FALLBACKS = []

    assert program.redeem(program.code(cast.signed_in("alice"))).status_code == 200


def test_a_code_that_is_being_typed_survives_a_rotation(
    program: Program, settings: Settings
) -> None:
    code = program.begin()["userCode"]
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key, with which this portal was started anew"

    answer = cast.signed_in("alice").post("/device", {"user_code": code})

    assert b"Allow" in answer.content


@pytest.mark.parametrize(("after", "is_known"), [(-1, True), (0, False), (1, False)])
def test_a_registration_lasts_for_90_days(after: int, is_known: bool) -> None:
    made = registrations.register(name="cli", now=NOON)
    then = NOON + timedelta(days=90, seconds=after)

    try:
        registrations.get(client_id=made.client.client_id, now=then)
    except ClientRefused:
        assert not is_known
    else:
        assert is_known


def test_a_name_loses_what_nobody_can_see_and_what_is_too_long() -> None:
    made = registrations.register(name="\u202eaws\u200b-cli\n" + "x" * 100, now=NOON)

    assert made.client.name == ("aws-cli" + "x" * 100)[:64]


def test_an_answer_is_what_aws_answers(program: Program, clock: time_machine.Traveller) -> None:
    answer = program.post("/client/register", REGISTRATION)

    found = json.loads(answer.content)
    assert set(found) == {
        "clientId",
        "clientSecret",
        "clientIdIssuedAt",
        "clientSecretExpiresAt",
        "authorizationEndpoint",
        "tokenEndpoint",
    }
    assert found["clientIdIssuedAt"] == int(NOON.timestamp())
    assert found["clientSecretExpiresAt"] == int(NOON.timestamp()) + 90 * 86400
    assert answer["Content-Type"] == "application/json"
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(
    "body",
    [
        REGISTRATION,
        DEVICE_REGISTRATION,
        {"clientName": "botocore-client-1700000000", "clientType": "public"},
        DEVICE_REGISTRATION | {"scopes": ["sso-portal:*"]},
        REGISTRATION | {"redirectUris": ["http://127.0.0.1:8400/oauth/callback"]},
        REGISTRATION | {"something": {"new": ["in", 2027]}},
    ],
)
def test_what_awss_tools_register_is_taken(program: Program, body: dict[str, Any]) -> None:
    assert program.post("/client/register", body).status_code == 200


def test_registering_leaves_nothing_behind(program: Program) -> None:
    program.register()

    assert not Approval.objects.exists()
    assert not AuditEvent.objects.exists()


def test_the_longest_request_there_can_be_survives_the_way_through_the_sign_in(
    program: Program, client: Client
) -> None:
    path = "/" + secrets.token_urlsafe(70)[:85]
    uris = [f"http://127.0.0.1{path}", *(f"http://127.0.0.1/{n}{path}x" for n in range(2))]
    program.register(
        clientName="".join(chr(0x4E00 + secrets.randbelow(20000)) for _ in range(64)),
        redirectUris=uris,
    )

    address = program.address(redirect_uri=f"http://127.0.0.1:51234{path}", state="%" * 128)
    departure = client.get(address)["Location"]

    assert safe_next(dict(parse_qsl(urlsplit(departure).query))["next"]) == address
