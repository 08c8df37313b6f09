"""What thieves have of what they stole: a dump of the database, a cookie. docs/threat-model.md names these tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import bearer_secrets, signins
from accounts.encryption import Purpose, decrypt, encrypt
from accounts.models import SignIn, SigningKey
from accounts.signing import stored_keys
from portal import limiting
from tests import cast
from tests.portal.api.test_portal_tokens import make
from tests.sso.conftest import BEARER, Program

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind")]

ROLE = {"account_id": "210987654321", "role_name": "Developer"}


def by_cookie(value: str) -> bool:
    browser = Client()
    browser.cookies[settings.SESSION_COOKIE_NAME] = value
    return browser.get("/activity").status_code == 200


def by_bearer(value: str) -> bool:
    return (
        Client().get("/api/v1/me", headers={"Authorization": f"Bearer {value}"}).status_code == 200
    )


def by_wire(value: str) -> bool:
    answer = Client().get("/assignment/accounts", headers={BEARER: value})
    return answer.status_code == 200


@pytest.fixture
def doors() -> dict[str, tuple[Callable[[str], bool], str]]:
    """Each way in by a secret, with a secret that opens it; the database holds whatever those leave there."""
    browser = cast.signed_in("alice")
    program = Program()
    tokens = program.login(browser)
    waiting = Program.registered()
    code = waiting.code(browser)
    typing = Program()
    begun = typing.begin()
    browser.post("/device", {"user_code": begun["userCode"]})
    browser.post("/device", {"user_code": begun["userCode"], "answer": "allow"})
    return {
        "cookie": (by_cookie, browser.cookies[settings.SESSION_COOKIE_NAME].value),
        "portal token": (by_bearer, make("alice")),
        "command line": (by_wire, tokens["accessToken"]),
        "code": (
            lambda value: waiting.redeem(value).status_code == 200,
            code,
        ),
        "device code": (
            lambda value: typing.poll(value).status_code == 200,
            begun["deviceCode"],
        ),
        "refresh token": (
            lambda value: program.token("refresh_token", refreshToken=value).status_code == 200,
            tokens["refreshToken"],
        ),
    }


def dump() -> set[str]:
    """Every text in every table, and each text within a JSON value."""
    found: set[str] = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                for value in row:
                    found.update(texts_in(value))
    return found


def texts_in(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
            try:
                within = json.loads(value)
            except ValueError:
                return
            if not isinstance(within, str):
                yield from texts_in(within)
        case dict():
            yield from texts_in([*value.values()])
        case list():
            for one in value:
                yield from texts_in(one)
        case _:
            yield str(value)


def test_no_value_of_the_whole_database_opens_any_door(
    doors: dict[str, tuple[Callable[[str], bool], str]], subtests: pytest.Subtests
) -> None:
    values = {
        value
        for value in dump()
        # No secret is shorter or has blanks; others are names, addresses and numbers.
        if len(value) >= 12 and value.isascii() and value.isprintable() and " " not in value
    }
    assert len(values) > 30
    assert {bearer_secrets.digest(doors["portal token"][1])} <= values

    for name, (opens, secret) in doors.items():
        with subtests.test(door=name):
            opened = []
            for value in values:
                limiting.reset()
                if opens(value):
                    opened.append(value)
            limiting.reset()

            assert opened == []
            assert opens(secret), "the secret itself has to open it, or this shows nothing"


def test_encrypted_columns_are_nothing_without_the_secret_key(settings: Settings) -> None:
    sign_in = SignIn.objects.get(pk=cast.sign_in("alice").pk)
    SignIn.objects.filter(pk=sign_in.pk).update(encrypted_refresh_token=encrypt("refresh-me"))
    stored_keys.create_first(now=timezone.now())

    settings.SECRET_KEY = "what whoever has only the dump would have to guess first"

    stored = SignIn.objects.get(pk=sign_in.pk).encrypted_refresh_token
    pem = SigningKey.objects.all()[0].encrypted_private_key
    assert decrypt(stored) == decrypt(pem, purpose=Purpose.SIGNING_KEYS) == ""


@pytest.fixture
def thief() -> Client:
    """A browser elsewhere with alice's cookie."""
    alice = cast.signed_in("alice")
    thief = Client(REMOTE_ADDR="203.0.113.66")
    thief.cookies = alice.cookies
    assert thief.get("/").status_code == 200
    return thief


@pytest.mark.parametrize("how", ["signed out", "ended", "blocked", "expired"])
def test_a_stolen_cookie_is_worth_nothing_once_the_sign_in_is_over(thief: Client, how: str) -> None:
    sign_in = SignIn.objects.get()
    match how:
        case "signed out":
            alice = Client()
            alice.cookies = SimpleCookie(thief.cookies.output(header="", sep=";"))
            alice.post("/oidc/logout/")
        case "ended":
            signins.end(sign_in=sign_in, reason="test", origin=cast.ORIGIN, now=timezone.now())
        case "blocked":
            cast.block(sign_in.person)
        case "expired":
            SignIn.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert "alice" not in thief.get("/").content.decode()
    for path in ("/activity", "/tokens", "/keys?account_id=210987654321&role_name=Developer"):
        assert thief.get(path).status_code in (302, 401)
    assert thief.post("/keys", ROLE).status_code in (302, 401, 403)


def test_a_stolen_cookie_reads_no_secret_that_was_shown(thief: Client) -> None:
    secret = make("alice")

    seen = "".join(thief.get(path).content.decode() for path in ("/", "/activity", "/tokens"))

    assert secret not in seen
    assert "nightly report" in seen
