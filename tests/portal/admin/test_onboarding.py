"""The pages that make accounts trust the portal."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.test import Client

from accounts.models import Account, AuditEvent
from accounts.models.audit import Action
from tests import cast

pytestmark = pytest.mark.usefixtures("northwind")

PAGE = "/admin/accounts/account/onboarding/"
DEV = "210987654321"


def external_ids() -> set[str]:
    return set(Account.objects.values_list("external_id", flat=True))


def test_only_portal_admins_see_the_page(alice: Client, olga: Client) -> None:
    for visitor in (alice, olga, Client()):
        for answer in (visitor.get(PAGE), visitor.post(PAGE, {"form": "aws-cli"})):
            assert answer.status_code in (302, 403)
            assert "AssumeRole" not in answer.content.decode()
    assert external_ids() == {""}


def test_looking_at_the_page_changes_nothing(carol: Client) -> None:
    page = carol.get(PAGE, {"account": DEV}).content.decode()

    assert "payments-dev (210987654321)" in page
    assert "payments-prod" not in page
    assert external_ids() == {""}


def test_the_files_of_one_account_are_shown_and_hold_its_new_external_id(carol: Client) -> None:
    page = carol.post(f"{PAGE}?account={DEV}", {"form": "cloudformation"}).content.decode()

    given = Account.objects.get(account_id=DEV).external_id
    assert given
    assert f"{DEV}/gatehouse-roles.json" in page
    assert given in page
    (row,) = AuditEvent.objects.filter(action=Action.ADMIN_CHANGED)
    assert (row.actor, row.account_id) == ("carol@northwind.example", DEV)


def test_all_accounts_come_as_one_archive(carol: Client) -> None:
    answer = carol.post(PAGE, {"form": "aws-cli", "archive": "1"})

    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["123456789012.sh", f"{DEV}.sh"]
    assert answer["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"


def test_what_is_refused_is_said_on_the_page(carol: Client) -> None:
    page = carol.post(PAGE, {"form": "stack-set"}).content.decode()

    assert "Name the organizational units" in page


def test_a_selection_leads_to_the_page_with_those_accounts(carol: Client) -> None:
    rows = Account.objects.order_by("account_id")
    answer = carol.post(
        "/admin/accounts/account/",
        {"action": "make_trust", "_selected_action": [str(row.pk) for row in rows]},
    )

    assert answer["Location"] == f"{PAGE}?account={DEV}&account=123456789012"


def test_a_selection_too_large_for_an_address_is_refused(carol: Client) -> None:
    rows = [cast.account(f"a{number}", f"{number:012d}").pk for number in range(101)]
    answer = carol.post(
        "/admin/accounts/account/",
        {"action": "make_trust", "_selected_action": list(map(str, rows))},
        follow=True,
    )

    assert "Choose 100 accounts at most" in answer.content.decode()


def test_the_page_of_an_account_leads_there(carol: Client) -> None:
    row = Account.objects.get(account_id=DEV)
    page = carol.get(f"/admin/accounts/account/{row.pk}/change/").content.decode()

    assert f"{PAGE}?account={DEV}" in page
