"""Who may do what in the admin: denials first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from accounts.models import (
    Account,
    AccountRole,
    AuditEvent,
    Environment,
    Mapping,
    PermissionSet,
    Person,
    SignIn,
    Token,
)
from tests import cast

EDITABLE: tuple[type[Model], ...] = (Environment, Account, PermissionSet, AccountRole, Mapping)
RECORDS: tuple[type[Model], ...] = (SignIn, Token, AuditEvent)
EVERYTHING = (*EDITABLE, Person, *RECORDS)
VIEWS = ("list", "add", "change", "delete")

pytestmark = pytest.mark.usefixtures("northwind")


def url(model: type[Model], view: str) -> str:
    base = f"/admin/accounts/{model._meta.model_name}/"
    if view == "list":
        return base
    if view == "add":
        return f"{base}add/"
    return f"{base}{model._default_manager.order_by('pk')[:1].get().pk}/{view}/"


@pytest.fixture(autouse=True)
def _somebody(northwind: None) -> None:
    now = timezone.now()
    Token.objects.create(
        created_by=cast.sign_in("bob").person,
        purpose="nightly report",
        digest="digest",
        keys=True,
        created_at=now,
        expires_at=now + timedelta(days=1),
    )


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("model", EVERYTHING)
def test_signed_out_nothing_opens_and_every_page_leads_to_the_sign_in(
    model: type[Model], view: str, client: Client
) -> None:
    page = url(model, view)

    for response in (client.get(page), client.post(page, {"post": "yes"})):
        assert response.status_code == 302
        assert response["Location"] == f"/oidc/authenticate/?next={page}"


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("model", EVERYTHING)
def test_somebody_without_rights_is_refused_every_page(
    model: type[Model], view: str, alice: Client
) -> None:
    page = url(model, view)
    before = model._default_manager.count()

    for response in (alice.get(page), alice.post(page, {"post": "yes"})):
        assert response.status_code == 403
        assert "for portal admins and auditors" in response.content.decode()
    assert model._default_manager.count() == before


@pytest.mark.parametrize("view", ["add", "delete"])
@pytest.mark.parametrize("model", EVERYTHING)
def test_an_auditor_adds_and_deletes_nothing(model: type[Model], view: str, olga: Client) -> None:
    page = url(model, view)
    before = model._default_manager.count()

    assert olga.get(page).status_code == 403
    assert olga.post(page, {"post": "yes"}).status_code == 403
    assert model._default_manager.count() == before


@pytest.mark.parametrize("model", EVERYTHING)
def test_an_auditor_changes_nothing(model: type[Model], olga: Client) -> None:
    before = list(model._default_manager.order_by("pk").values())

    assert olga.post(url(model, "change"), {"name": "mine"}).status_code == 403
    assert list(model._default_manager.order_by("pk").values()) == before


@pytest.mark.parametrize("model", EVERYTHING)
def test_an_auditor_runs_no_action(model: type[Model], olga: Client) -> None:
    chosen = str(model._default_manager.order_by("pk")[:1].get().pk)
    before = list(model._default_manager.order_by("pk").values())

    for action in ("delete_selected", "disable"):
        olga.post(
            url(model, "list"),
            {"action": action, "_selected_action": chosen, "post": "yes"},
        )

    assert list(model._default_manager.order_by("pk").values()) == before


@pytest.mark.parametrize("model", EVERYTHING)
def test_an_auditor_sees_everything(model: type[Model], olga: Client) -> None:
    assert olga.get(url(model, "list")).status_code == 200
    assert olga.get(url(model, "change")).status_code == 200


@pytest.mark.parametrize("view", ["add", "delete"])
@pytest.mark.parametrize("model", [Person, *RECORDS])
def test_not_even_a_portal_admin_adds_or_deletes_a_record(
    model: type[Model], view: str, carol: Client
) -> None:
    page = url(model, view)
    before = model._default_manager.count()

    assert carol.get(page).status_code == 403
    assert carol.post(page, {"post": "yes"}).status_code == 403
    assert model._default_manager.count() == before


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("model", EDITABLE)
def test_a_portal_admin_opens_every_page_of_the_directory(
    model: type[Model], view: str, carol: Client
) -> None:
    assert carol.get(url(model, view)).status_code == 200


@pytest.mark.parametrize("model", [Person, *RECORDS])
def test_a_portal_admin_sees_every_record(model: type[Model], carol: Client) -> None:
    assert carol.get(url(model, "list")).status_code == 200
    assert carol.get(url(model, "change")).status_code == 200


def test_a_session_without_a_sign_in_opens_nothing(client: Client) -> None:
    person = cast.sign_in("carol").person
    client.force_login(person)

    assert client.get("/admin/")["Location"] == "/oidc/authenticate/?next=/admin/"


def test_rights_that_a_later_sign_in_does_not_give_are_gone(carol: Client) -> None:
    assert carol.get("/admin/").status_code == 200

    cast.sign_in(cast.subject("carol", groups=["visitors"]))

    assert carol.get("/admin/").status_code == 403


def test_a_blocked_admin_is_out_at_once(carol: Client) -> None:
    Person.objects.filter(sub="sub-carol").update(is_active=False)

    assert carol.get("/admin/").status_code == 302


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_login_page_leads_to_our_sign_in_and_has_no_form(client: Client, method: str) -> None:
    login: Any = getattr(client, method)

    response = login("/admin/login/?next=/admin/accounts/account/")

    assert response.status_code == 302
    assert response["Location"] == "/oidc/authenticate/?next=/admin/accounts/account/"
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x()"]
)
def test_the_login_page_leads_nowhere_else(client: Client, carol: Client, elsewhere: str) -> None:
    signed_out = client.get("/admin/login/", {"next": elsewhere})
    signed_in = carol.get("/admin/login/", {"next": elsewhere})

    assert signed_out["Location"] == "/oidc/authenticate/?next=/admin/"
    assert signed_in["Location"] == "/admin/"


def test_the_login_page_refuses_somebody_without_rights_clearly(alice: Client) -> None:
    response = alice.get("/admin/login/")

    assert response.status_code == 403
    assert "for portal admins and auditors" in response.content.decode()


@pytest.mark.parametrize("path", ["logout/", "password_change/", "password_change/done/"])
def test_what_belongs_to_passwords_does_not_exist(carol: Client, path: str) -> None:
    assert carol.get(f"/admin/{path}").status_code == 404
    assert carol.post(f"/admin/{path}").status_code == 404


def test_no_page_links_to_a_password_or_to_another_sign_out(carol: Client) -> None:
    page = carol.get("/admin/").content.decode()

    assert "password" not in page
    assert 'action="/oidc/logout/"' in page
    assert "Back to the portal" in page


def test_autocomplete_is_for_those_who_may_look(client: Client, alice: Client) -> None:
    asked = "/admin/autocomplete/?app_label=accounts&model_name=mapping&field_name=permission_set"

    assert client.get(asked).status_code == 302
    assert alice.get(asked).status_code == 403


@pytest.mark.parametrize("path", ["accounts/mapping/x/preview/", "accounts/account/x/history/"])
def test_a_page_of_nothing_is_not_found(carol: Client, path: str) -> None:
    assert carol.get(f"/admin/{path}").status_code == 404


@pytest.mark.parametrize("narrowed", ["account=%00", "q=%00", "action__exact=%00"])
def test_an_address_that_no_database_takes_is_refused(carol: Client, narrowed: str) -> None:
    assert carol.get(f"/admin/accounts/auditevent/?{narrowed}").status_code == 400


@pytest.mark.parametrize(
    "narrowed", ["p=x", "p=999999", "environment__id__exact=x", "nonsense=1", "o=99.-1.x", "all=x"]
)
def test_a_list_takes_no_harm_from_its_address(carol: Client, narrowed: str) -> None:
    assert carol.get(f"/admin/accounts/account/?{narrowed}", follow=True).status_code in (200, 400)


def test_a_preview_is_for_those_who_may_look(client: Client, alice: Client, olga: Client) -> None:
    page = f"/admin/accounts/mapping/{Mapping.objects.all()[:1].get().pk}/preview/"

    assert client.get(page).status_code == 302
    assert alice.get(page).status_code == 403
    assert olga.get(page).status_code == 200
