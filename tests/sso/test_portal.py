"""Accounts, roles and keys for a command line: those that give keys, decided now, page by page."""

from __future__ import annotations

import base64
import json
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts.aws import clients
from accounts.models import Account, AuditEvent, Mapping, PermissionSet, SignIn
from accounts.models.audit import Action
from tests import cast
from tests.emulators import Reply, ScriptedServer, sts_at
from tests.sso.conftest import BEARER, FORBIDDEN, INVALID_REQUEST, Program, denial

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind")]

ACCOUNTS, ROLES, KEYS = "/assignment/accounts", "/assignment/roles", "/federation/credentials"
DEV, PROD = "210987654321", "123456789012"


def listed(program: Program, path: str, token: str, **query: str) -> list[tuple[str, str]]:
    """Return what is listed, every page of it, as pairs of name and account."""
    found: list[tuple[str, str]] = []
    while True:
        answer = program.get(path, token, **query)
        assert answer.status_code == 200, answer.content
        body = json.loads(answer.content)
        if path == ACCOUNTS:
            found += [(each["accountName"], each["accountId"]) for each in body["accountList"]]
        else:
            found += [(each["roleName"], each["accountId"]) for each in body["roleList"]]
        if "nextToken" not in body:
            return found
        query["next_token"] = body["nextToken"]


def ask(program: Program, token: str, account_id: str = DEV, role_name: str = "Developer") -> Any:
    return program.get(KEYS, token, account_id=account_id, role_name=role_name)


# Nothing that is not given


def test_who_is_entitled_to_nothing_sees_no_account(program: Program) -> None:
    token = program.login("mallory")["accessToken"]

    assert listed(program, ACCOUNTS, token) == []
    assert denial(program.get(ROLES, token, account_id=DEV)) == FORBIDDEN
    assert AuditEvent.objects.get(action="access.page.denied").account_id == DEV


def test_account_that_people_switch_to_is_not_listed_and_gives_no_keys(program: Program) -> None:
    Account.objects.filter(account_id=DEV).update(trust_method="switch-role")
    token = program.login()["accessToken"]

    assert listed(program, ACCOUNTS, token) == [("payments-prod", PROD)]
    assert denial(ask(program, token)) == FORBIDDEN
    assert AuditEvent.objects.get(action="access.keys.denied").error_code == "access.no_keys"


def test_sign_in_that_is_too_old_for_the_account_says_what_helps(program: Program) -> None:
    """`aws sso login` alone would lead to the same sign-in again."""
    Account.objects.filter(account_id=DEV).update(trust_method="user-token")
    token = program.login()["accessToken"]

    answer = ask(program, token)

    assert denial(answer) == FORBIDDEN
    assert "Sign out of this portal and sign in again." in answer.content.decode()
    assert AuditEvent.objects.latest("at").error_code == "signin.id_token_too_old"


def without_names(answer: Any) -> str:
    """The message without what was asked for: in a refusal, all else is the same for a role that does not exist."""
    said: str = answer.json()["message"]
    assert "Asked for: " in said
    return re.sub(r"Asked for: .*? Signed in", "Signed in", re.sub(r" Ask for help: .*", "", said))


def test_unknown_and_not_given_are_refused_in_the_same_words(program: Program) -> None:
    token = program.login()["accessToken"]
    asked = [
        (PROD, "Operator"),
        (PROD, "Nobody"),
        ("999999999999", "ReadOnly"),
        ("x\x00", "ReadOnly"),
        (DEV, "developer"),
        (DEV, "\ufffd" * 300),
    ]

    answers = [ask(program, token, *each) for each in asked]

    assert {denial(answer) for answer in answers} == {FORBIDDEN}
    assert len({without_names(answer) for answer in answers}) == 1
    events = AuditEvent.objects.filter(action=Action.KEYS_DENIED)
    assert events.count() == len(asked)
    assert set(events.values_list("surface", "sub")) == {("sso", "sub-alice")}


def test_accounts_that_are_unknown_and_not_given_are_refused_in_the_same_words(
    program: Program,
) -> None:
    token = program.login("bob")["accessToken"]

    answers = [program.get(ROLES, token, account_id=each) for each in (DEV, "999999999999", "\x00")]

    assert {denial(answer) for answer in answers} == {FORBIDDEN}
    assert len({without_names(answer) for answer in answers}) == 1


def test_refusal_tells_what_was_asked_who_asked_what_arrived_and_where_to_ask_for_help(
    program: Program,
) -> None:
    token = program.login()["accessToken"]

    said = ask(program, token, PROD, "Operator").json()["message"]

    for told in (
        f"Asked for: Operator in payments-prod {PROD}.",
        "Signed in as: alice@northwind.example.",
        "Your identity provider sent: groups = payments, platform.",
        f"Ask for help: http://localhost:8000/keys?account_id={PROD}&role_name=Operator",
    ):
        assert told in said, said
    assert "It would take" not in said


