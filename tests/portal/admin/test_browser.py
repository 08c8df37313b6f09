"""The admin in a real browser: the admin's day, and axe on every kind of page, light and dark, wide and narrow.

`page_factory` fails on anything the content security policy refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Protocol

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib import admin
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from accounts import jobs, revisions
from accounts.models import (
    Account,
    AccountRole,
    Approval,
    AuditEvent,
    Block,
    CliToken,
    Environment,
    Favourite,
    Mapping,
    MappingTarget,
    OrganizationReading,
    PermissionSet,
    Preferences,
    RegistrationKey,
    Revision,
    RoleUse,
    SpentToken,
    Token,
    TrustCheck,
    TrustedIssuer,
    UploadedPlan,
)
from accounts.models.audit_batches import AuditBatch, AuditDelivery, AuditPurge
from accounts.models.revocations import Placement, PlacementState, Reach, Revocation
from accounts.models.trust_checks import CheckOutcome
from accounts.signing import stored_keys
from tests import cast
from tests.browsers import PageFactory, Photographer, follow
from tests.portal.admin import forms

pytestmark = pytest.mark.browser

# To read style sheets, axe would write one into the page, which the policy refuses: none of ours.
AXE: dict[str, Any] = {"preload": False, "resultTypes": ["violations"]}
# Dark mode changes colours and nothing else.
AXE_COLOURS: dict[str, Any] = {
    **AXE,
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
}
# Django's admin fades from one colour to the other.
SETTLED = "Promise.all(document.getAnimations().map(animation => animation.finished))"
CUT_OFF = """[...document.querySelectorAll(".results, .inline-group .tabular")]
    .filter((box) => box.scrollWidth > box.clientWidth).length"""
RECORDS = ("auditevent", "job", "revocation", "signin", "token", "signingkey")
# Edited on the pages of others, or by nobody.
WITHOUT_PAGES = {
    *(MappingTarget, Favourite, RoleUse, Preferences, Revision, TrustCheck),
    *(Approval, CliToken, RegistrationKey, SpentToken),
    *(Placement, AuditBatch, AuditPurge, AuditDelivery, UploadedPlan, OrganizationReading),
}
ISSUER = {
    "name": "CI",
    "url": "https://ci.northwind.example",
    "audiences": "gatehouse",
    "algorithm": "RS256",
    "enabled": "on",
}


def choose(page: Page, box: Locator, text: str) -> None:
    """Choose in an autocomplete, by typing."""
    box.click()
    page.get_by_role("searchbox", name="Search").fill(text)
    page.get_by_role("option", name=text).first.click()


def autocomplete(within: Page | Locator, name: str) -> Locator:
    return within.locator(f'.select2-selection[aria-label="{name}"]')


@pytest.mark.usefixtures("northwind")
def test_an_admins_day_ends_with_a_role_on_somebodys_page(
    page_factory: PageFactory, live_portal: str
) -> None:
    mallory = page_factory(client=cast.signed_in("mallory"))
    mallory.goto(live_portal)
    expect(mallory.get_by_text("data-dev")).to_have_count(0)
    page = page_factory(client=cast.signed_in("carol"))

    page.goto(f"{live_portal}/admin/")
    page.get_by_role("link", name="Permission sets", exact=True).click()
    page.get_by_role("link", name="Add permission set").click()
    page.get_by_label("Name:", exact=True).fill("Analyst")
    follow(page.get_by_role("button", name="Save", exact=True))
    expect(page.locator(".messagelist .success")).to_contain_text("was added successfully")

    page.goto(f"{live_portal}/admin/accounts/account/add/")
    page.get_by_label("Account id:").fill("3456-7890")
    page.get_by_label("Name:", exact=True).fill("data-dev")
    choose(page, autocomplete(page, "Environment"), "Development")
    page.get_by_label("Tags:").fill("team=data")
    page.get_by_role("button", name="Add another Role").click()
    choose(page, autocomplete(page.locator("#roles-0"), "Permission set"), "Analyst")
    follow(page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_text("An AWS account id has exactly 12 digits")).to_be_visible()
    page.get_by_label("Account id:").fill("3456-7890-1234")
    follow(page.get_by_role("button", name="Save", exact=True))
    expect(page.locator(".messagelist .success")).to_contain_text("data-dev (345678901234)")

    page.goto(f"{live_portal}/admin/accounts/mapping/add/")
    page.get_by_label("Name:").fill("Visitors analyse")
    page.get_by_label("Value:").fill("visitors")
    choose(page, autocomplete(page, "Permission set"), "Analyst")
    page.get_by_role("button", name="Add another Target").click()
    target = page.locator("#targets-0")
    target.get_by_label("Kind").select_option("account")
    choose(page, autocomplete(target, "Account"), "data-dev")
    follow(page.get_by_role("button", name="Save and continue editing"))
    expect(page.get_by_role("region", name="Whose access changes")).to_contain_text(
        "1 person gains Analyst in Development (1 account): mallory@northwind.example"
    )
    follow(page.get_by_role("button", name="Confirm"))
    gives = page.get_by_role("region", name="What this mapping gives")
    expect(gives).to_contain_text("arn:aws:iam::345678901234:role/Analyst")
    expect(gives).to_contain_text("mallory@northwind.example")

    mallory.reload()
    expect(mallory.get_by_label("Keys for Analyst in data-dev")).to_be_visible()
    added = AuditEvent.objects.filter(action="admin.object.added", sub="sub-carol")
    assert added.count() == 3


@pytest.mark.usefixtures("northwind")
def test_a_target_shows_only_what_its_kind_names_and_sends_nothing_else(
    page_factory: PageFactory, live_portal: str
) -> None:
    mapping = Mapping.objects.get(name="Developers of payments")
    page = page_factory(client=cast.signed_in("carol"))
    page.goto(f"{live_portal}/admin/accounts/mapping/{mapping.pk}/change/")
    row = page.locator("#targets-0")
    expect(autocomplete(row, "Account")).to_contain_text("payments-dev")
    expect(row.get_by_label("Organizational unit")).to_be_hidden()

    row.get_by_label("Kind").select_option("tag")
    row.get_by_label("Tag key").fill("team")
    expect(autocomplete(row, "Account")).to_be_hidden()
    row.get_by_label("Kind").select_option("unit")
    expect(row.get_by_label("Tag key")).to_be_hidden()
    follow(page.get_by_role("button", name="Save and continue editing"))
    expect(row.get_by_text("Say which: a target by unit needs one.")).to_be_visible()
    row.get_by_label("Organizational unit").fill("Workloads")
    page.get_by_role("button", name="Add another Target").click()
    page.locator("#targets-1").get_by_label("Kind").select_option("all")
    expect(page.locator("#targets-1").get_by_label("Organizational unit")).to_be_hidden()
    follow(page.get_by_role("button", name="Save and continue editing"))

    expect(page.locator(".messagelist .success")).to_be_visible()
    assert {str(target) for target in mapping.targets.all()} == {"unit Workloads", "all accounts"}


@pytest.mark.usefixtures("northwind")
def test_whoever_only_looks_has_a_table_of_targets(
    page_factory: PageFactory, live_portal: str
) -> None:
    mapping = Mapping.objects.get(name="Developers of payments")
    page = page_factory(client=cast.signed_in(cast.subject("olga", groups=["portal-auditors"])))

    page.goto(f"{live_portal}/admin/accounts/mapping/{mapping.pk}/change/")

    expect(page.locator("#targets-group").get_by_text("Organizational unit")).to_be_visible()


@pytest.mark.usefixtures("northwind")
def test_a_person_without_rights_gets_a_page_that_says_so(
    page_factory: PageFactory, live_portal: str
) -> None:
    page = page_factory(client=cast.signed_in("alice"))

    response = page.goto(f"{live_portal}/admin/accounts/account/")

    assert response is not None
    assert response.status == 403
    expect(page.get_by_role("main")).to_contain_text("for portal admins and auditors")


# --- every page there is --------------------------------------------------------------------------

QUERIES = {"accounts_revocation_cut": "?reach=everything"}
# Addresses without a page: records are not added, changed or deleted, people come from sign-ins, and some
# addresses only redirect or answer with data.
NO_PAGE = {
    *("login", "jsi18n", "autocomplete", "view_on_site", ""),
    *(f"accounts_{record}_{view}" for record in RECORDS for view in ("add", "delete", "history")),
    *(f"accounts_person_{view}" for view in ("add", "delete")),
    *("accounts_account_test", "accounts_accountrole_test"),
    *("accounts_person_end", "accounts_revocation_retry"),
}


def names(patterns: list[URLPattern | URLResolver]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the name of each address of the admin, and what it takes."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns)
        else:
            yield pattern.name or "", tuple(pattern.pattern.regex.groupindex)


ADDRESSES = dict(names(admin.site.get_urls()))


def address(name: str) -> str:
    """Return an address, of the first row where it is one of a row."""
    values = {"app_label": "accounts", "content_type_id": "1", "object_id": "1"}
    if name.startswith("accounts_") and "object_id" in ADDRESSES[name]:
        model = apps.get_model("accounts", name.split("_")[1])
        # The last row of each table is managed by a file; the first is not.
        order = "-pk" if name.endswith("_release") else "pk"
        values["object_id"] = str(model._default_manager.order_by(order)[:1].get().pk)
    if name == "plan":
        values["pk"] = str(UploadedPlan.objects.get().pk)
    return reverse(f"admin:{name}", kwargs={key: values[key] for key in ADDRESSES[name]})


@pytest.fixture
def carol(db: None) -> Client:
    """A portal admin of the demo's company, in which every table has a row and some have a history."""
    call_command("apply", str(Path(django_settings.BASE_DIR) / "demo" / "northwind.toml"))
    now = timezone.now()
    Token.objects.create(
        created_by=cast.sign_in("alice").person,
        purpose="nightly report",
        digest="digest",
        keys=True,
        created_at=now,
        expires_at=now + timedelta(days=1),
    )
    stored_keys.create_first(now=now)
    jobs.add("purge", now=now, key="periodic")
    for outcome, role in zip(CheckOutcome, AccountRole.objects.order_by("pk"), strict=False):
        TrustCheck.objects.create(
            account_role=role,
            outcome=outcome,
            code="" if outcome is CheckOutcome.WORKS else "trust.denied",
            message=""
            if outcome is CheckOutcome.WORKS
            else f"AWS refuses: {role.arn} [AccessDenied]",
            warnings=["Dangerous: Nothing tests the subject (sub)."],
            tested_at=now,
            tested_by="carol@northwind.example",
        )
    revocation = Revocation.objects.create(
        reach=Reach.ROLE,
        what="the role Operator in payments-prod",
        reason="Keys in a public repository",
        requested_by="carol@northwind.example",
        requested_at=now,
        since=now,
    )
    for number, state in enumerate(PlacementState):
        Placement.objects.create(
            revocation=revocation,
            account_name="payments-prod",
            account_id="123456789112",
            role_name="Operator",
            policy_of=f"arn:aws:iam::123456789112:role/gatehouse/Operator{number}",
            state=state,
            message="AWS refuses: AccessDenied" if state is PlacementState.FAILED else "",
        )
    Block.objects.create(claim="groups", value="contractors", reason="The project is over")
    client = cast.signed_in("carol")
    for path, form in (
        ("environment", {"name": "preview", "label": "Preview", "colour": "amber"}),
        (
            "account",
            forms.account(
                account_id="999988887777", external_id="northwind-7f3a", tags="team=data"
            ),
        ),
        ("trustedissuer", ISSUER),
        ("trustedissuer", {**ISSUER, "name": "Other", "url": "https://other.northwind.example"}),
    ):
        assert client.post(f"/admin/accounts/{path}/add/", form).status_code == 302
    changed = Mapping.objects.order_by("pk")[0].pk
    client.post("/admin/accounts/mapping/", {"action": "disable", "_selected_action": changed})
    off = '[[account]]\naccount_id = "210987654321"\nname = "payments-dev"\nactive = false\n'
    assert client.post("/admin/plans/", {"name": "a.toml", "text": off}).status_code == 302
    for managed in (Account, Environment, Mapping, PermissionSet, TrustedIssuer):
        last = managed._default_manager.order_by("-pk")[:1].get().pk
        managed._default_manager.filter(pk=last).update(managed_by="teams/payments.toml")
    UploadedPlan.objects.update(revision=revisions.current())
    # What these said is read, so that no page has to repeat it.
    client.get("/admin/")
    return client


