"""Northwind is a believable company: its file, and what its people get from it."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.entitlements import resolve
from accounts.models import Account
from accounts.types import Subject
from demo.identity.users import load_users
from demo.launcher.access_summary import access_summary
from demo.launcher.folder import COMPANY, PEOPLE

PERSON = {person.username: person for person in load_users(PEOPLE)}
FILE: dict[str, list[dict[str, Any]]] = tomllib.loads(COMPANY.read_text("utf-8"))


@pytest.fixture
def company(db: None) -> None:
    call_command("apply", str(COMPANY), verbosity=0)


def roles_of(username: str) -> dict[tuple[str, str], tuple[bool, bool]]:
    """Return console and keys by account name and role name."""
    claims = PERSON[username].standard_claims()
    subject = Subject(issuer="http://localhost:8001", sub=claims["sub"], claims=claims)
    return {
        (found.role.account_name, found.role.role_name): (found.console, found.keys)
        for found in resolve(subject=subject, now=timezone.now()).granted
    }


def test_northwind_is_of_a_believable_size() -> None:
    assert len([account for account in FILE["account"] if account.get("active", True)]) >= 12
    assert len({account.get("organizational_unit") for account in FILE["account"]}) >= 5
    assert len({account["environment"] for account in FILE["account"]}) >= 3
    assert len(FILE["permission_set"]) >= 5
    assert len({environment["colour"] for environment in FILE["environment"]}) == 6


def test_northwind_shows_every_kind_of_mapping() -> None:
    mappings = FILE["mapping"]
    targets = [mapping["accounts"] for mapping in mappings]

    for key in ("value", "wildcard", "template", "expires_at"):
        assert any(key in mapping for mapping in mappings), key
    assert any(mapping.get("template", "").startswith("arn:") for mapping in mappings)
    for flag in ("enabled", "console", "keys"):
        assert any(mapping.get(flag) is False for mapping in mappings), flag
    assert "all" in targets
    for kind in ("ids", "organizational_units", "environments", "tags"):
        assert any(kind in target for target in targets if target != "all"), kind


def test_mallory_is_entitled_to_nothing(company: None) -> None:
    assert roles_of("mallory") == {}


def test_an_expired_and_a_disabled_mapping_give_nothing(company: None) -> None:
    assert ("storefront-prod", "Administrator") not in roles_of("bob")
    assert ("payments-prod", "Administrator") not in roles_of("carol")


def test_nobody_enters_the_account_that_is_retired(company: None) -> None:
    assert Account.objects.filter(name="storefront-legacy", active=False).exists()
    for username in PERSON:
        assert "storefront-legacy" not in {account for account, _ in roles_of(username)}


def test_alice_develops_outside_of_production(company: None) -> None:
    roles = roles_of("alice")

    assert ("payments-prod", "Developer") not in roles
    assert roles["payments-dev", "Developer"] == (True, True)
    assert roles["payments-prod", "ReadOnly"] == (True, True)
    assert roles["payments-dev", "Deployment"] == (False, True)
    assert roles["data-lake-dev", "Developer"] == (True, True)  # by the name of a group


def test_bob_operates_production_and_enters_by_an_arn(company: None) -> None:
    roles = roles_of("bob")

    assert roles["payments-prod", "Operator"] == (True, True)
    assert roles["security-tooling", "Operator"] == (True, True)  # by an ARN in a claim
    assert ("payments-dev", "Operator") not in roles


def test_carol_sees_bills_and_findings_in_the_console_alone(company: None) -> None:
    roles = roles_of("carol")

    assert roles["northwind-management", "Billing"] == (True, False)
    assert roles["payments-prod", "SecurityAudit"] == (True, False)


def test_the_outlook_says_what_is_console_only_and_what_is_nothing(company: None) -> None:
    now = timezone.now()

    carol = access_summary(PERSON["carol"], issuer="http://localhost:8001", now=now)
    assert "Billing (console only) in northwind-management" in carol
    assert "the admin pages" in carol
    assert access_summary(PERSON["mallory"], issuer="http://localhost:8001", now=now) == ["nothing"]


def test_applying_northwind_again_changes_nothing(
    company: None, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("apply", str(COMPANY))

    assert "No changes" in capsys.readouterr().out
