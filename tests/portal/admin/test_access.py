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
from accounts.models.audit import Action
from tests import cast

EDITABLE: tuple[type[Model], ...] = (Environment, Account, PermissionSet, AccountRole, Mapping)
RECORDS: tuple[type[Model], ...] = (Person, SignIn, Token, AuditEvent)
EVERYTHING: tuple[type[Model], ...] = (*EDITABLE, *RECORDS)
VIEWS = ("list", "add", "change", "delete")

pytestmark = pytest.mark.usefixtures("northwind")


def url(model: type[Model], view: str) -> str:
    base = f"/admin/accounts/{model._meta.model_name}/"
    if view == "list":
        return base
    if view == "add":
        return f"{base}add/"
    return f"{base}{model._default_manager.order_by('pk')[:1].get().pk}/{view}/"


def stored() -> dict[str, Any]:
    """Return every row of every table of the admin, but for what refusals leave in the audit trail."""
    rows: dict[str, Any] = {
        model.__name__: list(model._default_manager.order_by("pk").values()) for model in EVERYTHING
    }
    rows["AuditEvent"] = [row for row in rows["AuditEvent"] if row["action"] != Action.PAGE_DENIED]
    return rows


@pytest.fixture(autouse=True)
def _token(northwind: None) -> None:
    now = timezone.now()
    Token.objects.create(
        created_by=cast.sign_in("bob").person,
        purpose="nightly report",
        digest="digest",
        keys=True,
        created_at=now,
        expires_at=now + timedelta(days=1),
    )


def test_signed_out_nothing_opens_and_every_page_leads_to_the_sign_in(client: Client) -> None:
    for page in (url(model, view) for model in EVERYTHING for view in VIEWS):
        for response in (client.get(page), client.post(page, {"post": "yes"})):
            assert response.status_code == 302, page
            assert response["Location"] == f"/oidc/authenticate/?next={page}"


def test_somebody_without_rights_is_refused_every_page(alice: Client) -> None:
    before = stored()

    for page in (url(model, view) for model in EVERYTHING for view in VIEWS):
        for response in (alice.get(page), alice.post(page, {"post": "yes"})):
            assert response.status_code == 403, page
            assert "for portal admins and auditors" in response.content.decode()
    assert stored() == before


def test_an_auditor_changes_nothing(olga: Client) -> None:
    before = stored()

    for model in EVERYTHING:
        for view in ("add", "delete"):
            page = url(model, view)
            assert olga.get(page).status_code == 403, page
            assert olga.post(page, {"post": "yes"}).status_code == 403, page
        page = url(model, "change")
        assert olga.post(page, {"name": "mine"}).status_code == 403, page
    assert stored() == before


def test_an_auditor_runs_no_action(olga: Client) -> None:
    before = stored()

    for model in EVERYTHING:
        chosen = str(model._default_manager.order_by("pk")[:1].get().pk)
        for action in ("delete_selected", "disable", "revoke"):
            olga.post(
                url(model, "list"),
                {"action": action, "_selected_action": chosen, "post": "yes"},
            )
    assert stored() == before


def test_not_even_a_portal_admin_adds_or_deletes_a_record(carol: Client) -> None:
    before = stored()

    for model in RECORDS:
        for view in ("add", "delete"):
            page = url(model, view)
            assert carol.get(page).status_code == 403, page
            assert carol.post(page, {"post": "yes"}).status_code == 403, page
    assert stored() == before


def test_an_auditor_sees_everything(olga: Client) -> None:
    for page in (url(model, view) for model in EVERYTHING for view in ("list", "change")):
        assert olga.get(page).status_code == 200, page


def test_a_portal_admin_opens_every_page_of_the_directory_and_sees_every_record(
    carol: Client,
) -> None:
    pages = [url(model, view) for model in EDITABLE for view in VIEWS]
    pages += [url(model, view) for model in RECORDS for view in ("list", "change")]

    for page in pages:
        assert carol.get(page).status_code == 200, page


def test_a_session_without_a_sign_in_opens_nothing(client: Client) -> None:
    person = cast.sign_in("carol").person
    client.force_login(person)

    assert client.get("/admin/")["Location"] == "/oidc/authenticate/?next=/admin/"


def test_rights_that_a_later_sign_in_does_not_give_are_gone(carol: Client) -> None:
    assert carol.get("/admin/").status_code == 200

    cast.sign_in(cast.subject("carol", groups=["visitors"]))

    assert carol.get("/admin/").status_code == 403


def test_a_blocked_admin_is_out_at_once(carol: Client) -> None:
    cast.block(cast.subject("carol"))

    assert carol.get("/admin/").status_code == 302


def test_the_login_page_leads_to_our_sign_in_and_has_no_form(client: Client) -> None:
    page = "/admin/login/?next=/admin/accounts/account/"

    for response in (client.get(page), client.post(page)):
        assert response.status_code == 302
        assert response["Location"] == "/oidc/authenticate/?next=/admin/accounts/account/"
        assert "no-store" in response["Cache-Control"]


def test_the_login_page_leads_nowhere_else(client: Client, carol: Client) -> None:
    for url in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x()"):
        signed_out = client.get("/admin/login/", {"next": url})
        signed_in = carol.get("/admin/login/", {"next": url})

        assert signed_out["Location"] == "/oidc/authenticate/?next=/admin/", url
        assert signed_in["Location"] == "/admin/", url


def test_the_login_page_refuses_somebody_without_rights_clearly(alice: Client) -> None:
    response = alice.get("/admin/login/")

    assert response.status_code == 403
    assert "for portal admins and auditors" in response.content.decode()


def test_djangos_logout_and_password_pages_do_not_exist(carol: Client) -> None:
    for path in ("logout/", "password_change/", "password_change/done/"):
        assert carol.get(f"/admin/{path}").status_code == 404, path
        assert carol.post(f"/admin/{path}").status_code == 404, path


def test_no_page_links_to_a_password_or_to_another_sign_out(carol: Client) -> None:
    page = carol.get("/admin/").content.decode()

    assert "password" not in page
    assert 'action="/oidc/logout/"' in page
    assert "Back to the portal" in page


def test_autocomplete_is_for_those_who_may_look(client: Client, alice: Client) -> None:
    asked = "/admin/autocomplete/?app_label=accounts&model_name=mapping&field_name=permission_set"

    assert client.get(asked).status_code == 302
    assert alice.get(asked).status_code == 403


def test_a_page_of_nothing_is_not_found(carol: Client) -> None:
    for path in ("accounts/mapping/x/preview/", "accounts/account/x/history/"):
        assert carol.get(f"/admin/{path}").status_code == 404, path


def test_an_address_that_no_database_takes_is_refused(carol: Client) -> None:
    for query in ("account=%00", "q=%00", "action__exact=%00"):
        assert carol.get(f"/admin/accounts/auditevent/?{query}").status_code == 400, query


def test_a_preview_is_for_those_who_may_look(client: Client, alice: Client, olga: Client) -> None:
    page = f"/admin/accounts/mapping/{Mapping.objects.all()[:1].get().pk}/preview/"

    assert client.get(page).status_code == 302
    assert alice.get(page).status_code == 403
    assert olga.get(page).status_code == 200