def test_every_table_of_the_product_has_its_pages_here() -> None:
    assert set(apps.get_app_config("accounts").get_models()) == (
        set(admin.site._registry) | WITHOUT_PAGES
    )


def test_an_address_without_a_page_is_none(carol: Client) -> None:
    for name in sorted(NO_PAGE - {""}):
        response = carol.get(address(name))

        html = response.headers.get("Content-Type", "").startswith("text/html")
        assert response.status_code != 200 or not html, name


def table_of(name: str) -> str:
    """Return the table an address is of: "mapping" of "accounts_mapping_change"."""
    return name.split("_")[1] if name.startswith("accounts_") else "index"


PAGES = sorted(ADDRESSES.keys() - NO_PAGE)


@pytest.mark.look
@pytest.mark.parametrize("table", sorted({table_of(name) for name in PAGES}))
def test_every_page_is_accessible_and_fits(
    table: str,
    carol: Client,
    page_factory: PageFactory,
    live_portal: str,
    look: Look,
    subtests: pytest.Subtests,
) -> None:
    page = page_factory(client=carol)
    for name in PAGES:
        if table_of(name) == table:
            with subtests.test(page=name):
                response = page.goto(live_portal + address(name) + QUERIES.get(name, ""))
                assert response is not None
                assert response.status == 200
                look(page, name.removeprefix("accounts_").replace("_", "-"))


