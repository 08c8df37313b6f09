"""The plain statement for a sign-in returns what the ORM does, on both databases."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

from accounts import preferences, stored_sign_ins
from accounts.models import Preferences, SignIn
from tests import cast
from tests.cast import NOON

pytestmark = pytest.mark.django_db


def fields_of(row: Model) -> dict[str, Any]:
    return {
        field.attname: (value := getattr(row, field.attname), type(value))
        for field in row._meta.concrete_fields
    }


@pytest.mark.parametrize("chosen", [True, False])
@pytest.mark.parametrize("filled", [True, False])
def test_sign_in_is_that_of_the_orm(chosen: bool, filled: bool) -> None:
    cast.sign_in("bob")
    stored = cast.sign_in("alice")
    if filled:
        moment = NOON + timedelta(microseconds=1)
        stored.auth_time = stored.ended_at = moment
        stored.claims, stored.amr = {"groups": ["ä🚪", "it's"], "n": {"x": None}}, ["pwd", "otp"]
        stored.save()
        stored.person.last_seen_at = None
        stored.person.is_auditor = True
        stored.person.save()
    if chosen:
        preferences.save(person=stored.person, sign_out_first=True, slash_searches=False)
    expected = SignIn.objects.select_related("person__preferences").get(pk=stored.pk)

    with CaptureQueriesContext(connection) as queries:
        found = stored_sign_ins.find(stored.pk)
        assert found is not None
        assert found.person.preferences.sign_out_first is chosen
        assert preferences.preferences_of(found.person) is found.person.preferences

    assert len(queries) == 1
    assert found == expected
    assert fields_of(found) == fields_of(expected)
    assert fields_of(found.person) == fields_of(expected.person)
    if chosen:
        assert fields_of(found.person.preferences) == fields_of(expected.person.preferences)
    assert not found._state.adding
    assert not found.person._state.adding
    assert Preferences.objects.count() == chosen


def test_no_sign_in_has_an_unknown_id() -> None:
    cast.sign_in("alice")

    assert stored_sign_ins.find(uuid.uuid4()) is None
