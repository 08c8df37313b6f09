"""Before, not after: what changes somebody's access is shown and asked about before it is saved."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.test import Client

from accounts.access_changes import seen
from accounts.models import Account, AccountRole, AuditEvent, Mapping, PermissionSet
from tests import cast
from tests.portal.admin import forms

pytestmark = pytest.mark.usefixtures("northwind")


@pytest.fixture
def bob(northwind: None) -> None:
    """Bob is on call, and was here before."""
    cast.sign_in("bob")


def on_call() -> Mapping:
    return Mapping.objects.get(name="On call operates production")


def form(mapping: Mapping, **columns: Any) -> dict[str, Any]:
    target = mapping.targets.order_by("pk")[0]
    row = {"id": target.pk, "mapping": mapping.pk, "kind": "account", "account": target.account_id}
    return forms.mapping(
        row,
        stored=1,
        **{
            "name": mapping.name,
            "value": mapping.value,
            "permission_set": mapping.permission_set_id,
            **columns,
        },
    )


def fields_of(page: Any) -> dict[str, Any]:
    """Return what the page's form would send, as a browser without scripts reads it."""
    found: dict[str, Any] = {}
    for tag in re.findall(r'<input type="hidden"[^>]*>', page.content.decode()):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        assert name
        assert value
        found.setdefault(html.unescape(name[1]), []).append(html.unescape(value[1]))
    return found


def words(page: Any) -> str:
    return " ".join(re.sub(r"<[^>]*>", "", html.unescape(page.content.decode())).split())


LOSES = "1 person loses Operator (privileged) in Production (1 account): bob@northwind.example"


def test_a_form_that_takes_a_role_saves_nothing_before_that_is_confirmed(
    carol: Client, bob: None
) -> None:
    path = f"mapping/{on_call().pk}/change/"

    asked = forms.send(carol, path, form(on_call(), enabled=None))

    assert asked.status_code == 200
    assert LOSES in words(asked)
    assert "was changed successfully" not in words(asked)
    assert on_call().enabled
    assert not AuditEvent.objects.filter(action__startswith="admin.").exists()

    saved = forms.send(carol, path, fields_of(asked))

    assert saved.status_code == 302
    assert not on_call().enabled
    assert AuditEvent.objects.filter(action__startswith="admin.").count() == 1


def test_a_mark_of_something_else_confirms_nothing(carol: Client, bob: None) -> None:
    path = f"mapping/{on_call().pk}/change/"
    asked = forms.send(carol, path, form(on_call(), enabled=None))
    sent = fields_of(asked)
    cast.sign_in(cast.subject("dora", groups=["on-call"]))

    again = forms.send(carol, path, sent)

    assert "2 people lose Operator" in words(again)
    assert "not what you were shown before" in words(again)
    assert on_call().enabled


def test_what_was_compared_with_another_directory_is_asked_again(carol: Client, bob: None) -> None:
    path = f"mapping/{on_call().pk}/change/"
    sent = fields_of(forms.send(carol, path, form(on_call(), enabled=None)))
    Account.objects.filter(name="payments-dev").update(name="payments-test")

    assert "not what you were shown before" in words(forms.send(carol, path, sent))
    assert on_call().enabled


def test_who_goes_back_finds_the_form_as_it_was(carol: Client, bob: None) -> None:
    path = f"mapping/{on_call().pk}/change/"
    asked = forms.send(carol, path, form(on_call(), name="Another name", enabled=None))

    back = forms.send(carol, path, {**fields_of(asked), "_back": "Back to the form"})

    assert 'value="Another name"' in back.content.decode()
    assert "errornote" not in back.content.decode()
    assert on_call().name == "On call operates production"


def test_nobody_affected_is_said_and_saved_at_once(carol: Client, bob: None) -> None:
    page = forms.send(
        carol, f"mapping/{on_call().pk}/change/", form(on_call(), name="Another name")
    )

    assert page.status_code == 302
    assert Mapping.objects.filter(name="Another name").exists()
    assert "Nobody seen so far gains or loses a role" in words(carol.get(page["Location"]))


