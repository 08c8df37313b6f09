"""A copy of the session table opens no session."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.utils import timezone
from pytest_django import Settings

from portal.sessions import SessionStore
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def key() -> str:
    store = SessionStore()
    store["sign_in"] = "something"
    store.save()
    assert store.session_key
    return store.session_key


def test_stored_key_opens_nothing(key: str) -> None:
    stored = Session.objects.get().session_key

    assert stored != key
    assert SessionStore(stored).get("sign_in") is None


def test_key_opens_its_session(key: str) -> None:
    assert SessionStore(key)["sign_in"] == "something"


def test_expired_session_is_gone(key: str) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=2), tick=False):
        assert SessionStore(key).get("sign_in") is None


def test_deleted_session_is_gone(key: str) -> None:
    SessionStore(key).delete()

    assert not Session.objects.exists()
    assert not SessionStore().exists(key)


def test_session_without_a_key_deletes_nothing(key: str) -> None:
    SessionStore().delete()

    assert Session.objects.count() == 1


def test_new_key_keeps_the_session_and_ends_the_old_key(key: str) -> None:
    store = SessionStore(key)
    store.cycle_key()

    assert SessionStore(key).get("sign_in") is None
    assert SessionStore(store.session_key)["sign_in"] == "something"


NEW_SECRET = "another secret of the tests, long enough for the checks that refuse weak ones"


def test_session_ends_where_the_secret_key_is_replaced_at_once(settings: Settings) -> None:
    alice = cast.signed_in("alice")
    settings.SECRET_KEY = NEW_SECRET

    assert alice.get("/activity").status_code == 302


def test_session_goes_on_while_the_old_secret_key_is_a_fallback(settings: Settings) -> None:
    alice = cast.signed_in("alice")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = NEW_SECRET

    assert alice.get("/activity").status_code == 200
