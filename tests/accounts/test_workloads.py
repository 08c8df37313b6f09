"""Workloads of trusted issuers and people are never the same to a mapping, and told apart in audit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import override_settings
from django.utils import timezone

from accounts import access, audit
from accounts.entitlements import resolve
from accounts.errors import AccessDenied
from accounts.models import Account, AuditEvent, Mapping, PermissionSet, TrustedIssuer
from accounts.models.audit import Action
from accounts.models.issuers import Algorithm
from accounts.oidc.key_sets import ALGORITHMS
from accounts.preview import preview
from accounts.rules import claims_in_use
from accounts.types import RoleRef, Subject
from tests import cast

pytestmark = pytest.mark.usefixtures("northwind")

DEV = "210987654321"
CI = "https://ci.northwind.example"


@pytest.fixture
def ci() -> TrustedIssuer:
    """The company's CI system, whose pipelines of `payments` deploy to development."""
    issuer = TrustedIssuer.objects.create(name="CI", url=CI, audiences=["gatehouse"])
    cast.mapping(
        "northwind/payments",
        PermissionSet.objects.get(name="Developer"),
        Account.objects.get(account_id=DEV),
        name="Pipelines of payments",
        claim="project_path",
        issuer=issuer,
    )
    return issuer


def pipeline(**changes: Any) -> Subject:
    honest = Subject(
        issuer=CI,
        sub="project_path:northwind/payments:ref_type:branch:ref:main",
        claims={"project_path": "northwind/payments"},
        workload=True,
    )
    return replace(honest, **changes)


def given_to(subject: Subject) -> set[tuple[str, str]]:
    return {
        (granted.role.account_id, granted.role.role_name)
        for granted in resolve(subject=subject, now=timezone.now()).granted
    }


# --- what is refused -----------------------------------------------------------------------------


def test_workload_with_the_groups_of_a_person_gets_nothing_of_theirs(ci: TrustedIssuer) -> None:
    assert given_to(pipeline(claims={"groups": ["payments", "on-call"]})) == set()


def test_person_with_the_claims_of_a_workload_gets_nothing_of_its(ci: TrustedIssuer) -> None:
    person = cast.subject("mallory", project_path="northwind/payments")

    assert given_to(person) == set()


def test_person_of_the_workloads_own_issuer_gets_nothing_of_its(ci: TrustedIssuer) -> None:
    assert given_to(pipeline(workload=False)) == set()


@pytest.mark.parametrize("issuer", ["https://evil.example", f"{CI}/", CI.upper(), ""])
def test_workload_of_another_issuer_gets_nothing(ci: TrustedIssuer, issuer: str) -> None:
    assert given_to(pipeline(issuer=issuer)) == set()


def test_workload_of_an_issuer_that_is_disabled_gets_nothing(ci: TrustedIssuer) -> None:
    TrustedIssuer.objects.update(enabled=False)

    assert given_to(pipeline()) == set()


def test_workload_of_an_unknown_issuer_gets_nothing_also_not_what_has_no_issuer() -> None:
    assert given_to(pipeline(claims={"groups": ["payments"]})) == set()


def test_mappings_of_an_issuer_go_with_it_and_never_become_peoples(ci: TrustedIssuer) -> None:
    ci.delete()

    assert not Mapping.objects.filter(name="Pipelines of payments").exists()
    assert given_to(cast.subject("mallory", project_path="northwind/payments")) == set()


def test_workload_is_denied_at_the_door_and_recorded_as_one(ci: TrustedIssuer) -> None:
    with pytest.raises(AccessDenied):
        access.issue_keys(
            subject=pipeline(claims={"groups": ["payments"]}),
            role=RoleRef(DEV, "Developer"),
            duration=None,
            origin=cast.ORIGIN,
            now=timezone.now(),
        )

    [row] = AuditEvent.objects.all()
    assert (row.action, row.actor_kind, row.issuer) == (Action.KEYS_DENIED, "workload", CI)


