"""Whatever the address or the form of an admin page holds: the page, or a clear refusal; never a server error."""

from __future__ import annotations

from itertools import cycle, islice
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client, RequestFactory
from pytest_django import Settings

from accounts.errors import InvalidRequest
from accounts.models import Account, AuditEvent, Environment, Mapping, PermissionSet, SignIn
from portal import limiting
from tests import cast
from tests.portal.admin import forms

pytestmark = [
    # PostgreSQL ends the transaction of a refused statement, so a test cannot hold one around it.
    pytest.mark.django_db(transaction=connection.vendor == "postgresql"),
    pytest.mark.usefixtures("northwind"),
]

MODELS = sorted(admin.site._registry, key=lambda model: str(model._meta.model_name))
LOOKUPS = (
    *("exact", "iexact", "in", "gt", "gte", "lt", "lte", "isnull", "range"),
    *("contains", "icontains", "startswith", "endswith", "contained_by", "has_key", "has_keys"),
    *("year", "year__gte", "month", "day", "date", "time", "hour", "second", "week", "iso_year"),
    *("quarter", "week_day", "id", "id__exact", "pk", "pk__in", "length", "0", "no__such"),
    "search",
)
VALUES = (
    "",
    "x",
    "99999999999999999999",
    "-99999999999999999999",
    "9" * 400,
    "9" * 5000,
    "1,99999999999999999999",
    "1,x",
    "-1",
    "0",
    "-0",
    "10000",
    "1e400",
    "nan",
    "inf",
    "\u0661",
    "\U0010ffff",
    "%",
    "\\",
    "{",
    "[]",
    "null",
    "true",
    "not-a-uuid",
    "2026-13-45",
    "2026-02-30T25:61",
    "99999-01-01",
    "2026-11-22 12:00:00+99:99",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "a" * 3000,
    "a,b",
    "a\tb",
)
BAD = ("x", "99999999999999999999", "9" * 5000, "not-a-uuid", "-1", "", "[]")
REFUSED_FILTERS = (
    (Environment, "id__in", "x"),
    (Account, "environment__id__exact", "x"),
    (Account, "tags__has_key", "team"),
    (Account, "id__range", "1"),
    (Account, "name__regex", ".*"),
    (Account, "nonsense", "1"),
    (AuditEvent, "id__exact", "not-a-uuid"),
    (AuditEvent, "at__year", "9999"),
    (AuditEvent, "at__year", "x"),
    (AuditEvent, "at__gte", "2026-13-45"),
    (SignIn, "started_at__gte", "yesterday"),
)


def address(model: type[Model], **query: str) -> str:
    return f"/admin/accounts/{model._meta.model_name}/" + (f"?{urlencode(query)}" if query else "")


def test_a_list_takes_every_filter_there_could_be() -> None:
    somebody = cast.sign_in("carol").person
    values = cycle(VALUES)
    for model in MODELS:
        page, fields = admin.site.get_model_admin(model), model._meta.get_fields()
        queries = [{field.name: value} for field in fields for value in VALUES]
        queries += [
            {f"{field.name}__{lookup}": value}
            for field in fields
            for lookup in LOOKUPS
            for value in islice(values, 2)
        ]
        for query in queries:
            request = RequestFactory().get("/", query)
            request.user = somebody
            try:
                page.get_changelist_instance(request)
            except InvalidRequest:
                continue
            except Exception as error:
                raise AssertionError(f"{model.__name__} {query}") from error


def test_an_impossible_filter_is_refused_and_never_dropped_silently(carol: Client) -> None:
    for model, name, value in REFUSED_FILTERS:
        response = carol.get(address(model, **{name: value}))

        assert response.status_code == 400, (model, name, value)
        assert "Open the list without it" in response.content.decode()


def test_a_number_beyond_all_rows_finds_none(carol: Client) -> None:
    for name in ("id__exact", "id", "id__in", "environment"):
        response = carol.get(address(Account, **{name: "99999999999999999999"}))

        # SQLite refuses numbers of more than 64 bits.
        assert response.status_code == 400 or response.context["cl"].result_count == 0, name


