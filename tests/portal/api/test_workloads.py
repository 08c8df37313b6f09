"""Pipelines and pods come with tokens of issuers of their own; what they get is never a person's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import Account, AuditEvent, PermissionSet, TrustedIssuer
from accounts.oidc import discovery
from demo.serving import bind
from tests import cast
from tests.issuer import ABSENT, AUDIENCE, Issuer
from tests.portal.api.conftest import Program
from tests.publisher import Publisher

pytestmark = pytest.mark.usefixtures("northwind", "sts_endpoint")

DEVELOPER = "arn:aws:iam::210987654321:role/gatehouse/Developer"
SUB = "project_path:northwind/payments:ref_type:branch:ref:main"


@pytest.fixture
def ci(issuer: Issuer) -> Iterator[Issuer]:
    """A CI system beside the people's provider, with a discovery document as bare as they come."""
    server = Publisher()
    with bind(server) as running:
        running.start()
        server.url = running.url
        found = Issuer(server)
        server.publish(
            "/.well-known/openid-configuration",
            {"issuer": found.url, "jwks_uri": f"{found.url}/jwks"},
        )
        trusted = TrustedIssuer.objects.create(
            name="CI", url=found.url, audiences=["https://aws.northwind.example"]
        )
        cast.mapping(
            SUB,
            PermissionSet.objects.get(name="Developer"),
            Account.objects.get(name="payments-dev"),
            name="Pipelines of payments",
            claim="sub",
            issuer=trusted,
        )
        yield found


def job(ci: Issuer, **changes: Any) -> str:
    """Return the token of a pipeline as CI systems make them."""
    return ci.token(
        header={"typ": "JWT"},
        **{
            "sub": SUB,
            "aud": "https://aws.northwind.example",
            "azp": ABSENT,
            "name": ABSENT,
            "email": ABSENT,
            "groups": ABSENT,
            "user_email": "alice@northwind.example",
            **changes,
        },
    )


def asked(program: Program, token: str, role: str = DEVELOPER) -> tuple[int, str]:
    answer = program.get("/api/credentials", token, role=role)
    found = json.loads(answer.content)
    return answer.status_code, found.get("error", {}).get("code", "")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"aud": AUDIENCE}, "token.aud"),
        ({"aud": ABSENT}, "token.aud"),
        ({"iss": "https://ci.evil.example"}, "token.iss"),
        ({"exp": 1000}, "token.exp"),
        ({"cnf": {"jkt": "x"}}, "token.type"),
        ({"typ": "Refresh"}, "token.type"),
        ({"sub": ABSENT}, "token.sub"),
    ],
    ids=str,
)
def test_token_of_a_workload_that_breaks_a_rule_is_refused(
    program: Program, ci: Issuer, changes: dict[str, Any], code: str
) -> None:
    assert asked(program, job(ci, **changes)) == (401, code)


def test_token_of_another_issuers_key_is_refused(
    program: Program, ci: Issuer, issuer: Issuer
) -> None:
    assert asked(program, ci.token(key=issuer.key, header={"kid": "one"}))[1] == "token.signature"
    assert asked(program, issuer.token(iss=ci.url))[1] == "token.signature"
    assert asked(program, ci.token(iss=issuer.url, aud=AUDIENCE))[1] == "token.signature"


def test_token_for_the_people_of_an_issuer_of_workloads_is_refused(
    program: Program, ci: Issuer
) -> None:
    assert asked(program, ci.token("alice"))[1] == "token.aud"


def test_issuer_that_is_disabled_is_nobodys(program: Program, ci: Issuer) -> None:
    TrustedIssuer.objects.update(enabled=False)

    assert asked(program, job(ci)) == (401, "token.iss")
    assert not ci.publisher.hits


def test_issuer_that_nobody_trusts_is_never_asked(program: Program, ci: Issuer) -> None:
    TrustedIssuer.objects.all().delete()

    assert asked(program, job(ci)) == (401, "token.iss")
    assert not ci.publisher.hits


def test_workload_with_the_groups_of_a_person_gets_nothing_of_theirs(
    program: Program, ci: Issuer
) -> None:
    token = job(ci, sub="somebody else", groups=["payments"], email="alice@northwind.example")

    assert asked(program, token) == (403, "access.denied")
    row = AuditEvent.objects.get()
    assert (row.actor_kind, row.actor) == ("workload", "somebody else")


def test_person_with_the_sub_of_a_workload_gets_nothing_of_its(
    program: Program, ci: Issuer, issuer: Issuer
) -> None:
    assert asked(program, issuer.token("mallory", sub=SUB)) == (403, "access.denied")


def test_issuer_that_is_down_is_said_and_people_go_on(
    program: Program, ci: Issuer, issuer: Issuer
) -> None:
    for path in ("/jwks", "/.well-known/openid-configuration"):
        ci.publisher.publish(path, {}, status=500)
        discovery.clear_cache()
        assert asked(program, job(ci)) == (503, "token.issuer_unavailable")

    assert asked(program, issuer.token())[0] == 200


def test_workload_gets_its_role_and_is_recorded_as_one(program: Program, ci: Issuer) -> None:
    assert asked(program, job(ci)) == (200, "")

    row = AuditEvent.objects.get()
    assert (row.actor_kind, row.issuer, row.sub, row.actor) == ("workload", ci.url, SUB, SUB)
    assert row.session_name.startswith("project_path-northwind-payments-ref_type-branch")
    assert row.reason == f"Pipelines of payments: sub = {SUB}"


def test_kubernetes_and_github_tokens_need_no_other_setting(program: Program, ci: Issuer) -> None:
    without_typ = ci.token(
        header={"typ": ABSENT}, sub=SUB, aud=["https://aws.northwind.example"], nbf=1000
    )
    with_nonce = job(ci, nonce="n", jti="j")

    assert asked(program, without_typ)[0] == 200
    assert asked(program, with_nonce)[0] == 200


def test_rotated_key_of_a_workloads_issuer_is_accepted(program: Program, ci: Issuer) -> None:
    assert asked(program, job(ci))[0] == 200

    ci.rotate()

    assert asked(program, job(ci))[0] == 200


def test_portal_without_audiences_of_its_own_still_serves_workloads(
    program: Program, ci: Issuer, settings: Any
) -> None:
    settings.API_AUDIENCES = []

    assert asked(program, job(ci))[0] == 200
