"""Whatever an address or a form of the admin asks: a page, or a clear refusal; never a failure of ours."""

from __future__ import annotations

from itertools import cycle, islice
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client, RequestFactory

from accounts.errors import InvalidRequest
from accounts.models import Account, AuditEvent, Environment, Mapping, PermissionSet, SignIn
from tests import cast
from tests.portal.admin import forms

# A statement that PostgreSQL refuses must not take the test's own transaction with it.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("northwind")]

MODELS = sorted(admin.site._registry, key=lambda model: str(model._meta.model_name))
LOOKUPS = [
    *("exact", "iexact", "in", "gt", "gte", "lt", "lte", "isnull", "range"),
    *("contains", "icontains", "startswith", "endswith", "contained_by", "has_key", "has_keys"),
    *("year", "year__gte", "month", "day", "date", "time", "hour", "second", "week", "iso_year"),
    *(
        "quarter",
        "week_day",
        "id",
        "id__exact",
        "pk",
        "pk__in",
        "length",
        "0",
        "no__such",
        "search",
    ),
]
VALUES = [
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
]
BAD = ["x", "99999999999999999999", "9" * 5000, "not-a-uuid", "-1", "", "[]"]


def address(model: type[Model], **asked: str) -> str:
    query = f"?{urlencode(asked)}" if asked else ""
    return f"/admin/accounts/{model._meta.model_name}/{query}"


@pytest.mark.parametrize("model", MODELS)
def test_a_list_takes_every_filter_there_could_be(model: type[Model]) -> None:
    page, somebody = admin.site.get_model_admin(model), cast.sign_in("carol").person
    values = cycle(VALUES)
    asked = [{field.name: value} for field in model._meta.get_fields() for value in VALUES]
    asked += [
        {f"{field.name}__{lookup}": value}
        for field in model._meta.get_fields()
        for lookup in LOOKUPS
        for value in islice(values, 4)
    ]

    for parameters in asked:
        request = RequestFactory().get("/", parameters)
        request.user = somebody
        try:
            page.get_changelist_instance(request)
        except InvalidRequest:
            continue
        except Exception as error:
            raise AssertionError(f"{parameters}") from error


@pytest.mark.parametrize(
    ("model", "name", "value"),
    [
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
    ],
)
def test_a_filter_that_cannot_be_is_refused_and_never_left_out_in_silence(
    carol: Client, model: type[Model], name: str, value: str
) -> None:
    response = carol.get(address(model, **{name: value}))

    assert response.status_code == 400
    assert "Open the list without it" in response.content.decode()


@pytest.mark.parametrize("name", ["id__exact", "id", "id__in", "environment"])
def test_a_number_beyond_all_rows_finds_none(carol: Client, name: str) -> None:
    response = carol.get(address(Account, **{name: "99999999999999999999"}))

    # SQLite cannot even be asked for some of them.
    assert response.status_code == 400 or response.context["cl"].result_count == 0


@pytest.mark.parametrize("name", ["p", "o", "all", "e", "_facets", "_popup", "_to_field"])
@pytest.mark.parametrize("model", MODELS)
def test_a_list_takes_any_page_order_and_mode(carol: Client, model: type[Model], name: str) -> None:
    for value in [*BAD, "99.-99.x.0.-1"]:
        assert carol.get(address(model, **{name: value})).status_code in (200, 400)


@pytest.mark.parametrize("view", ["change", "delete", "history", "preview"])
@pytest.mark.parametrize("model", MODELS)
def test_a_row_that_cannot_be_is_not_found(carol: Client, model: type[Model], view: str) -> None:
    for value in BAD:
        page = f"{address(model)}{value or '%20'}/{view}/"
        for response in (carol.get(page), carol.post(page, {"post": "yes"})):
            assert response.status_code in (302, 403, 404), page


@pytest.mark.parametrize("model", MODELS)
def test_a_form_is_begun_with_whatever_its_address_holds(carol: Client, model: type[Model]) -> None:
    for value in BAD:
        started = {field.name: value for field in model._meta.get_fields()}
        response = carol.get(f"{address(model)}add/?{urlencode(started)}")

        assert response.status_code in (200, 403)


@pytest.mark.parametrize("value", BAD)
def test_a_form_that_names_impossible_rows_is_shown_again(carol: Client, value: str) -> None:
    refused = [
        forms.send(carol, "account/add/", forms.account(environment=value or "x")),
        forms.send(carol, "account/add/", forms.account({"permission_set": value or "x"})),
        forms.send(
            carol, "account/add/", forms.account({"id": value, "permission_set": "x"}, stored=1)
        ),
        forms.send(carol, "mapping/add/", forms.mapping(permission_set=value)),
        forms.send(
            carol,
            "mapping/add/",
            forms.mapping({"kind": "account", "account": value, "environment": value}),
        ),
        forms.send(carol, "accountrole/add/", {"account": value, "permission_set": value}),
        forms.send(carol, "permissionset/add/", forms.permission_set(session_duration=value)),
    ]

    for response in refused:
        assert response.status_code == 200
        assert response.context["errors"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize("model", MODELS)
def test_an_action_on_rows_that_cannot_be_is_refused(
    carol: Client, model: type[Model], value: str
) -> None:
    before = model._default_manager.count()

    for action in ("delete_selected", "enable", "disable", "revoke", value):
        for index in ({}, {"index": value}):
            sent = {"action": action, "_selected_action": value, "post": "yes", **index}
            assert carol.post(address(model), sent).status_code in (200, 302, 400)

    assert model._default_manager.count() == before


@pytest.mark.parametrize("value", BAD)
@pytest.mark.parametrize("name", ["term", "page", "app_label", "model_name", "field_name"])
def test_autocomplete_takes_whatever_it_is_asked(carol: Client, name: str, value: str) -> None:
    asked = {"app_label": "accounts", "model_name": "mapping", "field_name": "permission_set"}

    response = carol.get(f"/admin/autocomplete/?{urlencode({**asked, name: value})}")

    assert response.status_code in (200, 403, 404)


@pytest.mark.parametrize("model", MODELS)
def test_a_search_for_a_thousand_words_is_refused(carol: Client, model: type[Model]) -> None:
    assert carol.get(address(model, q="a " * 1500)).status_code == 400


def test_a_thousand_values_are_refused(carol: Client) -> None:
    asked = urlencode([("name", str(number)) for number in range(999)])

    assert carol.get(f"/admin/accounts/account/?{asked}").status_code == 400
    assert (
        carol.get(
            "/admin/autocomplete/?app_label=accounts&model_name=mapping&field_name=permission_set"
            f"&term={'a+' * 1500}"
        ).status_code
        == 400
    )


def test_mappings_and_permission_sets_are_as_they_were_after_a_refusal(carol: Client) -> None:
    before = (Mapping.objects.count(), PermissionSet.objects.count())

    carol.post(
        address(Mapping),
        {"action": "delete_selected", "_selected_action": [1, "9" * 20], "post": "yes"},
    )

    assert (Mapping.objects.count(), PermissionSet.objects.count()) == before
