"""A browser whose claims are too old goes to a real provider and back: no form is lost, and none is sent by itself."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, SignIn
from accounts.models.audit import Action
from demo.identity import IdentityProvider
from tests.accounts.test_access import DEV, PROD
from tests.emulators import ConsoleEndpoint
from tests.identity import Visitor, query_of

pytestmark = pytest.mark.usefixtures("northwind", "sts_endpoint")

ROLE = {"account_id": DEV, "role_name": "Developer", "duration": "3600", "profile": "mine"}
Form = dict[str, str]


@pytest.fixture(autouse=True)
def _only_a_browser_can_ask(settings: Any) -> None:
    settings.REVERIFY = "silent"


@pytest.fixture
def signed_in(visitor: Visitor) -> Visitor:
    visitor.walk("alice")
    return visitor


def later(minutes: int = 6) -> Any:
    return time_machine.travel(timezone.now() + timedelta(minutes=minutes), tick=True)


def form_of(visitor: Visitor, path: str) -> Form:
    """The form of a page as a browser would send it, with its token."""
    page = visitor.client.get(path).content.decode()
    return {"once": re.findall(r'name="once"\s+value="([^"]+)"', page)[0]}


def sent_away(answer: Any) -> str:
    """The address to which the answer to a form sends the browser by itself."""
    page = answer.content.decode()
    assert (answer.status_code, "Confirming your sign-in" in page) == (401, True), page
    assert "no-store" in answer["Cache-Control"]
    (there,) = re.findall(r'http-equiv="refresh"\s+content="0;url=([^"]+)"', page)
    return unescape(there)


def to_provider(visitor: Visitor, address: str) -> str:
    answer = visitor.client.get(address)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def back(visitor: Visitor, at_provider: str) -> Any:
    """The portal's answer once the provider has asked nothing."""
    answer = visitor.at_provider.get(at_provider, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    there = urlsplit(answer.headers["Location"])
    return visitor.client.get(f"{there.path}?{there.query}")


def kept(visitor: Visitor, address: str) -> tuple[str, Form]:
    """The form that a page offers to send again: its address and its fields."""
    page = visitor.client.get(address)
    assert page.status_code == 200, page
    main = page.content.decode().split("<main")[1]
    (action,) = re.findall(r'<form method="post" action="([^"]+)"', main)
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', main)
    return unescape(action), {name: unescape(value) for name, value in fields}


def issued() -> int:
    return AuditEvent.objects.filter(action=Action.KEYS_ISSUED).count()


# Refused


def test_nothing_is_issued_and_nothing_is_used_up_before_the_provider_has_confirmed(
    signed_in: Visitor,
) -> None:
    form = {**ROLE, **form_of(signed_in, f"/keys?account_id={DEV}&role_name=Developer")}
    with later():
        sent_away(signed_in.client.post("/keys", form))
        sent_away(signed_in.client.post("/keys", form))
    assert issued() == 0

    with later(1):
        assert signed_in.client.post("/keys", form).status_code == 200


@pytest.mark.parametrize("ended", ["session over", "disabled"])
def test_who_is_not_signed_in_at_the_provider_any_more_is_asked_there(
    signed_in: Visitor, identity: IdentityProvider, ended: str
) -> None:
    if ended == "disabled":
        identity.change("alice", disabled=True)
    else:
        identity.end_sessions("alice")

    with later():
        there = to_provider(signed_in, sent_away(signed_in.client.post("/keys", ROLE)))
        assert query_of(there)["prompt"] == "none"
        again = back(signed_in, there)
        assert again.status_code == 302, again.content.decode()
        asked = to_provider(signed_in, again["Location"])
        assert "prompt" not in query_of(asked)
        page = signed_in.at_provider.get(asked, timeout=10)

        assert page.status_code == 200
        assert "username" in page.text
        assert issued() == 0
        if ended == "session over":
            answer = signed_in.client.get(signed_in.prove(asked))
            action, fields = kept(signed_in, answer["Location"])
            assert signed_in.client.post(action, fields).status_code == 200
    assert SignIn.objects.count() == 1


def test_somebody_else_at_the_provider_does_not_take_over(
    signed_in: Visitor, identity: IdentityProvider
) -> None:
    with later():
        there = to_provider(signed_in, sent_away(signed_in.client.post("/keys", ROLE)))
        identity.end_sessions("alice")
        page = signed_in.client.get(signed_in.prove(there.replace("prompt=none", ""), "bob"))

    assert page.status_code == 400
    assert "Somebody else is signed in" in page.content.decode()
    assert SignIn.objects.get().person.sub == "sub-alice"
    assert AuditEvent.objects.get(action=Action.SIGNIN_FAILED).error_code == "signin.somebody_else"


def test_kept_form_is_nobody_elses(signed_in: Visitor) -> None:
    with later():
        away = sent_away(signed_in.client.post("/keys", ROLE))
        page = query_of(f"http://localhost{away}")["next"]
        other = Visitor()
        other.walk("bob")

        assert other.client.get(page)["Location"] == "/"
        assert Client().get(page)["Location"].startswith("/oidc/authenticate/")
        for name in ("", "x", "../..", "x" * 4000):
            assert signed_in.client.get("/continue", {"form": name})["Location"] == "/"


def test_kept_form_holds_no_csrf_token_and_is_forgotten(signed_in: Visitor) -> None:
    with later():
        before = set(Session.objects.values_list("pk", flat=True))
        form = {**ROLE, "csrfmiddlewaretoken": "planted-token"}
        away = sent_away(signed_in.client.post("/keys", form))
        (row,) = Session.objects.exclude(pk__in=before)
        assert row.get_decoded()["address"] == "/keys"
        assert "planted-token" not in str(row.get_decoded())
        page = query_of(f"http://localhost{away}")["next"]
        assert signed_in.client.get(page).status_code == 200
        Session.objects.filter(pk=row.pk).update(session_data="spoilt")
        assert signed_in.client.get(page)["Location"] == "/"
        assert row.expire_date <= timezone.now() + timedelta(minutes=30)


# Through


def test_form_comes_back_and_is_sent_by_one_click(
    signed_in: Visitor, identity: IdentityProvider
) -> None:
    form = {**ROLE, **form_of(signed_in, f"/keys?account_id={DEV}&role_name=Developer")}
    session = signed_in.client.session.session_key
    before = SignIn.objects.get()
    with later():
        answer = back(
            signed_in, to_provider(signed_in, sent_away(signed_in.client.post("/keys", form)))
        )
        action, fields = kept(signed_in, answer["Location"])
        assert (issued(), action) == (0, "/keys")
        assert {name: fields[name] for name in form} == form

        keys = signed_in.client.post(action, fields)
        twice = signed_in.client.post(action, fields)

    assert keys.status_code == 200
    assert "mine" in keys.content.decode()
    assert twice.status_code == 303  # Sent already: nothing is issued by a second one.
    assert issued() == 1
    after = SignIn.objects.get()
    assert (after.pk, after.expires_at) == (before.pk, before.expires_at)
    assert after.verified_at > before.verified_at
    assert signed_in.client.session.session_key == session
    assert AuditEvent.objects.filter(action=Action.SIGNIN_VERIFIED).count() == 1


def test_six_tabs_each_get_back_to_their_own_form(signed_in: Visitor) -> None:
    forms = [{**ROLE, "profile": f"tab-{number}"} for number in range(6)]
    with later():
        away = [sent_away(signed_in.client.post("/keys", form)) for form in forms]
        there = [to_provider(signed_in, address) for address in away]
        returned = [back(signed_in, address)["Location"] for address in reversed(there)]
        pages = [kept(signed_in, address) for address in returned]
        answers = [signed_in.client.post(action, fields) for action, fields in pages]

    assert [fields["profile"] for _, fields in pages] == [f"tab-{n}" for n in (5, 4, 3, 2, 1, 0)]
    for number, answer in zip((5, 4, 3, 2, 1, 0), answers, strict=True):
        assert answer.status_code == 200
        assert f"tab-{number}" in answer.content.decode()
    assert SignIn.objects.count() == 1


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("/console", {"account_id": PROD, "role_name": "ReadOnly"}, 303),
        ("/keys", {"role": [f"{DEV}/Developer", f"{DEV}/ReadOnly"], "several": "1"}, 200),
        ("/tokens", {"purpose": "A test", "may": "keys", "permission_set": "*", "days": "7"}, 200),
    ],
)
def test_every_form_that_issues_something_comes_back(
    signed_in: Visitor,
    path: str,
    form: dict[str, Any],
    status: int,
    console_endpoint: ConsoleEndpoint,
    settings: Any,
) -> None:
    settings.AWS_FEDERATION_ENDPOINT = console_endpoint.url
    with later():
        answer = back(
            signed_in, to_provider(signed_in, sent_away(signed_in.client.post(path, form)))
        )
        page = signed_in.client.get(answer["Location"])
        sources = page["Content-Security-Policy"]
        main = page.content.decode().split("<main")[1]
        fields: dict[str, list[str]] = {}
        for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', main):
            fields.setdefault(name, []).append(unescape(value))

        assert signed_in.client.post(path, fields).status_code == status
    # Chromium lets the form lead to AWS only where the page says so.
    assert ("aws.amazon.com" in sources) == (path == "/console")


