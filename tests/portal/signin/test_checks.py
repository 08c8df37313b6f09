"""What the start-up checks say about sign-in's settings."""

from __future__ import annotations

from typing import Any

import pytest

from portal.signin.checks import mappings_of_emails, scopes, sign_in
from tests import cast


@pytest.fixture(autouse=True)
def _groups_are_asked_for(settings: Any) -> None:
    settings.OIDC_RP_SCOPES = "openid email profile groups"


@pytest.mark.parametrize(
    ("name", "value", "number"),
    [
        ("OIDC_ISSUER", "", "portal.E020"),
        ("OIDC_ISSUER", "http://id.example", "portal.E021"),
        ("OIDC_ISSUER", "id.example", "portal.E021"),
        ("OIDC_ISSUER", "https://id.example/?realm=corp", "portal.E021"),
        ("OIDC_RP_CLIENT_ID", "", "portal.E022"),
        ("OIDC_RP_CLIENT_SECRET", "", "portal.E023"),
        ("OIDC_RP_SIGN_ALGO", "HS256", "portal.E024"),
        ("OIDC_RP_SIGN_ALGO", "none", "portal.E024"),
        ("OIDC_RP_SIGN_ALGO", "", "portal.E024"),
        ("OIDC_RP_SCOPES", "email groups", "portal.E025"),
        ("OIDC_USERINFO", "sometimes", "portal.E027"),
        ("REVERIFY", "sometimes", "portal.E028"),
        ("GROUP_SOURCE", "ldap", "portal.E029"),
        ("GROUP_SOURCE", "google", "portal.E029"),
        ("OIDC_TIMEOUT", 0, "portal.E026"),
        ("OIDC_TIMEOUT", 600, "portal.E026"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(
    settings: Any, name: str, value: object, number: str
) -> None:
    setattr(settings, name, value)

    (message,) = sign_in()

    assert message.id == number
    assert name in message.msg
    assert message.hint


def test_a_source_of_groups_that_cannot_work_is_refused(settings: Any) -> None:
    settings.GROUP_SOURCE, settings.OIDC_ISSUER = "google", "https://accounts.google.com"
    assert [message.id for message in sign_in()] == ["portal.E029"]
    settings.GOOGLE_SERVICE_ACCOUNT, settings.GOOGLE_ADMIN = "{}", "admin@example.com"
    assert sign_in() == []
    settings.GROUP_SOURCE, settings.ENTRA_CLOUD = "entra", "mars"
    assert [message.id for message in sign_in()] == ["portal.E029"]


def test_all_that_is_missing_is_said_at_once(settings: Any) -> None:
    settings.OIDC_ISSUER = settings.OIDC_RP_CLIENT_ID = settings.OIDC_RP_CLIENT_SECRET = ""

    assert [message.id for message in sign_in()] == ["portal.E020", "portal.E022", "portal.E023"]


def test_the_secret_itself_is_never_said(settings: Any) -> None:
    settings.OIDC_ISSUER = settings.OIDC_RP_CLIENT_ID = settings.OIDC_RP_SCOPES = ""

    assert not any(settings.OIDC_RP_CLIENT_SECRET in str(message) for message in sign_in())


@pytest.mark.parametrize("algorithm", ["RS256", "PS512", "ES384", "EdDSA", "Ed25519"])
def test_settings_that_work_are_accepted(settings: Any, algorithm: str) -> None:
    settings.OIDC_RP_SIGN_ALGO = algorithm

    assert sign_in() == []


@pytest.mark.django_db
def test_access_by_address_is_warned_of_unless_the_operator_vouches(settings: Any) -> None:
    settings.ADMIN_CLAIM, settings.AUDITOR_CLAIM = "email", "profile.email"
    cast.mapping("a@x", cast.permission_set("ReadOnly"), claim="email", name="Alice")
    cast.mapping("a@x", cast.permission_set("Developer"), name="Another")

    both = [*sign_in(), *mappings_of_emails(databases=["default"])]
    assert [message.id for message in both] == ["portal.W020", "portal.W020", "portal.W021"]
    assert all("OIDC_EMAIL_IS_VERIFIED" in str(message.hint) for message in both)
    assert both[-1].msg.endswith("address: Alice.")

    settings.OIDC_EMAIL_IS_VERIFIED = True
    assert [*sign_in(), *mappings_of_emails(databases=["default"])] == []


def test_scopes_without_groups_are_remarked_on_where_admins_come_from_groups(settings: Any) -> None:
    settings.OIDC_RP_SCOPES = "openid email profile"

    (remark,) = scopes()
    assert (remark.id, "docs/providers/" in str(remark.hint)) == ("portal.I020", True)

    assert sign_in() == []  # Only `check --deploy` says it, not each command.
    settings.ADMIN_CLAIM = settings.AUDITOR_CLAIM = "roles"
    assert scopes() == []
