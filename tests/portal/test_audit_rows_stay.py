"""Nobody changes or deletes a row of the audit trail, a portal admin least of all: by no address, model, plan or statement."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

import pytest
from django.contrib import admin
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from pytest_django import Settings

from accounts import audit
from accounts.audit_trail import batches
from accounts.audit_trail.verification import verify
from accounts.models import AuditEvent
from accounts.models.audit import Action, AppendOnly
from accounts.plans.complaints import InvalidPlan
from accounts.plans.toml_file.apply import apply_file
from tests import cast
from tests.issuer import Issuer
from tests.portal.api.test_portal_tokens import make
from tests.portal.test_security_requests import sample

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind")]

METHODS = ("POST", "PUT", "PATCH", "DELETE")
GONE = "a story that suits somebody better"


@pytest.fixture
def row() -> int:
    """A row that an admin would like to be another, or none."""
    return audit.record(
        action=Action.KEYS_ISSUED,
        now=timezone.now(),
        origin=cast.ORIGIN,
        subject=cast.subject("carol"),
        reason="as it was",
        access_key_id="ASIAIOSFODNN7EXAMPLE",
    )


def rows() -> dict[int, Mapping[str, Any]]:
    """Return every row as it is."""
    return {each["id"]: {**each} for each in AuditEvent.objects.order_by("id").values()}


def addresses(row: int) -> Iterator[str]:
    """Every address there is, with the number of a row where one has a variable."""
    found: list[tuple[str, URLPattern | URLResolver]] = [
        ("/", entry) for entry in get_resolver().url_patterns
    ]
    while found:
        prefix, entry = found.pop()
        path = prefix + sample(str(entry.pattern), number=str(row))
        if isinstance(entry, URLResolver):
            found += [(path, child) for child in entry.url_patterns]
        else:
            yield path


def forms(row: int) -> list[dict[str, Any]]:
    """What a form could say: all columns anew, and each action that any page of the admin has."""
    columns = {field.name: GONE for field in AuditEvent._meta.fields} | {"id": row, "post": "yes"}
    actions: set[str] = {
        str(getattr(action, "__name__", action))
        for model_admin in admin.site._registry.values()
        for action in (*(model_admin.actions or ()), "delete_selected")
    }
    chosen = {"_selected_action": row, "index": 0, "select_across": 1, "post": "yes"}
    return [columns, *({"action": action, **chosen} for action in sorted(actions))]


def is_list(path: str) -> bool:
    return path == "/admin/accounts/auditevent/"


def test_no_address_takes_a_row_away(row: int, settings: Settings, issuer: Issuer) -> None:
    settings.PAGES_RATE_LIMIT = settings.API_RATE_LIMIT = "100000/minute"
    subject = cast.subject("carol", groups=["portal-admins", "portal-auditors"])
    machine = make("carol", machine="all", directory=True, audit=True, testing=True, revoking=True)
    bearers = (issuer.token("carol", groups=["portal-admins"]), machine)
    paths = sorted(set(addresses(row)))
    assert {f"/admin/accounts/auditevent/{row}/{act}/" for act in ("change", "delete")} <= {*paths}
    assert len(paths) > 100
    before = rows()

    for path in paths:
        browser = cast.signed_in(subject)  # Some addresses sign it out.
        browser.raise_request_exception = False
        said = forms(row) if is_list(path) else forms(row)[:1]
        for method, form in product(METHODS, said):
            if method == "POST":
                browser.post(path, form)
            else:
                browser.generic(method, path, json.dumps(form), "application/json")
        for method, bearer in product(METHODS, bearers):
            program = Client(raise_request_exception=False)
            program.generic(
                method,
                path,
                json.dumps(said[0]),
                "application/json",
                headers={"Authorization": f"Bearer {bearer}", "X-HTTP-Method-Override": "DELETE"},
            )
        now = rows()
        assert {number: now.get(number) for number in before} == before, path


def test_the_admin_offers_neither_and_says_so(row: int) -> None:
    carol = cast.signed_in("carol")

    assert carol.post(f"/admin/accounts/auditevent/{row}/delete/", {"post": "yes"}).status_code in (
        403,
        405,
    )
    page = carol.get(f"/admin/accounts/auditevent/{row}/change/").content.decode()
    assert 'name="_save"' not in page
    assert "deletelink" not in page
    assert "delete_selected" not in carol.get("/admin/accounts/auditevent/").content.decode()


ACTS: list[Callable[[AuditEvent], object]] = [
    lambda event: event.save(),
    lambda event: event.save(force_update=True),
    lambda event: event.delete(),
    lambda event: AuditEvent.objects.update(reason=GONE),
    lambda event: AuditEvent.objects.filter(pk=event.pk).delete(),
    lambda event: AuditEvent.objects.bulk_update([event], ["reason"]),
    lambda event: AuditEvent.objects.update_or_create(pk=event.pk, defaults={"reason": GONE}),
    lambda event: AuditEvent.objects.bulk_create(
        [event], update_conflicts=True, update_fields=["reason"], unique_fields=["id"]
    ),
]


@pytest.mark.parametrize("act", ACTS)
def test_no_model_does(row: int, act: Callable[[AuditEvent], object]) -> None:
    before = rows()
    event = AuditEvent.objects.get(pk=row)
    event.reason = GONE

    with pytest.raises(AppendOnly), transaction.atomic():
        act(event)

    assert rows() == before


@pytest.mark.parametrize("section", ["audit_event", "auditevent", "audit"])
def test_no_plan_does(row: int, section: str) -> None:
    before = rows()

    with pytest.raises(InvalidPlan):
        apply_file(
            text=f'[[{section}]]\nid = {row}\nreason = "{GONE}"\n',
            name="plan.toml",
            actor="carol",
            origin=cast.ORIGIN,
            now=timezone.now(),
        )

    assert rows() == before


STATEMENTS = (
    "UPDATE accounts_auditevent SET reason = 'x' WHERE id = %s",
    "DELETE FROM accounts_auditevent WHERE id = %s",
    "INSERT INTO accounts_auditevent SELECT * FROM accounts_auditevent WHERE id = %s "
    "ON CONFLICT (id) DO UPDATE SET reason = 'x'",
)


@pytest.mark.parametrize("statement", STATEMENTS)
def test_postgresql_refuses_any_statement_and_the_chain_names_what_sqlite_let_through(
    row: int, statement: str
) -> None:
    batches.seal(now=timezone.now())
    if connection.vendor == "postgresql":
        before = rows()
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [row])
        assert rows() == before
        return
    if statement.startswith("INSERT"):
        statement = STATEMENTS[0]  # SQLite reads this ON as one of a join.
    with connection.cursor() as cursor:
        cursor.execute(statement, [row])

    assert str(row) in str(verify())
