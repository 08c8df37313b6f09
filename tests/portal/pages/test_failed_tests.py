"""A role that failed its last test is offered all the same, and every page says so."""

from __future__ import annotations

import pytest

from accounts.models import AccountRole, TrustCheck
from tests import cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind", "aws")]

ROLE = {"account_id": "210987654321", "role_name": "Developer"}
MARK = "failed its last test on"
SENTENCE = "<strong>This role failed its last test</strong>"


def last_test(outcome: str) -> None:
    role = AccountRole.objects.get(
        account__account_id=ROLE["account_id"], permission_set__name=ROLE["role_name"]
    )
    TrustCheck.objects.update_or_create(
        account_role=role, defaults={"outcome": outcome, "tested_at": cast.NOON}
    )


@pytest.mark.parametrize("outcome", ["works", "unknown"])
def test_nothing_is_said_of_a_role_that_is_not_known_to_be_broken(outcome: str) -> None:
    last_test(outcome)
    client = cast.signed_in("alice")

    assert MARK not in client.get("/").content.decode()
    assert SENTENCE not in client.get("/keys", ROLE).content.decode()


def test_start_page_says_which_role_failed_as_soon_as_it_did_and_until_it_works() -> None:
    client = cast.signed_in("alice")
    assert MARK not in client.get("/").content.decode()

    last_test("broken")
    broken = client.get("/").content.decode()
    last_test("works")
    mended = client.get("/").content.decode()

    assert broken.count(MARK) == 1
    row = broken[broken.index("Developer") : broken.index(MARK) + 200]
    assert "</li>" not in row[: row.index(MARK)]
    assert "22 November 2026, 12:00 UTC" in row
    assert MARK not in mended


def test_pages_of_keys_and_console_say_it_and_ask_as_ever() -> None:
    last_test("broken")
    client = cast.signed_in("alice")

    for path in ("/keys", "/console"):
        page = client.get(path, ROLE).content.decode()

        assert SENTENCE in page, path
        assert "22 November 2026, 12:00 UTC" in page, path
        assert '<button type="submit"' in page, path
    assert client.post("/keys", ROLE).status_code == 200


def test_choice_of_several_roles_says_it() -> None:
    last_test("broken")

    page = cast.signed_in("alice").get("/several").content.decode()

    assert page.count("failed its last test") == 1
