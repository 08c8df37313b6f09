"""/api/credentials and /api/login answer as the original did, and give only what is given now."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import OperationalError
from joserfc.jwk import RSAKey

from accounts import audit
from accounts.models import Account, AuditEvent, Block, Mapping
from accounts.models.audit import Action
from tests import cast
from tests.emulators import ConsoleEndpoint, whose_keys
from tests.issuer import Issuer
from tests.portal.api.conftest import Program

pytestmark = pytest.mark.usefixtures("northwind", "sts_endpoint")

DEVELOPER = "arn:aws:iam::210987654321:role/gatehouse/Developer"
OPERATOR = "arn:aws:iam::123456789012:role/Operator"
BOTH = pytest.mark.parametrize("path", ["/api/credentials", "/api/login"])


def body(answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.content)
    return found


# --- what is refused -----------------------------------------------------------------------------


@BOTH
def test_request_without_a_token_is_refused_in_the_originals_words(
    path: str, program: Program
) -> None:
    answer = program.get(path, role=DEVELOPER)

    assert answer.status_code == 400
    assert body(answer)["error_message"] == "No authorization header found."
    assert body(answer)["error"]["code"] == "token.missing"


@pytest.mark.parametrize("header", ["Basic YWxpY2U6YWxpY2U=", "Bearer", "Bearer ", "token"])
def test_other_authorization_is_refused_in_the_originals_words(
    program: Program, header: str
) -> None:
    answer = program.get("/api/credentials", role=DEVELOPER)
    answer = program.send(
        "GET", "/api/credentials", data={"role": DEVELOPER}, headers={"Authorization": header}
    )

    assert answer.status_code == 400
    assert body(answer)["error message"] == "Invalid authorization token"
    assert body(answer)["error"]["code"] == "token.scheme"


@BOTH
def test_token_that_proves_nothing_opens_nothing_and_is_told_to_nobody(
    path: str, program: Program, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    token = issuer.token(key=RSAKey.generate_key(2048, {"kid": "one"}))

    answer = program.get(path, token, role=DEVELOPER)

    assert answer.status_code == 401
    assert body(answer)["error"]["code"] == "token.signature"
    told = caplog.text + answer.content.decode() + str(answer.headers)
    assert "SecretAccessKey" not in told
    assert "refused a bearer token" in caplog.text
    assert all(part not in told for part in token.split("."))
    assert not AuditEvent.objects.exists()


@BOTH
def test_request_without_a_role_is_refused_in_the_originals_words(
    path: str, program: Program, issuer: Issuer
) -> None:
    answer = program.get(path, issuer.token())

    assert answer.status_code == 400
    assert (
        body(answer)["error_message"]
        == "You must provide a role arn via the query parameter 'role'"
    )


def test_what_is_no_arn_of_a_role_is_refused_in_the_originals_words(
    program: Program, issuer: Issuer
) -> None:
    for role in ("", "Developer", "arn:aws:s3:::bucket", "arn:aws:iam::1:role/x", f"{DEVELOPER}\n"):
        answer = program.get("/api/credentials", issuer.token(), role=role)
        assert (role, answer.status_code, body(answer)["error_message"]) == (
            role,
            400,
            "invalid role arn",
        )


NOT_GIVEN = [
    ("mallory", DEVELOPER),
    ("alice", OPERATOR),
    ("alice", "arn:aws:iam::210987654321:role/Developer"),  # without its path
    ("alice", "arn:aws:iam::210987654321:role/other/Developer"),
    ("alice", "arn:aws-cn:iam::210987654321:role/gatehouse/Developer"),
    ("alice", "arn:aws:iam::210987654321:role/gatehouse/developer"),
    ("alice", "arn:aws:iam::999999999999:role/gatehouse/Developer"),
    ("alice", "arn:aws:iam::210987654321:role/Unknown"),
]


@BOTH
def test_role_that_is_not_given_is_refused_and_recorded_once(
    path: str, program: Program, issuer: Issuer
) -> None:
    action = Action.KEYS_DENIED if path == "/api/credentials" else Action.CONSOLE_DENIED
    for who, role in NOT_GIVEN:
        answer = program.get(path, issuer.token(who), role=role)
        assert (role, answer.status_code, body(answer)["error_message"]) == (
            role,
            403,
            "role not allowed",
        )

    rows = AuditEvent.objects.order_by("at")
    assert [(row.action, row.surface, row.sub, row.account_id) for row in rows] == [
        (action, "api", f"sub-{who}", role.split(":")[4]) for who, role in NOT_GIVEN
    ]
    assert {row.access_key_id for row in rows} == {""}


def test_role_arn_in_a_claim_gives_nothing_unless_the_directory_offers_it(
    program: Program, issuer: Issuer
) -> None:
    cast.mapping(
        "arn:{partition}:iam::{account_id}:role/{role}",
        None,
        "all",
        claim="roles",
        match="template",
        name="ARNs",
    )
    unknown = "arn:aws:iam::210987654321:role/Admin"

    answer = program.get("/api/credentials", issuer.token("mallory", roles=[unknown]), role=unknown)

    assert answer.status_code == 403


@BOTH
@pytest.mark.parametrize("blocked", [False, True])
def test_nobody_learns_from_a_refusal_which_roles_there_are(
    program: Program, issuer: Issuer, path: str, blocked: bool
) -> None:
    cast.sign_in(replace(cast.subject("mallory"), issuer=issuer.url))
    if blocked:
        cast.block_everybody()

    there, nowhere = (
        program.get(path, issuer.token("mallory"), role=role)
        for role in (DEVELOPER, DEVELOPER.replace("Developer", "Nothing"))
    )

    assert there.status_code == nowhere.status_code
    said, also = body(there), body(nowhere)
    assert said["error"].pop("request_id") != also["error"].pop("request_id")
    assert said == also


def test_who_has_the_role_is_told_to_look_at_the_arn(program: Program, issuer: Issuer) -> None:
    mistyped = DEVELOPER.replace("gatehouse/", "")

    answer = program.get("/api/credentials", issuer.token("alice"), role=mistyped)

    assert answer.status_code == 403
    assert "including the path" in body(answer)["error"]["message"]
    [row] = AuditEvent.objects.filter(action=Action.KEYS_DENIED)
    assert (row.role_arn, row.access_key_id) == (mistyped, "")


def test_session_cookie_never_opens_the_api(issuer: Issuer) -> None:
    browser = cast.signed_in("alice")

    answer = browser.get("/api/credentials", {"role": DEVELOPER})

    assert answer.status_code == 400
    assert body(answer)["error_message"] == "No authorization header found."


def test_cookie_beside_a_token_changes_nothing(program: Program, issuer: Issuer) -> None:
    browser = cast.signed_in("alice")
    token = issuer.token("mallory")

    answer = browser.get(
        "/api/credentials", {"role": DEVELOPER}, headers={"Authorization": f"Bearer {token}"}
    )
    broken = program.send(
        "GET",
        "/api/credentials",
        issuer.token(),
        {"role": DEVELOPER},
        headers={"Cookie": "gatehouse=\x00broken"},
    )

    assert answer.status_code == 403
    assert broken.status_code == 200


def test_blocked_person_is_refused_and_recorded(program: Program, issuer: Issuer) -> None:
    Block.objects.create(issuer=issuer.url, sub="sub-alice", reason="left")

    answer = program.get("/api/credentials", issuer.token(), role=DEVELOPER)

    assert answer.status_code == 401
    assert body(answer)["error"]["code"] == "signin.blocked"
    assert AuditEvent.objects.get().error_code == "signin.blocked"


@BOTH
def test_only_get_is_answered(path: str, program: Program, issuer: Issuer) -> None:
    for method in ("HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        answer = program.send(method, f"{path}?role={DEVELOPER}", issuer.token())
        assert (method, answer.status_code, answer["Allow"]) == (method, 405, "GET")
        assert method == "HEAD" or body(answer)["error"]["code"] == "request.method"

    assert not AuditEvent.objects.exists()


def test_group_taken_away_since_the_last_token_counts_at_once(
    program: Program, issuer: Issuer
) -> None:
    assert program.get("/api/credentials", issuer.token(), role=DEVELOPER).status_code == 200

    answer = program.get("/api/credentials", issuer.token(groups=[]), role=DEVELOPER)

    assert answer.status_code == 403


def test_mapping_disabled_a_moment_ago_counts_at_once(program: Program, issuer: Issuer) -> None:
    token = issuer.token()
    assert program.get("/api/credentials", token, role=DEVELOPER).status_code == 200
    Mapping.objects.update(enabled=False)

    assert program.get("/api/credentials", token, role=DEVELOPER).status_code == 403


def test_role_in_an_account_that_is_not_active_is_refused(program: Program, issuer: Issuer) -> None:
    Account.objects.update(active=False)

    assert program.get("/api/credentials", issuer.token(), role=DEVELOPER).status_code == 403


def test_nothing_is_released_when_the_record_cannot_be_written(
    program: Program, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: Any) -> None:
        raise OperationalError("disk full")

    monkeypatch.setattr(audit, "record", broken)

    answer = program.get("/api/credentials", issuer.token(), role=DEVELOPER)

    assert answer.status_code == 503
    assert body(answer)["error"]["code"] == "audit.unavailable"
    assert "SecretAccessKey" not in answer.content.decode()


def test_provider_that_is_down_is_said_with_503(program: Program, issuer: Issuer) -> None:
    issuer.publisher.replies.clear()
    issuer.publisher.publish("/.well-known/openid-configuration", {}, status=500)

    answer = program.get("/api/credentials", issuer.token(), role=DEVELOPER)

    assert answer.status_code == 503
    assert body(answer)["error"]["code"] == "signin.provider.unavailable"
    assert answer["Retry-After"] == "5"


# --- what is given -------------------------------------------------------------------------------


def test_credentials_have_the_originals_shape_and_work(
    program: Program, issuer: Issuer, sts_endpoint: str
) -> None:
    answer = program.get("/api/credentials", issuer.token(), role=DEVELOPER)

    assert answer.status_code == 200
    found = body(answer)
    assert list(found) == ["AccessKeyId", "Expiration", "SecretAccessKey", "SessionToken"]
    assert answer.content.decode() == json.dumps(found, indent=4, sort_keys=True)
    assert found["Expiration"].endswith("+00:00")
    assert datetime.fromisoformat(found["Expiration"]).utcoffset() == timedelta(0)
    arn = whose_keys(
        sts_endpoint,
        access_key_id=found["AccessKeyId"],
        secret_access_key=found["SecretAccessKey"],
        session_token=found["SessionToken"],
    )
    assert arn.startswith("arn:aws:sts::210987654321:")


def test_credentials_leave_one_row_that_says_why(program: Program, issuer: Issuer) -> None:
    answer = program.get("/api/credentials", issuer.token(), role=DEVELOPER)

    [row] = AuditEvent.objects.all()
    assert row.action == Action.KEYS_ISSUED
    assert row.access_key_id == body(answer)["AccessKeyId"]
    assert (row.surface, row.actor, row.role_arn, row.reason) == (
        "api",
        "alice@northwind.example",
        DEVELOPER,
        "Developers of payments: groups = payments",
    )
    assert row.duration == 3600


def test_login_gives_the_address_of_the_console(
    program: Program, issuer: Issuer, console_endpoint: ConsoleEndpoint, settings: Any
) -> None:
    settings.AWS_FEDERATION_ENDPOINT = console_endpoint.url
    answer = program.get("/api/login", issuer.token(), role=DEVELOPER)

    assert answer.status_code == 200
    found = body(answer)
    assert list(found) == ["url"]
    assert answer.content.decode() == json.dumps(found, indent=4, sort_keys=True)
    assert parse_qs(urlsplit(found["url"]).query)["Action"] == ["login"]
    assert AuditEvent.objects.get().action == Action.CONSOLE_ISSUED


@pytest.mark.parametrize("token", [True, False])
def test_answers_are_never_kept_nor_for_other_sites(
    program: Program, issuer: Issuer, token: bool
) -> None:
    answer = program.send(
        "GET",
        "/api/credentials",
        issuer.token() if token else None,
        {"role": DEVELOPER},
        headers={"Origin": "https://evil.example"},
    )

    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Type"] == "application/json"
    assert not [name for name in answer.headers if name.startswith("Access-Control-")]
    assert "Set-Cookie" not in answer


def test_scheme_is_read_in_any_case(program: Program, issuer: Issuer) -> None:
    answer = program.send(
        "GET",
        "/api/credentials",
        data={"role": DEVELOPER},
        headers={"Authorization": f"bearer {issuer.token()}"},
    )

    assert answer.status_code == 200


def test_role_with_another_iam_name_is_found_by_its_arn(program: Program, issuer: Issuer) -> None:
    prod = Account.objects.get(name="payments-prod")
    billing = cast.permission_set("Billing")
    cast.offer(prod, billing, iam_role_name="LegacyBilling")
    cast.mapping("payments", billing, prod)

    by_its_name = program.get(
        "/api/credentials", issuer.token(), role="arn:aws:iam::123456789012:role/LegacyBilling"
    )
    by_the_sets = program.get(
        "/api/credentials", issuer.token(), role="arn:aws:iam::123456789012:role/Billing"
    )

    assert (by_its_name.status_code, by_the_sets.status_code) == (200, 403)
