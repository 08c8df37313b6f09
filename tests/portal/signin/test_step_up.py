"""Roles that ask for a second factor or a fresh sign-in: people are sent to the provider, and come back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.utils import timezone

from accounts.models import AuditEvent, PermissionSet
from accounts.step_up import NO_MFA
from demo.identity import IdentityProvider
from tests.identity import Visitor, query_of
from tests.portal.pages.test_keys import form_token

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind")]

DEV = "210987654321"
KEYS = f"/keys?{urlencode({'account_id': DEV, 'role_name': 'Developer'})}"


def ask_for_more(**asked: Any) -> None:
    PermissionSet.objects.filter(name="Developer").update(**asked)


def later(**by: float) -> time_machine.travel:
    return time_machine.travel(timezone.now() + timedelta(**by))


def test_whoever_had_no_second_factor_is_sent_for_one_and_comes_back_to_the_page(
    visitor: Visitor, identity: IdentityProvider, settings: Any
) -> None:
    settings.MFA_ACR_VALUES = ["gold", "platinum"]
    ask_for_more(requires_mfa=True)
    visitor.walk("alice")

    with later(minutes=1):
        sent = visitor.client.get(KEYS)
        assert sent.status_code == 302
        away = visitor.client.get(sent["Location"])
        assert query_of(away["Location"])["acr_values"] == "gold platinum"
        identity.change("alice", acr="gold")
        back = visitor.client.get(visitor.prove(f"{away['Location']}&prompt=login"))

        assert (back.status_code, back["Location"]) == (302, KEYS)
        assert visitor.client.get(KEYS).status_code == 200
    assert not AuditEvent.objects.filter(error_code=NO_MFA).exists()


def test_a_provider_that_tells_of_no_second_factor_is_not_asked_in_circles(
    visitor: Visitor,
) -> None:
    ask_for_more(requires_mfa=True)
    visitor.walk("alice")

    page = visitor.client.get(KEYS)

    assert page.status_code == 403
    assert "asks for a sign-in with a second factor" in page.content.decode()
    assert "mfa=1" in page.content.decode()
    assert AuditEvent.objects.get(error_code=NO_MFA).action == "access.keys.denied"


def test_keys_and_console_are_refused_at_the_door_whatever_the_page_said(visitor: Visitor) -> None:
    visitor.walk("alice")
    once = form_token(visitor.client, KEYS)
    ask_for_more(requires_mfa=True)
    for path in ("/keys", "/console"):
        form = {"account_id": DEV, "role_name": "Developer", "once": once}

        refused = visitor.client.post(path, form)

        assert refused.status_code == 403
        assert f"next=%2F{path[1:]}%3Faccount_id" in refused.content.decode()
    assert {event.error_code for event in AuditEvent.objects.filter(role_name="Developer")} == {
        NO_MFA
    }


def test_without_acr_values_all_factors_are_asked_for_anew(visitor: Visitor) -> None:
    address = visitor.client.get("/oidc/authenticate/?mfa=1")["Location"]

    assert query_of(address)["prompt"] == "login"
    assert "acr_values" not in query_of(address)


def test_whoever_signed_in_long_ago_does_so_again_and_gets_the_page(visitor: Visitor) -> None:
    ask_for_more(max_sign_in_age=900)
    visitor.walk("alice")
    assert visitor.client.get(KEYS).status_code == 200

    with later(minutes=16):
        sent = visitor.client.get(KEYS)
        away = visitor.client.get(sent["Location"])
        assert query_of(away["Location"])["max_age"] == "900"
        # The provider knows alice's browser, and asks for the password all the same.
        assert visitor.at_provider.get(away["Location"], timeout=5).status_code == 200


@pytest.mark.parametrize("max_age", ["", "-1", "1e3", "99999999999", "0\n", "٣"])
def test_nonsense_for_an_age_is_not_passed_on(visitor: Visitor, max_age: str) -> None:
    address = visitor.client.get("/oidc/authenticate/", {"max_age": max_age})["Location"]

    assert "max_age" not in query_of(address)
