"""The pages that answer who and why: for portal admins and auditors, and pasted claims stay nowhere."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import audit
from accounts.models import (
    Account,
    AccountRole,
    AuditEvent,
    Environment,
    Mapping,
    PermissionSet,
    Person,
    SignIn,
)
from accounts.models.audit import Action
from accounts.models.signins import Verification
from portal.pages import explained
from tests import cast

pytestmark = pytest.mark.usefixtures("northwind")

PROD = "123456789012"
ROLE = f"account_id={PROD}&role_name=Operator"


def page(client: Client, query: str = "", *, path: str = "/explain", status: int = 200) -> str:
    response = client.get(f"{path}?{query}" if query else path)
    assert response.status_code == status
    return " ".join(response.content.decode().split())


def paste(client: Client, claims: str, status: int = 200, **more: str) -> str:
    response = client.post("/explain", {"claims": claims, **more})
    assert response.status_code == status
    return " ".join(response.content.decode().split())


@pytest.mark.parametrize("path", ["/explain", "/explain/who", f"/explain/who?{ROLE}&format=csv"])
def test_only_portal_admins_and_auditors_see_why(path: str, settings: Any) -> None:
    settings.AUDITOR_VALUES, settings.AUDITOR_CLAIM = ["on-call"], "groups"

    assert Client().get(path).status_code == 302
    alice = cast.signed_in("alice")
    assert alice.get(path).status_code == 403
    assert alice.post("/explain", {"claims": "{}"}).status_code == 403
    for who in ("bob", "carol"):
        assert cast.signed_in(who).get(path).status_code == 200
        for path in ("/audit", "/admin/"):
            assert "/explain/who" in page(cast.signed_in(who), path=path)


def test_who_is_no_auditor_any_more_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    carol = cast.signed_in("carol")
    SignIn.objects.update(claims={"groups": []})
    assert carol.get("/explain").status_code == 403


def test_a_person_and_what_they_have() -> None:
    cast.sign_in("alice")

    text = page(cast.signed_in("carol"), "person=alice@northwind.example")

    assert "3 roles" in text
    assert "Developers of payments" in text
    assert "groups = payments" in text
    assert "confirmed them last" in text


def test_one_role_mapping_by_mapping() -> None:
    cast.sign_in("alice")
    carol = cast.signed_in("carol")

    text = page(carol, "person=sub-alice&account_id=1234-5678-9012&role_name=Operator")
    assert "<strong>No.</strong> They are told: You do not have this role" in text
    assert "No value of the claim “groups” is “on-call”." in text
    assert "Name both" in page(carol, f"person=sub-alice&account_id={PROD}")
    cast.sign_in("bob")
    text = page(carol, f"person=sub-bob&{ROLE}")
    assert text.count("<strong>Yes.</strong>") == 2
    assert "Gives console and keys" in text
    cast.block_everybody()
    assert "Nothing is given, whatever follows." in page(
        cast.signed_in(cast.subject("dana", groups=["portal-admins"])), f"person=sub-bob&{ROLE}"
    )


def test_nobody_and_several_of_a_name() -> None:
    cast.sign_in("alice")
    cast.sign_in("bob")
    carol = cast.signed_in("carol")

    assert "Nobody of this name" in page(carol, "person=zoe", status=404)
    text = page(carol, "person=northwind")
    assert "Which one?" in text
    assert str(Person.objects.get(sub="sub-bob").public_id) in text


def test_pasted_claims_are_explained_and_kept_nowhere() -> None:
    carol = cast.signed_in("carol")
    sessions = Session.objects.count()
    rows = AuditEvent.objects.count()

    text = paste(
        carol,
        json.dumps({"sub": "new", "groups": ["On-call"]}),
        account_id=PROD,
        role_name="Operator",
    )

    assert "pasted, unverified" in text
    assert "Nearly matching" in text
    assert not Person.objects.filter(sub="new").exists()
    assert (Session.objects.count(), AuditEvent.objects.count()) == (sessions, rows)
    assert "Paste a JWT" in paste(carol, "no claims", status=400)
    assert "no claims" in paste(carol, "no claims", status=400), "nothing typed is lost"


def test_pasted_claims_do_not_wait_on_the_server_for_their_sender_to_come_back() -> None:
    """Other forms do, where the provider has to be asked in the browser first."""
    carol = cast.signed_in("carol")
    SignIn.objects.update(
        verification=Verification.SILENT, verified_at=timezone.now() - timedelta(hours=1)
    )
    sessions = Session.objects.count()

    response = carol.post("/explain", {"claims": '{"groups": ["on-call"]}'})

    assert (response.status_code, response["Location"]) == (302, "/explain")
    assert Session.objects.count() == sessions


def test_who_can_enter_and_who_did() -> None:
    bob = cast.as_subject("bob")
    carol = cast.signed_in("carol")
    audit.record(
        action=Action.KEYS_ISSUED,
        now=timezone.now(),
        origin=cast.ORIGIN,
        subject=bob,
        account_id=PROD,
        role_name="Operator",
        reason="On call operates production: groups = on-call",
    )

    assert "Choose an account" in page(carol, path="/explain/who")
    mapping = Mapping.objects.get(name="On call operates production")
    for query in (ROLE, "environment=production&privileged=1", f"mapping={mapping.pk}"):
        text = page(carol, query, path="/explain/who")
        assert "1 person seen so far can enter" in text
        assert "bob@northwind.example" in text
        assert "Used 1 time" in text
        assert "groups = on-call" in text
        assert "Keys issued" in text
    assert "Only what the mapping" in text
    assert "nobody can enter it" in page(carol, "role_name=Nope", path="/explain/who")
    Mapping.objects.update(enabled=False)
    assert "Nobody seen so far can enter" in page(carol, ROLE, path="/explain/who")


def test_who_can_enter_as_csv() -> None:
    cast.sign_in("bob")
    response = cast.signed_in("carol").get(f"/explain/who?{ROLE}&format=csv")

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith("attachment")
    lines = b"".join(response.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 2
    assert lines[1].startswith("bob@northwind.example,")
    assert not cast.signed_in("carol").head(f"/explain/who?{ROLE}&format=csv").content


def test_long_lists_come_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explained, "PER_PART", 1)
    cast.sign_in("alice")
    carol = cast.signed_in("carol")

    first, second = (page(carol, f"person=sub-alice&page={number}") for number in (1, 2))
    assert "Page 1 of 3" in first
    assert "page=2" in first
    assert "Page 2 of 3" in second
    assert "Page 1 of 3" in page(carol, "person=sub-alice&page=9")
    pasted = paste(carol, '{"groups": ["payments"]}')
    assert "These are the first 1." in pasted


def test_pages_cost_as_many_queries_whatever_is_asked() -> None:
    carol = cast.signed_in("carol")
    operator = PermissionSet.objects.get(name="Operator")

    def counts(number: int) -> list[int]:
        for each in range(number):
            cast.sign_in(cast.subject(f"p{number}-{each}", groups=["on-call"]))
            cast.mapping(f"group-{number}-{each}", operator, "all")
        found = []
        for path in (
            f"/explain?person=p{number}-0@northwind.example&{ROLE}",
            f"/explain/who?{ROLE}",
        ):
            with CaptureQueriesContext(connection) as captured:
                assert carol.get(path).status_code == 200
            found.append(len(captured))
        return found

    assert counts(1) == counts(20)


@pytest.mark.parametrize(
    ("row", "address"),
    [
        (lambda: Person.objects.get(sub="sub-bob"), "/explain?person="),
        (lambda: Account.objects.get(account_id=PROD), f"/explain/who?account_id={PROD}"),
        (
            lambda: AccountRole.objects.get(permission_set__name="Operator"),
            f"/explain/who?account_id={PROD}&amp;role_name=Operator",
        ),
        (lambda: PermissionSet.objects.get(name="Operator"), "/explain/who?role_name=Operator"),
        (lambda: Environment.objects.get(name="production"), "/explain/who?environment=production"),
        (lambda: Mapping.objects.latest("pk"), "/explain/who?mapping="),
    ],
)
def test_pages_of_the_admin_lead_to_who_and_why(row: Any, address: str) -> None:
    cast.sign_in("bob")
    carol = cast.signed_in("carol")
    shown = row()

    text = page(carol, path=f"/admin/accounts/{shown._meta.model_name}/{shown.pk}/change/")

    assert f'href="{address}' in text
    assert "/explain" in text
