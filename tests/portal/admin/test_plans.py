"""A file's plan in the admin, and what a file manages: refusals first."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import (
    Account,
    AuditEvent,
    Environment,
    Mapping,
    PermissionSet,
    UploadedPlan,
)
from accounts.models.audit import Action
from tests import cast

pytestmark = pytest.mark.usefixtures("northwind")

PAGE = "/admin/plans/"
NEW = '[[environment]]\nname = "staging"\nlabel = "Staging"\n'
OFF = """
[[mapping]]
name = "On call operates production"
value = "on-call"
permission_set = "Operator"
enabled = false
accounts = { ids = ["123456789012"] }
"""


def propose(who: Client, text: str, **more: str) -> str:
    answer = who.post(PAGE, {"name": "company.toml", "text": text, **more})
    assert answer.status_code == 302, answer.content.decode()
    return answer["Location"]


def test_only_portal_admins_plan_and_apply(carol: Client, alice: Client, olga: Client) -> None:
    page = propose(carol, NEW)

    for visitor in (alice, olga, Client()):
        assert visitor.get(PAGE).status_code in (302, 403)
        visitor.post(PAGE, {"name": "x", "text": NEW})
        assert visitor.get(page).status_code in (302, 403)
        assert visitor.post(page).status_code in (302, 403)
    assert UploadedPlan.objects.count() == 1
    assert not Environment.objects.filter(name="staging").exists()


def test_what_is_wrong_is_said_with_its_line_and_the_text_stays(carol: Client) -> None:
    page = carol.post(PAGE, {"name": "x.toml", "text": "[[acount]]\n"}).content.decode()

    assert "Line 1: Unknown table" in page
    assert "[[acount]]" in page
    assert not UploadedPlan.objects.exists()


def test_a_plan_is_shown_with_whose_access_changes_and_applied_once_confirmed(
    carol: Client,
) -> None:
    cast.sign_in("bob")
    address = propose(carol, NEW + OFF)

    page = carol.get(address).content.decode()

    assert "1 person loses Operator (privileged) in Production (1 account)" in page
    assert "\n    enabled: true -&gt; false" in page
    assert Mapping.objects.get(value="on-call").enabled
    assert carol.post(address).status_code == 302
    assert not Mapping.objects.get(value="on-call").enabled
    row = AuditEvent.objects.get(action=Action.PLAN_APPLIED)
    assert (row.actor, row.detail["file"]) == ("carol@northwind.example", "company.toml")
    assert carol.post(address).status_code == 404


def test_a_stale_plan_is_refused(carol: Client) -> None:
    address = propose(carol, NEW)
    Mapping.objects.update(keys=False)

    assert carol.get(address)["Location"] == PAGE
    assert "have changed since this plan" in carol.post(address, follow=True).content.decode()
    assert not Environment.objects.filter(name="staging").exists()


def test_an_old_plan_is_gone(carol: Client) -> None:
    address = propose(carol, NEW)
    UploadedPlan.objects.update(created_at=cast.NOON.replace(year=2020))

    assert carol.get(address).status_code == 404
    propose(carol, NEW)
    assert UploadedPlan.objects.count() == 1


def test_what_a_file_manages_is_read_only_until_it_is_released(carol: Client, olga: Client) -> None:
    carol.post(propose(carol, OFF, manage="on"))
    mapping = Mapping.objects.get(value="on-call")
    page = f"/admin/accounts/mapping/{mapping.pk}/change/"

    shown = carol.get(page).content.decode()
    assert "company.toml" in shown
    assert "manages this: change it there." in shown
    assert carol.post(page, {"name": "x"}).status_code == 403
    assert carol.post(page.replace("change", "delete"), {"post": "yes"}).status_code == 403
    listed = "/admin/accounts/mapping/"
    carol.post(
        listed, {"action": "delete_selected", "_selected_action": [mapping.pk], "post": "yes"}
    )
    assert Mapping.objects.filter(pk=mapping.pk).exists()
    Mapping.objects.filter(pk=mapping.pk).update(enabled=True)
    said = carol.post(
        listed, {"action": "disable", "_selected_action": [mapping.pk]}, follow=True
    ).content.decode()
    assert "because files manage them: 1 mapping." in said
    assert Mapping.objects.get(pk=mapping.pk).enabled

    release = page.replace("change", "release")
    assert olga.post(release).status_code == 403
    assert "Release" in carol.get(release).content.decode()
    assert carol.post(release).status_code == 302
    assert Mapping.objects.get(pk=mapping.pk).managed_by == ""
    row = AuditEvent.objects.filter(action=Action.ADMIN_CHANGED).latest("pk")
    assert row.detail["before"] == {"managed_by": "company.toml"}
    assert "manages this" not in carol.get(page).content.decode()
    assert carol.get(release).status_code == 404


def test_the_roles_of_a_managed_account_are_read_only_too_and_can_be_tested(
    carol: Client,
) -> None:
    Account.objects.update(managed_by="company.toml")
    account = Account.objects.get(account_id="123456789012")
    role = account.roles.first()
    assert role is not None

    assert carol.post(f"/admin/accounts/accountrole/{role.pk}/change/").status_code == 403
    assert carol.post(f"/admin/accounts/accountrole/{role.pk}/delete/").status_code == 403
    developer = PermissionSet.objects.get(name="Developer")
    added = carol.post(
        "/admin/accounts/accountrole/add/",
        {"account": account.pk, "permission_set": developer.pk, "subjects": ""},
    )
    assert "manages this account" in added.content.decode()
    page = carol.get(f"/admin/accounts/account/{account.pk}/change/").content.decode()
    assert "manages this: change it there." in page
    assert "Test all" in page or "/test/" in page
    assert PermissionSet.objects.filter(managed_by="").exists()
