"""What a command line's tokens open, and when they stop: with the sign-in, with a theft, with a sign-out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from unittest import mock

import pytest
import time_machine
from django.db import DatabaseError, OperationalError
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts import signins
from accounts.models import Approval, AuditEvent, CliToken, SignIn
from accounts.models.audit import Action
from accounts.sso import authorization_codes, client_tokens, registrations
from accounts.sso.errors import ClientRefused
from tests import cast
from tests.cast import NOON, ORIGIN
from tests.identity import Visitor
from tests.sso.conftest import (
    BEARER,
    INVALID_GRANT,
    INVALID_REQUEST,
    UNAUTHORIZED,
    Program,
    denial,
    refusal,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind")]

ACCOUNTS, ROLES, KEYS = "/assignment/accounts", "/assignment/roles", "/federation/credentials"


def opens(program: Program, token: str) -> bool:
    return bool(program.get(ACCOUNTS, token).status_code == 200)


def renewed(program: Program, refresh_token: str) -> dict[str, Any]:
    answer = program.token("refresh_token", refreshToken=refresh_token)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = json.loads(answer.content)
    return found


def renewal(program: Program, refresh_token: str) -> tuple[int, str]:
    return refusal(program.token("refresh_token", refreshToken=refresh_token))


def recorded(action: Action) -> int:
    return AuditEvent.objects.filter(action=action).count()


# An access token


@pytest.mark.parametrize("path", [ACCOUNTS, "/assignment/roles", "/federation/credentials"])
@pytest.mark.parametrize(
    "token", ["", "x", "gatehouse_" + "0" * 49, "Bearer x", "é", "x" * 4000, "the refresh token"]
)
def test_what_is_no_access_token_opens_nothing(program: Program, path: str, token: str) -> None:
    if token == "the refresh token":
        token = program.login()["refreshToken"]

    answer = program.get(path, token, account_id="210987654321", role_name="Developer")

    assert denial(answer) == UNAUTHORIZED


@pytest.mark.parametrize("header", ["Authorization", "Cookie"])
def test_no_other_header_opens_anything(program: Program, header: str) -> None:
    token = program.login()["accessToken"]

    answer = program.http.get(ACCOUNTS, headers={header: f"Bearer {token}"})

    assert denial(answer) == UNAUTHORIZED


def test_somebody_signed_in_opens_nothing_by_their_cookie(program: Program) -> None:
    browser = cast.signed_in("alice")

    assert denial(browser.get(ACCOUNTS)) == UNAUTHORIZED


def test_a_token_of_a_command_line_opens_neither_the_api_nor_a_page(program: Program) -> None:
    token = program.login()["accessToken"]

    api = program.http.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    page = program.http.get("/activity", headers={BEARER: token})

    assert (api.status_code, page.status_code) == (401, 302)


def test_a_token_is_good_for_an_hour_of_a_longer_sign_in(
    program: Program, settings: Settings, clock: time_machine.Traveller
) -> None:
    settings.SIGN_IN_LIFETIME = 12 * 3600
    token = program.login()["accessToken"]
    clock.shift(timedelta(minutes=59, seconds=59))
    assert opens(program, token)

    clock.shift(timedelta(seconds=1))

    assert not opens(program, token)


@pytest.mark.parametrize("how", ["signed out", "blocked", "ran out"])
def test_tokens_end_with_the_sign_in(
    program: Program, how: str, clock: time_machine.Traveller
) -> None:
    given = program.login()
    assert opens(program, given["accessToken"])
    if how == "signed out":
        signins.end(sign_in=SignIn.objects.get(), reason="test", origin=ORIGIN, now=NOON)
    elif how == "blocked":
        cast.block_everybody()
    else:
        clock.shift(timedelta(hours=1))

    assert not opens(program, given["accessToken"])
    assert renewal(program, given["refreshToken"]) == INVALID_GRANT


def test_signing_out_in_the_browser_ends_the_command_line(program: Program) -> None:
    browser = cast.signed_in("alice")
    token = program.login(browser)["accessToken"]

    browser.post(reverse("oidc_logout"))

    assert not opens(program, token)


def test_an_address_with_tokens_that_prove_nothing_is_told_to_wait(
    program: Program, settings: Settings
) -> None:
    settings.API_BAD_TOKEN_LIMIT = "2/hour"
    token = program.login()["accessToken"]
    for _ in range(2):
        assert denial(program.get(ACCOUNTS, "x")) == UNAUTHORIZED

    answer = program.get(ACCOUNTS, "x")

    assert denial(answer) == (429, "TooManyRequestsException")
    assert "Retry-After" in answer
    assert denial(program.logout("x")) == (429, "TooManyRequestsException")
    assert opens(program, token)


def test_an_address_with_codes_that_prove_nothing_is_told_to_slow_down(
    program: Program, settings: Settings
) -> None:
    settings.API_BAD_TOKEN_LIMIT = "2/hour"
    program.register()
    for _ in range(2):
        assert refusal(program.redeem("x")) == INVALID_GRANT

    assert refusal(program.redeem("x")) == (400, "SlowDownException")


def test_an_identity_that_asks_too_often_is_told_to_wait(
    program: Program, settings: Settings
) -> None:
    token = program.login()["accessToken"]
    settings.SSO_LIST_RATE_LIMIT = settings.API_RATE_LIMIT = "2/hour"
    lists = [program.get(ACCOUNTS, token).status_code for _ in range(3)]
    keys = [program.get(KEYS, token).status_code for _ in range(3)]

    assert lists == [200, 200, 429]
    assert keys == [400, 400, 429]  # They name no role.


def test_a_tool_lists_the_roles_of_300_accounts_within_a_minute(program: Program) -> None:
    token = program.login()["accessToken"]

    # As `aws-sso-util configure populate` does: the roles of each account in turn.
    answers = [program.get(ROLES, token, account_id="210987654321").status_code for _ in range(301)]

    assert set(answers) == {200}
    assert program.get(KEYS, token).status_code == 400  # Not 429: it names no role.


def test_a_client_that_asks_too_often_is_told_to_slow_down(
    program: Program, settings: Settings
) -> None:
    given = program.begin()
    settings.API_RATE_LIMIT = "2/hour"
    answers = [program.poll(given["deviceCode"]) for _ in range(3)]

    assert [refusal(answer)[1] for answer in answers] == [
        "AuthorizationPendingException",
        "AuthorizationPendingException",
        "SlowDownException",
    ]
    assert "Retry-After" in answers[2]
    assert "Retry-After" not in answers[1]


# A refresh token


@pytest.mark.parametrize("token", ["", "x", "gatehouse_" + "0" * 49, "the access token"])
def test_what_is_no_refresh_token_renews_nothing(program: Program, token: str) -> None:
    given = program.login()

    token = given["accessToken"] if token == "the access token" else token

    assert renewal(program, token) == INVALID_GRANT


def test_the_refresh_token_of_one_client_is_nothing_to_another(program: Program) -> None:
    given = program.login()
    program.register()

    assert renewal(program, given["refreshToken"]) == INVALID_GRANT
    assert opens(program, given["accessToken"])


@pytest.mark.parametrize("body", [{}, {"refreshToken": None}, {"refreshToken": 7}])
def test_a_renewal_without_a_token_is_refused(program: Program, body: dict[str, Any]) -> None:
    program.login()

    assert refusal(program.token("refresh_token", **body)) == INVALID_REQUEST


def test_a_client_that_did_not_register_to_renew_cannot(program: Program) -> None:
    program.login(grantTypes=["authorization_code"])

    assert renewal(program, "x") == (400, "UnauthorizedClientException")


def test_a_renewal_gives_both_tokens_again_and_the_old_one_stays_good(program: Program) -> None:
    given = program.login()

    again = renewed(program, given["refreshToken"])

    assert set(again) == {"accessToken", "tokenType", "expiresIn", "refreshToken"}
    assert again["refreshToken"] != given["refreshToken"]
    assert opens(program, again["accessToken"])
    assert opens(program, given["accessToken"])
    assert recorded(Action.CLI_TOKEN_REFRESHED) == 1


def test_programs_that_renew_at_once_all_get_tokens(
    program: Program, clock: time_machine.Traveller
) -> None:
    given = program.login()

    found = []
    for _ in range(8):
        found.append(renewed(program, given["refreshToken"]))
        clock.shift(timedelta(seconds=8))

    assert all(opens(program, each["accessToken"]) for each in found)
    assert renewed(program, found[0]["refreshToken"])


def test_a_refresh_token_used_long_after_ends_everything_that_came_of_it(
    program: Program, clock: time_machine.Traveller
) -> None:
    given = program.login()
    again = renewed(program, given["refreshToken"])
    clock.shift(timedelta(seconds=61))

    for _ in range(2):
        assert renewal(program, given["refreshToken"]) == INVALID_GRANT

    assert renewal(program, again["refreshToken"]) == INVALID_GRANT
    assert not opens(program, again["accessToken"])
    assert recorded(Action.CLI_TOKEN_REUSED) == 1


def test_the_grace_is_counted_from_the_first_use(
    program: Program, clock: time_machine.Traveller
) -> None:
    given = program.login()
    renewed(program, given["refreshToken"])
    clock.shift(timedelta(seconds=59))
    renewed(program, given["refreshToken"])
    clock.shift(timedelta(seconds=2))

    assert renewal(program, given["refreshToken"]) == INVALID_GRANT


def test_a_renewal_reaches_no_further_than_the_sign_in(
    program: Program, settings: Settings, clock: time_machine.Traveller
) -> None:
    settings.SIGN_IN_LIFETIME = 2 * 3600
    given = program.login()
    assert given["expiresIn"] == 3600
    clock.shift(timedelta(minutes=110))

    again = renewed(program, given["refreshToken"])

    # SDKs renew what has less than 15 minutes left: here nothing could be gained by it.
    assert again["expiresIn"] == 600 + 900
    assert CliToken.objects.order_by("-expires_at")[0].expires_at == NOON + timedelta(hours=2)


def test_the_theft_of_one_command_lines_token_ends_no_other(
    clock: time_machine.Traveller,
) -> None:
    browser = cast.signed_in("alice")
    stolen, other = Program(), Program()
    first, second = stolen.login(browser), other.login(browser)
    renewed(stolen, first["refreshToken"])
    clock.shift(timedelta(seconds=61))

    renewal(stolen, first["refreshToken"])

    assert not opens(stolen, first["accessToken"])
    assert opens(other, second["accessToken"])


def test_the_person_and_the_admins_see_what_became_of_a_command_line(
    program: Program, clock: time_machine.Traveller
) -> None:
    browser = cast.signed_in("alice")
    given = program.login(browser)
    renewed(program, given["refreshToken"])
    clock.shift(timedelta(seconds=61))
    renewal(program, given["refreshToken"])

    own = browser.get("/activity").content.decode()
    trail = cast.signed_in("carol").get("/admin/accounts/auditevent/").content.decode()

    for label in (
        "Command-line access allowed",
        "Command line signed in",
        "Command line renewed its tokens",
    ):
        assert f">{label}</span>" in own
    assert '<span class="refused">Command-line secret used twice</span>' in own
    assert "command line botocore-client-gatehouse" in trail


# Signing out


@pytest.mark.parametrize("token", ["", "x", "gatehouse_" + "0" * 49])
def test_a_sign_out_of_nobody_is_refused(program: Program, token: str) -> None:
    assert denial(program.logout(token)) == UNAUTHORIZED


def test_a_sign_out_ends_all_tokens_of_the_command_line_and_no_others(program: Program) -> None:
    browser = cast.signed_in("alice")
    other = Program()
    given, elsewhere = program.login(browser), other.login(browser)
    again = renewed(program, given["refreshToken"])

    answer = program.logout(again["accessToken"])

    assert (answer.status_code, answer.content) == (200, b"")
    assert "no-store" in answer["Cache-Control"]
    for token in (given, again):
        assert not opens(program, token["accessToken"])
        assert renewal(program, token["refreshToken"]) == INVALID_GRANT
    assert opens(other, elsewhere["accessToken"])
    assert browser.get("/activity").status_code == 200
    event = AuditEvent.objects.get(action=Action.CLI_TOKEN_REVOKED)
    assert (event.sub, event.surface) == ("sub-alice", "sso")


def test_a_sign_out_with_an_access_token_that_ran_out_ends_the_refresh_token_too(
    program: Program, settings: Settings, clock: time_machine.Traveller
) -> None:
    settings.SIGN_IN_LIFETIME = 2 * 3600
    given = program.login()
    clock.shift(timedelta(minutes=61))

    assert program.logout(given["accessToken"]).status_code == 200

    assert renewal(program, given["refreshToken"]) == INVALID_GRANT


def test_signing_out_twice_is_recorded_once(program: Program) -> None:
    given = program.login()

    for _ in range(2):
        assert program.logout(given["accessToken"]).status_code == 200

    assert recorded(Action.CLI_TOKEN_REVOKED) == 1


# Without a record, nothing


@pytest.mark.parametrize("step", ["allow", "redeem", "renew", "revoke"])
def test_nothing_changes_hands_when_the_row_cannot_be_written(step: str) -> None:
    client = registrations.register(
        name="cli",
        redirect_uris=["http://127.0.0.1/callback"],
        scopes=[registrations.SCOPE],
        now=NOON,
    ).client
    program = Program()
    asked = authorization_codes.AuthorizationRequest(
        client, "http://127.0.0.1:5/callback", "state", program.challenge
    )
    allow = partial(
        authorization_codes.allow,
        sign_in=cast.sign_in("alice", now=NOON),
        request=asked,
        origin=ORIGIN,
        now=NOON,
    )
    redeem = partial(
        authorization_codes.redeem,
        client=client,
        code=allow(),
        redirect_uri=asked.redirect_uri,
        code_verifier=program.verifier,
        origin=ORIGIN,
        now=NOON,
    )
    issued = redeem() if step in ("renew", "revoke") else client_tokens.IssuedTokens("", 0)
    steps: dict[str, Callable[[], object]] = {
        "allow": allow,
        "redeem": redeem,
        "renew": partial(
            client_tokens.renew,
            client=client,
            refresh_token=issued.refresh_token,
            origin=ORIGIN,
            now=NOON,
        ),
        "revoke": partial(
            client_tokens.revoke, bearer=issued.access_token, origin=ORIGIN, now=NOON
        ),
    }
    before = CliToken.objects.count(), Approval.objects.count()
    broken = mock.patch("accounts.audit.sql.append_audit_row", side_effect=DatabaseError("full"))
    with broken, pytest.raises(DatabaseError):
        steps[step]()

    assert (CliToken.objects.count(), Approval.objects.count()) == before
    # A code is not burnt by what went wrong: AWS's tools try again after a 5xx.
    bearer = issued.access_token or redeem().access_token
    assert client_tokens.subject_of(bearer=bearer, origin=ORIGIN, now=NOON).sub == "sub-alice"


def test_of_two_who_redeem_at_once_both_lose(program: Program) -> None:
    program.register()
    code = program.code(cast.signed_in("alice"))
    seen_by_both = authorization_codes._find(code)
    assert seen_by_both is not None
    now = seen_by_both.requested_at
    first = client_tokens.redeem(approval=seen_by_both, origin=ORIGIN, now=now)

    with pytest.raises(ClientRefused, match="twice"):
        client_tokens.redeem(approval=seen_by_both, origin=ORIGIN, now=now)

    with pytest.raises(ClientRefused):
        client_tokens.subject_of(bearer=first.access_token, origin=ORIGIN, now=now)


def test_tokens_are_in_no_repr() -> None:
    issued = client_tokens.IssuedTokens("secret-1", 3600, "secret-2")
    made = registrations.register(name="x", now=NOON)

    assert "secret" not in repr(issued)
    assert made.secret not in repr(made)


def test_a_database_that_is_down_is_said_as_what_clients_try_again(client: Client) -> None:
    client.raise_request_exception = False
    with mock.patch("accounts.sso.client_tokens._find", side_effect=OperationalError("gone")):
        answer = client.get(ACCOUNTS, headers={BEARER: "x"})

    assert denial(answer) == (503, "InternalServerException")


# A new sign-in in the same browser


def test_the_same_persons_new_sign_in_keeps_the_command_lines(
    program: Program, visitor: Visitor
) -> None:
    visitor.walk("alice")
    given = program.login(visitor.client)

    visitor.walk("alice")

    assert opens(program, given["accessToken"])
    again = renewed(program, given["refreshToken"])
    assert SignIn.objects.filter(ended_at=None).get().approvals.count() == 1
    visitor.client.post(reverse("oidc_logout"))
    assert not opens(program, again["accessToken"])


def test_another_persons_sign_in_ends_the_command_lines(program: Program, visitor: Visitor) -> None:
    visitor.walk("alice")
    given = program.login(visitor.client)

    visitor.walk("carol")

    assert not opens(program, given["accessToken"])
    assert renewal(program, given["refreshToken"]) == INVALID_GRANT