def test_refusal_tells_what_it_would_take_where_the_operator_allows_it(
    program: Program, settings: Settings
) -> None:
    settings.REFUSALS_SAY_WHAT_IS_NEEDED = True
    token = program.login()["accessToken"]

    said, of_none = (
        ask(program, token, PROD, role).json()["message"] for role in ("Operator", "Nobody")
    )

    assert "It would take: groups = on-call" in said, said
    assert "It would take" not in of_none


@pytest.mark.parametrize("by", ["mapping", "permission set"])
def test_a_role_for_the_console_only_is_neither_listed_nor_given(program: Program, by: str) -> None:
    if by == "mapping":
        Mapping.objects.filter(name="Developers of payments").update(keys=False)
    else:
        PermissionSet.objects.filter(name="Developer").update(keys=False)
    token = program.login()["accessToken"]

    assert listed(program, ROLES, token, account_id=DEV) == [("ReadOnly", DEV)]
    assert denial(ask(program, token)) == FORBIDDEN


def test_an_account_with_a_console_only_is_not_listed(program: Program) -> None:
    Mapping.objects.update(keys=False)
    token = program.login()["accessToken"]

    assert listed(program, ACCOUNTS, token) == []


def test_an_entitlement_that_ended_a_moment_ago_gives_nothing(program: Program) -> None:
    token = program.login()["accessToken"]
    assert len(listed(program, ACCOUNTS, token)) == 2

    Mapping.objects.all().delete()

    assert listed(program, ACCOUNTS, token) == []
    assert denial(ask(program, token)) == FORBIDDEN


def test_groups_that_were_cut_off_are_said_and_give_nothing(program: Program) -> None:
    overflowing = cast.signed_in(cast.subject("alice", groups=[], hasgroups=True))
    token = program.login(overflowing)["accessToken"]

    for answer in (program.get(ACCOUNTS, token), ask(program, token)):
        assert denial(answer) == FORBIDDEN
        assert "groups" in json.loads(answer.content)["message"]


@pytest.mark.parametrize("missing", ["account_id", "role_name"])
def test_keys_of_no_role_are_refused(program: Program, missing: str) -> None:
    token = program.login()["accessToken"]
    query = {"account_id": DEV, "role_name": "Developer"}

    assert denial(program.get(KEYS, token, **query | {missing: ""})) == INVALID_REQUEST


def test_roles_of_no_account_are_refused(program: Program) -> None:
    assert denial(program.get(ROLES, program.login()["accessToken"])) == INVALID_REQUEST


def b64(found: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(found).encode()).decode()


def test_a_page_that_cannot_be_is_refused(program: Program) -> None:
    token = program.login()["accessToken"]
    sizes = ("0", "101", "-1", "x", "1.5", "²", "9" * 5000, "")
    encoded = (b64([1, 2]), b64(["x"]), b64(7), b64(["x", {"y": 1}]))
    queries = [{"max_result": size} for size in sizes]
    queries += [{"next_token": wrong} for wrong in ("x", "é", "====", "W1tb" * 400, *encoded)]

    answers = [denial(program.get(ACCOUNTS, token, **query)) for query in queries]

    assert list(zip(queries, answers, strict=True)) == [
        (query, INVALID_REQUEST) for query in queries
    ]


# What AWS says no to


@pytest.mark.parametrize(
    ("status", "code", "answer"),
    [
        (403, "AccessDenied", FORBIDDEN),
        (400, "RegionDisabledException", FORBIDDEN),
        (503, "ServiceUnavailable", (503, "InternalServerException")),
    ],
)
def test_what_aws_refuses_is_not_tried_again_and_what_it_cannot_is(
    program: Program, status: int, code: str, answer: tuple[int, str]
) -> None:
    token = program.login()["accessToken"]
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>arn:of:somebody</Message></Error></ErrorResponse>"
    with ScriptedServer(lambda seen: Reply(status, body)) as sts, sts_at(sts.url):
        refused = ask(program, token)

    assert denial(refused) == answer
    assert "arn:of:somebody" not in refused.content.decode()
    assert AuditEvent.objects.filter(action=Action.KEYS_FAILED).count() == 1
    clients.reset()


# What is given


def test_accounts_are_what_aws_answers(program: Program) -> None:
    token = program.login()["accessToken"]

    answer = program.get(ACCOUNTS, token)

    assert json.loads(answer.content) == {
        "accountList": [
            {"accountId": DEV, "accountName": "payments-dev"},
            {"accountId": PROD, "accountName": "payments-prod"},
        ]
    }
    assert answer["Content-Type"] == "application/json"
    assert "no-store" in answer["Cache-Control"]
    assert not answer.cookies
    assert "Access-Control-Allow-Origin" not in answer


