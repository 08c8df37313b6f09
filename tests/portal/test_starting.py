"""A portal that starts says to its log what it lacks and where that is set, and asks the provider once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import OperationalError
from pytest_django import Settings

from accounts.models import Mapping, SigningKey
from accounts.oidc import discovery, key_sets
from accounts.signing import served_documents, stored_keys
from portal import health
from portal.starting import prepare_signing_keys, say_what_is_missing, start


@pytest.fixture(autouse=True)
def _fresh_provider(settings: Settings) -> Iterator[None]:
    settings.OIDC_ISSUER = "http://localhost:9"
    discovery.clear_cache()
    key_sets.clear_cache()
    yield
    discovery.clear_cache()
    key_sets.clear_cache()


@pytest.mark.django_db
def test_start_names_a_provider_that_does_not_answer(caplog: pytest.LogCaptureFixture) -> None:
    say_what_is_missing()

    assert "OIDC_ISSUER http://localhost:9 could not be read" in caplog.text
    assert "Nobody can sign in until this is fixed" in caplog.text


@pytest.mark.django_db
def test_first_start_says_who_adds_accounts_and_mappings_and_where(
    caplog: pytest.LogCaptureFixture, settings: Settings
) -> None:
    settings.BASE_URL = "https://aws.northwind.example"

    say_what_is_missing()

    assert "there are no accounts and no mappings" in caplog.text
    assert "https://aws.northwind.example/admin/" in caplog.text
    assert "manage.py apply FILE" in caplog.text


@pytest.mark.django_db
@pytest.mark.usefixtures("northwind")
def test_start_without_mappings_names_mappings_only(caplog: pytest.LogCaptureFixture) -> None:
    Mapping.objects.all().delete()

    say_what_is_missing()

    assert "there are no mappings;" in caplog.text


@pytest.mark.django_db
@pytest.mark.usefixtures("northwind")
def test_start_of_a_portal_that_lacks_nothing_is_silent(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        discovery,
        "provider",
        lambda: discovery.ProviderMetadata("i", "https://a", "https://t", "https://j"),
    )
    monkeypatch.setattr(key_sets, "current", lambda *, url: ())

    say_what_is_missing()

    assert caplog.text == ""


@pytest.mark.django_db
def test_provider_is_asked_although_the_database_is_not_ready(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "database", lambda: "migrations are pending: run manage.py migrate")

    say_what_is_missing()

    assert "not ready: the database: migrations are pending" in caplog.text
    assert "there are no accounts" not in caplog.text
    assert "OIDC_ISSUER http://localhost:9 could not be read" in caplog.text


@pytest.mark.django_db
def test_first_start_makes_the_signing_key_and_has_its_documents_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[int] = []
    monkeypatch.setattr(served_documents, "current", lambda: read.append(1))

    assert prepare_signing_keys()
    assert prepare_signing_keys()

    assert SigningKey.objects.count() == 2
    assert len(read) == 2


@pytest.mark.django_db
def test_signing_key_is_made_as_soon_as_the_database_is_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    states = iter(["cannot be reached", "cannot be reached", "migrations are pending", "ok"])
    monkeypatch.setattr(health, "database", lambda: next(states))
    monkeypatch.setattr(served_documents, "current", lambda: None)
    pauses: list[float] = []

    start(sleep=pauses.append)

    assert len(pauses) == 2
    assert SigningKey.objects.count() == 2


@pytest.mark.django_db
def test_a_database_that_goes_away_meanwhile_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(health, "database", lambda: "ok")

    def gone(**_: object) -> None:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(stored_keys, "create_first", gone)

    assert not prepare_signing_keys()
    assert "the signing keys could not be prepared: OperationalError" in caplog.text


@pytest.mark.django_db
def test_keys_that_were_made_for_a_bucket_count_as_published_once_the_portal_is_the_issuer(
    settings: Settings,
) -> None:
    settings.TRUST_ISSUER = "https://keys.northwind.example"
    assert prepare_signing_keys()
    assert not SigningKey.objects.exclude(published_at=None).exists()

    settings.TRUST_ISSUER = settings.BASE_URL
    assert prepare_signing_keys()

    assert not SigningKey.objects.filter(published_at=None).exists()
