"""Every change through the admin is recorded with what was before and after, or does not happen."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import DatabaseError
from django.test import Client

from accounts import audit
from accounts.models import Account, AccountRole, AuditEvent, Environment, Mapping, PermissionSet
from accounts.models.audit import Action
from tests import cast
from tests.portal.admin import forms

pytestmark = pytest.mark.usefixtures("northwind")


def recorded() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action__startswith="admin.").order_by("at"))


def dev() -> Account:
    return Account.objects.get(account_id="210987654321")


def dev_form(**columns: Any) -> dict[str, Any]:
    account = dev()
    stored = [
        {
            "id": role.pk,
            "account": account.pk,
            "permission_set": role.permission_set_id,
            "iam_role_name": role.iam_role_name,
        }
        for role in account.roles.all()
    ]
    return forms.account(
        *stored,
        stored=len(stored),
        **{
            "account_id": account.account_id,
            "name": account.name,
            "environment": account.environment_id,
            "organizational_unit": account.organizational_unit,
            **columns,
        },
    )


@pytest.fixture
def unwritable(monkeypatch: pytest.MonkeyPatch) -> None:
    """An audit trail that takes nothing any more."""

    def refuse(**facts: Any) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(audit, "record", refuse)


def test_an_addition_records_who_and_all_that_was_entered(carol: Client) -> None:
    read_only = PermissionSet.objects.get(name="ReadOnly")

    forms.send(
        carol,
        "account/add/",
        forms.account({"permission_set": read_only.pk}, tags="team=data\ncost=42"),
    )

    (event,) = recorded()
    assert (event.action, event.sub, event.actor) == (
        Action.ADMIN_ADDED,
        "sub-carol",
        "carol@northwind.example",
    )
    assert (event.surface, event.account_id, event.ip) == ("admin", "345678901234", "127.0.0.1")
    assert event.request_id
    assert event.detail["object"] == "account data-dev (345678901234)"
    assert event.detail["before"] == {}
    assert event.detail["after"]["tags"] == {"team": "data", "cost": "42"}
    assert event.detail["after"]["roles"] == [{"permission_set": "ReadOnly"}]


def test_a_change_records_what_differs_and_nothing_else(carol: Client) -> None:
    forms.send(carol, f"account/{dev().pk}/change/", dev_form(name="payments-test"))

    (event,) = recorded()
    assert event.action == Action.ADMIN_CHANGED
    assert event.detail["before"] == {"name": "payments-dev"}
    assert event.detail["after"] == {"name": "payments-test"}


def test_an_external_id_is_recorded_as_changed_and_not_by_its_value(carol: Client) -> None:
    forms.send(carol, "account/add/", forms.account(external_id="northwind-one"))
    added = Account.objects.get(account_id="345678901234")
    change = forms.account(external_id="northwind-two")
    forms.send(carol, f"account/{added.pk}/change/", change)
    forms.send(carol, f"account/{added.pk}/delete/", {"post": "yes"})

    first, changed, deleted = (event.detail for event in recorded())
    assert first["after"]["external_id"] == "(not shown)"
    assert changed["before"] == changed["after"] == {"external_id": "(not shown)"}
    assert deleted["before"]["external_id"] == "(not shown)"
    assert "northwind-" not in str([first, changed, deleted])


def test_an_account_without_external_id_is_recorded_as_without(carol: Client) -> None:
    forms.send(carol, "account/add/", forms.account())

    assert recorded()[0].detail["after"]["external_id"] == ""


def test_a_change_in_an_inline_is_recorded_with_its_account(carol: Client) -> None:
    form = dev_form()
    form["roles-0-DELETE"] = "on"

    forms.send(carol, f"account/{dev().pk}/change/", form)

    (event,) = recorded()
    assert event.account_id == "210987654321"
    before = [role["permission_set"] for role in event.detail["before"]["roles"]]
    after = [role["permission_set"] for role in event.detail["after"]["roles"]]
    assert (before, after) == (["ReadOnly", "Developer"], ["ReadOnly"])


def test_saving_without_a_change_records_nothing(carol: Client) -> None:
    response = forms.send(carol, f"account/{dev().pk}/change/", dev_form())

    assert response.status_code == 302
    assert recorded() == []


def test_a_deletion_records_what_was_there_and_what_went_with_it(carol: Client) -> None:
    operator = PermissionSet.objects.get(name="Operator")

    carol.post(f"/admin/accounts/permissionset/{operator.pk}/delete/", {"post": "yes"})

    (event,) = recorded()
    assert event.action == Action.ADMIN_DELETED
    assert event.detail["before"]["privileged"] is True
    assert event.detail["after"] == {}
    assert event.detail["also_deleted"] == [
        "account role Operator in payments-prod (123456789012)",
        "mapping On call operates production",
        "mapping target On call operates production: payments-prod (123456789012)",
    ]


def test_a_bulk_deletion_records_each_row(carol: Client) -> None:
    chosen = list(Mapping.objects.filter(value="payments").values_list("pk", flat=True))

    carol.post(
        "/admin/accounts/mapping/",
        {"action": "delete_selected", "_selected_action": chosen, "post": "yes"},
    )

    assert {event.detail["object"] for event in recorded()} == {
        "mapping Developers of payments",
        "mapping Payments looks at its accounts",
    }
    assert Mapping.objects.count() == 1


def test_disabling_in_bulk_records_each_row_that_changed(carol: Client) -> None:
    Mapping.objects.filter(value="on-call").update(enabled=False)
    chosen = list(Mapping.objects.values_list("pk", flat=True))

    carol.post("/admin/accounts/mapping/", {"action": "disable", "_selected_action": chosen})

    assert not Mapping.objects.filter(enabled=True).exists()
    assert [event.detail["after"] for event in recorded()] == [{"enabled": False}] * 2


def test_an_account_role_is_recorded_with_its_arn(carol: Client) -> None:
    operator = PermissionSet.objects.get(name="Operator")

    forms.send(carol, "accountrole/add/", {"account": dev().pk, "permission_set": operator.pk})

    (event,) = recorded()
    assert event.role_arn == "arn:aws:iam::210987654321:role/Operator"


def test_an_addition_that_cannot_be_recorded_does_not_happen(
    carol: Client, unwritable: None
) -> None:
    with pytest.raises(DatabaseError):
        forms.send(carol, "account/add/", forms.account())

    assert not Account.objects.filter(name="data-dev").exists()


def test_a_change_that_cannot_be_recorded_does_not_happen(carol: Client, unwritable: None) -> None:
    form = dev_form(name="payments-test")
    form["roles-0-DELETE"] = "on"

    with pytest.raises(DatabaseError):
        forms.send(carol, f"account/{dev().pk}/change/", form)

    assert dev().roles.count() == 2


def test_a_deletion_that_cannot_be_recorded_does_not_happen(
    carol: Client, unwritable: None
) -> None:
    with pytest.raises(DatabaseError):
        carol.post(f"/admin/accounts/account/{dev().pk}/delete/", {"post": "yes"})

    assert Account.objects.count() == 2


@pytest.mark.parametrize("action", ["delete_selected", "disable"])
def test_a_bulk_action_that_cannot_be_recorded_does_not_happen(
    carol: Client, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    chosen = list(Mapping.objects.values_list("pk", flat=True))
    record, written = audit.record, []

    def refuse_the_third(**facts: Any) -> Any:
        written.append(facts)
        if len(written) == 3:
            raise DatabaseError("the disk is full")
        return record(**facts)

    monkeypatch.setattr(audit, "record", refuse_the_third)

    with pytest.raises(DatabaseError):
        carol.post(
            "/admin/accounts/mapping/",
            {"action": action, "_selected_action": chosen, "post": "yes"},
        )

    assert Mapping.objects.filter(enabled=True).count() == 3
    assert recorded() == []


def test_djangos_own_log_stays_empty(carol: Client) -> None:
    forms.send(carol, "environment/add/", {"name": "test", "label": "Test", "colour": "grey"})
    added = Environment.objects.get(name="test")
    carol.post(f"/admin/accounts/environment/{added.pk}/delete/", {"post": "yes"})

    assert len(recorded()) == 2
    assert LogEntry.objects.count() == 0


def test_the_history_shows_moments_as_every_page_does_and_marks_what_is_hidden(
    carol: Client,
) -> None:
    mapping = Mapping.objects.get(name="Developers of payments")
    form = forms.mapping(
        {"kind": "all"},
        name=mapping.name,
        value="pay\u202ements<b>",
        permission_set=mapping.permission_set_id,
        expires_at="2027-01-31T17:30:05",
    )
    forms.send(carol, f"mapping/{mapping.pk}/change/", form)

    page = carol.get(f"/admin/accounts/mapping/{mapping.pk}/history/").content.decode()

    moment = "31 January 2027, 17:30:05 UTC"
    assert f'datetime="2027-01-31T17:30:05+00:00">{moment}</time></td>' in page
    assert "<td>pay[U+202E]ments&lt;b&gt;</td>" in page


def test_the_history_of_an_object_shows_before_and_after(carol: Client, olga: Client) -> None:
    forms.send(carol, f"account/{dev().pk}/change/", dev_form(name="payments-test"))

    page = olga.get(f"/admin/accounts/account/{dev().pk}/history/").content.decode()

    assert "carol@northwind.example" in page
    assert "<td>payments-dev</td>" in page
    assert "<td>payments-test</td>" in page


def test_the_first_page_lists_the_newest_changes_of_everybody(carol: Client) -> None:
    forms.send(carol, f"account/{dev().pk}/change/", dev_form(name="payments-test"))

    page = cast.signed_in(cast.subject("olga", groups=["portal-auditors"])).get("/admin/")

    assert "Changed: account payments-test (210987654321)" in page.content.decode()


def test_roles_are_kept_when_their_account_is_only_renamed(carol: Client) -> None:
    before = list(AccountRole.objects.order_by("pk").values())

    forms.send(carol, f"account/{dev().pk}/change/", dev_form(name="payments-test"))

    assert list(AccountRole.objects.order_by("pk").values()) == before
