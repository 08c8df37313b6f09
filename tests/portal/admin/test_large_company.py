"""The admin of a large company: pages in a bounded number of queries, and a mapping that names 1,500 accounts."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account, AuditEvent, Mapping, MappingTarget
from bench.large_company import Size, build
from portal.admin.confirming import CONFIRMED_FIELD
from tests import cast
from tests.portal.admin import forms

MANY = 1_500
SECONDS = 20
"""Far above what a page takes, for a machine with much else to do: a query per row takes longer."""
MOST_QUERIES = 40
SIZE = Size(accounts=1_600, permission_sets=4, mappings=1_000, people=120)
LISTS = sorted(
    (model._meta.model_name or "", "")
    for model in admin.site._registry
    if model._meta.app_label == "accounts"
)
FILTERED = [
    ("account", "?q=team-001&environment__id__exact=1"),
    ("account", "?tested=never"),
    ("accountrole", "?q=team-001"),
    ("accountrole", "?test=none"),
    ("mapping", "?q=team-0001"),
    ("mapping", "?state=force"),
    ("mapping", "?reaches=team-001"),
    ("mapping", "?environment=production"),
]


@pytest.fixture(scope="module")
def company(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The company, built once for all tests of this file and taken back after them."""
    with django_db_blocker.unblock(), transaction.atomic():
        build(SIZE)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def carol(company: None, db: None) -> Client:
    return cast.signed_in("carol")


def asked(client: Client, url: str) -> tuple[HttpResponse, int]:
    """Open a page, and return it with the number of its queries."""
    begun = perf_counter()
    with CaptureQueriesContext(connection) as queries:
        response = client.get(url)
    assert response.status_code == 200, url
    assert perf_counter() - begun < SECONDS, url
    return response, len(queries)  # type: ignore[return-value]


@pytest.mark.parametrize(("table", "query"), [*LISTS, *FILTERED])
def test_a_list_asks_no_query_for_each_row(carol: Client, table: str, query: str) -> None:
    _, queries = asked(carol, reverse(f"admin:accounts_{table}_changelist") + query)

    assert queries <= MOST_QUERIES


@pytest.mark.parametrize("table", ["account", "accountrole", "mapping", "permissionset", "person"])
def test_a_form_asks_no_query_for_each_row(carol: Client, table: str) -> None:
    model = next(one for one in admin.site._registry if one._meta.model_name == table)
    first = model._default_manager.order_by("pk")[0].pk

    _, queries = asked(carol, reverse(f"admin:accounts_{table}_change", args=(first,)))

    assert queries <= MOST_QUERIES


def test_the_index_and_health_count_in_few_queries(carol: Client) -> None:
    for name in ("index", "health"):
        assert asked(carol, reverse(f"admin:{name}"))[1] <= MOST_QUERIES


@pytest.mark.parametrize(
    ("model", "field"),
    [("mappingtarget", "account"), ("mapping", "permission_set"), ("accountrole", "account")],
)
def test_an_autocomplete_answers_with_a_page_of_choices(
    carol: Client, model: str, field: str
) -> None:
    query = f"?app_label=accounts&model_name={model}&field_name={field}&term=0"

    response, queries = asked(carol, reverse("admin:autocomplete") + query)

    assert 0 < len(response.json()["results"]) <= 20  # type: ignore[attr-defined]
    assert queries <= MOST_QUERIES


