"""Test this role: buttons on the pages of accounts and account roles, and what they say."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.test import Client

from accounts.aws import errors
from accounts.models import Account, AccountRole, AuditEvent, TrustCheck
from accounts.models.audit import Action
from tests import cast
from tests.accounts.trust_checks.answers import Answers
from tests.portal.admin import forms

pytestmark = pytest.mark.usefixtures("northwind")

DEV = "210987654321"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Answers:
    return Answers(monkeypatch)


def account() -> Account:
    return Account.objects.get(account_id=DEV)


def role(name: str = "Developer") -> AccountRole:
    return AccountRole.objects.get(account__account_id=DEV, permission_set__name=name)


def page(row: Account | AccountRole) -> str:
    return f"/admin/accounts/{row._meta.model_name}/{row.pk}/"


def text_of(client: Client, path: str) -> str:
    return html.unescape(" ".join(client.get(path).content.decode().split()))


@pytest.mark.parametrize("who", ["alice", "olga"])
def test_nobody_but_portal_admins_tests_roles_by_any_page(
    aws: Answers, who: str, request: pytest.FixtureRequest
) -> None:
    client: Client = request.getfixturevalue(who)

    for row in (account(), role()):
        assert client.post(f"{page(row)}test/").status_code == 403, row
    chosen = {"action": "test_selected", "_selected_action": [str(role().pk)]}
    client.post("/admin/accounts/accountrole/", chosen)

    assert not aws.asked
    assert not TrustCheck.objects.exists()


def test_a_test_needs_the_forms_token_and_a_post(aws: Answers, carol: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = carol.cookies

    assert strict.post(f"{page(account())}test/").status_code == 403
    assert carol.get(f"{page(account())}test/").status_code == 405
    assert carol.post("/admin/accounts/account/999999/test/").status_code == 404
    assert not aws.asked


def test_an_auditor_sees_how_tests_ended_and_no_button(aws: Answers, olga: Client) -> None:
    TrustCheck.objects.create(
        account_role=role(),
        outcome="broken",
        code="trust.x",
        tested_at=cast.NOON,
        tested_by="carol",
    )

    seen = text_of(olga, f"{page(account())}change/")

    assert "trust.x" in seen
    assert "22 November 2026, 12:00:00 UTC" in seen or "22 November 2026, 12:00 UTC" in seen
    assert "Test all roles" not in seen


def test_all_roles_of_an_account_are_tested_and_the_page_says_how(
    aws: Answers, carol: Client
) -> None:
    aws.errors["Developer"] = errors.DENIED.error("<b>not authorized</b>")
    before = text_of(carol, f"{page(account())}change/")
    assert "Not tested" in before
    assert "Test all roles" in before

    answer = carol.post(f"{page(account())}test/")
    assert answer.headers["Location"] == f"{page(account())}change/#tests"
    after = text_of(carol, f"{page(account())}change/")

    assert "Tested: 1 role works." in after
    assert "Developer in payments-dev (210987654321) is broken: AWS refuses" in after
    raw = carol.get(f"{page(account())}change/").content.decode()
    assert "<b>not" not in raw
    assert re.findall("outcome-([a-z]+)", raw) == ["broken", "works"]
    assert AuditEvent.objects.filter(action=Action.ROLE_TESTED, surface="admin").count() == 2


def test_one_role_is_tested_by_its_button_and_on_its_own_page(aws: Answers, carol: Client) -> None:
    carol.post(f"{page(account())}test/", {"role": role("ReadOnly").pk})
    assert [check.account_role for check in TrustCheck.objects.all()] == [role("ReadOnly")]

    carol.post(f"{page(role())}test/")

    assert {check.account_role for check in TrustCheck.objects.all()} == {role(), role("ReadOnly")}
    for wrong in (
        "x",
        "999999999999999999999",
        str(AccountRole.objects.get(permission_set__name="Operator").pk),
    ):
        carol.post(f"{page(account())}test/", {"role": wrong})
    assert TrustCheck.objects.count() == 2


def test_chosen_account_roles_are_tested_and_listed_by_their_last_test(
    aws: Answers, carol: Client
) -> None:
    aws.errors["Developer"] = errors.TIMEOUT.error()
    chosen = [str(role().pk), str(role("ReadOnly").pk)]

    carol.post(
        "/admin/accounts/accountrole/", {"action": "test_selected", "_selected_action": chosen}
    )

    told = text_of(carol, "/admin/accounts/accountrole/")
    assert (
        "Developer in payments-dev (210987654321) could not be tested: no answer from AWS" in told
    )
    for outcome, number in (("works", 1), ("unknown", 1), ("broken", 0), ("none", 2)):
        listed = carol.get("/admin/accounts/accountrole/", {"test": outcome})
        assert listed.context["cl"].result_count == number, outcome


def test_a_role_that_works_with_a_warning_says_it(aws: Answers, carol: Client) -> None:
    Account.objects.update(external_id="anything")

    carol.post(f"{page(role())}test/")

    told = text_of(carol, f"{page(role())}change/")
    assert "works, but: The role lets the portal in without the account's external id too." in told
    assert "Tested: 1 role works." in told


def test_a_form_counts_as_many_times_as_it_tests_roles(
    aws: Answers, carol: Client, settings: Any
) -> None:
    settings.PAGES_RATE_LIMIT = "2/hour"

    assert carol.post(f"{page(account())}test/").status_code == 302
    assert carol.post(f"{page(account())}test/").status_code == 429


def test_a_new_account_leads_to_its_page_and_the_test(carol: Client) -> None:
    answer = forms.send(carol, "account/add/", forms.account())
    where = Account.objects.get(name="data-dev")
    assert answer.headers["Location"] == f"{page(where)}change/"
    assert "Next: offer roles in this account" in text_of(carol, f"{page(where)}change/")

    roles = [{"permission_set": role().permission_set.pk, "iam_role_name": ""}]
    forms.send(
        carol, "account/add/", forms.account(*roles, name="other", account_id="345678901235")
    )
    where = Account.objects.get(name="other")

    told = text_of(carol, f"{page(where)}change/")
    link = "/admin/accounts/account/onboarding/?account=345678901235"
    assert f'Next: <a href="{link}">make it trust the portal</a> with a template, then test' in told
    assert "This account offers no roles yet." not in told


def test_an_account_without_roles_has_nothing_to_test(aws: Answers, carol: Client) -> None:
    where = cast.account("empty", "111111111111")

    carol.post(f"{page(where)}test/")

    told = text_of(carol, f"{page(where)}change/")
    assert "There is no role to test." in told
    assert "This account offers no roles yet." in told