def test_a_list_takes_any_page_order_and_mode(carol: Client) -> None:
    values = cycle((*BAD, "99.-99.x.0.-1"))
    for _ in range(2):
        for model in MODELS:
            for name in ("p", "o", "all", "e", "_facets", "_popup", "_to_field"):
                page = address(model, **{name: next(values)})
                assert carol.get(page).status_code in (200, 400), page


def test_an_impossible_row_is_not_found(carol: Client, settings: Settings) -> None:
    settings.PAGES_RATE_LIMIT = "10000/minute"
    for model in MODELS:
        for view in ("change", "delete", "history", "preview"):
            for value in BAD:
                page = f"{address(model)}{value or '%20'}/{view}/"
                for response in (carol.get(page), carol.post(page, {"post": "yes"})):
                    assert response.status_code in (302, 403, 404), page


def test_a_form_takes_any_initial_values_from_its_address(carol: Client) -> None:
    for model in MODELS:
        for value in BAD:
            initial = {field.name: value for field in model._meta.get_fields()}
            response = carol.get(f"{address(model)}add/?{urlencode(initial)}")

            assert response.status_code in (200, 403), (model, value)


def test_a_form_that_names_impossible_rows_is_shown_again(carol: Client) -> None:
    for value in BAD:
        stored_role = {"id": value, "permission_set": "x"}
        target = {"kind": "account", "account": value, "environment": value}
        for page, form in (
            ("account", forms.account(environment=value or "x")),
            ("account", forms.account({"permission_set": value or "x"})),
            ("account", forms.account(stored_role, stored=1)),
            ("mapping", forms.mapping(permission_set=value)),
            ("mapping", forms.mapping(target)),
            ("accountrole", {"account": value, "permission_set": value}),
            ("permissionset", forms.permission_set(session_duration=value)),
        ):
            response = forms.send(carol, f"{page}/add/", form)

            assert response.status_code == 200, (page, value)
            assert response.context["errors"]  # type: ignore[attr-defined]


def test_an_action_on_impossible_rows_changes_nothing(carol: Client) -> None:
    for model in MODELS:
        rows = list(model._default_manager.order_by("pk").values())
        # Nobody may send as many forms as this in a minute.
        limiting.reset()

        for value in BAD:
            for action in ("delete_selected", "enable", "disable", "revoke", value):
                for index in ({}, {"index": value}):
                    sent = {"action": action, "_selected_action": value, "post": "yes", **index}
                    response = carol.post(address(model), sent)
                    assert response.status_code in (200, 302, 400), (model, sent)

        assert list(model._default_manager.order_by("pk").values()) == rows


def test_one_impossible_row_keeps_an_action_from_all(carol: Client) -> None:
    rows = (Mapping.objects.count(), PermissionSet.objects.count())
    chosen = [Mapping.objects.order_by("pk")[0].pk, "9" * 20]

    response = carol.post(
        address(Mapping), {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    )

    assert response.status_code == 400
    assert (Mapping.objects.count(), PermissionSet.objects.count()) == rows


def test_autocomplete_takes_any_parameters(carol: Client) -> None:
    usual = {"app_label": "accounts", "model_name": "mapping", "field_name": "permission_set"}
    for name in ("term", "page", *usual):
        for value in BAD:
            page = f"/admin/autocomplete/?{urlencode({**usual, name: value})}"

            assert carol.get(page).status_code in (200, 403, 404), page


def test_a_search_for_a_thousand_words_is_refused(carol: Client) -> None:
    words = "a " * 1500
    usual = {"app_label": "accounts", "model_name": "mapping", "field_name": "permission_set"}

    for model in MODELS:
        assert carol.get(address(model, q=words)).status_code == 400, model
    autocomplete = carol.get("/admin/autocomplete/", {**usual, "term": words})
    assert autocomplete.status_code == 400


def test_a_thousand_filter_values_are_refused(carol: Client) -> None:
    query = urlencode([("name", str(number)) for number in range(999)])

    assert carol.get(f"/admin/accounts/account/?{query}").status_code == 400