def test_a_mapping_that_names_very_many_accounts_opens_and_saves_in_one(carol: Client) -> None:
    chosen = list(Account.objects.order_by("account_id")[: MANY + 1])
    ids = [one.account_id for one in chosen]
    fields = forms.mapping(
        name="Everywhere", value="team-00001", permission_set=1, account_lines="\r\n".join(ids[:-1])
    )
    fields["permission_set"] = str(
        Mapping.objects.exclude(permission_set=None)[0].permission_set_id
    )

    with CaptureQueriesContext(connection) as queries:
        saved(carol, reverse("admin:accounts_mapping_add"), fields)
    assert len(queries) < 4 * MOST_QUERIES

    mapping = Mapping.objects.get(name="Everywhere")
    assert named_by(mapping) == set(ids[:-1])
    url = reverse("admin:accounts_mapping_change", args=(mapping.pk,))
    page, queries_of_page = asked(carol, url)
    assert queries_of_page <= MOST_QUERIES
    shown = page.context["adminform"].form["account_lines"].value()  # type: ignore[attr-defined]
    assert len(shown.splitlines()) == MANY
    # One goes, one comes, in the lines as the form has shown them.
    kept = [line for line in shown.splitlines() if not line.startswith(ids[0])]
    saved(carol, url, {**fields, "account_lines": "\r\n".join([*kept, ids[-1]])})
    assert named_by(mapping) == set(ids[1:])
    event = AuditEvent.objects.filter(action="admin.object.changed").first()
    assert event is not None
    assert event.detail["object"] == "mapping Everywhere"


def test_a_form_sent_without_the_lines_leaves_the_accounts_alone(carol: Client) -> None:
    mapping = of_accounts(30)
    url = reverse("admin:accounts_mapping_change", args=(mapping.pk,))

    saved(carol, url, form_of(mapping, keys=None))

    assert MappingTarget.objects.filter(mapping=mapping).count() == 30
    assert not Mapping.objects.get(pk=mapping.pk).keys


def test_a_line_without_an_account_and_a_row_that_is_a_line_are_refused(carol: Client) -> None:
    mapping = of_accounts(30)
    url = reverse("admin:accounts_mapping_change", args=(mapping.pk,))
    known = mapping.targets.all()[0].account_id

    unknown = carol.post(url, form_of(mapping, account_lines="000000000001 lost\nsomething"))
    twice = carol.post(url, form_of(mapping, {"kind": "account", "account": str(known)}))

    assert "“000000000001 lost”: no account of this portal has this id." in str(
        forms.errors_of(unknown)["account_lines"]  # type: ignore[arg-type]
    )
    assert "is already listed" in str(forms.complaints(twice))  # type: ignore[arg-type]
    assert MappingTarget.objects.filter(mapping=mapping).count() == 30


def test_those_who_only_look_see_the_accounts_once(company: None, db: None) -> None:
    mapping = of_accounts(30)
    olga = cast.signed_in(cast.subject("olga", groups=["portal-auditors"]))

    page = olga.get(reverse("admin:accounts_mapping_change", args=(mapping.pk,)))

    first = mapping.targets.all()[0].account
    assert first is not None
    assert f"{first.account_id} {first.name}" in page.content.decode()


def of_accounts(number: int) -> Mapping:
    """Store a mapping that names so many accounts."""
    mapping = Mapping.objects.create(
        name="Some",
        value="nobody-has-this",
        permission_set=Mapping.objects.exclude(permission_set=None)[0].permission_set,
    )
    for account in Account.objects.order_by("pk")[:number]:
        MappingTarget.objects.create(mapping=mapping, kind="account", account=account)
    return mapping


def form_of(mapping: Mapping, *rows: dict[str, Any], **columns: Any) -> dict[str, Any]:
    """Return the form of a stored mapping, filled in; what is None is left out."""
    columns = {
        "name": mapping.name,
        "value": mapping.value,
        "permission_set": str(mapping.permission_set_id),
        **columns,
    }
    fields = forms.mapping(*rows, **columns)
    return {name: value for name, value in fields.items() if value is not None}


def saved(client: Client, url: str, fields: dict[str, Any]) -> None:
    """Send a form, and confirm whose access it changes where that is asked."""
    begun = perf_counter()
    response: Any = client.post(url, fields)
    if response.status_code == 200 and "access_mark" in response.context:
        mark = response.context["access_mark"]
        response = client.post(url, {**fields, CONFIRMED_FIELD: mark})
    assert response.status_code == 302, forms.complaints(response)
    assert perf_counter() - begun < 2 * SECONDS


def named_by(mapping: Mapping) -> set[str]:
    return set(
        MappingTarget.objects.filter(mapping=mapping, kind="account").values_list(
            "account__account_id", flat=True
        )
    )
