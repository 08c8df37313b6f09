"""What a machine's token of the portal reads through /api/v1: what its scope says, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accounts.models import AuditEvent, Token
from accounts.models.audit import Action
from accounts.types import Kind
from tests.issuer import Issuer
from tests.portal.api.conftest import Program
from tests.portal.api.test_original import body
from tests.portal.api.test_portal_tokens import make, refusal, spoil

pytestmark = pytest.mark.usefixtures("northwind", "sts_endpoint")

DIRECTORY = ["/api/v1/accounts", "/api/v1/permission-sets", "/api/v1/mappings"]
AUDIT = ["/api/v1/audit"]
DEVELOPER = "arn:aws:iam::210987654321:role/gatehouse/Developer"


def machine(
    *, kinds: frozenset[Kind] = frozenset(), directory: bool = False, audit: bool = False
) -> str:
    return make("carol", machine="collector", kinds=kinds, directory=directory, audit=audit)


# --- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", DIRECTORY + AUDIT)
def test_machine_whose_scope_says_nothing_of_it_reads_nothing(program: Program, path: str) -> None:
    secret = machine(kinds=frozenset(Kind))

    answer = program.get(path, secret)

    assert refusal(answer) == (403, "access.not_allowed")
    row = AuditEvent.objects.get(action="access.page.denied")
    assert row.request_id == body(answer)["error"]["request_id"]
    assert (row.surface, row.detail["path"]) == ("api", path)


@pytest.mark.parametrize("path", DIRECTORY)
def test_scope_for_the_audit_trail_opens_no_directory(program: Program, path: str) -> None:
    assert refusal(program.get(path, machine(audit=True))) == (403, "access.not_allowed")


@pytest.mark.parametrize("path", AUDIT)
def test_scope_for_the_directory_opens_no_audit_trail(program: Program, path: str) -> None:
    assert refusal(program.get(path, machine(directory=True))) == (403, "access.not_allowed")


@pytest.mark.parametrize("how", ["revoked", "expired"])
@pytest.mark.parametrize("path", DIRECTORY + AUDIT)
def test_machine_whose_token_is_over_reads_nothing_at_once(
    program: Program, path: str, how: str
) -> None:
    secret = machine(directory=True, audit=True)
    assert program.get(path, secret).status_code == 200
    spoil(how)

    assert refusal(program.get(path, secret)) == (401, f"token.{how}")


@pytest.mark.parametrize("path", DIRECTORY + AUDIT)
def test_token_of_a_person_reads_neither_though_the_person_is_an_admin(
    program: Program, path: str
) -> None:
    assert refusal(program.get(path, make("carol"))) == (403, "access.not_allowed")


@pytest.mark.parametrize("path", DIRECTORY + AUDIT)
def test_nobody_becomes_a_machine_by_what_a_provider_says(
    program: Program, issuer: Issuer, path: str
) -> None:
    machine(directory=True, audit=True)
    claims: dict[str, Any] = {"gatehouse:token": "collector", "directory": True, "audit": True}
    token = issuer.token("mallory", sub="token:collector", workload=True, **claims)

    assert refusal(program.get(path, token)) == (403, "access.not_allowed")


def test_machine_that_reads_takes_no_keys_and_is_recorded_trying(program: Program) -> None:
    secret = machine(directory=True, audit=True)

    answer = program.send("POST", "/api/v1/keys", secret, json.dumps({"role_arn": DEVELOPER}))

    assert refusal(answer) == (403, "access.scope")
    row = AuditEvent.objects.get(action=Action.KEYS_DENIED)
    assert (row.sub, row.actor_kind) == ("token:collector", "token")


@pytest.mark.parametrize("path", DIRECTORY + AUDIT)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_machine_changes_nothing(program: Program, method: str, path: str) -> None:
    answer = program.send(method, path, machine(directory=True, audit=True), "{}")

    assert refusal(answer) == (405, "request.method")


# --- read ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", DIRECTORY)
def test_machine_reads_the_directory_where_its_scope_says_so(program: Program, path: str) -> None:
    answer = program.get(path, machine(directory=True))

    assert answer.status_code == 200
    assert len(body(answer)["items"]) >= 2


def test_machine_reads_the_audit_trail_where_its_scope_says_so(program: Program) -> None:
    answer = program.get("/api/v1/audit", machine(audit=True), action=Action.TOKEN_CREATED)

    [row] = body(answer)["items"]
    assert (row["sub"], row["detail"]["machine"]) == ("sub-carol", "collector")


def test_machine_is_told_who_it_is_and_how_far_its_token_reaches(program: Program) -> None:
    found = body(program.get("/api/v1/me", machine(audit=True)))

    assert (found["sub"], found["kind"], found["admin"]) == ("token:collector", "token", False)
    assert found["scope"] == {
        "permission_sets": None,
        "account_ids": None,
        "kinds": [],
        "directory": False,
        "audit": True,
        "testing": False,
        "revoking": False,
        "read_only": False,
    }


def test_reading_is_noted_at_the_token(program: Program) -> None:
    secret = machine(audit=True)
    assert Token.objects.get().last_used_at is None

    program.get("/api/v1/audit", secret)

    assert Token.objects.get().last_used_at is not None
