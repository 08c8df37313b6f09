"""An issuer that AWS would refuse is refused at start; what cannot work yet is said where accounts need it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError
from pytest_django import Settings

from accounts.models import Account
from accounts.signing import stored_keys
from portal.issuer_checks import accounts_without_signing_key, issuer_configuration
from tests.cast import NOON


def ids() -> list[str]:
    return [str(message.id) for message in issuer_configuration()]


def warnings() -> list[str]:
    return [str(message.id) for message in accounts_without_signing_key(databases=["default"])]


def test_the_portal_itself_as_issuer_needs_no_setting() -> None:
    assert ids() == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TRUST_ISSUER", "http://keys.northwind.example", ["portal.E060"]),
        ("TRUST_ISSUER", "https://keys.northwind.example?a=b", ["portal.E060"]),
        ("TRUST_ISSUER", "https://keys.northwind.example/#a", ["portal.E060"]),
        ("TRUST_ISSUER", "https://user@keys.northwind.example", ["portal.E060"]),
        ("TRUST_ISSUER", "https://[keys", ["portal.E060"]),
        ("TRUST_ISSUER", "https://keys.northwind.example:port", ["portal.E060"]),
        ("TRUST_ISSUER", "https://keys.northwind.example/${x}", ["portal.E060"]),
        ("TRUST_ISSUER", "https://keys.northwind.example/*", ["portal.E060"]),
        ("TRUST_ISSUER", f"https://keys.northwind.example/{'x' * 240}", ["portal.E060"]),
        ("TRUST_ISSUER", "http://localhost:9", ["portal.E060"]),  # The tests' OIDC_ISSUER.
        ("TRUST_ISSUER", "https://keys.northwind.example:8443", ["portal.W060"]),
        ("TRUST_ISSUER", "https://keys.northwind.example/gatehouse", []),
        ("TRUST_ISSUER", "https://localhost:8443", []),
        ("TRUST_AUDIENCE", "", ["portal.E061"]),
        ("TRUST_AUDIENCE", "two words", ["portal.E061"]),
        ("TRUST_AUDIENCE", "a,b", ["portal.E061"]),
        ("TRUST_AUDIENCE", "${aws:username}", ["portal.E061"]),
        ("TRUST_AUDIENCE", "*", ["portal.E061"]),
        ("TRUST_AUDIENCE", "x" * 256, ["portal.E061"]),
        ("TRUST_AUDIENCE", "https://aws.northwind.example", []),
        ("TRUST_ALGORITHM", "HS256", ["portal.E062"]),
        ("TRUST_ALGORITHM", "none", ["portal.E062"]),
        ("TRUST_ALGORITHM", "ES256", []),
        ("TRUST_ROTATION", -1, ["portal.E064"]),
        ("TRUST_ROTATION", 0, []),
        ("TRUST_CACHE_TIME", 299, ["portal.E063"]),
        ("TRUST_CACHE_TIME", 2592001, ["portal.E063"]),
        ("TRUST_CACHE_TIME", 300, []),
    ],
)
def test_what_aws_would_refuse_is_refused(
    name: str, value: Any, said: list[str], settings: Settings
) -> None:
    setattr(settings, name, value)

    assert ids() == said


@pytest.fixture
def _accounts_need_tokens(northwind: None) -> None:
    Account.objects.update(trust_method="portal-token")


@pytest.mark.usefixtures("northwind")
def test_nothing_is_said_of_keys_that_no_account_needs(settings: Settings) -> None:
    settings.TRUST_ISSUER = settings.BASE_URL = "https://aws.northwind.example:8443"
    stored_keys.create_first(now=NOON)
    settings.SECRET_KEY = "another secret, as long as the first one was, and as random"

    assert warnings() == []


@pytest.mark.usefixtures("_accounts_need_tokens")
def test_a_port_of_the_portal_is_named_where_accounts_need_its_tokens(settings: Settings) -> None:
    assert warnings() == []
    settings.TRUST_ISSUER = settings.BASE_URL = "https://aws.northwind.example:8443"

    assert warnings() == ["portal.W060"]


@pytest.mark.usefixtures("_accounts_need_tokens")
def test_keys_that_were_never_exported_are_named(settings: Settings) -> None:
    settings.TRUST_ISSUER = "https://keys.northwind.example"
    stored_keys.create_first(now=NOON)

    (warning,) = accounts_without_signing_key(databases=["default"])

    assert warning.id == "portal.W061"
    assert "export_issuer" in warning.msg


@pytest.mark.django_db
def test_a_database_without_tables_stops_no_migration(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(method: str) -> bool:
        raise OperationalError("no such table")

    monkeypatch.setattr(Account, "uses", missing)

    assert warnings() == []
    assert accounts_without_signing_key(databases=None) == []
