"""The API by a token of the portal: refused as any bearer is, and never more than its scope and its maker."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.utils import timezone
from pytest_django import Settings

from accounts import bearer_secrets
from accounts.models import Account, AuditEvent, Mapping, PermissionSet, SignIn, Token
from accounts.models.audit import Action
from accounts.portal_tokens import bearers, lifecycle
from accounts.types import Kind, Scope
from tests import cast
from tests.accounts.test_access import DEV, PROD
from tests.emulators import whose_keys
from tests.portal.api.conftest import Program
from tests.portal.api.test_original import DEVELOPER, OPERATOR, body

pytestmark = pytest.mark.usefixtures("northwind", "sts_endpoint")

READ_ONLY = f"arn:aws:iam::{DEV}:role/ReadOnly"
READ_ONLY_IN_PROD = f"arn:aws:iam::{PROD}:role/ReadOnly"


def make(who: str = "alice", *, machine: str | None = None, **scope: Any) -> str:
    now = timezone.now()
    made = lifecycle.create(
        sign_in=cast.sign_in(who, now=now),
        purpose="nightly report",
        scope=Scope(**scope),
        lifetime=timedelta(days=1),
        machine=machine,
        origin=cast.ORIGIN,
        now=now,
    )
    return made.secret


def refusal(answer: HttpResponse) -> tuple[int, str]:
    return answer.status_code, body(answer)["error"]["code"]


def spoil(how: str) -> None:
    """Let the one token there is, or the person behind it, come to an end."""
    past = timezone.now() - timedelta(days=8)
    match how:
        case "revoked":
            Token.objects.update(revoked_at=past)
        case "expired":
            Token.objects.update(created_at=past, expires_at=past + timedelta(days=1))
        case "blocked":
            cast.block_everybody()
        case "stale":
            SignIn.objects.update(expires_at=past)


# Refused


@pytest.mark.parametrize("how", ["revoked", "expired", "blocked", "stale"])
@pytest.mark.parametrize("path", ["/api/credentials", "/api/login"])
def test_a_token_that_is_over_gets_nothing_and_leaves_one_row(
    path: str, how: str, program: Program
) -> None:
    secret = make()
    spoil(how)

    answer = program.get(path, secret, role=DEVELOPER)

    assert refusal(answer) == (401, f"token.{how}")
    assert 'error="invalid_token"' in answer["WWW-Authenticate"]
    [row] = AuditEvent.objects.filter(surface="api")
    assert (row.action, row.error_code, row.request_id) == (
        Action.TOKEN_REFUSED,
        f"token.{how}",
        answer["X-Request-Id"],
    )


@pytest.mark.parametrize(
    ("bearer", "code"),
    [
        (bearer_secrets.generate()[:-1], "token.malformed"),
        ("gatehouse_", "token.malformed"),
        (bearer_secrets.generate(), "token.unknown"),
        (bearer_secrets.generate().upper(), "token.format"),  # Not ours by its prefix, and no JWT.
    ],
    ids=["cut short", "prefix alone", "made up", "in capitals"],
)
def test_what_is_no_token_gets_nothing_and_leaves_no_row(
    bearer: str, code: str, program: Program
) -> None:
    assert refusal(program.get("/api/credentials", bearer, role=DEVELOPER)) == (401, code)
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("name", ["access_token", "authorization", "bearer"])
def test_a_token_anywhere_but_in_the_header_is_not_looked_at(name: str, program: Program) -> None:
    secret = make()
    program.client.cookies[name] = secret

    answer = program.get("/api/credentials", role=DEVELOPER, **{name: secret})

    assert body(answer)["error"]["code"] == "token.missing"


@pytest.mark.parametrize(
    ("role", "path", "code"),
    [
        (DEVELOPER, "/api/credentials", "access.scope"),
        (READ_ONLY_IN_PROD, "/api/credentials", "access.scope"),
        (READ_ONLY, "/api/login", "access.scope"),
        (OPERATOR, "/api/credentials", "access.scope"),
    ],
)
def test_what_is_beyond_the_scope_is_denied(
    role: str, path: str, code: str, program: Program
) -> None:
    secret = make(
        permission_sets=frozenset({"ReadOnly"}),
        account_ids=frozenset({DEV}),
        kinds=frozenset({Kind.KEYS}),
    )

    assert refusal(program.get(path, secret, role=role)) == (403, code)


@pytest.mark.usefixtures("sts_endpoint")
@pytest.mark.parametrize("machine", [None, "nightly"])
def test_a_read_only_token_gets_nothing_else_whatever_the_request_says(
    program: Program, machine: str | None
) -> None:
    PermissionSet.objects.filter(name="Developer").update(
        read_only_policy_arns=["arn:aws:iam::aws:policy/ReadOnlyAccess"]
    )
    Mapping.objects.all().delete()
    dev = Account.objects.get(account_id=DEV)
    claim, value = (bearers.MACHINE_CLAIM, "nightly") if machine else ("groups", "payments")
    for name in ("Developer", "ReadOnly"):
        cast.mapping(value, PermissionSet.objects.get(name=name), dev, claim=claim)
    secret = make("carol" if machine else "alice", machine=machine, read_only=True)

    for path in ("/api/credentials", "/api/login"):
        # Where the role has no read-only policy, nothing: never more than the token may.
        assert refusal(program.get(path, secret, role=READ_ONLY)) == (
            403,
            "access.read_only_denied",
        )
    keys = json.dumps({"role_arn": DEVELOPER, "read_only": False})
    answer = program.send("POST", "/api/v1/keys", secret, keys)

    assert answer.status_code == 200, answer.content
    assert json.loads(answer.content)["read_only"] is True
    row = AuditEvent.objects.get(action=Action.KEYS_ISSUED)
    assert row.detail["session_policy"] == "read-only"


def test_what_its_maker_may_not_is_denied_whatever_the_scope(program: Program) -> None:
    assert refusal(program.get("/api/credentials", make(), role=OPERATOR)) == (
        403,
        "access.denied",
    )


def test_a_machine_without_a_mapping_gets_nothing(program: Program) -> None:
    secret = make("carol", machine="deploy")

    assert refusal(program.get("/api/credentials", secret, role=DEVELOPER))[0] == 403


@pytest.mark.parametrize("how", ["revoked", "blocked", "fine"])
def test_the_secret_is_in_no_answer_and_no_log(
    how: str, program: Program, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = make()
    spoil(how)

    answer = program.get("/api/credentials", secret, role=DEVELOPER)

    assert secret not in answer.content.decode() + caplog.text + str(answer.headers)
    assert secret[10:53] not in caplog.text


# Granted


def test_a_token_gives_keys_that_work_and_is_named_in_the_record(
    program: Program, sts_endpoint: str
) -> None:
    secret = make(permission_sets=frozenset({"Developer"}))

    answer = program.get("/api/credentials", secret, role=DEVELOPER)

    assert answer.status_code == 200
    keys = json.loads(answer.content)
    arn = whose_keys(
        sts_endpoint,
        access_key_id=keys["AccessKeyId"],
        secret_access_key=keys["SecretAccessKey"],
        session_token=keys["SessionToken"],
    )
    assert arn.startswith(f"arn:aws:sts::{DEV}:assumed-role/Developer/alice")
    row = AuditEvent.objects.get(action=Action.KEYS_ISSUED)
    assert (row.sub, row.surface, row.access_key_id) == ("sub-alice", "api", keys["AccessKeyId"])
    assert row.detail["token"] == str(Token.objects.get().id)
    assert "no-store" in answer["Cache-Control"]


def test_a_machine_gets_the_role_that_is_mapped_to_its_name(program: Program) -> None:
    cast.mapping(
        "deploy",
        PermissionSet.objects.get(name="Developer"),
        "all",
        claim=bearers.MACHINE_CLAIM,
        name="Deployments",
    )
    secret = make("carol", machine="deploy", kinds=frozenset({Kind.KEYS}))

    answer = program.get("/api/credentials", secret, role=DEVELOPER)

    assert answer.status_code == 200
    row = AuditEvent.objects.get(action=Action.KEYS_ISSUED)
    assert (row.issuer, row.sub) == ("http://localhost:8000", "token:deploy")
    assert row.session_name.startswith("token-deploy-")


def test_a_token_works_while_the_provider_is_away_and_unset(
    program: Program, settings: Settings
) -> None:
    settings.OIDC_ISSUER = "http://localhost:9"
    settings.API_AUDIENCES = []

    assert program.get("/api/credentials", make(), role=DEVELOPER).status_code == 200
