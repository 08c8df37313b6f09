"""What no busy machine can change about the API's speed: queries, clients, connections."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import access
from bench import company
from tests.accounts.aws.test_sts import reply
from tests.emulators import Reply, ScriptedServer, sts_at
from tests.issuer import Issuer
from tests.portal.api.conftest import Program

pytestmark = pytest.mark.django_db

FEW = ("everyone", "{top}-payments-readonly")
MANY = (*FEW, *(f"another-team-{number:03}" for number in range(200)))


@pytest.fixture(autouse=True)
def _aws() -> Iterator[None]:
    """An STS that answers at once."""
    with ScriptedServer(lambda seen: Reply(body=reply())) as server, sts_at(server.url):
        yield


def role_below(top: str) -> str:
    return company.a_role_arn(top, in_groups(FEW, top))


def in_groups(groups: tuple[str, ...], top: str) -> tuple[str, ...]:
    return tuple(group.format(top=top.lower()) for group in groups)


def ask(program: Program, token: str, role_arn: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        answer = program.get("/api/credentials", token, role=role_arn)
    assert answer.status_code == 200
    return len(queries)


def test_queries_for_keys_are_the_same_whatever_the_size_and_the_groups(
    issuer: Issuer,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(access, "BELIEVED", 0)
    counts = []
    for top, size in {"Tiny": 12, "Large": 3000}.items():
        company.build(top, size, chance=random.Random(top))
        for groups in (FEW, MANY):
            token = issuer.token(groups=list(in_groups(groups, top)))
            counts.append(ask(program, token, role_below(top)))

    # The first request adds the person. After that: is anybody blocked, the account role, claims in use,
    # mappings; on PostgreSQL whether it takes rows, once a second; the audit row.
    assert counts[1:] == [6 if connection.vendor == "postgresql" else 5] * 3
    assert counts[0] < 16


def test_no_client_is_built_for_a_request(
    issuer: Issuer,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    company.build("Tiny", 12, chance=random.Random(1))
    token, role_arn = issuer.token(groups=list(in_groups(FEW, "Tiny"))), role_below("Tiny")
    ask(program, token, role_arn)
    built: list[str] = []
    make_client = boto3.Session.client

    def counting_client(self: Any, *args: Any, **options: Any) -> Any:
        built.append("client")
        return make_client(self, *args, **options)

    monkeypatch.setattr(boto3.Session, "client", counting_client)
    for _ in range(5):
        ask(program, token, role_arn)

    assert built == []