def test_roles_are_what_aws_answers(program: Program) -> None:
    token = program.login()["accessToken"]

    answer = program.get(ROLES, token, account_id=DEV)

    assert json.loads(answer.content) == {
        "roleList": [
            {"roleName": "Developer", "accountId": DEV},
            {"roleName": "ReadOnly", "accountId": DEV},
        ]
    }


def test_pages_hold_everything_once(program: Program) -> None:
    read_only = PermissionSet.objects.get(name="ReadOnly")
    for number in range(3):
        where = cast.account("the-same-name", f"{number:012}")
        cast.offer(where, read_only)
        cast.mapping("payments", read_only, where, name=f"more {number}")
    token = program.login()["accessToken"]

    for size in ("1", "2", "3", "100"):
        assert listed(program, ACCOUNTS, token, max_result=size) == [
            ("payments-dev", DEV),
            ("payments-prod", PROD),
            *(("the-same-name", f"{number:012}") for number in range(3)),
        ]


def test_the_next_page_goes_on_where_an_account_has_gone(program: Program) -> None:
    token = program.login()["accessToken"]
    first = json.loads(program.get(ACCOUNTS, token, max_result="1").content)
    PermissionSet.objects.get(name="Developer").account_roles.all().delete()
    Mapping.objects.filter(name="Developers of payments").delete()

    assert listed(program, ACCOUNTS, token, next_token=first["nextToken"]) == [
        ("payments-prod", PROD)
    ]


def test_a_list_costs_the_same_queries_however_long_it_is(
    program: Program, django_assert_num_queries: Any
) -> None:
    token = program.login()["accessToken"]
    program.get(ACCOUNTS, token)  # The first asks when somebody was last seen, too.
    # Token, sign-in, blocks, and the three of a decision.
    with django_assert_num_queries(6):
        program.get(ACCOUNTS, token)
    read_only = PermissionSet.objects.get(name="ReadOnly")
    for number in range(20):
        where = cast.account(f"more-{number}", f"{number:012}")
        cast.offer(where, read_only)
        cast.mapping("payments", read_only, where, name=f"more {number}")

    with django_assert_num_queries(6):
        assert len(json.loads(program.get(ACCOUNTS, token).content)["accountList"]) == 22


@pytest.mark.usefixtures("sts_endpoint")
def test_keys_are_what_aws_answers_and_recorded(program: Program) -> None:
    token = program.login()["accessToken"]

    answer = ask(program, token)

    assert answer.status_code == 200
    found = json.loads(answer.content)
    assert set(found) == {"roleCredentials"}
    keys = found["roleCredentials"]
    assert set(keys) == {"accessKeyId", "secretAccessKey", "sessionToken", "expiration"}
    expires_in = keys["expiration"] / 1000 - timezone.now().timestamp()
    assert 0 < expires_in <= timedelta(hours=1).total_seconds() + 5
    assert isinstance(keys["expiration"], int)
    assert "no-store" in answer["Cache-Control"]
    event = AuditEvent.objects.get(action=Action.KEYS_ISSUED)
    assert (event.surface, event.sub, event.ip) == ("sso", "sub-alice", "192.0.2.10")
    assert event.access_key_id == keys["accessKeyId"]
    assert keys["secretAccessKey"] not in repr(event.__dict__)
    assert keys["sessionToken"] not in repr(event.__dict__)


def test_the_hyphens_of_a_proxy_are_the_same_header(program: Program) -> None:
    token = program.login()["accessToken"]

    answer = program.http.get(ACCOUNTS, headers={BEARER.replace("_", "-"): token})

    assert answer.status_code == 200


def test_a_person_removed_from_a_group_keeps_no_more_than_the_sign_in_has(
    program: Program, clock: time_machine.Traveller
) -> None:
    token = program.login()["accessToken"]
    clock.shift(timedelta(hours=1))

    assert program.get(ACCOUNTS, token).status_code == 401


def test_a_command_line_is_told_where_to_sign_in_and_goes_on_after_that(program: Program) -> None:
    token = program.login()["accessToken"]
    PermissionSet.objects.filter(name="Developer").update(requires_mfa=True)

    answer = ask(program, token)

    assert answer.status_code == 403
    assert answer["x-amzn-ErrorType"] == "ForbiddenException"
    message = json.loads(answer.content)["message"]
    assert f"http://localhost:8000/keys?account_id={DEV}&role_name=Developer" in message
    SignIn.objects.update(amr=["mfa"])
    assert ask(program, token).status_code == 200
