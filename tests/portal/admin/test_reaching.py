"""Filters of mappings by what they reach: none that could reach is left out."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import Account, Environment, Mapping, MappingTarget, PermissionSet


@pytest.fixture
def payments(db: None) -> Account:
    """An account in production, in a unit and with a tag; another one is in development."""
    production, development = (
        Environment.objects.create(name=name, label=name.title())
        for name in ("production", "development")
    )
    Account.objects.create(
        account_id="222222222222", name="lab", environment=development, organizational_unit="Lab"
    )
    return Account.objects.create(
        account_id="111111111111",
        name="payments-prod",
        environment=production,
        organizational_unit="Workloads/Payments",
        tags={"team": "payments"},
    )


@pytest.fixture
def mappings(payments: Account) -> None:
    """A mapping for each way to name an account: those of "lab" do not reach payments-prod."""
    lab = Account.objects.get(name="lab")
    targets: dict[str, dict[str, Any]] = {
        "lab account": {"kind": "account", "account": lab},
        "lab unit": {"kind": "unit", "unit": "Lab"},
        "lab environment": {"kind": "environment", "environment": lab.environment},
        "lab tag": {"kind": "tag", "tag_key": "team", "tag_value": "lab"},
        "by account": {"kind": "account", "account": payments},
        "by unit above": {"kind": "unit", "unit": "Workloads"},
        "by environment": {"kind": "environment", "environment": payments.environment},
        "by tag": {"kind": "tag", "tag_key": "team", "tag_value": "payments"},
        "by all": {"kind": "all"},
    }
    for name, target in targets.items():
        role = PermissionSet.objects.get_or_create(name="Operator")[0]
        template = name == "by all"
        mapping = Mapping.objects.create(
            name=name,
            match="template" if template else "exact",
            value="aws-{account_id}-{role}" if template else name,
            permission_set=None if template else role,
        )
        MappingTarget.objects.create(mapping=mapping, **target)
    Mapping.objects.create(name="by nothing", value="x", permission_set=role)


REACHING = {"by account", "by unit above", "by environment", "by tag", "by all"}


def listed(client: Client, query: str) -> set[str]:
    page = client.get(f"/admin/accounts/mapping/?{query}")
    return {mapping.name for mapping in page.context["cl"].result_list}


@pytest.mark.usefixtures("mappings")
@pytest.mark.parametrize(
    "query",
    [
        "reaches=payments-prod",
        "reaches=1111-1111-1111",
        "reaches=PAYMENTS",
        "environment=production",
        "reaches=payments&environment=production",
    ],
)
def test_each_way_to_reach_is_listed_and_no_other(carol: Client, query: str) -> None:
    assert listed(carol, query) == REACHING


@pytest.mark.usefixtures("mappings")
def test_what_does_not_exist_is_reached_by_none(carol: Client) -> None:
    assert listed(carol, "reaches=nowhere") == set()
    assert listed(carol, "environment=nowhere") == set()
    assert len(listed(carol, "reaches=+")) == Mapping.objects.count()
