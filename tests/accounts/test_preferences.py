"""Preferences: what nobody chose is off, and what somebody chose is theirs alone."""

from __future__ import annotations

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import preferences, signins
from tests import cast

pytestmark = pytest.mark.django_db


def test_console_is_not_signed_out_of_unless_somebody_asked_for_it() -> None:
    assert preferences.preferences_of(cast.sign_in("alice").person).sign_out_first is False


def test_preference_is_kept_for_the_person_who_chose_it_and_for_nobody_else() -> None:
    alice, bob = cast.sign_in("alice").person, cast.sign_in("bob").person

    preferences.save(person=alice, sign_out_first=True, slash_searches=True)

    assert preferences.preferences_of(alice).sign_out_first is True
    assert preferences.preferences_of(bob).sign_out_first is False


def test_preference_can_be_taken_back() -> None:
    alice = cast.sign_in("alice").person
    preferences.save(person=alice, sign_out_first=True, slash_searches=True)

    preferences.save(person=alice, sign_out_first=False, slash_searches=True)

    assert preferences.preferences_of(alice).sign_out_first is False


def test_open_sign_in_brings_its_persons_preferences_along(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    sign_in = cast.sign_in("alice")
    preferences.save(person=sign_in.person, sign_out_first=True, slash_searches=False)

    # The sign-in with its person and their preferences, and the blocks.
    with django_assert_num_queries(2):
        person = signins.get_open(sign_in_id=sign_in.id, now=timezone.now()).person
        assert preferences.preferences_of(person).slash_searches is False