@pytest.mark.parametrize(
    ("columns", "where"),
    [
        ({"url": "ci.northwind.example"}, "url"),
        ({"url": "http://ci.northwind.example"}, "url"),
        ({"url": "https://ci.northwind.example?x=1"}, "url"),
        ({"url": "https://somebody@ci.northwind.example"}, "url"),
        ({"url": "https://ci.northwind.example/\n"}, "url"),
        ({"url": "https://id.northwind.example"}, "url"),
        ({"url": "http://localhost:8000"}, "url"),
        ({"url": "https://keys.northwind.example"}, "url"),
        ({"url": ""}, "url"),
        ({"name": ""}, "name"),
        ({"audiences": []}, "audiences"),
        ({"audiences": [""]}, "audiences"),
        ({"audiences": "gatehouse"}, "audiences"),
        ({"audiences": [7]}, "audiences"),
        ({"algorithm": "HS256"}, "algorithm"),
        ({"algorithm": "none"}, "algorithm"),
    ],
    ids=str,
)
@override_settings(OIDC_ISSUER=cast.ISSUER, TRUST_ISSUER="https://keys.northwind.example")
def test_issuer_that_cannot_be_trusted_is_refused(columns: dict[str, Any], where: str) -> None:
    issuer = TrustedIssuer(**{"name": "CI", "url": CI, "audiences": ["gatehouse"], **columns})

    with pytest.raises(ValidationError) as refused:
        issuer.full_clean()

    assert where in refused.value.error_dict


# --- what is given -------------------------------------------------------------------------------


def test_workload_gets_what_the_mappings_of_its_issuer_give(ci: TrustedIssuer) -> None:
    assert given_to(pipeline()) == {(DEV, "Developer")}


def test_claims_in_use_are_those_of_the_issuer_alone(ci: TrustedIssuer) -> None:
    now = timezone.now()

    assert claims_in_use(now=now, issuer=CI) == {"project_path"}
    assert claims_in_use(now=now) == {"groups"}


@pytest.mark.usefixtures("sts_endpoint")
def test_keys_of_a_workload_say_so_and_name_it_readably(ci: TrustedIssuer) -> None:
    issued = access.issue_keys(
        subject=pipeline(),
        role=RoleRef(DEV, "Developer"),
        duration=None,
        origin=cast.ORIGIN,
        now=timezone.now(),
    )

    [row] = AuditEvent.objects.all()
    assert (row.actor_kind, row.reason) == (
        "workload",
        "Pipelines of payments: project_path = northwind/payments",
    )
    assert issued.session_name.startswith("project_path-northwind-payments-ref_type-branch")
    assert len(issued.session_name) <= 64


def test_people_and_workloads_are_told_apart_in_audit() -> None:
    for subject in (cast.subject("alice"), pipeline(), None):
        audit.record(
            action=Action.KEYS_DENIED, now=timezone.now(), origin=cast.ORIGIN, subject=subject
        )

    kinds = AuditEvent.objects.order_by("actor_kind").values_list("actor_kind", flat=True)
    assert list(kinds) == ["", "person", "workload"]


def test_preview_of_a_workloads_mapping_names_no_people(ci: TrustedIssuer) -> None:
    cast.sign_in(cast.subject("mallory", project_path="northwind/payments"))
    mapping = Mapping.objects.get(name="Pipelines of payments")

    seen = preview(mapping=mapping, now=timezone.now() + timedelta(seconds=1))

    assert seen.in_force
    assert seen.recipients == ()
    assert [(one.role.account_id, one.role.role_name) for one in seen.given] == [(DEV, "Developer")]
    assert seen.notes == ("It is for workloads of CI: no person gets anything by it.",)


def test_preview_says_that_the_issuer_is_disabled(ci: TrustedIssuer) -> None:
    TrustedIssuer.objects.update(enabled=False)
    mapping = Mapping.objects.get(name="Pipelines of payments")

    seen = preview(mapping=mapping, now=timezone.now())

    assert not seen.in_force
    assert any("disabled" in note for note in seen.notes)


def test_algorithms_are_those_that_tokens_can_be_verified_with() -> None:
    assert set(Algorithm.values) == set(ALGORITHMS)


def test_issuer_with_a_path_or_on_this_machine_is_fine() -> None:
    for url in ("https://ci.northwind.example/a/b/", "http://localhost:9999"):
        TrustedIssuer(name="CI", url=url, audiences=["a"]).full_clean()
