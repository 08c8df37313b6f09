"""A prepared statement asks and writes as the ORM's own does, whatever is in the rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import Error, connection, models, transaction
from django.db.models import Q, QuerySet
from django.test.utils import CaptureQueriesContext

from accounts import prepared
from accounts.models import Account, AuditEvent, Preferences, SignIn
from accounts.prepared import Insertion, Prepared, _is_ready
from accounts.types import Surface
from tests import cast

pytestmark = pytest.mark.django_db

SIGN_INS = Prepared(
    lambda pk: SignIn.objects.select_related("person__preferences").filter(pk=pk),
    SignIn._meta.pk,
)


def columns(row: SignIn | None) -> dict[str, object]:
    assert row is not None
    return {name: value for name, value in vars(row).items() if name != "_state"}


@pytest.mark.parametrize("preferring", [False, True])
def test_row_is_the_one_the_orm_finds_with_its_relations(preferring: bool) -> None:
    row = cast.sign_in(cast.subject("alice", nested={"ä": [1, None, True]}))
    if preferring:
        Preferences.objects.create(person=row.person, sign_out_first=True)
    expected = SignIn.objects.select_related("person__preferences").get(pk=row.pk)

    found = SIGN_INS.first(row.pk)
    with CaptureQueriesContext(connection) as queries:
        assert found is not None
        person = found.person
        preferences = getattr(person, "preferences", None)

    assert len(queries) == 0
    assert columns(found) == columns(expected)
    assert vars(person)["email"] == expected.person.email
    assert (preferences is not None) == preferring
    assert found._state.adding is False


def test_row_that_is_not_there_is_none() -> None:
    assert SIGN_INS.first(uuid4()) is None


def test_row_that_was_found_can_be_changed_and_saved() -> None:
    found = SIGN_INS.first(cast.sign_in("alice").pk)
    assert found is not None

    found.end_reason = "test"
    found.save(update_fields=["end_reason"])

    assert SignIn.objects.get().end_reason == "test"


def test_change_is_seen_by_the_next_query() -> None:
    row = cast.sign_in("alice")
    first = SIGN_INS.first(row.pk)
    SignIn.objects.update(claims={"groups": ["other"]})

    second = SIGN_INS.first(row.pk)

    assert first is not None
    assert second is not None
    assert (first.claims["groups"], second.claims["groups"]) == (
        ["payments", "platform"],
        ["other"],
    )


def test_rows_found_twice_are_not_the_same_objects() -> None:
    row = cast.sign_in("alice")
    first, second = SIGN_INS.first(row.pk), SIGN_INS.first(row.pk)
    assert first is not None
    assert second is not None

    first.ip = first.person.name = "changed"

    assert "changed" not in (second.ip, second.person.name)


def test_rows_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "MOST_REMEMBERED", 1)
    rows = [cast.sign_in(who) for who in ("alice", "bob")]
    query = Prepared(lambda pk: SignIn.objects.filter(pk=pk), SignIn._meta.pk)

    found = [query.first(row.pk) for row in rows]

    assert found == rows
    assert len(query._remembered) == 1


def test_tuples_and_annotations_come_as_the_orm_gives_them() -> None:
    cast.account("a", "111111111111", tags={"team": "payments"})
    tuples = Prepared(
        lambda name: Account.objects.filter(name=name).values_list("account_id", "tags", "active"),
        Account._meta.get_field("name"),
    )

    assert tuples.rows("a") == [("111111111111", {"team": "payments"}, True)]
    assert tuples.rows("b") == []


NAME: Any = Account._meta.get_field("name")
UNIT: Any = Account._meta.get_field("organizational_unit")


@pytest.mark.parametrize(
    "build",
    [
        lambda name, unit: Account.objects.filter(name=name, organizational_unit=unit),
        lambda name, unit: Account.objects.filter(organizational_unit=unit).filter(name=name),
        lambda name, unit: Account.objects.filter(organizational_unit=unit, name=name),
        lambda name, unit: Account.objects.filter(
            Q(name=name) & (Q(organizational_unit=unit) | Q(organizational_unit=name))
        ),
        lambda name, unit: Account.objects.exclude(organizational_unit="Other").filter(
            name__in=[name, "nobody"], organizational_unit=unit
        ),
    ],
    ids=["in order", "crossed", "put in order by Django", "one twice", "constants between"],
)
def test_each_value_is_compared_with_its_column_wherever_that_stands(
    build: Callable[..., QuerySet[Account]],
) -> None:
    cast.account("a", "111111111111", organizational_unit="Unit")
    cast.account("Unit", "222222222222", organizational_unit="a")
    cast.account("c", "333333333333", organizational_unit="Other")
    query = Prepared(lambda *values: build(*values).values_list("account_id"), NAME, UNIT)

    for values in [("a", "Unit"), ("Unit", "a"), ("c", "Other"), ("a", "a")]:
        assert query.rows(*values) == list(build(*values).values_list("account_id"))


def test_query_that_leaves_a_value_out_is_refused() -> None:
    query = Prepared(lambda name, unit: Account.objects.filter(name=name), NAME, UNIT)

    with pytest.raises(TypeError, match=r"values \[1\] are compared with nothing"):
        query.rows("a", "Unit")


EVENTS = Insertion(AuditEvent)


def columns_of_event() -> dict[str, Any]:
    return {
        "at": datetime(2026, 11, 28, 9, 30, 0, 123456, tzinfo=UTC),
        "action": "access:keys:issued",
        "actor": "Zoë 100 %s",
        "surface": Surface.API,
        "duration": None,
        "detail": {"ä": [1, None, True, "%s"]},
    }


def test_row_is_written_as_the_orm_writes_it() -> None:
    ours = EVENTS.insert(**columns_of_event())
    theirs = AuditEvent.objects.create(**columns_of_event())

    written = [
        {name: value for name, value in row.items() if name != "id"}
        for row in AuditEvent.objects.values()
    ]
    assert written[0] == written[1]
    assert {row.pk for row in AuditEvent.objects.all()} == {ours, theirs.pk}


def test_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(TypeError, match=r"AuditEvent has no columns \['password'\]"):
        EVENTS.insert(**columns_of_event(), password="x")

    assert AuditEvent.objects.count() == 0


def test_value_that_its_column_cannot_be_given_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a number"):
        EVENTS.insert(**{**columns_of_event(), "duration": "long"})

    assert AuditEvent.objects.count() == 0


def test_sql_of_a_row_is_written_once() -> None:
    EVENTS.insert(**columns_of_event())
    with CaptureQueriesContext(connection) as queries:
        EVENTS.insert(**columns_of_event())
        AuditEvent.objects.create(**columns_of_event())

    first, second = (each["sql"].partition(" VALUES ")[0] for each in queries)
    assert first == second


def test_row_that_cannot_be_written_costs_its_transaction() -> None:
    twice = {**columns_of_event(), "id": EVENTS.insert(**columns_of_event())}

    with pytest.raises(Error), transaction.atomic():
        EVENTS.insert(**twice)
    with transaction.atomic():
        with pytest.raises(Error):
            EVENTS.insert(**twice)
        assert connection.needs_rollback

    assert AuditEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "ready"),
    [(models.CharField(), True), (models.TextField(), True), (models.EmailField(), False)],
)
def test_text_is_ready_but_where_its_field_may_have_a_say(
    field: models.Field[Any, Any], ready: bool
) -> None:
    assert _is_ready(field, "text") is ready
    assert not _is_ready(field, Surface.API)
    assert not _is_ready(field, None)
    assert field.get_db_prep_save("text", connection) == "text"
