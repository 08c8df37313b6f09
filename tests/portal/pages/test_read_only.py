"""Asking for less than a role may: the choice on the pages, and nothing that passes for no choice."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from accounts.models import Account, AuditEvent, PermissionSet
from tests import cast
from tests.emulators import ConsoleEndpoint

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind", "aws")]

DEV, PROD = "210987654321", "123456789012"
DEVELOPER = {"account_id": DEV, "role_name": "Developer"}
BOTH = [f"{DEV}/Developer", f"{PROD}/ReadOnly"]
CHOICE = 'name="read_only"'


@pytest.fixture
def alice() -> Client:
    """Alice, whose role Developer offers read-only, and no other does."""
    PermissionSet.objects.filter(name="Developer").update(
        read_only_policy_arns=["arn:aws:iam::aws:policy/ReadOnlyAccess"]
    )
    return cast.signed_in("alice")


def recorded() -> list[tuple[str, str | None]]:
    """Each attempt with what narrowed it."""
    rows = AuditEvent.objects.filter(action__startswith="access.").order_by("at")
    return [(row.action, row.detail.get("session_policy")) for row in rows]


def chosen(page: str) -> list[str]:
    """The values of the choice that are checked."""
    choices = [part.partition(">")[0] for part in page.split(CHOICE)[1:]]
    return [part.split('value="')[1].partition('"')[0] for part in choices if "checked" in part]


@pytest.mark.parametrize("path", ["/keys", "/console"])
def test_read_only_is_offered_where_the_role_has_it_and_full_is_chosen(
    alice: Client, path: str
) -> None:
    other = {"account_id": PROD, "role_name": "ReadOnly"}

    assert chosen(alice.get(path, DEVELOPER).content.decode()) == [""]
    assert CHOICE not in alice.get(path, other).content.decode()


@pytest.mark.parametrize("path", ["/keys", "/console"])
def test_a_link_can_choose_read_only_and_says_so_where_it_is_not_offered(
    alice: Client, path: str
) -> None:
    other = {"account_id": PROD, "role_name": "ReadOnly"}

    assert chosen(alice.get(path, {**DEVELOPER, "read_only": "1"}).content.decode()) == ["1"]
    page = alice.get(path, {**other, "read_only": "1"}).content.decode()
    assert "read-only, which is not offered here" in page


def test_keys_are_what_was_chosen_and_the_page_says_so(alice: Client) -> None:
    full = alice.post("/keys", {**DEVELOPER, "read_only": ""}).content.decode()
    page = alice.post("/keys", {**DEVELOPER, "read_only": "1"}).content.decode()

    assert recorded() == [("access.keys.issued", None), ("access.keys.issued", "read-only")]
    assert "These keys are read-only:" in page
    assert "These keys are read-only:" not in full
    # The way to new keys asks for the same, and no profile is shown that would get more by itself.
    assert "role_name=Developer&amp;read_only=1" in page
    assert 'id="tab-sso"' in full
    assert 'id="tab-sso"' not in page
    assert 'id="tab-process"' not in page
    assert ", read-only" in alice.get("/activity").content.decode()
    # The next form has what was chosen last.
    assert chosen(alice.get("/keys", DEVELOPER).content.decode()) == ["1"]


def test_console_is_what_was_chosen_and_comes_back_to_it(
    alice: Client, console_endpoint: ConsoleEndpoint, settings: Any
) -> None:
    settings.AWS_FEDERATION_ENDPOINT = console_endpoint.url

    answer: Any = alice.post("/console", {**DEVELOPER, "read_only": "1"})

    assert recorded() == [("access.console.issued", "read-only")]
    (back,) = parse_qs(urlsplit(answer["Location"]).query)["Issuer"]
    assert parse_qs(urlsplit(back).query)["read_only"] == ["1"]


def test_a_link_without_a_role_keeps_what_it_asks_for(alice: Client) -> None:
    page = alice.get("/console", {"account_id": DEV, "read_only": "1"}).content.decode()

    assert '<input type="hidden" name="read_only" value="1">' in page


@pytest.mark.parametrize("path", ["/keys", "/console"])
def test_read_only_that_is_not_offered_gives_nothing(alice: Client, path: str) -> None:
    PermissionSet.objects.update(read_only_policy_arns=[])

    answer = alice.post(path, {**DEVELOPER, "read_only": "1"})

    assert answer.status_code == 403
    assert recorded() == [(f"access.{path[1:]}.denied", "read-only")]


@pytest.mark.parametrize("path", ["/keys", "/console"])
@pytest.mark.parametrize("value", ["0", "true", "yes", " 1", "1\x00", ["1", "no"]])
def test_what_says_neither_yes_nor_no_is_not_read_as_no(
    alice: Client, path: str, value: Any
) -> None:
    for answer in (
        alice.post(path, {**DEVELOPER, "read_only": value}),
        alice.get(path, {**DEVELOPER, "read_only": value}),
        alice.post(path, {"several": "1", "role": BOTH, "read_only": value}),
    ):
        assert answer.status_code == 400

    assert recorded() == []


def test_of_yes_and_nothing_yes_counts(alice: Client) -> None:
    alice.post("/keys", {**DEVELOPER, "read_only": ["1", ""]})

    assert recorded() == [("access.keys.issued", "read-only")]


def test_of_several_roles_those_without_it_get_nothing(alice: Client) -> None:
    asked = alice.get("/keys", {"role": BOTH, "read_only": "1"}).content.decode()
    issued: Any = alice.post("/keys", {"several": "1", "role": BOTH, "read_only": "1"})

    assert chosen(asked) == ["1"]
    assert "Roles that do not offer read-only get no keys with it." in asked
    assert recorded() == [("access.keys.issued", "read-only"), ("access.keys.denied", "read-only")]
    page = issued.content.decode()
    told = " ".join(page.split())
    assert "1 role with read-only keys." in told
    assert "1 role without keys." in told
    assert page.count("read_only=1") >= 2


def test_of_several_roles_none_of_which_has_it_the_choice_is_not_there(alice: Client) -> None:
    PermissionSet.objects.update(read_only_policy_arns=[])

    page = alice.get("/keys", {"role": BOTH}).content.decode()

    assert CHOICE not in page


def test_where_people_switch_roles_there_is_no_read_only(alice: Client) -> None:
    Account.objects.update(trust_method="switch-role")

    assert CHOICE not in alice.get("/console", DEVELOPER).content.decode()
    assert alice.post("/console", {**DEVELOPER, "read_only": "1"}).status_code >= 400
    assert [action for action, _ in recorded()] == ["access.console.denied"]
