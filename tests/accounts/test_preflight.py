"""What is likely to go wrong at AWS is told to admins before people fail: on the admin's pages, by apply and by check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client

from accounts import preflight
from accounts.models import Account, PermissionSet
from portal.checks import session_rules
from tests import cast
from tests.portal.admin import forms

pytestmark = pytest.mark.usefixtures("northwind")

RISKY = {
    "source_identity_claim": "login",
    "claim_tags": {"team": "department"},
    "transitive_tags": ["team"],
    "read_only_policy": '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}',
}


def told(**rules: Any) -> str:
    return " ".join(preflight.advice(PermissionSet(name="Risky", **rules)))


@pytest.fixture
def risky() -> PermissionSet:
    """Developer, with everything that has a price."""
    PermissionSet.objects.filter(name="Developer").update(**RISKY)
    return PermissionSet.objects.get(name="Developer")


def test_what_costs_nothing_is_not_warned_of() -> None:
    no_roles = RISKY["read_only_policy"].replace('"Action":"*"', '"Action":"s3:*"')  # type: ignore[attr-defined]

    assert told() == ""
    assert told(session_name_claim="login", session_tags=["ticket"]) == ""
    assert told(read_only_policy=no_roles) == ""
    assert told(read_only_policy="stored past the forms") == ""
    assert list(preflight.unusable()) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("claim_tags", ["must allow sts:TagSession", "AWS refuses everybody"]),
        ("transitive_tags", ["sts:TagSession, too", "AWS CDK", "Terraform"]),
        ("source_identity_claim", ["must allow sts:SetSourceIdentity", "AWS CDK", "Terraform"]),
        ("read_only_policy", ["allows sts:AssumeRole", "read-only ends"]),
    ],
)
def test_each_thing_that_has_a_price_is_warned_of(name: str, words: list[str]) -> None:
    found = told(**{name: RISKY[name]})

    assert all(word in found for word in words)


@pytest.mark.parametrize(
    ("trust_method", "rules", "lost"),
    [
        ("hub", RISKY, False),
        ("portal-token", RISKY, False),
        ("user-token", {"claim_tags": {"team": "department"}}, True),
        ("user-token", {"source_identity_claim": "login"}, True),
        ("user-token", {"session_policy_arns": ["arn:aws:iam::aws:policy/Read"]}, False),
        ("switch-role", {"session_policy_arns": ["arn:aws:iam::aws:policy/Read"]}, True),
        ("switch-role", {"session_tags": ["ticket"]}, False),
    ],
)
def test_a_trust_method_that_cannot_pass_it_on_is_warned_of(
    trust_method: str, rules: dict[str, Any], lost: bool
) -> None:
    Account.objects.filter(name="payments-dev").update(trust_method=trust_method)
    PermissionSet.objects.filter(name="Developer").update(**rules)

    found = list(preflight.unusable())

    assert len(found) == lost
    assert all("Nobody can use Developer in payments-dev" in one for one in found)
    Account.objects.update(active=False)
    assert list(preflight.unusable()) == []


def test_the_admins_pages_say_it_when_it_is_saved_and_looked_at(risky: PermissionSet) -> None:
    carol = cast.signed_in("carol")
    fields = forms.permission_set(source_identity_claim="login")
    saved: Any = forms.send(carol, "permissionset/add/", fields)
    page = carol.get(f"/admin/accounts/permissionset/{risky.pk}/change/").content.decode()

    assert "sts:SetSourceIdentity" in str([str(one) for one in get_messages(saved.wsgi_request)])
    assert page.count("AWS CDK") >= 2
    Account.objects.update(trust_method="user-token")
    account = Account.objects.get(name="payments-dev")
    looked_at = carol.get(f"/admin/accounts/account/{account.pk}/change/").content.decode()
    assert "Nobody can use Developer in payments-dev" in looked_at


def test_apply_says_it_of_what_changes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "sets.toml"
    file.write_text('[[permission_set]]\nname = "Risky"\nsource_identity_claim = "login"\n')

    call_command("apply", str(file))
    first = capsys.readouterr().err
    call_command("apply", str(file))

    assert 'Warning: permission set "Risky": The trust policies' in first
    assert "Risky" not in capsys.readouterr().err


def test_check_says_it_and_survives_an_empty_database(risky: PermissionSet) -> None:
    Account.objects.update(trust_method="user-token")

    found = {message.id for message in session_rules(databases=["default"])}

    assert found == {"portal.W003", "portal.I003"}
    assert session_rules() == []

    def refuse(*_: Any) -> None:
        raise OperationalError("no such table: accounts_permissionset")

    with connection.execute_wrapper(refuse):
        assert session_rules(databases=["default"]) == []


def test_a_browser_of_nobody_in_particular_is_told_nothing(client: Client) -> None:
    row = PermissionSet.objects.get(name="Developer")

    answer = client.get(f"/admin/accounts/permissionset/{row.pk}/change/")

    assert b"sts:" not in answer.content
