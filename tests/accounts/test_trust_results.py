"""The result of a test goes when the account's trust is changed: it was about another way into the account."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from accounts import trust_results
from accounts.models import Account, AccountRole, TrustCheck
from accounts.models.trust_checks import CheckOutcome
from accounts.onboarding import external_ids
from accounts.plans.toml_file.apply import apply_file
from tests import cast
from tests.portal.admin import forms
from tests.portal.admin.test_changes import dev_form

DEV, PROD = "210987654321", "123456789012"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def tested(northwind: None) -> None:
    """Every role was tested, and did not work."""
    for role in AccountRole.objects.all():
        trust_results.keep(
            role_id=role.pk,
            outcome=CheckOutcome.BROKEN,
            code="trust.denied",
            tested_at=timezone.now(),
            tested_by="carol",
        )


def still_known() -> set[str]:
    """Return the accounts whose roles have results."""
    return set(TrustCheck.objects.values_list("account_role__account__account_id", flat=True))


def apply(account_id: str, line: str) -> None:
    name = Account.objects.get(account_id=account_id).name
    text = f'[[account]]\naccount_id = "{account_id}"\nname = "{name}"\n{line}\n'
    apply_file(text=text, name="a.toml", actor="carol", origin=cast.ORIGIN, now=timezone.now())


@pytest.mark.parametrize(
    ("line", "stays"),
    [
        ('organizational_unit = "Elsewhere"', {DEV, PROD}),
        ('trust_method = "portal-token"', {PROD}),
        ('external_id = "another-external-id"', {PROD}),
        ('region = "eu-central-1"', {PROD}),
        ('partition = "aws-us-gov"', {PROD}),
    ],
)
def test_a_plan_that_changes_the_trust_forgets_this_accounts_results(
    line: str, stays: set[str]
) -> None:
    roles = 'roles = ["ReadOnly", "Developer"]'

    apply(DEV, f"{roles}\n{line}")

    assert still_known() == stays


@pytest.mark.parametrize(
    ("change", "stays"),
    [
        ({"name": "payments-test"}, {DEV, PROD}),
        ({"trust_method": "portal-token"}, {PROD}),
        ({"external_id": "another-external-id"}, {PROD}),
        ({"region": "eu-central-1"}, {PROD}),
    ],
)
def test_so_does_the_admin(change: dict[str, str], stays: set[str]) -> None:
    carol: Client = cast.signed_in("carol")
    pk = Account.objects.get(account_id=DEV).pk

    forms.send(carol, f"account/{pk}/change/", dev_form(**change))

    assert still_known() == stays


def test_so_do_external_ids_that_the_portal_makes() -> None:
    dev = Account.objects.filter(account_id=DEV)
    dev.update(external_id="")

    external_ids.give(dev, origin=cast.ORIGIN, now=timezone.now())

    assert still_known() == {PROD}
