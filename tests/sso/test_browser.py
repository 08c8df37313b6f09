"""A command line that is let in through the browser of the same machine: who is asked what, and what comes back."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import product
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client

from accounts import signins
from accounts.errors import SignInAgain
from accounts.models import Approval, AuditEvent, CliToken, SignIn
from accounts.models.audit import Action
from accounts.sso import registrations
from accounts.sso.authorization_codes import AuthorizationRequest, allow
from tests import cast
from tests.cast import NOON
from tests.portal import test_security_headers
from tests.sso.conftest import (
    INVALID_CLIENT,
    INVALID_GRANT,
    INVALID_REQUEST,
    REDIRECT,
    Program,
    refusal,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind")]

ALLOW, DENY = {"answer": "allow"}, {"answer": "deny"}


def actions() -> list[str]:
    return list(
        AuditEvent.objects.filter(action__startswith="sso.")
        .order_by("at")
        .values_list("action", flat=True)
    )


# What is not even asked


WRONG: tuple[dict[str, str], ...] = (
    {"client_id": ""},
    {"client_id": "forged"},
    {"redirect_uri": ""},
    {"redirect_uri": "https://evil.example/oauth/callback"},
    {"redirect_uri": "http://127.0.0.1:51234/other"},
    {"redirect_uri": "http://127.0.0.1:51234/oauth/callback/"},
    {"redirect_uri": "http://127.0.0.1:51234/oauth/callback?x=y"},
    {"redirect_uri": "http://127.0.0.1:51234@evil.example/oauth/callback"},
    {"redirect_uri": "http://127.0.0.1:99999/oauth/callback"},
    {"redirect_uri": "http://localhost:51234/oauth/callback"},
    {"redirect_uri": "http://[::1]:51234/oauth/callback"},
    {"response_type": "token"},
    {"response_type": ""},
    {"code_challenge_method": "plain"},
    {"code_challenge_method": ""},
    {"code_challenge": ""},
    {"code_challenge": "x" * 42},
    {"code_challenge": "x" * 44},
    {"code_challenge": "+" * 43},
    {"state": ""},
    {"state": "x" * 129},
    {"scopes": "sso:account:access admin"},
    {"scope": "admin", "scopes": ""},
)


def test_a_request_that_is_not_as_it_must_be_ends_in_a_page(program: Program) -> None:
    program.register()
    browser = cast.signed_in("alice")

    for method, change in product((browser.get, browser.post), WRONG):
        response = method(program.address(**change), ALLOW)
        assert (change, response.status_code) == (change, 400)
        assert "Location" not in response
        assert "evil" not in response.content.decode()

    assert not Approval.objects.exists()


def test_a_client_for_typed_codes_only_has_no_way_through_the_browser(program: Program) -> None:
    program.register(redirectUris=None, grantTypes=None)
    response = cast.signed_in("alice").post(program.address(), ALLOW)

    assert response.status_code == 400
    assert not Approval.objects.exists()


def test_a_client_without_the_grant_has_no_way_through_the_browser(program: Program) -> None:
    program.register(grantTypes=["refresh_token"])

    assert cast.signed_in("alice").get(program.address()).status_code == 400


def test_a_client_that_is_not_known_any_more_is_told_what_to_delete(program: Program) -> None:
    program.register()

    response = cast.signed_in("alice").get(program.address(client_id="x" + "y" * 200))

    assert "~/.aws/sso/cache" in response.content.decode()


# Who is asked


def test_signed_out_the_page_leads_to_the_sign_in_and_back(
    program: Program, client: Client
) -> None:
    program.register()

    response = client.get(program.address())

    assert response.status_code == 302
    there = urlsplit(response["Location"])
    assert there.path == "/oidc/authenticate/"
    assert parse_qs(there.query)["next"] == [program.address()]


def test_a_form_whose_sign_in_has_ended_leads_back_to_the_question(
    program: Program, client: Client
) -> None:
    program.register()

    response = client.post(program.address(), ALLOW)

    assert response.status_code == 401
    again = parse_qs(urlsplit(response.context["again"]).query)
    assert again["next"] == [program.address()]
    assert not Approval.objects.exists()


def test_a_form_without_its_token_lets_nobody_in(program: Program) -> None:
    program.register()
    browser = cast.signed_in("alice")
    browser.handler.enforce_csrf_checks = True

    assert browser.post(program.address(), ALLOW).status_code == 403
    assert not Approval.objects.exists()


def test_looking_at_the_page_lets_nobody_in(program: Program) -> None:
    program.register()
    browser = cast.signed_in("alice")

    for _ in range(2):
        assert browser.get(program.address()).status_code == 200
    assert browser.head(program.address()).status_code == 200

    assert not Approval.objects.exists()
    assert actions() == []


def test_the_page_says_who_asks_and_that_nobody_has_verified_it(program: Program) -> None:
    program.register(clientName="<script>alert(1)</script>")

    page = cast.signed_in("alice").get(program.address()).content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;</span> (nobody has verified this name)" in page
    assert "127.0.0.1:51234" in page


def test_the_page_may_lead_to_that_address_of_the_machine_and_nowhere_else(
    program: Program,
) -> None:
    program.register()

    response = cast.signed_in("alice").get(program.address())

    policy = test_security_headers.policy(response)
    assert policy["form-action"] == {"'self'", "http://127.0.0.1:51234"}
    assert policy["frame-ancestors"] == {"'none'"}
    assert response["X-Frame-Options"] == "DENY"
    assert "no-store" in response["Cache-Control"]


def test_a_sign_in_that_ends_soon_can_be_made_anew_first(
    program: Program, clock: time_machine.Traveller
) -> None:
    program.register()
    browser = cast.signed_in("alice")
    assert browser.get(program.address()).context["again"] == ""

    clock.shift(timedelta(minutes=31))

    again = browser.get(program.address()).context["again"]
    assert parse_qs(urlsplit(again).query)["next"] == [program.address()]


@pytest.mark.parametrize("said", [DENY, {}, {"answer": "Allow"}, {"answer": ""}])
def test_whatever_is_not_a_yes_turns_the_command_line_away(
    program: Program, said: dict[str, str]
) -> None:
    program.register()

    response = cast.signed_in("alice").post(program.address(), said)

    assert response["Location"] == f"{REDIRECT}?error=access_denied&state=0b1c2d3e-state"
    assert not Approval.objects.exists()
    event = AuditEvent.objects.get(action=Action.CLI_DENIED)
    assert (event.sub, event.detail["client"]) == ("sub-alice", "botocore-client-gatehouse")


def test_a_yes_sends_a_code_and_the_state_back(program: Program) -> None:
    program.register()

    response = cast.signed_in("alice").post(program.address(state="a b&c=d"), ALLOW)

    assert response.status_code == 302
    address, _, query = response["Location"].partition("?")
    found = parse_qs(query, strict_parsing=True)
    assert (address, found["state"], set(found)) == (REDIRECT, ["a b&c=d"], {"code", "state"})
    assert "no-store" in response["Cache-Control"]
    event = AuditEvent.objects.get(action=Action.CLI_ALLOWED)
    assert (event.sub, event.surface, event.detail["flow"]) == ("sub-alice", "pages", "browser")
    assert found["code"][0] not in repr((event.__dict__, Approval.objects.values().get()))


@pytest.mark.parametrize("scopes", ["", "sso:account:access"])
def test_oauths_own_word_for_scopes_is_taken_too(program: Program, scopes: str) -> None:
    program.register()

    response = cast.signed_in("alice").get(program.address(scopes="", scope=scopes))

    assert response.status_code == 200


# What a code gives


# What is changed in the exchange of a code, and the refusal.
WRONG_EXCHANGES: list[tuple[dict[str, object], tuple[int, str]]] = [
    ({"code": ""}, INVALID_GRANT),
    ({"code": "x\ud800"}, INVALID_REQUEST),
    ({"code": None}, INVALID_REQUEST),
    ({"code": ["x"]}, INVALID_REQUEST),
    ({"codeVerifier": "x" * 64}, INVALID_GRANT),
    ({"codeVerifier": ""}, INVALID_GRANT),
    ({"codeVerifier": None}, INVALID_REQUEST),
    ({"codeVerifier": "é" * 64}, INVALID_GRANT),
    ({"redirectUri": "http://127.0.0.1:51235/oauth/callback"}, INVALID_GRANT),
    ({"redirectUri": ""}, INVALID_GRANT),
    ({"grantType": "refresh_token"}, INVALID_REQUEST),
    ({"grantType": "password"}, (400, "UnsupportedGrantTypeException")),
    ({"grantType": None}, INVALID_REQUEST),
    ({"clientSecret": "x"}, INVALID_CLIENT),
]


def test_a_code_gives_nothing_with_anything_else_wrong(program: Program) -> None:
    program.register()
    browser = cast.signed_in("alice")

    answers = []
    for change, _ in WRONG_EXCHANGES:
        right = {
            "code": program.code(browser),
            "redirectUri": REDIRECT,
            "codeVerifier": program.verifier,
        }
        answers.append((change, refusal(program.token("authorization_code", **(right | change)))))

    assert answers == WRONG_EXCHANGES
    assert not CliToken.objects.exists()


def test_a_verifier_that_is_too_short_gives_nothing_though_it_fits(program: Program) -> None:
    program.verifier = "short"
    program.register()

    assert refusal(program.redeem(program.code(cast.signed_in("alice")))) == INVALID_GRANT


def test_the_code_of_one_client_is_nothing_to_another(program: Program) -> None:
    program.register()
    code = program.code(cast.signed_in("alice"))
    program.register()

    assert refusal(program.redeem(code)) == INVALID_GRANT
    assert Approval.objects.get().redeemed_at is None


def test_a_device_code_is_no_code(program: Program) -> None:
    given = program.begin(redirectUris=["http://127.0.0.1/oauth/callback"], grantTypes=None)
    cast.signed_in("alice").post("/device", {"user_code": given["userCode"], **ALLOW})

    assert refusal(program.redeem(given["deviceCode"])) == INVALID_GRANT


def test_a_code_is_good_for_a_minute(program: Program, clock: time_machine.Traveller) -> None:
    program.register()
    browser = cast.signed_in("alice")
    late, in_time = program.code(browser), program.code(browser)
    clock.shift(timedelta(seconds=59))
    assert program.redeem(in_time).status_code == 200

    clock.shift(timedelta(seconds=1))

    assert refusal(program.redeem(late)) == INVALID_GRANT


def test_a_code_is_good_once_and_its_second_use_ends_what_the_first_gave(
    program: Program,
) -> None:
    program.register()
    code = program.code(cast.signed_in("alice"))
    given = json.loads(program.redeem(code).content)

    for _ in range(2):
        assert refusal(program.redeem(code)) == INVALID_GRANT

    assert program.get("/assignment/accounts", given["accessToken"]).status_code == 401
    assert refusal(program.token("refresh_token", refreshToken=given["refreshToken"])) == (
        INVALID_GRANT
    )
    assert actions() == [Action.CLI_ALLOWED, Action.CLI_TOKEN_ISSUED, Action.CLI_TOKEN_REUSED]


@pytest.mark.parametrize("how", ["signed out", "blocked", "ran out"])
def test_a_code_gives_nothing_once_the_sign_in_is_over(
    program: Program, how: str, clock: time_machine.Traveller
) -> None:
    program.register()
    clock.shift(timedelta(minutes=59, seconds=30))
    browser = cast.signed_in("alice", now=NOON)
    code = program.code(browser)
    if how == "signed out":
        signins.end(sign_in=SignIn.objects.get(), reason="test", origin=cast.ORIGIN, now=NOON)
    elif how == "blocked":
        cast.block_everybody()
    else:
        clock.shift(timedelta(seconds=30))

    assert refusal(program.redeem(code)) == INVALID_GRANT
    assert not CliToken.objects.exists()


def test_nobody_is_let_in_by_a_sign_in_that_ends_while_the_page_is_open(program: Program) -> None:
    program.register()
    browser = cast.signed_in("alice")
    cast.block_everybody()

    assert browser.post(program.address(), ALLOW).status_code == 401
    assert not Approval.objects.exists()


def test_the_domain_itself_lets_nobody_in_by_a_sign_in_that_is_over(program: Program) -> None:
    program.register()
    sign_in = cast.sign_in("alice", now=NOON)
    client = registrations.get(client_id=program.client["clientId"], now=NOON)
    asked = AuthorizationRequest(client, REDIRECT, "state", program.challenge)

    with pytest.raises(SignInAgain):
        allow(sign_in=sign_in, request=asked, origin=cast.ORIGIN, now=NOON + timedelta(hours=1))

    assert not Approval.objects.exists()


def test_tokens_are_what_aws_answers(program: Program, clock: time_machine.Traveller) -> None:
    program.register()

    answer = program.redeem(program.code(cast.signed_in("alice", now=NOON)))

    found = json.loads(answer.content)
    assert set(found) == {"accessToken", "tokenType", "expiresIn", "refreshToken"}
    assert (found["tokenType"], found["expiresIn"]) == ("Bearer", 3600 + 900)
    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies
    event = AuditEvent.objects.get(action=Action.CLI_TOKEN_ISSUED)
    assert (event.sub, event.surface, event.ip, event.duration) == (
        "sub-alice",
        "sso",
        "192.0.2.10",
        3600,
    )
    stored = repr([*CliToken.objects.values(), *Approval.objects.values(), event.__dict__])
    assert found["accessToken"] not in stored
    assert found["refreshToken"] not in stored


def test_tokens_never_outlive_the_sign_in(program: Program, clock: time_machine.Traveller) -> None:
    program.register()
    browser = cast.signed_in("alice", now=NOON)
    clock.shift(timedelta(minutes=50))

    found = json.loads(program.redeem(program.code(browser)).content)

    assert found["expiresIn"] == 600 + 900  # SDKs renew 15 minutes before.
    clock.shift(timedelta(minutes=10))
    assert program.get("/assignment/accounts", found["accessToken"]).status_code == 401


def test_a_client_without_scopes_gets_no_refresh_token(program: Program) -> None:
    assert "refreshToken" not in program.login(scopes=None)
