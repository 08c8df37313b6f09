"""The pages of tokens: created and shown once, listed without their secret, revoked by their owner or an admin."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import expect
from pytest_django import Settings

from accounts.bearer_secrets import PATTERN
from accounts.models import AuditEvent, Token
from accounts.portal_tokens import bearers
from accounts.types import Kind, Scope
from tests import cast
from tests.browsers import PageFactory, follow
from tests.cast import NOON, ORIGIN

pytestmark = pytest.mark.usefixtures("northwind")

OWN, MACHINES = "/tokens", "/tokens/machines"
FORM = {"purpose": "nightly report", "may": ["keys"], "permission_set": ["ReadOnly"], "days": "90"}


def create(client: Client, page: str = OWN, **changes: Any) -> str:
    """Create a token and return its secret, which the answer shows once."""
    response = client.post(page, FORM | changes)
    assert response.status_code == 200
    (secret,) = PATTERN.findall(response.content.decode())
    return str(secret)


def error(client: Client, page: str = OWN, **changes: Any) -> str:
    response = client.post(page, FORM | changes)
    assert response.status_code == 400
    assert not Token.objects.exists()
    return str(response.context["error"])


# Refused


@pytest.mark.parametrize("page", [OWN, MACHINES])
def test_signed_out_the_pages_lead_to_the_sign_in(page: str, client: Client) -> None:
    assert client.get(page)["Location"].startswith("/oidc/authenticate/?next=%2Ftokens")
    assert client.post(page, FORM).status_code == 401
    assert not Token.objects.exists()


@pytest.mark.parametrize("who", ["alice", "mallory"])
def test_machine_tokens_are_for_portal_admins(who: str) -> None:
    client = cast.signed_in(who)

    for response in (
        client.get(MACHINES),
        client.post(MACHINES, FORM | {"machine": "deploy"}),
        client.post(MACHINES, FORM),
    ):
        assert response.status_code == 403
    assert not Token.objects.exists()


def test_a_machine_in_the_form_for_oneself_makes_no_machine() -> None:
    secret = create(cast.signed_in("carol"), machine="deploy", permission_set=["*"])

    subject = bearers.subject_of(bearer=secret, origin=ORIGIN, now=Token.objects.get().created_at)
    assert (subject.sub, subject.workload) == ("sub-carol", False)


def test_a_form_sent_again_makes_no_second_token() -> None:
    client = cast.signed_in("alice")
    found = re.search(r'name="once" value="([^"]+)"', client.get("/tokens").content.decode())
    assert found
    sent = {**FORM, "once": found[1]}
    # What is wrong with a form can be put right and sent.
    assert client.post("/tokens", {**sent, "purpose": ""}).status_code == 400
    assert client.post("/tokens", sent).status_code == 200

    again = client.post("/tokens", sent)

    assert (again.status_code, again["Location"]) == (303, "/tokens?sent=1")
    assert Token.objects.count() == 1


def test_a_form_of_another_site_makes_and_revokes_nothing() -> None:
    create(cast.signed_in("alice"))
    token = Token.objects.get()
    client = cast.signed_in("alice")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies

    assert strict.post(OWN, FORM).status_code == 403
    assert strict.post(f"/tokens/{token.id}/revoke").status_code == 403
    assert Token.objects.get().revoked_at is None


def test_opening_a_page_makes_and_revokes_nothing() -> None:
    client = cast.signed_in("alice")
    create(client)

    client.get(OWN, FORM)

    assert client.get(f"/tokens/{Token.objects.get().id}/revoke").status_code == 405
    assert Token.objects.get().revoked_at is None


def test_others_revoke_nothing() -> None:
    create(cast.signed_in("alice"))

    response = cast.signed_in("bob").post(f"/tokens/{Token.objects.get().id}/revoke")

    assert response.status_code == 403
    assert Token.objects.get().revoked_at is None


@pytest.mark.parametrize(
    "page", ["/", "/tokens", "/activity", "/keys", "/admin/", "/admin/accounts/token/"]
)
def test_a_token_opens_no_page(page: str, client: Client) -> None:
    secret = create(cast.signed_in("carol"), permission_set=["*"])

    with_it = client.get(page, headers={"Authorization": f"Bearer {secret}"})
    without = client.get(page)

    assert (with_it.status_code, with_it.headers.get("Location")) == (
        without.status_code,
        without.headers.get("Location"),
    )
    assert "carol" not in with_it.content.decode()


def test_a_token_makes_no_token(client: Client) -> None:
    secret = create(cast.signed_in("carol"), permission_set=["*"])

    for page in (OWN, MACHINES):
        response = client.post(page, FORM, headers={"Authorization": f"Bearer {secret}"})
        assert response.status_code == 401
    assert Token.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"purpose": " "}, "what the token is for"),
        ({"purpose": "a\u202eb"}, "cannot be seen"),
        ({"may": []}, "what the token may do"),
        ({"permission_set": []}, "at least one role"),
        ({"permission_set": ["Operator"]}, "Operator"),
        ({"accounts": "999999999999"}, "999999999999"),
        ({"accounts": "<script>"}, "<script>"),
        ({"days": "3650"}, "365 days"),
        ({"days": "-1"}, "365 days"),
        ({"days": "٩٠"}, "365 days"),
        ({"days": ""}, "365 days"),
    ],
)
def test_what_cannot_be_is_said_above_the_form(wrong: dict[str, Any], said: str) -> None:
    assert said in error(cast.signed_in("alice"), **wrong)


def test_a_refused_form_comes_back_as_it_was_filled_in() -> None:
    response = cast.signed_in("alice").post(
        OWN, FORM | {"accounts": "<b>999999999999", "may": ["console"], "days": "7"}
    )

    page = response.content.decode()
    assert 'value="nightly report"' in page
    assert "&lt;b&gt;999999999999</textarea>" in page
    assert re.search(r'value="7"\s+checked', page)
    assert re.search(r'value="console"\s+checked', page)
    assert not re.search(r'value="keys"\s+checked', page)


def test_where_people_have_no_tokens_the_page_says_so(settings: Settings) -> None:
    settings.PERSONAL_TOKENS = False
    client = cast.signed_in("alice")

    assert "Personal tokens are turned off" in client.get(OWN).content.decode()
    assert client.post(OWN, FORM).status_code == 403


# Granted


def test_a_new_token_is_shown_once_and_kept_by_no_cache() -> None:
    client = cast.signed_in("alice")

    response = client.post(OWN, FORM)

    (secret,) = PATTERN.findall(response.content.decode())
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "no-referrer"
    assert secret not in client.get(OWN).content.decode()
    assert secret not in client.get("/activity").content.decode()
    assert Token.objects.get().digest not in client.get(OWN).content.decode()


def test_the_token_is_what_the_form_asked_for() -> None:
    secret = create(
        cast.signed_in("alice"),
        permission_set=["ReadOnly", "Developer"],
        accounts="2109-8765-4321,\n123456789012\n",
        may=["keys", "console"],
        days="30",
    )
    token = Token.objects.get()

    subject = bearers.subject_of(bearer=secret, origin=ORIGIN, now=token.created_at)
    assert subject.scope == Scope(
        permission_sets=frozenset({"ReadOnly", "Developer"}),
        account_ids=frozenset({"210987654321", "123456789012"}),
        kinds=frozenset(Kind),
    )
    assert token.expires_at - token.created_at == timedelta(days=30)


def test_a_machine_that_reads_the_audit_trail_needs_no_role() -> None:
    create(cast.signed_in("carol"), MACHINES, machine="siem", may=["audit"], permission_set=[])

    token = Token.objects.get()
    assert (token.machine, token.audit, token.keys, token.console) == ("siem", True, False, False)


def test_the_list_shows_ones_own_and_the_use_of_each() -> None:
    create(cast.signed_in("bob"), purpose="of bob", permission_set=["*"])
    alice = cast.signed_in("alice")
    create(alice)
    Token.objects.filter(purpose="nightly report").update(
        last_used_at=NOON, last_used_ip="192.0.2.99"
    )

    page = " ".join(alice.get(OWN).content.decode().split())

    assert "of bob" not in page
    assert "22 November 2026, 12:00 UTC</time> from 192.0.2.99" in page
    assert "keys · ReadOnly · every account" in page


def test_the_owner_revokes_and_sees_it_among_those_that_are_over() -> None:
    client = cast.signed_in("alice")
    create(client)

    answer = client.post(f"/tokens/{Token.objects.get().id}/revoke", follow=True)

    assert answer.redirect_chain == [(OWN, 302)]
    assert "Revoked “nightly report”" in answer.content.decode()
    assert answer.context["live"] == []
    assert [row.ended for row in answer.context["ended"]] == ["revoked"]
    assert AuditEvent.objects.filter(action="token.secret.revoked").count() == 1


def test_any_admin_revokes_a_machines_token() -> None:
    create(cast.signed_in("carol"), MACHINES, machine="deploy", permission_set=["*"])
    other = cast.signed_in(cast.subject("dora", groups=["portal-admins"]))

    assert "deploy" in other.get(MACHINES).content.decode()
    answer = other.post(f"/tokens/{Token.objects.get().id}/revoke")

    assert answer["Location"] == MACHINES
    assert Token.objects.get().revoked_by == "dora@northwind.example"


# Seen


@pytest.mark.browser
def test_a_token_is_made_and_revoked_without_a_script(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=cast.signed_in("alice"), java_script=False)
    page.goto(f"{live_portal}/")
    follow(page.get_by_role("link", name="Tokens"))

    page.get_by_label("What it is for").fill("nightly report")
    page.get_by_label("ReadOnly").check()
    page.get_by_label("30 days").check()
    follow(page.get_by_role("button", name="Create token"))
    secret = page.locator(".secret > span")
    expect(secret).to_be_hidden()
    page.get_by_label("Show the token").check()
    expect(secret).to_have_text(PATTERN)
    follow(page.get_by_role("link", name="Back to the tokens"))
    page.locator("summary", has_text="Revoke").click()
    page.get_by_role("button", name="Revoke token nightly report").click()

    expect(page.get_by_role("status")).to_contain_text("Revoked “nightly report”")
