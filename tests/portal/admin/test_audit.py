"""The audit trail is read, searched and filtered in the admin, and changed by nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts import audit
from accounts.models import AuditEvent
from accounts.models.audit import Action
from tests import cast

pytestmark = pytest.mark.django_db
LIST = "/admin/accounts/auditevent/"


@pytest.fixture
def event(db: None) -> AuditEvent:
    number = audit.record(
        action=Action.KEYS_ISSUED,
        now=cast.NOON,
        origin=cast.ORIGIN,
        subject=cast.subject("alice"),
        account_id="123456789012",
        role_name="ReadOnly",
        access_key_id="ASIAEXAMPLE",
        reason="Payments looks at its accounts: groups = payments",
    )
    audit.record(
        action=Action.KEYS_DENIED,
        now=cast.NOON - timedelta(days=400),
        origin=cast.ORIGIN,
        subject=cast.subject("mallory"),
        account_id="210987654321",
    )
    return AuditEvent.objects.get(pk=number)


def stored() -> list[Any]:
    """Return every row, but for those of refusals."""
    return list(AuditEvent.objects.exclude(action="access.page.denied").order_by("pk").values())


def test_a_row_is_not_changed_by_any_address(carol: Client, event: AuditEvent) -> None:
    before = stored()

    for path in ("add/", f"{event.pk}/change/", f"{event.pk}/delete/", f"{event.pk}/history/"):
        response = carol.post(LIST + path, {"post": "yes", "actor": "nobody", "reason": ""})
        assert response.status_code in (403, 404), path
    assert stored() == before


def test_a_row_is_not_changed_by_a_bulk_action(carol: Client, event: AuditEvent) -> None:
    before = stored()

    for action in ("delete_selected", "enable", "disable"):
        carol.post(LIST, {"action": action, "_selected_action": str(event.pk), "post": "yes"})
    carol.post(LIST, {"_save": "Save", "form-0-id": str(event.pk), "form-0-actor": "nobody"})

    assert stored() == before


def test_the_pages_offer_nothing_to_change(carol: Client, event: AuditEvent) -> None:
    listed = carol.get(LIST).content.decode()
    shown = carol.get(f"{LIST}{event.pk}/change/").content.decode()

    assert "addlink" not in listed.split('id="content"')[1]
    assert 'name="action"' not in listed
    assert "deletelink" not in shown
    assert 'name="_save"' not in shown


def test_a_row_is_shown_with_every_column(olga: Client, event: AuditEvent) -> None:
    page = olga.get(f"{LIST}{event.pk}/change/").content.decode()

    for column in AuditEvent._meta.concrete_fields:
        shown = {"at": "when", "detail": "details", "account_id": "account"}.get(
            column.name, column.name
        )
        assert f"field-{shown}" in page
    assert "22 November 2026, 12:00:00 UTC" in page


def test_admins_see_how_much_of_awss_limits_a_session_took(olga: Client, event: AuditEvent) -> None:
    for detail, shown in (
        ({}, '<div class="readonly"></div>'),
        ({"packed_policy_size": 41}, "41 % of the packed size of session tags and policies<"),
        ({"token_utilization": 12}, ">12 % of the session token<"),
        (
            {"packed_policy_size": 90, "token_utilization": 12},
            "session token. Nearly full: at 100 %",
        ),
    ):
        row = AuditEvent.objects.create(at=event.at, action=event.action, detail=detail)

        page = olga.get(f"{LIST}{row.pk}/change/").content.decode()

        assert shown in page.split("field-size")[1].partition("field-details")[0], detail


def test_rows_are_searched_and_filtered(olga: Client, event: AuditEvent) -> None:
    for query in (
        "q=ASIAEXAMPLE",
        "q=alice",
        "action__exact=access.keys.issued",
        "account=123456789012",
        "account=1234-5678-9012&q=ReadOnly",
        "person=alice&outcome=success",
        "at__year=2026&at__month=11",
    ):
        rows = olga.get(f"{LIST}?{query}").context["cl"].result_list
        assert [row.pk for row in rows if row.actor[0] in "am"] == [event.pk], query


def test_the_account_filter_keeps_the_others(olga: Client, event: AuditEvent) -> None:
    page = olga.get(f"{LIST}?action__exact=access.keys.issued&q=alice").content.decode()

    assert '<input type="hidden" name="action__exact" value="access.keys.issued">' in page
    assert '<input type="hidden" name="q" value="alice">' in page