class Look(Protocol):
    """Look at a page: light, dark and narrow axe finds nothing, and nothing scrolls sideways."""

    def __call__(self, page: Page, name: str) -> None: ...


@pytest.fixture
def look(photograph: Photographer) -> Look:
    looks: tuple[tuple[Literal["light", "dark"], int, dict[str, Any]], ...] = (
        ("light", 1280, AXE),
        ("dark", 1280, AXE_COLOURS),
        ("light", 320, AXE),
    )

    def take(page: Page, name: str) -> None:
        for scheme, width, options in looks:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate(SETTLED)
            photograph(page, f"admin-{name}-{width}-{scheme}")

            results = Axe().run(page, options=options)
            assert results.violations_count == 0, results.generate_report()
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
            if width >= 1280:
                # On a wide screen every column of a list is visible.
                assert page.evaluate(CUT_OFF) == 0

    return take


# --- and what pages look like on the way ------------------------------------------------------------


def refuse_an_account(page: Page, portal: str) -> None:
    page.goto(f"{portal}/admin/accounts/account/add/")
    page.get_by_label("Account id").fill("1234")
    page.locator("#id_name").fill("data-dev")
    follow(page.get_by_role("button", name="Save", exact=True))


def ask_before_deleting(page: Page, portal: str) -> None:
    page.goto(f"{portal}/admin/accounts/permissionset/")
    page.locator("input.action-select").first.check()
    page.locator("select[name=action]").select_option("delete_selected")
    follow(page.get_by_role("button", name="Go"))


