"""A command line that is let in by a code that somebody types: nothing by a link, nothing twice, nothing late."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from itertools import product

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from accounts import signins
from accounts.errors import SignInAgain
from accounts.models import Approval, AuditEvent, CliToken
from accounts.models.audit import Action
from accounts.sso import device_codes
from accounts.sso.errors import ClientRefused
from portal import limiting
from tests import cast
from tests.cast import NOON, ORIGIN
from tests.sso.conftest import (
    INVALID_CLIENT,
    INVALID_GRANT,
    INVALID_REQUEST,
    Program,
    refusal,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind")]

PENDING = (400, "AuthorizationPendingException")
SLOW_DOWN = (400, "SlowDownException")
NOT_FOR_CLIENT = (400, "UnauthorizedClientException")


def say(browser: Client, code: str, answer: str = "") -> int:
    """Type a code, or answer it; return the status."""
    said = {"answer": answer} if answer else {}
    return browser.post("/device", {"user_code": code, **said}).status_code


# Asking for a code


def test_a_portal_without_this_flow_gives_and_takes_no_codes(
    program: Program, settings: Settings
) -> None:
    given = program.begin()
    settings.SSO_DEVICE_FLOW = False

    asked = program.post("/device_authorization", {**program.client, "startUrl": "x"})

    assert refusal(asked) == NOT_FOR_CLIENT
    assert say(cast.signed_in("alice"), given["userCode"], "allow") == 400
    assert Approval.objects.get().approved_at is None


def test_a_client_that_registered_for_the_browser_gets_no_code(program: Program) -> None:
    program.register()

    asked = program.post("/device_authorization", {**program.client, "startUrl": "x"})

    assert refusal(asked) == NOT_FOR_CLIENT


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"clientSecret": "x"}, INVALID_CLIENT),
        ({"clientId": "x"}, INVALID_CLIENT),
        ({"startUrl": None}, INVALID_REQUEST),
        ({"startUrl": 7}, INVALID_REQUEST),
        ({"clientId": None}, INVALID_REQUEST),
    ],
)
def test_a_request_for_a_code_that_is_not_as_it_must_be_is_refused(
    program: Program, change: dict[str, object], answer: tuple[int, str]
) -> None:
    program.begin()

    asked = program.post("/device_authorization", {**program.client, "startUrl": "x", **change})

    assert refusal(asked) == answer
    assert Approval.objects.count() == 1


def test_an_address_that_asks_for_codes_too_often_is_told_to_slow_down(
    program: Program, settings: Settings
) -> None:
    program.begin()
    settings.SSO_RATE_LIMIT = "1/hour"
    body = {**program.client, "startUrl": "x"}

    answers = [program.post("/device_authorization", body) for _ in range(2)]

    assert answers[0].status_code == 200
    assert refusal(answers[1]) == SLOW_DOWN


def test_codes_are_what_aws_answers(program: Program, settings: Settings) -> None:
    found = program.begin()

    assert set(found) == {
        "deviceCode",
        "userCode",
        "verificationUri",
        "verificationUriComplete",
        "expiresIn",
        "interval",
    }
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", found["userCode"])
    page = f"{settings.BASE_URL}/device"
    assert found["verificationUri"] == page
    assert found["verificationUriComplete"] == f"{page}?user_code={found['userCode']}"
    assert (found["expiresIn"], found["interval"]) == (600, 2)
    stored = repr(Approval.objects.values().get())
    assert found["deviceCode"] not in stored
    assert found["userCode"].replace("-", "") not in stored


# The page


@pytest.mark.parametrize("method", ["get", "post"])
def test_signed_out_the_page_leads_to_the_sign_in_and_back(client: Client, method: str) -> None:
    response = getattr(client, method)("/device?user_code=BCDF-GHJK")

    again = response["Location"] if method == "get" else response.context["again"]
    assert again == "/oidc/authenticate/?next=%2Fdevice%3Fuser_code%3DBCDF-GHJK"


def test_a_link_with_the_code_allows_nothing(program: Program) -> None:
    given = program.begin()
    link = given["verificationUriComplete"].partition("/device")[2]
    browser = cast.signed_in("alice")

    page = browser.get(f"/device{link}&answer=allow")

    assert f'value="{given["userCode"]}"' in page.content.decode()
    assert Approval.objects.get().approved_at is None


def test_typing_a_code_allows_nothing_yet(program: Program) -> None:
    given = program.begin()

    assert say(cast.signed_in("alice"), given["userCode"]) == 200

    assert Approval.objects.get().approved_at is None
    assert not AuditEvent.objects.filter(action__startswith="sso.").exists()


def test_a_form_without_its_token_allows_nothing(program: Program) -> None:
    given = program.begin()
    browser = cast.signed_in("alice")
    browser.handler.enforce_csrf_checks = True

    assert say(browser, given["userCode"], "allow") == 403
    assert Approval.objects.get().approved_at is None


def test_a_code_that_there_is_not_is_said_on_the_page(program: Program) -> None:
    program.begin()
    browser = cast.signed_in("alice")

    for code, answer in product(("", "BCDF-GHJK", "x" * 500, "ÄÖÜ"), ("", "allow", "deny")):
        limiting.reset()
        response = browser.post("/device", {"user_code": code, "answer": answer})
        assert (code, response.status_code) == (code, 400)
        assert "This code is not valid" in response.context["complaint"]

    assert Approval.objects.get().sign_in is None


def test_whoever_guesses_codes_has_to_wait_and_is_told_so(program: Program) -> None:
    given = program.begin()
    guesser, other = cast.signed_in("mallory"), cast.signed_in("alice")
    for _ in range(10):
        assert say(guesser, "BCDF-GHJK") == 400

    assert say(guesser, "BCDF-GHJK") == 429
    assert say(other, given["userCode"]) == 200


def test_the_page_says_who_asks_when_and_from_where(
    program: Program, clock: time_machine.Traveller
) -> None:
    given = program.begin(clientName="<b>corp</b>")

    page = cast.signed_in("alice").post("/device", {"user_code": given["userCode"].lower()})

    said = page.content.decode()
    assert "192.0.2.10" in said
    assert "(not the address of this browser)" in said
    assert "&lt;b&gt;corp&lt;/b&gt;</span> (nobody has verified this name)" in said
    assert "22 November 2026, 12:00:00 UTC" in said
    assert given["userCode"] in said
    assert "no-store" in page["Cache-Control"]
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]


def test_the_page_is_quiet_where_the_address_is_the_same(program: Program) -> None:
    given = program.begin()
    browser = cast.signed_in("alice")

    page = browser.post("/device", {"user_code": given["userCode"]}, REMOTE_ADDR="192.0.2.10")

    assert "another address" not in page.content.decode()


@pytest.mark.parametrize("typed", ["{0}", " {0} ", "{1}", "{2}"])
def test_a_code_can_be_typed_as_people_type(program: Program, typed: str) -> None:
    code = program.begin()["userCode"]
    code = typed.format(code, code.replace("-", "").lower(), code.replace("-", " "))

    assert say(cast.signed_in("alice"), code) == 200


# What a code gives


@pytest.mark.parametrize("code", ["", "x", "gatehouse_" + "0" * 49])
def test_a_device_code_that_there_is_not_gives_nothing(program: Program, code: str) -> None:
    program.begin()

    assert refusal(program.poll(code)) == INVALID_GRANT


def test_a_code_of_the_browser_is_no_device_code_so_that_nobody_goes_without_its_verifier(
    program: Program,
) -> None:
    program.register(grantTypes=None)
    code = program.code(cast.signed_in("alice"))

    assert refusal(program.poll(code)) == INVALID_GRANT
    assert not CliToken.objects.exists()


def test_the_device_code_of_one_client_is_nothing_to_another(program: Program) -> None:
    given = program.begin()
    say(cast.signed_in("alice"), given["userCode"], "allow")
    program.register(redirectUris=None, grantTypes=None)

    assert refusal(program.poll(given["deviceCode"])) == INVALID_GRANT


def test_a_client_that_registered_for_the_browser_cannot_poll(program: Program) -> None:
    given = program.begin()
    program.register()

    assert refusal(program.poll(given["deviceCode"])) == NOT_FOR_CLIENT


def test_polling_is_pending_twice_at_once_and_then_at_its_interval(
    program: Program, clock: time_machine.Traveller
) -> None:
    code = program.begin()["deviceCode"]
    first_three = [refusal(program.poll(code)) for _ in range(3)]
    clock.shift(timedelta(seconds=2))
    in_time = refusal(program.poll(code))
    clock.shift(timedelta(seconds=1.9))
    too_soon = refusal(program.poll(code))

    assert first_three == [PENDING, PENDING, SLOW_DOWN]
    assert (in_time, too_soon) == (PENDING, SLOW_DOWN)


def test_denied_is_said_to_the_command_line_and_recorded(program: Program) -> None:
    given = program.begin()

    assert say(cast.signed_in("alice"), given["userCode"], "deny") == 200

    assert refusal(program.poll(given["deviceCode"])) == (400, "AccessDeniedException")
    event = AuditEvent.objects.get(action=Action.CLI_DENIED)
    assert (event.sub, event.ip, event.detail["requested_from"]) == (
        "sub-alice",
        "127.0.0.1",
        "192.0.2.10",
    )
    assert not CliToken.objects.exists()


def test_a_code_nobody_typed_in_ten_minutes_is_over(
    program: Program, clock: time_machine.Traveller
) -> None:
    given = program.begin()
    browser = cast.signed_in("alice", now=NOON)
    clock.shift(timedelta(minutes=10))

    assert say(browser, given["userCode"], "allow") == 400
    assert refusal(program.poll(given["deviceCode"])) == (400, "ExpiredTokenException")


def test_a_code_that_was_allowed_in_time_is_over_as_well(
    program: Program, clock: time_machine.Traveller
) -> None:
    given = program.begin()
    clock.shift(timedelta(minutes=9, seconds=59))
    assert say(cast.signed_in("alice", now=NOON), given["userCode"], "allow") == 200
    clock.shift(timedelta(seconds=1))

    assert refusal(program.poll(given["deviceCode"])) == (400, "ExpiredTokenException")


@pytest.mark.parametrize("first", ["allow", "deny"])
def test_a_code_is_answered_once(program: Program, first: str) -> None:
    given = program.begin()
    say(cast.signed_in("alice"), given["userCode"], first)

    for answer in ("allow", "deny"):
        assert say(cast.signed_in("mallory"), given["userCode"], answer) == 400

    assert Approval.objects.get().sign_in is not None
    assert AuditEvent.objects.filter(action__startswith="sso.client").count() == 1


def test_of_two_who_answer_at_once_one_does(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = program.begin()
    seen_by_both = device_codes.find(
        user_code=given["userCode"], now=Approval.objects.get().requested_at
    )
    say(cast.signed_in("alice"), given["userCode"], "deny")
    monkeypatch.setattr(device_codes, "find", lambda **asked: seen_by_both)

    with pytest.raises(ClientRefused, match="answered"):
        device_codes.answer(
            sign_in=cast.sign_in("bob"),
            user_code=given["userCode"],
            allow=True,
            origin=ORIGIN,
            now=seen_by_both.requested_at,
        )

    assert Approval.objects.get().approved_at is None


def test_nobody_answers_by_a_sign_in_that_is_over(program: Program) -> None:
    given = program.begin()
    sign_in = cast.sign_in("alice")
    cast.block_everybody()

    with pytest.raises(SignInAgain):
        device_codes.answer(
            sign_in=sign_in,
            user_code=given["userCode"],
            allow=True,
            origin=ORIGIN,
            now=sign_in.started_at,
        )


def test_a_device_code_gives_nothing_once_the_sign_in_is_over(program: Program) -> None:
    given = program.begin()
    say(cast.signed_in("alice"), given["userCode"], "allow")
    approval = Approval.objects.select_related("sign_in__person").get()
    assert approval.sign_in is not None
    signins.end(sign_in=approval.sign_in, reason="x", origin=ORIGIN, now=approval.requested_at)

    assert refusal(program.poll(given["deviceCode"])) == INVALID_GRANT


def test_allowed_gives_tokens_once_and_a_second_use_ends_them(program: Program) -> None:
    given = program.begin()
    assert refusal(program.poll(given["deviceCode"])) == PENDING
    say(cast.signed_in("alice"), given["userCode"], "allow")

    answer = program.poll(given["deviceCode"])

    found = json.loads(answer.content)
    assert set(found) == {"accessToken", "tokenType", "expiresIn", "refreshToken"}
    assert program.get("/assignment/accounts", found["accessToken"]).status_code == 200
    assert refusal(program.poll(given["deviceCode"])) == INVALID_GRANT
    assert program.get("/assignment/accounts", found["accessToken"]).status_code == 401
    issued = AuditEvent.objects.get(action=Action.CLI_TOKEN_ISSUED)
    assert (issued.sub, issued.ip, issued.detail["flow"]) == ("sub-alice", "192.0.2.10", "device")
    assert AuditEvent.objects.filter(action=Action.CLI_TOKEN_REUSED).count() == 1


def test_a_second_use_ends_the_tokens_even_when_the_code_itself_is_long_over(
    program: Program, clock: time_machine.Traveller
) -> None:
    given = program.begin()
    say(cast.signed_in("alice"), given["userCode"], "allow")
    token = json.loads(program.poll(given["deviceCode"]).content)["accessToken"]
    clock.shift(timedelta(minutes=11))

    assert refusal(program.poll(given["deviceCode"])) == INVALID_GRANT

    assert program.get("/assignment/accounts", token).status_code == 401


def test_a_client_without_scopes_gets_no_refresh_token(program: Program) -> None:
    given = program.begin(scopes=None)
    say(cast.signed_in("alice"), given["userCode"], "allow")

    assert "refreshToken" not in json.loads(program.poll(given["deviceCode"]).content)
