"""Two admins at once: a form never undoes in silence what somebody else has changed since it was opened."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.models import Account, AuditEvent, Block, Mapping, PermissionSet, Person
from tests import cast
from tests.portal.admin import forms

pytestmark = pytest.mark.usefixtures("northwind")

NAMES = "This was changed by carol@northwind.example on"


@pytest.fixture
def carla(db: None) -> Client:
    return cast.signed_in(cast.subject("carla", groups=["portal-admins"]))


def seen(client: Client, path: str) -> str:
    """Open a page; return what its form says it has seen."""
    page = client.get(f"/admin/accounts/{path}").content.decode()
    found = re.search(r'name="_state" value="([0-9a-f]{64})"', page)
    assert found, page
    return found[1]


def save(client: Client, mapping: Mapping, mark: str, **columns: Any) -> HttpResponse:
    target = mapping.targets.order_by("pk")[0]
    row = {"id": target.pk, "mapping": mapping.pk, "kind": "account", "account": target.account_id}
    form = forms.mapping(
        row,
        stored=1,
        name=mapping.name,
        value=mapping.value,
        permission_set=mapping.permission_set_id,
        _state=mark,
        **columns,
    )
    return forms.send(client, f"mapping/{mapping.pk}/change/", form)


@pytest.fixture
def mapping(northwind: None) -> Mapping:
    return Mapping.objects.get(name="Developers of payments")


def test_a_form_does_not_enable_what_another_admin_has_disabled_since(
    carol: Client, carla: Client, mapping: Mapping
) -> None:
    opened = seen(carla, f"mapping/{mapping.pk}/change/")
    carol.post("/admin/accounts/mapping/", {"action": "disable", "_selected_action": mapping.pk})

    response = save(carla, mapping, opened)

    assert NAMES in str(forms.complaints(response))
    mapping.refresh_from_db()
    assert not mapping.enabled
    assert AuditEvent.objects.filter(action="admin.object.changed").count() == 1


def test_a_refused_form_stays_refused_until_the_page_is_opened_anew(
    carol: Client, carla: Client, mapping: Mapping
) -> None:
    opened = seen(carla, f"mapping/{mapping.pk}/change/")
    carol.post("/admin/accounts/mapping/", {"action": "disable", "_selected_action": mapping.pk})

    refused = save(carla, mapping, opened).content.decode()

    assert f'name="_state" value="{opened}"' in refused
    anew = seen(carla, f"mapping/{mapping.pk}/change/")
    assert save(carla, mapping, anew).status_code == 302


def test_a_change_of_the_rows_within_counts(carol: Client, carla: Client, mapping: Mapping) -> None:
    opened = seen(carla, f"mapping/{mapping.pk}/change/")
    mapping.targets.create(kind="unit", unit="Workloads")

    response = save(carla, mapping, opened)

    assert "This was changed while you had it open" in str(forms.complaints(response))


def test_a_row_deleted_meanwhile_is_not_made_again(
    carol: Client, carla: Client, mapping: Mapping
) -> None:
    opened = seen(carla, f"mapping/{mapping.pk}/change/")
    form = forms.mapping(name="Again", permission_set=mapping.permission_set_id, _state=opened)
    carol.post(f"/admin/accounts/mapping/{mapping.pk}/delete/", {"post": "yes"})

    response = forms.send(carla, f"mapping/{mapping.pk}/change/", form)

    assert response.status_code == 302
    assert not Mapping.objects.filter(name="Again").exists()


def test_a_form_that_nobody_overtook_is_saved(carol: Client, mapping: Mapping) -> None:
    opened = seen(carol, f"mapping/{mapping.pk}/change/")

    assert save(carol, mapping, opened, keys=None).status_code == 302
    mapping.refresh_from_db()
    assert not mapping.keys


def test_a_person_who_signs_in_meanwhile_can_still_be_blocked(carol: Client) -> None:
    alice = cast.sign_in("alice").person
    opened = seen(carol, f"person/{alice.pk}/change/")
    cast.sign_in("alice")
    Person.objects.filter(pk=alice.pk).update(name="Alice Changed")

    form = {"_state": opened, "blocked": "on", "block_reason": "left"}
    forms.send(carol, f"person/{alice.pk}/change/", form)

    assert Block.objects.get().sub == alice.sub


def test_a_person_who_was_blocked_meanwhile_is_not_unblocked_unseen(
    carol: Client, carla: Client
) -> None:
    alice = cast.sign_in("alice").person
    page = f"person/{alice.pk}/change/"
    opened = seen(carla, page)
    forms.send(carol, page, {"_state": opened, "blocked": "on", "block_reason": "stolen laptop"})

    refused = forms.send(carla, page, {"_state": opened, "block_reason": "a note"})

    assert "This was changed by carol@northwind.example" in refused.content.decode()
    assert Block.objects.get().reason == "stolen laptop"


def test_every_page_that_can_be_saved_says_what_it_shows(carol: Client) -> None:
    rows = {
        "account": Account.objects.order_by("pk")[0],
        "permissionset": PermissionSet.objects.order_by("pk")[0],
        "accountrole": Account.objects.order_by("pk")[0].roles.order_by("pk")[0],
        "mapping": Mapping.objects.order_by("pk")[0],
        "environment": Account.objects.order_by("pk")[0].environment,
    }

    for name, row in rows.items():
        assert row is not None
        assert seen(carol, f"{name}/{row.pk}/change/")