def ask_whose_access_changes(page: Page, portal: str) -> None:
    page.goto(f"{portal}/admin/accounts/mapping/")
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").select_option("disable")
    follow(page.get_by_role("button", name="Go"))
    expect(page.get_by_role("button", name="Confirm")).to_be_visible()


def change_several_mappings(page: Page, portal: str) -> None:
    page.goto(f"{portal}/admin/accounts/mapping/")
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").select_option("change_several")
    follow(page.get_by_role("button", name="Go"))
    expect(page.get_by_role("button", name="Show whose access changes")).to_be_visible()


def narrow_the_list(page: Page, portal: str) -> None:
    page.goto(f"{portal}/admin/accounts/account/?q=payments&active__exact=1")


def show_files_for_accounts(page: Page, portal: str) -> None:
    page.goto(f"{portal}/admin/accounts/account/onboarding/?account=123456789012")
    follow(page.get_by_role("button", name="Show files"))
    expect(page.locator(".onboarding-file").first).to_contain_text("sts:ExternalId")


def find_nothing(page: Page, portal: str) -> None:
    page.goto(f"{portal}/admin/accounts/auditevent/?q=nowhere")


def ask_for_what_cannot_be(page: Page, portal: str) -> None:
    page.goto(f"{portal}/admin/accounts/auditevent/?at__gte=2026-13-45")


@pytest.mark.look
def test_what_happens_on_the_way_is_accessible_and_fits(
    carol: Client,
    page_factory: PageFactory,
    live_portal: str,
    look: Look,
    subtests: pytest.Subtests,
) -> None:
    page = page_factory(client=carol)
    for go in (
        refuse_an_account,
        ask_before_deleting,
        ask_whose_access_changes,
        change_several_mappings,
        narrow_the_list,
        show_files_for_accounts,
        find_nothing,
        ask_for_what_cannot_be,
    ):
        with subtests.test(page=go.__name__):
            go(page, live_portal)
            look(page, go.__name__.replace("_", "-"))