def test_a_new_mapping_says_who_gains(carol: Client, bob: None) -> None:
    operator = PermissionSet.objects.get(name="Operator")
    fields = forms.mapping({"kind": "all"}, value="payments", permission_set=operator.pk)
    cast.sign_in("alice")

    asked = forms.send(carol, "mapping/add/", fields)

    assert "1 person gains Operator (privileged) in Production" in words(asked)
    assert not Mapping.objects.filter(value="payments", permission_set=operator).exists()
    assert forms.send(carol, "mapping/add/", fields_of(asked)).status_code == 302
    assert Mapping.objects.filter(value="payments", permission_set=operator).exists()


def test_a_permission_set_and_an_account_ask_like_a_mapping(carol: Client, bob: None) -> None:
    operator = PermissionSet.objects.get(name="Operator")
    sent = forms.permission_set(name="Operator", console=None, privileged="on")
    prod = Account.objects.get(name="payments-prod")
    roles = [
        {"id": role.pk, "account": prod.pk, "permission_set": role.permission_set_id}
        for role in prod.roles.all()
    ]
    inactive = forms.account(
        *roles,
        stored=len(roles),
        account_id=prod.account_id,
        name=prod.name,
        environment=prod.environment_id,
        active=None,
    )

    no_console = forms.send(carol, f"permissionset/{operator.pk}/change/", sent)
    closed = forms.send(carol, f"account/{prod.pk}/change/", inactive)

    assert "1 person loses console of Operator" in words(no_console)
    assert "1 person loses Operator" in words(closed)
    prod.refresh_from_db()
    operator.refresh_from_db()
    assert operator.console
    assert prod.active


@pytest.mark.parametrize("model", ["mapping", "accountrole", "permissionset", "account"])
def test_a_deletion_says_whose_access_it_takes(carol: Client, bob: None, model: str) -> None:
    rows: dict[str, Any] = {
        "mapping": on_call(),
        "accountrole": AccountRole.objects.get(permission_set__name="Operator"),
        "permissionset": PermissionSet.objects.get(name="Operator"),
        "account": Account.objects.get(name="payments-prod"),
    }
    row = rows[model]
    page = f"/admin/accounts/{model}/{row.pk}/delete/"

    asked = carol.get(page)
    unread = carol.post(page, {"post": "yes"})

    assert LOSES in words(asked)
    assert LOSES in words(unread)
    assert type(row)._default_manager.filter(pk=row.pk).exists()
    assert carol.post(page, fields_of(asked)).status_code == 302
    assert not type(row)._default_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("action", ["disable", "delete_selected"])
def test_an_action_says_whose_access_it_takes(carol: Client, bob: None, action: str) -> None:
    page = "/admin/accounts/mapping/"
    sent = {"action": action, "_selected_action": [on_call().pk], "index": 0}

    asked = carol.post(page, sent)

    assert LOSES in words(asked)
    assert Mapping.objects.filter(enabled=True).count() == 3
    assert carol.post(page, fields_of(asked)).status_code == 302
    assert Mapping.objects.filter(enabled=True).count() == 2


def test_another_actions_name_in_front_hides_nothing(carol: Client, bob: None) -> None:
    page = "/admin/accounts/accountrole/"
    role = AccountRole.objects.get(permission_set__name="Operator")
    sent = {"action": ["test_selected", "delete_selected"], "index": 1, "post": "yes"}

    asked = carol.post(page, {**sent, "_selected_action": role.pk})

    assert LOSES in words(asked)
    assert AccountRole.objects.filter(pk=role.pk).exists()


def test_where_not_everybody_was_compared_it_asks_although_it_found_nobody(
    carol: Client, bob: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast.sign_in("mallory")
    monkeypatch.setattr(seen, "PEOPLE", 1)

    asked = forms.send(carol, f"mapping/{on_call().pk}/change/", form(on_call(), enabled=None))

    assert asked.status_code == 200
    assert "Not compared: those who signed in before them." in words(asked)
    assert on_call().enabled
