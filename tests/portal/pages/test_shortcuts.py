"""Shortcuts: only to what one has oneself, by the rules that hold when they are followed."""

from __future__ import annotations

import html
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from playwright.sync_api import expect

from accounts.models import Account, AuditEvent
from tests import cast
from tests.browsers import PageFactory, follow

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind")]

DEV, PROD = "210987654321", "123456789012"
PAGE = "https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1"


def build(who: str = "alice", **asked: str) -> Any:
    return cast.signed_in(who).get("/shortcuts", asked)


def link(**asked: str) -> str:
    found: str = build(**asked).context["shortcut"].link
    return found


def refusal(**asked: str) -> str:
    response = build(**asked)
    assert response.status_code == 400
    assert response.context["shortcut"] is None
    message: str = response.context["refused"].user_message
    page = response.content.decode()
    assert html.escape(message) in page
    assert page.count('aria-describedby="refused"') == 1
    return message


def test_signed_out_visitor_is_sent_to_sign_in(client: Client) -> None:
    assert "oidc/authenticate" in client.get("/shortcuts")["Location"]


def test_page_suggests_ones_own_accounts_and_no_others() -> None:
    cast.account("secret-project", "444455556666")

    page = build().content.decode()

    assert f"payments-dev ({DEV})" in page
    assert "secret-project" not in page


def test_who_has_nothing_is_told_where_to_look() -> None:
    page = build("mallory").content.decode()

    assert "nothing to link to" in page
    assert "Create the link" not in page
    assert DEV not in page


def test_account_one_has_not_is_refused_in_the_words_for_one_that_is_not_there() -> None:
    cast.account("secret-project", "444455556666")

    messages = {
        refusal(account=typed)
        for typed in ("444455556666", "secret-project", "999999999999", "*", "zebra")
    }

    assert len(messages) == 1
    assert messages.pop().startswith("This account is unknown, or you have no role in it")


def test_part_of_several_names_is_refused_and_names_them() -> None:
    message = refusal(account="payments")

    assert f"payments-dev ({DEV})" in message
    assert f"payments-prod ({PROD})" in message


def test_role_one_has_not_is_refused_and_those_one_has_are_named() -> None:
    message = refusal(account=PROD, role_name="Operator")

    assert message.endswith("Your roles there: ReadOnly.")


def test_page_elsewhere_is_refused() -> None:
    for destination in (
        "https://evil.example/",
        "javascript:alert(1)",
        "https://console.amazonaws.cn/",
    ):
        assert "not a page of this account" in refusal(account=DEV, destination=destination)


def test_region_of_another_partition_is_refused() -> None:
    response = build(account=DEV, region="cn-north-1")

    assert response.status_code == 400
    assert "no such region" in response.content.decode()


def test_account_is_understood_however_it_is_typed() -> None:
    label = f"payments-dev ({DEV})"
    for typed in (DEV, "2109-8765-4321", "payments-dev", "PAYMENTS-DEV", label, "dev pay"):
        assert link(account=typed) == f"http://localhost:8000/console?account_id={DEV}", typed


def test_link_carries_role_and_page() -> None:
    asked = parse_qs(urlsplit(link(account=DEV, role_name="Developer", destination=PAGE)).query)

    assert asked == {"account_id": [DEV], "role_name": ["Developer"], "destination": [PAGE]}


def test_region_becomes_part_of_the_page_so_that_every_form_of_the_link_knows_it() -> None:
    shortcut = build(account=DEV, destination=PAGE, region="eu-north-1").context["shortcut"]

    moved = "https://eu-north-1.console.aws.amazon.com/s3/home?region=eu-north-1"
    for form in (shortcut.link, shortcut.identity_center_link.replace("/#", "")):
        assert parse_qs(urlsplit(form).query)["destination"] == [moved]


def test_identity_centers_form_keeps_everything_behind_the_hash() -> None:
    shortcut = build(account=DEV, role_name="Developer").context["shortcut"]

    assert shortcut.identity_center_link == (
        f"http://localhost:8000/start/#/console?account_id={DEV}&role_name=Developer"
    )


def test_markdown_stays_one_link_whatever_the_names_and_the_page_hold() -> None:
    Account.objects.filter(account_id=DEV).update(name="dev](https://evil.example) <b>")

    shortcut = build(
        account=DEV,
        destination="https://console.aws.amazon.com/s3/home?prefix=(a)[b]<c>",
    ).context["shortcut"]

    text, url = shortcut.markdown.split("](", maxsplit=1)
    assert not set("[]()<>") & set(text[1:])
    assert not set("[]()<> ") & set(url[:-1])


def test_building_a_link_issues_nothing_and_the_link_names_account_and_role() -> None:
    client = cast.signed_in("alice")
    made = client.get("/shortcuts", {"account": DEV, "role_name": "Developer"})

    followed = client.get(made.context["shortcut"].link.removeprefix("http://localhost:8000"))

    assert "Console of payments-dev as Developer" in followed.content.decode()
    assert not AuditEvent.objects.filter(action__startswith="access.").exists()


@pytest.mark.browser
def test_link_is_built_and_copied_with_the_keyboard(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=cast.signed_in("alice"))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{live_portal}/shortcuts")

    page.get_by_label("Account").fill(f"payments-prod ({PROD})")
    assert page.locator("#roles option").evaluate_all("all => all.map(e => e.value)") == [
        "ReadOnly"
    ]
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Copy Link").press("Enter")

    expect(page.get_by_role("status")).to_have_text("Copied to the clipboard")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{live_portal}/console?account_id={PROD}"


@pytest.mark.browser
def test_link_is_built_without_a_script(page_factory: PageFactory, live_portal: str) -> None:
    page = page_factory(client=cast.signed_in("alice"), java_script=False)
    page.goto(f"{live_portal}/shortcuts")

    page.get_by_label("Account").fill("payments-dev")
    page.get_by_label("Role").fill("Developer")
    page.get_by_label("Region").select_option("eu-west-1")
    follow(page.get_by_role("button", name="Create the link"))
    page.get_by_role("link", name="Open the link").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Console of payments-dev as Developer"
    )
