"""Liveness asks nobody; readiness names the part that is missing, without a secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from accounts.models import Account
from accounts.oidc import discovery, key_sets
from accounts.signing import stored_keys
from portal import health


@pytest.fixture(autouse=True)
def _fresh_provider() -> Iterator[None]:
    discovery.clear_cache()
    key_sets.clear_cache()
    yield
    discovery.clear_cache()
    key_sets.clear_cache()


@pytest.fixture
def _good_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider at the edge of the world that is as it should be."""
    monkeypatch.setattr(
        discovery,
        "provider",
        lambda: discovery.ProviderMetadata("i", "https://a", "https://t", "https://j"),
    )
    monkeypatch.setattr(key_sets, "current", lambda *, url: ())


def test_healthz_answers_without_the_database(django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.block():
        answer = Client().get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_readyz_names_a_provider_that_is_down_and_the_log_says_why(
    settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.OIDC_ISSUER = "http://localhost:9"

    answer = Client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["database"] == "ok"
    assert answer.json()["provider"].startswith("not usable")
    assert "not ready: the identity provider http://localhost:9: The" in caplog.text


@pytest.mark.django_db
@pytest.mark.usefixtures("_good_provider")
def test_readyz_names_migrations_that_are_pending() -> None:
    MigrationRecorder.Migration.objects.filter(app="accounts").delete()

    answer = Client().get("/readyz")

    assert answer.status_code == 503
    assert "manage.py migrate" in answer.json()["database"]


@pytest.mark.django_db
@pytest.mark.usefixtures("_good_provider")
def test_readyz_names_a_database_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    def down(found: Any) -> None:
        raise DatabaseError("password=secret")

    monkeypatch.setattr(health, "MigrationExecutor", down)

    answer = Client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["database"] == "cannot be reached"
    assert b"secret" not in answer.content


@pytest.mark.django_db
@pytest.mark.usefixtures("_good_provider")
def test_readyz_is_ready_when_everything_is_there() -> None:
    answer = Client().get("/readyz")

    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert answer.json()["signing_key"] == "ok"
    assert connection.is_usable()


@pytest.mark.usefixtures("_good_provider", "northwind")
def test_readyz_names_signing_keys_that_nobody_can_read_only_where_accounts_need_them(
    settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    stored_keys.create_first(now=timezone.now())
    settings.SECRET_KEY = "another secret, as long as the first one was, and as random"
    assert Client().get("/readyz").status_code == 200
    Account.objects.filter(name="payments-dev").update(trust_method="portal-token")

    answer = Client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["signing_key"] == "not usable; the log says more"
    assert "signing key 1 cannot be decrypted" in caplog.text


@pytest.mark.django_db
@pytest.mark.usefixtures("_good_provider")
def test_readyz_names_signing_keys_that_cannot_be_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def down(method: str) -> bool:
        raise DatabaseError("password=secret")

    monkeypatch.setattr(Account, "uses", down)

    answer = Client().get("/readyz")

    assert answer.json()["signing_key"] == "cannot be read"
    assert b"secret" not in answer.content
