"""What no busy machine can change about the API's speed: queries, clients, connections."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from bench import company, portal
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
    return portal.a_role_arn(top, in_groups(FEW, top))


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
) -> None:
    counts = []
    for top, size in {"Tiny": 12, "Large": 3000}.items():
        company.build(top, size, chance=random.Random(top))
        for groups in (FEW, MANY):
            token = issuer.token(groups=list(in_groups(groups, top)))
            counts.append(ask(program, token, role_below(top)))

    # Is this person blocked, the account role, claims in use, mappings; the audit row.
    assert counts == [5, 5, 5, 5]


# Each request lets go of its connection, as under a server: what it finds there is committed.
@pytest.mark.django_db(transaction=True)
def test_request_of_keys_is_gone_without_a_search_for_garbage(issuer: Issuer) -> None:
    company.build("Tiny", 12, chance=random.Random(1))
    environ = (
        RequestFactory()
        .get(
            "/api/credentials",
            {"role": role_below("Tiny")},
            headers={
                "Authorization": f"Bearer {issuer.token(groups=list(in_groups(FEW, 'Tiny')))}"
            },
        )
        .environ
    )
    gc.collect()
    gc.disable()
    try:
        before = requests_in_memory()
        statuses = [status_of(dict(environ)) for _ in range(3)]
        left = requests_in_memory() - before
    finally:
        gc.enable()

    assert statuses == ["200 OK"] * 3
    assert left == 0


def requests_in_memory() -> int:
    # Not isinstance: a lazy object is asked what it stands for by that, and some refuse.
    return sum(type(each) is WSGIRequest for each in gc.get_objects())


def status_of(environ: dict[str, Any]) -> str:
    """Return the status of an answer, asked for and let go as a server does."""
    statuses: list[str] = []

    def start(status: str, headers: object, failure: object = None) -> Callable[[bytes], object]:
        statuses.append(status)
        return lambda data: None

    get_wsgi_application()(environ, start).close()
    return statuses[0]


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
