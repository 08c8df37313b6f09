"""A portal that accounts can be made to trust, by every method."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from tests.accounts.onboarding import companies


@pytest.fixture(autouse=True)
def _trusted(settings: Settings) -> None:
    settings.OIDC_ISSUER, settings.OIDC_RP_CLIENT_ID = companies.PEOPLE, "gatehouse"
    settings.TRUST_ISSUER, settings.TRUST_AUDIENCE = companies.PORTAL, "sts.amazonaws.com"
    settings.SWITCH_ROLE_PRINCIPALS = [companies.STAFF]
