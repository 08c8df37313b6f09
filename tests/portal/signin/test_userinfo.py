"""Userinfo: required, optional or never asked, and what it may change."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import SignIn
from accounts.oidc import discovery, userinfo
from demo.identity import IdentityProvider
from tests import cast
from tests.identity import Visitor

REFUSED = {"status": {"userinfo": 403}}
OUTAGE = {"status": {"userinfo": 500}}
NO_GROUPS = {"claims": {"groups": None}}


@pytest.fixture(autouse=True)
def _nothing_logged_yet() -> None:
    userinfo._log_once.cache_clear()


def test_required_userinfo_that_fails_signs_nobody_in(
    visitor: Visitor, identity: IdentityProvider, settings: Any
) -> None:
    settings.OIDC_USERINFO = "required"
    for faults in (REFUSED, OUTAGE, {"discovery": {"userinfo_endpoint": None}}):
        discovery.clear_cache()
        with identity.misbehaving(**faults):
            assert (faults, visitor.walk().status_code) == (faults, 503)

    assert not SignIn.objects.exists()
    discovery.clear_cache()
    assert visitor.walk().status_code == 302


def test_optional_userinfo_that_is_refused_stops_nobody_and_is_logged_once(
    visitor: Visitor, identity: IdentityProvider, caplog: pytest.LogCaptureFixture
) -> None:
    with identity.misbehaving(**REFUSED):
        assert [visitor.walk(who).status_code for who in ("alice", "bob")] == [302, 302]

    assert SignIn.objects.filter(claims__groups=["payments", "platform"]).exists()
    lines = [line for line in caplog.messages if "without userinfo" in line]
    assert len(lines) == 1
    assert "refuses userinfo with status 403" in lines[0]


def test_an_outage_of_optional_userinfo_stops_whose_id_token_lacks_a_claim_that_counts(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    with identity.misbehaving(**OUTAGE, **NO_GROUPS):
        assert visitor.walk().status_code == 503
    assert not SignIn.objects.exists()

    with identity.misbehaving(**REFUSED, **NO_GROUPS):
        assert visitor.walk().status_code == 302
    with identity.misbehaving(**OUTAGE):
        assert visitor.walk().status_code == 302
        cast.mapping("a", cast.permission_set("ReadOnly"), claim="department")
        assert visitor.walk().status_code == 503


def test_userinfo_is_never_asked_where_the_operator_says_so(
    visitor: Visitor, identity: IdentityProvider, settings: Any
) -> None:
    settings.OIDC_USERINFO = "never"

    assert visitor.walk().status_code == 302
    assert identity.hits["userinfo"] == 0


@pytest.mark.parametrize("nothing", [None, [], "", {}])
def test_userinfo_without_values_erases_none_of_the_id_token(
    visitor: Visitor, identity: IdentityProvider, nothing: object
) -> None:
    body = {"userinfo": {"sub": "sub-alice", "groups": nothing, "department": "payments"}}
    with identity.misbehaving(body=body):
        assert visitor.walk().status_code == 302

    claims = SignIn.objects.get().claims
    assert (claims["groups"], claims["department"]) == (["payments", "platform"], "payments")
