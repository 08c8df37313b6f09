"""Trusted issuers in the admin: refused, added, changed and recorded."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEvent, TrustedIssuer
from accounts.models.audit import Action
from tests import cast

pytestmark = pytest.mark.usefixtures("northwind")

FORM = {
    "name": "CI",
    "url": "https://ci.northwind.example",
    "audiences": "gatehouse\r\nhttps://aws.northwind.example\r\n",
    "algorithm": "RS256",
    "enabled": "on",
}
ADD = "/admin/accounts/trustedissuer/add/"


@pytest.fixture
def carol() -> Client:
    return cast.signed_in("carol")


@pytest.mark.parametrize("who", ["alice", "mallory"])
def test_nobody_but_an_admin_trusts_an_issuer(who: str) -> None:
    cast.signed_in(who).post(ADD, FORM)

    assert not TrustedIssuer.objects.exists()


def test_auditor_looks_and_changes_nothing() -> None:
    auditor = cast.signed_in(cast.subject("bob", groups=["portal-auditors"]))

    assert auditor.get("/admin/accounts/trustedissuer/").status_code == 200
    assert auditor.post(ADD, FORM).status_code == 403
    assert not TrustedIssuer.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "http://ci.northwind.example"},
        {"audiences": ""},
        {"audiences": "\r\n \r\n"},
        {"algorithm": "HS256"},
    ],
    ids=str,
)
def test_issuer_that_cannot_be_trusted_is_refused(carol: Client, changes: dict[str, str]) -> None:
    answer = carol.post(ADD, FORM | changes)

    assert answer.status_code == 200
    assert b"errorlist" in answer.content
    assert not TrustedIssuer.objects.exists()


def test_issuer_is_added_with_an_audience_a_line_and_recorded(carol: Client) -> None:
    assert carol.post(ADD, FORM).status_code == 302

    issuer = TrustedIssuer.objects.get()
    assert issuer.audiences == ["gatehouse", "https://aws.northwind.example"]
    row = AuditEvent.objects.get(action=Action.ADMIN_ADDED)
    assert row.detail["after"]["audiences"] == issuer.audiences


def test_issuer_saved_as_it_was_changes_nothing(carol: Client) -> None:
    carol.post(ADD, FORM)
    issuer = TrustedIssuer.objects.get()

    carol.post(f"/admin/accounts/trustedissuer/{issuer.pk}/change/", FORM)

    assert TrustedIssuer.objects.get().audiences == issuer.audiences
    assert not AuditEvent.objects.filter(action=Action.ADMIN_CHANGED).exists()


def test_mapping_of_an_issuer_says_so_in_the_list(carol: Client) -> None:
    carol.post(ADD, FORM)
    cast.mapping(
        "repo:{role}",
        None,
        "all",
        match="template",
        claim="sub",
        issuer=TrustedIssuer.objects.get(),
    )

    page = carol.get("/admin/accounts/mapping/").content.decode()

    assert "CI: sub = repo:{role}" in page
