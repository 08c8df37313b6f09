"""Your sign-ins: one's own only, the present one marked, and each end told."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import audit
from accounts.models import Approval, SignIn, Token
from accounts.models.audit import Action
from accounts.portal_tokens import lifecycle
from accounts.types import Kind, Origin, Scope, Surface
from portal.pages import browsers
from tests import cast
from tests.sso.conftest import Program

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind")]

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def signed_in(who: str = "alice", *, user_agent: str = FIREFOX) -> tuple[Client, SignIn]:
    client = cast.signed_in(who)
    row = SignIn.objects.get(pk=client.session["sign_in"])
    row.user_agent = user_agent
    row.save(update_fields=["user_agent"])
    return client, row


def text_of(response: Any) -> str:
    page = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", page)


def token_in(sign_in: SignIn, purpose: str = "nightly report") -> Token:
    return lifecycle.create(
        sign_in=sign_in,
        purpose=purpose,
        scope=Scope(kinds=frozenset({Kind.KEYS})),
        lifetime=timedelta(days=1),
        origin=cast.ORIGIN,
        now=timezone.now(),
    ).token


def issued(who: str, *, action: Action = Action.KEYS_ISSUED, minutes_ago: int = 0) -> None:
    audit.record(
        action=action,
        now=timezone.now() - timedelta(minutes=minutes_ago),
        origin=Origin(surface=Surface.PAGES, ip="192.0.2.7"),
        subject=cast.subject(who),
        account_id="210987654321",
        role_name="Developer",
        duration=3600,
        access_key_id=f"ASIAOF{who.upper()}",
    )


def is_signed_in(client: Client) -> bool:
    return b"Sign out" in client.get("/").content


# Denied


@pytest.mark.parametrize("name", ["end_sign_in", "end_command_line"])
def test_what_is_somebody_elses_is_refused_like_what_is_unknown(name: str) -> None:
    program = Program()
    token = program.login("bob")["accessToken"]
    bobs = SignIn.objects.get() if name == "end_sign_in" else Approval.objects.get()
    client, _ = signed_in()

    foreign, unknown = (client.post(reverse(name, args=(pk,))) for pk in (bobs.pk, uuid4()))

    def answer(response: Any) -> tuple[int, str]:
        # Without the request's id, its path, and the time.
        varying = r"[0-9a-f-]{32,36}|\d\d:\d\d:\d\d"
        return response.status_code, re.sub(varying, "", text_of(response))

    assert foreign.status_code == 403
    assert answer(foreign) == answer(unknown)
    assert program.get("/assignment/accounts", token).status_code == 200


def test_nothing_of_others_is_shown() -> None:
    Program().login("bob")
    token_in(SignIn.objects.get(), "bobs own")
    issued("bob")
    client, _ = signed_in()

    page = client.get("/sessions").content.decode()

    for foreign in ("bobs own", "ASIAOFBOB", str(Approval.objects.get().pk)):
        assert foreign not in page


@pytest.mark.parametrize("path", ["/sessions", "/activity"])
def test_strangers_are_sent_to_sign_in(path: str) -> None:
    assert Client().get(path).status_code == 302


def test_no_link_and_no_foreign_form_ends_anything() -> None:
    client, mine = signed_in()
    _, other = signed_in()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    paths = [
        f"/sessions/{other.pk}/end",
        f"/sessions/command-lines/{uuid4()}/end",
        "/sessions/end-others",
        "/sessions/end-all",
    ]

    for path in paths:
        assert client.get(path).status_code == 405
        assert strict.post(path).status_code == 403
        assert client.post(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403

    assert SignIn.objects.open_at(timezone.now()).count() == 2
    assert is_signed_in(client)
    assert mine.ended_at is None


# Seen


def test_each_sign_in_says_device_address_since_and_last_use_and_the_present_one_comes_first() -> (
    None
):
    signed_in(user_agent="curl/8")
    client, _ = signed_in()
    signed_in(user_agent="")

    response = client.get("/sessions")

    rows = response.context["rows"]
    assert rows[0].browser == "Firefox on Linux"
    assert [row.is_current for row in rows] == [True, False, False]
    text = text_of(response)
    assert text.count("this browser") == 1
    assert "from 192.0.2.7, since" in text
    assert "last used" in text
    assert "Unknown browser" in text


def test_command_lines_and_tokens_are_shown_with_their_sign_in() -> None:
    client, mine = signed_in()
    program = Program()
    token = program.login(client)["accessToken"]
    assert "not used yet" in text_of(client.get("/sessions"))
    program.get("/assignment/accounts", token)
    for number in range(6):
        token_in(mine, f"report {number}")

    text = text_of(client.get("/sessions"))

    assert "allowed in this sign-in's browser" in text
    assert re.search(r"used \d.* from 192\.0\.2\.10", text)
    assert re.search(r"revoked with it: “report \d”, “report \d”, “report \d” and 3 more\.", text)


@pytest.mark.parametrize("path", ["/sessions", "/activity"])
def test_what_is_alive_at_aws_is_shown_with_account_role_and_expiry(path: str) -> None:
    client, _ = signed_in()
    assert "Alive at AWS" not in text_of(client.get(path))
    issued("alice")
    issued("alice", action=Action.CONSOLE_ISSUED, minutes_ago=30)
    issued("alice", minutes_ago=70)

    text = text_of(client.get(path))

    assert "Alive at AWS" in text
    alive = text.split("Alive at AWS")[1].split("All activity")[0]
    assert re.search(r"until \d+ \w+ \d{4}, \d\d:\d\d UTC Keys Developer in payments-dev", alive)
    assert len(re.findall(r"until \d", alive)) == 2
    assert "Console Developer in payments-dev 210987654321" in alive


def test_many_sessions_at_aws_are_cut_short_and_it_says_so() -> None:
    client, _ = signed_in()
    for _ in range(21):
        issued("alice")

    text = text_of(client.get("/sessions"))

    assert "The 20 that expire last, of more:" in text
    assert text.count("ASIAOFALICE") == 20


def test_the_page_costs_the_same_queries_however_much_is_on_it(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client, mine = signed_in()
    issued("alice")
    # Session, sign-in, blocks; sign-ins, command lines and their tokens; tokens; AWS, and its last expiry.
    with django_assert_num_queries(9):
        client.get("/sessions")
    for _ in range(3):
        signed_in()
        Program().login(client)
        token_in(mine)
        issued("alice")

    with django_assert_num_queries(9):
        assert len(client.get("/sessions").context["rows"]) == 4


# Ended


def test_another_sign_in_is_ended_and_told() -> None:
    client, _ = signed_in()
    elsewhere, other = signed_in()

    response = client.post(f"/sessions/{other.pk}/end", follow=True)

    assert response.redirect_chain == [("/sessions", 302)]
    assert "1 sign-in ended." in text_of(response)
    assert [is_signed_in(one) for one in (client, elsewhere)] == [True, False]
    assert "It had ended already." in text_of(client.post(f"/sessions/{other.pk}/end", follow=True))


def test_a_command_line_is_ended_and_told() -> None:
    client, _ = signed_in()
    program = Program()
    token = program.login(client)["accessToken"]
    approval = Approval.objects.get()

    response = client.post(f"/sessions/command-lines/{approval.pk}/end", follow=True)

    assert f"Command line ended: {approval.client_name}." in text_of(response)
    assert program.get("/assignment/accounts", token).status_code == 401
    assert is_signed_in(client)


@pytest.mark.parametrize("fields", [{}, {"tokens": "on"}])
def test_all_others_are_ended_and_tokens_only_if_that_is_chosen(fields: dict[str, str]) -> None:
    client, mine = signed_in()
    elsewhere = signed_in()[0]
    token = token_in(mine)

    text = text_of(client.post("/sessions/end-others", fields, follow=True))

    revoked = ", 1 token revoked" if fields else ""
    assert f"1 sign-in ended{revoked}. You are still signed in here." in text
    assert [is_signed_in(one) for one in (client, elsewhere)] == [True, False]
    token.refresh_from_db()
    assert (token.revoked_at is not None) == bool(fields)


@pytest.mark.parametrize("path", ["/sessions/end-all", "/sessions/{mine}/end"])
def test_who_ends_the_present_sign_in_is_signed_out_and_told_what_lives_on(path: str) -> None:
    client, mine = signed_in()
    issued("alice")

    response = client.post(path.format(mine=mine.pk))

    text = text_of(response)
    assert response.status_code == 200
    assert "You are signed out" in text
    assert "1 sign-in ended." in text
    assert re.search(r"the last of yours at \d+ \w+ \d{4}, \d\d:\d\d UTC", text)
    assert "no-store" in response["Cache-Control"]
    assert "Sign out</button>" not in response.content.decode()
    assert not is_signed_in(client)
    # The next sign-in asks who it is, as after signing out without the provider.
    assert "gatehouse-at-provider" in response.cookies


def test_sending_the_form_again_ends_nothing_and_says_sign_in() -> None:
    client, _ = signed_in()
    client.post("/sessions/end-all")
    again, _ = signed_in()

    assert client.post("/sessions/end-all").status_code in (302, 401)
    assert is_signed_in(again)


def test_a_token_revoked_here_leads_back_here() -> None:
    client, mine = signed_in()
    token = token_in(mine)
    assert 'name="back" value="sessions"' in client.get("/sessions").content.decode()

    response = client.post(f"/tokens/{token.pk}/revoke", {"back": "sessions"})

    assert response["Location"] == "/sessions"
    assert "Revoked “nightly report”" in text_of(client.get("/sessions"))


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like "
            "Gecko) Version/18.6 Safari/605.1.15",
            "Safari on macOS",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, "
            "like Gecko) CriOS/142.0 Mobile/15E148 Safari/604.1",
            "Chrome on iPhone",
        ),
        ("curl/8.14.1", "Unknown browser"),
        ("<script>", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_browsers_are_named_as_people_know_them(user_agent: str, words: str) -> None:
    assert browsers.in_words(user_agent) == words