def test_admin_page_is_confirmed_on_the_way_and_rights_follow(
    visitor: Visitor, identity: IdentityProvider
) -> None:
    visitor.walk("carol")
    assert visitor.client.get("/admin/accounts/account/").status_code == 200

    with later():
        there = visitor.client.get("/admin/accounts/account/?q=pay")
        assert there.status_code == 302
        answer = back(visitor, to_provider(visitor, there["Location"]))
        assert answer["Location"] == "/admin/accounts/account/?q=pay"
        assert visitor.client.get(answer["Location"]).status_code == 200

    identity.change("carol", groups=("everyone",))
    with later(12):
        there = visitor.client.get("/admin/accounts/account/")
        answer = back(visitor, to_provider(visitor, there["Location"]))
        assert visitor.client.get(answer["Location"]).status_code == 403


def test_looking_at_pages_asks_nobody(signed_in: Visitor, identity: IdentityProvider) -> None:
    identity.hits.clear()
    with later():
        for path in ("/", f"/keys?account_id={DEV}&role_name=Developer", "/activity", "/tokens"):
            assert signed_in.client.get(path).status_code == 200
    assert not identity.hits


def test_form_of_a_sign_in_that_the_provider_ended_is_kept_too(
    visitor: Visitor, identity: IdentityProvider, settings: Any
) -> None:
    settings.REVERIFY = "refresh"
    visitor.walk("alice")
    identity.end_sessions("alice")
    form = {**ROLE, **form_of(visitor, f"/keys?account_id={DEV}&role_name=Developer")}

    with later():
        refused = visitor.client.post("/keys", form)
        page = refused.content.decode()
        assert refused.status_code == 401
        assert "Your identity provider has ended your sign-in." in page
        (again,) = re.findall(r'href="(/oidc/authenticate/[^"]+)"', page)
        asked = to_provider(visitor, unescape(again))
        answer = visitor.client.get(visitor.prove(asked))
        action, fields = kept(visitor, answer["Location"])
        assert visitor.client.post(action, fields).status_code == 200

    denied = AuditEvent.objects.get(action=Action.KEYS_DENIED)
    assert (denied.error_code, denied.role_name) == ("signin.ended_at_provider", "Developer")
