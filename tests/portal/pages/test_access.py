"""Who gets what from the pages: everybody at every door with every role, and one audit row for each attempt."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.errors import AwsRefused, AwsUnavailable, GatehouseError, InvalidRequest
from accounts.models import Account, AuditEvent, PermissionSet
from tests import cast
from tests.emulators import ConsoleEndpoint, aws_environment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind", "aws")]

DEV, PROD = "210987654321", "123456789012"
DOORS = ["/keys", "/console"]
ROLES = [(DEV, "Developer"), (DEV, "ReadOnly"), (PROD, "ReadOnly"), (PROD, "Operator")]
ENTITLED = {
    "alice": {(DEV, "Developer"), (DEV, "ReadOnly"), (PROD, "ReadOnly")},
    "bob": {(PROD, "Operator")},
    "carol": set[tuple[str, str]](),
    "mallory": set[tuple[str, str]](),
}


def send(client: Client, door: str, account_id: str, role_name: str, **fields: Any) -> Any:
    return client.post(door, {"account_id": account_id, "role_name": role_name, **fields})


def recorded(act: Callable[[], Any]) -> tuple[Any, list[str]]:
    """Return a response, and which audit rows of the door were written meanwhile."""
    rows = AuditEvent.objects.filter(action__startswith="access.")
    known = set(rows.values_list("pk", flat=True))
    response = act()
    return response, [row.action for row in rows if row.pk not in known]


def leaks(response: Any) -> bool:
    return b"ASIA" in response.content or response.has_header("Location")


def refusals(
    attempts: Iterable[tuple[str, Callable[[], Any]]], *, status: int, rows: list[str]
) -> list[str]:
    """Return the attempts that were not refused with this status and these audit rows."""
    wrong = []
    for name, act in attempts:
        response, written = recorded(act)
        if response.status_code != status or written != rows or leaks(response):
            wrong.append(f"{name}: {response.status_code} {written}")
    return wrong


@pytest.mark.parametrize("door", DOORS)
def test_role_of_somebody_else_is_denied_and_recorded_once(door: str) -> None:
    attempts = [
        (f"{who} {role}", partial(send, client, door, *role))
        for who, client in ((who, cast.signed_in(who)) for who in ENTITLED)
        for role in ROLES
        if role not in ENTITLED[who]
    ]

    assert len(attempts) == 12
    assert refusals(attempts, status=403, rows=[f"access.{door[1:]}.denied"]) == []


@pytest.mark.parametrize("door", DOORS)
def test_role_that_somebody_has_in_another_account_only_is_denied(door: str) -> None:
    read_only = PermissionSet.objects.get(name="ReadOnly")
    cast.mapping("visitors", read_only, Account.objects.get(account_id=DEV))
    mallory = cast.signed_in("mallory")

    here = partial(send, mallory, door, DEV, "ReadOnly")
    there = partial(send, mallory, door, PROD, "ReadOnly")

    assert here().status_code in (200, 303)
    assert refusals([("there", there)], status=403, rows=[f"access.{door[1:]}.denied"]) == []


@pytest.mark.parametrize("door", DOORS)
def test_page_of_a_role_of_somebody_else_is_denied(door: str) -> None:
    attempts = [
        (f"{who} {role}", partial(client.get, door, {"account_id": role[0], "role_name": role[1]}))
        for who, client in ((who, cast.signed_in(who)) for who in ENTITLED)
        for role in ROLES
        if role not in ENTITLED[who]
    ]

    assert refusals(attempts, status=403, rows=[f"access.{door[1:]}.denied"]) == []


def assert_quoted(response: Any, account_id: str = "", role_name: str = "") -> None:
    """The request id on the page finds the row that was written, with what was refused to whom."""
    row = AuditEvent.objects.get(request_id=response["X-Request-Id"])
    page = response.content.decode()
    assert f"<code>{row.request_id}</code>" in page
    assert f"Request: {row.request_id}" in page
    assert (row.account_id, row.role_name) == (account_id, role_name)
    assert f"Signed in as: {row.actor}" in page


@pytest.mark.parametrize("door", DOORS)
def test_refusal_quotes_the_request_whose_row_says_what_was_refused(door: str) -> None:
    client = cast.signed_in("mallory")
    fields = {"account_id": PROD, "role_name": "Operator"}

    for response in (client.get(door, fields), client.post(door, fields)):
        assert_quoted(response, PROD, "Operator")


@pytest.mark.parametrize("door", DOORS)
def test_role_of_ones_own_is_issued_and_recorded_once(door: str) -> None:
    for who, roles in ENTITLED.items():
        client = cast.signed_in(who)
        for role in roles:
            response, rows = recorded(partial(send, client, door, *role))

            assert response.status_code == (200 if door == "/keys" else 303), role
            assert rows == [f"access.{door[1:]}.issued"], role


@pytest.mark.parametrize("door", DOORS)
def test_get_issues_nothing(door: str) -> None:
    client = cast.signed_in("alice")

    response, rows = recorded(
        partial(client.get, door, {"account_id": DEV, "role_name": "Developer"})
    )

    assert response.status_code == 200
    assert not leaks(response)
    assert rows == []


@pytest.mark.parametrize("door", DOORS)
def test_unknown_role_is_denied_and_recorded_once(door: str) -> None:
    client = cast.signed_in("alice")
    unknown = [
        ("999999999999", "Developer"),
        ("", ""),
        (DEV, ""),
        ("not a number", "Developer"),
        (DEV, "developer"),
        ("9" * 5000, "x" * 5000),
        ("\N{ARABIC-INDIC DIGIT ONE}" * 12, "\N{PILE OF POO}"),
        (DEV, "' OR 1=1 --"),
    ]
    attempts = [(f"{role!r:.40}", partial(send, client, door, *role)) for role in unknown]

    assert refusals(attempts, status=403, rows=[f"access.{door[1:]}.denied"]) == []


@pytest.mark.parametrize("door", DOORS)
def test_disabled_account_is_denied_and_recorded_once(door: str) -> None:
    client = cast.signed_in("alice")
    Account.objects.filter(account_id=DEV).update(active=False)

    attempt = ("disabled", partial(send, client, door, DEV, "Developer"))

    assert refusals([attempt], status=403, rows=[f"access.{door[1:]}.denied"]) == []


def test_duration_out_of_bounds_is_refused_and_recorded_once() -> None:
    client = cast.signed_in("alice")
    wrong = ("1", "0", "-3600", "899", "3601", "999999", "abc", str(10**30), "1e3", "9" * 6000)
    attempts = [
        (f"{duration:.20}", partial(send, client, "/keys", DEV, "Developer", duration=duration))
        for duration in (*wrong, "٣٦٠٠")
    ]

    assert refusals(attempts, status=400, rows=["access.keys.denied"]) == []
    page = attempts[0][1]().content.decode()
    assert "15 minutes to 1 hour" in page


def test_destination_elsewhere_is_refused_on_both_methods() -> None:
    client = cast.signed_in("alice")
    for destination in (
        "https://evil.example/",
        "//evil.example",
        "javascript:alert(1)",
        "https://console.aws.amazon.com.evil.example/",
    ):
        fields = {"account_id": DEV, "role_name": "Developer", "destination": destination}
        shown = (destination, partial(client.get, "/console", fields))
        sent = (destination, partial(client.post, "/console", fields))

        assert refusals([shown], status=400, rows=[]) == []
        assert refusals([sent], status=400, rows=["access.console.denied"]) == []


@pytest.mark.parametrize("door", DOORS)
def test_signed_out_form_leads_back_to_itself_after_a_sign_in(door: str, client: Client) -> None:
    response, rows = recorded(partial(send, client, door, DEV, "Developer"))

    assert response.status_code == 401
    back = f"next=%2F{door[1:]}%3Faccount_id%3D{DEV}%26role_name%3DDeveloper"
    assert back in response.content.decode()
    assert rows == []


def test_signed_out_page_leads_to_the_sign_in_and_back(client: Client) -> None:
    for path in ("/keys?account_id=1&role_name=a%2Bb", "/console", "/activity"):
        response = client.get(path)

        assert response.status_code == 302
        assert response["Location"] == f"/oidc/authenticate/?{urlencode({'next': path})}"
    assert client.get("/oidc/authenticate/").status_code != 404


def test_keys_are_shown_once_and_stored_nowhere_on_the_way() -> None:
    response = send(cast.signed_in("alice"), "/keys", DEV, "Developer", duration="900")
    page = response.content.decode()
    row = AuditEvent.objects.get(action="access.keys.issued")

    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "no-referrer"
    assert f"/activity#row-{row.id}" in page
    assert f"export AWS_ACCESS_KEY_ID=&quot;{row.access_key_id}" in page
    assert ("15 minutes" in page, row.duration) == (True, 900)


def test_session_shorter_than_the_role_allows_is_said_and_not_offered() -> None:
    client = cast.signed_in("alice")

    with aws_environment(AWS_SESSION_TOKEN="the hub has temporary credentials itself"):
        offered = client.get("/keys", {"account_id": DEV, "role_name": "ReadOnly"})
        issued = send(client, "/keys", DEV, "ReadOnly")

    assert [choice.seconds for choice in offered.context["durations"].choices] == [900, 3600]
    for response in (offered, issued):
        assert "AWS limits sessions to 1 hour here" in response.content.decode()


def test_durations_offered_end_with_the_longest() -> None:
    offered = cast.signed_in("alice").get("/keys", {"account_id": DEV, "role_name": "ReadOnly"})

    durations = offered.context["durations"].choices
    assert [choice.words for choice in durations if choice.chosen] == ["1 hour"]
    assert durations[-1].words == "8 hours"


def test_console_is_left_for_with_the_destination_asked_for(aws: ConsoleEndpoint) -> None:
    destination = "https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1"
    client = cast.signed_in("alice")

    response = client.post("/console", {"role": f"{DEV}/Developer", "destination": destination})

    assert response.status_code == 303
    assert response["Location"].startswith(f"{aws.url}/federation?Action=login&")
    assert "Destination=https%3A%2F%2Feu-west-1.console" in response["Location"]
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "no-referrer"


def test_link_without_a_role_offers_the_roles_one_has() -> None:
    page = cast.signed_in("alice").get("/console", {"account_id": DEV}).content.decode()

    assert f'value="{DEV}/Developer"' in page
    assert f'value="{DEV}/ReadOnly"' in page


def test_link_without_a_role_to_an_account_of_others_is_denied() -> None:
    response = cast.signed_in("mallory").get("/console", {"account_id": DEV})

    assert response.status_code == 403
    assert_quoted(response, DEV)


def test_link_to_a_role_of_others_offers_ones_own_and_is_recorded() -> None:
    response = cast.signed_in("alice").get("/console", {"account_id": DEV, "role_name": "Operator"})

    assert response.status_code == 403
    assert_quoted(response, DEV, "Operator")
    page = response.content.decode()
    assert "I need the role Operator in the AWS account payments-dev (210987654321)." in page


@pytest.mark.parametrize("path", ["/admin/", "/tokens/machines"])
def test_page_for_admins_is_denied_and_recorded(path: str) -> None:
    response = cast.signed_in("alice").get(path)

    assert response.status_code == 403
    assert [row.action for row in AuditEvent.objects.filter(action__startswith="access.")] == [
        "access.page.denied"
    ]
    assert_quoted(response)
    assert f"I need the page {path}." in response.content.decode()


def test_refusal_prepares_a_message_to_the_contact(settings: Settings) -> None:
    settings.SUPPORT_CONTACT = "Cloud team, cloud+aws@northwind.example"
    asked = {"account_id": PROD, "role_name": 'Operator"><script>'}

    page = cast.signed_in("mallory").get("/keys", asked).content.decode()

    mail = html.unescape(re.search(r'href="(mailto:[^"]*)"', page)[1])  # type: ignore[index]
    fields = parse_qs(urlsplit(mail).query)
    assert mail.startswith("mailto:cloud%2Baws@northwind.example?")
    assert fields["subject"] == [f'I need the role Operator"><script> in the AWS account {PROD}']
    assert "\r\nSigned in as: mallory@northwind.example\r\n" in fields["body"][0]
    assert "\r\nMy identity provider sent: groups = visitors\r\n" in fields["body"][0]
    assert "<script>" not in page.partition("<main")[2]


def test_refusal_shows_the_groups_that_arrived_and_offers_to_check_them_again() -> None:
    page = cast.signed_in("bob").get("/keys", {"account_id": DEV, "role_name": "Developer"})

    text = " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())
    assert "Your groups approvers on-call" in text
    assert "Any of these would give it" not in text
    again = re.search(r'href="([^"]+)">Check my groups again', page.content.decode())
    assert again
    query = parse_qs(urlsplit(html.unescape(again[1])).query)
    assert query["verify"] == ["1"]
    assert query["next"] == [f"/keys?account_id={DEV}&role_name=Developer"]


def test_what_would_be_needed_is_said_only_where_the_operator_allows_it(settings: Settings) -> None:
    asked = {"account_id": DEV, "role_name": "Developer"}
    cast.mapping(
        "ceo@northwind.example",
        PermissionSet.objects.get(name="Developer"),
        Account.objects.get(account_id=DEV),
        claim="email",
    )

    def said(**asked: str) -> str:
        page = cast.signed_in("mallory").post("/keys", asked).content.decode()
        return page.partition("<main")[2]

    assert "payments" not in said(**asked)

    settings.REFUSALS_SAY_WHAT_IS_NEEDED = True

    assert "groups = payments" in said(**asked)
    assert "This would give it: groups = payments" in said(**asked)
    assert "ceo@" not in said(**asked)
    assert "would give it" not in said(**asked | {"role_name": "Nobody"})


def test_trying_again_is_offered_only_where_it_can_help(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client, asked = cast.signed_in("alice"), {"account_id": DEV, "role_name": "Developer"}

    def offered(error: GatehouseError) -> bool:
        def refuse(**_: object) -> None:
            raise error

        monkeypatch.setattr("portal.pages.keys.issue_keys", refuse)
        page = client.post("/keys", asked).content.decode()
        return f'href="/keys?account_id={DEV}&amp;role_name=Developer">Try again' in page

    assert not offered(AwsRefused("AWS does not let the portal enter this role."))
    assert not offered(InvalidRequest("The duration is too long."))
    assert offered(AwsUnavailable("AWS did not answer. Try again in a moment."))


def test_refusals_of_links_are_limited_like_forms(settings: Settings) -> None:
    settings.PAGES_RATE_LIMIT = "2/minute"
    client = cast.signed_in("mallory")

    answers = [client.get("/keys", {"account_id": DEV, "role_name": "x"}) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [403, 403, 429, 429]
    assert AuditEvent.objects.filter(action="access.keys.denied").count() == 2


def test_link_names_account_role_and_destination_before_anything_is_issued() -> None:
    destination = "https://console.aws.amazon.com/s3/home"
    fields = {"account_id": DEV, "role_name": "Developer", "destination": destination}

    page = cast.signed_in("alice").get("/console", fields).content.decode()

    assert "Console of payments-dev as Developer" in page
    assert page.count(destination) == 2
