"""A company whose accounts were onboarded at an AWS that means its policies."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from accounts.models import Account, PermissionSet
from tests import cast
from tests.accounts.onboarding import portals
from tests.accounts.revocation import companies
from tests.strict_aws import StrictAws, WebIssuer


@pytest.fixture
def aws(
    transactional_db: None, strict_aws: StrictAws, web_issuer: WebIssuer, settings: Settings
) -> StrictAws:
    """Northwind, whose production is entered by the portal's tokens, and whose on-call develops as well."""
    portals.publish(strict_aws, web_issuer, settings)
    cast.northwind()
    dev = Account.objects.get(account_id=companies.DEV)
    cast.mapping("on-call", PermissionSet.objects.get(name="Developer"), dev)
    Account.objects.filter(account_id=companies.PROD).update(trust_method="portal-token")
    companies.onboard(strict_aws)
    return strict_aws
