"""Whatever others can write (names, claims, errors of AWS and the provider) is text on a page, and secrets are nowhere but in it."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import product
from typing import Any
from xml.sax.saxutils import escape

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import Environment, Mapping
from tests import cast
from tests.emulators import ConsoleEndpoint, Reply, ScriptedServer, sts_at

pytestmark = [pytest.mark.django_db]

EVIL = "\"'><x-evil onclick=alert(1)></title></script><script>evil()</script>{{ 7|add:7 }}"
ACCOUNT = {"account_id": "111111111111", "role_name": "Evil"}


class Reader(HTMLParser):
    """Collects what a browser would make of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.inside: list[str] = []
        self.inline: list[str] = []
        self.title = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.inside.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if tag in self.inside:
            while self.inside.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self.inside[-1:] == ["title"]:
            self.title += data
        if self.inside[-1:] in (["script"], ["style"]) and data.strip():
            self.inline.append(data)


def read(response: Any) -> Reader:
    """Read a page."""
    reader = Reader()
    reader.feed(response.content.decode())
    return reader


def check_inert(response: Any) -> None:
    """Hold a page to containing nothing but text of what others wrote."""
    page = read(response)
    assert "x-evil" not in page.tags
    assert page.inline == []
    assert not [name for name, _ in page.attributes if name.startswith("on") or name == "style"]
    assert not [
        v for n, v in page.attributes if n in ("href", "src") and v.startswith("javascript")
    ]
    assert "14" not in page.title


@pytest.fixture
def evil(settings: Settings) -> None:
    """A company, a portal and claims that are all hostile texts."""
    settings.PORTAL_NAME = EVIL
    settings.SUPPORT_CONTACT = f"javascript:alert(1) https://help.example/{EVIL}"
    Environment.objects.create(name="evil", label=EVIL[:60], colour="red")
    where = cast.account(
        EVIL[:60],
        ACCOUNT["account_id"],
        environment="evil",
        organizational_unit=EVIL.replace("/", "")[:60],
        tags={EVIL: EVIL},
    )
    what = cast.permission_set("Evil", description=EVIL)
    cast.offer(where, what)
    cast.mapping(EVIL, what, where, name=EVIL)


@pytest.fixture
def somebody(evil: None) -> Client:
    """Somebody whose every claim is hostile, a portal admin besides."""
    who = cast.subject("evil", groups=[EVIL, "portal-admins"])
    return cast.signed_in(
        type(who)(
            issuer=who.issuer,
            sub=EVIL,
            name=EVIL,
            email=f"{EVIL}@x",
            claims=who.claims,
        )
    )


PAGES = ["/", "/?q=" + EVIL, "/activity", "/nowhere/" + EVIL, "/admin/", "/admin/accounts/account/"]
PAGES += ["/admin/accounts/person/", "/admin/accounts/mapping/", "/admin/accounts/auditevent/"]
PAGES += [f"/admin/accounts/account/?q={EVIL}", f"/admin/accounts/auditevent/?account={EVIL}"]
PAGES += ["/admin/accounts/signin/", f"/oidc/callback/?state={EVIL}&error={EVIL}"]


def test_what_others_wrote_is_mere_text(somebody: Client, subtests: pytest.Subtests) -> None:
    for path in PAGES:
        with subtests.test(path=path):
            check_inert(somebody.get(path))


def test_what_others_wrote_is_mere_text_on_the_pages_for_keys_and_console(
    somebody: Client, subtests: pytest.Subtests
) -> None:
    queries: list[dict[str, str]] = [
        ACCOUNT,
        {"account_id": EVIL, "role_name": EVIL},
        {**ACCOUNT, "destination": EVIL},
        {**ACCOUNT, "destination": "https://console.aws.amazon.com/x?" + "a='<x-evil>"},
        {"account_id": ACCOUNT["account_id"], "destination": EVIL},
    ]

    for path, query in product(("/keys", "/console"), queries):
        with subtests.test(path=path, query=query):
            check_inert(somebody.get(path, query))


def test_the_portals_own_name_is_mere_text(
    evil: None, client: Client, subtests: pytest.Subtests
) -> None:
    for path in ("/", "/nowhere", "/oidc/callback/"):
        with subtests.test(path=path):
            check_inert(client.get(path))


@pytest.fixture
def refusing_sts() -> Iterator[ScriptedServer]:
    """An STS that says no in hostile words."""
    said = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>AccessDenied</Code><Message>{escape(EVIL)}</Message></Error>"
        f"<RequestId>{escape(EVIL)}</RequestId></ErrorResponse>"
    )
    with (
        ScriptedServer(lambda seen: Reply(403, said, {"Content-Type": "text/xml"})) as server,
        sts_at(server.url),
    ):
        yield server


def test_what_aws_says_is_mere_text_and_for_admins_only(
    somebody: Client, refusing_sts: ScriptedServer
) -> None:
    Mapping.objects.create(
        name="all",
        claim="groups",
        value="payments",
        permission_set=Mapping.objects.get().permission_set,
    ).targets.create(kind="all")

    alice = cast.signed_in("alice")

    for path in ("/keys", "/console"):
        shown, hidden = somebody.post(path, ACCOUNT), alice.post(path, ACCOUNT)

        assert refusing_sts.seen
        assert (shown.status_code, hidden.status_code) == (502, 502)
        assert any("AccessDenied" in text and "x-evil" in text for text in read(shown).texts)
        assert not any("AccessDenied" in text for text in read(hidden).texts)
        check_inert(shown)
        check_inert(hidden)


def test_keys_are_in_the_text_of_their_page_and_nowhere_else(
    sts_endpoint: str, northwind: None
) -> None:
    response = cast.signed_in("alice").post("/keys", {"role": "210987654321/Developer"})
    credentials = response.context["issued"].credentials
    page = read(response)

    for secret in (credentials.secret_access_key, credentials.session_token):
        assert secret in "".join(page.texts)
        assert not [name for name, value in page.attributes if secret in value]
        assert secret not in page.title
        assert secret not in str(response.headers)
        assert secret not in str(response.cookies)


def test_keys_are_hidden_until_asked_for(sts_endpoint: str, northwind: None) -> None:
    response = cast.signed_in("alice").post("/keys", {"role": "210987654321/Developer"})
    secret = response.context["issued"].credentials.secret_access_key

    before = response.content.decode().partition(secret)[0]

    assert before.endswith('<span class="secret"><span>')


def test_the_start_page_holds_no_secret_of_the_sign_in(
    northwind: None, console_endpoint: ConsoleEndpoint
) -> None:
    client = cast.signed_in("alice")
    page = client.get("/").content.decode()

    assert client.cookies["gatehouse"].value not in page
    assert "encrypted" not in page
