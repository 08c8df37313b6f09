"""The admin's visitors: carol runs the portal, olga audits it, alice only works here."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import cast


@pytest.fixture
def carol(db: None) -> Client:
    return cast.signed_in("carol")


@pytest.fixture
def olga(db: None) -> Client:
    return cast.signed_in(cast.subject("olga", groups=["portal-auditors"]))


@pytest.fixture
def alice(db: None) -> Client:
    return cast.signed_in("alice")
